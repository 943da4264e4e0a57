//! The program as its users run it: from the command line, against a simulated cloud.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod support;

mod account;
mod approval;
mod approved;
mod completion;
mod faults;
mod files;
#[path = "../fakes/forge.rs"]
mod forge;
mod help;
mod hostile;
mod import;
mod json;
mod life;
mod locks;
mod manual;
mod mishaps;
mod once;
mod order;
mod output;
mod outside;
mod pace;
mod page;
mod plan_json;
mod policy;
mod prompt;
mod proxy;
mod pty;
mod readme;
mod review;
mod review_inert;
mod secrets;
mod signals;
mod streams;
mod transcripts;
mod trust;
mod unreached;
mod vectors;
mod waiting;

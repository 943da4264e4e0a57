//! The program killed at every moment, and run again: what was asked for is there exactly once.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod check;
mod points;
mod random;
mod recovery;
mod scenarios;
#[path = "../e2e/support.rs"]
#[expect(dead_code, reason = "the other tests of the program use the rest")]
mod support;
mod wish;

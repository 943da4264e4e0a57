//! gwplan: declarative provisioning of Tencent Cloud cloud native API gateways.
//!
//! YAML becomes desired state (`config`), which is compared with what was recorded (`state`) and
//! with what the cloud shows (`engine` asks through `kinds` and `api`). The comparison is a value,
//! the plan (`plan`), made without any I/O. The project's own rules (`policy`) say whether it may be
//! carried out. The engine carries a plan out and tells what happens as events (`event`), which `view` turns into text. `cli` alone talks to the user. `sim` is a cloud
//! to try all this on. What fields a resource has stands in one table (`schema`), and everything
//! speaks the vocabulary of `model`.

pub mod api;
pub mod backend;
pub mod cli;
pub mod config;
pub mod crash;
pub mod engine;
pub mod event;
pub mod files;
pub mod forge;
pub mod kinds;
pub mod model;
pub mod plan;
pub mod policy;
pub mod review;
pub mod schema;
pub mod sim;
pub mod state;
pub mod view;

//! Asks the cloud, carries plans out, and records what happened.
//!
//! The engine obeys the plan and never prints or prompts: what happens is told as
//! [`Event`](crate::event::Event)s.
//!
//! - [`refresh()`] reads the cloud in bulk.
//! - [`apply()`] dispatches the steps of a plan in order and in parallel.
//! - `slots` bounds how many steps are about to send; `look` looks once more at what they are about.
//! - `step` carries out one step, `delete` and `update` the calls that change a living resource, `tags` those
//!   of many resources together; `watch` waits for the cloud, for all steps together.
//! - `send` writes down what is about to be sent, `settle` finds out how what was sent has ended.
//! - [`survey`] and [`look_up`] read what is to be taken over, [`adopt`] makes a record of it.
//! - [`Recorder`] writes the state, many changes in one write.

mod apply;
mod calm;
mod delete;
mod gate;
mod import;
mod look;
mod orphans;
mod pages;
mod record;
mod refresh;
mod send;
mod settle;
mod slots;
mod step;
mod succession;
mod tags;
mod update;
mod watch;

pub use apply::{Run, apply};
pub use gate::Gate;
pub use import::{adopt, look_up, survey};
pub use orphans::{delete_orphan, list_all_kinds, mark, release};
pub use record::Recorder;
pub use refresh::refresh;
pub use settle::{Choices, Patience, Recovery, may_live_for, recover};

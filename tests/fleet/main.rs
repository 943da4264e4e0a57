//! Whole fleets, in process and in virtual time: what takes minutes takes a moment.
//!
//! The clock stands still while anything can be done, and jumps to the next moment at which something is due.
//! So times are those of the cloud and the engine alone, whatever this machine does meanwhile.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod pace;
mod sending;
mod tap;
mod trust;
mod world;

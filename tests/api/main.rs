//! The transport and the credentials against servers on this machine.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, helpers included"
)]

mod credentials;
mod lists;
mod loopback;
mod transport;

//! The cloud's transport: signing, credentials, rate, retry and the kinds of error.
//!
//! Nothing here knows a resource: a [`Call`] names an action, carries a JSON body and knows how to
//! read the answer; a [`Client`] sends it. What a call means ([`Effect`]) decides whether it may be
//! sent again, and an [`Error`] is sorted ([`ErrorKind`]) by what its caller can do about it.
//!
//! ```text
//! Client::call ── Transport ── Limiter        a place in the action's line
//!                     │─────── Credentials    keys that are good now
//!                     │─────── sign           Authorization
//!                     │─────── wire           what takes the network's place in tests
//!                     └─────── answer         a value, or an error by kind
//! ```

mod answer;
mod call;
mod client;
mod cloud_time;
mod credentials;
mod endpoint;
mod error;
mod identity;
mod limiter;
mod proxy;
pub mod sign;
mod transport;
mod wire;

pub use call::{Call, Effect, Reader, Service};
pub use client::Client;
pub use credentials::{Credentials, Found, Keys, Sources};
pub use endpoint::{BaseUrl, Endpoint, Site};
pub use error::{Error, ErrorKind};
pub use identity::caller_account;
pub use limiter::Turn;
pub use transport::{Leave, Listener, Settings};
pub use wire::{Carried, Wire};

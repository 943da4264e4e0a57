//! The cloud's transport: signing, credentials, rate, retry and the kinds of error.
//!
//! Nothing here knows a resource: a [`Call`] names an action, carries a JSON body and knows how to
//! read the answer.

mod call;
mod error;
pub mod sign;

pub use call::{Call, Effect, Reader, Service};
pub use error::{Error, ErrorKind};

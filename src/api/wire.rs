//! What can take the network's place.

use std::pin::Pin;

/// A response that is on its way.
pub type Carried<'a> = Pin<Box<dyn Future<Output = reqwest::Response> + Send + 'a>>;

/// Carries requests to a cloud in this process, and its answers back.
///
/// Without a network, time can be a value: a test that turns the clock sees in a moment what takes minutes.
/// What would break off on the way is a body that does.
pub trait Wire: Send + Sync {
    /// Carries a request, all of which is there: pace, signature and tries are the client's.
    fn carry(&self, request: reqwest::Request) -> Carried<'_>;
}

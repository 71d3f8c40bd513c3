//! HTTP as the clients of all providers use it: requests and their carrier, bearer tokens, the waits of a retry loop,
//! and notices about throttling.
//!
//! It must not know any provider: what an answer means, and what may be repeated, is for each client to decide.

mod backoff;
mod carrier;
mod reach;
mod throttling;
mod token;

pub(crate) use backoff::{Backoff, RetryPolicy, elapsed};
pub(crate) use carrier::WireError;
pub use carrier::{HttpBackend, WireRequest, WireResponse, innermost};
pub use reach::Reach;
pub(crate) use throttling::{DelayedRequest, DelayedRequests, Throttling};
pub use token::{BearerToken, Credential, FixedToken};

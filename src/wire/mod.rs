//! HTTP as the clients of all providers use it: requests and their carrier, the loop of attempts, bearer tokens, errors
//! of calls, the waits of a retry loop, and notices about throttling.
//!
//! It must not know any provider: what an answer means, and what may be repeated, is for each client to decide.

mod api;
mod attempts;
mod backoff;
mod carrier;
mod error;
mod object_store;
mod reach;
pub mod sigv4;
mod throttling;
mod token;

pub use api::ApiConfig;
pub(crate) use api::{request, sign};
pub(crate) use attempts::{Attempts, Call, Protocol, RequestLimits};
pub(crate) use backoff::{Backoff, RetryPolicy, elapsed};
pub(crate) use carrier::WireError;
pub use carrier::{HttpBackend, TlsIdentity, WireRequest, WireResponse, innermost};
pub(crate) use error::{AnswerError, CallError, message, refused};
pub(crate) use object_store::ObjectStore;
pub use reach::Reach;
pub(crate) use throttling::{DelayedRequest, DelayedRequests, Throttling};
pub use token::{BearerToken, Credential, FixedToken};

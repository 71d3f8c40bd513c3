//! A request that passed what Resource Manager checks of every request.

use crate::simulator::request::{ErrorResponse, Request};

/// A parsed and admitted request, with the failure that a fault injects into its operation.
pub(super) struct AdmittedRequest<'a> {
    pub(super) request: &'a Request,
    /// The API version.
    pub(super) api: &'a str,
    /// The error with which the operation will end, if a fault injects one.
    pub(super) fails: Option<ErrorResponse>,
}

//! Arguments with other values for want of capacity.

/// An argument that may have another value where the cloud has no capacity for its own.
#[derive(Debug, Clone, Copy)]
pub struct Alternative {
    /// The argument.
    pub of: &'static str,
    /// The argument with the list of the others, the preferred one first.
    pub others: &'static str,
}

//! The reasons why a cloud did not do what was requested, for any provider.
//!
//! A provider's client decides the reason of an answer once. No code above the port reads the status or code of an
//! answer; both are for people.

/// The reason of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Another operation is in progress: the same request will be accepted later.
    Busy,
    /// The object was changed since it was read.
    Changed,
    /// Another object still uses the object. Such uses can linger for a while after their own deletion.
    InUse,
    /// The object, or what it lies in, does not exist.
    Absent,
    /// The credentials are missing, have expired or are not valid.
    Unauthenticated,
    /// The account may not do this.
    Forbidden,
    /// The request can never be accepted as it stands.
    Invalid,
    /// The account is not registered with the service.
    Unregistered,
    /// The region has no capacity for it.
    NoCapacity,
    /// A quota of the account is used up.
    Quota,
    /// The account has sent too many requests.
    Throttled,
    /// The service does not work at the moment.
    Outage,
    /// Any other reason.
    Other,
}

impl Reason {
    /// True if the same request may be accepted later, without a change of the request or of the account's rights.
    pub const fn may_pass(self) -> bool {
        !matches!(self, Self::Absent | Self::Unauthenticated | Self::Forbidden | Self::Invalid)
    }

    /// True if the reason lies in the content of the request, rather than in its time or its sender.
    pub const fn is_about_the_request(self) -> bool {
        match self {
            Self::Changed
            | Self::InUse
            | Self::Absent
            | Self::Invalid
            | Self::Unregistered
            | Self::NoCapacity
            | Self::Quota
            | Self::Other => true,
            Self::Busy | Self::Unauthenticated | Self::Forbidden | Self::Throttled | Self::Outage => false,
        }
    }
}

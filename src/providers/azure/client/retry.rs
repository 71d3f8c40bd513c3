//! The limits of the client's retry loops.

use crate::wire::RetryPolicy;

/// For a write: about ten minutes, as in azurerm.
pub(super) const REQUEST: RetryPolicy = RetryPolicy::new(1, 61, 15, 600);
/// For throttling: Azure accepts the request in the end, and a slow run is better than a failed one.
pub(super) const THROTTLED: RetryPolicy = RetryPolicy::new(1, 61, 100_000, 2 * 3600);
/// For a read: six retries within a minute where answers arrive. In a lost region no read succeeds, and a recovery
/// must not wait long for each.
pub(super) const READ: RetryPolicy = RetryPolicy::new(1, 15, 6, 250);
/// For a write that another operation blocks.
pub(super) const BUSY: RetryPolicy = RetryPolicy::new(5, 61, 60, 1800);
/// For a deletion that lingering uses block: the interfaces of a deleted scale set take minutes to disappear.
pub(super) const LINGERING: RetryPolicy = RetryPolicy::new(5, 30, 25, 600);
/// For a write whose answer was lost.
pub(super) const UNCLEAR: RetryPolicy = RetryPolicy::new(1, 61, 12, 600);
/// For the registration of a provider, which takes about a minute.
pub(super) const REGISTERING: RetryPolicy = RetryPolicy::new(5, 15, 100, 600);
/// For stale reads: a deletion, creation or registration that is complete and not visible yet.
pub(super) const STALE: RetryPolicy = RetryPolicy::new(1, 15, 60, 600);

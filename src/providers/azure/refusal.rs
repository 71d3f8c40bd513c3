//! The reasons of refusals, from the HTTP status and the error code of Resource Manager. Independent of kinds.

use crate::reason::Reason;

/// The reason of an answer with this HTTP status and innermost error. The status is 200 where a long-running operation
/// has ended as failed: then the code alone decides.
///
/// Codes: Microsoft's page on common deployment errors; `InUse` and `CannotBeDeleted` are parts of the codes of the
/// network provider.
pub fn reason(status: u16, code: &str, message: &str) -> Reason {
    let is_quota = || code == "OperationNotAllowed" && message.to_ascii_lowercase().contains("quota");
    match code {
        _ if is_busy(code, message) => Reason::Busy,
        "MissingSubscriptionRegistration" | "SubscriptionNotRegistered" => Reason::Unregistered,
        _ if status == 408 || status >= 500 => Reason::Outage,
        "AllocationFailed"
        | "OverconstrainedAllocationRequest"
        | "OverconstrainedZonalAllocationRequest"
        | "SkuNotAvailable"
        | "ZonalAllocationFailed" => Reason::NoCapacity,
        "QuotaExceeded" => Reason::Quota,
        _ if is_quota() => Reason::Quota,
        _ if is_in_use(code) => Reason::InUse,
        _ => match status {
            401 => Reason::Unauthenticated,
            403 => Reason::Forbidden,
            404 => Reason::Absent,
            400 | 405 | 422 => Reason::Invalid,
            412 => Reason::Changed,
            429 => Reason::Throttled,
            _ => Reason::Other,
        },
    }
}

/// True if the code means that another object still uses the object.
pub fn is_in_use(code: &str) -> bool {
    code.contains("InUse") || code.ends_with("CannotBeDeleted")
}

/// True if another operation is in progress.
fn is_busy(code: &str, message: &str) -> bool {
    match code {
        "AnotherOperationInProgress" | "OperationInProgress" | "ResourceGroupBeingDeleted" => true,
        "Conflict" => message.to_ascii_lowercase().contains("in progress"),
        code => code.starts_with("RetryableError"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_decides_before_the_status() {
        let cases = [
            (409, "AnotherOperationInProgress", "", Reason::Busy),
            (429, "RetryableErrorDueToAnotherOperation", "", Reason::Busy),
            (409, "Conflict", "An update is in progress.", Reason::Busy),
            (409, "Conflict", "The name is taken.", Reason::Other),
            (409, "MissingSubscriptionRegistration", "", Reason::Unregistered),
            (409, "SkuNotAvailable", "", Reason::NoCapacity),
            (200, "AllocationFailed", "", Reason::NoCapacity),
            (409, "OperationNotAllowed", "exceeding approved Total Regional Cores quota", Reason::Quota),
            (409, "OperationNotAllowed", "The machine is deallocated.", Reason::Other),
            (400, "InUseSubnetCannotBeDeleted", "", Reason::InUse),
            (200, "InternalExecutionError", "", Reason::Other),
        ];
        for (status, code, message, reason_) in cases {
            assert_eq!(reason(status, code, message), reason_, "{status} {code}: {message}");
        }
    }

    #[test]
    fn status_decides_where_the_code_says_nothing() {
        let statuses = [
            (400, Reason::Invalid),
            (401, Reason::Unauthenticated),
            (403, Reason::Forbidden),
            (404, Reason::Absent),
            (408, Reason::Outage),
            (412, Reason::Changed),
            (429, Reason::Throttled),
            (503, Reason::Outage),
        ];
        for (status, reason_) in statuses {
            assert_eq!(reason(status, "Anything", ""), reason_, "{status}");
        }
    }
}

//! Checks of `doctor` against Resource Manager.
//!
//! A new check is one file and one line in [`CHECKS`].

mod capacity;
mod permissions;
mod registrations;
mod subscription;

use crate::account::Account;
use crate::kinds::looks::AccountCheck;
use crate::object::ObjectId;
use crate::providers::azure::ids::SUBSCRIPTIONS;

/// All checks, in the order of the report.
pub(super) const CHECKS: &[AccountCheck] =
    &[subscription::CHECK, permissions::CHECK, registrations::CHECK, capacity::CHECK];

/// The id of the subscription.
fn subscription(account: &Account) -> ObjectId {
    ObjectId::new(format!("{SUBSCRIPTIONS}{}", account.id))
}

//! Availability and quota of the machine sizes that each site needs, for permanent and failover-only resources.

use crate::kinds::looks::{AccountCheck, capacity_findings, capacity_lists};
use crate::providers::azure::TABLES;
use crate::providers::azure::guards::capacity::CAPACITY;

pub(super) const CHECK: AccountCheck = AccountCheck {
    name: "capacity",
    lists: |needs| capacity_lists(&CAPACITY, needs),
    judge: |needs, answers| capacity_findings((TABLES.title, &CAPACITY), needs, answers),
};

//! Forms of texts that are Azure's own: names and ranges of its networks, logins of machines, times.

pub(in crate::providers::azure) mod login;
pub(in crate::providers::azure) mod minutes;
pub(in crate::providers::azure) mod network;

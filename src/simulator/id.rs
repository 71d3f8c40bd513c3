//! Ids of objects, in the words of their providers.

/// The id of an object. The world compares ids, and does not look into them.
pub type ObjectId = crate::address::ArmId;

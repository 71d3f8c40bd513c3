//! Soft deletion: objects that the provider keeps for days after their deletion.

use crate::account::Account;
use crate::object::ObjectId;

/// Soft deletion of a kind's objects: the provider keeps them, and their names, for days.
#[derive(Debug)]
pub struct SoftDelete {
    /// Id of the kept object. Placeholders: `{subscription}`, `{location}`, `{name}`.
    pub kept: &'static str,
    /// Path of the deleted object's id in the kept object.
    pub origin: &'static str,
    /// Path of the time of the final deletion in the kept object.
    pub until: &'static str,
    /// Path and value in the body of a write that recovers the object.
    pub recovers: (&'static str, &'static str),
    /// The way to free the name, as a sentence.
    pub advice: &'static str,
}

impl SoftDelete {
    /// The id of the kept object of this name.
    pub fn id(&self, account: &Account, location: &str, name: &str) -> ObjectId {
        let text = self.kept.replace("{subscription}", &account.id).replace("{location}", location);
        ObjectId::new(text.replace("{name}", name))
    }
}

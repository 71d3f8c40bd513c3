//! An object as it was found.

use serde_json::Value as Json;

/// An object as AWS has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The id that AWS gave it, or the name where that is the id.
    pub(super) id: String,
    /// Its CloudFormation properties, with AWS's ids and tags in them.
    pub(super) body: Json,
    /// Ids of what belongs to it, which no body has.
    pub(super) hidden: Json,
}

impl Found {
    pub(super) fn new(id: &str, body: Json) -> Self {
        Self { id: id.to_owned(), body, hidden: Json::Null }
    }
}

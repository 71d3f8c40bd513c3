//! One request of a write.

use serde_json::Value as Json;

/// A step of a write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// An action of EC2 with its parameters.
    Ec2(&'static str, Json),
    /// A change of the object through Cloud Control.
    Patch(Json),
    /// A new object of another type, with its properties: a part of a composite.
    Create(&'static str, Json),
    /// A change of an object of another type, by its id.
    Update(&'static str, String, Json),
    /// The deletion of an object of another type, by its id.
    Delete(&'static str, String),
    /// The policy of a bucket; `None` removes it.
    Policy(Option<Json>),
    /// The instance profile of a machine; `None` takes it away.
    Profile(Option<String>),
    /// An object of S3 in place of the one with this digest.
    Put(Option<String>),
    /// A record of Route 53.
    Upsert,
}

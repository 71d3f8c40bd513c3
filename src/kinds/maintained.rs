//! Properties that Azure maintains by itself in the bodies of all types.

/// Properties that change without a change of the object, at any depth: versions, and the user and time of the last
/// write.
pub const RESTLESS: &[&str] = &["etag", "systemData", "changedTime", "lastModifiedTime", "lastModifiedAt"];

/// Properties that Azure writes into every object, or into its elements.
pub const OWN: &[&str] = &["etag", "type", "provisioningState", "resourceGuid", "systemData"];

//! Objects that somebody else installs, and the way into the API where they are.

use serde_json::Value as Json;

/// Facts about a kind whose objects somebody else installs, updates and deletes. drplan reads them, and changes the
/// arguments that follow from the role of their site.
#[derive(Debug)]
pub struct Installed {
    /// Others that set what drplan sets, from the body.
    pub rivals: fn(&Json) -> Vec<Rival>,
    /// The release of what is installed, from the body: the same at both sites of a move.
    pub release: fn(&Json) -> Vec<String>,
}

/// Somebody else who sets an argument that drplan sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// The other and what it does, without a full stop.
    pub what: String,
    /// The fix, in full sentences.
    pub help: String,
    /// True for one who would undo what a run does.
    pub is_fatal: bool,
}

/// The credentials of an API that an object serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrance {
    /// The action of the object that returns them.
    pub action: &'static str,
    /// Their place in its answer.
    pub path: &'static str,
}

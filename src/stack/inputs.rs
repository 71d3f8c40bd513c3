//! Inputs of a stack as saved plans and journals record them, so that a later command needs no `--vars`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values of variables and where to read the rest. Values of sensitive variables are never in it: a later command
/// reads them again from the same files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordedInputs {
    /// The values that were given to variables that are not sensitive.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// The names of the sensitive variables whose value came from a file or the environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitive: Vec<String>,
    /// The names of the sensitive variables whose value came from `--var`: they must be given again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The files of `--vars`, in order. Each is relative to the stack's directory, unless only the root is common to
    /// both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl RecordedInputs {
    /// Nothing was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

//! A saved plan: its inputs and a digest of its changes, so that it is applied exactly as it was reviewed, or refused.
//!
//! Planning is a pure function: apply makes the plan again from a new observation of the cloud, and refuses one that
//! differs. The plan in the file is only shown. Values of sensitive variables are not in it; apply reads them again
//! from the files that it names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::plan::{Basis, Plan};
use crate::stack::RecordedInputs;

/// The version of the format.
///
/// Version 2 holds the plan itself and the files of variables; version 1 is read, too.
pub const VERSION: u32 = 2;

/// A saved plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// [`VERSION`].
    pub format_version: u32,
    /// The directory of the stack, as given.
    pub directory: String,
    /// The cloud.
    pub cloud: String,
    /// The basis of the plan.
    pub basis: Basis,
    /// Its targets.
    pub targets: Vec<Address>,
    /// Set for a plan that destroys everything.
    pub destroy: bool,
    /// The values of variables, without sensitive ones.
    pub variables: BTreeMap<String, String>,
    /// The names of the sensitive variables that were given.
    pub sensitive: Vec<String>,
    /// The names of those whose value came from `--var` and must be given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// The files of `--vars`, as [`RecordedInputs`] has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variable_files: Vec<String>,
    /// Set where the cloud was read.
    pub refresh: bool,
    /// The sites whose missing objects were accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept_vanished: Vec<String>,
    /// The addresses that were named for an import.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopt: Vec<Address>,
    /// [`digest`] of the plan.
    pub digest: String,
    /// The plan as it was reviewed, for `drplan show`; `None` in a file of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Rendered>,
}

/// A plan in each format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendered {
    /// For a terminal, with ANSI styles.
    pub text: String,
    /// For scripts.
    pub json: serde_json::Value,
    /// For a pull request.
    pub markdown: String,
}

/// Reasons why a text is not a saved plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// A newer version of drplan wrote it.
    #[error("it has format {found}; this drplan reads up to {VERSION}")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// Another format, or truncated.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
}

impl PlanFile {
    /// The inputs of the stack that it was made from.
    pub fn inputs(&self) -> RecordedInputs {
        RecordedInputs {
            values: self.variables.clone(),
            sensitive: self.sensitive.clone(),
            withheld: self.withheld.clone(),
            files: self.variable_files.clone(),
        }
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// Where it is not a saved plan, or its version is newer.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        match json.get("format_version").and_then(serde_json::Value::as_u64) {
            Some(found) if found > u64::from(VERSION) => Err(PlanFileError::Newer { found }),
            _ => Ok(serde_json::from_value(json)?),
        }
    }
}

/// Reasons why a saved plan is stale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaleReason {
    /// The stack or a variable has changed.
    #[error("the stack has changed since the plan was made")]
    Stack,
    /// Another run has changed the state.
    #[error("the state has changed since the plan was made: serial {then} then, {now} now")]
    State {
        /// The serial in the plan.
        then: u64,
        /// The current serial.
        now: u64,
    },
    /// The state has another lineage.
    #[error("the state has another lineage than the plan")]
    Lineage,
    /// A run has moved roles.
    #[error("roles have moved since the plan was made: role epoch {then} then, {now} now")]
    Roles {
        /// The role epoch in the plan.
        then: u64,
        /// The current role epoch.
        now: u64,
    },
    /// The plan, computed again, has other changes.
    #[error("a new plan has different changes, because the cloud or a sensitive variable changed")]
    Different,
}

/// Checks that a plan made from `then` may be applied `now`.
///
/// # Errors
/// The part of the basis that has changed.
pub fn check(then: &Basis, now: &Basis) -> Result<(), StaleReason> {
    let Basis { stack, lineage, serial, role_epoch } = then;
    if *stack != now.stack {
        Err(StaleReason::Stack)
    } else if *lineage != now.lineage && !lineage.is_empty() {
        Err(StaleReason::Lineage)
    } else if *role_epoch != now.role_epoch {
        Err(StaleReason::Roles { then: *role_epoch, now: now.role_epoch })
    } else if *serial != now.serial || *lineage != now.lineage {
        // Before the first apply there was no lineage.
        Err(StaleReason::State { then: *serial, now: now.serial })
    } else {
        Ok(())
    }
}

/// SHA-256 over all changes of a plan, in hexadecimal.
pub fn digest(plan: &Plan) -> String {
    let Plan { stack, basis, changes, drift, roles, stand_up, outputs, notes: _, blocked, steps: _ } = plan;
    let all = serde_json::json!([stack, basis, changes, drift, roles.drift, stand_up, outputs, blocked]);
    Sha256::digest(all.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

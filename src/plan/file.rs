//! A saved plan: what it was made from and a digest of what it does, so that it is carried out as it was reviewed or not at all.
//!
//! Planning is a pure function, so the file does not hold the plan but what it was made from: applied, the plan is made again, from a new look at the cloud, and
//! refused where it is not the same. Values of sensitive variables are not in it and have to be given again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::address::Address;
use crate::plan::{Basis, Plan};

/// The version of the format.
pub const VERSION: u32 = 1;

/// A saved plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// [`VERSION`].
    pub format_version: u32,
    /// The directory of the stack, as it was given.
    pub directory: String,
    /// The cloud.
    pub cloud: String,
    /// What the plan was made from.
    pub basis: Basis,
    /// What it was limited to.
    pub targets: Vec<Address>,
    /// Whether everything is to go.
    pub destroy: bool,
    /// The values that were given to variables, sensitive ones left out.
    pub variables: BTreeMap<String, String>,
    /// The names of the sensitive variables that were given.
    pub sensitive: Vec<String>,
    /// Whether the cloud was looked at.
    pub refresh: bool,
    /// The sites of which it was accepted that much has vanished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept_vanished: Vec<String>,
    /// [`digest`] of the plan.
    pub digest: String,
}

/// Why a text is no saved plan.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// A newer version wrote it.
    #[error("it has format {found}, and this drplan reads up to {VERSION}")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// It is something else, or was cut.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
}

impl PlanFile {
    /// Reads a saved plan.
    ///
    /// # Errors
    /// Where it is none, or of a newer version, whatever else that holds.
    pub fn parse(text: &str) -> Result<Self, NoPlan> {
        let json: serde_json::Value = serde_json::from_str(text)?;
        match json.get("format_version").and_then(serde_json::Value::as_u64) {
            Some(found) if found > u64::from(VERSION) => Err(NoPlan::Newer { found }),
            _ => Ok(serde_json::from_value(json)?),
        }
    }
}

/// Why a saved plan is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// The stack's text or a variable has changed.
    #[error("the stack has changed since the plan was made")]
    Stack,
    /// Another run has moved the state on.
    #[error("the state has moved on since the plan was made: it was at serial {then} and is at {now}")]
    State {
        /// The serial then.
        then: u64,
        /// The serial now.
        now: u64,
    },
    /// The state is of another history.
    #[error("the state is another one than the plan was made from")]
    Lineage,
    /// A run has moved roles.
    #[error("roles have moved since the plan was made: the epoch was {then} and is {now}")]
    Roles {
        /// The epoch then.
        then: u64,
        /// The epoch now.
        now: u64,
    },
    /// Made again, the plan does something else.
    #[error(
        "made again, the plan is not the same: the cloud has changed since, or a sensitive variable has another value"
    )]
    Different,
}

/// Whether a plan made from `then` may be carried out `now`.
///
/// # Errors
/// What has moved on.
pub fn check(then: &Basis, now: &Basis) -> Result<(), Stale> {
    let Basis { stack, lineage, serial, role_epoch } = then;
    if *stack != now.stack {
        Err(Stale::Stack)
    } else if *lineage != now.lineage && !lineage.is_empty() {
        Err(Stale::Lineage)
    } else if *role_epoch != now.role_epoch {
        Err(Stale::Roles { then: *role_epoch, now: now.role_epoch })
    } else if *serial != now.serial || *lineage != now.lineage {
        // Where nothing was recorded yet, there was no lineage.
        Err(Stale::State { then: *serial, now: now.serial })
    } else {
        Ok(())
    }
}

/// SHA-256 over everything that a plan does, in hexadecimal.
pub fn digest(plan: &Plan) -> String {
    let Plan { stack, basis, changes, drift, roles, stand_up, outputs, notes: _, blocked, steps: _ } = plan;
    let all = serde_json::json!([stack, basis, changes, drift, roles.drift, stand_up, outputs, blocked]);
    Sha256::digest(all.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

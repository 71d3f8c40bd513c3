//! The status document of a machine that restores, read by a run that waits for it.
//!
//! Every holder of the URL can write the document, and a report may arrive late: what is older than a report that was
//! read does not count.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the format.
const FORMAT: u32 = 1;
/// Bytes of a report at most.
const LIMIT: usize = 64 * 1024;

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreReport {
    /// The version of the format.
    pub format: u32,
    /// The run that the machine was started for.
    pub run: String,
    /// The start of the machine.
    pub boot_id: String,
    /// The number of the report: greater than that of every earlier one, over restarts as well.
    pub sequence: u64,
    /// The clock of the machine.
    pub at: Timestamp,
    /// The phase that has begun.
    pub phase: ReportedPhase,
    /// The item in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Progress of the phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The point in hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The time of the data that were restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_to: Option<Timestamp>,
    /// The public key to which the keys of the repositories are to be encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_request: Option<String>,
    /// Measured phases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RestoreError>,
}

/// The phase of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedPhase {
    /// The script runs.
    Booted,
    /// It needs keys of repositories.
    WaitingForKey,
    /// It reads from a repository.
    Fetching,
    /// It writes data.
    Restoring,
    /// The engine replays its log.
    Replaying,
    /// The data are checked.
    Checking,
    /// Everything was restored and checked.
    Ready,
    /// It ended with an error.
    Failed,
}

/// The time that a phase took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The phase.
    pub phase: String,
    /// Its time.
    pub seconds: f64,
    /// Bytes that passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// The measured phases of each of so many items, in their order: an item begins with what it reads, or writes. Nothing
/// where that is ambiguous.
pub fn by_item(measured: &[Measured], items: usize) -> Vec<Vec<Measured>> {
    let mut all: Vec<Vec<Measured>> = Vec::new();
    let mut before = "";
    for one in measured {
        let phase = one.phase.as_str();
        if phase == "fetching" || (phase == "restoring" && before != "fetching") || all.is_empty() {
            all.push(Vec::new());
        }
        all.last_mut().into_iter().for_each(|item| item.push(one.clone()));
        before = phase;
    }
    if all.len() == items { all } else { Vec::new() }
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreError {
    /// Its code.
    pub code: String,
    /// Its message, in words of a tool.
    pub message: String,
    /// The machine tries again by itself.
    #[serde(default)]
    pub retry: bool,
}

/// The reports of one run that were read.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreFollower {
    run: String,
    newest: Option<RestoreReport>,
}

/// A report that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// It is newer than all before.
    New(Box<RestoreReport>),
    /// It was read before, or is older.
    Known,
}

impl RestoreFollower {
    /// Follows this run.
    pub fn of(run: &str) -> Self {
        Self { run: run.to_owned(), newest: None }
    }

    /// The newest report.
    pub fn newest(&self) -> Option<&RestoreReport> {
        self.newest.as_ref()
    }

    /// Takes the document as it is now.
    ///
    /// # Errors
    /// The reason why it is no report of this run.
    pub fn take(&mut self, text: &str) -> Result<Taken, String> {
        if text.len() > LIMIT {
            return Err(format!("the status document has more than {LIMIT} bytes"));
        }
        let report: RestoreReport =
            serde_json::from_str(text).map_err(|error| format!("the status document cannot be read: {error}"))?;
        if report.format != FORMAT {
            return Err(format!("the status document has the unknown format {}", report.format));
        }
        if report.run != self.run {
            return Err("the status document is that of another run".to_owned());
        }
        if report.key_request.as_ref().is_some_and(|key| !is_public_key(key)) {
            return Err("the status document asks for a key with something that is no public key".to_owned());
        }
        if self.newest.as_ref().is_some_and(|newest| newest.sequence >= report.sequence) {
            return Ok(Taken::Known);
        }
        self.newest = Some(report.clone());
        Ok(Taken::New(Box::new(report)))
    }
}

/// True for a public key of age: `age1` and 58 lower-case letters and digits.
fn is_public_key(text: &str) -> bool {
    let rest = text.strip_prefix("age1").unwrap_or_default();
    rest.len() == 58 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sequence: u64, more: &str) -> String {
        format!(
            r#"{{"format": 1, "run": "r-1", "boot_id": "b", "sequence": {sequence}, "at": "2026-11-29T00:41:00Z",
                "phase": "waiting_for_key"{more}}}"#
        )
    }

    #[test]
    fn older_reports_and_those_of_other_runs_do_not_count() {
        let mut follower = RestoreFollower::of("r-1");
        assert!(matches!(follower.take(&report(2, "")), Ok(Taken::New(_))));
        assert_eq!(follower.take(&report(2, "")), Ok(Taken::Known));
        assert_eq!(follower.take(&report(1, "")), Ok(Taken::Known));
        assert!(follower.take(&report(3, "").replace("r-1", "r-2")).unwrap_err().contains("another run"));
        assert!(follower.take(&report(3, ", \"extra\": 1")).is_err());
        assert_eq!(follower.newest().map(|report| report.sequence), Some(2));
    }

    #[test]
    fn measured_phases_belong_to_the_items_in_their_order() {
        let of = |phases: &[&str], items| -> Vec<usize> {
            let measured = |phase: &&str| Measured { phase: (*phase).to_owned(), seconds: 1.0, bytes: None };
            by_item(&phases.iter().map(measured).collect::<Vec<_>>(), items).iter().map(Vec::len).collect()
        };
        assert_eq!(of(&["restoring", "checking", "restoring"], 2), [2, 1]);
        assert_eq!(of(&["fetching", "restoring", "replaying", "checking", "restoring"], 2), [4, 1]);
        assert_eq!(of(&["restoring", "checking"], 2), [0; 0]);
    }

    #[test]
    fn only_a_public_key_can_ask_for_keys() {
        let ask = |key: &str| RestoreFollower::of("r-1").take(&report(1, &format!(", \"key_request\": \"{key}\"")));
        assert!(ask(&format!("age1{}", "q".repeat(58))).is_ok());
        for wrong in ["", "AGE-SECRET-KEY-1QQQQ", "age1short", "ssh-ed25519 AAAA"] {
            assert!(ask(wrong).unwrap_err().contains("no public key"), "{wrong}");
        }
        assert!(RestoreFollower::of("r-1").take(&" ".repeat(70_000)).is_err());
    }
}

//! The shape of a tool's table: its words in a `backup` block, and three pure functions over its output.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::log::LogArchive;
use super::point::{PointKind, RecoveryPoint};
use crate::visible::one_line;

/// A tool that makes backups.
pub struct Tool {
    /// Its word in a stack.
    pub name: &'static str,
    /// Its name in messages.
    pub title: &'static str,
    /// The arguments of a `backup` block that it takes beside those of every tool.
    pub words: &'static [ToolWord],
    /// Makes its points depend on other objects in the repository, so that objects must not expire by age alone.
    pub chained: bool,
    /// How data come back.
    pub form: RestoreForm,
    /// The form of its points that need no other one.
    pub whole: PointKind,
    /// The output that its catalogue is made of, for documentation and messages.
    pub prints: &'static str,
    /// Reads the catalogue that the tool printed.
    pub catalogue: fn(&Selection<'_>, &str) -> Result<Catalogue, String>,
    /// Judges the output and the exit code of a verification by the tool.
    pub verdict: fn(&str, Option<i32>) -> Verdict,
    /// The steps that bring a point back.
    pub restore_plan: fn(&RestoreRequest<'_>) -> Vec<RestoreStep>,
}

impl Tool {
    /// True for a tool whose copies need a key that somebody holds. A provider keeps the keys of its snapshots.
    pub fn has_keys(&self) -> bool {
        self.form == RestoreForm::Files
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Tool({})", self.name)
    }
}

impl PartialEq for Tool {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// An argument of a `backup` block that some tools take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolWord {
    /// Its name.
    pub name: &'static str,
    /// It must be written.
    pub required: bool,
}

/// The way in which data come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreForm {
    /// They are read from the repository and written to a disk.
    Files,
    /// The provider makes a volume of a snapshot.
    Volume,
}

/// The part of a repository that belongs to one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection<'a> {
    /// The stanza.
    pub stanza: Option<&'a str>,
    /// The tag.
    pub tag: Option<&'a str>,
}

/// A catalogue as a tool printed it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// Its points, in any order.
    pub points: Vec<RecoveryPoint>,
    /// The archive of the log, where the output has one.
    pub log: Option<LogArchive>,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The tool has read data.
    Judged {
        /// The points that it has read whole, without damage.
        sound: Points,
        /// The points that it found damaged.
        damaged: Points,
        /// The damage, in the tool's words.
        why: Option<String>,
    },
    /// The output proves nothing, for this reason.
    Undecided(String),
}

impl Verdict {
    /// Damage in these points.
    pub(super) fn damaged(damaged: Points, why: impl Into<String>) -> Self {
        Self::Judged { sound: Points::These(Vec::new()), damaged, why: Some(why.into()) }
    }
}

/// Points of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Points {
    /// All of them.
    All,
    /// Points with these ids.
    These(Vec<String>),
}

impl Points {
    /// True for one of these points.
    pub fn contains(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.iter().any(|own| own == id),
        }
    }
}

/// A restore to be planned.
#[derive(Debug, Clone, Copy)]
pub struct RestoreRequest<'a> {
    /// The point.
    pub point: &'a RecoveryPoint,
    /// The time up to which a log is replayed; `None`: as far as it goes.
    pub until: Option<Timestamp>,
    /// The part of the repository.
    pub selection: Selection<'a>,
    /// The directory that the data go to.
    pub target: &'a str,
}

/// A step of a restore. Repository, credentials and keys come from the environment of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreStep {
    /// Runs a program.
    Run {
        /// The program.
        program: &'static str,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// Reads a file of the repository, and compares it with its size and SHA-256.
    Fetch {
        /// Its key.
        key: String,
        /// Its size.
        bytes: u64,
        /// Its SHA-256, in hexadecimal.
        sha256: String,
    },
    /// Makes a volume of a snapshot.
    Volume {
        /// The snapshot.
        snapshot: String,
    },
}

/// Characters of a tool's message that are kept.
const MESSAGE: usize = 300;

/// The JSON documents in an output, one after the other. Control characters count as spaces: pgBackRest prints bytes of
/// a file that it cannot decrypt.
pub(super) fn documents(tool: &str, stdout: &str) -> Result<Vec<Json>, String> {
    let mut all = Vec::new();
    let plain: String = stdout.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    for document in serde_json::Deserializer::from_str(&plain).into_iter::<Json>() {
        all.push(document.map_err(|error| match stdout.trim_start().starts_with(['{', '[']) {
            true => format!("the output of {tool} is not valid JSON: {error}"),
            false => format!("the output of {tool} is not JSON: {}", first_line(stdout)),
        })?);
    }
    if all.is_empty() {
        return Err(format!("{tool} printed nothing"));
    }
    Ok(all)
}

/// The error of a JSON document in another form than expected.
pub(super) fn strange(tool: &str, error: &serde_json::Error) -> String {
    format!("the output of {tool} has an unexpected form: {error}")
}

/// The first line of a message that is not empty, shortened and without control characters.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    one_line(line).chars().take(MESSAGE).collect()
}

/// The end of a tool without a verdict, by its exit code.
pub(super) fn ended(title: &str, code: Option<i32>, stdout: &str) -> Verdict {
    let said = first_line(stdout);
    let how = code.map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with code {code}"));
    let said = if said.is_empty() { said } else { format!(": {said}") };
    Verdict::Undecided(format!("{title} {how}{said}"))
}

//! A program of this machine with its input, and what it is for where it acts on a replica.
//!
//! Nothing here runs a program. The local simulator answers the commands of a replica by what they are for.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::object::ObjectId;
use crate::roles::Side;

/// A program with its input. None of it is shown: all may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program: a path, or a name that is searched in `PATH`.
    pub program: String,
    /// Its arguments, passed unchanged.
    pub arguments: Vec<String>,
    /// Its environment, beside the variables that every program needs.
    pub environment: BTreeMap<String, String>,
    /// Variables that it gets from the environment of this process, which must have them.
    pub inherits: Vec<String>,
    /// Its working directory, relative to the directory of the stack.
    pub directory: Option<String>,
    /// Its time limit.
    pub within: Duration,
    /// True if a part of the input is secret, so that the output may repeat it and is not shown.
    pub is_secret: bool,
    /// Its purpose, where it is a command of a replica. Only the local simulator uses it.
    pub purpose: Option<ReplicaCommand>,
}

/// Shows nothing of the input.
impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLine").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// A command of a replica between two machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaCommand {
    /// The name of the replica.
    pub replica: String,
    /// Its task.
    pub verb: ReplicaVerb,
    /// The side that it is about.
    pub side: Side,
    /// The id of the machine of the source.
    pub source: ObjectId,
    /// The id of the machine of the target.
    pub target: ObjectId,
    /// The id of the machine that stands in for the target.
    pub stand_in: Option<ObjectId>,
}

impl ReplicaCommand {
    /// The id of the machine of a side.
    pub fn machine(&self, side: Side) -> &ObjectId {
        match side {
            Side::Source => &self.source,
            Side::Target => self.stand_in.as_ref().unwrap_or(&self.target),
        }
    }
}

/// The task of a replica's command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaVerb {
    /// Report the role and the lag of the side.
    Observe,
    /// Make the side primary.
    Promote,
    /// Make the side follow the other one.
    Follow,
}

impl ReplicaVerb {
    /// Its word: the name of its block.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Promote => "promote",
            Self::Follow => "follow",
        }
    }
}

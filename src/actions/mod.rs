//! The actions of a failover group's steps: a table for each, in a file of its own.
//!
//! The reader of stacks, the planner, views and the reference ask the tables; how an action is carried out is in
//! `apply/actions`. Journals hold the word of an action alone, so that a run of another version, with an action that
//! has no table here, can still be read.

mod approval;
mod command;
mod http;
mod kubernetes_scale;
mod storage_failover;
mod sync;
mod wait;

use crate::language::{LanguageArgument, LanguageBlock, Necessity};

pub use approval::APPROVAL;
pub use command::COMMAND;
pub use http::HTTP;
pub use kubernetes_scale::KUBERNETES_SCALE;
pub use storage_failover::STORAGE_FAILOVER;
pub use sync::SYNC;
pub use wait::WAIT;

/// Every action, in the order of the reference.
pub const ALL: &[&StepAction] = &[&HTTP, &COMMAND, &APPROVAL, &WAIT, &STORAGE_FAILOVER, &KUBERNETES_SCALE, &SYNC];

/// The stack that shows steps and their actions.
pub const EXAMPLE: &str = include_str!("../reference/examples/step.hcl");

/// The optional argument that limits the time of an action.
pub const WITHIN: &str = "within";

/// The time of an action whose table knows no better.
const USUAL: ActionTime = ActionTime::Usual { typical: 10, worst: 120 };

/// An action of a step.
#[derive(Debug)]
pub struct StepAction {
    /// The block: the word, the arguments, and their documentation.
    pub block: LanguageBlock,
    /// The arguments that are sent and never shown, so that they may be sensitive. Predictions, journals and reports
    /// show all others.
    pub sent: &'static [&'static str],
    /// The argument with a question to the operator. It is shown without its sensitive parts.
    pub question: Option<&'static str>,
    /// The argument with the resource that it changes: the step touches the regions of that.
    pub resource: Option<&'static str>,
    /// The one who carries it out, and so what a resumed run does about a step that was interrupted.
    pub executor: ActionExecutor,
    /// Its effect.
    pub effect: ActionEffect,
    /// Its expected duration.
    pub takes: ActionTime,
}

/// The one who carries out an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionExecutor {
    /// drplan, which finds out whether it is done before it repeats it.
    Checked,
    /// drplan. Nothing shows what the action has done, so that a resumed run repeats it.
    Unchecked,
    /// The operator, by a confirmation. Their time is no time of drplan's.
    Operator,
}

/// The effect of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionEffect {
    /// None: it only takes time. Every drill has it.
    Nothing,
    /// Whatever the group makes of it. A drill has it where the step's `on` names the drill.
    Own,
    /// It changes production, so that no drill has it.
    Production {
        /// True if it moves data, so that workloads are stopped before.
        data: bool,
    },
}

/// The expected duration of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionTime {
    /// The value of this argument: earlier runs teach nothing about it.
    Written(&'static str),
    /// So many seconds. [`WITHIN`], where it is written, is the P95.
    Usual {
        /// Median (P50).
        typical: u32,
        /// 95th percentile (P95).
        worst: u32,
    },
}

impl StepAction {
    /// Its word, as stacks and journals have it.
    pub const fn word(&self) -> &'static str {
        self.block.name
    }

    /// The table of an argument.
    pub fn argument(&self, name: &str) -> Option<&'static LanguageArgument> {
        self.block.arguments.iter().find(|argument| argument.name == name)
    }

    /// The names of its arguments.
    pub fn arguments(&self) -> Vec<&'static str> {
        self.block.arguments.iter().map(|argument| argument.name).collect()
    }

    /// The names of the arguments that must be written.
    pub fn required(&self) -> Vec<&'static str> {
        let required = self.block.arguments.iter().filter(|argument| argument.need == Necessity::Required);
        required.map(|argument| argument.name).collect()
    }

    /// True if the argument may be sensitive: nothing shows it, or what is sensitive in it is left out.
    pub fn takes_secrets(&self, argument: &str) -> bool {
        self.sent.contains(&argument) || self.question == Some(argument)
    }

    /// True if it may move users or data.
    pub fn moves_users(&self) -> bool {
        self.effect != ActionEffect::Nothing
    }

    /// True if it moves data.
    pub fn moves_data(&self) -> bool {
        matches!(self.effect, ActionEffect::Production { data: true })
    }

    /// True if the operator carries it out.
    pub fn asks_a_person(&self) -> bool {
        self.executor == ActionExecutor::Operator
    }

    /// True if its duration is written in the stack.
    pub const fn lasts_as_written(&self) -> bool {
        matches!(self.takes, ActionTime::Written(_))
    }

    /// Typical and P95 seconds. `written`: the seconds that an argument has, where it is written and known.
    pub fn seconds(&self, written: impl Fn(&str) -> Option<u32>) -> (u32, u32) {
        match self.takes {
            ActionTime::Written(argument) => written(argument).map_or((10, 120), |seconds| (seconds, seconds)),
            ActionTime::Usual { typical, worst } => (typical, written(WITHIN).unwrap_or(worst)),
        }
    }
}

/// Equal by word: there is one table for each.
impl PartialEq for StepAction {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

/// The action with this word.
pub fn find(word: &str) -> Option<&'static StepAction> {
    ALL.iter().copied().find(|action| action.word() == word)
}

/// The words of all actions.
pub fn words() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|action| action.word())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tables_name_their_own_arguments() {
        for action in ALL {
            let word = action.word();
            let named = action.sent.iter().chain(&action.question).chain(&action.resource);
            for name in named {
                assert!(action.argument(name).is_some(), "{word} has no argument {name}");
            }
            let times = match action.takes {
                ActionTime::Written(name) => Some(name),
                ActionTime::Usual { typical, worst } => {
                    assert!(typical <= worst, "{word}");
                    action.argument(WITHIN).map(|argument| argument.name)
                }
            };
            let is_time = |name| action.argument(name).is_some_and(LanguageArgument::is_duration);
            assert!(times.is_none_or(is_time), "{word}");
            assert_eq!((action.block.within, action.block.blocks.len()), ("step", 0), "{word}");
        }
        assert_eq!(words().collect::<BTreeSet<_>>().len(), ALL.len());
    }

    #[test]
    fn what_a_person_decides_is_never_sent() {
        for action in ALL.iter().filter(|action| action.asks_a_person()) {
            assert!(action.sent.is_empty(), "{}: the question to the operator shows its arguments", action.word());
        }
    }
}

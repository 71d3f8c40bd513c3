//! A stack as code in another language of infrastructure, for people to keep: Terraform, Bicep.
//!
//! Pure: a stack comes in, files go out as text. What a language cannot say is said in the emitted README, never left out in silence. What differs by kind stands in
//! the kinds' tables.

mod bicep;
mod secrets;
mod terraform;
mod written;

use std::collections::BTreeMap;

use crate::stack::Stack;

/// What was emitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Emitted {
    /// Texts by relative path.
    pub files: BTreeMap<String, String>,
    /// What the language cannot say.
    pub unsaid: Vec<Unsaid>,
}

/// Something that the language cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// What: an address, or a part of one.
    pub what: String,
    /// Why, and what to do instead; without its full stop.
    pub why: String,
}

/// What is wanted beyond the stack itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether what stands already is imported.
    pub imports: bool,
}

/// A stack as Terraform.
pub fn terraform(stack: &Stack, options: Options) -> Emitted {
    terraform::emit(stack, options)
}

/// A stack as Bicep.
pub fn bicep(stack: &Stack) -> Emitted {
    bicep::emit(stack)
}

/// The part of a README that lists what the language cannot say.
fn cannot_say(language: &str, unsaid: &[Unsaid]) -> String {
    let mut out = format!("## What {language} cannot say\n\n");
    if unsaid.is_empty() {
        out += "Nothing of this stack.\n";
    }
    for Unsaid { what, why } in unsaid {
        out += &format!("- `{what}`: {why}.\n");
    }
    out
}

/// What no language says of failover groups: that they move anything, for this reason, and what their steps do, because `acts`.
fn unsaid_of_groups(stack: &Stack, why: &str, acts: &str) -> Vec<Unsaid> {
    let mut out = Vec::new();
    for group in stack.failover_groups.values() {
        out.push(Unsaid { what: format!("failover_group.{}", group.name), why: why.to_owned() });
        for step in &group.steps {
            out.push(Unsaid {
                what: format!("failover_group.{}: step {}", group.name, step.name),
                why: format!("it acts (`{}`), and {acts}", step.action.0),
            });
        }
    }
    out
}

//! A stack as code in another infrastructure language, to keep and use without drplan: Terraform, and the languages
//! that providers have of their own.
//!
//! Pure: a stack comes in, files go out as text. The emitted README lists what a language cannot express. Differences
//! between kinds are in the kinds' tables.

pub(crate) mod merged;
pub(crate) mod names;
pub(crate) mod secrets;
mod terraform;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostics;
use crate::stack::Stack;
use crate::visible::one_line;

pub use names::Rename;

/// Result of emitting a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmitResult {
    /// Files by relative path.
    pub files: BTreeMap<String, String>,
    /// Parts of the stack that the language cannot express.
    pub limitations: Vec<Limitation>,
    /// Parts of the stack that have another name in the code.
    pub renames: Vec<Rename>,
}

/// A part of the stack that the language cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limitation {
    /// Its address, or an argument of it.
    pub what: String,
    /// The reason, and what to do instead, without its full stop.
    pub why: String,
}

/// Options of emitting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Adds `import` blocks for existing resources.
    pub imports: bool,
}

/// A stack as Terraform.
pub fn terraform(stack: &Stack, options: Options) -> EmitResult {
    terraform::emit(stack, options)
}

/// A language that a provider has of its own.
#[derive(Debug)]
pub struct Language {
    /// Its name in a command: `bicep`.
    pub name: &'static str,
    /// Its description in the help, without a full stop.
    pub about: &'static str,
    /// The reason why its code has no imports of existing resources, a sentence without its full stop.
    pub no_imports: &'static str,
    /// Emits a stack, unless that takes too much work.
    pub emit: fn(&Stack) -> Result<EmitResult, Diagnostics>,
}

/// Section of a README that lists what the language cannot express.
pub(crate) fn limitations_section(language: &str, limitations: &[Limitation]) -> String {
    let mut out = format!("## Not expressed in {language}\n\n");
    if limitations.is_empty() {
        out += "None: the code expresses the whole stack.\n";
    }
    for Limitation { what, why } in limitations {
        out += &format!("- `{}`: {}.\n", one_line(what), one_line(why));
    }
    out
}

/// Further accounts of a provider: emitted code has one for each.
pub(crate) fn further_accounts(stack: &Stack) -> Vec<Limitation> {
    let mut out = Vec::new();
    for realm in stack.account_blocks.keys().filter(|realm| !realm.label.is_empty()) {
        let sites = stack.sites.values().filter(|site| site.realm == *realm);
        let sites = sites.map(|site| format!("`{}`", site.name)).collect::<Vec<_>>().join(", ");
        if !sites.is_empty() {
            out.push(Limitation {
                what: format!("provider.{}.{}", realm.provider, realm.label),
                why: format!(
                    "the code has one account of each provider. Write another one into the resources of the sites {sites}, \
                     or emit them from a stack of their own"
                ),
            });
        }
    }
    out
}

/// Backups, failover groups and their steps, which no language expresses: groups for the reason `why`, steps because
/// `acts`.
pub(crate) fn failover_groups(stack: &Stack, why: &str, acts: &str) -> Vec<Limitation> {
    let mut out = Vec::new();
    for backup in stack.backups.values() {
        let why = format!("{} makes it; the code only has the resources that it refers to", backup.tool.title);
        out.push(Limitation { what: backup.address.to_string(), why });
    }
    for group in stack.failover_groups.values() {
        out.push(Limitation { what: format!("failover_group.{}", group.name), why: why.to_owned() });
        for step in &group.steps {
            out.push(Limitation {
                what: format!("failover_group.{}: step {}", group.name, step.name),
                why: format!("it runs an action (`{}`), and {acts}", step.action.word()),
            });
        }
    }
    out
}

//! A stack as Bicep: `main.bicep` for the subscription and a module for each resource group, made of the bodies that `apply` sends, with the stack's expressions
//! in them. What kinds are is asked of their tables alone.

mod code;
mod draft;
mod emitter;
mod existing;
mod express;
mod file;
mod functions;
mod marks;
mod modules;
mod nodes;
mod params;
mod print;
mod readme;
mod text;
mod through;

use std::collections::{BTreeMap, BTreeSet};

use super::{Emitted, Unsaid, unsaid_of_groups};
use crate::stack::Stack;
use code::Given;
use emitter::Emitter;
use modules::Index;

/// Rules of Bicep's linter that are held beyond its defaults (source: its list of rules; all are of the core analyzer).
const CONFIG: &str = r#"{
  "analyzers": {
    "core": {
      "enabled": true,
      "rules": {
        "no-unused-params": { "level": "error" },
        "no-unnecessary-dependson": { "level": "error" },
        "outputs-should-not-contain-secrets": { "level": "error" },
        "no-hardcoded-location": { "level": "warning" },
        "explicit-values-for-loc-params": { "level": "warning" }
      }
    }
  }
}
"#;

/// Emits a stack.
pub(super) fn emit(stack: &Stack) -> Emitted {
    let emitter = Emitter::new(stack);
    let index = Index::new(&emitter, nodes::nodes(&emitter));
    let modules = modules::modules(&emitter, &index);
    let main = file::Main::new(&emitter, &index, &modules);
    let mut files = BTreeMap::new();
    let mut taken: BTreeMap<usize, BTreeSet<Given>> = BTreeMap::new();
    let none = file::Outputs::new();
    for (at, module) in modules.iter().enumerate().filter(|(_, module)| !module.name.is_empty()) {
        let outputs = main.outputs.get(&at).unwrap_or(&none);
        let (text, givens) = file::module(&emitter, &index, module, outputs);
        files.insert(format!("modules/{}.bicep", module.name), text);
        taken.insert(at, givens);
    }
    let (text, givens) = main.text(&taken);
    files.insert("main.bicep".to_owned(), text);
    files.insert("main.bicepparam".to_owned(), params::parameters(&emitter, &index, &givens, false));
    let active = givens.contains(&Given::Active);
    if active {
        files.insert("failover.bicepparam".to_owned(), params::parameters(&emitter, &index, &givens, true));
    }
    files.insert("bicepconfig.json".to_owned(), CONFIG.to_owned());
    for (path, text) in emitter.read.borrow().iter() {
        if files.values().any(|code| code.contains(&format!("{path}')"))) {
            files.insert(path.clone(), text.clone());
        }
    }
    let unsaid = unsaid(&emitter);
    files.insert("README.md".to_owned(), readme::readme(&emitter, &givens, &unsaid));
    Emitted { files, unsaid }
}

/// What Bicep cannot say of this stack.
fn unsaid(emitter: &Emitter<'_>) -> Vec<Unsaid> {
    let stack = emitter.stack;
    let mut out = emitter.lost();
    for (block, instances) in &emitter.instances {
        if instances.iter().any(|one| one.prevent_destroy) {
            out.push(Unsaid {
                what: format!("{block}: prevent_destroy"),
                why: "a deployment deletes nothing by itself, and a deployment stack may: put a lock on it".to_owned(),
            });
        }
    }
    for block in stack.program.definitions.keys().filter(|block| !emitter.instances.contains_key(*block)) {
        out.push(Unsaid {
            what: block.to_string(),
            why: "its `for_each` has no entry, and what one would be is not known without".to_owned(),
        });
    }
    out.extend(unsaid_of_groups(
        stack,
        "a template says what stands, and neither promotes data, moves users nor waits for answers; `failoverActive` only makes what stands \
                  during a failover. `drplan failover-group up` does all of it",
        "a template does not",
    ));
    out
}

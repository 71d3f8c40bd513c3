//! A stack as Bicep: `main.bicep` for the subscription and a module for each resource group, from the bodies that
//! `apply` sends, with the stack's expressions in them. Facts about kinds come from their tables alone.

mod body_value;
mod code;
mod emitter;
mod evaluated;
mod existing;
mod express;
mod file;
mod fixed;
mod functions;
mod layout;
mod marks;
mod modules;
mod naming;
mod nodes;
mod params;
mod print;
mod readme;
mod scripts;
mod seen;
mod text;
mod through;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::emit::{EmitResult, Language, Limitation, failover_groups, further_accounts};
use crate::stack::Stack;
use crate::stack::validation::VALIDATION;
use code::FileInput;
use emitter::BicepEmitter;
use modules::BicepIndex;

/// Linter rules beyond Bicep's defaults (source: its list of rules; all belong to the core analyzer).
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

/// The language.
pub static LANGUAGE: Language = Language {
    name: "bicep",
    about: "Bicep, deployed to the subscription",
    no_imports: "Bicep has no import: a deployment takes over existing resources of the same name",
    emit,
};

/// Emits a stack.
///
/// # Errors
/// The stack takes too much work: Bicep has no locals that depend on resources, and repeats their expressions.
pub fn emit(stack: &Stack) -> Result<EmitResult, Diagnostics> {
    let emitter = BicepEmitter::new(stack);
    let index = BicepIndex::new(&emitter, nodes::nodes(&emitter));
    let modules = modules::modules(&emitter, &index);
    let main = file::MainFile::new(&emitter, &index, &modules);
    let mut files = BTreeMap::new();
    let mut taken: BTreeMap<usize, BTreeSet<FileInput>> = BTreeMap::new();
    let none = file::Outputs::new();
    for (at, module) in modules.iter().enumerate().filter(|(_, module)| !module.name.is_empty()) {
        let outputs = main.outputs.get(&at).unwrap_or(&none);
        let (text, inputs) = file::module(&emitter, &index, module, outputs);
        files.insert(format!("modules/{}.bicep", module.name), text);
        taken.insert(at, inputs);
    }
    let (text, inputs) = main.text(&taken);
    files.insert("main.bicep".to_owned(), text);
    files.insert("main.bicepparam".to_owned(), params::parameters(&emitter, &index, &inputs, false));
    let active = inputs.contains(&FileInput::Active);
    if active {
        files.insert("failover.bicepparam".to_owned(), params::parameters(&emitter, &index, &inputs, true));
    }
    for (name, text) in &mut files {
        debug_assert!(name.contains(".bicep"), "{name}");
        *text = layout::formatted(text);
    }
    files.insert("bicepconfig.json".to_owned(), CONFIG.to_owned());
    for (path, text) in emitter.read.borrow().iter() {
        if files.values().any(|code| code.contains(&format!("{path}')"))) {
            files.insert(path.clone(), text.clone());
        }
    }
    let limitations = limitations(&emitter);
    let renames = [emitter.renamed(), main.renamed()].concat();
    files.insert("README.md".to_owned(), readme::readme(&emitter, &inputs, &limitations, &renames));
    match emitter.budget().refusal(stack.program.header()) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(EmitResult { files, limitations, renames }),
    }
}

/// Parts of this stack that Bicep cannot express.
fn limitations(emitter: &BicepEmitter<'_>) -> Vec<Limitation> {
    let stack = emitter.stack;
    emitter.fixes_structure();
    let mut out = emitter.lost();
    for (block, instances) in &emitter.instances {
        if instances.iter().any(|one| one.prevent_destroy) {
            out.push(Limitation {
                what: format!("{block}: prevent_destroy"),
                why: "a deployment deletes nothing, but a deployment stack may; add a lock".to_owned(),
            });
        }
    }
    for (block, instances) in &emitter.instances {
        let ignored: Vec<&str> =
            instances.first().into_iter().flat_map(|one| &one.ignore_changes).map(|name| &**name).collect();
        if !ignored.is_empty() {
            out.push(Limitation {
                what: format!("{block}: ignore_changes"),
                why: format!("a deployment writes {} as in the template", ignored.join(", ")),
            });
        }
    }
    let others = stack.resources.values().filter(|resource| !emitter::is_own(resource));
    let others: BTreeMap<_, _> = others.map(|one| (one.address.block(), one.kind.provider().title)).collect();
    for (block, title) in &others {
        let why = format!("it is a resource of {title}, which Bicep does not have; emit it as Terraform");
        out.push(Limitation { what: block.to_string(), why });
    }
    let is_made = |block: &Address| emitter.instances.contains_key(block) || others.contains_key(block);
    for block in stack.program.definitions.keys().filter(|block| !is_made(block)) {
        out.push(Limitation {
            what: block.to_string(),
            why: "its `for_each` is empty, so its resources are unknown".to_owned(),
        });
    }
    for (name, block) in &stack.program.variable_blocks {
        if block.body.blocks(VALIDATION).next().is_some() {
            out.push(Limitation {
                what: format!("variable.{name}: {VALIDATION}"),
                why: "a parameter has no conditions; check its value before a deployment".to_owned(),
            });
        }
    }
    out.extend(further_accounts(stack));
    out.extend(failover_groups(
        stack,
        "a template cannot promote replicas, switch traffic or run probes; `failoverActive` only creates the failover-only \
         resources. Use `drplan failover-group up`",
        "a template describes resources, not actions",
    ));
    out
}

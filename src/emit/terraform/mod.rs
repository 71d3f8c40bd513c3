//! A stack as Terraform: the stack's own expressions, with the names of the Terraform provider.

mod accounts;
mod attributes;
mod frame;
mod imports;
mod keys;
mod known;
mod names;
mod naming;
mod nested;
mod presence;
mod readme;
mod recipes;
mod resource;
mod scripts;
mod split;
mod values;
mod varies;
mod waits;
mod whole_body;

use std::collections::{BTreeMap, BTreeSet};

use super::{EmitResult, Limitation, Options, failover_groups};
use crate::hcl;
use crate::kinds::TerraformShape;
use crate::stack::Stack;
use names::TerraformEmitter;

/// Emits a stack.
pub(super) fn emit(stack: &Stack, options: Options) -> EmitResult {
    let emitter = TerraformEmitter::new(stack, options.imports, false);
    let emitted = written(&emitter, options);
    if !emitter.site_objects.get() {
        return emitted;
    }
    written(&TerraformEmitter::new(stack, options.imports, true), options)
}

fn written(emitter: &TerraformEmitter<'_>, options: Options) -> EmitResult {
    let stack = emitter.stack;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut imports = String::new();
    for (address, definition) in &stack.program.definitions {
        let Some(written) = resource::resource(emitter, address, definition) else { continue };
        if options.imports {
            imports += &imports::imports(emitter, address);
        }
        let file = files.entry(format!("{}.tf", emitter.file_of(address))).or_default();
        if !file.is_empty() {
            file.push('\n');
        }
        *file += &written;
    }
    let versions = frame::versions(emitter, files.values());
    files.insert("versions.tf".to_owned(), versions);
    files.insert("locals.tf".to_owned(), frame::locals(emitter));
    files.insert("outputs.tf".to_owned(), frame::outputs(emitter));
    // Last, because the other files determine the variables for secrets.
    files.insert("variables.tf".to_owned(), frame::variables(emitter));
    files.insert("imports.tf".to_owned(), imports);
    files.retain(|_, text| !text.trim().is_empty());
    for text in files.values_mut() {
        // Text that cannot be formatted stays as it is: Terraform reports its errors better.
        if let Ok(formatted) = hcl::format(text) {
            *text = formatted;
        }
    }
    let mut limitations = limitations(emitter);
    limitations.extend(emitter.lost.take());
    limitations.extend(emitter.files_read(&mut files));
    files.extend(emitter.scripts.take());
    files.extend(frame::situations(emitter));
    files.extend(frame::values(emitter).map(|text| (frame::VALUES.to_owned(), text)));
    let renames = emitter.names.renamed();
    files.insert("README.md".to_owned(), readme::readme(emitter, &files, &limitations, &renames));
    EmitResult { files, limitations, renames }
}

/// Parts of this stack that Terraform cannot express.
fn limitations(emitter: &TerraformEmitter<'_>) -> Vec<Limitation> {
    let stack = emitter.stack;
    let mut out = Vec::new();
    let mut listed = BTreeSet::new();
    for resource in stack.resources.values() {
        if let TerraformShape::Unsaid(why) = resource.kind.terraform.shape
            && listed.insert(resource.address.block())
        {
            out.push(Limitation { what: resource.address.block().to_string(), why: why.to_owned() });
        }
    }
    let switch = match emitter.has_failover() {
        true => "; `failover_active` only creates the failover-only resources",
        false => "",
    };
    let in_several = emitter.instances.iter().filter(|(_, resources)| accounts::differ(stack, resources));
    out.extend(in_several.map(|(block, _)| Limitation {
        what: block.to_string(),
        why: "its resources lie in several accounts, and a block of Terraform has one `provider`. Write a block for each \
              account"
            .to_owned(),
    }));
    out.extend(imports::by_hand(emitter));
    out.extend(failover_groups(
        stack,
        &format!(
            "{} has no resource that promotes replicas, switches traffic and fails back{switch}. Use `drplan failover-group up`",
            frame::name(stack)
        ),
        "Terraform describes resources, not actions",
    ));
    out
}

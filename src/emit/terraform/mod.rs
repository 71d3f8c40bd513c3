//! A stack as Terraform with the provider azurerm: its own expressions, with azurerm's names in them.

mod frame;
mod names;
mod readme;
mod resource;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use super::{Emitted, Options, Unsaid, unsaid_of_groups};
use crate::hcl;
use crate::kinds::Shape;
use crate::stack::Stack;
use names::Emitter;

/// Emits a stack.
pub(super) fn emit(stack: &Stack, options: Options) -> Emitted {
    let emitter = Emitter::new(stack, options.imports);
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut imports = String::new();
    for (address, definition) in &stack.program.definitions {
        let Some(written) = resource::resource(&emitter, address, definition) else { continue };
        if options.imports {
            imports += &resource::imports(&emitter, address);
        }
        let file = files.entry(format!("{}.tf", emitter.file_of(address))).or_default();
        if !file.is_empty() {
            file.push('\n');
        }
        *file += &written;
    }
    let asks = files.values().any(|text| text.contains(frame::CLIENT));
    files.insert("versions.tf".to_owned(), frame::versions(&emitter, asks));
    files.insert("locals.tf".to_owned(), frame::locals(&emitter));
    files.insert("outputs.tf".to_owned(), frame::outputs(&emitter));
    // Last, because what is asked for is found in all of them.
    files.insert("variables.tf".to_owned(), frame::variables(&emitter));
    files.insert("imports.tf".to_owned(), imports);
    files.retain(|_, text| !text.trim().is_empty());
    for text in files.values_mut() {
        // What cannot be formatted is shown as it is: Terraform says better than we what is wrong with it.
        if let Ok(formatted) = hcl::format(text) {
            *text = formatted;
        }
    }
    let mut unsaid = unsaid(&emitter);
    unsaid.extend(emitter.lost.take());
    unsaid.extend(emitter.files_read(&mut files));
    files.insert("README.md".to_owned(), readme::readme(&emitter, &files, &unsaid));
    Emitted { files, unsaid }
}

/// What Terraform cannot say of this stack.
fn unsaid(emitter: &Emitter<'_>) -> Vec<Unsaid> {
    let stack = emitter.stack;
    let mut out = Vec::new();
    let mut told = BTreeSet::new();
    for resource in stack.resources.values() {
        if let Shape::Unsaid(why) = resource.kind.terraform.shape
            && told.insert(resource.address.block())
        {
            out.push(Unsaid { what: resource.address.block().to_string(), why: why.to_owned() });
        }
    }
    out.extend(unsaid_of_groups(
        stack,
        "azurerm has no resource that promotes data, moves users and brings both back in order; `failover_active` only makes what stands during a \
                  failover. `drplan failover-group up` does all of it",
        "Terraform says what stands",
    ));
    out
}

//! The README beside the code: how it is used, and what Terraform cannot say.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::frame::needed;
use super::names::{ACTIVE, Emitter};
use crate::emit::{Unsaid, cannot_say};

/// The README.
pub(super) fn readme(emitter: &Emitter<'_>, files: &BTreeMap<String, String>, unsaid: &[Unsaid]) -> String {
    let mut out = format!(
        "# {}\n\nTerraform for the stack `{}`, written by drplan. It is plain code: keep it, change it, and drplan is not needed any more.\n\n",
        emitter.stack.name, emitter.stack.name
    );
    out += "```sh\nterraform init\nterraform plan -var subscription_id=…";
    needed(emitter).keys().for_each(|name| {
        let _ = write!(out, " -var {name}=…");
    });
    out += "\nterraform apply …\n```\n\n";
    if emitter.instances.keys().any(|block| emitter.is_failover(block)) {
        let _ = write!(
            out,
            "`-var {ACTIVE}=true` makes what stands only during a failover, and without it that goes again. What failover runs move is under `ignore_changes`.\n\n"
        );
    }
    if files.contains_key("imports.tf") {
        out += "`imports.tf` takes over what drplan has made: its objects keep standing. Delete the file after the first apply. What Azure does not tell of them (passwords, what a first start runs) is under `ignore_changes`: take it out there where Terraform is to write it from then on, which makes a single machine anew.\n\n";
    }
    out += &cannot_say("Terraform", unsaid);
    out
}

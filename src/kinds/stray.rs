//! Words that a table does not have: what was meant by them.

use crate::diagnostic::closest;
use crate::kinds::decode::Written;
use crate::kinds::table::{Arg, RESOURCE_GROUP, Ty};

/// Whether this argument is meant by one that the table does not have. It is told of there, with what it should be; that this one is missing says nothing more.
pub(super) fn is_misspelt(table: &[Arg], written: &Written, name: &str) -> bool {
    let idents = written.args.iter().map(|arg| &arg.name).chain(written.blocks.iter().map(|(ident, _)| ident));
    let mut stray = idents.map(|ident| &*ident.text).filter(|word| !table.iter().any(|arg| arg.name == *word));
    stray.any(|word| match without_suffix(table, word) {
        Some(arg) => arg.name == name,
        None => foreign(word).is_none() && closest(word, table.iter().map(|arg| arg.name)) == Some(name),
    })
}

/// What to do with a word that Terraform has and that nothing here is called.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    match word {
        "location" => {
            Some("A location follows from the site: write `site = site.…`, or leave it to the resource group.")
        }
        "dynamic" => {
            Some("Write the block itself and put `for_each = …` into it; `each.key` and `each.value` are known inside.")
        }
        "count" => Some("Write `for_each = toset([\"a\", \"b\"])`, so that each has a name."),
        "lifecycle" => Some("`prevent_destroy = true` is written in the block itself; the rest is not needed."),
        "provider" | "provisioner" | "connection" => Some("It is not needed here."),
        _ if word.strip_suffix("_name") == Some(RESOURCE_GROUP.name) => {
            Some("It is in the resource group of what it belongs to; leave this out.")
        }
        _ => None,
    }
}

/// The argument that azurerm has under this name: a reference loses its suffix here, so whoever comes from there writes one that is close to nothing.
pub(super) fn without_suffix<'t>(table: &'t [Arg], written: &str) -> Option<&'t Arg> {
    let suffixes = ["_resource_ids", "_resource_id", "_ids", "_id", "_name"];
    suffixes.iter().filter_map(|suffix| written.strip_suffix(suffix)).find_map(|stem| {
        let is = |arg: &&Arg| arg.name == stem || arg.name == format!("{stem}s");
        let refers = |arg: &&Arg| matches!(arg.ty, Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)));
        table.iter().filter(refers).find(is)
    })
}

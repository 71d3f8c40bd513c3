//! Hints for argument names that a table does not have.

use crate::diagnostic::closest;
use crate::kinds::Kind;
use crate::kinds::decode::BlockInput;
use crate::kinds::table::{Arg, RESOURCE_GROUP, Ty};

/// True if the block has an unknown argument that is a misspelling of this one. The unknown argument is reported with
/// a suggestion; reporting this one as missing would add nothing.
pub(super) fn is_misspelt(table: &[Arg], written: &BlockInput, name: &str) -> bool {
    let idents = written.args.iter().map(|arg| &arg.name).chain(written.blocks.iter().map(|(ident, _)| ident));
    let mut stray = idents.map(|ident| &*ident.text).filter(|word| !table.iter().any(|arg| arg.name == *word));
    stray.any(|word| match without_suffix(table, word) {
        Some(arg) => arg.name == name,
        None => foreign(word).is_none() && closest(word, table.iter().map(|arg| arg.name)) == Some(name),
    })
}

/// True for a nested block of Terraform that no kind has.
pub(crate) fn is_foreign_block(word: &str) -> bool {
    matches!(word, "dynamic" | "lifecycle" | "provisioner" | "connection")
}

/// Hint for a Terraform argument or block that drplan does not have.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    match word {
        "location" => Some(
            "The location follows from the site: set `site = site.…`, or remove it to use the resource group's site.",
        ),
        "dynamic" => {
            Some("Write the block itself with `for_each = …` in it, and use `each.key` and `each.value` inside.")
        }
        "count" => Some("Use `for_each = toset([\"a\", \"b\"])`, so that each instance has a name."),
        "lifecycle" => Some("Set `prevent_destroy = true` or `ignore_changes = [argument, …]` in the block itself."),
        "provider" | "provisioner" | "connection" => Some("drplan does not need it. Remove it."),
        _ if word.strip_suffix("_name") == Some(RESOURCE_GROUP.name) => {
            Some("drplan uses the resource group of the parent. Remove this argument.")
        }
        _ => None,
    }
}

/// The argument that the Terraform provider has under this name. References have no suffix in drplan, so a name from
/// Terraform is not close to any argument.
pub(super) fn without_suffix<'t>(table: &'t [Arg], written: &str) -> Option<&'t Arg> {
    let suffixes = ["_resource_ids", "_resource_id", "_ids", "_id", "_name"];
    suffixes.iter().filter_map(|suffix| written.strip_suffix(suffix)).find_map(|stem| {
        let is = |arg: &&Arg| arg.name == stem || arg.name == format!("{stem}s");
        let refers = |arg: &&Arg| matches!(arg.ty, Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)));
        table.iter().filter(refers).find(is)
    })
}

/// Hint for a link that is a block of its own: `nat_gateway` of a subnet is a `subnet_nat_gateway_association`.
pub(super) fn connecting(kinds: &[&Kind], owner: &str, word: &str) -> Option<String> {
    let word = word.trim_end_matches('s');
    let links = |kind: &&&Kind| {
        let linked = ["_association", "_attachment"].iter().find_map(|end| kind.name.strip_suffix(end));
        linked.is_some_and(|linked| {
            linked.match_indices('_').any(|(at, _)| owner.ends_with(&linked[..at]) && word.ends_with(&linked[at + 1..]))
        })
    };
    let kind = kinds.iter().find(links)?;
    Some(format!("The link is a block of its own: write `{} \"…\" {{ … }}`.", kind.name))
}

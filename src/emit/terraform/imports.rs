//! Import of existing resources: `import` blocks, and the arguments that an import cannot read.

use std::collections::BTreeMap;

use super::names::TerraformEmitter;
use super::naming::ACTIVE;
use super::resource::{BACK, ResourceWriter, THERE};
use crate::address::Address;
use crate::emit::Limitation;
use crate::hcl::ast::HclBlock;
use crate::hcl::quoted;
use crate::kinds::{Arg, TerraformShape, Ty};
use crate::object::ObjectId;
use crate::stack::{Presence, Resource};

/// `import` blocks for the existing resources of a block. Those that are failover-only exist, and are imported, while
/// the failover group is up.
pub(super) fn imports(emitter: &TerraformEmitter<'_>, block: &Address) -> String {
    let all = emitter.instances.get(block).into_iter().flatten().copied();
    let mut out = String::new();
    // By resource of the Terraform provider: the ids by key.
    let mut meanwhile: BTreeMap<String, Vec<(Option<String>, String)>> = BTreeMap::new();
    for resource in all {
        let key = resource.address.key().map(|key| key.into_owned());
        for (to, id) in targets(emitter, block, resource) {
            let id = emitter.id_of(resource, &id);
            match resource.presence {
                Presence::Failover => meanwhile.entry(to).or_default().push((key.clone(), id)),
                Presence::Permanent => {
                    let only = if emitter.is_counted(block) { "[0]" } else { "" };
                    let key = key.as_ref().map_or_else(|| only.to_owned(), |key| format!("[{}]", quoted(key)));
                    out += &format!("import {{\nto = {to}{key}\nid = {id}\n}}\n\n");
                }
            }
        }
    }
    for (to, ids) in meanwhile {
        let is_counted = ids.iter().any(|(key, _)| key.is_none());
        let key = if is_counted { "[0]" } else { "[each.key]" };
        let name = |key: &Option<String>| quoted(key.as_deref().unwrap_or("this"));
        let ids: String = ids.iter().map(|(key, id)| format!("{} = {id}\n", name(key))).collect();
        out += &format!(
            "import {{\nfor_each = var.{ACTIVE} ? {{\n{ids}}} : {{}}\n\nto = {to}{key}\nid = each.value\n}}\n\n"
        );
    }
    out
}

/// The Terraform provider's resources for a resource, without their keys, and the ids by which the Terraform provider
/// imports them.
fn targets(emitter: &TerraformEmitter<'_>, block: &Address, resource: &Resource) -> Vec<(String, String)> {
    let name = emitter.resource(block);
    let terraform = &resource.kind.terraform;
    if !terraform.given_id.is_empty() {
        return Vec::new();
    }
    match (terraform.shape, terraform.imported) {
        (TerraformShape::Resource, None) => vec![(name, resource.id.as_str().to_owned())],
        (TerraformShape::Resource, Some(imported)) => {
            let ids: Vec<&ObjectId> = resource.objects.iter().map(|object| &object.id).collect();
            let ids = imported(&ids, &|name| Some(resource.args.get(name)?.as_str()?.to_owned()));
            // The accompanying resource has a label of its own.
            let beside = terraform.beside.split('"').nth(1);
            let beside = beside.map(|type_| format!("{type_}.{}", emitter.beside(block)));
            [Some(name), beside].into_iter().flatten().zip(ids).collect()
        }
        (TerraformShape::Halves { .. }, _) => {
            let halves = [THERE, BACK].into_iter().zip(&resource.objects);
            halves.map(|(half, object)| (format!("{name}{half}"), object.id.as_str().to_owned())).collect()
        }
        (TerraformShape::Block { .. } | TerraformShape::Folded(_) | TerraformShape::Unsaid(_), _) => Vec::new(),
    }
}

/// Resources that the code does not import, because their provider gave them their ids.
pub(super) fn by_hand(emitter: &TerraformEmitter<'_>) -> Vec<Limitation> {
    let blocks = emitter.instances.keys().filter(|_| emitter.imports);
    let given = blocks.filter_map(|block| {
        let kind = emitter.kind(block).filter(|kind| !kind.terraform.given_id.is_empty())?;
        let (provider, to) = (kind.provider().title, emitter.resource(block));
        let (form, keys) = (kind.terraform.given_id, if block_repeats(emitter, block) { "[…]" } else { "" });
        Some(Limitation {
            what: block.to_string(),
            why: format!("{provider} gave it its id. Import it by hand: `terraform import '{to}{keys}' {form}`"),
        })
    });
    given.collect()
}

fn block_repeats(emitter: &TerraformEmitter<'_>, block: &Address) -> bool {
    emitter.instances.get(block).into_iter().flatten().any(|one| one.address.key().is_some())
}

impl ResourceWriter<'_, '_> {
    /// Arguments that an import cannot read. Without `ignore_changes`, Terraform would write them again or replace the
    /// resource.
    pub(super) fn untold(&self, ignored: &[String]) -> Vec<String> {
        if !self.emitter.imports {
            return Vec::new();
        }
        let arguments = self.merged.attributes.iter().filter_map(|(one, _)| self.kind.arg(&one.name.text));
        let unread = arguments.filter(|arg| arg.write_only).map(|arg| {
            let name = self.of.name_of(arg.name, arg);
            // Without a version in the state, Terraform would write the value again.
            if self.is_written_only(arg) { format!("{name}_wo_version") } else { name }
        });
        let unread = unread.map(|name| name.replace('.', "[0]."));
        let mut within = Vec::new();
        for (at, (block, _)) in self.merged.blocks.iter().enumerate() {
            let Some(arg) = self.kind.arg(&block.ident.text) else { continue };
            let before =
                self.merged.blocks[..at].iter().filter(|(other, _)| other.ident.text == block.ident.text).count();
            within.extend(self.unread_within(arg, block, (arg.name, arg.name, before)));
        }
        let own = self.of.untold.iter().filter(|name| {
            self.of.fixed.iter().any(|(fixed, _)| fixed == *name) || self.merged.attribute(name).is_some()
        });
        let all = unread.chain(within).chain(own.map(|name| (*name).to_owned()));
        let mut out: Vec<String> = Vec::new();
        for name in all {
            if !ignored.contains(&name) && !out.contains(&name) {
                out.push(name);
            }
        }
        out
    }

    /// Arguments within a nested block that an import cannot read: the block where Terraform cannot name a part of it.
    /// `path`: the dotted path; `place`: the block in Terraform; `before`: the number of blocks of this name before it.
    fn unread_within(&self, arg: &Arg, block: &HclBlock, (path, place, before): (&str, &str, usize)) -> Vec<String> {
        let Ty::Block(table) = &arg.ty else { return Vec::new() };
        let element = format!("{place}[{before}]");
        let mut out = Vec::new();
        for attribute in &block.body.attributes {
            let inner = table.args.iter().find(|inner| *inner.name == *attribute.name.text);
            if let Some(inner) = inner.filter(|inner| inner.write_only) {
                let name = self.of.name_of(&format!("{path}.{}", inner.name), inner);
                out.push(format!("{element}.{}", name.rsplit('.').next().unwrap_or(&name)));
            }
        }
        for (at, nested) in block.body.blocks.iter().enumerate() {
            let Some(inner) = table.args.iter().find(|inner| *inner.name == *nested.ident.text) else { continue };
            let before = block.body.blocks[..at].iter().filter(|other| other.ident.text == nested.ident.text).count();
            let path = format!("{path}.{}", inner.name);
            out.extend(self.unread_within(inner, nested, (&path, &format!("{element}.{}", inner.name), before)));
        }
        let repeats = block.body.attribute("for_each").is_some();
        let has_index = !repeats && !self.of.sets.contains(&path);
        if out.is_empty() || has_index { out } else { vec![place.to_owned()] }
    }
}

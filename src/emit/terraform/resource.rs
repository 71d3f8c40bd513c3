//! One block of the stack as a resource of the Terraform provider: name, location, arguments, nested blocks, and
//! `lifecycle`.

use super::accounts;
use super::names::{TerraformEmitter, TerraformScope};
use super::nested::{self, NestedBlock, block};
use super::split;
use crate::address::Address;
use crate::emit::merged::{BlockContent, META, merged, names_each};
use crate::hcl::ast::{Expr, ExprKind, HclBlock};
use crate::hcl::quoted;
use crate::kinds::emit::Lookup;
use crate::kinds::{Arg, Kind, Location, Need, PRESENCE, Place, RESOURCE_GROUP, Terraform, TerraformShape, Ty};
use crate::stack::Resource;
use crate::stack::program::Definition;

/// Suffixes of the labels of two resources of Terraform that are one in the stack.
pub(super) const THERE: &str = "_there";
pub(super) const BACK: &str = "_back";

/// Text of a block; `None` if another resource contains it, or the Terraform provider cannot express it.
pub(super) fn resource(emitter: &TerraformEmitter<'_>, block: &Address, definition: &Definition) -> Option<String> {
    let kind = emitter.kind(block)?;
    let one = ResourceWriter {
        emitter,
        block,
        kind,
        of: &kind.terraform,
        merged: merged(&emitter.stack.program, definition),
        instance: emitter.instances.get(block).and_then(|of| of.first().copied()),
    };
    match kind.terraform.shape {
        TerraformShape::Resource => Some(one.whole()),
        TerraformShape::Halves { of, own, remote, only, name_back } => {
            Some(one.halves(of, (own, remote), only, name_back))
        }
        TerraformShape::Block { .. } | TerraformShape::Folded(_) | TerraformShape::Unsaid(_) => None,
    }
}

/// One block while it is written.
pub(super) struct ResourceWriter<'e, 'a> {
    pub(super) emitter: &'e TerraformEmitter<'a>,
    pub(super) block: &'e Address,
    pub(super) kind: &'static Kind,
    pub(super) of: &'static Terraform,
    pub(super) merged: BlockContent,
    pub(super) instance: Option<&'a Resource>,
}

impl<'e, 'a> ResourceWriter<'e, 'a> {
    pub(super) fn scope(&self) -> TerraformScope<'e, 'a> {
        TerraformScope {
            failover: self.emitter.is_failover(self.block) || self.emitter.is_mixed(self.block),
            instance: self.instance,
            ..TerraformScope::outside(self.emitter)
        }
    }

    fn whole(&self) -> String {
        let mut lines = self.meta();
        lines.extend(self.place());
        lines.extend(self.arguments());
        lines.extend(self.regions());
        lines.extend(self.nested());
        let last = self.lifecycle(&lines);
        lines.extend(last);
        let text = block(&format!("resource {}", self.labels("")), &lines);
        let beside = match self.of.beside {
            "" => String::new(),
            beside => format!("\n{}", self.filled(beside, &lines)),
        };
        text + &beside + &split::written(self, self.of.splits) + &self.data_source()
    }

    /// The name of the resource, as an expression.
    pub(super) fn own_name(&self) -> String {
        let word = self.of.word_of("name");
        let is_name = |one: &str| one == "name" || one == word;
        match self.merged.attributes.iter().find(|(one, mirrored)| is_name(&one.name.text) && !mirrored) {
            Some((name, _)) => self.scope().expr(&name.expr),
            None => quoted(self.instance.map_or(self.block.name(), |one| &one.name)),
        }
    }

    /// True if an argument of the stack has this name in Terraform.
    fn has_argument(&self, name: &str) -> bool {
        self.merged
            .attributes
            .iter()
            .any(|(one, _)| self.kind.arg(&one.name.text).is_some_and(|arg| self.of.name_of(arg.name, arg) == name))
    }

    /// The name of an object that a data source finds, as an expression; `None` where the stack has its id.
    fn looked_up(&self) -> Option<String> {
        let lookup = self.of.lookup?;
        let mut written = self.merged.attributes.iter();
        let (attribute, mirrored) = written.find(|(one, _)| &*one.name.text == lookup.argument)?;
        let name = lookup.argument;
        let value = self.value(self.kind.arg(name)?, &attribute.expr, (name, name, *mirrored), &self.scope());
        (!crate::kinds::emit::literal(&value).is_some_and(lookup.is_id)).then_some(value)
    }

    fn data_source(&self) -> String {
        let Some((lookup, value)) = self.of.lookup.zip(self.looked_up()) else { return String::new() };
        let mut lines = self.meta();
        lines.push(lookup.text.replace("{value}", &value));
        format!("\n{}", block(&format!("data \"{}\" \"{}\"", lookup.source, self.emitter.beside(self.block)), &lines))
    }

    /// The index of an instance of this block within itself.
    pub(super) fn index(&self) -> &'static str {
        match (self.merged.attribute("for_each"), self.emitter.is_failover(self.block)) {
            (Some(_), _) => "[each.key]",
            (None, true) => "[0]",
            (None, false) => "",
        }
    }

    fn labels(&self, more: &str) -> String {
        let name = self.emitter.resource(self.block);
        let (kind, label) = name.split_once('.').unwrap_or((&name, ""));
        format!("\"{kind}\" \"{label}{more}\"")
    }

    /// Name, resource group and location, as far as the Terraform provider needs them.
    fn place(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let scope = self.scope();
        if self.of.named && (self.of.word_of("name") == "name" || !self.has_argument(self.of.word_of("name"))) {
            let name = self.own_name();
            let is_apex = !self.of.apex.is_empty() && name == quoted(self.of.apex);
            lines.push(format!("{} = {}", self.of.word_of("name"), if is_apex { "\"\"" } else { &name }));
        }
        if self.kind.place == Place::Group
            && let Some(group) = self.merged.attribute(RESOURCE_GROUP.name)
        {
            lines.push(format!("resource_group_name = {}", scope.reference(&group.expr, "name")));
        }
        for (name, argument, attribute) in self.of.follows.iter().filter(|(name, ..)| !self.has_argument(name)) {
            let Some(of) = self.merged.attribute(argument) else { continue };
            lines.push(format!("{name} = {}", scope.reference(&of.expr, attribute)));
        }
        let in_group =
            matches!(self.kind.place, Place::Group | Place::Subscription | Place::Root(_) | Place::Beside(..))
                || self.of.located;
        if self.kind.location == Location::Regional && in_group {
            lines.push(format!("{} = {}", self.of.word_of("location"), self.location()));
        }
        let left = self.of.fixed.iter().filter(|(name, _)| self.merged.attribute(name).is_none());
        lines.extend(left.map(|(name, value)| format!("{name} = {value}")));
        lines
    }

    /// Region: that of its resource group if equal, so that it follows a move of the group.
    pub(super) fn location(&self) -> String {
        let own = self.merged.attributes.iter().find(|(one, _)| &*one.name.text == "site").map(|(one, _)| one);
        let group = self.merged.attribute(RESOURCE_GROUP.name);
        match (own, group) {
            (Some(site), _) => self.scope().reference(&site.expr, "location"),
            (None, Some(group)) if self.is_with_group() => self.scope().reference(&group.expr, "location"),
            _ => {
                let site = self.instance.map_or("", |one| &*one.site);
                format!("var.{}", self.emitter.location(site))
            }
        }
    }

    /// True if its resource group is in the stack and in its region.
    fn is_with_group(&self) -> bool {
        self.instance.is_some_and(|one| {
            one.group.is_some()
                && one.location.eq_ignore_ascii_case(&one.metadata_location)
                && self.kind.place == Place::Group
        })
    }

    /// Arguments in their order in the stack; tags include those of the stack.
    fn arguments(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut within = Vec::new();
        for (attribute, mirrored) in &self.merged.attributes {
            let name = &*attribute.name.text;
            let is_placed = name == RESOURCE_GROUP.name && self.kind.place == Place::Group;
            let is_own = self.kind.arg(name).is_some_and(|arg| !matches!(arg.ty, Ty::Site));
            if is_placed
                || name == "tags"
                || name == PRESENCE.name
                || self.of.said.contains(&name)
                || self.kind.arg(name).is_some_and(|arg| matches!(arg.ty, Ty::Backup | Ty::List(Ty::Backup)))
                || !is_own && META.contains(&name)
            {
                continue;
            }
            let Some(arg) = self.kind.arg(name).filter(|arg| arg.name != self.of.body) else { continue };
            let looked_up = self.of.lookup.filter(|lookup| lookup.argument == name && self.looked_up().is_some());
            let value = match looked_up {
                Some(Lookup { source, attribute, .. }) => {
                    format!("data.{source}.{}{}.{attribute}", self.emitter.beside(self.block), self.index())
                }
                None => self.value(arg, &attribute.expr, (name, name, *mirrored), &self.scope()),
            };
            if self.is_written_only(arg) {
                self.emitter.has_write_only.set(true);
                let name = self.of.name_of(name, arg);
                lines.push(format!("{name}_wo = {value}"));
                lines
                    .push("# Terraform keeps no write-only value. Increase the version to set another one.".to_owned());
                lines.push(format!("{name}_wo_version = 1"));
                continue;
            }
            match self.of.name_of(name, arg).split_once('.') {
                Some((block, inner)) => within.push(format!("\n{block} {{\n{inner} = {value}\n}}")),
                None => lines.push(format!("{} = {value}", self.of.name_of(name, arg))),
            }
        }
        lines.extend(self.whole_body());
        lines.extend(self.tags());
        lines.extend(within);
        lines.extend(self.made_blocks());
        lines
    }

    /// True for an argument in its write-only form, which keeps the secret out of Terraform's state.
    pub(super) fn is_written_only(&self, arg: &Arg) -> bool {
        let own = self.emitter.instances.get(self.block).into_iter().flatten();
        let is_set = || own.into_iter().all(|one| one.args.get(arg.name).is_some_and(|value| !value.is_null()));
        self.of.written_only.contains(&arg.name) && is_set()
    }

    fn tags(&self) -> Option<String> {
        let is_optional = matches!(self.kind.arg("tags")?.need, Need::Optional);
        let own = self.merged.attribute("tags").map(|tags| self.scope().expr(&tags.expr));
        if own.is_none() && is_optional {
            return None;
        }
        let (before, after) = self.of.tags.split_once("{tags}").unwrap_or((self.of.tags, ""));
        let name = |text: &str| text.replace("{own_name}", &self.own_name());
        let tags = match (own, self.emitter.has_tags()) {
            (Some(own), true) => format!("merge(local.{}, {own})", self.emitter.tags_name()),
            (Some(own), false) => own,
            (None, true) => format!("local.{}", self.emitter.tags_name()),
            // Of a name in the tags, a resource without others has it alone.
            (None, false) => {
                let alone =
                    after.contains("{own_name}").then(|| name(after.trim_start_matches(", ").trim_end_matches(')')));
                return alone.map(|alone| format!("tags = {alone}"));
            }
        };
        Some(format!("tags = {}{tags}{}", name(before), name(after)))
    }

    /// Value of an argument: its expression, or its known value if the expression has no equivalent.
    /// `place`: the path, with a number for a further block of the same name.
    pub(super) fn value(
        &self,
        arg: &Arg,
        expr: &Expr,
        (path, place, mirrored): (&str, &str, bool),
        scope: &TerraformScope<'_, '_>,
    ) -> String {
        self.note(path);
        if let (true, Ty::Any, ExprKind::Object(entries)) = (arg.secret, arg.ty, &expr.kind) {
            return self.secret_entries(arg, entries, (path, place, mirrored), scope);
        }
        if let Some(shared) = self.shared(arg, expr, (path, place), scope) {
            return shared;
        }
        let loose = mirrored && scope.each.is_none() && names_each(expr) && self.merged.attribute("for_each").is_none();
        let instance = if loose { self.mirrored_instance() } else { None };
        let entry = instance.as_ref().map(|(key, value)| (key.as_str(), value.as_str()));
        let scope = &TerraformScope { entry: entry.or(scope.entry), ..*scope };
        self.plain_value(arg, expr, (path, place), scope)
    }

    /// The value in this block's own text.
    pub(super) fn plain_value(
        &self,
        arg: &Arg,
        expr: &Expr,
        (path, place): (&str, &str),
        scope: &TerraformScope<'_, '_>,
    ) -> String {
        let mut names = 0;
        expr.visit_references(&mut |_, _, _| names += 1);
        if let Some(script) = self.script(arg, expr, (path, place)) {
            return script;
        }
        if arg.secret && names == 0 && !matches!(expr.kind, ExprKind::Null) {
            // A secret in plain text becomes a variable, so that the code does not contain it.
            let owner = self.owner(path);
            let variable = self.emitter.names.secret(&owner, place);
            let form = if arg.is_script() { ", in base64" } else { "" };
            let about = format!("{place} of {owner}{form}: in plain text in the stack, and so not in this code.");
            self.emitter.secrets.borrow_mut().insert(variable.clone(), about);
            return format!("var.{variable}");
        }
        match &arg.ty {
            Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) => {
                scope.reference(expr, self.of.referred(path, arg))
            }
            Ty::Site => scope.reference(expr, "location"),
            Ty::Duration => scope.duration(expr),
            _ => scope.expr(expr),
        }
    }

    /// Records an argument or block that only version 5 of the Terraform provider has.
    fn note(&self, path: &str) {
        if self.of.fifth.contains(&path) {
            let what = format!("{} of {}", path, self.emitter.resource(self.block));
            self.emitter.fifth.borrow_mut().insert(what);
        }
    }

    fn nested(&self) -> Vec<String> {
        let blocks = self.merged.blocks.iter().filter(|(block, _)| !self.of.said.contains(&&*block.ident.text));
        let blocks: Vec<_> = blocks.collect();
        let one = |(at, (block, mirrored)): (usize, &&(HclBlock, bool))| {
            let arg = self.kind.arg(&block.ident.text)?;
            let word = &*block.ident.text;
            let place = numbered(word, blocks[..at].iter().filter(|(other, _)| &*other.ident.text == word).count());
            self.nested_block(arg, block, (word, &place, *mirrored), &self.scope())
        };
        nested::written(blocks.iter().enumerate().filter_map(one).collect(), self.has_objects())
    }

    /// True if the provider has attributes with objects in place of blocks.
    fn has_objects(&self) -> bool {
        let name = self.kind.terraform_provider();
        self.kind.provider().terraform.iter().any(|provider| provider.name == name && provider.objects)
    }

    /// A nested block.
    pub(super) fn nested_block(
        &self,
        arg: &Arg,
        written: &HclBlock,
        (path, place, mirrored): (&str, &str, bool),
        scope: &TerraformScope<'_, '_>,
    ) -> Option<NestedBlock> {
        let word = &*written.ident.text;
        let Ty::Block(table) = &arg.ty else { return None };
        self.note(path);
        let each = written.body.attribute("for_each");
        let turn = each.and_then(|each| scope.first_turn(&each.expr));
        let inside = TerraformScope {
            each: each.map(|_| word).or(scope.each),
            turn: turn.as_ref().or(scope.turn),
            entry: scope.entry.filter(|_| each.is_none()),
            ..*scope
        };
        let mut lines: Vec<String> = Vec::new();
        for attribute in written.body.attributes.iter().filter(|one| &*one.name.text != "for_each") {
            let Some(arg) = table.args.iter().find(|arg| arg.name == &*attribute.name.text) else { continue };
            let (path, place) = (format!("{path}.{}", arg.name), format!("{place}.{}", arg.name));
            let value = self.value(arg, &attribute.expr, (&path, &place, mirrored), &inside);
            let name = self.of.name_of(&path, arg);
            lines.push(format!("{} = {value}", name.rsplit('.').next().unwrap_or(&name)));
        }
        let mut inner = Vec::new();
        for (at, block) in written.body.blocks.iter().enumerate() {
            let Some(arg) = table.args.iter().find(|arg| arg.name == &*block.ident.text) else { continue };
            let before = written.body.blocks[..at].iter().filter(|other| other.ident.text == block.ident.text).count();
            let place = format!("{place}.{}", numbered(arg.name, before));
            let path = format!("{path}.{}", arg.name);
            inner.extend(self.nested_block(arg, block, (&path, &place, mirrored), &inside));
        }
        lines.extend(nested::written(inner, self.has_objects()));
        let each = each.map(|each| scope.expr(&each.expr));
        Some(NestedBlock { word: word.to_owned(), each, lines, is_single: table.max == 1 })
    }

    /// `lifecycle` and `depends_on`: arguments that runs change, protection from deletion, and order.
    fn lifecycle(&self, written: &[String]) -> Vec<String> {
        let mut inner = Vec::new();
        if self.instance.is_some_and(|one| one.prevent_destroy) {
            inner.push("prevent_destroy = true".to_owned());
        }
        let moved = self.emitter.moved(self.block);
        let mut ignored: Vec<String> =
            moved.iter().filter_map(|name| Some(self.of.name_of(name, self.kind.arg(name)?))).collect();
        let others = self.instance.iter().flat_map(|one| &one.ignore_changes);
        let mut others: Vec<String> =
            others.filter_map(|name| Some(self.of.name_of(name, self.kind.arg(name)?))).collect();
        others.retain(|name| !ignored.contains(name));
        ignored.extend(others.iter().cloned());
        for regions in self.emitter.has_regions(self.block) {
            if !ignored.iter().any(|name| name == regions) {
                ignored.push(regions.to_owned());
            }
        }
        let provider = self.kind.provider().title;
        let chosen = self.of.chosen.iter().filter(|name| self.merged.attribute(name).is_none());
        let chosen: Vec<String> =
            chosen.map(|name| (*name).to_owned()).filter(|name| !ignored.contains(name)).collect();
        let untold = self.untold(&ignored);
        let is_moved = |name: &String| !others.contains(name);
        if ignored.iter().any(is_moved) {
            inner.push("# Failover runs change these arguments.".to_owned());
        }
        let sets: Vec<&str> =
            ignored.iter().filter(|name| self.of.sets.contains(&name.as_str())).map(String::as_str).collect();
        if !sets.is_empty() {
            inner.push(format!(
                "# {1} has {0} as a set, of which Terraform can ignore only the whole. To add an element to {0},\n# remove it from this list for that apply, while no failover group is up.",
                sets.join(", "),
                self.kind.terraform_provider()
            ));
        }
        if !others.is_empty() {
            inner.push(format!("# Not managed by this code, as in the stack: {}.", others.join(", ")));
        }
        if !chosen.is_empty() {
            inner.push(format!("# Not configured, so {provider} chooses {}.", chosen.join(", ")));
        }
        if !untold.is_empty() {
            let names: Vec<&str> = untold.iter().map(|name| name.strip_suffix("_wo_version").unwrap_or(name)).collect();
            inner.push(format!("# {provider} does not return {}, so an import cannot read it.", names.join(", ")));
        }
        let left = [ignored, chosen, untold].concat();
        if !left.is_empty() {
            inner.push(format!("ignore_changes = [{}]", left.join(", ")));
        }
        let mut lines = Vec::new();
        if !inner.is_empty() {
            lines.push(format!("\n{}", block("lifecycle", &inner)));
        }
        lines.extend(self.waits(&written.join("\n")));
        lines
    }

    /// Two resources, one in each of the two connected ones.
    fn halves(&self, of: &str, (own, remote): (&str, &str), only: [&str; 2], name_back: &str) -> String {
        let Some(ends) = self.merged.attribute(of) else { return String::new() };
        let scope = self.scope();
        let end = |at: usize, what: &str| match &ends.expr.kind {
            ExprKind::List(items) => items.get(at).map_or_else(|| "null".to_owned(), |one| scope.reference(one, what)),
            _ => format!("({})[{at}].{what}", scope.expr(&ends.expr)),
        };
        let halves = [(THERE, 0, 1, only[1]), (BACK, 1, 0, only[0])];
        let half = |(more, here, there, other): (&str, usize, usize, &str)| {
            // Each half lies in the account of its own end.
            let objects = self.instance.map_or(&[][..], |one| one.objects.as_slice());
            let stack = self.emitter.stack;
            let ends_at = objects.get(here).and_then(|object| accounts::container(stack, &object.id));
            let realm = ends_at.and_then(|end| accounts::realm(stack, end));
            let mut lines = Vec::from_iter(accounts::provider_line(self.kind.terraform_provider(), realm));
            lines.extend(self.repeats());
            // Both halves have the same name, unless the second has one of its own.
            let back = self.merged.attribute(name_back).filter(|_| more == BACK);
            let name = back.or_else(|| self.merged.attribute("name")).map(|name| scope.expr(&name.expr));
            lines.push(format!("name = {}", name.unwrap_or_else(|| quoted(self.block.name()))));
            lines.push(format!("resource_group_name = {}", end(here, "resource_group_name")));
            lines.push(format!("{own} = {}", end(here, "name")));
            lines.push(format!("{remote} = {}", end(there, "id")));
            for (attribute, mirrored) in &self.merged.attributes {
                let name = &*attribute.name.text;
                let said = name == of || name == name_back || name == other;
                let Some(arg) = self.kind.arg(name).filter(|_| !said) else { continue };
                if matches!(arg.ty, Ty::Site) {
                    continue;
                }
                lines.push(format!("{name} = {}", self.value(arg, &attribute.expr, (name, name, *mirrored), &scope)));
            }
            let last = self.lifecycle(&lines);
            lines.extend(last);
            block(&format!("resource {}", self.labels(more)), &lines)
        };
        halves.map(half).join("\n")
    }

    /// An accompanying resource: its template with placeholders filled, and with the same `for_each` or `count`.
    fn filled(&self, text: &str, lines: &[String]) -> String {
        let index = self.index();
        let own = format!("{}{index}", self.emitter.resource(self.block));
        let mut out = text.replace("{label}", self.emitter.beside(self.block)).replace("{self}", &own);
        let meta: String = self.meta().iter().map(|line| format!("{line}\n")).collect();
        out = out.replacen("{\n", &format!("{{\n{meta}"), 1);
        for line in lines {
            if let Some((name, value)) = line.split_once(" = ") {
                out = out.replace(&format!("{{{name}}}"), value);
            }
        }
        out
    }
}

/// The name of a block, with its number after blocks of the same name.
fn numbered(word: &str, before: usize) -> String {
    if before == 0 { word.to_owned() } else { format!("{word}_{}", before + 1) }
}

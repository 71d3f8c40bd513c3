//! Instances of a block, and those of them that exist only while a failover group is up.

use std::collections::BTreeSet;

use super::accounts;
use super::names::TerraformScope;
use super::naming::ACTIVE;
use super::resource::ResourceWriter;
use super::varies::{container, joins};
use crate::address::Address;
use crate::hcl::ast::{Expr, ExprKind, HclAttribute, Root, TraversalStep};
use crate::hcl::quoted;
use crate::hcl::text::{ExprWriter, listed};
use crate::stack::Presence;
use crate::stack::references::named_block;
use crate::value::Value;

/// Condition of a resource that always exists.
const ALWAYS: &str = "true";

impl ResourceWriter<'_, '_> {
    /// `for_each`, or `count` for a failover-only resource.
    pub(super) fn meta(&self) -> Vec<String> {
        let resources = self.emitter.instances.get(self.block).map_or(&[][..], Vec::as_slice);
        let realm = accounts::common_realm(self.emitter.stack, resources);
        let mut lines = Vec::from_iter(accounts::provider_line(self.kind.terraform_provider(), realm));
        lines.extend(self.repeats());
        lines
    }

    /// `for_each` or `count`.
    pub(super) fn repeats(&self) -> Vec<String> {
        let is_failover = self.emitter.is_failover(self.block);
        let Some(each) = self.merged.attribute("for_each") else {
            return match is_failover {
                true => vec![format!("count = {} ? 1 : 0", self.only_condition()), String::new()],
                false => Vec::new(),
            };
        };
        // It is evaluated while failover-only resources are missing, too.
        let scope = TerraformScope { keys: self.emitter.makes_keys(&each.expr), failover: false, ..self.scope() };
        let written = scope.expr(&each.expr);
        let all = scope.value(&ExprWriter::new(&scope), &each.expr);
        let is_set = matches!(all.as_ref().map(|all| all.unmark().0), Some(Value::List(_)));
        let condition = match is_failover {
            true => Some(format!("var.{ACTIVE}")),
            false => self.condition(&each.expr, if is_set { "one" } else { "key" }),
        };
        let line = match (condition, is_set) {
            (None, _) => format!("for_each = {written}"),
            (Some(condition), true) => format!("for_each = toset([for one in {written} : one if {condition}])"),
            (Some(condition), false) => {
                format!("for_each = {{ for key, one in {written} : key => one if {condition} }}")
            }
        };
        vec![line, String::new()]
    }

    /// Condition under which the only resource of a block exists.
    fn only_condition(&self) -> String {
        let always = || format!("var.{ACTIVE}");
        if !self.emitter.is_sometimes(self.block) {
            return always();
        }
        let scope = TerraformScope { failover: false, ..self.scope() };
        if self.kind.place.is_root() {
            return self.merged.attribute("presence").map_or_else(always, |presence| self.presence(presence, &scope));
        }
        if joins(self.kind) {
            let members = self.emitter.members(self.block).into_iter().filter(|one| self.emitter.is_counted(one));
            let exist: BTreeSet<String> = members.map(|one| self.only_exists(&one)).collect();
            return exist.into_iter().collect::<Vec<_>>().join(" && ");
        }
        let above = container(self.kind).and_then(|above| self.merged.attribute(above));
        above.and_then(|above| self.exists(&above.expr, &scope, None)).unwrap_or_else(always)
    }

    /// The condition for a presence that an expression computes.
    fn presence(&self, presence: &HclAttribute, scope: &TerraformScope<'_, '_>) -> String {
        let text = scope.expr(&presence.expr);
        let is_name = matches!(presence.expr.kind, ExprKind::Traversal { .. } | ExprKind::Call { .. });
        let text = if is_name { text } else { format!("({text})") };
        format!("var.{ACTIVE} || {text} != \"failover\"")
    }

    /// Condition under which an instance exists, where only some of them are failover-only. `key`: the name of its key.
    fn condition(&self, each: &Expr, key: &str) -> Option<String> {
        if !self.emitter.is_mixed(self.block) || self.repeats_with(each) {
            return None;
        }
        let entry = TerraformScope { entry: Some((key, "one")), ..self.scope() };
        if self.kind.place.is_root() {
            return Some(self.presence(self.merged.attribute("presence")?, &entry));
        }
        let above = container(self.kind).filter(|_| !joins(self.kind));
        if let Some(above) = above.and_then(|above| self.merged.attribute(above))
            && let Some(exists) = self.exists(&above.expr, &entry, Some(each))
        {
            return (exists != ALWAYS).then_some(exists);
        }
        let own = self.emitter.instances.get(self.block).into_iter().flatten();
        let only = own.filter(|one| one.presence == Presence::Failover).filter_map(|one| one.address.key());
        let only: Vec<String> = only.map(|key| quoted(&key)).collect();
        Some(format!("var.{ACTIVE} || !contains({}, {key})", listed(only)))
    }

    /// Condition under which the resource that an expression names exists; `None` where the expression does not show
    /// it.
    fn exists(&self, expr: &Expr, entry: &TerraformScope<'_, '_>, each: Option<&Expr>) -> Option<String> {
        if let Some(block) = named_block(self.emitter.stack.catalog(), expr) {
            return self.instance_exists(&block, expr, entry);
        }
        match &expr.kind {
            ExprKind::Parens(inner) => self.exists(inner, entry, each),
            ExprKind::String(_) => Some(ALWAYS.to_owned()),
            ExprKind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let (yes, no) = (self.exists(yes, entry, each)?, self.exists(no, entry, each)?);
                let is_name = matches!(condition.kind, ExprKind::Traversal { .. } | ExprKind::Call { .. });
                let text = entry.expr(condition);
                let text = if is_name { text } else { format!("({text})") };
                Some(match (yes.as_str(), no.as_str()) {
                    (yes, no) if yes == no => yes.to_owned(),
                    (ALWAYS, no) => format!("{no} || {text}"),
                    (yes, ALWAYS) => format!("{yes} || !{text}"),
                    (yes, no) => format!("({text} ? {yes} : {no})"),
                })
            }
            ExprKind::Traversal { root: Root::Name(root), steps } => match (&*root.text, steps.as_slice()) {
                ("each", [TraversalStep::Attr(value)]) if &*value.text == "value" => {
                    match named_block(self.emitter.stack.catalog(), each?) {
                        Some(block) => self.key_exists(&block, entry.entry?.0),
                        None => self.one_of(each?, entry.entry?.0, entry, each),
                    }
                }
                ("local", [TraversalStep::Attr(name), TraversalStep::Index(key)]) => {
                    let local = self.emitter.stack.program.locals.get(&name.text)?;
                    self.one_of(&local.attribute.expr, &entry.expr(key), entry, each)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The same for the value with a key in an object.
    fn one_of(&self, all: &Expr, key: &str, entry: &TerraformScope<'_, '_>, each: Option<&Expr>) -> Option<String> {
        let ExprKind::Object(entries) = &all.kind else { return None };
        let exists = |(_, value): &(Expr, Expr)| self.exists(value, entry, each);
        let each_exists: Vec<String> = entries.iter().map(exists).collect::<Option<_>>()?;
        if let Some(first) = each_exists.first().filter(|first| each_exists.iter().all(|one| one == *first)) {
            return Some(first.clone());
        }
        let name = |key: &Expr| match &key.kind {
            ExprKind::String(text) => quoted(text),
            _ => format!("({})", entry.expr(key)),
        };
        let pairs = entries.iter().zip(&each_exists).map(|((key, _), exists)| format!("{} = {exists}", name(key)));
        Some(format!("{{ {} }}[{key}]", pairs.collect::<Vec<_>>().join(", ")))
    }

    /// The same for a resource by its own name.
    fn instance_exists(&self, block: &Address, expr: &Expr, entry: &TerraformScope<'_, '_>) -> Option<String> {
        let ExprKind::Traversal { steps, .. } = &expr.kind else { return None };
        match steps.get(1) {
            Some(TraversalStep::Index(key)) => self.key_exists(block, &entry.expr(key)),
            _ if self.emitter.is_counted(block) => Some(self.only_exists(block)),
            _ if self.emitter.is_mixed(block) || self.emitter.is_failover(block) => None,
            _ => Some(ALWAYS.to_owned()),
        }
    }

    /// Condition under which the only resource of a block exists, as another block sees it.
    fn only_exists(&self, block: &Address) -> String {
        match self.emitter.is_sometimes(block) {
            true => format!("length({}) > 0", self.emitter.resource(block)),
            false => format!("var.{ACTIVE}"),
        }
    }

    /// The same for an instance of a block: Terraform knows its keys beforehand.
    fn key_exists(&self, block: &Address, key: &str) -> Option<String> {
        Some(match self.emitter.is_mixed(block) || self.emitter.is_failover(block) {
            true => format!("contains(keys({}), {key})", self.emitter.resource(block)),
            false => ALWAYS.to_owned(),
        })
    }

    /// True if `for_each` is the instances of another block, each of which exists when its own does.
    fn repeats_with(&self, each: &Expr) -> bool {
        let ExprKind::Traversal { root: Root::Name(root), steps } = &each.kind else { return false };
        let is_block = self.emitter.stack.catalog().kind(&root.text).is_some()
            && matches!(steps.as_slice(), [TraversalStep::Attr(_)]);
        let mut own = self.emitter.instances.get(self.block).into_iter().flatten();
        is_block
            && own.all(|one| {
                let of = one.each.as_ref().and_then(|each| match &each.value {
                    Value::Block(address) => self.emitter.stack.resources.get(address),
                    _ => None,
                });
                of.is_some_and(|of| of.presence == one.presence)
            })
    }
}

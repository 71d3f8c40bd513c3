//! Instances of a block, and those of them that exist only while a failover group is up.

use super::names::TerraformScope;
use super::naming::ACTIVE;
use super::resource::ResourceWriter;
use crate::address::Address;
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::hcl::quoted;
use crate::hcl::text::listed;
use crate::kinds::{self, Place, RESOURCE_GROUP};
use crate::stack::Presence;
use crate::value::Value;

impl ResourceWriter<'_, '_> {
    /// `for_each`, or `count` for a failover-only resource.
    pub(super) fn meta(&self) -> Vec<String> {
        let is_failover = self.emitter.is_failover(self.block);
        let Some(each) = self.merged.attribute("for_each") else {
            return match is_failover {
                true => vec![format!("count = var.{ACTIVE} ? 1 : 0"), String::new()],
                false => Vec::new(),
            };
        };
        // It is evaluated while failover-only resources are missing, too.
        let scope = TerraformScope { keys: self.emitter.makes_keys(&each.expr), failover: false, ..self.scope() };
        let written = scope.expr(&each.expr);
        let own = self.emitter.instances.get(self.block).into_iter().flatten();
        let mut turns = own.filter_map(|one| one.each.as_ref()).peekable();
        let is_set = turns.peek().is_some() && turns.all(|each| each.key == each.value);
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

    /// Condition under which an instance exists, where only some of them are failover-only. `key`: the name of its key.
    fn condition(&self, each: &Expr, key: &str) -> Option<String> {
        if !self.emitter.is_mixed(self.block) || self.repeats_with(each) {
            return None;
        }
        let entry = TerraformScope { entry: Some((key, "one")), ..self.scope() };
        if self.kind.place == Place::Subscription {
            let presence = self.merged.attribute("presence")?;
            let text = entry.expr(&presence.expr);
            let is_name = matches!(presence.expr.kind, ExprKind::Traversal { .. } | ExprKind::Call { .. });
            let text = if is_name { text } else { format!("({text})") };
            return Some(format!("var.{ACTIVE} || {text} != \"failover\""));
        }
        let above = match self.kind.place {
            Place::Group => Some(RESOURCE_GROUP.name),
            Place::Child(above, _) | Place::Extension(above) | Place::Property(above) | Place::Part(above, ..) => {
                Some(above)
            }
            Place::Subscription | Place::Member(_) => None,
        };
        let above = above.filter(|_| !self.kind.link && self.kind.recovery.joins.is_none());
        if let Some(above) = above.and_then(|above| self.merged.attribute(above))
            && let ExprKind::Traversal { root: Root::Name(root), steps } = &above.expr.kind
            && kinds::find(&root.text).is_some()
            && let [TraversalStep::Attr(label), TraversalStep::Index(index)] = steps.as_slice()
        {
            // It exists with the resource that contains it, whose keys Terraform knows beforehand.
            let above = self.emitter.resource(&Address::new(&root.text, &label.text));
            return Some(format!("contains(keys({above}), {})", entry.expr(index)));
        }
        let own = self.emitter.instances.get(self.block).into_iter().flatten();
        let only = own.filter(|one| one.presence == Presence::Failover).filter_map(|one| one.address.key());
        let only: Vec<String> = only.map(|key| quoted(&key)).collect();
        Some(format!("var.{ACTIVE} || !contains({}, {key})", listed(only)))
    }

    /// True if `for_each` is the instances of another block, each of which exists when its own does.
    fn repeats_with(&self, each: &Expr) -> bool {
        let ExprKind::Traversal { root: Root::Name(root), steps } = &each.kind else { return false };
        let is_block = kinds::find(&root.text).is_some() && matches!(steps.as_slice(), [TraversalStep::Attr(_)]);
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

//! What a resource waits for without naming it: what its block says with `depends_on`, and what drplan itself puts first, which Terraform must be told.
//!
//! A load balancer's rule comes before the scale set that its probe watches, and a lock after all that it guards, so that it goes before.

use std::collections::BTreeSet;

use super::resource::{BACK, THERE, Writing};
use crate::address::{Address, ArmId};
use crate::emit::Unsaid;
use crate::hcl::ast::Step;
use crate::hcl::text::listed;
use crate::kinds::Shape;
use crate::stack::Resource;

impl Writing<'_, '_> {
    /// The line that says it, where there is anything to say that is not in what is already written.
    pub(super) fn waits(&self, written: &str) -> Option<String> {
        let mut names = self.asked();
        for block in self.implied() {
            for name in self.names_of(&block).unwrap_or_default() {
                if !names.contains(&name) && !is_named(written, &name) {
                    names.push(name);
                }
            }
        }
        (!names.is_empty()).then(|| format!("\ndepends_on = {}", listed(names)))
    }

    /// What the block itself says.
    fn asked(&self) -> Vec<String> {
        let mut names = Vec::new();
        let said = self.merged.attributes.iter().find(|(one, mirrored)| &*one.name.text == "depends_on" && !mirrored);
        let Some((after, _)) = said else { return names };
        after.expr.visit_references(&mut |name, steps, _| {
            let Some(Step::Attr(label)) = steps.first() else { return };
            let block = Address::new(&name.text, &label.text);
            match self.names_of(&block) {
                Some(found) => names.extend(found),
                None => self.emitter.lost.borrow_mut().push(Unsaid {
                    what: format!("{}: depends_on {block}", self.block),
                    why: "that is no resource of its own in azurerm; wait for what it is part of".to_owned(),
                }),
            }
        });
        names
    }

    /// What a block is called in azurerm; `None` where it is no resource of its own.
    fn names_of(&self, block: &Address) -> Option<Vec<String>> {
        let name = self.emitter.resource(block);
        match self.emitter.kind(block).map(|kind| kind.terraform.shape)? {
            Shape::Resource => Some(vec![name]),
            Shape::Halves { .. } => Some([THERE, BACK].map(|more| format!("{name}{more}")).to_vec()),
            Shape::Block { .. } | Shape::Folded(_) | Shape::Unsaid(_) => None,
        }
    }

    /// The blocks that come first although nothing names them, in the order of their names.
    fn implied(&self) -> BTreeSet<Address> {
        let own: Vec<&Resource> = self.emitter.instances.get(self.block).into_iter().flatten().copied().collect();
        let mut first: BTreeSet<Address> = own
            .iter()
            .flat_map(|one| one.needs.iter().filter(|need| !one.uses.contains(need)))
            .map(Address::block)
            .collect();
        if self.kind.guards {
            let scopes: Vec<ArmId> = own.iter().filter_map(|one| one.id.scope()).collect();
            let guarded = |other: &Resource| {
                !other.kind.guards
                    && other.objects.iter().any(|object| scopes.iter().any(|scope| scope.contains(&object.id)))
            };
            let all = self.emitter.stack.resources.values().filter(|other| guarded(other));
            first.extend(all.map(|other| other.address.block()));
        }
        let named = self.named();
        first.retain(|block| block != self.block && !named.contains(block) && !self.is_behind(block));
        first
    }

    /// The blocks that the text of this one names, itself or through locals.
    fn named(&self) -> BTreeSet<Address> {
        let program = &self.emitter.stack.program;
        let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<_> =
            program.definitions.get(self.block).into_iter().flat_map(|of| of.references.iter()).collect();
        while let Some((root, name)) = open.pop() {
            if &**root != "local" {
                named.insert(Address::new(root, name));
            } else if seen.insert(name) {
                open.extend(program.locals.get(name).into_iter().flat_map(|local| local.references.iter()));
            }
        }
        named
    }

    /// Whether a block waits for this one, directly or through others.
    fn is_behind(&self, block: &Address) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![block.clone()]);
        while let Some(at) = open.pop() {
            if at == *self.block {
                return true;
            }
            let needs = self.emitter.instances.get(&at).into_iter().flatten().flat_map(|one| &one.needs);
            let needs: Vec<Address> = needs.map(Address::block).collect();
            if seen.insert(at) {
                open.extend(needs);
            }
        }
        false
    }
}

/// Whether a text names a resource, rather than one whose name begins with its.
fn is_named(text: &str, name: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| !text.get(at + name.len()..).is_some_and(|rest| rest.starts_with(goes_on)))
}

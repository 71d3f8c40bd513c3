//! Dependencies without a reference: those in `depends_on` of the block, and orders that drplan implies, which
//! Terraform needs explicitly.
//!
//! A load balancer's rule is created before the scale set that its probe watches, and a lock after all resources that
//! it guards, so that it is deleted first.

use std::collections::BTreeSet;

use super::resource::{BACK, ResourceWriter, THERE};
use crate::address::Address;
use crate::emit::Limitation;
use crate::emit::merged::mirrored;
use crate::hcl::ast::TraversalStep;
use crate::hcl::text::listed;
use crate::kinds::TerraformShape;
use crate::object::ObjectId;
use crate::stack::Resource;

impl ResourceWriter<'_, '_> {
    /// The `depends_on` line, if a dependency is not yet a reference.
    pub(super) fn waits(&self, written: &str) -> Option<String> {
        let mut names = self.explicit();
        let explicit = names.len();
        for block in self.implied() {
            for name in self.names_of(&block).unwrap_or_default() {
                if !names.contains(&name) && !is_named(written, &name) {
                    names.push(name);
                }
            }
        }
        let why = match (explicit, names.len()) {
            (_, 0) => return None,
            (_, all) if all == explicit => "The stack orders these.",
            _ if self.kind.guards => "Terraform deletes this lock before the resources that it guards.",
            _ => &format!("{} needs these first, and no reference says so.", self.kind.provider().title),
        };
        Some(format!("\n# {why}\ndepends_on = {}", listed(names)))
    }

    /// Dependencies in the block itself.
    fn explicit(&self) -> Vec<String> {
        let mut names = Vec::new();
        let written =
            self.merged.attributes.iter().find(|(one, mirrored)| &*one.name.text == "depends_on" && !mirrored);
        let Some((after, _)) = written else { return names };
        after.expr.visit_references(&mut |name, steps, _| {
            let Some(TraversalStep::Attr(label)) = steps.first() else { return };
            let block = Address::new(&name.text, &label.text);
            match self.names_of(&block) {
                Some(found) => names.extend(found),
                None => self.emitter.lost.borrow_mut().push(Limitation {
                    what: format!("{}: depends_on {block}", self.block),
                    why: format!(
                        "{} has no resource for it; depend on the resource that contains it",
                        self.kind.terraform_provider()
                    ),
                }),
            }
        });
        names
    }

    /// Names of a block in the Terraform provider; `None` if it has no resource of its own.
    fn names_of(&self, block: &Address) -> Option<Vec<String>> {
        let name = self.emitter.resource(block);
        match self.emitter.kind(block).map(|kind| kind.terraform.shape)? {
            TerraformShape::Resource => Some(vec![name]),
            TerraformShape::Halves { .. } => Some([THERE, BACK].map(|more| format!("{name}{more}")).to_vec()),
            TerraformShape::Block { .. } | TerraformShape::Folded(_) | TerraformShape::Unsaid(_) => None,
        }
    }

    /// Blocks that come first without a reference, in the order of their names.
    fn implied(&self) -> BTreeSet<Address> {
        let own: Vec<&Resource> = self.emitter.instances.get(self.block).into_iter().flatten().copied().collect();
        let mut first: BTreeSet<Address> = own
            .iter()
            .flat_map(|one| one.needs.iter().filter(|need| !one.uses.contains(need)))
            .map(Address::block)
            .collect();
        if self.kind.guards {
            let scopes: Vec<ObjectId> = own.iter().filter_map(|one| one.scope()).collect();
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

    /// Blocks that the text of this one refers to, directly or through locals.
    fn named(&self) -> BTreeSet<Address> {
        let program = &self.emitter.stack.program;
        let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let own = program.definitions.get(self.block);
        let mirrored = own.into_iter().flat_map(|own| mirrored(program, own)).map(|(_, definition)| definition);
        let blocks = own.into_iter().chain(mirrored);
        let mut open: Vec<_> = blocks.flat_map(|of| of.references.iter()).collect();
        while let Some((root, name)) = open.pop() {
            if &**root != "local" {
                named.insert(Address::new(root, name));
            } else if seen.insert(name) {
                open.extend(program.locals.get(name).into_iter().flat_map(|local| local.references.iter()));
            }
        }
        named
    }

    /// True if a block depends on this one, directly or through others.
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

/// True if a text refers to a resource, not to one whose name begins with the same letters.
fn is_named(text: &str, name: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(name).any(|(at, _)| !text.get(at + name.len()..).is_some_and(|rest| rest.starts_with(continues)))
}

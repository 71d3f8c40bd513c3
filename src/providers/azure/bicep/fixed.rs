//! Values that are written as they are now although they follow an input. Other values of the input need code of their
//! own, so the README lists them.

use std::collections::BTreeSet;

use super::code::{Code, FileInput};
use super::emitter::{BicepEmitter, Form};
use crate::address::Address;
use crate::emit::Limitation;
use crate::hcl::ast::{Expr, TraversalStep};

/// Arguments of a failover group with the resources that exist, or change, during a failover.
const MEMBERS: &[&str] = &["stand_up", "promote", "quiesce", "fence"];

impl BicepEmitter<'_> {
    /// Lists that a value is written as it is now, if it follows from an input.
    pub fn fixes(&self, expr: &Expr, what: &str) {
        let mut inputs = BTreeSet::new();
        self.inputs_of(expr, &mut BTreeSet::new(), &mut inputs);
        self.tell(inputs, what);
    }

    /// The same for a value whose code a kind cannot read.
    pub fn fixes_code(&self, code: &Code, what: &str) {
        let mut inputs = BTreeSet::new();
        code.visit(&mut |part| match part {
            Code::Input(FileInput::Variable(name)) => drop(inputs.insert(format!("var.{name}"))),
            Code::Input(FileInput::Site(name)) => drop(inputs.insert(format!("site.{name}"))),
            Code::Input(FileInput::Local(name)) => {
                if let Some(local) = self.stack.program.locals.get(&**name) {
                    self.inputs_of(&local.attribute.expr, &mut BTreeSet::new(), &mut inputs);
                }
            }
            _ => {}
        });
        self.tell(inputs, what);
    }

    /// Lists the instances, containers and presence of blocks, and the members of failover groups, that follow an
    /// input, once all loops are known.
    pub fn fixes_structure(&self) {
        for (block, definition) in &self.stack.program.definitions {
            let body = &definition.block.body;
            if let Some(each) = body.attribute("for_each")
                && !self.follows(block)
            {
                self.fixes(&each.expr, &format!("{block}: for_each"));
            }
            for name in definition.kind.place.argument().into_iter().chain(["presence"]) {
                if let Some(argument) = body.attribute(name) {
                    self.fixes(&argument.expr, &format!("{block}: {name}"));
                }
            }
        }
        for (name, block) in &self.stack.program.failover_groups {
            for member in MEMBERS {
                if let Some(argument) = block.body.attribute(member) {
                    self.fixes(&argument.expr, &format!("failover_group.{name}: {member}"));
                }
            }
        }
    }

    /// True if the instances of a block are a loop over what its collection is made of.
    fn follows(&self, block: &Address) -> bool {
        let of = self.of_block(block);
        let loops = self.loops.borrow();
        of.and_then(|of| loops.get(of)).is_some_and(|one| one.form != Form::Rows && !one.collection.is_constant())
    }

    fn tell(&self, inputs: BTreeSet<String>, what: &str) {
        let inputs: Vec<String> = inputs.into_iter().map(|name| format!("`{name}`")).collect();
        if !inputs.is_empty() {
            self.lose(Limitation {
                what: what.to_owned(),
                why: format!(
                    "Bicep cannot express its computation; its value is written as it is now, and does not follow {}",
                    inputs.join(", ")
                ),
            });
        }
    }

    /// The variables and sites that an expression depends on, also through locals and arguments of resources.
    fn inputs_of(&self, expr: &Expr, seen: &mut BTreeSet<String>, into: &mut BTreeSet<String>) {
        expr.visit_references(&mut |root, steps, _| {
            let Some(TraversalStep::Attr(label)) = steps.first() else { return };
            match (&*root.text, self.stack.program.locals.get(&label.text)) {
                ("var" | "site", _) => drop(into.insert(format!("{}.{}", root.text, label.text))),
                ("local", Some(local)) if seen.insert(label.text.to_string()) => {
                    self.inputs_of(&local.attribute.expr, seen, into);
                }
                (kind, _) if self.stack.catalog().kind(kind).is_some() => {
                    let argument = steps.iter().skip(1).find_map(|step| match step {
                        TraversalStep::Attr(argument) => Some(&argument.text),
                        _ => None,
                    });
                    let block = Address::new(kind, &label.text);
                    let definition = self.stack.program.definitions.get(&block);
                    let written = definition.zip(argument).and_then(|(of, name)| of.block.body.attribute(name));
                    if let (Some(written), Some(name)) = (written, argument)
                        && seen.insert(format!("{block}.{name}"))
                    {
                        self.inputs_of(&written.expr, seen, into);
                    }
                }
                _ => {}
            }
        });
    }
}

//! Arguments that a block and those that mirror it share: written once, as a local with the name of the block.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use super::names::{TerraformEmitter, TerraformScope};
use super::resource::ResourceWriter;
use crate::address::Address;
use crate::emit::merged::{META, mirrored, names_each};
use crate::hcl::ast::{Expr, ExprKind, Root};
use crate::kinds::Arg;
use crate::stack::Stack;
use crate::stack::program::Definition;

/// The shared arguments of one block.
#[derive(Default)]
pub(super) struct Recipe {
    /// Texts by path, with a number for a further block of the same name.
    arguments: BTreeMap<String, String>,
    /// Resources of the Terraform provider that read them.
    users: BTreeSet<String>,
}

impl TerraformEmitter<'_> {
    /// The blocks that have arguments from a block, by that block.
    pub(super) fn mirroring(stack: &Stack) -> HashMap<Address, Vec<Address>> {
        let mut all: HashMap<Address, Vec<Address>> = HashMap::new();
        for (block, definition) in &stack.program.definitions {
            for (of, _) in mirrored(&stack.program, definition) {
                all.entry(of).or_default().push(block.clone());
            }
        }
        all
    }

    /// The block that declares an argument of a block: itself, or one that it mirrors.
    fn declaring(&self, block: &Address, name: &str) -> Option<Address> {
        let program = &self.stack.program;
        let definition = program.definitions.get(block)?;
        let declares = |one: &Definition| {
            let body = &one.block.body;
            body.attribute(name).is_some() || body.blocks(name).next().is_some()
        };
        if declares(definition) {
            return Some(block.clone());
        }
        mirrored(program, definition).into_iter().find(|(_, one)| declares(one)).map(|(address, _)| address)
    }

    /// True if another block has this argument from this block.
    fn is_inherited(&self, block: &Address, name: &str) -> bool {
        let others = self.mirroring.get(block).into_iter().flatten();
        others.into_iter().any(|other| self.declaring(other, name).as_ref() == Some(block))
    }

    /// The locals with shared arguments.
    pub(super) fn recipes(&self) -> Vec<String> {
        let all = self.recipes.borrow();
        let one = |(block, recipe): (&Address, &Recipe)| {
            let users = recipe.users.iter().cloned().collect::<Vec<_>>().join(", ");
            format!("\n# Shared by {users}.\n{} = {}", self.names.recipe(block), object(&recipe.arguments))
        };
        all.iter().map(one).collect()
    }
}

impl ResourceWriter<'_, '_> {
    /// The block whose argument this is: that of the recipe if it is mirrored.
    pub(super) fn owner(&self, path: &str) -> Address {
        let name = path.split('.').next().unwrap_or(path);
        self.emitter.declaring(self.block, name).unwrap_or_else(|| self.block.clone())
    }

    /// An argument that several blocks share, as a part of their local. `None` if it is of this block alone, differs by
    /// instance, or is a variable or a local already.
    pub(super) fn shared(
        &self,
        arg: &Arg,
        expr: &Expr,
        (path, place): (&str, &str),
        scope: &TerraformScope<'_, '_>,
    ) -> Option<String> {
        let name = path.split('.').next().unwrap_or(path);
        let owner = self.owner(path);
        let is_shared = owner != *self.block || self.emitter.is_inherited(self.block, name);
        if !is_shared || scope.each.is_some() || names_each(expr) || META.contains(&name) || is_name(expr) {
            return None;
        }
        let outside = TerraformScope { instance: self.instance, ..TerraformScope::outside(self.emitter) };
        let text = self.plain_value(arg, expr, (path, place), &outside);
        if text.starts_with("var.") {
            return Some(text);
        }
        let mut recipes = self.emitter.recipes.borrow_mut();
        let recipe = recipes.entry(owner.clone()).or_default();
        recipe.arguments.insert(place.to_owned(), text);
        recipe.users.insert(self.emitter.resource(self.block));
        Some(format!("local.{}.{place}", self.emitter.names.recipe(&owner)))
    }
}

/// True for a variable, a local or nothing, which stay as they are.
fn is_name(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(root), .. } => matches!(&*root.text, "var" | "local"),
        ExprKind::Null => true,
        _ => false,
    }
}

/// An object of texts by dotted path.
fn object(texts: &BTreeMap<String, String>) -> String {
    let mut own: Vec<(&str, &str)> = Vec::new();
    let mut inner: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (path, text) in texts {
        match path.split_once('.') {
            None => own.push((path, text)),
            Some((first, rest)) => drop(inner.entry(first).or_default().insert(rest.to_owned(), text.clone())),
        }
    }
    let mut out = "{\n".to_owned();
    for (name, text) in own {
        let _ = writeln!(out, "{name} = {text}");
    }
    for (name, texts) in inner {
        let _ = writeln!(out, "{name} = {}", object(&texts));
    }
    out + "}"
}

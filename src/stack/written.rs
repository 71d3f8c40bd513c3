//! What a block says: its expressions evaluated, nested blocks repeated, and behind its own arguments those of the block it mirrors.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl;
use crate::hcl::ast::{self, Attribute, Body, Expr};
use crate::kinds::decode::{Written, WrittenArg};
use crate::kinds::with_article;
use crate::stack::place;
use crate::stack::program::Definition;
use crate::stack::scope::{BlockScope, Each, Facts};
use crate::value::Value;

/// How many blocks may mirror one another in a row.
const MAX_MIRRORS: usize = 32;

/// Arguments that are not evaluated as the others are.
const APART: &[&str] = &["mirrors", "for_each", "depends_on"];

/// A block as it is written, with what each argument or nested block names.
#[derive(Default)]
pub(super) struct Block {
    pub(super) written: Written,
    pub(super) touched: HashMap<Arc<str>, BTreeSet<Address>>,
}

/// What a block has: its own arguments, and behind them those of the block it mirrors. `None` where what it mirrors is wrong.
pub(super) fn written(definition: &Definition, scope: &BlockScope<'_>, found: &mut Diagnostics) -> Option<Block> {
    let body = &definition.block.body;
    let mut block = evaluate_body(body, scope, APART, definition.block.header, found);
    let mut mirrors = body.attribute("mirrors").map(|mirrors| (mirrors, scope.each.clone()));
    let mut steps = 0;
    while let Some((attribute, each)) = mirrors.take() {
        let scope = BlockScope::new(scope.facts, each);
        let target = mirrored(attribute, definition, &scope, found)?;
        steps += 1;
        if steps > MAX_MIRRORS {
            found.push(
                Diagnostic::error(
                    "wrong-mirror",
                    format!("more than {MAX_MIRRORS} blocks mirror one another in a row"),
                )
                .at(attribute.expr.span)
                .help("Let them mirror the first of them."),
            );
            return None;
        }
        // Where the mirrored block is wrong, it has been told of at its own place.
        let other = scope.facts.program.definitions.get(&target.block())?;
        let each = each_now(other, scope.facts.resources.get(&target)?.each.as_ref(), scope.facts);
        let inner = BlockScope::new(scope.facts, each.clone());
        let body = &other.block.body;
        inherit(
            &mut block,
            evaluate_body(body, &inner, APART, other.block.header, &mut Diagnostics::new()),
            definition,
        );
        mirrors = body.attribute("mirrors").map(|mirrors| (mirrors, each));
    }
    Some(block)
}

/// The resource that a block mirrors.
fn mirrored(
    mirrors: &Attribute,
    definition: &Definition,
    scope: &BlockScope<'_>,
    found: &mut Diagnostics,
) -> Option<Address> {
    let kind = definition.kind.name;
    let problem = match hcl::evaluate(&mirrors.expr, scope) {
        Ok(Value::Block(target)) if target.kind() == kind => return Some(target),
        Ok(Value::Block(target)) => {
            Diagnostic::error("wrong-mirror", format!("`{target}` is not {}", with_article(kind)))
                .help("A resource mirrors one of its own kind.")
        }
        Ok(value) if value.told_within() => return None,
        Ok(Value::Map(instances)) if instances.values().any(|one| matches!(one, Value::Block(_))) => {
            let key = instances.keys().next().map_or("…", |key| &**key);
            Diagnostic::error("wrong-mirror", "this is several resources, and a resource mirrors one").help(format!(
                "Say which one, as in `[\"{key}\"]`, or `[each.key]` where this block has the same `for_each`."
            ))
        }
        Ok(_) => Diagnostic::error("wrong-mirror", format!("`mirrors` takes {}", with_article(kind)))
            .help(format!("Write `mirrors = {kind}.…`, without an attribute after it.")),
        Err(problems) => {
            found.extend(problems);
            return None;
        }
    };
    found.push(problem.at(mirrors.expr.span));
    None
}

/// Adds every argument and nested block that is not written, from the one that is mirrored.
fn inherit(own: &mut Block, from: Block, definition: &Definition) {
    let own_place = place::argument(definition.kind).is_some_and(|argument| has(own, argument));
    let Block { written: Written { args, blocks, header: _ }, mut touched } = from;
    let names = args.iter().map(|arg| &arg.name.text).chain(blocks.iter().map(|(ident, _)| &ident.text));
    let keep: BTreeSet<Arc<str>> = names
        .filter(|name| match &***name {
            // Whether something may be deleted is said of each by itself.
            "prevent_destroy" => false,
            // It follows from the place that is written.
            "site" if own_place => false,
            name => !has(own, name),
        })
        .cloned()
        .collect();
    own.written.args.extend(args.into_iter().filter(|arg| keep.contains(&arg.name.text)));
    own.written.blocks.extend(blocks.into_iter().filter(|(ident, _)| keep.contains(&ident.text)));
    for name in keep.into_iter().chain(["for_each".into()]) {
        let of_name = touched.remove(&name).unwrap_or_default();
        own.touched.entry(name).or_default().extend(of_name);
    }
}

fn has(block: &Block, name: &str) -> bool {
    block.written.args.iter().any(|arg| &*arg.name.text == name)
        || block.written.blocks.iter().any(|(ident, _)| &*ident.text == name)
}

fn evaluate_body(body: &Body, scope: &BlockScope<'_>, skip: &[&str], header: Span, found: &mut Diagnostics) -> Block {
    let mut out = Block { written: Written { header, ..Written::default() }, touched: HashMap::new() };
    if let Some(each) = &scope.each {
        out.touched.insert("for_each".into(), (*each.needs).clone());
    }
    for attribute in body.attributes.iter().filter(|attribute| !skip.contains(&&*attribute.name.text)) {
        let value = hcl::evaluate(&attribute.expr, scope).unwrap_or_else(|problems| {
            found.extend(problems);
            Value::told()
        });
        out.touched.entry(Arc::clone(&attribute.name.text)).or_default().extend(scope.take_touched());
        out.written.args.push(WrittenArg { name: attribute.name.clone(), value, span: attribute.expr.span });
    }
    for block in &body.blocks {
        if let Some(label) = block.labels.first() {
            let word = &block.ident.text;
            found.push(
                Diagnostic::error("wrong-labels", format!("the block `{word}` takes no label"))
                    .at(label.span)
                    .help(format!("Write `{word} {{ … }}`; what it is called goes into an argument.")),
            );
        }
        let name = &block.ident.text;
        match nested(block, scope, found) {
            Some(blocks) => out.written.blocks.extend(blocks.into_iter().map(|written| (block.ident.clone(), written))),
            None => out.written.args.push(WrittenArg {
                name: block.ident.clone(),
                value: Value::told(),
                span: block.header,
            }),
        }
        out.touched.entry(Arc::clone(name)).or_default().extend(scope.take_touched());
    }
    out
}

/// A nested block, once, or once for each key of its own `for_each`. `None` where it cannot be known how many there are.
fn nested(block: &ast::Block, scope: &BlockScope<'_>, found: &mut Diagnostics) -> Option<Vec<Written>> {
    let inner = |scope: &BlockScope<'_>, found: &mut Diagnostics| {
        let Block { written, touched } = evaluate_body(&block.body, scope, &["for_each"], block.header, found);
        scope.touched.borrow_mut().extend(touched.into_values().flatten());
        written
    };
    let Some(attribute) = block.body.attribute("for_each") else { return Some(vec![inner(scope, found)]) };
    let entries = for_each(&attribute.expr, scope, found)?;
    let blocks = entries.into_iter().map(|(key, value)| {
        let each = BlockScope::new(scope.facts, Some(Each { key: Value::String(key), value, needs: Arc::default() }));
        let written = inner(&each, found);
        scope.touched.borrow_mut().extend(each.take_touched());
        written
    });
    Some(blocks.collect())
}

/// What `each` is by now: of what was unknown when the instances were made, more may be known.
pub(super) fn each_now(definition: &Definition, each: Option<&Each>, facts: &Facts<'_>) -> Option<Each> {
    let each = each?;
    let now = || {
        let attribute = definition.block.body.attribute("for_each")?;
        let entries = for_each(&attribute.expr, &BlockScope::new(facts, None), &mut Diagnostics::new())?;
        entries.into_iter().map(|(key, value)| (Value::String(key), value)).find(|(key, _)| *key == each.key)
    };
    // In a drill what it names is the copies.
    let known = each.value.unknown_within().is_none() && facts.copies.is_none();
    Some(match if known { None } else { now() } {
        Some((key, value)) => Each { key, value, needs: Arc::clone(&each.needs) },
        None => each.clone(),
    })
}

/// Keys and values of a `for_each`. `None` where they cannot be known, which has been told of.
pub(super) fn for_each(expr: &Expr, scope: &BlockScope<'_>, found: &mut Diagnostics) -> Option<Vec<(Arc<str>, Value)>> {
    let value = hcl::evaluate(expr, scope).map_err(|problems| found.extend(problems)).ok()?;
    if let Value::Map(map) = &value {
        return Some(map.iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect());
    }
    if value.told_within() {
        return None;
    }
    match entries(&value) {
        Ok(entries) => Some(entries),
        Err(problem) => {
            found.push(problem.at(expr.span));
            None
        }
    }
}

fn entries(value: &Value) -> Result<Vec<(Arc<str>, Value)>, Diagnostic> {
    let wrong = |summary: String| Diagnostic::error("wrong-for-each", summary);
    if value.sensitive_within() {
        return Err(wrong("`for_each` is sensitive".to_owned())
            .why("Its keys become addresses, which are shown.")
            .help("Use keys that may be shown, and look the sensitive values up by them."));
    }
    if let Some(unknown) = value.unknown_within() {
        return Err(wrong("`for_each` must be known before apply".to_owned())
            .label(format!("waits for {}", place::waits_for(&unknown)))
            .why("The plan must say what there will be.")
            .help("Use keys that the stack itself says; the values may be unknown."));
    }
    let Value::List(items) = value else {
        return Err(wrong(format!("`for_each` takes a map or a set of strings, and this is {}", value.type_name()))
            .help("Write `for_each = { key = value, … }` or `for_each = toset([\"key\", …])`."));
    };
    let mut seen = BTreeSet::new();
    let mut entries = Vec::with_capacity(items.len());
    for item in items.iter() {
        let key: Arc<str> = match item {
            Value::String(text) => Arc::clone(text),
            Value::Number(number) => number.to_string().into(),
            other => {
                return Err(wrong(format!(
                    "`for_each` takes a map or a set of strings, and this holds {}",
                    other.type_name()
                ))
                .help("Make a map of it: `for_each = { for one in … : one.name => one }`."));
            }
        };
        if !seen.insert(Arc::clone(&key)) {
            return Err(wrong(format!("`for_each` has the key \"{key}\" twice"))
                .why("Each key is part of an address, so it can be there once.")
                .help("`toset(…)` drops repeats."));
        }
        entries.push((key, item.clone()));
    }
    Ok(entries)
}

/// The resources that `depends_on` names.
pub(super) fn depends_on(body: &Body, scope: &BlockScope<'_>, found: &mut Diagnostics) -> BTreeSet<Address> {
    let Some(attribute) = body.attribute("depends_on") else { return BTreeSet::new() };
    match hcl::evaluate(&attribute.expr, scope) {
        Ok(Value::List(items)) if items.iter().all(names_resources) => {}
        Ok(value) if value.told_within() => {}
        Ok(_) => found.push(
            Diagnostic::error("wrong-value", "`depends_on` takes a list of resources")
                .at(attribute.expr.span)
                .help("Write `depends_on = [kind.name, …]`, without attributes."),
        ),
        Err(problems) => found.extend(problems),
    }
    scope.take_touched()
}

/// Whether this is a resource, or all instances of one.
fn names_resources(value: &Value) -> bool {
    match value {
        Value::Block(address) => address.kind() != "site",
        Value::Map(instances) => instances.values().all(names_resources),
        other => other.told_within(),
    }
}

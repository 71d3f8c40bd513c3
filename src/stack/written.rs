//! Evaluated blocks: expressions evaluated, nested blocks repeated, and the arguments of the mirrored block after the
//! block's own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span, closest};
use crate::hcl::ast::{self, Body, Expr, ExprKind, HclAttribute};
use crate::hcl::{self, Scope};
use crate::kinds::decode::{ArgumentInput, BlockInput};
use crate::kinds::{is_foreign_block, with_article};
use crate::stack::ignored::IGNORE_CHANGES;
use crate::stack::place;
use crate::stack::program::Definition;
use crate::stack::references::META;
use crate::stack::scope::{BlockScope, EachInstance, Facts, is_resource};
use crate::value::Value;

/// Maximum number of blocks that mirror one another in a row.
const MAX_MIRRORS: usize = 32;

/// Arguments that are evaluated apart from the others.
const APART: &[&str] = &["mirrors", "for_each", "depends_on", IGNORE_CHANGES];

/// An evaluated block, with the resources that each argument or nested block refers to.
#[derive(Default)]
pub(super) struct StackBlock {
    pub(super) written: BlockInput,
    pub(super) touched: HashMap<Arc<str>, BTreeSet<Address>>,
    /// The resources that it mirrors, the nearest first.
    pub(super) mirrored: Vec<Address>,
}

/// The arguments of a block and, after them, those of the block that it mirrors.
pub(super) fn written(definition: &Definition, scope: &BlockScope<'_>, found: &mut Diagnostics) -> StackBlock {
    let body = &definition.block.body;
    let mut block = evaluate_body(body, scope, APART, definition.block.header, found);
    let mut mirrors = body.attribute("mirrors").map(|mirrors| (mirrors, scope.each.clone()));
    let mut steps = 0;
    while let Some((attribute, each)) = mirrors.take() {
        let scope = BlockScope::new(scope.facts, each);
        let Some((target, other, each)) = mirrored(attribute, definition, &scope, found) else {
            block.written.partial = true;
            break;
        };
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
            block.written.partial = true;
            break;
        }
        block.mirrored.push(target);
        let each = each_now(other, each.as_ref(), scope.facts);
        let inner = BlockScope::new(scope.facts, each.clone());
        let body = &other.block.body;
        inherit(
            &mut block,
            evaluate_body(body, &inner, APART, other.block.header, &mut Diagnostics::new()),
            definition,
        );
        mirrors = body.attribute("mirrors").map(|mirrors| (mirrors, each));
    }
    block
}

/// The resource that a block mirrors, its block and its `each`. `None` where they are unknown because of an error,
/// which has been reported.
fn mirrored<'a>(
    mirrors: &HclAttribute,
    definition: &Definition,
    scope: &BlockScope<'a>,
    found: &mut Diagnostics,
) -> Option<(Address, &'a Definition, Option<EachInstance>)> {
    let kind = definition.kind.name;
    let facts = scope.facts;
    let problem = match hcl::evaluate(&mirrors.expr, scope) {
        Ok(Value::Block(target)) if target.kind() == kind => {
            let other = facts.program.definitions.get(&target.block())?;
            let each = match (facts.resources.get(&target), facts.faulty.get(&target)) {
                (Some(resource), _) => resource.each.clone(),
                (None, Some(faulty)) => faulty.each.clone(),
                (None, None) => return None,
            };
            return Some((target, other, each));
        }
        Ok(Value::Block(target)) => Diagnostic::error(
            "wrong-mirror",
            format!("invalid value for `mirrors`: `{target}` is not {}", with_article(kind)),
        )
        .help(format!("Write `mirrors = {kind}.…`: a resource mirrors one of its own kind.")),
        Ok(value) if value.told_within() => return None,
        Ok(Value::Map(instances)) if instances.values().any(|one| matches!(one, Value::Block(_))) => {
            let key = instances.keys().next().map_or("…", |key| &**key);
            Diagnostic::error("wrong-mirror", "invalid value for `mirrors`: the block has `for_each`, and `mirrors` takes one resource").help(format!(
                "Write the key of one instance, as in `[\"{key}\"]`, or `[each.key]` if this block has the same `for_each`."
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

/// Adds every argument and nested block of the mirrored block that the block itself does not set.
fn inherit(own: &mut StackBlock, from: StackBlock, definition: &Definition) {
    let own_place = definition.kind.place.argument().is_some_and(|argument| has(own, argument));
    let StackBlock { written: BlockInput { args, blocks, header: _, partial: _ }, mut touched, mirrored: _ } = from;
    // A misspelt argument is not inherited under its right name.
    let kind = definition.kind;
    let own_names = own.written.args.iter().map(|arg| &*arg.name.text);
    let own_names = own_names.chain(own.written.blocks.iter().map(|(ident, _)| &*ident.text));
    let known = || kind.args.iter().map(|arg| arg.name).chain(["site", "name"]);
    let strays = own_names.filter(|name| kind.arg(name).is_none() && *name != "site" && !META.contains(name));
    let meant: BTreeSet<&str> = strays.filter_map(|name| closest(name, known())).collect();
    let names = args.iter().map(|arg| &arg.name.text).chain(blocks.iter().map(|(ident, _)| &ident.text));
    let keep: BTreeSet<Arc<str>> = names
        .filter(|name| match &***name {
            // Protection from deletion is set for each resource by itself.
            "prevent_destroy" => false,
            // It follows from the block's own parent.
            "site" if own_place => false,
            name => !has(own, name) && !meant.contains(name),
        })
        .cloned()
        .collect();
    let mut keep_touched: Vec<Arc<str>> = Vec::new();
    let merges = |name: &str| kind.arg(name).is_some_and(|arg| arg.partial);
    for arg in &args {
        let own = own.written.args.iter_mut().find(|own| own.name.text == arg.name.text);
        if let Some(own) = own.filter(|own| merges(&own.name.text)) {
            own.value = overlaid(&arg.value, &own.value);
            own.items.clear();
            keep_touched.push(Arc::clone(&arg.name.text));
        }
    }
    own.written.args.extend(args.into_iter().filter(|arg| keep.contains(&arg.name.text)));
    own.written.blocks.extend(blocks.into_iter().filter(|(ident, _)| keep.contains(&ident.text)));
    for name in keep.into_iter().chain(keep_touched).chain(["for_each".into()]) {
        let of_name = touched.remove(&name).unwrap_or_default();
        own.touched.entry(name).or_default().extend(of_name);
    }
}

/// A value with another one laid over it, entry by entry of maps; everything else is replaced.
fn overlaid(under: &Value, over: &Value) -> Value {
    match (under.unmark(), over.unmark()) {
        ((Value::Map(under), hidden), (Value::Map(over), hides)) => {
            let mut all = under.to_content();
            for (name, over) in over.iter() {
                let merged = all.get(name).map_or_else(|| over.clone(), |under| overlaid(under, over));
                all.insert(Arc::clone(name), merged);
            }
            let merged = Value::from(all);
            if hidden || hides { merged.sensitive() } else { merged }
        }
        _ => over.clone(),
    }
}

fn has(block: &StackBlock, name: &str) -> bool {
    block.written.args.iter().any(|arg| &*arg.name.text == name)
        || block.written.blocks.iter().any(|(ident, _)| &*ident.text == name)
}

fn evaluate_body(
    body: &Body,
    scope: &BlockScope<'_>,
    skip: &[&str],
    header: Span,
    found: &mut Diagnostics,
) -> StackBlock {
    let mut out = StackBlock { written: BlockInput { header, ..BlockInput::default() }, ..StackBlock::default() };
    if let Some(each) = &scope.each {
        out.touched.insert("for_each".into(), (*each.needs).clone());
    }
    for attribute in body.attributes.iter().filter(|attribute| !skip.contains(&&*attribute.name.text)) {
        let (value, problems) = hcl::evaluate_partly(&attribute.expr, scope);
        found.extend(problems);
        out.touched.entry(Arc::clone(&attribute.name.text)).or_default().extend(scope.take_touched());
        let items = match &attribute.expr.kind {
            ExprKind::List(items) => items.iter().map(|item| item.span).collect(),
            _ => Vec::new(),
        };
        out.written.args.push(ArgumentInput { name: attribute.name.clone(), value, span: attribute.expr.span, items });
    }
    for block in &body.blocks {
        if is_foreign_block(&block.ident.text) {
            // Reported as unsupported. Errors in its content would only follow from that.
            let empty = BlockInput { header: block.header, ..BlockInput::default() };
            out.written.blocks.push((block.ident.clone(), empty));
            continue;
        }
        if let Some(label) = block.labels.first() {
            let word = &block.ident.text;
            found.push(
                Diagnostic::error("wrong-labels", format!("unexpected label of block `{word}`"))
                    .at(label.span)
                    .help(format!("Write `{word} {{ … }}`, and set the name with an argument of the block.")),
            );
        }
        let name = &block.ident.text;
        match nested(block, scope, found) {
            Some(blocks) => out.written.blocks.extend(blocks.into_iter().map(|written| (block.ident.clone(), written))),
            None => out.written.args.push(ArgumentInput {
                name: block.ident.clone(),
                value: Value::told(),
                span: block.header,
                items: Vec::new(),
            }),
        }
        out.touched.entry(Arc::clone(name)).or_default().extend(scope.take_touched());
    }
    out
}

/// A nested block, once, or once for each key of its own `for_each`. `None` where the keys are unknown.
fn nested(block: &ast::HclBlock, scope: &BlockScope<'_>, found: &mut Diagnostics) -> Option<Vec<BlockInput>> {
    let inner = |scope: &BlockScope<'_>, found: &mut Diagnostics| {
        let StackBlock { written, touched, .. } = evaluate_body(&block.body, scope, &["for_each"], block.header, found);
        scope.touched.borrow_mut().extend(touched.into_values().flatten());
        written
    };
    let Some(attribute) = block.body.attribute("for_each") else { return Some(vec![inner(scope, found)]) };
    let entries = for_each(&attribute.expr, scope, found)?;
    let blocks = entries.into_iter().map(|(key, value)| {
        let each =
            BlockScope::new(scope.facts, Some(EachInstance { key: Value::String(key), value, needs: Arc::default() }));
        let written = inner(&each, found);
        scope.touched.borrow_mut().extend(each.take_touched());
        written
    });
    Some(blocks.collect())
}

/// The value of `each` now: more of it may be known than when the instances were made.
pub(super) fn each_now(
    definition: &Definition,
    each: Option<&EachInstance>,
    facts: &Facts<'_>,
) -> Option<EachInstance> {
    let each = each?;
    let now = || {
        let attribute = definition.block.body.attribute("for_each")?;
        let entries = for_each(&attribute.expr, &BlockScope::new(facts, None), &mut Diagnostics::new())?;
        entries.into_iter().map(|(key, value)| (Value::String(key), value)).find(|(key, _)| *key == each.key)
    };
    // In a drill it refers to the copies.
    let known = each.value.unknown_within().is_none() && facts.copies.is_none();
    Some(match if known { None } else { now() } {
        Some((key, value)) => EachInstance { key, value, needs: Arc::clone(&each.needs) },
        None => each.clone(),
    })
}

/// Keys and values of a `for_each`. `None` where they are unknown, which has been reported.
pub(super) fn for_each(expr: &Expr, scope: &dyn Scope, found: &mut Diagnostics) -> Option<Vec<(Arc<str>, Value)>> {
    let value = hcl::evaluate(expr, scope).map_err(|problems| found.extend(problems)).ok()?;
    if !matches!(value, Value::Map(_)) {
        // The keys of a set are its elements, not their positions.
        scope.join_parts();
    }
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
        return Err(wrong("invalid `for_each`: the value is sensitive".to_owned())
            .why("Its keys are part of addresses, which plans show.")
            .help("Use keys that are not sensitive, and look up the sensitive values by them."));
    }
    if let Some(unknown) = value.unknown_within() {
        return Err(wrong("invalid `for_each`: the keys are known only after apply".to_owned())
            .label(format!("depends on {}", place::waits_for(&unknown)))
            .why("A plan lists every instance.")
            .help("Use keys from the stack itself; the values may be unknown."));
    }
    let Value::List(items) = value else {
        return Err(wrong(format!(
            "invalid `for_each`: expected a map or a set of strings, found {}",
            value.type_name()
        ))
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
                    "invalid `for_each`: expected a map or a set of strings, found an element that is {}",
                    other.type_name()
                ))
                .help("Write a map: `for_each = { for one in … : one.name => one }`."));
            }
        };
        if !seen.insert(Arc::clone(&key)) {
            return Err(wrong(format!("duplicate key \"{key}\" in `for_each`"))
                .why("Each key is part of an address.")
                .help("Write `toset(…)`, which removes duplicates."));
        }
        entries.push((key, item.clone()));
    }
    Ok(entries)
}

/// The resources in `depends_on`.
pub(super) fn depends_on(body: &Body, scope: &BlockScope<'_>, found: &mut Diagnostics) -> BTreeSet<Address> {
    let Some(attribute) = body.attribute("depends_on") else { return BTreeSet::new() };
    match hcl::evaluate(&attribute.expr, scope) {
        Ok(Value::List(items)) if items.iter().all(names_resources) => {}
        Ok(value) if value.told_within() => {}
        Ok(_) => found.push(
            Diagnostic::error("wrong-value", "invalid value for `depends_on`: expected a list of resources")
                .at(attribute.expr.span)
                .help("Write `depends_on = [kind.name, …]`, without attributes."),
        ),
        Err(problems) => found.extend(problems),
    }
    scope.take_touched()
}

/// A resource, or all instances of one.
fn names_resources(value: &Value) -> bool {
    match value {
        Value::Block(address) => is_resource(address),
        Value::Map(instances) => instances.values().all(names_resources),
        other => other.told_within(),
    }
}

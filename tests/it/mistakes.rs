//! Independent mistakes in a valid stack: one run reports each exactly once, and no follow-up errors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drplan::diagnostic::{Sources, Span, render_all};
use drplan::hcl::ast::{Body, Expr, ExprKind, HclAttribute, HclBlock, Root, TraversalStep};
use drplan::hcl::{self};
use drplan::kinds::{self, Arg, Kind, Ty};
use proptest::prelude::*;

use crate::lab::Lab;

/// A possible mistake in a stack.
#[derive(Debug, Clone)]
struct Mistake {
    /// Replaced range, and its replacement.
    edit: (std::ops::Range<usize>, String),
    /// Error code.
    code: &'static str,
    /// Position in the original text, on the line of the error; a position at the end of the text belongs to an
    /// appended block.
    at: usize,
    /// Index of the top-level block.
    block: usize,
    /// True if the block can have no other mistake: this one hides others, or others change the meaning of the block.
    alone: bool,
}

const MUTATORS: [fn(&ValidStack) -> Vec<Mistake>; 16] = [
    misspelt_argument,
    misspelt_block,
    misspelt_reference,
    unsupported_attribute,
    wrong_type,
    wrong_region,
    bad_name,
    missing_required_argument,
    unknown_kind,
    reference_to_wrong_kind,
    duplicate_label,
    label_with_a_space,
    missing_variable,
    unclosed_quote,
    missing_value,
    unclosed_brace,
];

struct ValidStack {
    text: String,
    body: Body,
    /// Variables without a default, with a value for each.
    variables: BTreeMap<String, String>,
    /// Files that the stack reads.
    files: Vec<(String, String)>,
}

fn stack(name: &str) -> ValidStack {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name);
    let text = std::fs::read_to_string(directory.join("stack.hcl")).expect("a stack");
    let body = hcl::parse(&text, 0).expect("a stack that parses");
    let values = std::fs::read_to_string(directory.join("demo.vars.hcl")).unwrap_or_default();
    let values = hcl::parse(&values, 0).expect("values");
    let variables = values.attributes.iter().filter_map(|attribute| match &attribute.expr.kind {
        ExprKind::String(value) => Some((attribute.name.text.to_string(), value.to_string())),
        _ => None,
    });
    let files = std::fs::read_dir(directory).expect("a directory").filter_map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name()?.to_str()?.to_owned();
        name.ends_with(".yaml").then(|| (name, std::fs::read_to_string(path).expect("a text")))
    });
    ValidStack { text, body, variables: variables.collect(), files: files.collect() }
}

const STACKS: [&str; 5] = ["web-geo", "shop", "postgres-warm", "hub-spoke", "images"];

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

fn is(block: &HclBlock, word: &str) -> bool {
    &*block.ident.text == word
}

impl ValidStack {
    fn blocks(&self) -> impl Iterator<Item = (usize, &HclBlock)> {
        self.body.blocks.iter().enumerate()
    }

    /// Attributes of blocks other than `locals`, each with the top-level block and the enclosing blocks.
    fn attributes(&self) -> Vec<(usize, Vec<&HclBlock>, &HclAttribute)> {
        fn collect<'a>(
            at: usize,
            above: &[&'a HclBlock],
            block: &'a HclBlock,
            all: &mut Vec<(usize, Vec<&'a HclBlock>, &'a HclAttribute)>,
        ) {
            let path: Vec<&HclBlock> = above.iter().copied().chain([block]).collect();
            all.extend(block.body.attributes.iter().map(|attribute| (at, path.clone(), attribute)));
            block.body.blocks.iter().for_each(|inner| collect(at, &path, inner, all));
        }
        let mut all = Vec::new();
        self.blocks()
            .filter(|(_, block)| !is(block, "locals"))
            .for_each(|(at, block)| collect(at, &[], block, &mut all));
        all
    }

    fn mistake(&self, block: usize, edit: std::ops::Range<usize>, with: String, code: &'static str) -> Mistake {
        // A variant depends on an argument of the block, so that a mistake in it hides others.
        let alone = kind_of(&self.body.blocks[block]).is_some_and(|kind| kind.variants.is_some());
        Mistake { at: edit.start, edit: (edit, with), code, block, alone }
    }
}

fn kind_of(block: &HclBlock) -> Option<&'static Kind> {
    drplan::providers::azure::TABLES.kind(&block.ident.text)
}

/// Table entry of an attribute at a path of blocks; `None` for attributes of all blocks and for blocks that are not
/// resources.
fn arg_of(path: &[&HclBlock], attribute: &HclAttribute) -> Option<&'static Arg> {
    let (first, nested) = path.split_first()?;
    let kind = kind_of(first).filter(|kind| kind.variants.is_none())?;
    let mut args = kind.args;
    for block in nested {
        match args.iter().find(|arg| arg.name == &*block.ident.text)?.ty {
            Ty::Block(inner) => args = inner.args,
            _ => return None,
        }
    }
    args.iter().find(|arg| arg.name == &*attribute.name.text)
}

fn doubled(word: &str) -> String {
    let last = word.chars().next_back().unwrap_or('x');
    format!("{word}{last}")
}

fn misspelt_argument(stack: &ValidStack) -> Vec<Mistake> {
    stack
        .attributes()
        .into_iter()
        .map(|(at, _, attribute)| {
            let name = &attribute.name;
            stack.mistake(at, range(name.span), doubled(&name.text), "unknown-argument")
        })
        .collect()
}

fn misspelt_block(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks() {
        for inner in &block.body.blocks {
            let edit = range(inner.ident.span);
            all.push(stack.mistake(at, edit, doubled(&inner.ident.text), "unknown-argument"));
        }
    }
    all
}

/// References in an expression: the name after the root and the attribute after that, each with the text of the root.
fn references(expr: &Expr) -> Vec<(String, Span, Option<Span>)> {
    let mut all = Vec::new();
    expr.visit_references(&mut |root, steps, _| {
        let Some(TraversalStep::Attr(name)) = steps.first() else { return };
        let attribute = steps.iter().skip(1).find_map(|step| match step {
            TraversalStep::Attr(name) => Some(name.span),
            _ => None,
        });
        all.push((root.text.to_string(), name.span, attribute));
    });
    all
}

fn misspelt_reference(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, _, attribute) in stack.attributes() {
        // Types of variables and names of steps are not references to values.
        if is(&stack.body.blocks[at], "variable") || matches!(&*attribute.name.text, "after" | "before") {
            continue;
        }
        for (_, name, _) in references(&attribute.expr) {
            let word = doubled(&stack.text[range(name)]);
            all.push(stack.mistake(at, range(name), word, "unknown-name"));
        }
    }
    all
}

fn unsupported_attribute(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, _, attribute) in stack.attributes() {
        for (root, _, step) in references(&attribute.expr) {
            if let (Some(step), Some(_)) = (step, drplan::providers::azure::TABLES.kind(&root)) {
                let word = doubled(&stack.text[range(step)]);
                all.push(stack.mistake(at, range(step), word, "unknown-attribute"));
            }
        }
    }
    all
}

fn wrong_type(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, path, attribute) in stack.attributes() {
        let Some(arg) = arg_of(&path, attribute) else { continue };
        let wrong = match (&attribute.expr.kind, &arg.ty) {
            (_, Ty::Any | Ty::Map(_) | Ty::Tags(_)) => continue,
            (ExprKind::Number(_) | ExprKind::Bool(_), Ty::String) => continue,
            (ExprKind::Number(_) | ExprKind::Bool(_), _) => "\"wrong\"",
            (ExprKind::String(_), _) => "[1]",
            (ExprKind::List(_), _) => "5",
            _ => continue,
        };
        all.push(stack.mistake(at, range(attribute.expr.span), wrong.to_owned(), "wrong-value"));
    }
    all
}

fn wrong_region(stack: &ValidStack) -> Vec<Mistake> {
    let sites = stack.blocks().filter(|(_, block)| is(block, "site"));
    sites
        .filter_map(|(at, block)| {
            let location = block.body.attribute("location")?;
            let mistake = stack.mistake(at, range(location.expr.span), "\"atlantis\"".to_owned(), "unknown-region");
            // A region is one of its provider.
            Some(Mistake { alone: true, ..mistake })
        })
        .collect()
}

fn bad_name(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks() {
        let Some(kind) = kind_of(block) else { continue };
        let nameless = kind.odd.name.is_some() || kind.names.pattern.is_empty();
        if nameless || kind.variants.is_some() || block.body.attribute("name").is_some() {
            continue;
        }
        let end = stack.text[block.header.end as usize..].find('{').expect("a brace") + block.header.end as usize + 1;
        let mistake = stack.mistake(at, end..end, format!("\n  name = \"a/?b{at}\""), "wrong-name");
        all.push(Mistake { at: end + 1, ..mistake });
    }
    all
}

fn missing_required_argument(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks() {
        let Some(kind) = kind_of(block).filter(|_| block.body.attribute("mirrors").is_none()) else { continue };
        for attribute in &block.body.attributes {
            let arg = kind.arg(&attribute.name.text);
            if arg.is_some_and(|arg| matches!(arg.need, kinds::Need::Required)) {
                let edit = attribute.name.span.start as usize..attribute.expr.span.end as usize;
                let mistake = stack.mistake(at, edit, String::new(), "missing-argument");
                all.push(Mistake { at: block.header.start as usize, ..mistake });
            }
        }
    }
    all
}

fn unknown_kind(stack: &ValidStack) -> Vec<Mistake> {
    let all = stack.blocks().map(|(at, block)| {
        let mistake = stack.mistake(at, range(block.ident.span), doubled(&block.ident.text), "unknown-kind");
        Mistake { alone: true, ..mistake }
    });
    all.collect()
}

fn reference_to_wrong_kind(stack: &ValidStack) -> Vec<Mistake> {
    let group = stack.blocks().find(|(_, block)| is(block, "resource_group") && !block.body.is_repeated());
    let Some(group) = group.and_then(|(_, block)| block.labels.first()) else { return Vec::new() };
    let mut all = Vec::new();
    for (at, path, attribute) in stack.attributes() {
        let ExprKind::Traversal { root: Root::Name(_), steps } = &attribute.expr.kind else { continue };
        let is_reference = matches!(steps.as_slice(), [TraversalStep::Attr(_)]);
        let wrong = match arg_of(&path, attribute).map(|arg| arg.ty) {
            Some(Ty::Ref(kinds)) if kinds.contains(&"resource_group") => "site.".to_owned() + site(stack),
            Some(Ty::Ref(kinds)) if !kinds.is_empty() => format!("resource_group.{}", group.text),
            Some(Ty::Site) => format!("resource_group.{}", group.text),
            _ => continue,
        };
        // A resource group that refers to itself is another mistake.
        if is_reference && stack.body.blocks[at].labels.first() != Some(group) {
            all.push(stack.mistake(at, range(attribute.expr.span), wrong, "wrong-value"));
        }
    }
    all
}

fn site(stack: &ValidStack) -> &str {
    let site = stack.blocks().find(|(_, block)| is(block, "site")).expect("a site");
    &site.1.labels[0].text
}

fn duplicate_label(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks().filter(|(_, block)| !is(block, "locals") && !is(block, "stack")) {
        let start = block.header.start as usize;
        let end = stack.text[start..].find("\n}").map(|length| start + length + 2);
        let Some(text) = end.and_then(|end| stack.text.get(start..end)) else { continue };
        let length = stack.text.len();
        let mistake = stack.mistake(at, length..length, format!("\n{text}\n"), "repeated-name");
        all.push(Mistake { at: length + 1, alone: true, ..mistake });
    }
    all
}

fn label_with_a_space(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks().filter(|(_, block)| !is(block, "stack")) {
        let Some(label) = block.labels.first() else { continue };
        let wrong = format!("\"{} x\"", label.text);
        all.push(Mistake { alone: true, ..stack.mistake(at, range(label.span), wrong, "wrong-labels") });
    }
    all
}

/// A variable without a value. `edit` is empty, and the block is the variable's.
fn missing_variable(stack: &ValidStack) -> Vec<Mistake> {
    let all = stack.blocks().filter(|(_, block)| is(block, "variable"));
    all.filter(|(_, block)| stack.variables.contains_key(&*block.labels[0].text))
        .map(|(at, block)| {
            let start = block.header.start as usize;
            stack.mistake(at, start..start, String::new(), "missing-variable")
        })
        .collect()
}

/// A text without its last quote. The rest of the block is not read.
fn unclosed_quote(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, _, attribute) in stack.attributes() {
        let edit = range(attribute.expr.span);
        if matches!(attribute.expr.kind, ExprKind::String(_)) && stack.text[edit.clone()].ends_with('"') {
            let last = edit.end - 1..edit.end;
            let mistake = stack.mistake(at, last, String::new(), "syntax");
            all.push(Mistake { alone: true, ..mistake });
        }
    }
    all
}

/// An argument without a value.
fn missing_value(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, _, attribute) in stack.attributes() {
        let edit = range(attribute.expr.span);
        if !stack.text[edit.clone()].contains('\n') {
            all.push(Mistake { alone: true, ..stack.mistake(at, edit, String::new(), "syntax") });
        }
    }
    all
}

/// A top-level block without its last `}`.
fn unclosed_brace(stack: &ValidStack) -> Vec<Mistake> {
    let mut all = Vec::new();
    for (at, block) in stack.blocks() {
        let start = block.header.start as usize;
        let lines = stack.text[start..].lines().next().is_some_and(|line| line.ends_with('{'));
        let Some(length) = stack.text[start..].find("\n}\n").filter(|_| lines) else { continue };
        let end = start + length + 1;
        let mistake = stack.mistake(at, end..end + 1, String::new(), "syntax");
        all.push(Mistake { at: start, alone: true, ..mistake });
    }
    all
}

/// The chosen mistakes, without those that depend on each other.
fn independent(stack: &ValidStack, chosen: &[(usize, u32)]) -> Vec<Mistake> {
    let mut kept: Vec<Mistake> = Vec::new();
    for (mutator, selector) in chosen {
        let all = MUTATORS[*mutator](stack);
        if all.is_empty() {
            continue;
        }
        let next = all[*selector as usize % all.len()].clone();
        let clashes = |other: &Mistake| {
            let (a, b) = (&next.edit.0, &other.edit.0);
            let overlap = a.start <= b.end && b.start <= a.end;
            // A block that is unknown under its own name cannot be the wrong one elsewhere.
            let refers = |mistake: &Mistake| {
                mistake.code == "unknown-name" || (mistake.code == "wrong-value" && mistake.edit.1.contains('.'))
            };
            // Names in a block that is not read are known all the same.
            let hides = |one: &Mistake, other: &Mistake| {
                one.alone && refers(other) && (one.code, other.code) != ("syntax", "unknown-name")
            };
            let hidden = hides(&next, other) || hides(other, &next);
            overlap
                || hidden
                || (next.block == other.block && (next.alone || other.alone || same_statement(stack, a, b)))
        };
        if !kept.iter().any(clashes) {
            kept.push(next);
        }
    }
    kept
}

/// True if both are in one attribute or one nested block, where one mistake may hide the other.
fn same_statement(stack: &ValidStack, a: &std::ops::Range<usize>, b: &std::ops::Range<usize>) -> bool {
    stack.body.blocks.iter().any(|block| {
        let attributes = block.body.attributes.iter();
        let spans = attributes.map(|attribute| attribute.name.span.start as usize..attribute.expr.span.end as usize);
        let nested = block.body.blocks.iter().map(|inner| {
            let start = inner.ident.span.start as usize;
            let end = stack.text[start..].find("\n  }").map_or(start, |length| start + length);
            start..end
        });
        spans.chain(nested).any(|span| {
            let within = |at: &std::ops::Range<usize>| span.start <= at.start && at.end <= span.end;
            within(a) && within(b)
        })
    })
}

fn line(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count() + 1
}

/// Applies the mistakes, loads the stack once, and compares the errors.
fn check(stack: &ValidStack, mistakes: &[Mistake]) -> Result<(), String> {
    let mut edits: Vec<&Mistake> = mistakes.iter().collect();
    edits.sort_by_key(|mistake| (mistake.edit.0.start, mistake.edit.0.end));
    let mut text = String::new();
    let mut from = 0;
    let mut shifts: Vec<(usize, isize)> = Vec::new();
    for Mistake { edit: (range, with), .. } in &edits {
        text.push_str(&stack.text[from..range.start]);
        text.push_str(with);
        from = range.end;
        shifts.push((range.start, with.len() as isize - range.len() as isize));
    }
    text.push_str(&stack.text[from..]);
    let moved = |mistake: &Mistake| {
        let before = shifts.iter().filter(|(start, _)| *start < mistake.edit.0.start && *start < mistake.at);
        mistake.at.saturating_add_signed(before.map(|(_, shift)| *shift).sum())
    };
    // Several blocks may be appended, one after the other.
    let mut appended = 0;
    let mut expected: Vec<(&str, usize)> = Vec::new();
    for mistake in &edits {
        let at = moved(mistake) + if mistake.code == "repeated-name" { appended } else { 0 };
        if mistake.code == "repeated-name" {
            appended += mistake.edit.1.len();
        }
        expected.push((mistake.code, line(&text, at)));
    }
    expected.sort_unstable();
    let missing: BTreeSet<&str> = edits
        .iter()
        .filter(|mistake| mistake.code == "missing-variable")
        .map(|mistake| &*stack.body.blocks[mistake.block].labels[0].text)
        .collect();
    let mut lab = Lab::new(1);
    lab.files.clone_from(&stack.files);
    let given = stack.variables.iter().filter(|(name, _)| !missing.contains(&name.as_str()));
    // A value for a variable whose block does not parse counts as undeclared.
    let lost: BTreeSet<&str> = edits
        .iter()
        .filter(|mistake| matches!(mistake.code, "unknown-kind" | "wrong-labels"))
        .map(|mistake| &stack.body.blocks[mistake.block])
        .filter(|block| is(block, "variable"))
        .map(|block| &*block.labels[0].text)
        .collect();
    lab.variables = given
        .filter(|(name, _)| !lost.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let (_, found, sources) = lab.read_with_diagnostics(&text);
    let mut reported: Vec<(&str, usize)> =
        found.iter().map(|error| (error.code, place(error.span, &sources))).collect();
    reported.sort_unstable();
    if reported == expected {
        return Ok(());
    }
    let shown = anstream::adapter::strip_str(&render_all(&found, &sources, usize::MAX)).to_string();
    Err(format!("expected {expected:?}\nreported {reported:?}\n{mistakes:#?}\n{shown}"))
}

fn place(span: Option<Span>, sources: &Sources) -> usize {
    span.and_then(|span| sources.position(span)).map_or(0, |(_, line, _)| line)
}

/// Every single mistake is exactly one error.
#[test]
fn each_mistake_is_one_error() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in STACKS {
        let stack = stack(name);
        check(&stack, &[]).expect("a valid stack");
        for mutator in MUTATORS {
            let all = mutator(&stack);
            // Blocks of one kind are alike, so that a sample is enough.
            let step = (all.len() / 12).max(1);
            for mistake in all.iter().step_by(step) {
                count += 1;
                wrong.extend(check(&stack, std::slice::from_ref(mistake)).err().map(|why| format!("── {name}\n{why}")));
            }
        }
    }
    assert!(count > 300, "{count} mistakes");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn independent_mistakes_are_reported_in_one_run(
        name in proptest::sample::select(&STACKS[..]),
        chosen in proptest::collection::vec((0..MUTATORS.len(), any::<u32>()), 2..7),
    ) {
        let stack = stack(name);
        let mistakes = independent(&stack, &chosen);
        if let Err(why) = check(&stack, &mistakes) {
            prop_assert!(false, "{name}: {why}");
        }
    }
}

#[test]
fn repeated_block_without_names_is_one_error() {
    let text = "stack \"s\" {}\nsite \"a\" {\n  provider = \"azure\"\n  location = \"canadacentral\"\n}\n\
                resource_group \"g\" {\n  for_each = toset([for at in range(45) : \"k${at}\"])\n  site     = site.a\n}\n";
    let (_, found, _) = Lab::new(1).read_with_diagnostics(text);
    let errors: Vec<_> = found.iter().collect();
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!(error.code, "same-object");
    assert!(error.why.as_ref().is_some_and(|why| why.contains("40 more have the same error")), "{error:?}");
}

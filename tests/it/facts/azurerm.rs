//! Tables against azurerm: names, types, required and sensitive arguments, and arguments that force a new resource.

use std::collections::{BTreeMap, BTreeSet};

use drplan::kinds::{Arg, ChangeEffect, Need, Ty};
use serde_json::Value as Json;

use super::sheets;
use super::{REQUIRED_OTHERWISE, TYPED_OTHERWISE, Table, UPDATED_ALL_THE_SAME};

/// An argument or attribute of azurerm.
struct AzurermArgument {
    /// R required, O optional, C computed, S sensitive, D deprecated, W write-only; `None` if the schema has no flags.
    flags: Option<String>,
    shape: ArgumentShape,
}

enum ArgumentShape {
    /// Value of this type.
    Value(String),
    /// Nested block; `at_most_one` is `None` if the schema has no limit.
    Block { inner: Inner, at_most_one: Option<bool> },
}

type Inner = BTreeMap<String, AzurermArgument>;

impl AzurermArgument {
    fn has(&self, flag: char) -> bool {
        self.flags.as_ref().is_some_and(|flags| flags.contains(flag))
    }

    /// True if it can be written.
    fn is_argument(&self) -> bool {
        self.flags.is_none() || self.has('R') || self.has('O')
    }
}

/// Faults of one table against azurerm's schema.
pub fn schema_faults(table: &Table, faults: &mut Vec<String>) {
    let Some(resource) = &table.azurerm else { return };
    let Some(schema) = sheets::azurerm(resource) else {
        faults.push(format!("azurerm has no {resource}"));
        return;
    };
    let theirs = inner(schema);
    let mut seen = Comparison { table, faults, left_out_used: BTreeSet::new() };
    seen.level("", table.kind.args, &theirs);
    for attribute in table.kind.attributes {
        if theirs.get(attribute.name).is_some_and(|theirs| theirs.has('S')) && !attribute.secret {
            seen.faults.push(format!("the attribute `{}` is sensitive in azurerm", attribute.name));
        }
    }
    for (name, _) in table.kind.left_out {
        if !seen.left_out_used.contains(name) {
            seen.faults.push(format!("`{name}` is omitted, but missing in azurerm or present in the table"));
        }
    }
}

struct Comparison<'a> {
    table: &'a Table,
    faults: &'a mut Vec<String>,
    left_out_used: BTreeSet<&'static str>,
}

impl Comparison<'_> {
    fn level(&mut self, prefix: &str, args: &[Arg], theirs: &Inner) {
        let mut matched = BTreeSet::new();
        for arg in args {
            let ours = format!("{prefix}{}", arg.name);
            if self.table.owns(&ours) {
                continue;
            }
            match counterpart(arg, theirs) {
                Some((name, their)) => {
                    matched.insert(name);
                    self.argument(&format!("{prefix}{name}"), arg, their);
                }
                None => self.faults.push(format!("`{ours}` is not an argument in azurerm")),
            }
        }
        for (name, their) in theirs {
            if matched.contains(name.as_str()) || !their.is_argument() || their.has('D') {
                continue;
            }
            let follows = match name.as_str() {
                "name" | "location" => prefix.is_empty(),
                "id" => prefix.is_empty() || their.flags.is_none(),
                "resource_group_name" => prefix.is_empty() && self.table.is_child(),
                _ => false,
            };
            let dotted = format!("{prefix}{name}");
            match self.table.kind.left_out.iter().find(|(left_out, _)| *left_out == dotted) {
                Some((left_out, _)) => {
                    self.left_out_used.insert(left_out);
                }
                None if follows => {}
                None => self.faults.push(format!("azurerm's `{dotted}` is neither an argument nor omitted")),
            }
        }
    }

    fn argument(&mut self, dotted: &str, arg: &Arg, their: &AzurermArgument) {
        if !their.is_argument() {
            self.faults.push(format!("`{dotted}` is only computed in azurerm"));
        }
        if their.has('S') && !arg.secret {
            self.faults.push(format!("`{dotted}` is sensitive in azurerm"));
        }
        let required = matches!(arg.need, Need::Required) || matches!(arg.ty, Ty::Block(block) if block.min > 0);
        if their.flags.is_some() && required != their.has('R') && !self.table.excepted(REQUIRED_OTHERWISE, dotted) {
            let word = if required { "optional" } else { "required" };
            self.faults.push(format!("`{dotted}` is {word} in azurerm"));
        }
        match (&arg.ty, &their.shape) {
            (Ty::Block(block), ArgumentShape::Block { inner, at_most_one }) => {
                if at_most_one.is_some_and(|one| one != (block.max == 1))
                    && !self.table.excepted(TYPED_OTHERWISE, dotted)
                {
                    self.faults.push(format!("`{dotted}` differs in the number of blocks allowed"));
                }
                self.level(&format!("{dotted}."), block.args, inner);
            }
            (ty, ArgumentShape::Value(text)) if fits(ty, text) => {}
            _ if self.table.excepted(TYPED_OTHERWISE, dotted) => {}
            (_, ArgumentShape::Value(text)) => self.faults.push(format!("`{dotted}` is of type {text} in azurerm")),
            (_, ArgumentShape::Block { .. }) => self.faults.push(format!("`{dotted}` is a block in azurerm")),
        }
    }
}

/// azurerm's name of an argument: the same, or for a reference with the suffix that drplan omits.
fn counterpart<'a>(arg: &Arg, theirs: &'a Inner) -> Option<(&'a str, &'a AzurermArgument)> {
    names(arg).iter().find_map(|name| theirs.get_key_value(name)).map(|(name, their)| (name.as_str(), their))
}

fn names(arg: &Arg) -> Vec<String> {
    let name = arg.name;
    let mut names = vec![name.to_owned()];
    if matches!(arg.ty, Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_))) {
        names.extend(["_id", "_ids", "_name", "_resource_id"].map(|suffix| format!("{name}{suffix}")));
        for (plural, singular) in [("ies", "y"), ("es", ""), ("s", "")] {
            if let Some(stem) = name.strip_suffix(plural) {
                names.push(format!("{stem}{singular}_ids"));
            }
        }
    }
    names
}

fn fits(ty: &Ty, text: &str) -> bool {
    let element = |of: &[&str]| {
        of.iter().find_map(|word| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')).map(str::to_owned)
    };
    match ty {
        Ty::Bool => text == "bool",
        Ty::Number(..) | Ty::Integer(..) => text == "number",
        Ty::Duration => text == "string" || text == "number",
        Ty::String | Ty::Enum(_) | Ty::Cidr | Ty::Ip | Ty::Ref(_) | Ty::Site | Ty::Backup => text == "string",
        Ty::List(inner) | Ty::Set(inner) => element(&["list", "set"]).is_some_and(|of| fits(inner, &of)),
        Ty::Map(inner) => element(&["map"]).is_some_and(|of| fits(inner, &of)),
        Ty::Tags(_) => element(&["map"]).is_some(),
        Ty::Block(_) => false,
        Ty::Any => true,
    }
}

/// Arguments and blocks of a resource or block of the schema.
fn inner(schema: &Json) -> Inner {
    let mut inner_of = Inner::new();
    for (name, entry) in schema.get("a").and_then(Json::as_object).into_iter().flatten() {
        let text = |at: usize| entry.get(at).and_then(Json::as_str).unwrap_or_default();
        inner_of.insert(name.clone(), AzurermArgument { flags: Some(text(0).to_owned()), shape: shape(text(1)) });
    }
    for (name, block) in schema.get("b").and_then(Json::as_object).into_iter().flatten() {
        let number = |key: &str| block.get(key).and_then(Json::as_u64);
        let flags = if number("min").is_some_and(|min| min > 0) { "R" } else { "O" };
        let shape = ArgumentShape::Block { inner: inner(block), at_most_one: Some(number("max") == Some(1)) };
        inner_of.insert(name.clone(), AzurermArgument { flags: Some(flags.to_owned()), shape });
    }
    inner_of
}

/// Type in the schema's notation: `set(string)`, or `set({'object': {'name': 'string', …}})`, which is equivalent to a
/// block.
fn shape(text: &str) -> ArgumentShape {
    let Some((_, fields)) = text.split_once("{'object': {") else { return ArgumentShape::Value(text.to_owned()) };
    let mut inner = Inner::new();
    let mut rest = fields;
    while let Some((name, after)) = quoted(rest) {
        let Some((of, after)) = quoted(after) else { break };
        inner.insert(name, AzurermArgument { flags: None, shape: shape(&of) });
        rest = after;
    }
    ArgumentShape::Block { inner, at_most_one: None }
}

/// The next string in single or double quotes, without escapes, and the text after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let open = text.find(['\'', '"'])?;
    let quote = text[open..].chars().next()?;
    let mut out = String::new();
    let mut chars = text[open + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => return Some((out, &text[open + 1 + at + 1..])),
            c => out.push(c),
        }
    }
    None
}

/// Arguments of one table that should replace the object and do not.
pub fn replacement_faults(table: &Table, faults: &mut Vec<String>) {
    let Some(resource) = &table.azurerm else { return };
    let forcing = |block: &str, arg: &Arg| {
        sheets::forcing()
            .iter()
            .any(|[of, within, name]| of == resource && within == block && names(arg).contains(name))
    };
    walk("", "", table.kind.args, &mut |dotted, block, arg| {
        if forcing(block, arg)
            && arg.change != ChangeEffect::Replace
            && !table.owns(dotted)
            && !table.excepted(UPDATED_ALL_THE_SAME, dotted)
        {
            faults.push(format!("`{dotted}` forces a new resource in azurerm"));
        }
    });
}

/// Visits every argument with its dotted name and the name of its block.
fn walk(prefix: &str, block: &str, args: &[Arg], visit: &mut dyn FnMut(&str, &str, &Arg)) {
    for arg in args {
        let dotted = format!("{prefix}{}", arg.name);
        visit(&dotted, block, arg);
        if let Ty::Block(inner) = &arg.ty {
            walk(&format!("{dotted}."), arg.name, inner.args, visit);
        }
    }
}

//! Evaluated blocks to typed arguments, checked against the table of a kind.
//!
//! Every error is reported in one run, each at its place. An argument with an error becomes [`Value::told`]: rules
//! between arguments then know that it is set, and report nothing that follows from the error.

mod values;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::duration;
use crate::hcl::ast::Ident;
use crate::kinds::provider::Tables;
use crate::kinds::stray::{connecting, foreign, is_misspelt, without_suffix};
use crate::kinds::table::{Arg, Block, Kind, Need, Ty};
use crate::object::ObjectId;
use crate::ranges;
use crate::value::{Map, Value};
use values::{Problem, as_set, cidr, in_our_case, network, one_of, parse_with, to_bool, to_number, to_string, within};

/// A block with its expressions evaluated.
#[derive(Debug, Clone, Default)]
pub struct BlockInput {
    /// `name = value`.
    pub args: Vec<ArgumentInput>,
    /// Nested blocks.
    pub blocks: Vec<(Ident, BlockInput)>,
    /// The header of the block.
    pub header: Span,
    /// More arguments may be set than are known, because the block that this one mirrors is unknown.
    pub partial: bool,
}

/// One evaluated argument.
#[derive(Debug, Clone)]
pub struct ArgumentInput {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: Value,
    /// The position of the expression.
    pub span: Span,
    /// The positions of the elements, if the expression is a list.
    pub items: Vec<Span>,
}

/// Blocks of the stack, for arguments that refer to them.
pub trait ResourceLookup {
    /// The kind and the id of a resource; no id while an error in its block leaves the id unknown.
    fn resource(&self, address: &Address) -> Option<(&'static str, Option<ObjectId>)>;
    /// The region of a site; `Some(None)` while an error in its block leaves the region unknown.
    fn region(&self, site: &Address) -> Option<Option<String>>;
    /// The names of the sites.
    fn sites(&self) -> Vec<String>;
    /// True for the address of a backup of the stack.
    fn is_backup(&self, address: &Address) -> bool;
    /// The resource that has this id.
    fn with_id(&self, id: &ObjectId) -> Option<Address>;
    /// True for a text in the form of an id of a provider.
    fn is_id(&self, text: &str) -> bool;
    /// The kinds that a stack may use, for hints.
    fn kinds(&self) -> Vec<&'static Kind>;
}

/// Typed arguments, and the resources they refer to by id.
#[derive(Debug, Default)]
pub struct DecodedArguments {
    /// Typed arguments; defaults filled in, [`Value::told`] for each with an error.
    pub args: Map,
    /// The resources they refer to, in the order written, with repeats.
    pub uses: Vec<Address>,
}

/// Checks a block against a table of arguments. `what` names the block in messages: `a subnet`, `the block
/// \`ip_configuration\``.
pub fn decode(
    table: &[Arg],
    written: &BlockInput,
    what: &str,
    names: &dyn ResourceLookup,
    found: &mut Diagnostics,
) -> DecodedArguments {
    let owner = what.rsplit(' ').next().unwrap_or_default();
    let mut decoder = Decoder { names, found, uses: Vec::new(), answered: false, owner };
    let args = decoder.body(table, written, what);
    DecodedArguments { args, uses: decoder.uses }
}

/// A value of a response, in the form in which arguments are compared: sets sorted, ranges and durations normalised.
pub fn canonical(ty: &Ty, value: &serde_json::Value) -> serde_json::Value {
    struct EmptyLookup;
    impl ResourceLookup for EmptyLookup {
        fn resource(&self, _: &Address) -> Option<(&'static str, Option<ObjectId>)> {
            None
        }
        fn region(&self, _: &Address) -> Option<Option<String>> {
            None
        }
        fn sites(&self) -> Vec<String> {
            Vec::new()
        }
        fn is_backup(&self, _: &Address) -> bool {
            false
        }
        fn with_id(&self, _: &ObjectId) -> Option<Address> {
            None
        }
        fn is_id(&self, _: &str) -> bool {
            false
        }
        fn kinds(&self) -> Vec<&'static Kind> {
            Vec::new()
        }
    }
    let found = &mut Diagnostics::new();
    let mut decoder = Decoder { names: &EmptyLookup, found, uses: Vec::new(), answered: true, owner: "" };
    match decoder.coerce(ty, &Value::from_json(value)) {
        Ok(value) => value.reveal().unwrap_or_default(),
        Err(_) => value.clone(),
    }
}

struct Decoder<'a> {
    names: &'a dyn ResourceLookup,
    found: &'a mut Diagnostics,
    uses: Vec<Address>,
    /// The values come from a response of the cloud, not from the stack.
    answered: bool,
    /// The last word for the whole body in messages: the name of its kind.
    owner: &'a str,
}

/// One body and its table.
#[derive(Clone, Copy)]
struct Level<'a> {
    table: &'a [Arg],
    written: &'a BlockInput,
    what: &'a str,
    /// True if the body has an argument or a block that the table lacks.
    has_strays: bool,
}

impl Level<'_> {
    /// True for an argument without a value because of a reported error: in itself, or in the block that this one
    /// mirrors.
    fn is_told(&self, name: &str) -> bool {
        self.written.partial
            || self.written.args.iter().any(|arg| &*arg.name.text == name && !arg.value.is_null())
            || self.written.blocks.iter().any(|(ident, _)| &*ident.text == name)
            || (self.has_strays && is_misspelt(self.table, self.written, name))
    }
}

impl Decoder<'_> {
    fn body(&mut self, table: &[Arg], written: &BlockInput, what: &str) -> Map {
        let idents = written.args.iter().map(|arg| &arg.name).chain(written.blocks.iter().map(|(ident, _)| ident));
        let is_stray = |ident: &Ident| !table.iter().any(|arg| arg.name == &*ident.text);
        let level = Level { table, written, what, has_strays: idents.into_iter().any(is_stray) };
        let mut args = Map::new();
        for ArgumentInput { name, value, span, items } in &written.args {
            match table.iter().find(|arg| arg.name == &*name.text) {
                None => self.unknown(table, name, "argument", what),
                Some(_) if value.is_null() => {}
                Some(Arg { ty: Ty::Block(_), .. }) if value.told_within() => {}
                Some(Arg { ty: Ty::Block(block), .. }) => self.found.push(
                    Diagnostic::error("block-expected", format!("`{}` is a block, not an argument", name.text))
                        .at(name.span)
                        .help(if block.max == 1 {
                            format!("Write `{} {{ … }}` without `=`.", name.text)
                        } else {
                            format!("Write a `{} {{ … }}` block for each value, or one with `for_each`.", name.text)
                        }),
                ),
                Some(arg) => {
                    let value = self.typed(arg, value).unwrap_or_else(|problems| {
                        for problem in problems {
                            let span = problem.item.and_then(|at| items.get(at)).unwrap_or(span);
                            let problem = if arg.secret { problem.hidden() } else { problem };
                            self.found.push(problem.at(*span, arg.name));
                        }
                        Value::told()
                    });
                    args.insert(arg.name.into(), if arg.secret { value.sensitive() } else { value });
                }
            }
        }
        for (ident, _) in &written.blocks {
            match table.iter().find(|arg| arg.name == &*ident.text) {
                None => self.unknown(table, ident, "block", what),
                Some(Arg { ty: Ty::Block(_), .. }) => {}
                Some(arg) => self.found.push(
                    Diagnostic::error("argument-expected", format!("`{}` is an argument, not a block", ident.text))
                        .at(ident.span)
                        .help(format!("Write `{} = {}`.", ident.text, written_as(&arg.ty))),
                ),
            }
        }
        for arg in table {
            if let Ty::Block(block) = arg.ty {
                self.blocks(level, arg, block, &mut args);
            } else if !args.contains_key(arg.name) {
                self.absent(level, arg, &mut args);
            }
        }
        args
    }

    fn absent(&mut self, level: Level<'_>, arg: &Arg, args: &mut Map) {
        let Level { written, what, .. } = level;
        if level.is_told(arg.name) {
            args.insert(arg.name.into(), Value::told());
            return;
        }
        match arg.need {
            Need::Optional => {}
            Need::Default(lit) => {
                let value = Value::from_json(&lit.json());
                args.insert(arg.name.into(), if arg.secret { value.sensitive() } else { value });
            }
            Need::Required => {
                args.insert(arg.name.into(), Value::told());
                self.found.push(
                    Diagnostic::error(
                        "missing-argument",
                        format!("missing required argument `{}` in {what}", arg.name),
                    )
                    .at(written.header)
                    .help(format!("Write `{} = {}`. {}", arg.name, written_as(&arg.ty), arg.doc)),
                );
            }
        }
    }

    fn blocks(&mut self, level: Level<'_>, arg: &Arg, block: &'static Block, args: &mut Map) {
        let Level { written, what, .. } = level;
        let inner = format!("the block `{}`", arg.name);
        let of_this: Vec<&(Ident, BlockInput)> =
            written.blocks.iter().filter(|(ident, _)| &*ident.text == arg.name).collect();
        if of_this.len() > block.max {
            let most = if block.max == 1 { "one".to_owned() } else { block.max.to_string() };
            let mut problem =
                Diagnostic::error("too-many-blocks", format!("too many `{}` blocks: {what} takes {most}", arg.name));
            problem.span = of_this.get(block.max).map(|(ident, _)| ident.span);
            if let Some((first, _)) = of_this.first() {
                problem = problem.and(first.span, "the first");
            }
            self.found.push(problem.help("Join them into one, or remove one."));
        }
        if of_this.is_empty() && level.is_told(arg.name) {
            args.insert(arg.name.into(), Value::told());
            return;
        }
        if of_this.len() < block.min || (of_this.is_empty() && matches!(arg.need, Need::Required)) {
            self.found.push(
                Diagnostic::error("missing-argument", format!("missing required block `{}` in {what}", arg.name))
                    .at(written.header)
                    .help(format!("Write `{} {{ … }}`. {}", arg.name, arg.doc)),
            );
            if of_this.is_empty() {
                args.insert(arg.name.into(), Value::told());
                return;
            }
        }
        let mut values: Vec<Value> =
            of_this.iter().map(|(_, body)| Value::from(self.body(block.args, body, &inner))).collect();
        self.repeated(arg, block, &of_this, &values);
        if block.max == 1 {
            if let Some(value) = values.pop() {
                args.insert(arg.name.into(), value);
            }
        } else if !values.is_empty() {
            args.insert(arg.name.into(), values.into());
        } else if let Need::Default(lit) = arg.need {
            args.insert(arg.name.into(), Value::from_json(&lit.json()));
        }
    }

    fn repeated(&mut self, arg: &Arg, block: &Block, written: &[&(Ident, BlockInput)], values: &[Value]) {
        if block.key.is_empty() {
            return;
        }
        let words = block.key.split(' ').map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for (value, (ident, _)) in values.iter().zip(written) {
            let Value::Map(map) = value else { continue };
            let value = |name: &str| match map.get(name)?.unmark().0 {
                Value::String(text) => Some(text.to_string().into()),
                Value::Number(number) if block.key.contains(' ') => Some(number.to_string().into()),
                _ => None,
            };
            let Some(text) = block.key_of(value) else { continue };
            let is_secret = block.key.split(' ').filter_map(|name| map.get(name)).any(Value::sensitive_within);
            let Some(first) = seen.insert(block.identity(&text), ident.span) else { continue };
            let shown = if is_secret { String::new() } else { format!(" \"{text}\"") };
            self.found.push(
                Diagnostic::error("repeated-block", format!("two `{}` blocks have the same {words}{shown}", arg.name))
                    .at(ident.span)
                    .and(first, "the other")
                    .help(format!("Set a different {words} in each block.")),
            );
        }
    }

    fn unknown(&mut self, table: &[Arg], name: &Ident, written: &str, what: &str) {
        let word = &*name.text;
        let problem =
            Diagnostic::error("unknown-argument", format!("unsupported {written} `{word}` in {what}")).at(name.span);
        let known: Vec<&str> = table.iter().map(|arg| arg.name).collect();
        self.found.push(match without_suffix(table, word) {
            Some(arg) => problem.help(format!(
                "Write `{} = {}`: a reference names the resource itself.",
                arg.name,
                written_as(&arg.ty)
            )),
            None => {
                match foreign(word).map(str::to_owned).or_else(|| connecting(&self.names.kinds(), self.owner, word)) {
                    Some(help) => problem.help(help),
                    None => {
                        let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                        let otherwise = if all.is_empty() {
                            "Remove it: the block has no arguments.".to_owned()
                        } else {
                            format!("Supported: {}.", all.join(", "))
                        };
                        problem.suggest(word, known, Some(otherwise))
                    }
                }
            }
        });
    }

    /// A value of the type of an argument that keeps the argument's other rules.
    fn typed(&mut self, arg: &Arg, written: &Value) -> Result<Value, Vec<Problem>> {
        let value = self.coerce(&arg.ty, written)?;
        let is_empty = matches!(&value, Value::List(items) if items.is_empty());
        if is_empty && matches!(arg.need, Need::Required) {
            return Err(vec![
                Problem::new("the list is empty".to_owned()).help(format!("Write at least one. {}", arg.doc)),
            ]);
        }
        if let (Ty::List(Ty::Cidr) | Ty::Set(Ty::Cidr), Value::List(items)) = (&arg.ty, &value)
            && let Some((one, other)) = ranges::clash(items.iter().filter_map(Value::as_str))
        {
            let problem = Problem::new(format!("`{one}` and `{other}` overlap"));
            return Err(vec![problem.help("Write ranges without common addresses.")]);
        }
        let Some(form) = arg.form else { return Ok(value) };
        // A set is sorted, and its elements have the places of the list as written.
        let place = |at: usize, text: &str| match (&arg.ty, written.unmark().0) {
            (Ty::Set(_), Value::List(items)) => items.iter().position(|item| item.as_str() == Some(text)),
            _ => Some(at),
        };
        let problem = |(item, text, why): &(Option<usize>, String, String)| {
            let problem = Problem::form(form, text, why, item.and_then(|at| place(at, text)));
            if written.sensitive_within() { problem.hidden() } else { problem }
        };
        form.read_value(&value).map_err(|faults| faults.iter().map(problem).collect())
    }

    fn coerce(&mut self, ty: &Ty, value: &Value) -> Result<Value, Vec<Problem>> {
        match value {
            Value::Unknown(_) => return Ok(value.clone()),
            Value::Sensitive(inner) => {
                let hidden = |problems: Vec<Problem>| problems.into_iter().map(Problem::hidden).collect();
                return self.coerce(ty, inner).map(Value::sensitive).map_err(hidden);
            }
            _ => {}
        }
        match ty {
            Ty::List(item) => self.items(item, value).map(Value::from),
            Ty::Set(item) => self.items(item, value).map(as_set),
            Ty::Tags(_) => self.coerce(&Ty::Map(&Ty::String), value),
            Ty::Map(item) => match value {
                Value::Map(map) => {
                    let (mut typed, mut problems) = (Map::new(), Vec::new());
                    for (key, value) in map.iter() {
                        match self.coerce(item, value) {
                            Ok(value) => _ = typed.insert(key.clone(), value),
                            Err(more) => problems.extend(more),
                        }
                    }
                    if problems.is_empty() { Ok(typed.into()) } else { Err(problems) }
                }
                other => Err(vec![Problem::ty("a map", other)]),
            },
            Ty::Block(block) => self.answered_blocks(block, value),
            single => self.single(single, value).map_err(|problem| vec![problem]),
        }
    }

    /// A value of a type without elements.
    fn single(&mut self, ty: &Ty, value: &Value) -> Result<Value, Problem> {
        match ty {
            Ty::Any | Ty::List(_) | Ty::Set(_) | Ty::Map(_) | Ty::Tags(_) | Ty::Block(_) => Ok(value.clone()),
            Ty::Bool => to_bool(value).ok_or_else(|| Problem::ty("a bool", value)),
            Ty::String => to_string(value).ok_or_else(|| Problem::ty("a string", value)),
            Ty::Number(low, high) => {
                let number = to_number(value).ok_or_else(|| Problem::ty("a number", value))?;
                within(number, *low, *high)
            }
            Ty::Integer(low, high) => {
                let number = to_number(value).ok_or_else(|| Problem::ty("a whole number", value))?;
                number.as_i64().ok_or_else(|| Problem::ty("a whole number", value))?;
                within(number, *low as f64, *high as f64)
            }
            // The provider ignores the case of these words, and returns some in the case of the request.
            Ty::Enum(words) if self.answered => one_of(words, &in_our_case(words, value)),
            Ty::Enum(words) => one_of(words, value),
            Ty::Cidr => {
                // A response may hold host bits, which mean nothing.
                let parse = if self.answered { cidr } else { network };
                parse_with(value, "an address range, as in \"10.0.0.0/16\"", parse)
            }
            Ty::Ip => parse_with(value, "an IP address", |text| {
                text.parse::<IpAddr>().map(|ip| ip.to_string()).map_err(|_| None)
            }),
            Ty::Duration => parse_with(value, "a duration, as in \"90s\" or \"1h30m\"", |text| {
                duration::parse(text).map(duration::human).map_err(Some)
            }),
            Ty::Ref(kinds) => self.reference(kinds, value),
            Ty::Site => match value {
                Value::Block(address) => match self.names.region(address) {
                    Some(Some(region)) => Ok(Value::from(region)),
                    Some(None) => Ok(Value::told()),
                    None => {
                        let help = sites_listed(&self.names.sites());
                        Err(Problem::new(format!("expected a site, found `{address}`")).help(help))
                    }
                },
                // A response holds the region itself.
                Value::String(_) if self.answered => Ok(value.clone()),
                other => {
                    Err(Problem::ty("a site, as in `site.primary`", other).help(sites_listed(&self.names.sites())))
                }
            },
            Ty::Backup => match value {
                Value::Block(address) if self.names.is_backup(address) => Ok(Value::from(address.own_name())),
                Value::String(_) if self.answered => Ok(value.clone()),
                Value::Block(address) => Err(Problem::new(format!("expected a backup, found `{address}`"))
                    .help("Write the name of a `backup` block, as in `backup.name`.")),
                other => Err(Problem::ty("a backup, as in `backup.orders`", other)),
            },
        }
    }

    /// Blocks of a response, which are JSON maps.
    fn answered_blocks(&mut self, block: &Block, value: &Value) -> Result<Value, Vec<Problem>> {
        let one = |decoder: &mut Self, value: &Value| -> Result<Value, Vec<Problem>> {
            let Value::Map(map) = value else { return Err(vec![Problem::ty("a block", value)]) };
            let mut typed = Map::new();
            for (name, value) in map.iter() {
                let arg = block.args.iter().find(|arg| arg.name == &**name);
                let value = arg.map_or_else(|| Ok(value.clone()), |arg| decoder.coerce(&arg.ty, value))?;
                typed.insert(name.clone(), value);
            }
            Ok(typed.into())
        };
        match value {
            Value::List(items) => {
                items.iter().map(|item| one(self, item)).collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            other => one(self, other),
        }
    }

    fn items(&mut self, item: &Ty, value: &Value) -> Result<Vec<Value>, Vec<Problem>> {
        let items = match value {
            Value::List(items) => items,
            other @ (Value::Map(_) | Value::Null) => return Err(vec![Problem::ty("a list", other)]),
            other => return Err(vec![Problem::ty("a list", other).help("Write it in brackets: `[…]`.")]),
        };
        let (mut typed, mut problems) = (Vec::with_capacity(items.len()), Vec::new());
        for (at, value) in items.iter().enumerate() {
            match self.coerce(item, value) {
                Ok(value) => typed.push(value),
                Err(more) => problems.extend(more.into_iter().map(|problem| problem.of_item(at))),
            }
        }
        if problems.is_empty() { Ok(typed) } else { Err(problems) }
    }

    fn reference(&mut self, kinds: &[&str], value: &Value) -> Result<Value, Problem> {
        let wanted = match kinds {
            [] => "a resource".to_owned(),
            kinds => kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or "),
        };
        let wrong_kind = |address: &Address| Problem::new(format!("expected {wanted}, found `{address}`"));
        match value {
            Value::Block(address) => match self.names.resource(address) {
                Some((kind, id)) if kinds.is_empty() || kinds.contains(&kind) => {
                    let Some(id) = id else { return Ok(Value::told()) };
                    self.uses.push(address.clone());
                    Ok(Value::from(id.as_str()))
                }
                _ => Err(wrong_kind(address)),
            },
            Value::String(text) if self.answered || self.names.is_id(text) => {
                if let Some(address) = self.names.with_id(&ObjectId::new(Arc::clone(text))) {
                    match self.names.resource(&address) {
                        Some((kind, _)) if !kinds.is_empty() && !kinds.contains(&kind) => {
                            return Err(wrong_kind(&address));
                        }
                        _ => self.uses.push(address),
                    }
                }
                Ok(value.clone())
            }
            Value::String(text) => {
                let of = kinds.first().copied().unwrap_or(self.owner);
                let all = self.names.kinds();
                let provider = all.iter().find(|kind| kind.name == of).map_or(&Tables::NONE, |kind| kind.provider());
                Err(Problem::new(format!("\"{text}\" is neither a reference nor {}", provider.id_in_words())).help(
                    format!(
                        "Write {}, or the full id (`{}`) of a resource that the stack does not manage.",
                        reference_as(kinds),
                        provider.grammar.example()
                    ),
                ))
            }
            Value::Map(instances) if instances.values().any(|one| matches!(one, Value::Block(_))) => {
                let key = instances.keys().next().map_or("…", |key| &**key);
                Err(Problem::new(format!("expected one {wanted}, found a block with `for_each`"))
                    .help(format!("Write the key of one instance, as in `[\"{key}\"]`.")))
            }
            Value::List(items) if items.len() == 1 => {
                Err(Problem::new(format!("expected one {wanted}, found a list")).help("Remove the brackets."))
            }
            other => Err(Problem::ty(&format!("a reference to {wanted}"), other)),
        }
    }
}

/// An example of a value of a type.
fn written_as(ty: &Ty) -> String {
    match ty {
        Ty::Ref(kinds) => reference_as(kinds).trim_matches('`').to_owned(),
        Ty::List(item) | Ty::Set(item) => format!("[{}, …]", written_as(item)),
        Ty::Site => "site.…".to_owned(),
        Ty::Backup => "backup.…".to_owned(),
        Ty::Bool => "true".to_owned(),
        Ty::Enum([word, ..]) => format!("\"{word}\""),
        Ty::Cidr => "\"10.0.0.0/16\"".to_owned(),
        Ty::Duration => "\"5m\"".to_owned(),
        Ty::Map(_) | Ty::Tags(_) => "{ … }".to_owned(),
        Ty::String | Ty::Ip | Ty::Enum([]) => "\"…\"".to_owned(),
        Ty::Number(..) | Ty::Integer(..) | Ty::Any | Ty::Block(_) => "…".to_owned(),
    }
}

fn reference_as(kinds: &[&str]) -> String {
    match kinds {
        [] => "`kind.name`".to_owned(),
        kinds => kinds.iter().map(|kind| format!("`{kind}.…`")).collect::<Vec<_>>().join(" or "),
    }
}

fn sites_listed(sites: &[String]) -> String {
    let all: Vec<String> = sites.iter().map(|site| format!("`site.{site}`")).collect();
    if all.is_empty() {
        "Declare one: `site \"…\" { … }`.".to_owned()
    } else {
        format!("Write {}.", all.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case() {
        let read = |text: &str| canonical(&Ty::Enum(&["Automatic", "Manual"]), &text.into());
        assert_eq!((read("manual"), read("other")), ("Manual".into(), "other".into()));
    }
}

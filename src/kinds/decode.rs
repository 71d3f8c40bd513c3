//! What is written in a block, to typed arguments.
//!
//! The values are evaluated already; here they are held against the kind's table. Everything that is wrong is said at once, each at its place.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::duration;
use crate::hcl::ast::Ident;
use crate::kinds::stray::{foreign, is_misspelt, without_suffix};
use crate::kinds::table::{Arg, Block, Need, Ty};
use crate::value::{Map, Number, Value};

/// A block as it is written, its expressions evaluated.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// `name = value`.
    pub args: Vec<WrittenArg>,
    /// Nested blocks.
    pub blocks: Vec<(Ident, Written)>,
    /// The header of the block.
    pub header: Span,
}

/// One evaluated argument.
#[derive(Debug, Clone)]
pub struct WrittenArg {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: Value,
    /// Where the expression stands.
    pub span: Span,
}

/// What blocks of the stack are, for arguments that refer to them.
pub trait Named {
    /// The kind and the id of a resource.
    fn resource(&self, address: &Address) -> Option<(&'static str, ArmId)>;
    /// The region of a site.
    fn region(&self, site: &Address) -> Option<String>;
    /// The names of the sites.
    fn sites(&self) -> Vec<String>;
    /// The resource that has this id.
    fn with_id(&self, id: &ArmId) -> Option<Address>;
}

/// The outcome: arguments, and the resources they point at by id.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Typed arguments; defaults filled in.
    pub args: Map,
    /// What they point at, in the order written, with repeats.
    pub uses: Vec<Address>,
}

/// Holds a block against a table of arguments. `what` completes "… has no argument `x`": `a subnet`, `the block \`ip_configuration\``.
pub fn decode(table: &[Arg], written: &Written, what: &str, names: &dyn Named, found: &mut Diagnostics) -> Decoded {
    let mut decoder = Decoder { names, found, uses: Vec::new(), answered: false };
    let args = decoder.body(table, written, what);
    Decoded { args, uses: decoder.uses }
}

/// Brings a value, as the cloud answered it, into the form in which arguments are compared: sets sorted, ranges and durations normalised.
pub fn canonical(ty: &Ty, value: &serde_json::Value) -> serde_json::Value {
    struct Nothing;
    impl Named for Nothing {
        fn resource(&self, _: &Address) -> Option<(&'static str, ArmId)> {
            None
        }
        fn region(&self, _: &Address) -> Option<String> {
            None
        }
        fn sites(&self) -> Vec<String> {
            Vec::new()
        }
        fn with_id(&self, _: &ArmId) -> Option<Address> {
            None
        }
    }
    let mut decoder = Decoder { names: &Nothing, found: &mut Diagnostics::new(), uses: Vec::new(), answered: true };
    match decoder.coerce(ty, &Value::from_json(value)) {
        Ok(value) => value.reveal().unwrap_or_default(),
        Err(_) => value.clone(),
    }
}

struct Decoder<'a> {
    names: &'a dyn Named,
    found: &'a mut Diagnostics,
    uses: Vec<Address>,
    /// Whether the values are the cloud's answer rather than the stack's text.
    answered: bool,
}

impl Decoder<'_> {
    fn body(&mut self, table: &[Arg], written: &Written, what: &str) -> Map {
        let mut args = Map::new();
        for WrittenArg { name, value, span } in &written.args {
            match table.iter().find(|arg| arg.name == &*name.text) {
                None => self.unknown(table, name, what),
                Some(_) if value.is_null() => {}
                Some(Arg { ty: Ty::Block(_), .. }) if value.told_within() => {}
                Some(Arg { ty: Ty::Block(block), .. }) => self.found.push(
                    Diagnostic::error("block-expected", format!("`{}` is a block, not an argument", name.text))
                        .at(name.span)
                        .help(if block.max == 1 {
                            format!("Write `{} {{ … }}` without `=`.", name.text)
                        } else {
                            format!(
                                "Write `{} {{ … }}` without `=`, once for each; `for_each` in it repeats it.",
                                name.text
                            )
                        }),
                ),
                Some(arg) => match self.coerce(&arg.ty, value) {
                    Ok(value) => {
                        args.insert(arg.name.into(), if arg.secret { value.sensitive() } else { value });
                    }
                    Err(problem) => {
                        let problem = if arg.secret { problem.hidden() } else { problem };
                        self.found.push(problem.at(*span, arg.name));
                    }
                },
            }
        }
        for (ident, _) in &written.blocks {
            match table.iter().find(|arg| arg.name == &*ident.text) {
                None => self.unknown(table, ident, what),
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
                self.blocks(table, arg, block, written, what, &mut args);
            } else if !args.contains_key(arg.name) {
                self.absent(table, arg, written, what, &mut args);
            }
        }
        args
    }

    fn absent(&mut self, table: &[Arg], arg: &Arg, written: &Written, what: &str, args: &mut Map) {
        match arg.need {
            Need::Optional => {}
            Need::Default(lit) => {
                let value = Value::from_json(&lit.json());
                args.insert(arg.name.into(), if arg.secret { value.sensitive() } else { value });
            }
            // What was written and is wrong has been told of already.
            Need::Required if is_written(written, arg.name) || is_misspelt(table, written, arg.name) => {}
            Need::Required => self.found.push(
                Diagnostic::error("missing-argument", format!("{what} needs the argument `{}`", arg.name))
                    .at(written.header)
                    .help(format!("Write `{} = {}`. {}", arg.name, written_as(&arg.ty), arg.doc)),
            ),
        }
    }

    fn blocks(
        &mut self,
        table: &[Arg],
        arg: &Arg,
        block: &'static Block,
        written: &Written,
        what: &str,
        args: &mut Map,
    ) {
        let inner = format!("the block `{}`", arg.name);
        let of_this: Vec<&(Ident, Written)> =
            written.blocks.iter().filter(|(ident, _)| &*ident.text == arg.name).collect();
        if of_this.len() > block.max {
            let most = if block.max == 1 { "one block".to_owned() } else { format!("{} blocks", block.max) };
            let mut problem = Diagnostic::error("too-many-blocks", format!("{what} takes {most} `{}`", arg.name));
            problem.span = of_this.get(block.max).map(|(ident, _)| ident.span);
            if let Some((first, _)) = of_this.first() {
                problem = problem.and(first.span, "the first");
            }
            self.found.push(problem.help("Join them into one, or take one away."));
        }
        let told = written.args.iter().any(|w| &*w.name.text == arg.name && !w.value.is_null())
            || is_misspelt(table, written, arg.name);
        if !told && (of_this.len() < block.min || (of_this.is_empty() && matches!(arg.need, Need::Required))) {
            self.found.push(
                Diagnostic::error("missing-argument", format!("{what} needs a block `{}`", arg.name))
                    .at(written.header)
                    .help(format!("Write `{} {{ … }}`. {}", arg.name, arg.doc)),
            );
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

    fn repeated(&mut self, arg: &Arg, block: &Block, written: &[&(Ident, Written)], values: &[Value]) {
        if block.key.is_empty() {
            return;
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (value, (ident, _)) in values.iter().zip(written) {
            let Value::Map(map) = value else { continue };
            let Some(key) = map.get(block.key) else { continue };
            let Some(text) = key.as_str() else { continue };
            let Some(first) = seen.insert(text, ident.span) else { continue };
            let shown = if key.sensitive_within() { String::new() } else { format!(" \"{text}\"") };
            self.found.push(
                Diagnostic::error(
                    "repeated-block",
                    format!("two blocks `{}` have the same `{}`{shown}", arg.name, block.key),
                )
                .at(ident.span)
                .and(first, "the other")
                .help("Give each its own."),
            );
        }
    }

    fn unknown(&mut self, table: &[Arg], name: &Ident, what: &str) {
        let word = &*name.text;
        let problem = Diagnostic::error("unknown-argument", format!("{what} has no argument `{word}`")).at(name.span);
        let known: Vec<&str> = table.iter().map(|arg| arg.name).collect();
        self.found.push(match without_suffix(table, word) {
            Some(arg) => problem.help(format!(
                "Here a reference names the thing itself: write `{} = {}`.",
                arg.name,
                written_as(&arg.ty)
            )),
            None => match foreign(word) {
                Some(help) => problem.help(help),
                None => {
                    let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                    let otherwise = if all.is_empty() {
                        "It takes none.".to_owned()
                    } else {
                        format!("It takes {}.", all.join(", "))
                    };
                    problem.suggest(word, known, Some(otherwise))
                }
            },
        });
    }

    fn coerce(&mut self, ty: &Ty, value: &Value) -> Result<Value, Problem> {
        match value {
            Value::Unknown(_) => return Ok(value.clone()),
            Value::Sensitive(inner) => return self.coerce(ty, inner).map(Value::sensitive).map_err(Problem::hidden),
            _ => {}
        }
        match ty {
            Ty::Any => Ok(value.clone()),
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
            // Azure takes its words in any case, and answers some as they were written.
            Ty::Enum(words) if self.answered => one_of(words, &in_our_case(words, value)),
            Ty::Enum(words) => one_of(words, value),
            Ty::Cidr => parse_with(value, "an address range, as in \"10.0.0.0/16\"", cidr),
            Ty::Ip => parse_with(value, "an IP address", |text| {
                text.parse::<IpAddr>().map(|ip| ip.to_string()).map_err(|_| None)
            }),
            Ty::Duration => parse_with(value, "a duration, as in \"90s\" or \"1h30m\"", |text| {
                duration::parse(text).map(duration::human).map_err(Some)
            }),
            Ty::List(item) => self.items(item, value).map(Value::from),
            Ty::Set(item) => self.items(item, value).map(as_set),
            Ty::Map(item) => match value {
                Value::Map(map) => {
                    let typed: Result<Map, Problem> =
                        map.iter().map(|(k, v)| Ok((k.clone(), self.coerce(item, v)?))).collect();
                    typed.map(Value::from)
                }
                other => Err(Problem::ty("a map", other)),
            },
            Ty::Ref(kinds) => self.reference(kinds, value),
            Ty::Site => match value {
                Value::Block(address) => match self.names.region(address) {
                    Some(region) => Ok(Value::from(region)),
                    None => {
                        let help = sites_listed(&self.names.sites());
                        Err(Problem::new(format!("it takes a site, and `{address}` is none")).help(help))
                    }
                },
                // What the cloud answers is a region already.
                Value::String(_) if self.answered => Ok(value.clone()),
                other => {
                    Err(Problem::ty("a site, as in `site.primary`", other).help(sites_listed(&self.names.sites())))
                }
            },
            Ty::Block(block) => self.answered_blocks(block, value),
        }
    }

    /// Blocks as the cloud answers them: maps of JSON rather than text.
    fn answered_blocks(&mut self, block: &Block, value: &Value) -> Result<Value, Problem> {
        let one = |decoder: &mut Self, value: &Value| -> Result<Value, Problem> {
            let Value::Map(map) = value else { return Err(Problem::ty("a block", value)) };
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

    fn items(&mut self, item: &Ty, value: &Value) -> Result<Vec<Value>, Problem> {
        match value {
            Value::List(items) => items.iter().map(|value| self.coerce(item, value)).collect(),
            other @ (Value::Map(_) | Value::Null) => Err(Problem::ty("a list", other)),
            other => Err(Problem::ty("a list", other).help("Put it into brackets: `[…]`.")),
        }
    }

    fn reference(&mut self, kinds: &[&str], value: &Value) -> Result<Value, Problem> {
        let wanted = match kinds {
            [] => "a resource".to_owned(),
            kinds => kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or "),
        };
        let wrong_kind = |address: &Address| Problem::new(format!("it takes {wanted}, and this is `{address}`"));
        match value {
            Value::Block(address) => match self.names.resource(address) {
                Some((kind, id)) if kinds.is_empty() || kinds.contains(&kind) => {
                    self.uses.push(address.clone());
                    Ok(Value::from(id.as_str()))
                }
                _ => Err(wrong_kind(address)),
            },
            Value::String(text) if self.answered || is_id(text) => {
                if let Some(address) = self.names.with_id(&ArmId::new(Arc::clone(text))) {
                    match self.names.resource(&address) {
                        Some((kind, _)) if !kinds.is_empty() && !kinds.contains(&kind) => {
                            return Err(wrong_kind(&address));
                        }
                        _ => self.uses.push(address),
                    }
                }
                Ok(value.clone())
            }
            Value::String(text) => Err(Problem::new(format!("\"{text}\" is neither a reference nor an Azure id"))
                .help(format!(
                    "Write {}, or the whole id (`/subscriptions/…`) of what the stack does not manage.",
                    reference_as(kinds)
                ))),
            Value::Map(instances) if instances.values().any(|one| matches!(one, Value::Block(_))) => {
                let key = instances.keys().next().map_or("…", |key| &**key);
                Err(Problem::new(format!("it takes one {wanted}, and this is several"))
                    .help(format!("It has `for_each`: say which one, as in `[\"{key}\"]`.")))
            }
            Value::List(items) if items.len() == 1 => {
                Err(Problem::new(format!("it takes one {wanted}, and this is a list")).help("Leave out the brackets."))
            }
            other => Err(Problem::ty(&format!("a reference to {wanted}"), other)),
        }
    }
}

/// Whether a text has the form of an id.
fn is_id(text: &str) -> bool {
    let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    starts("/subscriptions/") || starts("/providers/")
}

fn is_written(written: &Written, name: &str) -> bool {
    written.args.iter().any(|arg| &*arg.name.text == name && !arg.value.is_null())
        || written.blocks.iter().any(|(ident, _)| &*ident.text == name)
}

/// How a value of a type is written, as an example.
fn written_as(ty: &Ty) -> String {
    match ty {
        Ty::Ref(kinds) => reference_as(kinds).trim_matches('`').to_owned(),
        Ty::List(item) | Ty::Set(item) => format!("[{}, …]", written_as(item)),
        Ty::Site => "site.…".to_owned(),
        Ty::Bool => "true".to_owned(),
        Ty::Enum([word, ..]) => format!("\"{word}\""),
        Ty::Cidr => "\"10.0.0.0/16\"".to_owned(),
        Ty::Duration => "\"5m\"".to_owned(),
        Ty::Map(_) => "{ … }".to_owned(),
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

/// What is wrong with a value, before it is known where it stands.
struct Problem {
    summary: String,
    help: Option<String>,
    /// What would have been right, where that can be said without the value.
    wanted: Option<String>,
}

impl Problem {
    fn new(summary: String) -> Self {
        Self { summary, help: None, wanted: None }
    }

    fn ty(wanted: &str, value: &Value) -> Self {
        let shown = match value {
            Value::String(text) if text.chars().count() <= 60 => format!("the string \"{text}\""),
            Value::Block(address) => format!("`{address}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::Bool(bool) => format!("{bool}"),
            other => other.type_name().to_owned(),
        };
        Self { wanted: Some(wanted.to_owned()), ..Self::new(format!("it takes {wanted}, and this is {shown}")) }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Without the text of a value that must not be shown.
    fn hidden(self) -> Self {
        match self.wanted {
            Some(wanted) => Self::new(format!("it takes {wanted}, and the sensitive value given is something else")),
            None => Self::new("it does not take the sensitive value given".to_owned()),
        }
    }

    fn at(self, span: Span, argument: &str) -> Diagnostic {
        let diagnostic = Diagnostic::error("wrong-value", format!("`{argument}`: {}", self.summary)).at(span);
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

fn to_bool(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::String(text) if &**text == "true" => Some(true.into()),
        Value::String(text) if &**text == "false" => Some(false.into()),
        _ => None,
    }
}

fn to_string(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(bool) => Some(bool.to_string().into()),
        _ => None,
    }
}

fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => match text.parse::<i64>() {
            Ok(int) => Some(Number::Int(int)),
            Err(_) => text.parse().ok().and_then(Number::from_f64),
        },
        _ => None,
    }
}

fn within(number: Number, low: f64, high: f64) -> Result<Value, Problem> {
    if (low..=high).contains(&number.as_f64()) {
        return Ok(Value::Number(number));
    }
    let range = match (low <= f64::from(i32::MIN), high >= 9e15) {
        (_, true) => format!("{low} or more"),
        (true, _) => format!("{high} or less"),
        _ => format!("{low} to {high}"),
    };
    Err(Problem::new(format!("{number} is out of range")).help(format!("Write {range}.")))
}

/// A word in the case in which the table has it.
fn in_our_case(words: &[&str], value: &Value) -> Value {
    let meant = value.as_str().and_then(|text| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
    meant.map_or_else(|| value.clone(), |word| Value::from(*word))
}

fn one_of(words: &[&str], value: &Value) -> Result<Value, Problem> {
    let list = || words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
    let Some(Value::String(text)) = to_string(value) else {
        return Err(Problem::ty(&format!("one of {}", list()), value));
    };
    if words.contains(&&*text) {
        return Ok(Value::String(text));
    }
    let close = words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(&text))
        .or_else(|| crate::diagnostic::closest(&text, words.iter().copied()));
    let problem = Problem::new(format!("\"{text}\" is not one of {}", list()));
    Err(match close {
        Some(close) => problem.help(format!("Did you mean \"{close}\"?")),
        None => problem,
    })
}

fn parse_with(
    value: &Value,
    wanted: &str,
    parse: impl Fn(&str) -> Result<String, Option<String>>,
) -> Result<Value, Problem> {
    match value {
        Value::String(text) => parse(text).map(Value::from).map_err(|why| match why {
            Some(why) => Problem::new(why),
            None => Problem::ty(wanted, value),
        }),
        other => Err(Problem::ty(wanted, other)),
    }
}

/// Normalises a range to its network address.
fn cidr(text: &str) -> Result<String, Option<String>> {
    let (address, bits) = text.split_once('/').ok_or(None)?;
    let bits: u8 = bits.parse().map_err(|_| None)?;
    match address.parse::<IpAddr>().map_err(|_| None)? {
        IpAddr::V4(ip) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            Ok(format!("{}/{bits}", std::net::Ipv4Addr::from(u32::from(ip) & mask)))
        }
        IpAddr::V6(ip) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            Ok(format!("{}/{bits}", std::net::Ipv6Addr::from(u128::from(ip) & mask)))
        }
        _ => Err(Some(format!("`{text}` has more bits than its address"))),
    }
}

fn as_set(mut items: Vec<Value>) -> Value {
    if items.iter().any(|item| item.unknown_within().is_some()) {
        return items.into();
    }
    let text = |value: &Value| value.reveal().map(|json| json.to_string()).unwrap_or_default();
    items.sort_by_cached_key(text);
    items.dedup();
    items.into()
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

//! The documentation of the kinds, from their tables: as text and as JSON.

use serde_json::{Value as Json, json};

use super::{BOLD, DIM, GREEN, RED, YELLOW, hang, styled, wrap};
use crate::kinds::{self, Arg, Block, Change, From, Kind, Lit, Location, NameRule, Need, Place, Ty, Unique};

/// The width of the text.
const WIDTH: usize = 96;

/// Every kind with a sentence, by the provider that has it.
pub fn list() -> String {
    let mut families: Vec<(&str, Vec<&Kind>)> = Vec::new();
    for kind in kinds::ALL {
        let family =
            kind.arm.type_.split('/').next().filter(|family| !family.is_empty()).unwrap_or("Several providers");
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(kind),
            None => families.push((family, vec![kind])),
        }
    }
    let width = kinds::ALL.iter().map(|kind| kind.name.len()).max().unwrap_or_default();
    let line = |kind: &&Kind| {
        let about = hang(&wrap(kind.about, WIDTH.saturating_sub(width).max(40)), width + 4);
        format!("  {}{:pad$}  {about}\n", styled(GREEN, kind.name), "", pad = width - kind.name.len())
    };
    let family = |(family, members): &(&str, Vec<&Kind>)| {
        format!("{}\n{}\n", styled(BOLD, family), members.iter().map(line).collect::<String>())
    };
    let all: String = families.iter().map(family).collect();
    format!("{all}{}\n", styled(DIM, "drplan kinds NAME says what can be written in a block of a kind."))
}

/// All that there is to know of a kind to write a block of it.
pub fn show(kind: &Kind) -> String {
    let mut out = format!("{}\n{}\n", styled(BOLD, kind.name), wrap(kind.about, WIDTH));
    let facts = facts(kind);
    if !facts.is_empty() {
        out += &format!("\n{facts}");
    }
    out += &section("Arguments", &kind.args.iter().map(|arg| argument(arg, 2)).collect::<String>());
    out += &section("Attributes", &attributes(kind));
    for (of, variant) in kind.variants.iter().flat_map(|variants| variants.of) {
        out += &variant_of(kind, of, variant);
    }
    let left_out: String = kind
        .left_out
        .iter()
        .map(|(name, why)| format!("  {name}\n      {}\n", hang(&wrap(why, WIDTH - 6), 6)))
        .collect();
    out += &section("Left out of what azurerm has", &left_out);
    out + &section("Example", &indent(kind.example.trim()))
}

/// What one of several tables says beyond what all have in common.
fn variant_of(kind: &Kind, of: &str, variant: &Kind) -> String {
    let by = kind.variants.map(|variants| variants.by).unwrap_or_default();
    let own = variant.args.iter().filter(|arg| kind.arg(arg.name).is_none());
    let text = format!("{}\n\n{}", wrap(variant.about, WIDTH - 2), facts(variant))
        + &section("Arguments", &own.map(|arg| argument(arg, 2)).collect::<String>())
        + &section("Attributes", &attributes(variant));
    section(&format!("Where {by} is a {of}"), &indent(&text))
}

/// The name of the kind closest to a name that is none.
pub fn closest(name: &str) -> Option<&'static str> {
    crate::diagnostic::closest(name, kinds::ALL.iter().map(|kind| kind.name))
}

fn section(title: &str, text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("\n{}\n{text}", styled(BOLD, title)) }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

fn facts(kind: &Kind) -> String {
    let Kind { arm, place, location, names, durations: takes, .. } = kind;
    let [create, update, delete] = [takes.create, takes.update, takes.delete].map(seconds);
    // Where there are several tables, each of them says it.
    if kind.variants.is_some() {
        return String::new();
    }
    let mut rows = vec![
        ("Azure type", format!("{}, API version {}", arm.type_, arm.api)),
        ("Name", name_rule(names)),
        ("Lives in", lives_in(*place)),
        ("Region", region(*location).to_owned()),
        ("Takes about", format!("{create} to create, {update} to update, {delete} to delete")),
    ];
    if kind.recovery.loses_data {
        rows.push(("Deletion", "loses data that apply cannot make again".to_owned()));
    }
    rows.iter().map(|(word, text)| format!("{word:<13}{}\n", hang(&wrap(text, WIDTH - 13), 13))).collect()
}

fn seconds(seconds: u32) -> String {
    crate::duration::spoken(std::time::Duration::from_secs(seconds.into()))
}

fn name_rule(rule: &NameRule) -> String {
    let NameRule { min, max, pattern: _, words, unique, written } = rule;
    if !written {
        return "derived from what it refers to".to_owned();
    }
    let unique = match unique {
        Unique::InParent => "",
        Unique::Globally => "; unique in all of Azure",
    };
    format!("{min} to {max} characters: {words}{unique}")
}

fn lives_in(place: Place) -> String {
    match place {
        Place::Subscription => "the subscription".to_owned(),
        Place::Group => "a resource group".to_owned(),
        Place::Child(parent, _) => format!("its parent, the argument {parent}"),
        Place::Extension(scope) => format!("what it extends, the argument {scope}"),
        Place::Part(parent, ..) => format!("a list of its parent, the argument {parent}"),
        Place::Property(of) => format!("properties of another resource, the argument {of}"),
    }
}

const fn region(location: Location) -> &'static str {
    match location {
        Location::Regional => "that of its site",
        Location::Global => "none: it is global, only its resource group's metadata has a region",
        Location::None => "that of what it lives in",
    }
}

fn argument(arg: &Arg, by: usize) -> String {
    let Arg { name, ty, need, wire: _, change, secret, write_only, same: _, doc } = arg;
    let mut facts = vec![match block_of(ty) {
        Some(block) => block_text(block),
        None => type_text(ty),
    }];
    match need {
        Need::Required => facts.push(styled(YELLOW, "required")),
        Need::Optional => {}
        Need::Default(lit) => facts.push(format!("default {}", literal(*lit))),
    }
    if *change == Change::Replace {
        facts.push(styled(RED, "a change replaces"));
    }
    if *secret {
        facts.push("sensitive".to_owned());
    }
    if *write_only && !secret {
        facts.push("never read back".to_owned());
    }
    let inner = block_of(ty).map(|block| block.args.iter().map(|inner| argument(inner, by + 4)).collect::<String>());
    let under = by + 6;
    let doc = hang(&wrap(doc, WIDTH.saturating_sub(under)), under);
    let head = format!("{:by$}{}  {}", "", styled(GREEN, name), facts.join(", "));
    format!("{head}\n{:under$}{doc}\n{}", "", inner.unwrap_or_default())
}

const fn block_of(ty: &Ty) -> Option<&'static Block> {
    match ty {
        Ty::Block(block) => Some(block),
        _ => None,
    }
}

fn block_text(block: &Block) -> String {
    let Block { args: _, min, max, key } = block;
    let number = match (*min, *max) {
        (0, 1) => "block, at most one".to_owned(),
        (1, 1) => "block, exactly one".to_owned(),
        (0, usize::MAX) => "block, any number".to_owned(),
        (min, usize::MAX) => format!("block, at least {min}"),
        (min, max) => format!("block, {min} to {max}"),
    };
    if key.is_empty() { number } else { format!("{number}, told apart by {key}") }
}

fn type_text(ty: &Ty) -> String {
    match ty {
        Ty::Bool => "true or false".to_owned(),
        Ty::String => "string".to_owned(),
        Ty::Number(min, max) => range("number", *min > f64::MIN, min, *max < f64::MAX, max),
        Ty::Integer(min, max) => range("whole number", *min > i64::MIN, min, *max < i64::MAX, max),
        Ty::Enum(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" | "),
        Ty::Cidr => "address range (\"10.0.0.0/16\")".to_owned(),
        Ty::Ip => "IP address".to_owned(),
        Ty::Duration => "duration (\"90s\", \"5m\", \"1h30m\")".to_owned(),
        Ty::List(of) => format!("list of {}", type_text(of)),
        Ty::Set(of) => format!("set of {}", type_text(of)),
        Ty::Map(of) => format!("map of {}", type_text(of)),
        Ty::Ref([]) => "reference to any resource".to_owned(),
        Ty::Ref(kinds) => format!("reference to {}", kinds.join(" or ")),
        Ty::Site => "reference to a site".to_owned(),
        Ty::Block(block) => block_text(block),
        Ty::Any => "any value".to_owned(),
    }
}

fn range<T: std::fmt::Display>(word: &str, from: bool, min: &T, to: bool, max: &T) -> String {
    match (from, to) {
        (true, true) => format!("{word} from {min} to {max}"),
        (true, false) => format!("{word} from {min}"),
        (false, true) => format!("{word} up to {max}"),
        (false, false) => word.to_owned(),
    }
}

fn literal(lit: Lit) -> String {
    super::value::Names::none().on_one_line(&lit.json())
}

fn attributes(kind: &Kind) -> String {
    kind.attributes
        .iter()
        .map(|attribute| {
            let known = match attribute.from {
                From::Names(_) => "known before apply",
                From::Body(_) | From::Action(..) => "known after apply",
            };
            let secret = if attribute.secret { ", sensitive" } else { "" };
            let doc = hang(&wrap(attribute.doc, WIDTH - 8), 8);
            format!("  {}  {known}{secret}\n        {doc}\n", styled(GREEN, attribute.name))
        })
        .collect()
}

/// A kind as JSON: `name`, `about`, `azure_type`, `api_version`, `arguments` (each `name`, `type`, `required`, `default`, `replaces`,
/// `sensitive`, `doc`, and `block` with `min`, `max`, `key` and `arguments`), `attributes`, `name_rule`, `durations` in seconds, `variants`,
/// `left_out`, `example`.
pub fn json(kind: &Kind) -> Json {
    let Kind { name, about, arm, args, attributes, names, durations, variants, example, left_out, .. } = kind;
    let attribute = |attribute: &kinds::Attribute| {
        let known = matches!(attribute.from, From::Names(_));
        json!({"name": attribute.name, "known_before_apply": known, "sensitive": attribute.secret, "doc": attribute.doc})
    };
    let variants: Vec<Json> = variants
        .iter()
        .flat_map(|variants| {
            variants.of.iter().map(|(of, kind)| json!({"by": variants.by, "of": of, "kind": json(kind)}))
        })
        .collect();
    json!({
        "name": name,
        "about": about,
        "azure_type": arm.type_,
        "api_version": arm.api,
        "name_rule": {
            "min": names.min, "max": names.max, "pattern": names.pattern, "words": names.words,
            "unique_in_azure": names.unique == Unique::Globally, "written": names.written,
        },
        "arguments": args.iter().map(argument_json).collect::<Vec<_>>(),
        "attributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
        "durations": {"create": durations.create, "update": durations.update, "delete": durations.delete},
        "variants": variants,
        "left_out": left_out.iter().map(|(name, why)| json!({"name": name, "why": why})).collect::<Vec<_>>(),
        "example": example.trim(),
    })
}

fn argument_json(arg: &Arg) -> Json {
    let Arg { name, ty, need, wire: _, change, secret, write_only: _, same: _, doc } = arg;
    let default = match need {
        Need::Default(lit) => lit.json(),
        Need::Required | Need::Optional => Json::Null,
    };
    let block = block_of(ty).map(|block| {
        let max = (block.max < usize::MAX).then_some(block.max);
        let args: Vec<Json> = block.args.iter().map(argument_json).collect();
        json!({"min": block.min, "max": max, "key": block.key, "arguments": args})
    });
    json!({
        "name": name,
        "type": if block.is_some() { "block".to_owned() } else { type_text(ty) },
        "required": matches!(need, Need::Required),
        "default": default,
        "replaces": *change == Change::Replace,
        "sensitive": secret,
        "doc": doc,
        "block": block,
    })
}

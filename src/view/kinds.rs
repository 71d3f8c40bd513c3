//! The documentation of the kinds and of the blocks of the language, from their tables: as text, JSON and Markdown.

use serde_json::{Value as Json, json};

use super::{BOLD, DIM, GREEN, Layout, RED, YELLOW, fit, hang, styled, wrap};
use crate::kinds::{
    self, Arg, AttributeSource, Block, Catalog, ChangeEffect, Kept, Kind, Lit, Location, NameRule, NameScope, Need,
    Place, Ty, Variants,
};
use crate::reference::blocks::{self, LanguageBlock, Necessity, ProvidedArgument};

/// The width of Markdown.
const PAGE: usize = 120;
/// The version of the JSON.
const FORMAT_VERSION: u32 = 2;
/// The family of the blocks that are no resources.
const LANGUAGE: &str = "Language";
/// The family of kinds with a table for each provider type.
const SEVERAL: &str = "Several providers";

/// The kinds by the provider that has them, in the order of the catalog.
pub fn families(catalog: &Catalog) -> Vec<(&'static str, Vec<&'static Kind>)> {
    let mut families: Vec<(&str, Vec<&Kind>)> = Vec::new();
    for kind in catalog.kinds() {
        let family = Some(kind.type_.namespace()).filter(|family| !family.is_empty()).unwrap_or(SEVERAL);
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(kind),
            None => families.push((family, vec![kind])),
        }
    }
    families
}

/// Every block and kind with a sentence, by family.
pub fn list(catalog: &Catalog, layout: Layout) -> String {
    let names = catalog.kinds().map(|kind| kind.name).chain(blocks::all().map(|block| block.name));
    let width = names.map(str::len).max().unwrap_or_default();
    let line = |name: &str, about: &str| {
        let about = layout.wrap(about, width + 4);
        format!("  {}{:pad$}  {about}\n", styled(GREEN, name), "", pad = width - name.len())
    };
    let of_language = blocks::all().map(|block| line(block.name, &first_sentence(block.about)));
    let language = format!("{}\n{}\n", styled(BOLD, LANGUAGE), of_language.collect::<String>());
    let family = |(family, members): &(&str, Vec<&Kind>)| {
        let members: String = members.iter().map(|kind| line(kind.name, kind.about)).collect();
        format!("{}\n{members}\n", styled(BOLD, family))
    };
    let all: String = families(catalog).iter().map(family).collect();
    let more = "`drplan kinds NAME` shows arguments, defaults and an example.";
    format!("{language}{all}{}\n", styled(DIM, more))
}

/// Everything needed to write a block of a kind.
pub fn show(kind: &Kind, layout: Layout) -> String {
    let mut out = format!("{}\n{}\n", styled(BOLD, kind.name), layout.wrap(kind.about, 0));
    let facts = facts(kind);
    if !facts.is_empty() {
        let width = facts.iter().map(|(word, _)| word.len()).max().unwrap_or_default() + 2;
        let rows = facts.iter().map(|(word, text)| format!("{word:<width$}{}\n", layout.wrap(text, width)));
        out += &format!("\n{}", rows.collect::<String>());
    }
    out += &section("Arguments", &kind.args.iter().map(|arg| argument(arg, 2, layout)).collect::<String>());
    out += &format!("  {}\n", styled(DIM, COMMON));
    out += &section("Attributes", &attributes(kind, layout));
    for (of, variant) in kind.variants.iter().flat_map(each_table) {
        out += &variant_of(kind, &of, variant, layout);
    }
    let left_out = |(name, why): &(&str, &str)| format!("  {name}\n      {}\n", layout.wrap(why, 6));
    out += &section(&left_out_title(kind), &kind.left_out.iter().map(left_out).collect::<String>());
    fit(&out, layout.width) + &section("Example", &indent(kind.example.trim()))
}

/// The line below the arguments of a kind.
const COMMON: &str = "Every resource also takes the arguments of `drplan kinds resource`.";

/// Everything needed to write a block of the language.
pub fn show_block(block: &LanguageBlock, catalog: &Catalog, layout: Layout) -> String {
    let mut out = format!("{}\n{}\n", styled(BOLD, block.name), layout.wrap(block.about, 0));
    let rows = block_facts(block);
    let rows = rows.iter().map(|(word, text)| format!("{word:<13}{}\n", layout.wrap(text, 13)));
    out += &format!("\n{}", rows.collect::<String>());
    let one = |argument: &ProvidedArgument| {
        let need = necessity(argument.need).map(|need| format!(", {need}")).unwrap_or_default();
        let need = if argument.need == Necessity::Required { styled(YELLOW, &need) } else { need };
        let doc = layout.wrap(&argument.doc, 8);
        format!("  {}  {}{need}\n        {doc}\n", styled(GREEN, argument.name), argument.ty)
    };
    out += &section("Arguments", &blocks::arguments(block, catalog).iter().map(one).collect::<String>());
    let nested = block.blocks.iter().filter_map(|name| blocks::find(name));
    let nested = nested.map(|inner| {
        let about = layout.wrap(&first_sentence(inner.about), 8);
        format!("  {}  {}\n        {about}\n", styled(GREEN, inner.name), inner.count)
    });
    out += &section("Blocks", &nested.collect::<String>());
    let notes = block.notes.iter().map(|note| format!("  {}\n", layout.wrap(note, 2)));
    out += &section("Notes", &notes.collect::<String>());
    fit(&out, layout.width) + &section("Example", &indent(block.example.trim()))
}

fn block_facts(block: &LanguageBlock) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if !block.within.is_empty() {
        rows.push(("Block of", block.within.to_owned()));
    }
    rows.push(("Label", if block.label.is_empty() { "none".to_owned() } else { block.label.to_owned() }));
    rows.push(("Number", block.count.to_owned()));
    rows
}

fn necessity(need: Necessity) -> Option<String> {
    match need {
        Necessity::Required => Some("required".to_owned()),
        Necessity::Optional => None,
        Necessity::Default(value) => Some(format!("default {value}")),
    }
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or_else(|| text.to_owned(), |(first, _)| format!("{first}."))
}

/// The tables of variants, each once, with the kinds that choose it.
fn each_table(variants: &Variants) -> Vec<(Vec<&'static str>, &'static Kind)> {
    let mut all: Vec<(Vec<&'static str>, &'static Kind)> = Vec::new();
    for (of, kind) in variants.of {
        match all.iter_mut().find(|(_, known)| std::ptr::eq(*known, *kind)) {
            Some((names, _)) => names.push(of),
            None => all.push((vec![*of], kind)),
        }
    }
    all
}

/// The arguments and attributes of one variant beyond those that all have in common.
fn variant_of(kind: &Kind, of: &[&str], variant: &Kind, layout: Layout) -> String {
    let by = kind.variants.map(|variants| variants.by).unwrap_or_default();
    let own = variant.args.iter().filter(|arg| kind.arg(arg.name).is_none());
    // The whole is indented by two.
    let inner = Layout { width: layout.width.saturating_sub(2), ..layout };
    let rows = facts(variant).into_iter().map(|(word, text)| format!("{word:<13}{}\n", inner.wrap(&text, 13)));
    let text = format!("{}\n\n{}", inner.wrap(variant.about, 0), rows.collect::<String>())
        + &section("Arguments", &own.map(|arg| argument(arg, 2, inner)).collect::<String>())
        + &section("Attributes", &attributes(variant, inner));
    let of: Vec<String> = of.iter().map(|name| kinds::with_article(name)).collect();
    section(&format!("With {} as {by}", of.join(" or ")), &indent(&text))
}

/// The name of the kind or block closest to an unknown name.
pub fn closest(catalog: &Catalog, name: &str) -> Option<&'static str> {
    let known = catalog.kinds().map(|kind| kind.name).chain(blocks::all().map(|block| block.name));
    crate::diagnostic::closest(name, known)
}

fn section(title: &str, text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("\n{}\n{text}", styled(BOLD, title)) }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

fn facts(kind: &Kind) -> Vec<(String, String)> {
    let Kind { type_, place, location, durations: takes, .. } = kind;
    let [create, update, delete] = [takes.create, takes.update, takes.delete].map(seconds);
    let type_word = format!("{} type", kind.provider().title);
    let named = |rows: Vec<(&str, String)>| rows.into_iter().map(|(word, text)| (word.to_owned(), text)).collect();
    // With several tables, each of them has its own facts.
    if kind.variants.is_some() {
        return Vec::new();
    }
    if kind.typed.is_some() {
        let type_ = "any: the argument `type`".to_owned();
        return named(vec![(&*type_word, type_), ("Name", name_rule(kind)), ("Scope", scope(*place))]);
    }
    let mut rows = vec![
        (&*type_word, format!("{}, API version {}", type_.name, type_.version)),
        ("Name", name_rule(kind)),
        ("Scope", scope(*place)),
        ("Region", region(kind, *location)),
        ("Takes about", format!("{create} to create, {update} to update, {delete} to delete")),
    ];
    if kind.recovery.loses_data {
        rows.push(("Deletion", "deletes data, which apply cannot restore".to_owned()));
    }
    named(rows)
}

fn left_out_title(kind: &Kind) -> String {
    format!("Arguments of {} that are left out", kind.terraform_provider())
}

fn seconds(seconds: u32) -> String {
    crate::duration::spoken(std::time::Duration::from_secs(seconds.into()))
}

fn name_rule(kind: &Kind) -> String {
    let NameRule { min, max, pattern: _, words, unique, written } = &kind.names;
    if !written {
        return "derived from the resource that it refers to".to_owned();
    }
    let unique = match unique {
        NameScope::InParent => String::new(),
        NameScope::Globally => format!("; unique in all of {}", kind.provider().title),
    };
    format!("{min} to {max} characters: {words}{unique}")
}

fn scope(place: Place) -> String {
    match place {
        Place::Subscription => "the subscription".to_owned(),
        Place::Root(id) => format!("the account, as `{id}`"),
        Place::Beside(of, id) => format!("beside the resource in `{of}`, as `{id}`"),
        Place::Group => "a resource group".to_owned(),
        Place::Child(parent, _) => format!("child of the resource in `{parent}`"),
        Place::Extension(scope) => format!("extension of the resource in `{scope}`"),
        Place::Part(parent, ..) => format!("list element of the resource in `{parent}`"),
        Place::Property(of) => format!("properties of the resource in `{of}`"),
        Place::Member(of) => format!("list element of the resource in `{}`", of.owner),
    }
}

fn region(kind: &Kind, location: Location) -> String {
    let provider = kind.provider();
    match location {
        _ if !provider.has_sites() => format!("none: {} serves it from everywhere", provider.title),
        Location::Regional => {
            let beside = kind.place.argument().or(kind.sited).filter(|_| kind.place.template().is_some());
            beside.map_or_else(|| "that of its site".to_owned(), |of| format!("that of the resource in `{of}`"))
        }
        Location::Global => "none (global); only the metadata of its resource group has a region".to_owned(),
        Location::None if kind.place.is_root() => "none: it is the same for every site".to_owned(),
        Location::None => "that of its parent".to_owned(),
    }
}

fn argument(arg: &Arg, by: usize, layout: Layout) -> String {
    let mut facts = argument_facts(arg);
    // The same words as in Markdown, with colour.
    for fact in &mut facts {
        match fact.as_str() {
            REQUIRED => *fact = styled(YELLOW, fact),
            REPLACES => *fact = styled(RED, fact),
            _ => {}
        }
    }
    let inner = block_of(&arg.ty)
        .map(|block| block.args.iter().map(|inner| argument(inner, by + 4, layout)).collect::<String>());
    let under = by + 6;
    let doc = layout.wrap(arg.doc, under);
    let head = format!("{:by$}{}  {}", "", styled(GREEN, arg.name), facts.join(", "));
    format!("{head}\n{:under$}{doc}\n{}", "", inner.unwrap_or_default())
}

const REQUIRED: &str = "required";
const REPLACES: &str = "change forces replacement";

fn argument_facts(arg: &Arg) -> Vec<String> {
    let Arg {
        name: _,
        ty,
        need,
        wire: _,
        change,
        secret,
        write_only,
        same: _,
        kept,
        partial: _,
        form: _,
        filled: _,
        filled_before: _,
        near: _,
        doc: _,
    } = arg;
    let mut facts = vec![match block_of(ty) {
        Some(block) => block_text(block),
        None => type_text(ty),
    }];
    match need {
        Need::Required => facts.push(REQUIRED.to_owned()),
        Need::Optional => {}
        Need::Default(lit) => facts.push(format!("default {}", literal(*lit))),
    }
    if *change == ChangeEffect::Replace {
        facts.push(REPLACES.to_owned());
    }
    if *kept == Kept::Chosen {
        facts.push("kept if removed".to_owned());
    }
    if *secret {
        facts.push("sensitive".to_owned());
    }
    if *write_only && !secret {
        facts.push("write-only".to_owned());
    }
    facts
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
    if key.is_empty() { number } else { format!("{number}, keyed by {key}") }
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
        Ty::Tags(_) => type_text(&Ty::Map(&Ty::String)),
        Ty::Map(of) => format!("map of {}", type_text(of)),
        Ty::Ref([]) => "reference to any resource".to_owned(),
        Ty::Ref(kinds) => format!("reference to {}", kinds.join(" or ")),
        Ty::Site => "reference to a site".to_owned(),
        Ty::Backup => "reference to a backup".to_owned(),
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
    super::value::ResourceNames::none().on_one_line(&lit.json())
}

fn attributes(kind: &Kind, layout: Layout) -> String {
    let one = |attribute: &kinds::Attribute| {
        let doc = layout.wrap(attribute.doc, 8);
        format!("  {}  {}\n        {doc}\n", styled(GREEN, attribute.name), known(attribute))
    };
    kind.attributes.iter().map(one).collect()
}

fn known(attribute: &kinds::Attribute) -> String {
    let known = match attribute.from {
        AttributeSource::Names(_) => "known before apply",
        AttributeSource::Body(_) | AttributeSource::Action(..) | AttributeSource::Exported(_) => "known after apply",
    };
    format!("{known}{}", if attribute.secret { ", sensitive" } else { "" })
}

/// A kind as a section of a page.
pub fn markdown(kind: &Kind) -> String {
    let mut out = format!("## `{}`\n\n{}\n", kind.name, wrap(kind.about, PAGE));
    let rows = facts(kind);
    if !rows.is_empty() {
        out +=
            &format!("\n{}", rows.iter().map(|(word, text)| item(0, &format!("{word}: {text}"))).collect::<String>());
    }
    out += &part("Arguments", &argument_items(kind.args, 0));
    out += &part("Attributes", &attribute_items(kind));
    for (of, variant) in kind.variants.iter().flat_map(each_table) {
        let of = of.join("` or `");
        let by = kind.variants.map(|variants| variants.by).unwrap_or_default();
        let own: Vec<Arg> = variant.args.iter().filter(|arg| kind.arg(arg.name).is_none()).copied().collect();
        out += &format!("\n### With `{of}` as `{by}`\n\n{}\n\n", wrap(variant.about, PAGE));
        out += &facts(variant).iter().map(|(word, text)| item(0, &format!("{word}: {text}"))).collect::<String>();
        out += &part("Arguments", &argument_items(&own, 0));
        out += &part("Attributes", &attribute_items(variant));
    }
    let left_out: String = kind.left_out.iter().map(|(name, why)| item(0, &format!("`{name}`: {why}"))).collect();
    out += &part(&left_out_title(kind), &left_out);
    out + &format!("\n**Example**\n\n```hcl\n{}\n```\n", kind.example.trim())
}

/// A block of the language as a section of a page.
pub fn block_markdown(block: &LanguageBlock, catalog: &Catalog) -> String {
    let mut out = format!("## `{}`\n\n{}\n\n", block.name, wrap(block.about, PAGE));
    out += &block_facts(block).iter().map(|(word, text)| item(0, &format!("{word}: {text}"))).collect::<String>();
    let one = |argument: &ProvidedArgument| {
        let need = necessity(argument.need).map(|need| format!(", {need}")).unwrap_or_default();
        item(0, &format!("`{}` ({}{need}): {}", argument.name, argument.ty, argument.doc))
    };
    out += &part("Arguments", &blocks::arguments(block, catalog).iter().map(one).collect::<String>());
    let nested = block.blocks.iter().filter_map(|name| blocks::find(name));
    let nested =
        nested.map(|inner| item(0, &format!("`{}` ({}): {}", inner.name, inner.count, first_sentence(inner.about))));
    out += &part("Blocks", &nested.collect::<String>());
    out += &part("Notes", &block.notes.iter().map(|note| item(0, note)).collect::<String>());
    // Nested blocks share the example of the block around them, which stands once on the page.
    let shared = blocks::all().find(|other| other.example == block.example).map_or("", |first| first.name);
    match shared == block.name {
        true => out + &format!("\n**Example**\n\n```hcl\n{}\n```\n", block.example.trim()),
        false => out + &format!("\n**Example**: see [`{shared}`](#{shared}).\n"),
    }
}

fn part(title: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\n**{title}**\n\n{text}") }
}

fn item(by: usize, text: &str) -> String {
    format!("{:by$}- {}\n", "", hang(&wrap(text, PAGE - by - 2), by + 2))
}

fn argument_items(args: &[Arg], by: usize) -> String {
    let one = |arg: &Arg| {
        let inner = block_of(&arg.ty).map(|block| argument_items(block.args, by + 2)).unwrap_or_default();
        item(by, &format!("`{}` ({}): {}", arg.name, argument_facts(arg).join(", "), arg.doc)) + &inner
    };
    args.iter().map(one).collect()
}

fn attribute_items(kind: &Kind) -> String {
    let one = |attribute: &kinds::Attribute| {
        item(0, &format!("`{}` ({}): {}", attribute.name, known(attribute), attribute.doc))
    };
    kind.attributes.iter().map(one).collect()
}

/// All kinds and blocks as one JSON document.
pub fn list_json(catalog: &Catalog) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "kinds": catalog.kinds().map(of_kind).collect::<Vec<_>>(),
        "blocks": blocks::all().map(|block| of_block(block, catalog)).collect::<Vec<_>>(),
    })
}

/// A kind as a JSON document of its own; its fields are in `docs/schemas/kinds.json`.
pub fn json(kind: &Kind) -> Json {
    versioned(of_kind(kind))
}

/// A block of the language as a JSON document of its own.
pub fn block_json(block: &LanguageBlock, catalog: &Catalog) -> Json {
    versioned(of_block(block, catalog))
}

fn versioned(document: Json) -> Json {
    let mut all = json!({ "format_version": FORMAT_VERSION });
    if let (Json::Object(all), Json::Object(document)) = (&mut all, document) {
        all.extend(document);
    }
    all
}

fn of_kind(kind: &Kind) -> Json {
    let Kind { name, about, type_, args, attributes, names, durations, variants, example, left_out, .. } = kind;
    let attribute = |attribute: &kinds::Attribute| {
        let known = matches!(attribute.from, AttributeSource::Names(_));
        json!({"name": attribute.name, "known_before_apply": known, "sensitive": attribute.secret, "doc": attribute.doc})
    };
    let variants: Vec<Json> = variants
        .iter()
        .flat_map(|variants| {
            variants.of.iter().map(|(of, kind)| json!({"by": variants.by, "of": of, "kind": of_kind(kind)}))
        })
        .collect();
    json!({
        "name": name,
        "about": about,
        "type": type_.name,
        "api_version": type_.version,
        "name_rule": {
            "min": names.min, "max": names.max, "pattern": names.pattern, "words": names.words,
            "globally_unique": names.unique == NameScope::Globally, "written": names.written,
        },
        "arguments": args.iter().map(argument_json).collect::<Vec<_>>(),
        "attributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
        "durations": {"create": durations.create, "update": durations.update, "delete": durations.delete},
        "variants": variants,
        "left_out": left_out.iter().map(|(name, why)| json!({"name": name, "why": why})).collect::<Vec<_>>(),
        "example": example.trim(),
    })
}

fn of_block(block: &LanguageBlock, catalog: &Catalog) -> Json {
    let LanguageBlock { name, within, about, label, count, arguments: _, blocks, notes, example } = block;
    let arguments = blocks::arguments(block, catalog);
    let argument = |argument: &ProvidedArgument| {
        let default = match argument.need {
            Necessity::Default(value) => Json::from(value),
            Necessity::Required | Necessity::Optional => Json::Null,
        };
        json!({
            "name": argument.name,
            "type": argument.ty,
            "required": argument.need == Necessity::Required,
            "default": default,
            "doc": argument.doc,
        })
    };
    json!({
        "name": name,
        "within": (!within.is_empty()).then_some(within),
        "about": about,
        "label": (!label.is_empty()).then_some(label),
        "number": count,
        "arguments": arguments.iter().map(argument).collect::<Vec<_>>(),
        "blocks": blocks,
        "notes": notes,
        "example": example.trim(),
    })
}

fn argument_json(arg: &Arg) -> Json {
    let Arg {
        name,
        ty,
        need,
        wire: _,
        change,
        secret,
        write_only: _,
        same: _,
        kept: _,
        partial: _,
        form: _,
        filled: _,
        filled_before: _,
        near: _,
        doc,
    } = arg;
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
        "replaces": *change == ChangeEffect::Replace,
        "sensitive": secret,
        "doc": doc,
        "block": block,
    })
}

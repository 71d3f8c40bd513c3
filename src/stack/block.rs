//! One block of a resource to its instances: `for_each`, `mirrors`, arguments, site, name and id.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl;
use crate::hcl::ast::Body;
use crate::kinds::decode::{Decoded, Written, WrittenArg, decode};
use crate::kinds::{Arg, Finding, Kind, Location, Place, RESOURCE_GROUP, Subject, Ty, body, with_article};
use crate::stack::names;
use crate::stack::program::Definition;
use crate::stack::scope::{BlockScope, Facts, Instances, plain};
use crate::stack::{Presence, Resource};
use crate::value::{Map, Value};

/// Arguments that every resource block may have, beside those of its kind.
const META: &[&str] = &["for_each", "depends_on", "mirrors", "prevent_destroy", "name", "site"];

/// A block as it is written, with what each argument or nested block names.
#[derive(Default)]
struct Block {
    written: Written,
    touched: HashMap<Arc<str>, BTreeSet<Address>>,
}

/// The instances of a definition, and those that could be made of it.
pub(super) fn instances(
    address: &Address,
    definition: &Definition,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> (Instances, Vec<Resource>) {
    let block = &definition.block;
    let Some(for_each) = block.body.attribute("for_each") else {
        let resource = instance(address.clone(), definition, None, facts, found);
        return (Instances::One, resource.into_iter().collect());
    };
    let scope = BlockScope::new(facts, None);
    let entries = match hcl::evaluate(&for_each.expr, &scope) {
        Ok(value) => entries(&value, for_each.expr.span, found),
        Err(problems) => {
            found.extend(problems);
            None
        }
    };
    let Some(entries) = entries else { return (Instances::Broken, Vec::new()) };
    let mut keys = BTreeMap::new();
    let mut resources = Vec::new();
    for (key, value) in entries {
        let of_key = address.instance(&key);
        keys.insert(Arc::clone(&key), of_key.clone());
        let each = (Value::String(key), value);
        resources.extend(instance(of_key, definition, Some(each), facts, found));
    }
    (Instances::Each(keys), resources)
}

/// Keys and values of a `for_each`.
fn entries(value: &Value, span: Span, found: &mut Diagnostics) -> Option<Vec<(Arc<str>, Value)>> {
    let problem = match value {
        Value::Map(map) => return Some(map.iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect()),
        Value::List(items) => {
            let keys: Option<Vec<Arc<str>>> = items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Some(Arc::clone(text)),
                    Value::Number(number) => Some(number.to_string().into()),
                    Value::Block(address) => Some(address.as_str().into()),
                    _ => None,
                })
                .collect();
            let distinct = keys.as_ref().map(|keys| keys.iter().collect::<BTreeSet<_>>().len());
            match (keys, distinct) {
                (Some(keys), Some(count)) if count == keys.len() => {
                    return Some(keys.into_iter().zip(items.iter().cloned()).collect());
                }
                (Some(_), _) => Diagnostic::error("wrong-for-each", "`for_each` has the same key twice")
                    .help("Each key is an address, so it must be there once; `toset(…)` drops repeats."),
                (None, _) => Diagnostic::error("wrong-for-each", "`for_each` takes a map or a set of strings"),
            }
        }
        Value::Unknown(unknown) => {
            let waits: Vec<&str> = unknown.waits_for.iter().map(String::as_str).collect();
            Diagnostic::error("wrong-for-each", "`for_each` hangs on what is known only after apply")
                .label(format!("waits for {}", waits.join(", ")))
                .why("The plan must know which resources there are.")
                .help("Use keys that the stack itself says.")
        }
        Value::Sensitive(_) => Diagnostic::error("wrong-for-each", "`for_each` is sensitive")
            .why("Its keys become addresses, which are shown.")
            .help("Use keys that may be shown, and look the sensitive values up by them."),
        other => Diagnostic::error(
            "wrong-for-each",
            format!("`for_each` takes a map or a set, and this is {}", other.type_name()),
        ),
    };
    found.push(problem.at(span));
    None
}

fn instance(
    address: Address,
    definition: &Definition,
    each: Option<(Value, Value)>,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> Option<Resource> {
    let scope = BlockScope::new(facts, each.clone());
    let written = written(definition, &scope, facts, found)?;
    let (kind, variant) = variant(definition.kind, &written.written, facts);
    let before = found.len();
    let resource = build(address, kind, variant, definition, written, &scope, facts, found);
    if found.iter().skip(before).any(|d| d.severity == crate::diagnostic::Severity::Error) { None } else { resource }
}

/// The arguments of an instance again, with more known than when the stack was loaded.
pub(super) fn resolve(resource: &Resource, definition: &Definition, facts: &Facts<'_>) -> Result<Map, Diagnostics> {
    let mut found = Diagnostics::new();
    let scope = BlockScope::new(facts, resource.each.clone());
    let args = written(definition, &scope, facts, &mut found).map(|block| {
        let table = table(resource.kind, resource.kind.args);
        let block = without_meta(block.written, resource.kind);
        let Decoded { mut args, uses: _ } =
            decode(&table, &block, &with_article(resource.kind.name), facts, &mut found);
        add_tags(&mut args, resource.kind, &resource.stack_tags);
        args
    });
    match args {
        Some(args) if !found.has_errors() => Ok(args),
        _ => Err(found),
    }
}

/// What a block has: its own arguments, and behind them those of the block it mirrors.
fn written(
    definition: &Definition,
    scope: &BlockScope<'_>,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> Option<Block> {
    let body = &definition.block.body;
    let mut own = evaluate_body(body, scope, &["mirrors", "for_each", "depends_on"], definition.block.header, found);
    let Some(mirrors) = body.attribute("mirrors") else { return Some(own) };
    let target = match hcl::evaluate(&mirrors.expr, scope) {
        Ok(Value::Block(target)) => target,
        // Something is wrong with what it mirrors, and has been told of there.
        Ok(Value::Unknown(unknown)) if unknown.waits_for.is_empty() => return None,
        Ok(_) => {
            found.push(
                Diagnostic::error("wrong-mirror", "`mirrors` takes one resource of the same kind")
                    .at(mirrors.expr.span)
                    .help("Write it as `mirrors = kind.name`, or `kind.name[each.key]` for one that has `for_each`."),
            );
            return None;
        }
        Err(problems) => {
            found.extend(problems);
            return None;
        }
    };
    // What is mirrored need not stand first: only what its inherited arguments name does.
    scope.take_touched();
    if target.kind() != definition.kind.name {
        found.push(
            Diagnostic::error("wrong-mirror", format!("`{target}` is not {}", with_article(definition.kind.name)))
                .at(mirrors.expr.span)
                .help("A resource mirrors one of its own kind."),
        );
        return None;
    }
    // Where the mirrored block is wrong, it has been told of at its own place.
    let other = facts.program.definitions.get(&target.block())?;
    let each = facts.resources.get(&target)?.each.clone();
    let other_scope = BlockScope::new(facts, each);
    let inherited = written(other, &other_scope, facts, &mut Diagnostics::new())?;
    let has = |own: &Block, name: &str| {
        own.written.args.iter().any(|arg| &*arg.name.text == name)
            || own.written.blocks.iter().any(|(ident, _)| &*ident.text == name)
    };
    let Block { written: Written { args, blocks, header: _ }, mut touched } = inherited;
    let keep: BTreeSet<Arc<str>> = args
        .iter()
        .map(|arg| &arg.name.text)
        .chain(blocks.iter().map(|(ident, _)| &ident.text))
        .filter(|name| !has(&own, name) && &***name != "prevent_destroy")
        .cloned()
        .collect();
    own.written.args.extend(args.into_iter().filter(|arg| keep.contains(&arg.name.text)));
    own.written.blocks.extend(blocks.into_iter().filter(|(ident, _)| keep.contains(&ident.text)));
    for name in keep {
        let of_name = touched.remove(&name).unwrap_or_default();
        own.touched.entry(name).or_default().extend(of_name);
    }
    Some(own)
}

fn evaluate_body(body: &Body, scope: &BlockScope<'_>, skip: &[&str], header: Span, found: &mut Diagnostics) -> Block {
    let mut out = Block { written: Written { header, ..Written::default() }, touched: HashMap::new() };
    for attribute in body.attributes.iter().filter(|attribute| !skip.contains(&&*attribute.name.text)) {
        let value = hcl::evaluate(&attribute.expr, scope).unwrap_or_else(|problems| {
            found.extend(problems);
            // Stands in for a value that has been told of, so that it is not called missing as well.
            Value::Unknown(crate::value::Unknown::default())
        });
        out.touched.entry(Arc::clone(&attribute.name.text)).or_default().extend(scope.take_touched());
        out.written.args.push(WrittenArg { name: attribute.name.clone(), value, span: attribute.expr.span });
    }
    for block in &body.blocks {
        if !block.labels.is_empty() {
            found.push(
                Diagnostic::error("wrong-labels", format!("a block `{}` in here takes no label", block.ident.text))
                    .at(block.header),
            );
        }
        let blocks = nested(block, scope, found);
        out.touched.entry(Arc::clone(&block.ident.text)).or_default().extend(scope.take_touched());
        out.written.blocks.extend(blocks.into_iter().map(|written| (block.ident.clone(), written)));
    }
    out
}

/// A nested block, once, or once for each key of its own `for_each`.
fn nested(block: &hcl::ast::Block, scope: &BlockScope<'_>, found: &mut Diagnostics) -> Vec<Written> {
    let inner = |scope: &BlockScope<'_>, found: &mut Diagnostics| {
        let Block { written, touched } = evaluate_body(&block.body, scope, &["for_each"], block.header, found);
        scope.touched.borrow_mut().extend(touched.into_values().flatten());
        written
    };
    let Some(for_each) = block.body.attribute("for_each") else { return vec![inner(scope, found)] };
    let entries = match hcl::evaluate(&for_each.expr, scope) {
        Ok(value) => entries(&value, for_each.expr.span, found).unwrap_or_default(),
        Err(problems) => {
            found.extend(problems);
            return Vec::new();
        }
    };
    entries
        .into_iter()
        .map(|(key, value)| {
            let each = BlockScope::new(scope.facts, Some((Value::String(key), value)));
            let written = inner(&each, found);
            scope.touched.borrow_mut().extend(each.take_touched());
            written
        })
        .collect()
}

/// The table of a block: the kind's own, or the variant's that an argument decides.
fn variant(kind: &'static Kind, written: &Written, facts: &Facts<'_>) -> (&'static Kind, Option<&'static str>) {
    let Some(variants) = kind.variants else { return (kind, None) };
    let source = written.args.iter().find(|arg| &*arg.name.text == variants.by).map(|arg| &arg.value);
    let of = match source {
        Some(Value::Block(address)) => facts.resources.get(address).map(|resource| resource.kind.name),
        Some(Value::String(id)) => facts
            .by_id
            .get(&crate::address::ArmId::new(Arc::clone(id)))
            .and_then(|address| facts.resources.get(address))
            .map(|resource| resource.kind.name),
        _ => None,
    };
    variants.of.iter().find(|(name, _)| Some(*name) == of).map_or((kind, None), |(name, kind)| (*kind, Some(*name)))
}

/// The table to decode with: the kind's arguments, and the site where it may say its own.
fn table(kind: &Kind, args: &'static [Arg]) -> std::borrow::Cow<'static, [Arg]> {
    let own_site = args.iter().any(|arg| arg.name == "site");
    if own_site || !matches!(kind.place, Place::Group | Place::Child(..)) || matches!(kind.location, Location::None) {
        return args.into();
    }
    let mut all = args.to_vec();
    all.push(Arg {
        wire: crate::kinds::Wire::Nowhere,
        ..crate::kinds::arg("site", Ty::Site, "", "The site it is at, where that is not its resource group's.")
            .replace()
    });
    all.into()
}

fn without_meta(mut written: Written, kind: &Kind) -> Written {
    written.args.retain(|arg| {
        let name = &*arg.name.text;
        !META.contains(&name) || name == "site" || (name == "name" && kind.arg("name").is_some())
    });
    written
}

#[expect(clippy::too_many_arguments, reason = "one place where everything about an instance comes together")]
fn build(
    address: Address,
    kind: &'static Kind,
    variant: Option<&'static str>,
    definition: &Definition,
    block: Block,
    scope: &BlockScope<'_>,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> Option<Resource> {
    let header = definition.block.header;
    let spans = block.written.args.iter().map(|arg| (Arc::clone(&arg.name.text), arg.span)).collect();
    let written_name = plain_meta(&block.written, "name", found);
    let prevent_destroy = plain_meta(&block.written, "prevent_destroy", found);
    let name_span = definition.block.body.attribute("name").map_or(header, |name| name.expr.span);
    let mut needs: BTreeSet<Address> = block.touched.into_values().flatten().collect();
    needs.extend(depends_on(&definition.block.body, scope, found));
    let site_address = block.written.args.iter().find_map(|arg| match (&*arg.name.text, &arg.value) {
        ("site", Value::Block(address)) if address.kind() == "site" => Some(address.clone()),
        _ => None,
    });
    let before = found.len();
    let decoded =
        decode(&table(kind, kind.args), &without_meta(block.written, kind), &with_article(kind.name), facts, found);
    if found.len() > before {
        return None;
    }
    let Decoded { mut args, uses } = decoded;
    let stack_tags = facts.program.tags();
    add_tags(&mut args, kind, &stack_tags);
    let plain_args = plain(&args);
    let above = above(kind, &plain_args, facts);
    let (site, location) = match place_of(kind, site_address.as_ref(), above, facts) {
        Ok(place) => place,
        Err(problem) => {
            found.push(problem.at(header));
            return None;
        }
    };
    let name = match (&written_name, kind.odd.name) {
        (Some(name), _) => name.as_str().map(str::to_owned).unwrap_or_default(),
        (None, Some(odd)) => odd(&bare(&address, kind, "", &location, &plain_args, facts)),
        (None, None) => address.name().to_owned(),
    };
    names::check(kind, &name, &address, name_span, written_name.is_some(), found);
    let Some(id) = body::id(kind, &name, &facts.program.subscription, &plain_args) else {
        found.push(
            Diagnostic::error("unknown-place", format!("where `{address}` lives is known only after apply"))
                .at(header)
                .why(
                    "Its id follows from the names of what it is in, and those must be known before anything is made.",
                ),
        );
        return None;
    };
    let draft = Subject { id: &id, ..bare(&address, kind, &name, &location, &plain_args, facts) };
    let objects = body::objects(&draft);
    check(kind, &draft, definition, found);
    // Of several objects the last is the one that others refer to: it is written when the others stand.
    let id = match (kind.odd.objects, objects.last()) {
        (Some(_), Some(last)) if last.within.is_none() => last.id.clone(),
        _ => id,
    };
    let group = match kind.place {
        Place::Subscription => Some(address.clone()),
        _ => above.and_then(|parent| parent.group.clone()),
    };
    let presence = presence(kind, &address, &args, &uses, above, facts);
    let uses: BTreeSet<Address> = uses.into_iter().filter(|used| *used != address).collect();
    needs.extend(uses.iter().cloned());
    needs.remove(&address);
    Some(Resource {
        name,
        id,
        objects,
        site,
        metadata_location: group
            .as_ref()
            .and_then(|group| facts.resources.get(group))
            .map_or_else(|| location.clone(), |group| group.location.clone()),
        location,
        group,
        presence,
        args,
        needs: needs.into_iter().collect(),
        uses: uses.into_iter().collect(),
        prevent_destroy: prevent_destroy == Some(Value::Bool(true)),
        span: header,
        spans,
        each: scope.each.clone(),
        stack_tags,
        address,
        kind,
        variant,
    })
}

fn bare<'b>(
    address: &'b Address,
    kind: &'static Kind,
    name: &'b str,
    location: &'b str,
    args: &'b JsonMap<String, Json>,
    facts: &'b Facts<'_>,
) -> Subject<'b> {
    static NOWHERE: std::sync::LazyLock<crate::address::ArmId> =
        std::sync::LazyLock::new(|| crate::address::ArmId::new(""));
    Subject {
        kind,
        address,
        name,
        id: &NOWHERE,
        location,
        subscription: &facts.program.subscription,
        tenant: &facts.program.tenant,
        args,
        others: facts,
    }
}

fn check(kind: &Kind, subject: &Subject<'_>, definition: &Definition, found: &mut Diagnostics) {
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(check) = kind.odd.check {
        check(subject, &mut findings);
    }
    for Finding { argument, summary, why, help } in findings {
        let body = &definition.block.body;
        let span = body
            .attribute(argument)
            .map(|attribute| attribute.expr.span)
            .or_else(|| body.blocks(argument).next().map(|block| block.header))
            .unwrap_or(definition.block.header);
        let mut problem = Diagnostic::error("wrong-arguments", summary).at(span);
        problem.why = Some(why).filter(|why| !why.is_empty());
        problem.help = Some(help).filter(|help| !help.is_empty());
        found.push(problem);
    }
}

/// A known, plain value of an argument that every block may have.
fn plain_meta(written: &Written, name: &str, found: &mut Diagnostics) -> Option<Value> {
    let arg = written.args.iter().find(|arg| &*arg.name.text == name)?;
    let right = match (name, &arg.value) {
        (_, Value::Null) => return None,
        ("name", Value::String(text)) => !text.is_empty(),
        (_, Value::Bool(_)) => name == "prevent_destroy",
        // Told of already, where it came to be.
        (_, Value::Unknown(unknown)) if unknown.waits_for.is_empty() => return None,
        _ => false,
    };
    if !right {
        let wanted =
            if name == "name" { "a text that is known before apply and may be shown" } else { "true or false" };
        found.push(Diagnostic::error("wrong-value", format!("`{name}` takes {wanted}")).at(arg.span));
        return None;
    }
    Some(arg.value.clone())
}

fn depends_on(body: &Body, scope: &BlockScope<'_>, found: &mut Diagnostics) -> BTreeSet<Address> {
    let Some(attribute) = body.attribute("depends_on") else { return BTreeSet::new() };
    match hcl::evaluate(&attribute.expr, scope) {
        Ok(Value::List(_)) => scope.take_touched(),
        Ok(_) => {
            found.push(
                Diagnostic::error("wrong-value", "`depends_on` takes a list of resources")
                    .at(attribute.expr.span)
                    .help("Write `depends_on = [kind.name, …]`."),
            );
            BTreeSet::new()
        }
        Err(problems) => {
            found.extend(problems);
            BTreeSet::new()
        }
    }
}

/// The resource that a new one is in, where the stack has it: its resource group, parent, scope or target.
fn above<'b>(kind: &Kind, args: &JsonMap<String, Json>, facts: &'b Facts<'_>) -> Option<&'b Resource> {
    let argument = match kind.place {
        Place::Subscription => return None,
        Place::Group => RESOURCE_GROUP.name,
        Place::Child(argument, _)
        | Place::Extension(argument)
        | Place::Part(argument, ..)
        | Place::Property(argument) => argument,
    };
    let id = match args.get(argument)? {
        Json::String(id) => id.as_str(),
        Json::Array(items) => items.first()?.as_str()?,
        _ => return None,
    };
    facts.by_id.get(&crate::address::ArmId::new(id)).and_then(|address| facts.resources.get(address))
}

/// The site's name and the region.
fn place_of(
    kind: &Kind,
    own: Option<&Address>,
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Result<(Arc<str>, String), Diagnostic> {
    // A replica's `site` says where to, not where it is itself, unless it is an object of that place.
    let own = own.filter(|_| !matches!(kind.place, Place::Part(..) | Place::Property(_)));
    if let Some(site) = own.and_then(|site| facts.sites.get(site.name())) {
        return Ok((Arc::clone(&site.name), site.location.clone()));
    }
    if let Some(above) = above {
        return Ok((Arc::clone(&above.site), above.location.clone()));
    }
    Err(Diagnostic::error("missing-site", format!("where this {} is cannot be known", kind.name))
        .why("What it is in is not part of the stack, so there is no site to take.")
        .help("Write `site = site.…`."))
}

fn presence(
    kind: &Kind,
    address: &Address,
    args: &Map,
    uses: &[Address],
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Presence {
    if matches!(kind.place, Place::Subscription) {
        let _ = address;
        return match args.get("presence").and_then(Value::as_str) {
            Some("failover") => Presence::Failover,
            _ => Presence::Permanent,
        };
    }
    // Of what joins several (both networks of a peering), one that comes and goes is enough.
    let joins_failover = kind.recovery.joins.is_some()
        && uses
            .iter()
            .filter_map(|used| facts.resources.get(used))
            .any(|resource| resource.presence == Presence::Failover);
    if joins_failover { Presence::Failover } else { above.map_or(Presence::Permanent, |above| above.presence) }
}

/// Adds the stack's tags to those of the resource, which count where both have one.
fn add_tags(args: &mut Map, kind: &Kind, stack_tags: &Map) {
    if stack_tags.is_empty() || kind.arg("tags").is_none() {
        return;
    }
    let mut tags = stack_tags.clone();
    match args.get("tags") {
        Some(Value::Map(own)) => tags.extend(own.iter().map(|(key, value)| (Arc::clone(key), value.clone()))),
        Some(other) if other.unknown_within().is_some() => return,
        _ => {}
    }
    args.insert("tags".into(), tags.into());
}

/// The name and place of an argument, for messages.
pub(super) fn span_of(resource: &Resource, argument: &str) -> Span {
    resource.spans.get(argument).copied().unwrap_or(resource.span)
}

//! One block of a resource to its instances: typed arguments, site, name and id.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::decode::{Decoded, Written, decode};
use crate::kinds::{self, Arg, Finding, Kind, Place, Subject, Ty, Unique, Wire, body, with_article};
use crate::stack::copies::rehearsed;
use crate::stack::place::{self, Site};
use crate::stack::program::Definition;
use crate::stack::scope::{BlockScope, Each, Facts, Instances, known, plain};
use crate::stack::written::{Block, depends_on, each_now, for_each, written};
use crate::stack::{Presence, Resource, names};
use crate::value::{Map, Value};

/// Arguments that every resource block may have, beside those of its kind.
const META: &[&str] = &["for_each", "depends_on", "mirrors", "prevent_destroy", "name"];

/// The instances of a definition, and those that could be made of it. `None` where it cannot be known which there are.
pub(super) fn instances(
    address: &Address,
    definition: &Definition,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> Option<(Instances, Vec<Resource>)> {
    let make = |address: &Address, each: Option<Each>, found: &mut Diagnostics| {
        let scope = BlockScope::new(facts, each);
        Draft { address, definition, scope: &scope, found, copies: None }.resource()
    };
    let Some(attribute) = definition.block.body.attribute("for_each") else {
        return Some((Instances::One, make(address, None, found).into_iter().collect()));
    };
    let scope = BlockScope::new(facts, None);
    let entries = for_each(&attribute.expr, &scope, found)?;
    let needs = Arc::new(scope.take_touched());
    let mut keys = BTreeMap::new();
    let mut resources = Vec::new();
    for (key, value) in entries {
        let of_key = address.instance(&key);
        let each = Each { key: Value::String(Arc::clone(&key)), value, needs: Arc::clone(&needs) };
        resources.extend(make(&of_key, Some(each), found));
        keys.insert(key, of_key);
    }
    Some((Instances::Each(keys), resources))
}

/// The copy of a resource that a drill has, made of the same block: what the block names is the copies, where there are some.
pub(super) fn copy(original: &Resource, definition: &Definition, facts: &Facts<'_>) -> Result<Resource, Diagnostics> {
    let mut found = Diagnostics::new();
    let address = original.address.rehearsed();
    let scope = BlockScope::new(facts, each_now(definition, original.each.as_ref(), facts));
    let made = Draft { address: &address, definition, scope: &scope, found: &mut found, copies: Some(original) };
    match made.resource() {
        Some(copy) if !found.has_errors() => Ok(copy),
        _ => Err(found),
    }
}

/// The arguments of an instance again, with more known than when the stack was loaded.
pub(super) fn resolve(resource: &Resource, definition: &Definition, facts: &Facts<'_>) -> Result<Map, Diagnostics> {
    let mut found = Diagnostics::new();
    let scope = BlockScope::new(facts, each_now(definition, resource.each.as_ref(), facts));
    let args = written(definition, &scope, &mut found).map(|block| {
        let written = without_meta(block.written, resource.kind);
        let decoded = decode(&table(resource.kind), &written, &with_article(resource.kind.name), facts, &mut found);
        let args = with_tags(decoded.args, resource.kind, &resource.stack_tags);
        if resource.address.is_rehearsed() { rehearsed(args, resource.kind, facts) } else { args }
    });
    match args {
        Some(args) if !found.has_errors() => Ok(args),
        _ => Err(found),
    }
}

/// The table of a block, where an argument decides which it is.
enum Variant {
    /// The kind's own, or the one that belongs to this kind of source.
    Known(&'static Kind, Option<&'static str>),
    /// What decides it is missing or wrong.
    Undecided(&'static str),
}

fn variant(kind: &'static Kind, written: &Written, facts: &Facts<'_>) -> Variant {
    let Some(variants) = kind.variants else { return Variant::Known(kind, None) };
    let source = written.args.iter().find(|arg| &*arg.name.text == variants.by).map(|arg| &arg.value);
    let type_of = |kind: &str| kinds::find(kind).map(|kind| kind.arm.type_);
    let chosen = match source {
        Some(Value::Block(address)) => {
            let of = facts.resources.get(address).map(|resource| resource.kind.name);
            variants.of.iter().find(|(name, _)| Some(*name) == of)
        }
        // The type of what the stack does not manage stands in its id.
        Some(Value::String(id)) => {
            let of = ArmId::new(Arc::clone(id)).arm_type().unwrap_or_default();
            variants.of.iter().find(|(name, _)| type_of(name).is_some_and(|type_| type_.eq_ignore_ascii_case(&of)))
        }
        _ => None,
    };
    chosen.map_or(Variant::Undecided(variants.by), |(name, kind)| Variant::Known(kind, Some(name)))
}

/// The table to decode with: the kind's arguments, and the site where a kind has none of its own.
fn table(kind: &Kind) -> Cow<'static, [Arg]> {
    if kind.arg("site").is_some() {
        return kind.args.into();
    }
    let site = kinds::arg("site", Ty::Site, "", "The site it is at, where that is not its resource group's.");
    let mut all = kind.args.to_vec();
    all.push(Arg { wire: Wire::Nowhere, ..site.replace() });
    all.into()
}

fn without_meta(mut written: Written, kind: &Kind) -> Written {
    let own = |name: &str| kind.arg(name).is_some() || !META.contains(&name);
    written.args.retain(|arg| own(&arg.name.text));
    written
}

/// One instance that is being made.
struct Draft<'a, 'f> {
    address: &'a Address,
    definition: &'a Definition,
    scope: &'a BlockScope<'f>,
    found: &'a mut Diagnostics,
    /// What it is a copy of, in a drill.
    copies: Option<&'a Resource>,
}

impl Draft<'_, '_> {
    /// The resource. `None` where it cannot be made of what is written, which has been told of.
    fn resource(mut self) -> Option<Resource> {
        let mut block = written(self.definition, self.scope, self.found)?;
        let (kind, variant) = match variant(self.definition.kind, &block.written, self.scope.facts) {
            Variant::Known(kind, variant) => (kind, variant),
            Variant::Undecided(by) => {
                // Without it nothing can be said of the rest.
                block.written.args.retain(|arg| &*arg.name.text == by);
                block.written.blocks.clear();
                let what = with_article(self.definition.kind.name);
                decode(self.definition.kind.args, &block.written, &what, self.scope.facts, self.found);
                return None;
            }
        };
        self.of_kind(kind, variant, block)
    }

    fn of_kind(&mut self, kind: &'static Kind, variant: Option<&'static str>, block: Block) -> Option<Resource> {
        let facts = self.scope.facts;
        let span = self.definition.block.header;
        let before = self.found.len();
        let name = self.name(kind, &block.written);
        let prevent_destroy = self.prevent_destroy(&block.written);
        let spans: BTreeMap<_, _> =
            block.written.args.iter().map(|arg| (Arc::clone(&arg.name.text), arg.span)).collect();
        let mut needs: BTreeSet<Address> = block.touched.into_values().flatten().collect();
        needs.extend(depends_on(&self.definition.block.body, self.scope, self.found));
        let own_site = Site::of(kind, &block.written);
        let written = without_meta(block.written, kind);
        let Decoded { args, uses } = decode(&table(kind), &written, &with_article(kind.name), facts, self.found);
        if self.found.len() > before || name == Name::Told {
            return None;
        }
        let args = with_tags(args, kind, facts.tags);
        let args = if self.copies.is_some() { rehearsed(args, kind, facts) } else { args };
        let plain_args = plain(&args);
        let above = place::above(kind, &plain_args, facts);
        let (site, location) = place::of(kind, &args, &spans, own_site, above, facts)
            .map_err(|problem| {
                self.found.extend(problem.map(|problem| Diagnostic { span: problem.span.or(Some(span)), ..problem }));
            })
            .ok()?;
        let subject = Subject {
            kind,
            address: self.address,
            name: "",
            id: &NOWHERE,
            location: &location,
            subscription: &facts.program.subscription,
            tenant: &facts.program.tenant,
            args: &plain_args,
            others: facts,
        };
        let (name, written) = match (name, kind.odd.name) {
            (Name::Written(name, span), _) => (name, Some(span)),
            (_, Some(derived)) => (derived(&subject), None),
            (_, None) => (self.address.name().to_owned(), None),
        };
        let name = if self.copies.is_some() && is_shared_name(kind) { names::rehearsed(kind, &name) } else { name };
        names::check(kind, &name, self.address, written.ok_or(span), self.found);
        let id = body::id(kind, &name, &facts.program.subscription, &plain_args)?;
        let checked = known(&args);
        let subject = Subject { name: &name, id: &id, args: &checked, ..subject };
        self.check(kind, &subject, &args);
        let objects = body::objects(&Subject { args: &plain_args, ..subject });
        if self.found.len() > before {
            return None;
        }
        let id = match (kind.odd.objects, kind.odd.main(&objects)) {
            (Some(_), Some(main)) if main.within.is_none() => main.id.clone(),
            _ => id,
        };
        let group = match kind.place {
            Place::Subscription => Some(self.address.clone()),
            _ => above.and_then(|parent| parent.group.clone()),
        };
        let presence = match self.copies {
            Some(_) => Presence::Failover,
            None => place::presence(kind, &args, &uses, above, facts),
        };
        let uses: BTreeSet<Address> = uses.into_iter().filter(|used| used != self.address).collect();
        needs.extend(uses.iter().cloned());
        needs.remove(self.address);
        let holder = group.as_ref().and_then(|group| facts.resources.get(group));
        Some(Resource {
            name,
            id,
            objects,
            site,
            metadata_location: holder.map_or(&location, |group| &group.location).clone(),
            location,
            group,
            presence,
            args,
            needs: needs.into_iter().collect(),
            uses: uses.into_iter().collect(),
            prevent_destroy: prevent_destroy && self.copies.is_none(),
            span,
            spans,
            each: self.scope.each.clone(),
            stack_tags: facts.tags.clone(),
            address: self.address.clone(),
            kind,
            variant,
        })
    }

    fn name(&mut self, kind: &Kind, written: &Written) -> Name {
        let Some(arg) = written.args.iter().find(|arg| &*arg.name.text == "name") else { return Name::Absent };
        let problem = match &arg.value {
            Value::Null => return Name::Absent,
            value if value.told_within() => return Name::Told,
            _ if !kind.names.written && kind.names.pattern.is_empty() => {
                Diagnostic::error("unknown-argument", format!("{} has no argument `name`", with_article(kind.name)))
                    .at(arg.name.span)
                    .help("Its name follows from what it refers to; leave this out.")
            }
            Value::String(text) => return Name::Written(text.to_string(), arg.span),
            Value::Unknown(unknown) => Diagnostic::error("wrong-value", "`name` must be known before apply")
                .at(arg.span)
                .label(format!("waits for {}", place::waits_for(unknown)))
                .why("Ids follow from names, and the plan shows both.")
                .help("Build it from texts, variables and names."),
            Value::Sensitive(_) => Diagnostic::error("wrong-value", "`name` is sensitive")
                .at(arg.span)
                .why("Names are shown in plans, in addresses and by Azure itself.")
                .help("Use a name that may be shown."),
            other => {
                let found = other.type_name();
                Diagnostic::error("wrong-value", format!("`name` takes a string, and this is {found}")).at(arg.span)
            }
        };
        self.found.push(problem);
        Name::Told
    }

    fn prevent_destroy(&mut self, written: &Written) -> bool {
        let Some(arg) = written.args.iter().find(|arg| &*arg.name.text == "prevent_destroy") else { return false };
        match &arg.value {
            Value::Bool(forbidden) => return *forbidden,
            Value::Null => {}
            value if value.told_within() => {}
            _ => self.found.push(
                Diagnostic::error("wrong-value", "`prevent_destroy` takes true or false, known before apply")
                    .at(arg.span),
            ),
        }
        false
    }

    /// What the kind's own rules find.
    fn check(&mut self, kind: &Kind, subject: &Subject<'_>, args: &Map) {
        let Some(check) = kind.odd.check else { return };
        let mut findings: Vec<Finding> = Vec::new();
        check(subject, &mut findings);
        let secrets = secrets(args);
        let hide =
            |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), "(sensitive)"));
        for Finding { argument, summary, why, help } in findings {
            let body = &self.definition.block.body;
            let span = body
                .attribute(argument)
                .map(|attribute| attribute.expr.span)
                .or_else(|| body.blocks(argument).next().map(|block| block.header))
                .unwrap_or(self.definition.block.header);
            let mut problem = Diagnostic::error("wrong-arguments", hide(summary)).at(span);
            problem.why = Some(hide(why)).filter(|why| !why.is_empty());
            problem.help = Some(hide(help)).filter(|help| !help.is_empty());
            self.found.push(problem);
        }
    }
}

/// Whether a copy would have the same name in the same place: a resource group is in no other, and some names are unique in all of Azure.
fn is_shared_name(kind: &Kind) -> bool {
    kind.place == Place::Subscription || kind.names.unique == Unique::Globally
}

/// No id yet.
static NOWHERE: LazyLock<ArmId> = LazyLock::new(|| ArmId::new(""));

/// What a block says of its name in the cloud.
#[derive(PartialEq)]
enum Name {
    /// Nothing.
    Absent,
    /// This, there.
    Written(String, Span),
    /// Something that cannot be one, which has been told of.
    Told,
}

/// The texts of sensitive values, the longest first, so that none is left where it is part of another.
fn secrets(args: &Map) -> Vec<String> {
    fn collect(json: &Json, into: &mut Vec<String>) {
        match json {
            Json::String(text) if !text.is_empty() => into.push(text.clone()),
            Json::Number(number) => into.push(number.to_string()),
            Json::Array(items) => items.iter().for_each(|item| collect(item, into)),
            Json::Object(map) => map.values().for_each(|item| collect(item, into)),
            Json::Null | Json::Bool(_) | Json::String(_) => {}
        }
    }
    let mut secrets = Vec::new();
    let mut open: Vec<&Value> = args.values().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Sensitive(inner) => inner.reveal().iter().for_each(|json| collect(json, &mut secrets)),
            Value::List(items) => open.extend(items.iter()),
            Value::Map(map) => open.extend(map.values()),
            _ => {}
        }
    }
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

/// Arguments with the stack's tags added to those of the resource, which count where both have one.
fn with_tags(mut args: Map, kind: &Kind, stack_tags: &Map) -> Map {
    if stack_tags.is_empty() || kind.arg("tags").is_none() {
        return args;
    }
    let own = args.get("tags").cloned().unwrap_or(Value::Null);
    let (plain, sensitive) = own.unmark();
    let mut tags = stack_tags.clone();
    match plain {
        Value::Map(own) => tags.extend(own.iter().map(|(key, value)| (Arc::clone(key), value.clone()))),
        Value::Unknown(_) => return args,
        _ => {}
    }
    let tags = Value::from(tags);
    args.insert("tags".into(), if sensitive { tags.sensitive() } else { tags });
    args
}

/// Where an argument of a resource is written; its header where it is not.
pub(super) fn span_of(resource: &Resource, argument: &str) -> Span {
    resource.spans.get(argument).copied().unwrap_or(resource.span)
}

//! Instances of one resource block: typed arguments, site, name and id.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS, Span, closest};
use crate::hcl::ast::Ident;
use crate::hcl::eval::{DEPENDENCY_WORK, ERROR_WORK, INSTANCE_WORK, KEPT_WORK};
use crate::kinds::decode::{ArgumentInput, BlockInput, DecodedArguments, decode};
use crate::kinds::{self, Arg, Finding, Kind, NameScope, Need, ResourceFacts, Subject, Ty, Wire, body, with_article};
use crate::object::ObjectId;
use crate::stack::copies::rehearsed;
use crate::stack::instance_errors::InstanceErrors;
use crate::stack::place::{self, SiteSetting};
use crate::stack::program::Definition;
use crate::stack::read::MAX_RESOURCES;
use crate::stack::references::META;
use crate::stack::rules;
use crate::stack::scope::{BlockScope, EachInstance, Facts, FaultyResource, Instances, is_told_within, plain};
use crate::stack::variant::{Variant, variant};
use crate::stack::written::{StackBlock, depends_on, each_now, for_each, written};
use crate::stack::{Presence, Resource, ignored, names, texts};
use crate::value::{Map, Value};

/// One instance of a block.
pub(super) struct Instance {
    pub(super) address: Address,
    /// The resource, where its place and its name are known in spite of errors.
    pub(super) resource: Option<Resource>,
    /// The errors in its block; `None` where it depends on no error.
    pub(super) faulty: Option<FaultyResource>,
}

/// The instances of a definition. `None` where an error, which has been reported, leaves them unknown.
pub(super) fn instances(
    address: &Address,
    definition: &Definition,
    facts: &Facts<'_>,
    found: &mut Diagnostics,
) -> Option<(Instances, Vec<Instance>)> {
    let mut all = Vec::new();
    let mut merged = InstanceErrors::default();
    let mut make = |address: &Address, each: Option<EachInstance>| {
        let needs = each.as_ref().map_or(0, |each| each.needs.len());
        let _ = facts.charge(INSTANCE_WORK + needs * DEPENDENCY_WORK);
        let scope = BlockScope::new(facts, each);
        let mut errors = Diagnostics::new();
        let builder = ResourceBuilder { address, definition, scope: &scope, found: &mut errors, copies: None };
        let resource = builder.resource();
        let is_faulty = !errors.is_empty() || resource.as_ref().is_none_or(|resource| is_told_within(&resource.args));
        let faulty = is_faulty.then(|| FaultyResource {
            each: scope.each.clone(),
            errors: errors.iter().take(MAX_KEPT_ERRORS).map(|error| (error.code, error.summary.clone())).collect(),
        });
        // Each error may have compared a name with all that are known.
        let _ = facts.charge(errors.len() * ERROR_WORK);
        let has_errors = !errors.is_empty();
        merged.add(address, errors);
        all.push(Instance { address: address.clone(), resource, faulty });
        has_errors
    };
    if !definition.block.body.is_repeated() {
        make(address, None);
        found.extend(merged.finish());
        return Some((Instances::One, all));
    }
    let scope = BlockScope::new(facts, None);
    let attribute = definition.block.body.attribute("for_each");
    let entries = attribute.and_then(|attribute| for_each(&attribute.expr, &scope, found));
    let references = scope.take_references();
    let Some(entries) = entries else {
        // One instance of unknown key and value shows the other errors of the block.
        let needs = Arc::new(references.all());
        make(address, Some(EachInstance { key: Value::told(), value: Value::told(), needs }));
        found.extend(merged.finish());
        return None;
    };
    let mut keys = BTreeMap::new();
    if entries.len() + facts.resources.len() > MAX_RESOURCES {
        let place = attribute.map_or(definition.block.header, |attribute| attribute.expr.span);
        found.push(too_many_resources(place));
        return None;
    }
    let mut with_errors = 0;
    for (key, value) in entries {
        // The rest would have the same errors, or the one that there is too much.
        if facts.budget().is_spent() || with_errors >= MAX_DIAGNOSTICS {
            found.extend(merged.finish());
            return None;
        }
        let of_key = address.instance(&key);
        let needs = Arc::new(references.of(&key));
        let each = EachInstance { key: Value::String(Arc::clone(&key)), value, needs };
        with_errors += usize::from(make(&of_key, Some(each)));
        keys.insert(key, of_key);
    }
    found.extend(merged.finish());
    Some((Instances::Each(keys), all))
}

/// The error of a stack with more resources than [`MAX_RESOURCES`].
pub(super) fn too_many_resources(at: Span) -> Diagnostic {
    Diagnostic::error("too-many-resources", format!("too many resources: the stack has more than {MAX_RESOURCES}"))
        .at(at)
        .help("Split it into several stacks.")
}

/// Errors that are kept of one instance, for the blocks that mirror it.
const MAX_KEPT_ERRORS: usize = 100;

/// The copy of a resource for a drill, made of the same block, in which references mean the copies of what is copied.
pub(super) fn copy(original: &Resource, definition: &Definition, facts: &Facts<'_>) -> Result<Resource, Diagnostics> {
    let mut found = Diagnostics::new();
    let address = original.address.rehearsed();
    let scope = BlockScope::new(facts, each_now(definition, original.each.as_ref(), facts));
    let builder =
        ResourceBuilder { address: &address, definition, scope: &scope, found: &mut found, copies: Some(original) };
    match builder.resource() {
        Some(copy) if !found.has_errors() => Ok(copy),
        _ => Err(found),
    }
}

/// The arguments of an instance again, with more known than when the stack was loaded.
pub(super) fn resolve(resource: &Resource, definition: &Definition, facts: &Facts<'_>, found: &mut Diagnostics) -> Map {
    let scope = BlockScope::new(facts, each_now(definition, resource.each.as_ref(), facts));
    let written = without_meta(written(definition, &scope, found).written, resource.kind);
    let decoded = decode(&table(resource.kind), &written, &with_article(resource.kind.name), facts, found);
    let args = with_tags(decoded.args, resource.kind, &resource.stack_tags);
    if resource.address.is_rehearsed() { rehearsed(args, resource.kind, facts) } else { args }
}

/// The table to decode with: the kind's arguments, and `site` for kinds without one.
fn table(kind: &Kind) -> Cow<'static, [Arg]> {
    if kind.arg("site").is_some() {
        return kind.args.into();
    }
    let site = kinds::arg("site", Ty::Site, "", "The site, if it is not that of the resource group.");
    let mut all = kind.args.to_vec();
    all.push(Arg { wire: Wire::Nowhere, ..site.replace() });
    all.into()
}

/// True for an argument of every block, of the kind, or of one of its variants.
fn is_argument(kind: &'static Kind, word: &str) -> bool {
    META.contains(&word) || word == "site" || kind.tables().any(|table| table.arg(word).is_some())
}

fn without_meta(mut written: BlockInput, kind: &Kind) -> BlockInput {
    let own = |name: &str| kind.arg(name).is_some() || !META.contains(&name);
    written.args.retain(|arg| own(&arg.name.text));
    written
}

/// Makes one instance of a block. Each step goes as far as the errors of earlier ones allow, so that all errors are
/// reported in one run.
struct ResourceBuilder<'a, 'f> {
    address: &'a Address,
    definition: &'a Definition,
    scope: &'a BlockScope<'f>,
    found: &'a mut Diagnostics,
    /// The original, in a drill.
    copies: Option<&'a Resource>,
}

impl ResourceBuilder<'_, '_> {
    /// The resource, which may have errors. `None` where they leave its place, its name or its presence unknown.
    fn resource(mut self) -> Option<Resource> {
        let facts = self.scope.facts;
        let mut block = written(self.definition, self.scope, self.found);
        self.misspelt_meta(&mut block.written);
        let own = self.definition.block.header;
        let mirrored: Vec<&FaultyResource> =
            block.mirrored.iter().filter_map(|address| facts.faulty.get(address)).collect();
        let mut errors = Diagnostics::new();
        let mut inner = ResourceBuilder { found: &mut errors, ..self };
        let resource = match variant(self.definition.kind, &block.written, facts) {
            Variant::Known(kind, variant) => inner.of_kind(kind, variant, block),
            Variant::Undecided(by) => {
                inner.undecided(by, &block);
                None
            }
        };
        // Missing arguments and broken rules of a mirrored block are reported there.
        let is_inherited = |error: &Diagnostic| {
            error.span == Some(own)
                && mirrored.iter().any(|faulty| {
                    faulty.errors.iter().any(|(code, summary)| (*code, summary) == (error.code, &error.summary))
                })
        };
        self.found.extend(errors.into_iter().filter(|error| !is_inherited(error)));
        resource
    }

    /// Reports misspelt arguments that every block has, and gives those that are meant an unknown value.
    fn misspelt_meta(&mut self, written: &mut BlockInput) {
        let kind = self.definition.kind;
        let mut meant = Vec::new();
        written.args.retain(|arg| {
            let word = &*arg.name.text;
            if is_argument(kind, word) {
                return true;
            }
            let of_kinds = kind.tables().flat_map(|kind| kind.args).map(|arg| arg.name);
            let known: Vec<&str> = META.iter().copied().chain(["site"]).chain(of_kinds).collect();
            let known = known.iter().copied();
            let Some(close) = closest(word, known.clone()).filter(|close| META.contains(close)) else { return true };
            self.found.push(
                Diagnostic::error(
                    "unknown-argument",
                    format!("unsupported argument `{word}` in {}", with_article(kind.name)),
                )
                .at(arg.name.span)
                .suggest(word, known, None),
            );
            meant.push((close, arg.name.span));
            false
        });
        for (name, span) in meant {
            written.partial |= name == "mirrors";
            let name = Ident { text: name.into(), span };
            written.args.push(ArgumentInput { name, value: Value::told(), span, items: Vec::new() });
        }
    }

    /// Errors of a block whose variant is unknown: those that every variant reports.
    fn undecided(&mut self, by: &'static str, block: &StackBlock) {
        let kind = self.definition.kind;
        let what = with_article(kind.name);
        let facts = self.scope.facts;
        let is_by = |arg: &&ArgumentInput| &*arg.name.text == by;
        let deciding = BlockInput {
            args: block.written.args.iter().filter(is_by).cloned().collect(),
            header: block.written.header,
            partial: block.written.partial,
            blocks: Vec::new(),
        };
        // Misspelt, it is reported with the rest. An argument of a variant is not misspelt, however close its name is.
        let is_misspelt =
            |arg: &ArgumentInput| !is_argument(kind, &arg.name.text) && closest(&arg.name.text, [by]).is_some();
        if !deciding.args.is_empty() || !block.written.args.iter().any(is_misspelt) {
            decode(kind.args, &deciding, &what, facts, self.found);
        }
        let mut rest = BlockInput {
            args: block.written.args.iter().filter(|arg| !is_by(arg)).cloned().collect(),
            blocks: block.written.blocks.clone(),
            ..deciding
        };
        let name = Ident { text: by.into(), span: rest.header };
        rest.args.push(ArgumentInput { name, value: Value::told(), span: rest.header, items: Vec::new() });
        let name = self.name(kind, &rest);
        let of_variant = |kind: &'static Kind| {
            let mut errors = Diagnostics::new();
            decode(&table(kind), &without_meta(rest.clone(), kind), &what, facts, &mut errors);
            match &name {
                NameSetting::Written(name, span) => names::check(kind, name, self.address, Ok(*span), &mut errors),
                NameSetting::Absent if kind.odd.name.is_none() => {
                    names::check(kind, self.address.name(), self.address, Err(rest.header), &mut errors);
                }
                NameSetting::Absent | NameSetting::Told => {}
            }
            errors.into_iter().collect::<Vec<_>>()
        };
        let mut variants = kind.variants.iter().flat_map(|variants| variants.of).map(|(_, kind)| of_variant(kind));
        let Some(first) = variants.next() else { return };
        let others: Vec<_> = variants.collect();
        let same = |one: &Diagnostic, other: &Diagnostic| {
            (one.code, one.span, &one.summary) == (other.code, other.span, &other.summary)
        };
        let common =
            first.into_iter().filter(|error| others.iter().all(|errors| errors.iter().any(|other| same(error, other))));
        self.found.extend(common);
    }

    fn of_kind(&mut self, kind: &'static Kind, variant: Option<&'static str>, block: StackBlock) -> Option<Resource> {
        let facts = self.scope.facts;
        let span = self.definition.block.header;
        let name = self.name(kind, &block.written);
        let prevent_destroy = self.prevent_destroy(&block.written);
        let ignore_changes = ignored::of(kind, &self.definition.block.body, self.found);
        let spans: BTreeMap<_, _> =
            block.written.args.iter().map(|arg| (Arc::clone(&arg.name.text), arg.span)).collect();
        let mut needs: BTreeSet<Address> = block.touched.into_values().flatten().collect();
        needs.extend(depends_on(&self.definition.block.body, self.scope, self.found));
        let own_site = SiteSetting::of(kind, &block.written);
        let written = without_meta(block.written, kind);
        let DecodedArguments { args, uses } =
            decode(&table(kind), &written, &with_article(kind.name), facts, self.found);
        let tags: usize = facts.tags.iter().map(|(key, value)| key.len() + value.size()).sum();
        let _ = facts.charge(tags.saturating_mul(KEPT_WORK));
        let args = with_tags(args, kind, facts.tags);
        texts::check(kind, &args, &|name| spans.get(name).copied().unwrap_or(span), self.found);
        let args = if self.copies.is_some() { rehearsed(args, kind, facts) } else { args };
        let is_told = is_told_within(&args);
        let plain_args = plain(&args);
        let above = place::above(kind, &plain_args, facts);
        let (place, problem) = place::of(kind, &args, &spans, own_site, above, facts);
        self.found.extend(problem.map(|problem| Diagnostic { span: problem.span.or(Some(span)), ..problem }));
        let location = place.as_ref().map(|(_, location)| location.clone());
        let subject = Subject {
            kind,
            address: self.address,
            name: "",
            id: &NOWHERE,
            location: location.as_deref().unwrap_or_default(),
            account: facts.account(kind, place.as_ref().map_or("", |(site, _)| site)),
            args: &plain_args,
            others: facts,
            facts: ResourceFacts { host: facts.host_of(kind, self.address), args: Some(&args) },
        };
        let (name, written) = match (name, kind.odd.name) {
            (NameSetting::Told, _) => (None, None),
            (NameSetting::Written(name, span), _) => (Some(name), Some(span)),
            (NameSetting::Absent, Some(derived)) => {
                // A name that follows from a block with an error is unknown as well.
                let follows = needs.iter().any(|need| facts.faulty.contains_key(need));
                let name = (place.is_some() && !is_told).then(|| derived(&subject));
                (name.filter(|name| !(follows && name.is_empty())), None)
            }
            (NameSetting::Absent, None) => (Some(self.address.name().to_owned()), None),
        };
        let rename = |name: String| {
            if self.copies.is_some() && is_shared_name(kind) { names::rehearsed(kind, &name) } else { name }
        };
        let mut name = name.map(rename);
        if let Some(name) = &mut name {
            let before = self.found.len();
            names::check(kind, name, self.address, written.ok_or(span), self.found);
            // A slash would make an id with other parts, and errors that follow from it.
            if self.found.len() > before {
                *name = name.replace('/', "_");
            }
        }
        let id = match (&place, &name) {
            (Some(_), Some(name)) => body::id(kind, name, (subject.account, subject.location), &plain_args),
            _ => None,
        };
        let known =
            Subject { name: name.as_deref().unwrap_or_default(), id: id.as_ref().unwrap_or(&NOWHERE), ..subject };
        let unknown = rules::Unknown { location: place.is_none(), name: name.is_none(), id: id.is_none() };
        let findings = rules::findings(kind, &known, &args, unknown, facts);
        // Rules see what is sensitive. Only findings that do not depend on it are shown as they are.
        let is_secret = args.values().any(Value::sensitive_within) && !findings.is_empty();
        let clear = is_secret.then(|| rules::findings(kind, &known, &rules::masked(&args), unknown, facts));
        self.report(&findings, clear.as_deref());
        let (site, location) = place?;
        let (name, id) = (name?, id?);
        // Presence and several objects follow from arguments.
        if is_told && (kind.odd.objects.is_some() || args.get("presence").is_some_and(Value::told_within)) {
            return None;
        }
        let subject = Subject { name: &name, id: &id, location: &location, ..subject };
        let objects = if is_told { Vec::new() } else { body::objects(&subject) };
        let id = match (kind.odd.objects, kind.odd.main(&objects)) {
            (Some(_), Some(main)) if main.within.is_none() => main.id.clone(),
            _ => id.clone(),
        };
        let presence = match self.copies {
            Some(_) => Presence::Failover,
            None => place::presence(kind, &args, &uses, above, facts),
        };
        let group = match kind.place.is_root() {
            true => Some(self.address.clone()),
            false => place::group(kind, presence, &uses, above, facts),
        };
        let uses: BTreeSet<Address> = uses.into_iter().filter(|used| used != self.address).collect();
        needs.extend(uses.iter().cloned());
        needs.remove(self.address);
        let holder = group.as_ref().and_then(|group| facts.resources.get(group));
        let holder = holder.filter(|holder| holder.kind.place.collects());
        Some(Resource {
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
            ignore_changes,
            span,
            spans,
            host: facts.host_of(kind, self.address).map(str::to_owned),
            each: self.scope.each.clone(),
            stack_tags: facts.tags.clone(),
            address: self.address.clone(),
            kind,
            variant,
            name,
        })
    }

    fn name(&mut self, kind: &Kind, written: &BlockInput) -> NameSetting {
        let Some(arg) = written.args.iter().find(|arg| &*arg.name.text == "name") else { return NameSetting::Absent };
        let problem = match &arg.value {
            Value::Null => return NameSetting::Absent,
            value if value.told_within() => return NameSetting::Told,
            _ if !kind.names.written && kind.names.pattern.is_empty() => Diagnostic::error(
                "unknown-argument",
                format!("unsupported argument `name` in {}", with_article(kind.name)),
            )
            .at(arg.name.span)
            .why("Its name follows from the resources that it refers to.")
            .help("Remove `name`."),
            Value::String(text) => return NameSetting::Written(text.to_string(), arg.span),
            Value::Unknown(unknown) => {
                Diagnostic::error("wrong-value", "invalid value for `name`: it is known only after apply")
                    .at(arg.span)
                    .label(format!("depends on {}", place::waits_for(unknown)))
                    .why("Ids follow from names, and a plan shows both.")
                    .help("Build it from strings, variables and names.")
            }
            Value::Sensitive(_) => Diagnostic::error("wrong-value", "invalid value for `name`: it is sensitive")
                .at(arg.span)
                .why(format!("Names are shown in plans and by {} itself.", kind.provider().title))
                .help("Use a name that is not sensitive."),
            other => {
                let found = other.type_name();
                Diagnostic::error("wrong-value", format!("invalid value for `name`: expected a string, found {found}"))
                    .at(arg.span)
            }
        };
        self.found.push(problem);
        NameSetting::Told
    }

    fn prevent_destroy(&mut self, written: &BlockInput) -> bool {
        let Some(arg) = written.args.iter().find(|arg| &*arg.name.text == "prevent_destroy") else { return false };
        match &arg.value {
            Value::Bool(forbidden) => return *forbidden,
            Value::Null => {}
            value if value.told_within() => {}
            _ => self.found.push(
                Diagnostic::error(
                    "wrong-value",
                    "invalid value for `prevent_destroy`: expected true or false, known before apply",
                )
                .at(arg.span),
            ),
        }
        false
    }

    /// Reports findings of the kind's own rules. `clear`: those without what is sensitive, if something is.
    fn report(&mut self, findings: &[Finding], clear: Option<&[Finding]>) {
        let clear = clear.unwrap_or(findings);
        // What the rules report without the secrets, to show in place of what depends on them.
        let mut instead: Vec<&Finding> = clear.iter().filter(|one| !findings.contains(one)).collect();
        for finding in findings {
            let body = &self.definition.block.body;
            let span = body
                .attribute(finding.argument)
                .map(|attribute| attribute.expr.span)
                .or_else(|| body.blocks(finding.argument).next().map(|block| block.header))
                .unwrap_or(self.definition.block.header);
            let alike = instead.iter().position(|one| one.argument == finding.argument);
            let shown = if clear.contains(finding) { Some(finding) } else { alike.map(|at| instead.remove(at)) };
            let Some(Finding { argument: _, summary, why, help }) = shown.cloned() else {
                let summary = format!("invalid value for `{}` or for an argument beside it", finding.argument);
                let why = "A rule of this kind is broken. Details are hidden, because a sensitive value decides.";
                let help = "Check the sensitive arguments of this block against the documentation of the kind.";
                self.found.push(Diagnostic::error("wrong-arguments", summary).at(span).why(why).help(help));
                continue;
            };
            let mut problem = Diagnostic::error("wrong-arguments", summary).at(span);
            problem.why = Some(why).filter(|why| !why.is_empty());
            problem.help = Some(help).filter(|help| !help.is_empty());
            self.found.push(problem);
        }
    }
}

/// A copy would have the same name in the same place: an id that is made of names alone names no other, and some names
/// are unique among all accounts of the provider.
fn is_shared_name(kind: &Kind) -> bool {
    kind.place.is_root() || kind.place.template().is_some() || kind.names.unique == NameScope::Globally
}

/// No id yet.
static NOWHERE: LazyLock<ObjectId> = LazyLock::new(|| ObjectId::new(""));

/// The `name` of a block.
#[derive(PartialEq)]
enum NameSetting {
    /// Not set.
    Absent,
    /// Set, at this place.
    Written(String, Span),
    /// Set to something with an error, which has been reported.
    Told,
}

/// Arguments with the stack's tags added to those of the resource, which win.
fn with_tags(mut args: Map, kind: &Kind, stack_tags: &Map) -> Map {
    // Without a default for its tags, a resource of the kind may take none.
    let takes_tags =
        kind.arg("tags").is_some_and(|tags| matches!(tags.need, Need::Default(_)) || args.contains_key("tags"));
    if stack_tags.is_empty() || !takes_tags {
        return args;
    }
    let own = args.get("tags").cloned().unwrap_or(Value::Null);
    let (plain, sensitive) = own.unmark();
    let mut tags = stack_tags.clone();
    match plain {
        // Names of tags have no case: the resource's own tag wins over one of the stack in another case.
        Value::Map(own) => {
            tags.retain(|name, _| !own.keys().any(|own| own != name && own.to_lowercase() == name.to_lowercase()));
            tags.extend(own.iter().map(|(key, value)| (Arc::clone(key), value.clone())));
        }
        Value::Unknown(_) => return args,
        _ => {}
    }
    let tags = Value::from(tags);
    args.insert("tags".into(), if sensitive { tags.sensitive() } else { tags });
    args
}

/// The place of an argument of a resource; the header where it is not set.
pub(super) fn span_of(resource: &Resource, argument: &str) -> Span {
    resource.spans.get(argument).copied().unwrap_or(resource.span)
}

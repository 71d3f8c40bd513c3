//! Values of references: variables, locals, sites, resources and their attributes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use crate::account::{Account, Accounts, Realm};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl::ast::{HclBlock, Ident};
use crate::hcl::eval::{Budget, DEPENDENCY_WORK, KEPT_WORK, Spent};
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::kinds::decode::ResourceLookup;
use crate::kinds::{AttributeSource, Grammar, Kind, OtherResources, ResourceFacts, Subject, body, export};
use crate::object::ObjectId;
use crate::stack::program::Program;
use crate::stack::references::{attributes_of, no_such_attribute};
use crate::stack::touched::{References, Touched};
use crate::stack::written::for_each;
use crate::stack::{Knowledge, Resource, Site};
use crate::value::{Map, Unknown, Value};

/// The instances of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Instances {
    /// The block has no `for_each`.
    One,
    /// By key.
    Each(BTreeMap<Arc<str>, Address>),
}

/// The account at a provider that the session does not know.
static NO_ACCOUNT: LazyLock<Account> = LazyLock::new(|| Account::new("", ""));

/// Values of all references, as far as they have been evaluated.
pub(crate) struct Facts<'a> {
    pub(crate) program: &'a Program,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) accounts: &'a Accounts,
    pub(crate) sites: &'a IndexMap<Arc<str>, Site>,
    pub(crate) resources: &'a IndexMap<Address, Resource>,
    pub(crate) instances: &'a HashMap<Address, Instances>,
    pub(crate) faulty: &'a HashMap<Address, FaultyResource>,
    pub(crate) by_id: &'a HashMap<ObjectId, Address>,
    pub(crate) locals: &'a RefCell<Locals>,
    /// The tags that the stack puts on every resource that takes tags.
    pub(crate) tags: &'a Map,
    /// In a drill, the copy that each of these resources means wherever it is referred to.
    pub(crate) copies: Option<&'a BTreeMap<Address, Address>>,
}

/// A resource with an error in its block, or in a block that it depends on. It may be among the resources nevertheless.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyResource {
    /// The value of `each` in its block.
    pub(crate) each: Option<EachInstance>,
    /// The errors in its block: code and summary.
    pub(crate) errors: Vec<(&'static str, String)>,
}

/// Evaluated locals: the value and the resources that it refers to.
#[derive(Default)]
pub(crate) struct Locals {
    /// The work that everything evaluated with them may cause.
    pub(crate) budget: Budget,
    pub(crate) values: HashMap<Arc<str>, (Value, References)>,
    pub(crate) found: Diagnostics,
}

/// The value of `each` in one instance of a block with `for_each`.
#[derive(Debug, Clone)]
pub(crate) struct EachInstance {
    pub(crate) key: Value,
    pub(crate) value: Value,
    /// The resources that `for_each` refers to.
    pub(crate) needs: Arc<BTreeSet<Address>>,
}

/// The scope of one block.
pub(crate) struct BlockScope<'a> {
    pub(crate) facts: &'a Facts<'a>,
    /// The value of `each`.
    pub(crate) each: Option<EachInstance>,
    /// The resources referred to so far.
    pub(crate) touched: RefCell<Touched>,
}

impl<'a> BlockScope<'a> {
    pub(crate) fn new(facts: &'a Facts<'a>, each: Option<EachInstance>) -> Self {
        Self { facts, each, touched: RefCell::default() }
    }

    /// The resources referred to since the last call.
    pub(crate) fn take_touched(&self) -> BTreeSet<Address> {
        self.take_references().all()
    }

    /// The same, those of each element of the value by itself.
    pub(crate) fn take_references(&self) -> References {
        self.touched.borrow_mut().take()
    }

    /// The value of a local, which is evaluated once. `keys` lead to what is taken of it.
    fn local(&self, name: &Arc<str>, keys: &[(ReferenceKey, Span)]) -> Value {
        let evaluated = |name: &Arc<str>| self.facts.locals.borrow().values.contains_key(name);
        // The locals that it refers to come first, so that a long chain of locals does not recurse deeply.
        for (name, local) in self.facts.program.locals_up_to(name, |name| !evaluated(name)) {
            let scope = BlockScope::new(self.facts, None);
            let value = hcl::evaluate(&local.attribute.expr, &scope).unwrap_or_else(|problems| {
                self.facts.locals.borrow_mut().found.extend(problems);
                Value::told()
            });
            self.facts.locals.borrow_mut().values.insert(Arc::clone(name), (value, scope.take_references()));
        }
        match self.facts.locals.borrow().values.get(name) {
            Some((value, references)) => {
                let taken = references.taken(keys);
                let _ = self.facts.charge(taken.len().saturating_mul(DEPENDENCY_WORK));
                self.touched.borrow_mut().add(taken);
                value.clone()
            }
            // It is undeclared or part of a cycle, which has been reported.
            None => Value::told(),
        }
    }

    fn site(&self, name: &Arc<str>, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let Some(block) = self.facts.program.sites.get(name) else { return Ok((Value::told(), keys.len())) };
        let label = Address::new("site", name);
        if !block.body.is_repeated() {
            return match keys.get(1) {
                Some((ReferenceKey::Index(_), span)) => Err(has_no_keys(&label, *span)),
                _ => Ok(self.one_site(&label, keys, 1)),
            };
        }
        let instances: BTreeMap<Arc<str>, Address> = self.facts.instances_of_site(block).collect();
        match keys.get(1) {
            Some((ReferenceKey::Index(index), span)) => {
                let key = hcl::eval::to_text(index).map_err(|problem| problem.at(*span))?;
                match instances.get(&key) {
                    Some(site) => Ok(self.one_site(site, keys, 2)),
                    // The block has an error in this instance, or in its `for_each`, which has been reported.
                    None if self.may_have(block, &key) => Ok((Value::told(), keys.len())),
                    None => Err(no_such_key(&label, &key, *span, &instances, self.budget().may_suggest())),
                }
            }
            Some((ReferenceKey::Attr(attribute), span)) => Err(needs_key(&label, attribute, *span, &instances)),
            None => {
                let all: Map = instances.into_iter().map(|(key, site)| (key, Value::Block(site))).collect();
                Ok((all.into(), 1))
            }
        }
    }

    /// True if the `for_each` of a site has this key, or an error.
    fn may_have(&self, block: &HclBlock, key: &str) -> bool {
        let Some(attribute) = block.body.attribute("for_each") else { return true };
        let entries = for_each(&attribute.expr, self, &mut Diagnostics::default());
        entries.is_none_or(|entries| entries.iter().any(|(one, _)| **one == *key))
    }

    /// A site, or its attribute at this place of the keys.
    fn one_site(&self, address: &Address, keys: &[(ReferenceKey, Span)], used: usize) -> (Value, usize) {
        let Some((ReferenceKey::Attr(attribute), _)) = keys.get(used) else {
            return (Value::Block(address.clone()), used);
        };
        let Some(site) = self.facts.sites.get(address.own_name()) else { return (Value::told(), keys.len()) };
        let value = match &**attribute {
            "location" => Value::from(site.location.as_str()),
            "name" => Value::from(&*site.name),
            "tier" => Value::from(i64::from(site.tier)),
            // Reported when references were checked.
            _ => Value::told(),
        };
        (value, used + 1)
    }

    /// A backup by its name alone: its block is evaluated after all resources.
    fn backup(&self, name: &Arc<str>, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let label = Address::new("backup", name);
        let one = |address: &Address, used: usize| match keys.get(used) {
            None => (Value::Block(address.clone()), used),
            Some((ReferenceKey::Attr(attribute), _)) if &**attribute == "name" => {
                (Value::from(address.own_name()), used + 1)
            }
            // Reported when references were checked.
            Some(_) => (Value::told(), keys.len()),
        };
        match (self.facts.instances.get(&label), keys.get(1)) {
            // Its `for_each` has an error that has been reported.
            (None, _) => Ok((Value::told(), keys.len())),
            (Some(Instances::One), Some((ReferenceKey::Index(_), span))) => Err(has_no_keys(&label, *span)),
            (Some(Instances::One), _) => Ok(one(&label, 1)),
            (Some(Instances::Each(all)), Some((ReferenceKey::Index(index), span))) => {
                let key = hcl::eval::to_text(index).map_err(|problem| problem.at(*span))?;
                match all.get(&key) {
                    Some(address) => Ok(one(address, 2)),
                    None => Err(no_such_key(&label, &key, *span, all, self.budget().may_suggest())),
                }
            }
            (Some(Instances::Each(all)), Some((ReferenceKey::Attr(attribute), span))) => {
                Err(needs_key(&label, attribute, *span, all))
            }
            (Some(Instances::Each(all)), None) => {
                let all: Map = all.iter().map(|(key, one)| (Arc::clone(key), Value::Block(one.clone()))).collect();
                Ok((all.into(), 1))
            }
        }
    }

    fn resource(&self, kind: &str, name: &str, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let block = Address::new(kind, name);
        let keys_of = match self.facts.instances.get(&block) {
            Some(Instances::One) => return self.of_instance(&block, keys, 1),
            Some(Instances::Each(keys)) => keys,
            None => return self.without_instances(&block, keys),
        };
        match keys.get(1) {
            Some((ReferenceKey::Index(index), span)) => {
                let key = hcl::eval::to_text(index).map_err(|problem| problem.at(*span))?;
                match keys_of.get(&key) {
                    Some(address) => self.of_instance(address, keys, 2),
                    None => Err(no_such_key(&block, &key, *span, keys_of, self.budget().may_suggest())),
                }
            }
            Some((ReferenceKey::Attr(attribute), span)) => Err(needs_key(&block, attribute, *span, keys_of)),
            None => {
                let _ = self.facts.charge(keys_of.len().saturating_mul(DEPENDENCY_WORK));
                let block_of = |address: &Address| self.facts.block(self.facts.meant(address));
                let all: Map = keys_of.iter().map(|(key, address)| (Arc::clone(key), block_of(address))).collect();
                let mut touched = self.touched.borrow_mut();
                keys_of.iter().for_each(|(key, address)| touched.add_part(key, self.facts.meant(address).clone()));
                Ok((all.into(), 1))
            }
        }
    }

    /// A block whose instances are unknown because of an error that has been reported: its kind is known all the same.
    fn without_instances(&self, block: &Address, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let Some(definition) = self.facts.program.definitions.get(block) else {
            return Ok((Value::told(), keys.len()));
        };
        let repeated = definition.block.body.is_repeated();
        match keys.get(1) {
            Some((ReferenceKey::Index(index), span)) if repeated => {
                let key = hcl::eval::to_text(index).map_err(|problem| problem.at(*span))?;
                self.of_instance(&block.instance(&key), keys, 2)
            }
            _ if repeated => Ok((Value::told(), keys.len())),
            _ => self.of_instance(block, keys, 1),
        }
    }

    fn of_instance(
        &self,
        address: &Address,
        keys: &[(ReferenceKey, Span)],
        used: usize,
    ) -> Result<(Value, usize), Diagnostic> {
        let address = self.facts.meant(address);
        self.touched.borrow_mut().extend([address.clone()]);
        match keys.get(used) {
            None => Ok((self.facts.block(address), used)),
            Some((ReferenceKey::Attr(name), span)) => {
                self.facts.attribute(address, name).map(|value| (value, used + 1)).map_err(|problem| problem.at(*span))
            }
            Some((ReferenceKey::Index(_), span)) => Err(has_no_keys(address, *span)),
        }
    }
}

/// True for the address of a resource: sites and backups are values of expressions as well.
pub(crate) fn is_resource(address: &Address) -> bool {
    !matches!(address.kind(), "site" | "backup")
}

fn has_no_keys(address: &Address, span: Span) -> Diagnostic {
    Diagnostic::error("missing-key", format!("unexpected key: `{address}` has no `for_each`"))
        .at(span)
        .help(format!("Write `{}` without brackets.", address.block()))
}

fn needs_key(block: &Address, attribute: &str, span: Span, keys: &BTreeMap<Arc<str>, Address>) -> Diagnostic {
    let first = keys.keys().next().map_or("key", |key| &**key);
    Diagnostic::error("missing-key", format!("missing key: `{block}` has `for_each`")).at(span).help(format!(
        "Write `{block}[\"{first}\"].{attribute}` for one instance, or `[for one in {block} : one.{attribute}]` for all."
    ))
}

fn no_such_key(
    block: &Address,
    key: &str,
    span: Span,
    keys: &BTreeMap<Arc<str>, Address>,
    may_suggest: bool,
) -> Diagnostic {
    let fault = Diagnostic::error("missing-key", format!("reference to undeclared instance `{block}[\"{key}\"]`"));
    match may_suggest {
        true => fault.at(span).suggest(key, keys.keys().map(|key| &**key), Some(keys_listed(keys))),
        false => fault.at(span).help(keys_listed(keys)),
    }
}

fn keys_listed(keys: &BTreeMap<Arc<str>, Address>) -> String {
    if keys.is_empty() {
        "It has no instances.".to_owned()
    } else {
        listed("Its keys:", keys.keys(), |key| format!("\"{key}\""))
    }
}

impl Scope for BlockScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        // An undeclared name was reported when references were checked.
        let Some((ReferenceKey::Attr(name), _)) = keys.first() else { return Ok((Value::told(), keys.len())) };
        match &*root.text {
            "var" => Ok((self.facts.program.variables.get(name).map_or_else(Value::told, |v| v.value.clone()), 1)),
            "local" => Ok((self.local(name, keys.get(1..).unwrap_or_default()), 1)),
            "site" => self.site(name, keys),
            "backup" => self.backup(name, keys),
            "each" => match (&self.each, &**name) {
                (Some(each), "key") => Ok((each.key.clone(), 1)),
                (Some(each), "value") => Ok((each.value.clone(), 1)),
                _ => Ok((Value::told(), keys.len())),
            },
            kind => self.resource(kind, name, keys),
        }
    }

    fn files(&self) -> &dyn Files {
        &*self.facts.program.reader
    }

    fn budget(&self) -> Budget {
        self.facts.budget()
    }

    fn begin_part(&self) {
        self.touched.borrow_mut().begin_part();
    }

    fn end_part(&self, key: Option<&str>) {
        self.touched.borrow_mut().end_part(key);
    }

    fn join_parts(&self) {
        self.touched.borrow_mut().join_parts();
    }

    fn begin_elements(&self) {
        self.touched.borrow_mut().begin_elements();
    }

    fn element(&self, key: &str) {
        self.touched.borrow_mut().element(key);
    }

    fn end_elements(&self) {
        self.touched.borrow_mut().end_elements();
    }
}

impl Facts<'_> {
    /// The instances of a site with `for_each`, by key.
    fn instances_of_site(&self, block: &HclBlock) -> impl Iterator<Item = (Arc<str>, Address)> {
        let of_block = self.sites.values().filter(|site| site.span == block.header);
        of_block.filter_map(|site| {
            let (label, key) = site.name.strip_suffix("\"]")?.split_once("[\"")?;
            Some((key.into(), Address::new("site", label).instance(key)))
        })
    }

    /// The work that the stack may still cause.
    pub(crate) fn budget(&self) -> Budget {
        self.locals.borrow().budget.clone()
    }

    /// Takes units of the budget, beside those of expressions.
    ///
    /// # Errors
    /// It is used up. The next expression reports it, and so does the end of the evaluation.
    pub(crate) fn charge(&self, units: usize) -> Result<(), Spent> {
        self.locals.borrow().budget.charge(units)
    }

    /// Evaluates a local that may have been evaluated; only the messages count, and they are kept.
    pub(crate) fn touch_local(&self, name: &Arc<str>) {
        BlockScope::new(self, None).local(name, &[]);
    }

    /// The resource that a reference means: itself, or its copy in a drill.
    pub(crate) fn meant<'b>(&'b self, address: &'b Address) -> &'b Address {
        self.copies.and_then(|copies| copies.get(address)).unwrap_or(address)
    }

    /// A resource as a value.
    fn block(&self, address: &Address) -> Value {
        let is_declared =
            self.resources.contains_key(address) || self.program.definitions.contains_key(&address.block());
        if is_declared { Value::Block(address.clone()) } else { Value::told() }
    }

    /// An attribute of a resource: `id`, `name`, `location`, an argument, or an attribute of its kind.
    fn attribute(&self, address: &Address, name: &str) -> Result<Value, Diagnostic> {
        let Some(resource) = self.resources.get(address) else { return Ok(Value::told()) };
        match name {
            "id" => return Ok(Value::from(resource.id.as_str())),
            "name" => return Ok(Value::from(resource.name.as_str())),
            "location" => return Ok(Value::from(resource.location.as_str())),
            _ => {}
        }
        let known = self.knowledge.attributes.get(address).and_then(|attributes| attributes.get(name));
        let attribute = resource.kind.attribute(name);
        if let Some(AttributeSource::Exported(argument)) = attribute.map(|attribute| attribute.from)
            && !is_told_within(&resource.args)
        {
            let wanted = self.args(resource).get(argument).and_then(known_part).unwrap_or_default();
            let unknown = Value::Unknown(Unknown::attribute(address, name, false));
            return Ok(export::expected(&wanted, known, &unknown));
        }
        if let Some(known) = known {
            return Ok(known.clone());
        }
        if let Some(attribute) = attribute {
            if let AttributeSource::Names(text) = attribute.from {
                let args = self.plain_args(resource);
                if let Some(text) = body::named(&self.subject(resource, &args), text) {
                    return Ok(Value::from(text));
                }
            }
            // A name may follow from an argument that has an error.
            if is_told_within(&resource.args) {
                return Ok(Value::told());
            }
            return Ok(Value::Unknown(Unknown::attribute(address, name, attribute.secret)));
        }
        if resource.kind.arg(name).is_some() {
            return Ok(self.args(resource).get(name).cloned().unwrap_or(Value::Null));
        }
        Err(no_such_attribute(resource.kind.name, name, attributes_of(&[resource.kind])))
    }

    pub(crate) fn args<'b>(&'b self, resource: &'b Resource) -> &'b Map {
        self.knowledge.args.get(&resource.address).unwrap_or(&resource.args)
    }

    /// The arguments in plain text, without those that are unknown.
    pub(crate) fn plain_args(&self, resource: &Resource) -> JsonMap<String, Json> {
        plain(self.charged_args(resource))
    }

    /// The arguments of a resource, charged for the walks of a copy in plain text.
    pub(super) fn charged_args<'b>(&'b self, resource: &'b Resource) -> &'b Map {
        let args = self.args(resource);
        let size: usize = args.values().map(Value::size).sum();
        let _ = self.charge(size.saturating_mul(2 * KEPT_WORK));
        args
    }

    /// The account of a resource: that of its site, if the site is at its provider.
    pub(crate) fn account(&self, kind: &Kind, site: &str) -> &Account {
        let provider = kind.provider();
        let of_site = self.sites.get(site).filter(|site| site.provider == provider).map(|site| &site.realm);
        let account = of_site.and_then(|realm| self.accounts.get(realm));
        account.or_else(|| self.accounts.get(&Realm::of(provider.name))).unwrap_or(&NO_ACCOUNT)
    }

    /// A resource as its kind's functions see it.
    pub(crate) fn subject<'b>(&'b self, resource: &'b Resource, args: &'b JsonMap<String, Json>) -> Subject<'b> {
        Subject {
            kind: resource.kind,
            address: &resource.address,
            name: &resource.name,
            id: &resource.id,
            location: &resource.location,
            account: self.account(resource.kind, &resource.site),
            args,
            others: self,
            facts: ResourceFacts {
                host: self.host_of(resource.kind, &resource.address).or(resource.host.as_deref()),
                args: Some(&resource.args),
            },
        }
    }

    /// The address of a machine, where it is known.
    pub(crate) fn host_of(&self, kind: &Kind, address: &Address) -> Option<&str> {
        self.knowledge.attributes.get(address)?.get(kind.host?)?.as_str()
    }
}

/// Arguments of which one has no value because of an error that has been reported.
pub(crate) fn is_told_within(args: &Map) -> bool {
    args.values().any(Value::told_within)
}

/// Arguments in plain text, without those that are unknown.
pub(crate) fn plain(args: &Map) -> JsonMap<String, Json> {
    args.iter().filter_map(|(name, value)| Some((name.to_string(), known_part(value)?))).collect()
}

/// The known part of a value: unknown entries of maps are left out, a list with an unknown element is unknown.
fn known_part(value: &Value) -> Option<Json> {
    match value {
        Value::Map(map) => Some(Json::Object(plain(map))),
        Value::List(items) => items.iter().map(known_part).collect::<Option<Vec<_>>>().map(Json::Array),
        Value::Sensitive(inner) => known_part(inner),
        other => other.reveal().ok(),
    }
}

/// Arguments in plain text for the rules of a kind: an unknown one is `null`, so that it does not look missing.
pub(crate) fn known(args: &Map) -> JsonMap<String, Json> {
    fn json(value: &Value) -> Json {
        match value {
            Value::Map(map) => Json::Object(known(map)),
            Value::List(items) => items.iter().map(json).collect(),
            Value::Sensitive(inner) => json(inner),
            other => other.reveal().unwrap_or_default(),
        }
    }
    args.iter().map(|(name, value)| (name.to_string(), json(value))).collect()
}

impl OtherResources for Facts<'_> {
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let Some(resource) = self.by_id.get(id).and_then(|address| self.resources.get(address)) else { return };
        let args = self.plain_args(resource);
        visit(&self.subject(resource, &args));
    }
}

impl ResourceLookup for Facts<'_> {
    fn resource(&self, address: &Address) -> Option<(&'static str, Option<ObjectId>)> {
        match self.resources.get(self.meant(address)) {
            Some(resource) => Some((resource.kind.name, Some(resource.id.clone()))),
            None => self.program.definitions.get(&address.block()).map(|definition| (definition.kind.name, None)),
        }
    }

    fn region(&self, site: &Address) -> Option<Option<String>> {
        let is_declared = site.kind() == "site" && self.program.sites.contains_key(site.name());
        is_declared.then(|| self.sites.get(site.own_name()).map(|site| site.location.clone()))
    }

    fn sites(&self) -> Vec<String> {
        let of_block = |(name, block): (&Arc<str>, &Arc<HclBlock>)| match block.body.is_repeated() {
            true => self.instances_of_site(block).map(|(_, site)| site.own_name().to_owned()).collect(),
            false => vec![name.to_string()],
        };
        self.program.sites.iter().flat_map(of_block).collect()
    }

    fn is_backup(&self, address: &Address) -> bool {
        address.kind() == "backup" && self.program.backups.contains_key(address.name())
    }

    fn is_id(&self, text: &str) -> bool {
        self.program.catalog.is_id(text)
    }

    fn kinds(&self) -> Vec<&'static Kind> {
        self.program.catalog.kinds().collect()
    }

    fn with_id(&self, id: &ObjectId) -> Option<Address> {
        self.by_id.get(id).map(|address| self.meant(address).clone())
    }
}

/// Names that a message lists.
const LISTED: usize = 12;

/// The first names as `show` writes them, and how many more there are.
pub(crate) fn listed<T>(say: &str, names: impl ExactSizeIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown = names.take(LISTED).map(show).collect::<Vec<_>>().join(", ");
    if more == 0 { format!("{say} {shown}.") } else { format!("{say} {shown} and {more} more.") }
}

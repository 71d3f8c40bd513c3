//! What names mean: variables, locals, sites, resources and their attributes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl::ast::Ident;
use crate::hcl::{self, Files, Key, Scope};
use crate::kinds::decode::Named;
use crate::kinds::{self, From, Others, Subject, body};
use crate::stack::program::Program;
use crate::stack::{Knowledge, Resource, Site};
use crate::value::{Map, Unknown, Value};

/// The instances of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Instances {
    /// The block has no `for_each`.
    One,
    /// By key.
    Each(BTreeMap<Arc<str>, Address>),
    /// Something is wrong with it, and has been told of.
    Broken,
}

/// Everything a name can mean, as far as it has been evaluated.
pub(crate) struct Facts<'a> {
    pub(crate) program: &'a Program,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) sites: &'a IndexMap<Arc<str>, Site>,
    pub(crate) resources: &'a IndexMap<Address, Resource>,
    pub(crate) instances: &'a HashMap<Address, Instances>,
    pub(crate) by_id: &'a HashMap<ArmId, Address>,
    pub(crate) locals: &'a RefCell<Locals>,
}

/// Locals that have been evaluated: the value and what it touched.
#[derive(Default)]
pub(crate) struct Locals {
    pub(crate) values: HashMap<Arc<str>, (Value, BTreeSet<Address>)>,
    pub(crate) found: Diagnostics,
}

/// The scope of one block.
pub(crate) struct BlockScope<'a> {
    pub(crate) facts: &'a Facts<'a>,
    /// `each.key` and `each.value`.
    pub(crate) each: Option<(Value, Value)>,
    /// The resources named so far.
    pub(crate) touched: RefCell<BTreeSet<Address>>,
}

impl<'a> BlockScope<'a> {
    pub(crate) fn new(facts: &'a Facts<'a>, each: Option<(Value, Value)>) -> Self {
        Self { facts, each, touched: RefCell::default() }
    }

    /// What has been named since this was last asked.
    pub(crate) fn take_touched(&self) -> BTreeSet<Address> {
        std::mem::take(&mut self.touched.borrow_mut())
    }

    fn local(&self, name: &Ident) -> Result<Value, Diagnostic> {
        if let Some((value, touched)) = self.facts.locals.borrow().values.get(&name.text) {
            self.touched.borrow_mut().extend(touched.iter().cloned());
            return Ok(value.clone());
        }
        let Some(local) = self.facts.program.locals.get(&name.text) else {
            return Err(unknown("local", name, self.facts.program.locals.keys().map(|name| &**name)));
        };
        let scope = BlockScope::new(self.facts, None);
        let value = hcl::evaluate(&local.expr, &scope).unwrap_or_else(|problems| {
            self.facts.locals.borrow_mut().found.extend(problems);
            Value::Unknown(Unknown::default())
        });
        let touched = scope.take_touched();
        self.touched.borrow_mut().extend(touched.iter().cloned());
        self.facts.locals.borrow_mut().values.insert(Arc::clone(&name.text), (value.clone(), touched));
        Ok(value)
    }

    fn site(&self, name: &Ident, keys: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
        let Some(site) = self.facts.sites.get(&name.text) else {
            return Err(unknown("site", name, self.facts.sites.keys().map(|name| &**name)));
        };
        let Some((Key::Attr(attribute), span)) = keys.get(1) else {
            return Ok((Value::Block(Address::new("site", &name.text)), 1));
        };
        let value = match &**attribute {
            "location" => Value::from(site.location.as_str()),
            "name" => Value::from(&*site.name),
            "tier" => Value::from(i64::from(site.tier)),
            other => {
                return Err(Diagnostic::error("unknown-attribute", format!("a site has no attribute `{other}`"))
                    .at(*span)
                    .suggest(other, ["location", "name", "tier"], None));
            }
        };
        Ok((value, 2))
    }

    fn resource(&self, kind: &str, name: &Ident, keys: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
        let block = Address::new(kind, &name.text);
        let keys_of = match self.facts.instances.get(&block) {
            Some(Instances::One) => return self.of_instance(&block, keys, 1),
            Some(Instances::Broken) => return Ok((Value::Unknown(Unknown::default()), keys.len())),
            Some(Instances::Each(keys)) => keys,
            None => {
                let of_kind = self.facts.program.definitions.keys().filter(|address| address.kind() == kind);
                return Err(unknown(kind, name, of_kind.map(Address::name)));
            }
        };
        match keys.get(1) {
            Some((Key::Index(Value::String(key)), span)) => match keys_of.get(key) {
                Some(address) => self.of_instance(address, keys, 2),
                None => Err(Diagnostic::error("unknown-name", format!("`{block}` has no instance \"{key}\""))
                    .at(*span)
                    .suggest(key, keys_of.keys().map(|key| &**key), Some(listed("Its keys are", keys_of.keys())))),
            },
            Some((Key::Attr(attribute), span)) => {
                let first = keys_of.keys().next().map_or("key", |key| &**key);
                Err(Diagnostic::error("missing-key", format!("`{block}` has `for_each`, so it is several resources"))
                    .at(*span)
                    .help(format!("Say which one: `{block}[\"{first}\"].{attribute}`.")))
            }
            _ => {
                let all: Map =
                    keys_of.iter().map(|(key, address)| (Arc::clone(key), Value::Block(address.clone()))).collect();
                self.touched.borrow_mut().extend(keys_of.values().cloned());
                Ok((all.into(), 1))
            }
        }
    }

    fn of_instance(&self, address: &Address, keys: &[(Key, Span)], used: usize) -> Result<(Value, usize), Diagnostic> {
        self.touched.borrow_mut().insert(address.clone());
        match keys.get(used) {
            None => Ok((Value::Block(address.clone()), used)),
            Some((Key::Attr(name), span)) => {
                self.facts.attribute(address, name).map(|value| (value, used + 1)).map_err(|problem| problem.at(*span))
            }
            Some((Key::Index(_), span)) => Err(Diagnostic::error(
                "unknown-name",
                format!("`{}` has no `for_each`, so it is one resource", address),
            )
            .at(*span)
            .help(format!("Write `{address}` without brackets."))),
        }
    }
}

impl Scope for BlockScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
        let named = |what: &str| match keys.first() {
            Some((Key::Attr(name), span)) => Ok(Ident { text: Arc::clone(name), span: *span }),
            _ => Err(Diagnostic::error("unknown-name", format!("`{}` is not a value by itself", root.text))
                .at(root.span)
                .help(format!("Say which: `{}.{what}`.", root.text))),
        };
        match &*root.text {
            "var" => {
                let name = named("name")?;
                match self.facts.program.variables.get(&name.text) {
                    Some(variable) => Ok((variable.value.clone(), 1)),
                    None => Err(unknown("var", &name, self.facts.program.variables.keys().map(|name| &**name))),
                }
            }
            "local" => Ok((self.local(&named("name")?)?, 1)),
            "site" => self.site(&named("name")?, keys),
            "each" => {
                let name = named("key")?;
                match (&self.each, &*name.text) {
                    (None, _) => {
                        Err(Diagnostic::error("unknown-name", "`each` is known only in a block with `for_each`")
                            .at(root.span)
                            .help("Write `for_each = …` into the block, or use a plain value."))
                    }
                    (Some((key, _)), "key") => Ok((key.clone(), 1)),
                    (Some((_, value)), "value") => Ok((value.clone(), 1)),
                    (Some(_), _) => Err(unknown("each", &name, ["key", "value"].into_iter())),
                }
            }
            kind if kinds::find(kind).is_some() => self.resource(kind, &named("name")?, keys),
            other => {
                let known = ["var", "local", "site", "each"].into_iter().chain(kinds::ALL.iter().map(|kind| kind.name));
                Err(Diagnostic::error("unknown-name", format!("there is nothing called `{other}`"))
                    .at(root.span)
                    .suggest(other, known, Some("A text is written in quotes; a resource as `kind.name`.".to_owned())))
            }
        }
    }

    fn files(&self) -> &dyn Files {
        &*self.facts.program.reader
    }
}

impl Facts<'_> {
    /// An attribute of a resource: `id`, `name`, `location`, an argument, or what the kind says can be read.
    pub(crate) fn attribute(&self, address: &Address, name: &str) -> Result<Value, Diagnostic> {
        let Some(resource) = self.resources.get(address) else {
            return Ok(Value::Unknown(Unknown::default()));
        };
        match name {
            "id" => return Ok(Value::from(resource.id.as_str())),
            "name" => return Ok(Value::from(resource.name.as_str())),
            "location" => return Ok(Value::from(resource.location.as_str())),
            _ => {}
        }
        if let Some(known) = self.knowledge.attributes.get(address).and_then(|attributes| attributes.get(name)) {
            return Ok(known.clone());
        }
        if let Some(attribute) = resource.kind.attribute(name) {
            if let From::Names(text) = attribute.from {
                let args = self.plain_args(resource);
                if let Some(text) = body::named(&self.subject(resource, &args), text) {
                    return Ok(Value::from(text));
                }
            }
            return Ok(Value::Unknown(Unknown::attribute(address, name, attribute.secret)));
        }
        if resource.kind.arg(name).is_some() {
            return Ok(self.args(resource).get(name).cloned().unwrap_or(Value::Null));
        }
        let known = ["id", "name", "location"]
            .into_iter()
            .chain(resource.kind.attributes.iter().map(|attribute| attribute.name))
            .chain(resource.kind.args.iter().map(|arg| arg.name));
        Err(Diagnostic::error(
            "unknown-attribute",
            format!("{} has no attribute `{name}`", kinds::with_article(resource.kind.name)),
        )
        .suggest(name, known, Some(format!("`drplan kinds {}` lists them.", resource.kind.name))))
    }

    fn args<'b>(&'b self, resource: &'b Resource) -> &'b Map {
        self.knowledge.args.get(&resource.address).unwrap_or(&resource.args)
    }

    /// The arguments in clear, without what is not known.
    pub(crate) fn plain_args(&self, resource: &Resource) -> JsonMap<String, Json> {
        plain(self.args(resource))
    }

    /// A resource as its kind's functions see it.
    pub(crate) fn subject<'b>(&'b self, resource: &'b Resource, args: &'b JsonMap<String, Json>) -> Subject<'b> {
        Subject {
            kind: resource.kind,
            address: &resource.address,
            name: &resource.name,
            id: &resource.id,
            location: &resource.location,
            subscription: &self.program.subscription,
            tenant: &self.program.tenant,
            args,
            others: self,
        }
    }
}

/// Arguments in clear, without what is not known.
pub(crate) fn plain(args: &Map) -> JsonMap<String, Json> {
    args.iter().filter_map(|(name, value)| Some((name.to_string(), known_part(value)?))).collect()
}

/// The known part of a value: entries of maps that are not known are left out, a list with such an element is not known.
fn known_part(value: &Value) -> Option<Json> {
    match value {
        Value::Map(map) => Some(Json::Object(plain(map))),
        Value::List(items) => items.iter().map(known_part).collect::<Option<Vec<_>>>().map(Json::Array),
        Value::Sensitive(inner) => known_part(inner),
        other => other.reveal().ok(),
    }
}

impl Others for Facts<'_> {
    fn visit(&self, id: &ArmId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let Some(resource) = self.by_id.get(id).and_then(|address| self.resources.get(address)) else { return };
        let args = self.plain_args(resource);
        visit(&self.subject(resource, &args));
    }
}

impl Named for Facts<'_> {
    fn resource(&self, address: &Address) -> Option<(&'static str, ArmId)> {
        let resource = self.resources.get(address)?;
        Some((resource.kind.name, resource.id.clone()))
    }

    fn region(&self, site: &Address) -> Option<String> {
        (site.kind() == "site").then(|| self.sites.get(site.name()).map(|site| site.location.clone()))?
    }

    fn with_id(&self, id: &ArmId) -> Option<Address> {
        self.by_id.get(id).cloned()
    }
}

fn unknown<'k>(root: &str, name: &Ident, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let known: Vec<&str> = known.collect();
    let otherwise = if known.is_empty() {
        format!("The stack has no `{root}`.")
    } else {
        listed("There are", known.iter().map(|name| format!("{root}.{name}")))
    };
    Diagnostic::error("unknown-name", format!("there is no `{root}.{}`", name.text)).at(name.span).suggest(
        &name.text,
        known,
        Some(otherwise),
    )
}

fn listed(say: &str, names: impl IntoIterator<Item = impl ToString>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let more = names.len().saturating_sub(12);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { format!("{say} {shown}.") } else { format!("{say} {shown} and {more} more.") }
}

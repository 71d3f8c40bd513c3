//! What is emitted from, and what is noticed on the way: loops, secrets, files, what cannot be said.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::code::{Code, Given, LoopId, Symbol, Which};
use super::draft::Entries;
use super::express::{At, Frame, has_float};
use crate::address::{Address, ArmId};
use crate::emit::written::names_each;
use crate::emit::{Unsaid, secrets};
use crate::failover::lever;
use crate::hcl::ast::{Expr, ExprKind};
use crate::kinds::Lit;
use crate::stack::scope::{Facts, Locals};
use crate::stack::{Knowledge, Resource, Stack};
use crate::value::Value;

/// How a loop's collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A map: each turn has a key and a value.
    Map,
    /// Texts: each is its own key and value.
    Set,
    /// Objects that are written out, with the key and what differs.
    Rows,
}

/// Something that is repeated.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    /// What a turn is called.
    pub turn: String,
    pub form: Form,
    /// What is gone through.
    pub collection: Code,
    /// The keys, in the order in which Bicep goes through them.
    pub keys: Vec<String>,
    /// A name for the variable that holds the collection, where it is written out.
    pub named: String,
}

/// What is emitted from, and what was noticed on the way.
pub(super) struct Emitter<'a> {
    pub stack: &'a Stack,
    pub knowledge: Knowledge,
    /// The instances of each block, in the order of the stack.
    pub instances: BTreeMap<Address, Vec<&'a Resource>>,
    pub loops: RefCell<Vec<Loop>>,
    /// Files that expressions read.
    pub read: RefCell<BTreeMap<String, String>>,
    /// Names that people sign in with, by what they are for.
    pub operators: RefCell<BTreeMap<String, String>>,
    /// Blocks whose instances differ in more than a loop can say.
    apart: RefCell<HashSet<Address>>,
    lost: RefCell<Vec<Unsaid>>,
    by_place: RefCell<HashMap<String, Option<LoopId>>>,
    locals: RefCell<Locals>,
    plain_locals: HashSet<String>,
    /// What things from outside are called wherever they are needed, so that nothing else is.
    pub reserved: BTreeSet<String>,
    /// Locals that hold a secret in clear, and are asked for.
    pub secret_locals: BTreeSet<String>,
    ids: HashMap<ArmId, (Address, usize)>,
    /// What arguments are while the failover is on.
    moved: HashMap<Address, Vec<(String, Json)>>,
}

impl<'a> Emitter<'a> {
    pub fn new(stack: &'a Stack) -> Self {
        let mut instances: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        let mut ids = HashMap::new();
        for resource in stack.resources.values() {
            instances.entry(resource.address.block()).or_default().push(resource);
            for (at, object) in resource.objects.iter().enumerate().filter(|(_, object)| object.within.is_none()) {
                ids.insert(object.id.clone(), (resource.address.clone(), at));
            }
        }
        let mut emitter = Self {
            stack,
            knowledge: Knowledge::default(),
            instances,
            loops: RefCell::default(),
            read: RefCell::default(),
            operators: RefCell::default(),
            apart: RefCell::default(),
            lost: RefCell::default(),
            by_place: RefCell::default(),
            locals: RefCell::default(),
            plain_locals: HashSet::new(),
            reserved: BTreeSet::new(),
            secret_locals: secrets::locals(stack),
            ids,
            moved: moved(stack),
        };
        let locals = &stack.program.locals;
        emitter.plain_locals = locals
            .iter()
            .filter(|(name, local)| {
                let value = || Frame::new(&emitter, None).value(&local.attribute.expr);
                stack.program.is_constant(name)
                    && value()
                        .is_some_and(|value| !value.sensitive_within() && !has_float(&value) && value.reveal().is_ok())
            })
            .map(|(name, _)| name.to_string())
            .collect();
        let variables = stack.variables.keys().map(|name| Given::Variable(name.to_string()));
        let locals = locals.keys().map(|name| Given::Local(name.to_string()));
        let sites = stack.sites.keys().map(|name| Given::Site(name.to_string()));
        let all = variables.chain(locals).chain(sites).chain([Given::Tags, Given::Active]);
        emitter.reserved = all.map(|given| emitter.name_of(&given)).collect();
        emitter
    }

    /// Calls `f` with what names mean.
    pub fn with_facts<T>(&self, f: impl FnOnce(&Facts<'_>) -> T) -> T {
        f(&self.stack.facts(&self.knowledge, &self.locals))
    }

    /// Whether a local hangs on nothing but variables, and may be shown.
    pub fn is_plain_local(&self, name: &str) -> bool {
        self.plain_locals.contains(name)
    }

    /// Notes what cannot be said, once.
    pub fn lose(&self, what: Unsaid) {
        let mut lost = self.lost.borrow_mut();
        if !lost.contains(&what) {
            lost.push(what);
        }
    }

    /// What could not be said.
    pub fn lost(&self) -> Vec<Unsaid> {
        self.lost.borrow().clone()
    }

    /// What an argument of a resource is while the failover is on, where a run moves it.
    pub fn moved(&self, resource: &Address, argument: &str) -> Option<&Json> {
        self.moved.get(resource)?.iter().find(|(name, _)| name == argument).map(|(_, value)| value)
    }

    /// The site whose region a text is: this one's, or the only one there.
    fn site_at(&self, text: &str, site: &str) -> Option<Given> {
        let sites = &self.stack.sites;
        let is = |name: &str| sites.get(name).is_some_and(|one| one.location == text);
        let mut all = sites.keys().filter(|name| is(name));
        let found = if is(site) {
            Some(site.to_owned())
        } else {
            all.next().filter(|_| all.next().is_none()).map(ToString::to_string)
        };
        found.map(Given::Site)
    }

    /// A text of a body of a resource at this site: an id of the stack's own refers to what has it, a region is that of its site.
    pub fn literal(&self, text: &str, site: &str) -> Code {
        if let Some(given) = self.site_at(text, site) {
            return Code::Given(given);
        }
        if text.eq_ignore_ascii_case(&self.stack.tenant) {
            return Code::Call("tenant", Vec::new()).get("tenantId");
        }
        let own = format!("/subscriptions/{}/", self.stack.subscription);
        if !text.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(&own)) {
            return Code::text(text);
        }
        if let Some(symbol) = self.symbol(&ArmId::new(text)) {
            return Code::Resource(symbol).get("id");
        }
        match text[own.len()..].strip_prefix("providers/").and_then(|rest| rest.rsplit_once('/')) {
            Some((type_, name)) if type_.split('/').count() == 2 => {
                Code::Call("subscriptionResourceId", vec![Code::text(type_), Code::text(name)])
            }
            _ => Code::text(text),
        }
    }

    /// What has an id, or what it is below of.
    pub fn symbol(&self, id: &ArmId) -> Option<Symbol> {
        let mut at = id.clone();
        loop {
            if let Some((address, object)) = self.ids.get(&at) {
                let below = id.as_str()[at.as_str().len()..].trim_start_matches('/').to_owned();
                let is_group = self.stack.resources.get(address).is_some_and(is_group);
                if is_group && !below.is_empty() {
                    return None;
                }
                return Some(Symbol { which: Which::One(address.clone()), object: *object, below });
            }
            at = at.parent()?;
        }
    }

    /// The number of a loop, made where it is new; `None` where Bicep cannot say what it goes through.
    fn numbered(&self, place: String, make: impl FnOnce() -> Option<Loop>) -> Option<LoopId> {
        if let Some(known) = self.by_place.borrow().get(&place) {
            return *known;
        }
        let made = make().map(|one| {
            let mut loops = self.loops.borrow_mut();
            loops.push(one);
            loops.len() - 1
        });
        self.by_place.borrow_mut().insert(place, made);
        made
    }

    /// The loop of a nested block.
    pub fn nested(
        &self,
        block: &Address,
        place: &str,
        word: &str,
        each: &Expr,
        frame: &Frame<'_, 'a>,
    ) -> Option<LoopId> {
        // What the loop around decides is not the same for all of its turns.
        if names_each(each) {
            return None;
        }
        let named = format!("{}-{word}s", block.name());
        self.numbered(format!("{block} {place}"), || self.made(camel(word), &named, each, frame))
    }

    /// Notes that a block's instances are written out, each by itself.
    pub fn take_apart(&self, block: &Address) {
        self.apart.borrow_mut().insert(block.clone());
    }

    /// Forgets all loops, to begin anew with those that were taken apart left out; whether there are more of these than so many.
    pub fn begin_again(&self, known: usize) -> Option<usize> {
        let now = self.apart.borrow().len();
        (now > known).then(|| {
            self.loops.borrow_mut().clear();
            self.by_place.borrow_mut().clear();
            self.operators.borrow_mut().clear();
            self.lost.borrow_mut().clear();
            now
        })
    }

    /// The loop of a block with `for_each`.
    pub fn of_block(&self, block: &Address) -> Option<LoopId> {
        if self.apart.borrow().contains(block) {
            return None;
        }
        let definition = self.stack.program.definitions.get(block)?;
        let each = definition.block.body.attribute("for_each")?;
        let named = format!("{}-{}s", block.name(), block.kind());
        self.numbered(block.to_string(), || {
            let frame = Frame::new(self, None);
            self.made("each".to_owned(), &named, &each.expr, &frame).or_else(|| {
                // By the keys alone: what they stand for is known by what has them.
                let keys = self.instances.get(block)?.iter().filter_map(|one| Some(one.address.key()?.into_owned()));
                let keys: Vec<String> = keys.collect();
                let collection = Code::json(&keys.iter().map(String::as_str).collect());
                Some(Loop { turn: "each".to_owned(), form: Form::Set, collection, keys, named: camel(&named) })
            })
        })
    }

    fn made(&self, turn: String, named: &str, each: &Expr, frame: &Frame<'_, 'a>) -> Option<Loop> {
        let value = frame.value(each)?;
        let is_map = matches!(value, Value::Map(_));
        let keys: Vec<String> = entries(value).into_iter().map(|(key, _)| key).collect();
        let inner = match &each.kind {
            // The turns are the same in any order.
            ExprKind::Call { name, args, .. } if &*name.text == "toset" => args.first()?,
            _ => each,
        };
        let distinct: HashSet<&String> = keys.iter().collect();
        if distinct.len() != keys.len() {
            return None;
        }
        let keys = match (is_map, frame.value(inner)?) {
            // Bicep goes through a list in the list's own order.
            (false, Value::List(items)) if items.len() == keys.len() => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?
            }
            (true, _) => keys,
            _ => return None,
        };
        let form = if is_map { Form::Map } else { Form::Set };
        let collection = frame.express(inner)?;
        // What is gone through must be known before anything stands.
        let is_known = !collection.any(&|part| matches!(part, Code::Resource(_)));
        is_known.then(|| Loop { turn, form, collection, keys, named: camel(named) })
    }

    /// What a block's loop is at for one of its instances.
    pub fn at(&self, resource: &Resource) -> Option<At> {
        let each = resource.each.as_ref()?;
        let key = resource.address.key()?.into_owned();
        let block = resource.address.block();
        let written = Arc::clone(&self.stack.program.definitions.get(&block)?.block.body.attribute("for_each")?.expr);
        Some(At { id: self.of_block(&block), key, value: each.value.clone(), written })
    }

    /// What things from outside are called.
    pub fn name_of(&self, given: &Given) -> String {
        let variable = |name: &str| self.stack.variables.keys().any(|other| camel(other) == name);
        let local = |name: &str| self.plain_locals.iter().any(|other| camel(other) == name);
        let free =
            |name: String, more: &str| if variable(&name) || local(&name) { format!("{name}{more}") } else { name };
        match given {
            Given::Variable(name) => unreserved(camel(name)),
            Given::Local(name) if variable(&camel(name)) => format!("{}Local", camel(name)),
            Given::Local(name) => unreserved(camel(name)),
            Given::Site(site) => free(format!("{}Location", camel(site)), "OfSite"),
            Given::Tags => free("tags".to_owned(), "OfStack"),
            Given::Active => free("failoverActive".to_owned(), "Now"),
            Given::Secret(name) => free(camel(name), "Secret"),
            Given::Operator(name) => free(camel(name), "Name"),
            Given::GroupName(address) => free(format!("{}GroupName", symbol_base(address)), "InUse"),
        }
    }
}

/// What runs of failover groups move: what stops, what keeps users out, and what lets them in.
fn moved(stack: &Stack) -> HashMap<Address, Vec<(String, Json)>> {
    let mut out: HashMap<Address, Vec<(String, Json)>> = HashMap::new();
    let mut put = |address: &Address, of: Option<(String, Json)>| {
        let differs = |(name, value): &(String, Json)| {
            let now = stack
                .resources
                .get(address)
                .and_then(|one| one.args.get(name.as_str()))
                .and_then(|now| now.reveal().ok());
            now.as_ref() != Some(value)
        };
        out.entry(address.clone()).or_default().extend(of.filter(differs));
    };
    let lit = |of: Option<(&'static str, Lit)>| of.map(|(name, lit)| (name.to_owned(), lit.json()));
    for group in stack.failover_groups.values() {
        let of = |address: &Address| stack.resources.get(address).map(|one| &one.kind.moves);
        for address in &group.quiesce {
            put(address, of(address).and_then(|moves| lit(moves.quiesce)));
        }
        for address in &group.fence {
            put(address, of(address).and_then(|moves| lit(moves.fence)));
        }
        for route in &group.routes {
            for (address, arguments) in lever(stack, route, false).moves {
                for (name, value) in arguments {
                    put(&address, Some((name, value)));
                }
            }
        }
    }
    out
}

/// Whether this is a resource group.
pub(super) fn is_group(resource: &Resource) -> bool {
    resource.kind.place == crate::kinds::Place::Subscription
}

/// Keys and values of what a loop goes through.
pub(super) fn entries(value: Value) -> Entries {
    match value {
        Value::Map(map) => map.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Number(number) => (number.to_string(), item.clone()),
                other => (other.as_str().unwrap_or_default().to_owned(), other.clone()),
            })
            .collect(),
        Value::Sensitive(inner) => entries((*inner).clone()),
        _ => Vec::new(),
    }
}

/// Words joined as Bicep writes names: `web-primary` is `webPrimary`.
pub(super) fn camel(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if out.is_empty() => out.push(first.to_ascii_lowercase()),
            Some(first) => out.push(first.to_ascii_uppercase()),
            None => {}
        }
        out.extend(letters);
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) { format!("_{out}") } else { out }
}

/// The same with its first letter in upper case: `web-primary` is `WebPrimary`.
pub(super) fn pascal(text: &str) -> String {
    let camel = camel(text);
    let mut letters = camel.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A block's label, and the key of an instance.
pub(super) fn labelled(address: &Address) -> String {
    match address.key() {
        Some(key) => format!("{}-{key}", address.name()),
        None => address.name().to_owned(),
    }
}

/// The same as a name.
pub(super) fn symbol_base(address: &Address) -> String {
    camel(&labelled(address))
}

/// A name that means nothing else in Bicep.
fn unreserved(name: String) -> String {
    const TAKEN: &[&str] = &[
        "resourceGroup",
        "subscription",
        "tenant",
        "deployment",
        "environment",
        "items",
        "map",
        "filter",
        "union",
        "concat",
        "length",
        "join",
        "split",
        "range",
        "string",
        "int",
        "bool",
        "resourceId",
        "param",
        "var",
        "resource",
        "module",
        "output",
        "targetScope",
        "import",
        "type",
        "existing",
        "for",
        "if",
        "in",
        "true",
        "false",
        "null",
        "object",
        "array",
        "func",
        "each",
        "i",
        "one",
        "location",
    ];
    if TAKEN.contains(&name.as_str()) { format!("{name}Value") } else { name }
}

//! The stack to emit, with observations made while emitting: loops, secrets, files, limitations.

use crate::providers::azure::ids::AzureId;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::body_value::LoopValues;
use super::code::{Code, FileInput, ListItem, LoopId, ResourceRef, Symbol, TextPiece};
use super::express::{BicepScope, LoopEntry, has_float};
use super::naming;
use crate::address::Address;
use crate::emit::merged::names_each;
use crate::emit::names::Names;
use crate::emit::{Limitation, secrets};
use crate::failover::lever;
use crate::hcl::ast::{Expr, ExprKind, ForLoop, Root, TraversalStep};
use crate::hcl::eval::Budget;
use crate::kinds::Lit;
use crate::object::ObjectId;
use crate::stack::scope::{Facts, Locals};
use crate::stack::{Knowledge, Presence, Resource, Stack};
use crate::value::{Clear, Value};

/// Form of a loop's collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A map: each entry has a key and a value.
    Map,
    /// Texts: each is its own key and value.
    Set,
    /// Object literals with the key and the values that differ.
    Rows,
}

/// A loop.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    /// Name of the loop variable.
    pub turn: String,
    pub form: Form,
    /// The collection.
    pub collection: Code,
    /// Keys in Bicep's order.
    pub keys: Vec<String>,
    /// Name of the variable for the collection, if it is written out.
    pub named: String,
}

/// The stack to emit, with the observations made while emitting.
pub(super) struct BicepEmitter<'a> {
    pub stack: &'a Stack,
    pub knowledge: Knowledge,
    /// The instances of each block, in the order of the stack.
    pub instances: BTreeMap<Address, Vec<&'a Resource>>,
    pub loops: RefCell<Vec<Loop>>,
    /// Files that expressions read.
    pub read: RefCell<BTreeMap<String, String>>,
    /// Administrator names, by use.
    pub operators: RefCell<BTreeMap<String, String>>,
    /// Blocks whose instances differ in more than a loop can express.
    apart: RefCell<HashSet<Address>>,
    lost: RefCell<Vec<Limitation>>,
    by_place: RefCell<HashMap<String, Option<LoopId>>>,
    locals: RefCell<Locals>,
    pub(super) plain_locals: HashSet<String>,
    /// Names of inputs, which nothing else may have.
    pub(super) inputs: RefCell<Names>,
    /// Names of resources, in lower case, which no later input may have.
    pub(super) symbols: RefCell<HashSet<String>>,
    /// Names of parameters for secrets, by their use.
    pub(super) secrets: RefCell<Names>,
    /// Locals with a secret in plain text, which become parameters.
    pub secret_locals: BTreeSet<String>,
    ids: HashMap<ObjectId, (Address, usize)>,
    /// Values of arguments during a failover.
    moved: HashMap<Address, Vec<(String, Json)>>,
}

/// True for a resource of Azure, which alone has a type in Bicep.
pub fn is_own(resource: &Resource) -> bool {
    *resource.kind.provider() == crate::providers::azure::TABLES
}

impl<'a> BicepEmitter<'a> {
    pub fn new(stack: &'a Stack) -> Self {
        let mut instances: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        let mut ids: HashMap<ObjectId, (Address, usize)> = HashMap::new();
        for resource in stack.resources.values().filter(|resource| is_own(resource)) {
            instances.entry(resource.address.block()).or_default().push(resource);
            for (at, object) in resource.objects.iter().enumerate().filter(|(_, object)| object.within.is_none()) {
                // Of several blocks that write the same object, a permanent one makes it.
                let own = (resource.address.clone(), at);
                let known: &mut (Address, usize) = ids.entry(object.id.clone()).or_insert_with(|| own.clone());
                let is_permanent =
                    |of: &Address| stack.resources.get(of).is_some_and(|of| of.presence == Presence::Permanent);
                if is_permanent(&own.0) && !is_permanent(&known.0) {
                    *known = own;
                }
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
            inputs: RefCell::new(naming::inputs()),
            symbols: RefCell::default(),
            secrets: RefCell::new(naming::secrets(stack)),
            secret_locals: secrets::locals(stack),
            ids,
            moved: moved(stack),
        };
        let locals = &stack.program.locals;
        emitter.plain_locals = locals
            .iter()
            .filter(|(name, local)| {
                let value = || BicepScope::new(&emitter, None).value(&local.attribute.expr);
                stack.program.is_constant(name)
                    && value().is_some_and(|value| !has_float(&value) && value.clear().is_some())
            })
            .map(|(name, _)| name.to_string())
            .collect();
        emitter.name_inputs();
        emitter
    }

    /// Calls `f` with the meanings of names.
    pub fn with_facts<T>(&self, f: impl FnOnce(&Facts<'_>) -> T) -> T {
        f(&self.stack.facts(&self.knowledge, &self.locals))
    }

    /// True for a local that depends on variables alone and is not sensitive.
    pub fn is_plain_local(&self, name: &str) -> bool {
        self.plain_locals.contains(name)
    }

    /// The work that the stack may still cause. Once it is used up, nothing is expressed, and the code is not used.
    pub fn budget(&self) -> Budget {
        self.locals.borrow().budget.clone()
    }

    /// Records a limitation, once.
    pub fn lose(&self, what: Limitation) {
        let mut lost = self.lost.borrow_mut();
        if !lost.contains(&what) {
            lost.push(what);
        }
    }

    /// Recorded limitations.
    pub fn lost(&self) -> Vec<Limitation> {
        self.lost.borrow().clone()
    }

    /// Value of an argument during a failover, if a run changes it.
    pub fn moved(&self, resource: &Address, argument: &str) -> Option<&Json> {
        self.moved.get(resource)?.iter().find(|(name, _)| name == argument).map(|(_, value)| value)
    }

    /// Site whose region is this text: this site, or the only one in that region.
    fn site_at(&self, text: &str, site: &str) -> Option<FileInput> {
        let sites = &self.stack.sites;
        let is = |name: &str| sites.get(name).is_some_and(|one| one.location == text);
        let mut all = sites.keys().filter(|name| is(name));
        let found = if is(site) {
            Some(site.to_owned())
        } else {
            all.next().filter(|_| all.next().is_none()).map(ToString::to_string)
        };
        found.map(FileInput::Site)
    }

    /// True for the id of an object in the account's own subscription.
    pub fn is_own_id(&self, text: &str) -> bool {
        let own = format!("/subscriptions/{}/", self.stack.account.id);
        text.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(&own))
    }

    /// A text in a body: an id becomes a reference to its resource. With a site, a region becomes that of the site.
    pub fn literal(&self, text: &str, site: Option<&str>) -> Code {
        if let Some(given) = site.and_then(|site| self.site_at(text, site)) {
            return Code::Input(given);
        }
        if text.eq_ignore_ascii_case(&self.stack.account.tenant) {
            return Code::Call("tenant", Vec::new()).get("tenantId");
        }
        let subscription = || Code::Call("subscription", Vec::new());
        if text.eq_ignore_ascii_case(&self.stack.account.id) {
            return subscription().get("subscriptionId");
        }
        if text.eq_ignore_ascii_case(&format!("/subscriptions/{}", self.stack.account.id)) {
            return subscription().get("id");
        }
        if !self.is_own_id(text) {
            return Code::text(text);
        }
        let id = ObjectId::new(text);
        if let Some(symbol) = self.symbol(&id) {
            return self.reference(&id, symbol);
        }
        let own = text.split('/').skip(3).collect::<Vec<_>>().join("/");
        if let Some((type_, name)) = own.strip_prefix("providers/").and_then(|rest| rest.rsplit_once('/'))
            && type_.split('/').count() == 2
        {
            return Code::Call("subscriptionResourceId", vec![Code::text(type_), Code::text(name)]);
        }
        self.in_group(text).unwrap_or_else(|| Code::text(text))
    }

    /// A reference to a resource, or to a part of it.
    fn reference(&self, id: &ObjectId, symbol: Symbol) -> Code {
        let part = self.stack.by_id(id).filter(|_| !symbol.below.is_empty());
        let name = part.and_then(|part| {
            let frame = BicepScope::new(self, self.at(part).map(|at| LoopEntry { id: None, ..at }));
            self.written_name(part, &frame)
        });
        let (Some(name), Some((segments, _))) = (name, symbol.below.rsplit_once('/')) else {
            return Code::Resource(symbol).get("id");
        };
        let segments = TextPiece::Literal(format!("/{segments}/"));
        let whole = Code::Resource(Symbol { below: String::new(), ..symbol }).get("id");
        Code::Text(vec![TextPiece::Code(whole), segments, TextPiece::Code(name)])
    }

    /// The id of an object that is not in the stack, in a resource group that is.
    fn in_group(&self, text: &str) -> Option<Code> {
        let words: Vec<&str> = text.split('/').collect();
        let group = self.symbol(&ObjectId::new(words.get(..5)?.join("/")))?;
        let ["providers", provider, own @ ..] = words.get(5..)? else { return None };
        let types = own.iter().step_by(2).fold((*provider).to_owned(), |all, one| format!("{all}/{one}"));
        let names = own.iter().skip(1).step_by(2).map(|name| Code::text(*name));
        let account = Code::Call("subscription", Vec::new()).get("subscriptionId");
        let place = [account, Code::Resource(group).get("name"), Code::text(types)];
        Some(Code::Call("resourceId", place.into_iter().chain(names).collect()))
    }

    /// The beginning of a text, with an id in it as a reference.
    pub fn pieces(&self, text: &str) -> Vec<TextPiece> {
        let plain = || vec![TextPiece::Literal(text.to_owned())];
        if !self.is_own_id(text) {
            return plain();
        }
        let ends = text.match_indices('/').map(|(at, _)| at).chain([text.len()]);
        let known = |at: &usize| self.ids.get(&ObjectId::new(&text[..*at])).map(|known| (*at, known));
        let longest = ends.filter_map(|at| known(&at)).next_back();
        let (end, whole) = match longest {
            Some((end, (address, object))) => {
                let which = ResourceRef::One(address.clone());
                (end, Code::Resource(Symbol { which, object: *object, below: String::new() }).get("id"))
            }
            None => (self.account_length(), Code::Call("subscription", Vec::new()).get("id")),
        };
        vec![TextPiece::Code(whole), TextPiece::Literal(text[end..].to_owned())]
    }

    /// A text with the id of the account's own subscription in it as an expression.
    fn of_account(&self, text: &str) -> Vec<TextPiece> {
        match text.get(self.account_length()..).filter(|_| self.is_own_id(text)) {
            Some(rest) => vec![
                TextPiece::Code(Code::Call("subscription", Vec::new()).get("id")),
                TextPiece::Literal(rest.to_owned()),
            ],
            None => vec![TextPiece::Literal(text.to_owned())],
        }
    }

    /// The length of the id of the account's own subscription.
    fn account_length(&self) -> usize {
        "/subscriptions/".len() + self.stack.account.id.len()
    }

    /// True if it is this block that makes an object.
    pub fn is_made_by(&self, id: &ObjectId, block: &Address) -> bool {
        self.ids.get(id).is_none_or(|(address, _)| address.block() == *block)
    }

    /// Resource with an id, or its nearest parent.
    pub fn symbol(&self, id: &ObjectId) -> Option<Symbol> {
        let mut at = id.clone();
        loop {
            if let Some((address, object)) = self.ids.get(&at) {
                let below = id.as_str()[at.as_str().len()..].trim_start_matches('/').to_owned();
                let is_group = self.stack.resources.get(address).is_some_and(is_group);
                if is_group && !below.is_empty() {
                    return None;
                }
                return Some(Symbol { which: ResourceRef::One(address.clone()), object: *object, below });
            }
            at = at.parent()?;
        }
    }

    /// Number of a loop, which is created if new; `None` if Bicep cannot express its collection.
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
        frame: &BicepScope<'_, 'a>,
    ) -> Option<LoopId> {
        // A collection that depends on the outer loop differs between its entries.
        if names_each(each) {
            return None;
        }
        let named = format!("{}-{word}s", block.name());
        self.numbered(format!("{block} {place}"), || self.made(self.bound(word), &named, each, frame))
    }

    /// Records that the instances of a block are written out one by one.
    pub fn take_apart(&self, block: &Address) {
        self.apart.borrow_mut().insert(block.clone());
    }

    /// Discards all loops to start again without those that cannot be loops; `None` if there are no more of these
    /// than `known`.
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
            let frame = BicepScope::new(self, None);
            let made = self.made("each".to_owned(), &named, &each.expr, &frame);
            made.or_else(|| self.by_keys(block, &named, &each.expr, &frame))
        })
    }

    /// A loop by keys alone: the values of its entries are known from the instances.
    fn by_keys(&self, block: &Address, named: &str, each: &Expr, frame: &BicepScope<'_, 'a>) -> Option<Loop> {
        let keys = self.instances.get(block)?.iter().filter_map(|one| Some(one.address.key()?.into_owned()));
        let keys: Vec<String> = keys.collect();
        let has_same = |one: &Loop| one.keys.len() == keys.len() && keys.iter().all(|key| one.keys.contains(key));
        let made = match &each.kind {
            // The instances of another block have the keys of its loop.
            ExprKind::Traversal { root: Root::Name(kind), steps } => match steps.as_slice() {
                [TraversalStep::Attr(label)] if self.stack.catalog().kind(&kind.text).is_some() => {
                    let other = self.of_block(&Address::new(&kind.text, &label.text));
                    other.and_then(|of| self.loops.borrow().get(of).cloned())
                }
                _ => None,
            },
            ExprKind::For(of) if !of.grouped => of.key.as_ref().and_then(|key| {
                let of = ForLoop { key: None, value: key.clone(), ..(**of).clone() };
                let keys = Expr { kind: ExprKind::For(Box::new(of)), span: each.span };
                self.made("each".to_owned(), named, &keys, frame)
            }),
            _ => None,
        };
        if let Some(made) = made.filter(has_same) {
            return Some(Loop { named: camel(named), ..made });
        }
        let key = |key: &String| ListItem::One(Code::Text(self.of_account(key)));
        let collection = Code::List(keys.iter().map(key).collect());
        Some(Loop { turn: "each".to_owned(), form: Form::Set, collection, keys, named: camel(named) })
    }

    fn made(&self, turn: String, named: &str, each: &Expr, frame: &BicepScope<'_, 'a>) -> Option<Loop> {
        let value = frame.value(each)?;
        let is_map = matches!(value, Value::Map(_));
        let keys: Vec<String> = entries(value).into_iter().map(|(key, _)| key).collect();
        let inner = match &each.kind {
            // The order of entries does not matter.
            ExprKind::Call { name, args, .. } if &*name.text == "toset" => args.first()?,
            _ => each,
        };
        let distinct: HashSet<&String> = keys.iter().collect();
        if distinct.len() != keys.len() {
            return None;
        }
        let keys = match (is_map, frame.value(inner)?) {
            // Bicep iterates over a list in the order of the list.
            (false, Value::List(items)) if items.len() == keys.len() => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?
            }
            (true, _) => keys,
            _ => return None,
        };
        let form = if is_map { Form::Map } else { Form::Set };
        let collection = frame.express(inner)?;
        // Bicep needs the collection before any resource exists.
        let is_known = !collection.any(&|part| matches!(part, Code::Resource(_)));
        is_known.then(|| Loop { turn, form, collection, keys, named: camel(named) })
    }

    /// Entry of a block's loop for one of its instances.
    pub fn at(&self, resource: &Resource) -> Option<LoopEntry> {
        let each = resource.each.as_ref()?;
        let key = resource.address.key()?.into_owned();
        let block = resource.address.block();
        let written = Arc::clone(&self.stack.program.definitions.get(&block)?.block.body.attribute("for_each")?.expr);
        Some(LoopEntry { id: self.of_block(&block), key, value: each.value.clone(), written })
    }

    /// True for a loop whose entries have values beside their keys.
    pub fn has_values(&self, of: LoopId) -> bool {
        self.loops.borrow().get(of).is_some_and(|one| one.form != Form::Set)
    }
}

/// Arguments that failover runs change: to stop, fence and open resources.
fn moved(stack: &Stack) -> HashMap<Address, Vec<(String, Json)>> {
    let mut out: HashMap<Address, Vec<(String, Json)>> = HashMap::new();
    let mut put = |address: &Address, of: Option<(String, Json)>| {
        let differs = |(name, value): &(String, Json)| {
            let now = stack.resources.get(address).and_then(|one| one.args.get(name.as_str())).and_then(Value::clear);
            now.as_ref().map(Clear::json) != Some(value)
        };
        out.entry(address.clone()).or_default().extend(of.filter(differs));
    };
    let lit = |of: Option<(&'static str, Lit)>| of.map(|(name, lit)| (name.to_owned(), lit.json()));
    for group in stack.failover_groups.values() {
        let of = |address: &Address| stack.resources.get(address).map(|one| &one.kind.moves);
        for address in group.stopped_away(stack) {
            put(address, of(address).and_then(|moves| lit(moves.quiesce)));
        }
        for address in &group.fence {
            put(address, of(address).and_then(|moves| lit(moves.fence)));
        }
        for route in &group.routes {
            for (address, arguments) in lever(stack, group, route, (&group.from, group.first_standby())).moves {
                for (name, value) in arguments {
                    put(&address, Some((name, value)));
                }
            }
        }
    }
    out
}

/// True for a resource group.
pub(super) fn is_group(resource: &Resource) -> bool {
    resource.kind.place.collects()
}

/// Keys and values of a collection.
pub(super) fn entries(value: Value) -> LoopValues {
    match value {
        Value::Map(map) => map.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Number(number) => (number.to_string(), item.clone()),
                other => (other.as_str().unwrap_or_default().to_owned(), other.clone()),
            })
            .collect(),
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

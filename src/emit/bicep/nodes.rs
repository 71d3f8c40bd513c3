//! Blocks of the stack as resources of Bicep: one for each object that `apply` writes, loops kept, with what lives in another's body put there.

use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use super::code::{Code, Given, LoopId};
use super::draft::{Alike, Draft, Element, Entries, gathered, with_same};
use super::emitter::{Emitter, Form, is_group};
use super::express::Frame;
use super::marks;
use crate::address::{Address, ArmId};
use crate::emit::Unsaid;
use crate::kinds::{Location, Serial, Within};
use crate::stack::{Presence, Resource};

/// What a draft holds beside its body.
const NAME: &str = "\u{1}name";
const PARENT: &str = "\u{1}parent";
const SCOPE: &str = "\u{1}scope";

/// A resource of Bicep.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The resources of the stack that it stands for: one, or those of a loop in its order.
    pub instances: Vec<Address>,
    /// Which of their objects.
    pub object: usize,
    pub each: Option<LoopId>,
    pub type_: String,
    pub api: String,
    /// The resource group; `None`: the subscription.
    pub group: Option<ArmId>,
    /// Whether it stands only while the failover is on.
    pub failover: bool,
    /// Whether it is left as it is while the failover is on: a replica whose other side then takes writes.
    pub at_rest: bool,
    /// Whether it comes after all else that is in its resource group.
    pub last: bool,
    pub parent: Option<Code>,
    pub scope: Option<Code>,
    pub name: Code,
    pub body: Code,
    /// The resources that must stand before it.
    pub needs: BTreeSet<Address>,
    /// Writes to the same are made one after another.
    pub serial: Option<ArmId>,
}

/// An element of another's list, with the key and value of its turn.
type Turn = (Element, String, crate::value::Value);

/// One object that is being made.
struct Whole<'a> {
    resource: &'a Resource,
    draft: Draft,
    needs: BTreeSet<Address>,
}

/// All resources. What cannot be a loop is known only once it was tried, and what hangs on it may then be none either.
pub(super) fn nodes(emitter: &Emitter<'_>) -> Vec<Node> {
    let mut nodes = tried(emitter);
    let mut known = 0;
    while let Some(now) = emitter.begin_again(known) {
        known = now;
        nodes = tried(emitter);
    }
    nodes
}

fn tried(emitter: &Emitter<'_>) -> Vec<Node> {
    let mut wholes: IndexMap<(Address, usize), Whole<'_>> = IndexMap::new();
    let mut parts: IndexMap<(ArmId, String, Address), Vec<Turn>> = IndexMap::new();
    let mut part_needs: Vec<(ArmId, BTreeSet<Address>)> = Vec::new();
    for resource in emitter.stack.resources.values() {
        let drafts = marks::drafts(emitter, resource, emitter.at(resource));
        let needs: BTreeSet<Address> = resource.needs.iter().cloned().collect();
        for (at, (object, draft)) in resource.objects.iter().zip(drafts).enumerate() {
            match &object.within {
                None => {
                    let draft = placed(emitter, resource, at, draft);
                    wholes.insert((resource.address.clone(), at), Whole { resource, draft, needs: needs.clone() });
                }
                Some(within) => {
                    part_needs.push((object.id.clone(), needs.clone()));
                    let (key, value) = turn(resource);
                    match within {
                        Within::Element { list, .. } => {
                            let place = (object.id.clone(), list.clone(), resource.address.block());
                            parts.entry(place).or_default().push((Element::of(draft), key, value));
                        }
                        Within::Paths(_) => {
                            let draft = concrete(emitter, resource, draft);
                            lay(emitter, &mut wholes, resource, &object.id, draft);
                        }
                    }
                }
            }
        }
    }
    for ((owner, list, block), elements) in parts {
        put(emitter, &mut wholes, (&owner, &list, &block), elements);
    }
    for (owner, needs) in part_needs {
        if let Some(whole) = owner_of(emitter, &owner).and_then(|key| wholes.get_mut(&key)) {
            let own = whole.resource.address.clone();
            whole.needs.extend(needs.into_iter().filter(|one| *one != own));
        }
    }
    joined(emitter, wholes)
}

fn turn(resource: &Resource) -> (String, crate::value::Value) {
    let key = resource.address.key().map(|key| key.into_owned()).unwrap_or_default();
    (key, resource.each.as_ref().map_or(crate::value::Value::Null, |each| each.value.clone()))
}

/// A draft with its loop written out.
fn concrete(emitter: &Emitter<'_>, resource: &Resource, draft: Draft) -> Draft {
    let (key, value) = turn(resource);
    match emitter.at(resource).and_then(|at| at.id) {
        Some(of) => draft.turn(of, &key, &value),
        None => draft,
    }
}

fn owner_of(emitter: &Emitter<'_>, id: &ArmId) -> Option<(Address, usize)> {
    let symbol = emitter.symbol(id).filter(|symbol| symbol.below.is_empty())?;
    match symbol.which {
        super::code::Which::One(address) => Some((address, symbol.object)),
        super::code::Which::Same(..) => None,
    }
}

fn unowned(emitter: &Emitter<'_>, resource: &Address, owner: &ArmId) {
    emitter.lose(Unsaid {
        what: resource.block().to_string(),
        why: format!(
            "it is a part of {owner}, which this stack does not have, and Bicep writes an object only as a whole"
        ),
    });
}

/// Lays the paths that a resource owns in another's body over that.
fn lay(
    emitter: &Emitter<'_>,
    wholes: &mut IndexMap<(Address, usize), Whole<'_>>,
    resource: &Resource,
    owner: &ArmId,
    draft: Draft,
) {
    match owner_of(emitter, owner).and_then(|key| wholes.get_mut(&key)) {
        Some(whole) if resource.presence == whole.resource.presence => whole.draft.lay(draft),
        Some(_) => emitter.lose(Unsaid {
            what: resource.address.block().to_string(),
            why: "it changes what always stands only during a failover, and Bicep has no values that come and go within a body".to_owned(),
        }),
        None => unowned(emitter, &resource.address, owner),
    }
}

/// Puts elements into the list of the body that they are in.
fn put(
    emitter: &Emitter<'_>,
    wholes: &mut IndexMap<(Address, usize), Whole<'_>>,
    (owner, list, block): (&ArmId, &str, &Address),
    elements: Vec<Turn>,
) {
    let Some(whole) = owner_of(emitter, owner).and_then(|key| wholes.get_mut(&key)) else {
        return unowned(emitter, block, owner);
    };
    let of_block = emitter.instances.get(block).map_or(0, Vec::len);
    let first = emitter.instances.get(block).and_then(|all| all.first());
    let active =
        first.is_some_and(|one| one.presence == Presence::Failover) && whole.resource.presence == Presence::Permanent;
    let (elements, entries): (Vec<Element>, Entries) =
        elements.into_iter().map(|(one, key, value)| (one, (key, value))).unzip();
    let made = match emitter.of_block(block) {
        Some(of) if of_block == entries.len() => gathered(elements, of, &entries),
        Some(_) => {
            emitter.take_apart(block);
            elements
        }
        None => elements,
    };
    let place = whole.draft.at(list);
    if !matches!(place, Draft::List(_)) {
        *place = Draft::List(Vec::new());
    }
    let Draft::List(list) = place else { return };
    let mut made: Vec<Element> = made.into_iter().map(|one| Element { active, ..one }).collect();
    let promoted = first.filter(|one| is_promoted(emitter, one)).and_then(|one| one.kind.promotion);
    let order = promoted.and_then(|promotion| promotion.order);
    if let (Some(order), Some(own), Some(other)) = (order, list.first_mut(), made.first_mut()) {
        swap(order.rank, &mut own.draft, &mut other.draft);
    }
    list.extend(made);
}

/// Two sides, each of which has the other's rank while the failover is on.
fn swap(rank: &str, one: &mut Draft, other: &mut Draft) {
    let of = |draft: &Draft| match draft.get(rank) {
        Some(Draft::Code(code)) => code.clone(),
        _ => Code::Null,
    };
    let (own, others) = (of(one), of(other));
    let ranked = |own: &Code, other: &Code| {
        Draft::Code(Code::If(Box::new([Code::Given(Given::Active), other.clone(), own.clone()])))
    };
    *one.at(rank) = ranked(&own, &others);
    *other.at(rank) = ranked(&others, &own);
}

fn is_promoted(emitter: &Emitter<'_>, resource: &Resource) -> bool {
    emitter.stack.failover_groups.values().any(|group| group.promote.contains(&resource.address))
}

/// A body with its name, what it is in, and its region.
fn placed(emitter: &Emitter<'_>, resource: &Resource, at: usize, mut draft: Draft) -> Draft {
    let object = &resource.objects[at].id;
    if draft.get("location").is_some() && resource.kind.location == Location::Regional {
        let site = &resource.site;
        let is_sites =
            emitter.stack.sites.get(site).is_some_and(|of| of.location.eq_ignore_ascii_case(&resource.location));
        if is_sites {
            *draft.at("location") = Draft::Code(Code::Given(Given::Site(site.to_string())));
        }
    }
    operators(emitter, resource, &mut draft);
    let definition = emitter.stack.program.definitions.get(&resource.address.block());
    let written = definition.and_then(|of| of.block.body.attribute("name"));
    let own = object.name().to_owned();
    let said = written.filter(|_| own == resource.name).and_then(|written| {
        let frame = Frame::new(emitter, emitter.at(resource));
        let known = frame.value(&written.expr)?;
        let said = (known.as_str() == Some(&own)).then(|| frame.express(&written.expr)).flatten();
        said.filter(|code| !code.is_constant())
    });
    let place = Place::of(object);
    let (parent, name) = match &place.parent {
        None => (None, said.unwrap_or_else(|| Code::text(&own))),
        Some(parent) => match emitter.symbol(parent) {
            Some(symbol) => (Some(Code::Resource(symbol)), said.unwrap_or_else(|| Code::text(&own))),
            None => (None, Code::text(place.names.join("/"))),
        },
    };
    let scope =
        place.scope.map(|scope| emitter.symbol(&scope).map_or_else(|| Code::text(scope.as_str()), Code::Resource));
    let Draft::Object(body) = draft else { return draft };
    let mut all = vec![(NAME.to_owned(), Draft::Code(name))];
    all.extend(parent.map(|parent| (PARENT.to_owned(), Draft::Code(parent))));
    all.extend(scope.map(|scope| (SCOPE.to_owned(), Draft::Code(scope))));
    all.extend(body);
    Draft::Object(all)
}

/// Names that people sign in with become parameters: Bicep's linter wants none written out.
fn operators(emitter: &Emitter<'_>, resource: &Resource, draft: &mut Draft) {
    match draft {
        Draft::Object(entries) => {
            for (name, inner) in entries {
                if name != "adminUsername" {
                    operators(emitter, resource, inner);
                } else if let Draft::Code(code) = inner
                    && let Some(text) = code.literal()
                {
                    let what = format!("{}-admin-username", resource.address.name());
                    let mut known = emitter.operators.borrow_mut();
                    if known.entry(what.clone()).or_insert_with(|| text.to_owned()) == text {
                        *code = Code::Given(Given::Operator(what));
                    }
                }
            }
        }
        Draft::List(items) => items.iter_mut().for_each(|item| operators(emitter, resource, &mut item.draft)),
        Draft::Code(_) => {}
    }
}

/// What an id says of where its object is.
struct Place {
    group: Option<ArmId>,
    /// What it is an extension of, where that is not a resource group or the subscription.
    scope: Option<ArmId>,
    parent: Option<ArmId>,
    names: Vec<String>,
}

impl Place {
    fn of(id: &ArmId) -> Self {
        let text = id.as_str();
        let lower = text.to_ascii_lowercase();
        let (root, own) = lower.rfind("/providers/").map_or((text, ""), |at| text.split_at(at));
        let group = ArmId::new(root).resource_group().and_then(|group| {
            let at = lower.find(&format!("/resourcegroups/{}", group.to_ascii_lowercase()))?;
            Some(ArmId::new(&text[..at + "/resourcegroups/".len() + group.len()]))
        });
        let names = own.split('/').skip(4).step_by(2).map(str::to_owned).collect();
        let scope = root.to_ascii_lowercase().contains("/providers/").then(|| ArmId::new(root));
        Self { group, scope, parent: id.parent().filter(|_| !own.is_empty()), names }
    }
}

/// Objects of one block joined into a loop, where they are alike.
fn joined(emitter: &Emitter<'_>, wholes: IndexMap<(Address, usize), Whole<'_>>) -> Vec<Node> {
    let mut blocks: IndexMap<(Address, usize), Vec<Whole<'_>>> = IndexMap::new();
    for ((address, object), whole) in wholes {
        blocks.entry((address.block(), object)).or_default().push(whole);
    }
    let mut looped: HashMap<Address, LoopId> = HashMap::new();
    let mut nodes = Vec::new();
    for ((block, object), mut all) in blocks {
        let joined =
            emitter.of_block(&block).filter(|_| all.iter().all(|one| !is_group(one.resource))).and_then(|of| {
                sorted(emitter, of, &mut all)?;
                Some((of, join(emitter, of, object, &all, &looped)?))
            });
        match joined {
            Some((of, draft)) => {
                looped.insert(block, of);
                nodes.extend(node(emitter, object, &all, draft, Some(of)));
            }
            None => {
                if emitter.of_block(&block).is_some() {
                    emitter.take_apart(&block);
                }
                for whole in &all {
                    let draft = concrete(emitter, whole.resource, whole.draft.clone());
                    nodes.extend(node(emitter, object, std::slice::from_ref(whole), draft, None));
                }
            }
        }
    }
    nodes
}

/// Brings instances into the order in which Bicep goes through them; `None` where they are not the same.
fn sorted(emitter: &Emitter<'_>, of: LoopId, all: &mut [Whole<'_>]) -> Option<()> {
    let loops = emitter.loops.borrow();
    let keys = &loops.get(of)?.keys;
    let place = |one: &Whole<'_>| keys.iter().position(|key| one.resource.address.key().as_deref() == Some(key));
    (keys.len() == all.len() && all.iter().all(|one| place(one).is_some())).then_some(())?;
    all.sort_by_key(place);
    Some(())
}

fn join(
    emitter: &Emitter<'_>,
    of: LoopId,
    object: usize,
    all: &[Whole<'_>],
    looped: &HashMap<Address, LoopId>,
) -> Option<Draft> {
    let first = all.first()?;
    let group = |one: &Whole<'_>| Place::of(&one.resource.objects[object].id).group;
    let same = all.iter().all(|one| group(one) == group(first) && one.resource.presence == first.resource.presence);
    if !same {
        return None;
    }
    let keys = emitter.loops.borrow().get(of)?.keys.clone();
    let has_same = |block: &Address| {
        looped
            .get(block)
            .is_some_and(|other| emitter.loops.borrow().get(*other).is_some_and(|other| other.keys == keys))
    };
    let drafts: Vec<Draft> =
        all.iter().zip(&keys).map(|(one, key)| with_same(one.draft.clone(), of, key, &has_same)).collect();
    let mut alike = Alike { of, columns: Vec::new() };
    let draft = alike.join("body", &drafts.iter().collect::<Vec<_>>())?;
    // A body that is nothing but a column would be no resource.
    let Draft::Object(_) = draft else { return None };
    let columns = alike.columns;
    if !columns.is_empty() {
        rows(emitter, of, all, &draft, columns)?;
    }
    Some(draft)
}

/// A loop whose turns differ in what is nothing but itself goes through rows that hold it.
fn rows(
    emitter: &Emitter<'_>,
    of: LoopId,
    all: &[Whole<'_>],
    draft: &Draft,
    columns: Vec<(String, Vec<Code>)>,
) -> Option<()> {
    let mut uses_value = false;
    draft.visit(&mut |code| uses_value |= matches!(code, Code::Each(id, super::code::Part::Value) if *id == of));
    let mut loops = emitter.loops.borrow_mut();
    let one = loops.get_mut(of)?;
    if one.form == Form::Rows {
        // Another object of the same block has made them: what this one needs is added.
        let Code::List(items) = &mut one.collection else { return None };
        for (at, item) in items.iter_mut().enumerate() {
            let super::code::Item::One(Code::Object(entries)) = item else { return None };
            for (name, values) in &columns {
                match entries.iter().find(|(other, _)| other == name) {
                    Some((_, known)) if *known != values[at] => return None,
                    Some(_) => {}
                    None => entries.push((name.clone(), values[at].clone())),
                }
            }
        }
        return Some(());
    }
    let mut items = Vec::new();
    for (at, (key, whole)) in one.keys.iter().zip(all).enumerate() {
        let mut entries = vec![("key".to_owned(), Code::text(key))];
        if uses_value {
            let value = whole.resource.each.as_ref()?.value.reveal().ok()?;
            entries.push(("value".to_owned(), Code::json(&value)));
        }
        entries.extend(columns.iter().map(|(name, values)| (name.clone(), values[at].clone())));
        items.push(super::code::Item::One(Code::Object(entries)));
    }
    (one.form, one.collection) = (Form::Rows, Code::List(items));
    Some(())
}

fn node(emitter: &Emitter<'_>, object: usize, all: &[Whole<'_>], draft: Draft, each: Option<LoopId>) -> Option<Node> {
    let first = all.first()?;
    let resource = first.resource;
    let whole = resource.objects.get(object)?;
    let Draft::Object(entries) = draft else { return None };
    let (mut name, mut parent, mut scope) = (Code::Null, None, None);
    let mut body = Vec::new();
    for (key, draft) in entries {
        match key.as_str() {
            NAME => name = draft.code(),
            PARENT => parent = Some(draft.code()),
            SCOPE => scope = Some(draft.code()),
            _ => body.push((key, draft.code())),
        }
    }
    let at_rest = resource.kind.promotion.is_some() && is_promoted(emitter, resource);
    let place = Place::of(&whole.id);
    let serial = match resource.kind.serial {
        Serial::No => None,
        Serial::Root | Serial::On(_) => place.parent.as_ref().map(root),
    };
    Some(Node {
        instances: all.iter().map(|one| one.resource.address.clone()).collect(),
        object,
        each,
        type_: whole.id.arm_type()?,
        api: whole.api.clone(),
        group: if is_group(resource) { None } else { place.group },
        failover: resource.presence == Presence::Failover,
        at_rest,
        last: resource.kind.guards,
        parent,
        scope,
        name,
        body: Code::Object(body),
        needs: all.iter().flat_map(|one| one.needs.iter().cloned()).collect(),
        serial,
    })
}

/// The outermost object that one is in.
fn root(id: &ArmId) -> ArmId {
    id.parent().map_or_else(|| id.clone(), |parent| root(&parent))
}

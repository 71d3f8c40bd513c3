//! Blocks of the stack as resources of Bicep: one for each object that `apply` writes, with loops kept, and parts
//! placed in the body of their whole.

use crate::providers::azure::ids::AzureId;
use std::collections::{BTreeSet, HashMap};

use indexmap::IndexMap;

use super::body_value::{BodyElement, BodyValue, EntryJoin, LoopEntries, gathered, with_same};
use super::code::{Code, FileInput, LoopId, TextPiece};
use super::emitter::{BicepEmitter, Form, is_group};
use super::express::BicepScope;
use super::marks;
use crate::address::Address;
use crate::emit::Limitation;
use crate::kinds::{Location, Serial};
use crate::object::{Object, ObjectId, Within};
use crate::stack::{Presence, Resource};

/// Keys of a draft beside its body.
const NAME: &str = "\u{1}name";
const PARENT: &str = "\u{1}parent";
const SCOPE: &str = "\u{1}scope";

/// A resource of Bicep.
#[derive(Debug, Clone)]
pub(super) struct BicepNode {
    /// Resources of the stack: one, or those of a loop in its order.
    pub instances: Vec<Address>,
    /// Index of their object.
    pub object: usize,
    pub each: Option<LoopId>,
    pub type_: String,
    pub api: String,
    /// Resource group; `None` for the subscription.
    pub group: Option<ObjectId>,
    /// True for a failover-only resource.
    pub failover: bool,
    /// True if it is not deployed during a failover: a replica with swapped roles.
    pub at_rest: bool,
    /// True if it comes after everything else in its resource group.
    pub last: bool,
    pub parent: Option<Code>,
    pub scope: Option<Code>,
    pub name: Code,
    pub body: Code,
    /// Resources that must exist before it.
    pub needs: BTreeSet<Address>,
    /// Object whose writes are serialised.
    pub serial: Option<ObjectId>,
}

/// An element of another object's list, with the key and value of its entry.
type LoopElement = (BodyElement, String, Code);

/// One object under construction.
struct ObjectBuilder<'a> {
    resource: &'a Resource,
    draft: BodyValue,
    needs: BTreeSet<Address>,
}

/// All resources. Only an attempt shows that a block cannot be a loop, and its dependents may then be none either.
pub(super) fn nodes(emitter: &BicepEmitter<'_>) -> Vec<BicepNode> {
    let mut nodes = tried(emitter);
    let mut known = 0;
    while let Some(now) = emitter.begin_again(known) {
        known = now;
        nodes = tried(emitter);
    }
    nodes
}

fn tried(emitter: &BicepEmitter<'_>) -> Vec<BicepNode> {
    let mut wholes: IndexMap<(Address, usize), ObjectBuilder<'_>> = IndexMap::new();
    let mut parts: IndexMap<(ObjectId, String, Address), Vec<LoopElement>> = IndexMap::new();
    let mut part_needs: Vec<(ObjectId, BTreeSet<Address>)> = Vec::new();
    for resource in emitter.stack.resources.values().filter(|resource| super::emitter::is_own(resource)) {
        let drafts = marks::drafts(emitter, resource, emitter.at(resource));
        let needs: BTreeSet<Address> = resource.needs.iter().cloned().collect();
        for (at, (object, draft)) in resource.objects.iter().zip(drafts).enumerate() {
            match &object.within {
                // Two blocks that write the same object, such as the definition of two copied versions, make it once.
                None if !emitter.is_made_by(&object.id, &resource.address.block()) => {
                    part_needs.push((object.id.clone(), needs.clone()));
                }
                None => {
                    let draft = placed(emitter, resource, at, draft);
                    wholes.insert(
                        (resource.address.clone(), at),
                        ObjectBuilder { resource, draft, needs: needs.clone() },
                    );
                }
                Some(within) => {
                    part_needs.push((object.id.clone(), needs.clone()));
                    let (key, value) = emitter.turn_of(resource);
                    match within {
                        Within::Element { list, .. } => {
                            let place = (object.id.clone(), list.clone(), resource.address.block());
                            parts.entry(place).or_default().push((BodyElement::of(draft), key, value));
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

/// A draft with its loop written out.
fn concrete(emitter: &BicepEmitter<'_>, resource: &Resource, draft: BodyValue) -> BodyValue {
    let (key, value) = emitter.turn_of(resource);
    match emitter.at(resource).and_then(|at| at.id) {
        Some(of) => draft.turn(of, &key, &value),
        None => draft,
    }
}

fn owner_of(emitter: &BicepEmitter<'_>, id: &ObjectId) -> Option<(Address, usize)> {
    let symbol = emitter.symbol(id).filter(|symbol| symbol.below.is_empty())?;
    match symbol.which {
        super::code::ResourceRef::One(address) => Some((address, symbol.object)),
        super::code::ResourceRef::Same(..) => None,
    }
}

fn unowned(emitter: &BicepEmitter<'_>, resource: &Address, owner: &ObjectId) {
    emitter.lose(Limitation {
        what: resource.block().to_string(),
        why: format!("it is part of {owner}, which is not in this stack, and Bicep writes whole objects only"),
    });
}

/// Merges the paths that a resource owns into the body of another.
fn lay(
    emitter: &BicepEmitter<'_>,
    wholes: &mut IndexMap<(Address, usize), ObjectBuilder<'_>>,
    resource: &Resource,
    owner: &ObjectId,
    draft: BodyValue,
) {
    match owner_of(emitter, owner).and_then(|key| wholes.get_mut(&key)) {
        Some(whole) if resource.presence == whole.resource.presence => whole.draft.lay(draft),
        Some(_) => emitter.lose(Limitation {
            what: resource.address.block().to_string(),
            why: "it changes a permanent resource during a failover only, and Bicep cannot express that".to_owned(),
        }),
        None => unowned(emitter, &resource.address, owner),
    }
}

/// Inserts elements into the list of their body.
fn put(
    emitter: &BicepEmitter<'_>,
    wholes: &mut IndexMap<(Address, usize), ObjectBuilder<'_>>,
    (owner, list, block): (&ObjectId, &str, &Address),
    elements: Vec<LoopElement>,
) {
    let Some(whole) = owner_of(emitter, owner).and_then(|key| wholes.get_mut(&key)) else {
        return unowned(emitter, block, owner);
    };
    let of_block = emitter.instances.get(block).map_or(0, Vec::len);
    let first = emitter.instances.get(block).and_then(|all| all.first());
    let active =
        first.is_some_and(|one| one.presence == Presence::Failover) && whole.resource.presence == Presence::Permanent;
    let (elements, entries): (Vec<BodyElement>, LoopEntries) =
        elements.into_iter().map(|(one, key, value)| (one, (key, value))).unzip();
    let made = match emitter.of_block(block) {
        Some(of) if of_block == entries.len() => gathered(elements, of, &entries),
        Some(_) => {
            emitter.take_apart(block);
            elements
        }
        None => elements,
    };
    let Some(place) = whole.draft.reach(list) else {
        return emitter.lose(Limitation {
            what: block.to_string(),
            why: "it belongs to an element that a loop makes in the body of its owner".to_owned(),
        });
    };
    if !matches!(place, BodyValue::List(_)) {
        *place = BodyValue::List(Vec::new());
    }
    let BodyValue::List(list) = place else { return };
    let mut made: Vec<BodyElement> = made.into_iter().map(|one| BodyElement { active, ..one }).collect();
    let promoted = first.filter(|one| is_promoted(emitter, one)).and_then(|one| one.kind.promotion);
    let order = promoted.and_then(|promotion| promotion.order);
    if let (Some(order), Some(own), Some(other)) = (order, list.first_mut(), made.first_mut()) {
        swap(order.rank, &mut own.draft, &mut other.draft);
    }
    list.extend(made);
}

/// Two resources that swap their priorities during a failover.
fn swap(rank: &str, one: &mut BodyValue, other: &mut BodyValue) {
    let of = |draft: &BodyValue| match draft.get(rank) {
        Some(BodyValue::Code(code)) => code.clone(),
        _ => Code::Null,
    };
    let (own, others) = (of(one), of(other));
    let ranked = |own: &Code, other: &Code| {
        BodyValue::Code(Code::If(Box::new([Code::Input(FileInput::Active), other.clone(), own.clone()])))
    };
    *one.at(rank) = ranked(&own, &others);
    *other.at(rank) = ranked(&others, &own);
}

fn is_promoted(emitter: &BicepEmitter<'_>, resource: &Resource) -> bool {
    emitter.stack.failover_groups.values().any(|group| group.promote.contains(&resource.address))
}

/// A body with its name, container and region.
fn placed(emitter: &BicepEmitter<'_>, resource: &Resource, at: usize, mut draft: BodyValue) -> BodyValue {
    let object = &resource.objects[at].id;
    if draft.get("location").is_some() && resource.kind.location == Location::Regional {
        let site = &resource.site;
        let is_sites =
            emitter.stack.sites.get(site).is_some_and(|of| of.location.eq_ignore_ascii_case(&resource.location));
        if is_sites {
            *draft.at("location") = BodyValue::Code(Code::Input(FileInput::Site(site.to_string())));
        }
    }
    let mut homes = Vec::new();
    operators(emitter, resource, &mut draft, &mut homes);
    let draft = super::scripts::kept(emitter, resource, at_home(draft, &homes));
    let own = object.name().to_owned();
    let place = IdParts::of(object);
    let said = named(emitter, resource, at, &place, &draft);
    let (parent, name) = match &place.parent {
        None => (None, said.unwrap_or_else(|| Code::text(&own))),
        Some(parent) => match emitter.symbol(parent) {
            Some(symbol) => (Some(Code::Resource(symbol)), said.unwrap_or_else(|| Code::text(&own))),
            None => (None, Code::text(place.names.join("/"))),
        },
    };
    let scope =
        place.scope.map(|scope| emitter.symbol(&scope).map_or_else(|| Code::text(scope.as_str()), Code::Resource));
    let BodyValue::Object(body) = draft else { return draft };
    let mut all = vec![(NAME.to_owned(), BodyValue::Code(name))];
    all.extend(parent.map(|parent| (PARENT.to_owned(), BodyValue::Code(parent))));
    all.extend(scope.map(|scope| (SCOPE.to_owned(), BodyValue::Code(scope))));
    all.extend(body);
    BodyValue::Object(all)
}

/// The name of an object as an expression; `None` for a literal.
fn named(
    emitter: &BicepEmitter<'_>,
    resource: &Resource,
    at: usize,
    place: &IdParts,
    draft: &BodyValue,
) -> Option<Code> {
    let own = resource.objects[at].id.name();
    let frame = BicepScope::new(emitter, emitter.at(resource));
    let is_written = emitter.stack.program.definitions.get(&resource.address.block())?.block.body.attribute("name");
    if own == resource.name && is_written.is_some() {
        return emitter.written_name(resource, &frame);
    }
    if let Some(region) = emitter.region_of_name(resource).filter(|_| own == resource.name) {
        return Some(Code::Input(region));
    }
    if own.parse::<uuid::Uuid>().is_ok() {
        return assigned(emitter, place, draft);
    }
    if resource.kind.odd.name.is_none() && own == resource.name {
        return None;
    }
    // A name that follows from a resource that an argument refers to, or from one around that.
    let ids = resource.args.values().filter_map(crate::value::Value::as_str).filter(|text| emitter.is_own_id(text));
    let mut around = ids.flat_map(|id| std::iter::successors(Some(ObjectId::new(id)), ObjectId::parent));
    let id = around.find(|id| id.name() == own)?;
    let symbol = emitter.symbol(&id).filter(|symbol| symbol.below.is_empty())?;
    Some(Code::Resource(symbol).get("name"))
}

/// The name of an assignment, which a tenant takes once: from its scope, principal and role. A principal that Azure
/// creates is known by the resource that it belongs to, since a name must be known before the deployment.
fn assigned(emitter: &BicepEmitter<'_>, place: &IdParts, draft: &BodyValue) -> Option<Code> {
    let scope = match &place.scope {
        Some(scope) => emitter.literal(scope.as_str(), None),
        None if place.group.is_some() => Code::Call("resourceGroup", Vec::new()).get("id"),
        None => Code::Call("subscription", Vec::new()).get("id"),
    };
    let properties = draft.get("properties")?;
    let known = |name: &str| -> Option<Code> {
        let BodyValue::Code(code) = properties.get(name)? else { return None };
        Some(match code.read_of() {
            Some(symbol) => Code::Resource(symbol.clone()).get("id"),
            None => code.clone(),
        })
    };
    Some(Code::Call("guid", vec![scope, known("principalId")?, known("roleDefinitionId")?]))
}

/// Turns administrator names into parameters, as Bicep's linter requires.
fn operators(
    emitter: &BicepEmitter<'_>,
    resource: &Resource,
    draft: &mut BodyValue,
    homes: &mut Vec<(String, String)>,
) {
    match draft {
        BodyValue::Object(entries) => {
            for (name, inner) in entries {
                if name != "adminUsername" {
                    operators(emitter, resource, inner, homes);
                } else if let BodyValue::Code(code) = inner
                    && let Some(text) = code.literal()
                {
                    let what = format!("{}-admin-username", resource.address.name());
                    let mut known = emitter.operators.borrow_mut();
                    if known.entry(what.clone()).or_insert_with(|| text.to_owned()) == text {
                        homes.push((format!("/home/{text}/"), what.clone()));
                        *code = Code::Input(FileInput::Operator(what));
                    }
                }
            }
        }
        BodyValue::List(items) => {
            items.iter_mut().for_each(|item| operators(emitter, resource, &mut item.draft, homes));
        }
        BodyValue::Code(_) => {}
    }
}

/// The paths in administrators' homes, with the same parameters as their names.
fn at_home(draft: BodyValue, homes: &[(String, String)]) -> BodyValue {
    draft.map(&|code| {
        let text = code.literal().map(str::to_owned);
        let own = text.and_then(|text| {
            let (home, what) = homes.iter().find(|(home, _)| text.starts_with(home.as_str()))?;
            let rest = TextPiece::Literal(format!("/{}", &text[home.len()..]));
            let name = TextPiece::Code(Code::Input(FileInput::Operator(what.clone())));
            Some(Code::Text(vec![TextPiece::Literal("/home/".to_owned()), name, rest]))
        });
        own.unwrap_or(code)
    })
}

/// Location of an object by its id.
struct IdParts {
    group: Option<ObjectId>,
    /// Resource that it extends, unless that is a resource group or the subscription.
    scope: Option<ObjectId>,
    parent: Option<ObjectId>,
    names: Vec<String>,
}

impl IdParts {
    fn of(id: &ObjectId) -> Self {
        let text = id.as_str();
        let lower = text.to_ascii_lowercase();
        let (root, own) = lower.rfind("/providers/").map_or((text, ""), |at| text.split_at(at));
        let group = ObjectId::new(root).resource_group().and_then(|group| {
            let at = lower.find(&format!("/resourcegroups/{}", group.to_ascii_lowercase()))?;
            Some(ObjectId::new(&text[..at + "/resourcegroups/".len() + group.len()]))
        });
        let names = own.split('/').skip(4).step_by(2).map(str::to_owned).collect();
        let scope = root.to_ascii_lowercase().contains("/providers/").then(|| ObjectId::new(root));
        Self { group, scope, parent: id.parent().filter(|_| !own.is_empty()), names }
    }
}

/// Joins the objects of one block into a loop if they are alike.
fn joined(emitter: &BicepEmitter<'_>, wholes: IndexMap<(Address, usize), ObjectBuilder<'_>>) -> Vec<BicepNode> {
    let mut blocks: IndexMap<(Address, usize), Vec<ObjectBuilder<'_>>> = IndexMap::new();
    for ((address, object), whole) in wholes {
        blocks.entry((address.block(), object)).or_default().push(whole);
    }
    let mut looped: HashMap<(Address, usize), LoopId> = HashMap::new();
    let mut nodes = Vec::new();
    for ((block, object), mut all) in blocks {
        let mut by_id: IndexMap<ObjectId, Vec<usize>> = IndexMap::new();
        for (at, one) in all.iter().enumerate() {
            by_id.entry(one.resource.objects[object].id.clone()).or_default().push(at);
        }
        if by_id.len() < all.len() {
            let mut all: Vec<Option<ObjectBuilder<'_>>> = all.into_iter().map(Some).collect();
            for same in by_id.into_values() {
                let same: Vec<ObjectBuilder<'_>> = same.into_iter().filter_map(|at| all[at].take()).collect();
                let draft = same.first().map(|one| concrete(emitter, one.resource, one.draft.clone()));
                nodes.extend(draft.and_then(|draft| node(emitter, object, &same, draft, None)));
            }
            continue;
        }
        let joined =
            emitter.of_block(&block).filter(|_| all.iter().all(|one| !is_group(one.resource))).and_then(|of| {
                sorted(emitter, of, &mut all)?;
                Some((of, join(emitter, of, object, &all, &looped)?))
            });
        match joined {
            Some((of, draft)) => {
                looped.insert((block, object), of);
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

/// Instances in Bicep's order; `None` if they are not the same.
fn sorted(emitter: &BicepEmitter<'_>, of: LoopId, all: &mut [ObjectBuilder<'_>]) -> Option<()> {
    let loops = emitter.loops.borrow();
    let keys = &loops.get(of)?.keys;
    let place =
        |one: &ObjectBuilder<'_>| keys.iter().position(|key| one.resource.address.key().as_deref() == Some(key));
    (keys.len() == all.len() && all.iter().all(|one| place(one).is_some())).then_some(())?;
    all.sort_by_key(place);
    Some(())
}

fn join(
    emitter: &BicepEmitter<'_>,
    of: LoopId,
    object: usize,
    all: &[ObjectBuilder<'_>],
    looped: &HashMap<(Address, usize), LoopId>,
) -> Option<BodyValue> {
    let first = all.first()?;
    let group = |one: &ObjectBuilder<'_>| IdParts::of(&one.resource.objects[object].id).group;
    let same = all.iter().all(|one| group(one) == group(first) && one.resource.presence == first.resource.presence);
    if !same {
        return None;
    }
    let keys = emitter.loops.borrow().get(of)?.keys.clone();
    let has_same = |block: &Address, object: usize| {
        looped
            .get(&(block.clone(), object))
            .is_some_and(|other| emitter.loops.borrow().get(*other).is_some_and(|other| other.keys == keys))
    };
    let drafts: Vec<BodyValue> =
        all.iter().zip(&keys).map(|(one, key)| with_same(one.draft.clone(), of, key, &has_same)).collect();
    let mut alike = EntryJoin { of, columns: Vec::new() };
    let draft = alike.join("body", &drafts.iter().collect::<Vec<_>>())?;
    // A body that differs as a whole is no loop.
    let BodyValue::Object(_) = draft else { return None };
    let columns = alike.columns;
    if !columns.is_empty() {
        rows(emitter, of, all, &draft, columns)?;
    }
    Some(draft)
}

/// Replaces a collection by rows with the literals that differ.
fn rows(
    emitter: &BicepEmitter<'_>,
    of: LoopId,
    all: &[ObjectBuilder<'_>],
    draft: &BodyValue,
    columns: Vec<(String, Vec<Code>)>,
) -> Option<()> {
    let mut uses_value = false;
    draft.visit(&mut |code| uses_value |= matches!(code, Code::Each(id, super::code::LoopPart::Value) if *id == of));
    let values: Vec<Code> = all.iter().map(|whole| emitter.turn_of(whole.resource).1).collect();
    let mut loops = emitter.loops.borrow_mut();
    let one = loops.get_mut(of)?;
    if one.form == Form::Rows {
        // Another object of the same block has rows: add columns.
        let Code::List(items) = &mut one.collection else { return None };
        for (at, item) in items.iter_mut().enumerate() {
            let super::code::ListItem::One(Code::Object(entries)) = item else { return None };
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
    for (at, key) in one.keys.iter().enumerate() {
        let mut entries = vec![("key".to_owned(), Code::text(key))];
        if uses_value {
            entries.push(("value".to_owned(), values[at].clone()));
        }
        entries.extend(columns.iter().map(|(name, values)| (name.clone(), values[at].clone())));
        items.push(super::code::ListItem::One(Code::Object(entries)));
    }
    (one.form, one.collection) = (Form::Rows, Code::List(items));
    Some(())
}

fn node(
    emitter: &BicepEmitter<'_>,
    object: usize,
    all: &[ObjectBuilder<'_>],
    draft: BodyValue,
    each: Option<LoopId>,
) -> Option<BicepNode> {
    let first = all.first()?;
    let resource = first.resource;
    let whole = resource.objects.get(object)?;
    let BodyValue::Object(entries) = draft else { return None };
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
    let place = IdParts::of(&whole.id);
    let serial = match resource.kind.serial {
        Serial::No | Serial::Beside => None,
        Serial::Root | Serial::On(_) => place.parent.as_ref().map(root),
    };
    Some(BicepNode {
        instances: all.iter().map(|one| one.resource.address.clone()).collect(),
        object,
        each,
        type_: whole.id.arm_type().unwrap_or_default(),
        api: version(emitter, whole, place.parent.as_ref()),
        group: if is_group(resource) { None } else { place.group },
        failover: resource.presence == Presence::Failover,
        at_rest,
        last: resource.kind.guards,
        parent,
        scope,
        name,
        body: full(Code::Object(body)),
        needs: all.iter().flat_map(|one| one.needs.iter().cloned()).collect(),
        serial,
    })
}

/// The API version of an object: that of the object around it, if it is newer, since a service versions its types
/// together.
fn version(emitter: &BicepEmitter<'_>, object: &Object, parent: Option<&ObjectId>) -> String {
    let owner = parent.and_then(|parent| emitter.stack.by_id(parent));
    let around = owner.and_then(|owner| owner.objects.iter().find(|one| Some(&one.id) == parent));
    let newer = around.map(|around| &around.of.version).filter(|version| **version > object.of.version);
    newer.unwrap_or(&object.of.version).to_string()
}

/// A body without empty tags and zones, which say nothing.
fn full(body: Code) -> Code {
    body.map(&|code| match code {
        Code::Object(entries) => {
            let is_empty = |name: &str, code: &Code| match code {
                Code::Object(entries) => name == "tags" && entries.is_empty(),
                Code::List(items) => name == "zones" && items.is_empty(),
                _ => false,
            };
            Code::Object(entries.into_iter().filter(|(name, code)| !is_empty(name, code)).collect())
        }
        other => other,
    })
}

/// Outermost object around one.
fn root(id: &ObjectId) -> ObjectId {
    id.parent().map_or_else(|| id.clone(), |parent| root(&parent))
}

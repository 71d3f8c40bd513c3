//! A program to a stack: everything evaluated, in the order of what needs what.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl;
use crate::kinds::{Place, Unique, with_article};
use crate::stack::program::{Definition, Program};
use crate::stack::read::MAX_RESOURCES;
use crate::stack::scope::{BlockScope, Facts, Instances, Locals};
use crate::stack::{CloudName, FailoverGroup, Knowledge, Output, Resource, Site, Stack, block, group, settings};
use crate::value::{Map, Value};

impl Program {
    /// Evaluates everything, as far as what is known allows.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn evaluate(self: &Arc<Self>, knowledge: &Knowledge) -> Result<(Stack, Diagnostics), Diagnostics> {
        match self.evaluate_all(knowledge) {
            (Some(stack), found) => found.into_result(stack),
            (None, found) => Err(found),
        }
    }

    /// Evaluates everything, and goes on where something is wrong: the stack then lacks what is wrong with it, and is good for nothing but
    /// to be checked for more. There is none where the text could not be read or the stack is too large.
    pub fn evaluate_all(self: &Arc<Self>, knowledge: &Knowledge) -> (Option<Stack>, Diagnostics) {
        let mut found = Diagnostics::new();
        if !self.readable {
            return (None, found);
        }
        let mut evaluated = Evaluated::default();
        let settings = settings::read(&evaluated.facts(self, knowledge), &mut found);
        evaluated.tags = settings.tags;
        evaluated.sites = settings::sites(&evaluated.facts(self, knowledge), &mut found);
        for (address, definition) in &self.definitions {
            evaluated.definition(self, knowledge, address, definition, &mut found);
            if evaluated.resources.len() > MAX_RESOURCES {
                found.push(
                    Diagnostic::error(
                        "too-many-resources",
                        format!("the stack has more than {MAX_RESOURCES} resources"),
                    )
                    .at(definition.block.header)
                    .help("Split it into several stacks."),
                );
                return (None, found);
            }
        }
        let facts = evaluated.facts(self, knowledge);
        let outputs = outputs(self, &facts, &mut found);
        let failover_groups = group::read_all(self, &facts, &mut found);
        // A local that nothing names is evaluated all the same: what is wrong with it should not wait for its first use.
        self.locals.keys().for_each(|name| facts.touch_local(name));
        let Evaluated { mut resources, instances, by_id, locals, sites, tags, names: _ } = evaluated;
        found.extend(locals.into_inner().found);
        for (address, more) in completed_first(&resources) {
            if let Some(resource) = resources.get_mut(&address) {
                resource.needs.extend(more);
                resource.needs.sort();
                resource.needs.dedup();
            }
        }
        found.sort();
        let stack = Stack {
            name: self.name().to_owned(),
            description: settings.description,
            objectives: settings.objectives,
            residency: settings.residency,
            cloud: settings.cloud.unwrap_or(CloudName::Local),
            accepted: settings.accepted,
            sites,
            resources,
            failover_groups,
            outputs,
            variables: self.variables.clone(),
            digest: self.digest.clone(),
            subscription: self.subscription.clone(),
            tenant: self.tenant.clone(),
            by_id,
            instances,
            program: Arc::clone(self),
            tags,
            copies: None,
            pinned: BTreeMap::new(),
        };
        (Some(stack), found)
    }
}

#[derive(Default)]
struct Evaluated {
    sites: IndexMap<Arc<str>, Site>,
    resources: IndexMap<Address, Resource>,
    instances: HashMap<Address, Instances>,
    by_id: HashMap<ArmId, Address>,
    locals: RefCell<Locals>,
    tags: Map,
    /// Type and folded name of what must be unique in all of Azure.
    names: HashMap<(&'static str, String), Address>,
}

impl Evaluated {
    fn facts<'a>(&'a self, program: &'a Program, knowledge: &'a Knowledge) -> Facts<'a> {
        Facts {
            program,
            knowledge,
            sites: &self.sites,
            resources: &self.resources,
            instances: &self.instances,
            by_id: &self.by_id,
            locals: &self.locals,
            tags: &self.tags,
            copies: None,
        }
    }

    fn definition(
        &mut self,
        program: &Program,
        knowledge: &Knowledge,
        address: &Address,
        definition: &Definition,
        found: &mut Diagnostics,
    ) {
        let facts = self.facts(program, knowledge);
        let Some((instances, made)) = block::instances(address, definition, &facts, found) else { return };
        self.instances.insert(address.clone(), instances);
        for resource in made {
            self.insert(resource, found);
        }
    }

    fn insert(&mut self, resource: Resource, found: &mut Diagnostics) {
        // Properties of another object have that one's id, which stays that one's.
        if !matches!(resource.kind.place, Place::Property(_)) {
            if let Some(first) = self.by_id.get(&resource.id).and_then(|address| self.resources.get(address)) {
                found.push(
                    Diagnostic::error(
                        "same-object",
                        format!("`{}` and `{}` are the same object in the cloud", first.address, resource.address),
                    )
                    .at(resource.span)
                    .and(first.span, "the other")
                    .why(format!("Both have the id {}.", resource.id))
                    .help("Give one of them another `name`, or put it elsewhere."),
                );
                return;
            }
            self.by_id.insert(resource.id.clone(), resource.address.clone());
        }
        if resource.kind.names.unique == Unique::Globally
            && let Some(first) = self.same_name(&resource)
        {
            found.push(
                Diagnostic::error(
                    "same-name",
                    format!("`{}` and `{}` have the same name `{}`", first.address, resource.address, resource.name),
                )
                .at(block::span_of(&resource, "name"))
                .and(block::span_of(first, "name"), "the other")
                .why(format!(
                    "The name of {} is unique in all of Azure, because it becomes a DNS name.",
                    with_article(resource.kind.name)
                ))
                .help("Write `name = \"…\"` into one of them."),
            );
        }
        self.resources.insert(resource.address.clone(), resource);
    }

    /// The first resource of this type with this name, where it is another; from now on, this one.
    fn same_name(&mut self, resource: &Resource) -> Option<&Resource> {
        let name = (resource.kind.arm.type_, resource.name.to_ascii_lowercase());
        match self.names.entry(name) {
            Entry::Occupied(first) => self.resources.get(first.get()),
            Entry::Vacant(free) => {
                free.insert(resource.address.clone());
                None
            }
        }
    }
}

fn outputs(program: &Program, facts: &Facts<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Output> {
    let mut outputs = IndexMap::new();
    for (name, block) in &program.outputs {
        let scope = BlockScope::new(facts, None);
        let (mut value, mut description, mut sensitive) = (None, None, false);
        for attribute in &block.body.attributes {
            let evaluated = match hcl::evaluate(&attribute.expr, &scope) {
                Ok(evaluated) => evaluated,
                Err(problems) => {
                    found.extend(problems);
                    Value::told()
                }
            };
            match &*attribute.name.text {
                "value" => value = Some(evaluated),
                "description" => description = evaluated.as_str().map(str::to_owned),
                "sensitive" => sensitive = evaluated == Value::Bool(true),
                other => found.push(
                    Diagnostic::error("unknown-argument", format!("an output has no argument `{other}`"))
                        .at(attribute.name.span)
                        .suggest(
                            other,
                            ["value", "description", "sensitive"],
                            Some("It takes value, description, sensitive.".to_owned()),
                        ),
                ),
            }
        }
        for inner in &block.body.blocks {
            found.push(
                Diagnostic::error("unknown-argument", format!("an output has no block `{}`", inner.ident.text))
                    .at(inner.header)
                    .help("It takes the arguments value, description, sensitive."),
            );
        }
        let Some(value) = value else {
            found.push(
                Diagnostic::error("missing-argument", "an output needs the argument `value`")
                    .at(block.header)
                    .help("Write `value = …`."),
            );
            continue;
        };
        let value = if sensitive { value.sensitive() } else { value };
        outputs.insert(Arc::clone(name), Output { value, description, span: block.header });
    }
    outputs
}

/// What else comes before a resource, though it does not name it: what completes an object that it uses. A scale set that is probed through a load
/// balancer's probe comes after the rule that makes the probe active; what stands in a subnet, after the subnet's security group.
fn completed_first(resources: &IndexMap<Address, Resource>) -> Vec<(Address, Vec<Address>)> {
    let completes = |resource: &Resource| matches!(resource.kind.place, Place::Part(..) | Place::Property(_));
    let mut completing: HashMap<&Address, Vec<&Address>> = HashMap::new();
    for resource in resources.values().filter(|resource| completes(resource)) {
        for used in &resource.uses {
            let whole = matches!(resource.kind.place, Place::Property(_));
            let used_place = resources.get(used).map(|used| used.kind.place);
            if whole || matches!(used_place, Some(Place::Part(..))) {
                completing.entry(used).or_default().push(&resource.address);
            }
        }
    }
    let mut extra = Vec::new();
    for resource in resources.values().filter(|resource| !completes(resource)) {
        let mut more: Vec<Address> = Vec::new();
        for used in &resource.uses {
            for other in completing.get(used).into_iter().flatten() {
                if !needs(resources, other, &resource.address) {
                    more.push((*other).clone());
                }
            }
        }
        if !more.is_empty() {
            extra.push((resource.address.clone(), more));
        }
    }
    extra
}

/// Whether `from` needs `target`, directly or through others.
fn needs(resources: &IndexMap<Address, Resource>, from: &Address, target: &Address) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == target {
            return true;
        }
        if seen.insert(at)
            && let Some(resource) = resources.get(at)
        {
            open.extend(&resource.needs);
        }
    }
    false
}

/// Gives an argument this value, or takes it out.
fn put(args: &mut Map, argument: &str, value: Option<Value>) {
    match value {
        Some(value) => args.insert(argument.into(), value),
        None => args.remove(argument),
    };
}

impl Stack {
    /// The same stack with other knowledge of what stands.
    ///
    /// # Errors
    /// Everything that is wrong with it then.
    pub fn with(&self, knowledge: &Knowledge) -> Result<Stack, Diagnostics> {
        self.program.evaluate(knowledge).map(|(stack, _)| stack)
    }

    /// The arguments of a resource with more known than when the stack was evaluated.
    ///
    /// # Errors
    /// What is wrong with them now that they are known.
    pub fn resolve(&self, resource: &Resource, knowledge: &Knowledge) -> Result<Map, Diagnostics> {
        if resource.args.values().all(|value| value.unknown_within().is_none()) {
            return Ok(resource.args.clone());
        }
        let locals = RefCell::default();
        let mut facts = self.facts(knowledge, &locals);
        if !resource.address.is_rehearsed() {
            facts.copies = None;
        }
        let mut args = match self.program.definitions.get(&resource.address.block()) {
            Some(definition) => block::resolve(resource, definition, &facts)?,
            None => return Ok(resource.args.clone()),
        };
        for (argument, value) in self.pinned.get(&resource.address).into_iter().flatten() {
            put(&mut args, argument, value.clone());
        }
        Ok(args)
    }

    /// Takes an argument of a resource as it is, whatever the stack says of it: `None` where it is not there. Returns whether the stack says otherwise.
    pub fn pin(&mut self, address: &Address, argument: &str, value: Option<Value>) -> bool {
        let Some(resource) = self.resources.get_mut(address) else { return false };
        let differs = resource.args.get(argument) != value.as_ref();
        put(&mut resource.args, argument, value.clone());
        self.pinned.entry(address.clone()).or_default().insert(argument.into(), value);
        differs
    }

    /// The outputs with more known than when the stack was evaluated.
    pub fn resolve_outputs(&self, knowledge: &Knowledge) -> IndexMap<Arc<str>, Output> {
        let locals = RefCell::default();
        outputs(&self.program, &self.facts(knowledge, &locals), &mut Diagnostics::new())
    }

    /// A failover group with more known than when the stack was evaluated: what its probes and steps ask for.
    ///
    /// # Errors
    /// What is wrong with it now that it is known.
    pub fn resolve_group(&self, name: &str, knowledge: &Knowledge) -> Result<Option<FailoverGroup>, Diagnostics> {
        let locals = RefCell::default();
        let mut found = Diagnostics::new();
        let group = group::read_one(&self.program, &self.facts(knowledge, &locals), name, &mut found);
        found.into_result(group).map(|(group, _)| group)
    }

    /// Calls `f` with a resource as its kind's functions see it, with these arguments in clear.
    pub fn with_subject<T>(
        &self,
        resource: &Resource,
        args: &serde_json::Map<String, serde_json::Value>,
        knowledge: &Knowledge,
        f: impl FnOnce(&crate::kinds::Subject<'_>) -> T,
    ) -> T {
        let locals = RefCell::default();
        let facts = self.facts(knowledge, &locals);
        f(&facts.subject(resource, args))
    }

    /// Whether any expression of the stack reads an attribute with this name.
    pub fn names_attribute(&self, name: &str) -> bool {
        self.program.attributes.contains(name)
    }

    /// The resource that has this id.
    pub fn by_id(&self, id: &ArmId) -> Option<&Resource> {
        self.by_id.get(id).and_then(|address| self.resources.get(address))
    }

    /// What names mean by now. In a drill they mean the copies.
    pub(crate) fn facts<'a>(&'a self, knowledge: &'a Knowledge, locals: &'a RefCell<Locals>) -> Facts<'a> {
        Facts {
            program: &self.program,
            knowledge,
            sites: &self.sites,
            resources: &self.resources,
            instances: &self.instances,
            by_id: &self.by_id,
            locals,
            tags: &self.tags,
            copies: self.copies.as_ref().map(|copies| &copies.of),
        }
    }
}

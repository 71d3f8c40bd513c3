//! A program to a stack: everything evaluated, in the order of what needs what.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl;
use crate::kinds::{Place, Unique};
use crate::stack::program::Program;
use crate::stack::read::MAX_RESOURCES;
use crate::stack::scope::{BlockScope, Facts, Instances, Locals};
use crate::stack::{CloudName, Knowledge, Output, Resource, Site, Stack, block, group, settings};
use crate::value::{Map, Value};

impl Program {
    /// Evaluates everything, as far as what is known allows.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn evaluate(self: &Arc<Self>, knowledge: &Knowledge) -> Result<(Stack, Diagnostics), Diagnostics> {
        let mut found = Diagnostics::new();
        let settings = settings::read(self, &mut found);
        let sites = settings::sites(self, &mut found);
        let Some(order) = self.order(&mut found) else { return Err(found) };
        let mut evaluated = Evaluated::default();
        for at in order {
            evaluated.definition(self, knowledge, &sites, at, &mut found);
            if evaluated.resources.len() > MAX_RESOURCES {
                found.push(
                    Diagnostic::error(
                        "too-many-resources",
                        format!("the stack has more than {MAX_RESOURCES} resources"),
                    )
                    .help("Split it into several stacks."),
                );
                return Err(found);
            }
        }
        let Evaluated { mut resources, instances, by_id, locals } = evaluated;
        let facts = Facts {
            program: self,
            knowledge,
            sites: &sites,
            resources: &resources,
            instances: &instances,
            by_id: &by_id,
            locals: &locals,
        };
        let outputs = outputs(self, &facts, &mut found);
        let failover_groups = group::read_all(self, &facts, &mut found);
        for name in self.locals.keys() {
            // A local that nothing names is evaluated all the same: what is wrong with it should not wait for its first use.
            touch_local(&facts, name);
        }
        found.extend(locals.into_inner().found);
        let extra = completed_first(&resources);
        for (address, more) in extra {
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
        };
        found.into_result(stack)
    }

    /// The tags that the stack puts on every resource that takes tags.
    pub(crate) fn tags(&self) -> Map {
        let tags = self.stack.as_ref().and_then(|block| block.body.attribute("tags"));
        match tags.map(|tags| hcl::evaluate(&tags.expr, &settings::VariablesOnly(self))) {
            Some(Ok(Value::Map(map))) => (*map).clone(),
            _ => Map::new(),
        }
    }
}

#[derive(Default)]
struct Evaluated {
    resources: IndexMap<Address, Resource>,
    instances: HashMap<Address, Instances>,
    by_id: HashMap<ArmId, Address>,
    locals: RefCell<Locals>,
}

impl Evaluated {
    fn definition(
        &mut self,
        program: &Program,
        knowledge: &Knowledge,
        sites: &IndexMap<Arc<str>, Site>,
        at: usize,
        found: &mut Diagnostics,
    ) {
        let Some((address, definition)) = program.definitions.get_index(at) else { return };
        let facts = Facts {
            program,
            knowledge,
            sites,
            resources: &self.resources,
            instances: &self.instances,
            by_id: &self.by_id,
            locals: &self.locals,
        };
        let (mut instances, made) = block::instances(address, definition, &facts, found);
        if made.is_empty() && instances == Instances::One {
            instances = Instances::Broken;
        }
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
                .and(first.span, "the other")
                .why(format!(
                    "The name of a {} is unique in all of Azure, because it becomes a DNS name.",
                    resource.kind.name
                ))
                .help("Write `name = \"…\"` into one of them."),
            );
        }
        self.resources.insert(resource.address.clone(), resource);
    }

    fn same_name(&self, resource: &Resource) -> Option<&Resource> {
        // A list by name would be rebuilt for every stack; the resources of one globally named kind are few.
        self.resources.values().find(|other| {
            other.kind.arm.type_ == resource.kind.arm.type_ && other.name.eq_ignore_ascii_case(&resource.name)
        })
    }
}

fn touch_local(facts: &Facts<'_>, name: &Arc<str>) {
    use crate::hcl::{Key, Scope};
    let root = hcl::ast::Ident { text: "local".into(), span: crate::diagnostic::Span::default() };
    // Only the messages count, and the scope keeps those.
    let _ = BlockScope::new(facts, None).resolve(&root, &[(Key::Attr(Arc::clone(name)), root.span)]);
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
                    Value::Unknown(crate::value::Unknown::default())
                }
            };
            match &*attribute.name.text {
                "value" => value = Some(evaluated),
                "description" => description = evaluated.as_str().map(str::to_owned),
                "sensitive" => sensitive = evaluated == Value::Bool(true),
                other => found.push(
                    Diagnostic::error("unknown-argument", format!("an output has no argument `{other}`"))
                        .at(attribute.name.span)
                        .suggest(other, ["value", "description", "sensitive"], None),
                ),
            }
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
        let facts = self.facts(knowledge, &locals);
        match self.program.definitions.get(&resource.address.block()) {
            Some(definition) => block::resolve(resource, definition, &facts),
            None => Ok(resource.args.clone()),
        }
    }

    /// The outputs with more known than when the stack was evaluated.
    pub fn resolve_outputs(&self, knowledge: &Knowledge) -> IndexMap<Arc<str>, Output> {
        let locals = RefCell::default();
        outputs(&self.program, &self.facts(knowledge, &locals), &mut Diagnostics::new())
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

    fn facts<'a>(&'a self, knowledge: &'a Knowledge, locals: &'a RefCell<Locals>) -> Facts<'a> {
        Facts {
            program: &self.program,
            knowledge,
            sites: &self.sites,
            resources: &self.resources,
            instances: &self.instances,
            by_id: &self.by_id,
            locals,
        }
    }
}

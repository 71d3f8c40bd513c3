//! Evaluator of emitted Bicep: the resources that a deployment would write. Supports only emitted constructs; any other
//! fails the test.

#![expect(clippy::panic, reason = "a construct that cannot be evaluated fails the test")]

mod value;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use drplan::object::ObjectId;
use serde_json::{Map, Value as Json, json};
use tree_sitter::{Node, Tree};

/// Syntax trees of the files.
pub struct BicepFiles {
    files: BTreeMap<String, (String, Tree)>,
    texts: BTreeMap<String, String>,
}

impl BicepFiles {
    /// Parses the Bicep files; a syntax error fails the test.
    pub fn parse(all: &BTreeMap<String, String>) -> Self {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_bicep::LANGUAGE.into()).expect("a grammar");
        let is_code = |name: &str| name.ends_with(".bicep") || name.ends_with(".bicepparam");
        let files = all.iter().filter(|(name, _)| is_code(name)).map(|(name, text)| {
            // The grammar lacks files of parameters, in which `param` assigns a value as `var` does.
            let text = match name.ends_with("param") {
                true => text.replace("\nparam ", "\nvar "),
                false => text.clone(),
            };
            let tree = parser.parse(&text, None).expect("a tree");
            assert!(!tree.root_node().has_error(), "{name} does not parse:\n{}\n{text}", tree.root_node().to_sexp());
            (name.clone(), (text, tree))
        });
        let files = files.collect();
        Self { files, texts: all.clone() }
    }

    /// Bicep files, without files of parameters.
    pub fn trees(&self) -> impl Iterator<Item = (&str, &str, Node<'_>)> {
        self.files.iter().map(|(name, (text, tree))| (name.as_str(), text.as_str(), tree.root_node()))
    }
}

/// A resource that the deployment would write.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenResource {
    pub id: ObjectId,
    pub api: String,
    pub body: Json,
    /// File that writes the resource, and its symbolic name there.
    pub by: (String, String),
}

/// Inputs of a deployment.
pub struct DeploymentInputs<'w> {
    pub subscription: &'w str,
    pub tenant: &'w str,
    /// Environment variable by name.
    pub environment: &'w dyn Fn(&str) -> String,
    /// Body of an existing object.
    pub cloud: &'w dyn Fn(&ObjectId) -> Option<Json>,
}

/// Value of an expression.
#[derive(Clone)]
enum Val<'t> {
    Json(Json),
    Resource(Rc<ResourceValue>),
    Resources(Rc<Vec<Rc<ResourceValue>>>),
    /// Outputs of a module; `None` if the module is not deployed.
    Module(Option<Rc<Map<String, Json>>>),
    Lambda {
        root: Node<'t>,
        lambda: Node<'t>,
    },
}

struct ResourceValue {
    id: ObjectId,
    name: String,
    is_deployed: bool,
}

type Bound<'t> = HashMap<String, Val<'t>>;

/// Resources that `main.bicep` writes with a file of parameters, and its outputs.
pub fn deploy(
    files: &BicepFiles,
    parameters: &str,
    inputs: &DeploymentInputs<'_>,
) -> (Vec<WrittenResource>, Map<String, Json>) {
    let given = Evaluator::new(files, parameters, Map::new(), None, inputs).parameters();
    let file = Evaluator::new(files, "main.bicep", given, None, inputs);
    let outputs = file.run();
    let written = file.written.borrow().clone();
    (written, outputs)
}

/// One file with its parameters.
struct Evaluator<'f, 'w> {
    files: &'f BicepFiles,
    name: String,
    text: &'f str,
    root: Node<'f>,
    given: Map<String, Json>,
    /// Target resource group.
    group: Option<ObjectId>,
    inputs: &'w DeploymentInputs<'w>,
    known: RefCell<HashMap<String, Val<'f>>>,
    written: RefCell<Vec<WrittenResource>>,
    /// The lambda being called: its body is evaluated, not the lambda itself.
    calling: RefCell<Vec<usize>>,
}

impl<'f, 'w> Evaluator<'f, 'w> {
    fn new(
        files: &'f BicepFiles,
        name: &str,
        given: Map<String, Json>,
        group: Option<ObjectId>,
        inputs: &'w DeploymentInputs<'w>,
    ) -> Self {
        let (text, tree) = files.files.get(name).unwrap_or_else(|| panic!("no file {name}"));
        Self {
            files,
            name: name.to_owned(),
            text,
            root: tree.root_node(),
            given,
            group,
            inputs,
            known: RefCell::default(),
            written: RefCell::default(),
            calling: RefCell::default(),
        }
    }

    fn of(&self, node: Node<'_>) -> &'f str {
        &self.text[node.byte_range()]
    }

    fn declarations(&self) -> Vec<Node<'f>> {
        let mut cursor = self.root.walk();
        self.root.named_children(&mut cursor).collect()
    }

    fn children(node: Node<'f>) -> Vec<Node<'f>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).collect()
    }

    /// Name of a declaration.
    fn declared(&self, node: Node<'f>) -> &'f str {
        Self::children(node).into_iter().find(|child| child.kind() == "identifier").map_or("", |child| self.of(child))
    }

    /// Values that a file of parameters assigns, by name.
    fn parameters(&self) -> Map<String, Json> {
        let of = |node: &Node<'f>| node.kind() == "variable_declaration";
        let one = |node: Node<'f>| {
            let value = Self::children(node).pop().unwrap_or_else(|| panic!("{}", node.to_sexp()));
            (self.declared(node).to_owned(), self.json(value, &Bound::new()))
        };
        self.declarations().into_iter().filter(of).map(one).collect()
    }

    /// Deploys the file and returns its outputs.
    fn run(&self) -> Map<String, Json> {
        let mut outputs = Map::new();
        for node in self.declarations() {
            match node.kind() {
                "resource_declaration" | "module_declaration" => drop(self.name(self.declared(node))),
                "output_declaration" => {
                    let value = Self::children(node).pop().unwrap_or_else(|| panic!("{}", node.to_sexp()));
                    outputs.insert(self.declared(node).to_owned(), self.json(value, &Bound::new()));
                }
                _ => {}
            }
        }
        outputs
    }

    /// Value of a name.
    fn name(&self, name: &str) -> Val<'f> {
        if let Some(known) = self.known.borrow().get(name) {
            return known.clone();
        }
        let is = |node: &Node<'f>| self.declared(*node) == name && node.kind() != "output_declaration";
        let node = self.declarations().into_iter().find(is);
        let node = node.unwrap_or_else(|| panic!("{}: no declaration of `{name}`\n{}", self.name, self.text));
        let value = match node.kind() {
            "parameter_declaration" => Val::Json(match (self.given.get(name), Self::children(node).pop()) {
                (Some(given), _) => given.clone(),
                (None, Some(default)) if default.kind() != "type" => self.json(default, &Bound::new()),
                _ => panic!("{}: no value for `{name}`", self.name),
            }),
            "variable_declaration" => self.value(*Self::children(node).last().expect("a value"), &Bound::new()),
            "resource_declaration" => self.resource(node),
            "module_declaration" => self.module(node),
            other => panic!("{}: unknown declaration {other}", self.name),
        };
        self.known.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }

    fn resource(&self, node: Node<'f>) -> Val<'f> {
        let children = Self::children(node);
        let typed = self.json(children[1], &Bound::new());
        let typed = typed.as_str().expect("a type");
        let is_existing = self.of(node).lines().next().is_some_and(|line| line.contains(" existing ="));
        let body = *children.last().expect("a body");
        match body.kind() {
            "for_statement" => {
                let all = self.turns(body, &Bound::new()).into_iter();
                let all = all
                    .map(|(bound, body)| self.one((self.declared(node), typed), body, &bound, !is_existing))
                    .collect();
                Val::Resources(Rc::new(all))
            }
            "if_statement" => {
                let parts = Self::children(body);
                let is_on = self.json(parts[0], &Bound::new()) == json!(true);
                Val::Resource(self.one((self.declared(node), typed), parts[1], &Bound::new(), !is_existing && is_on))
            }
            _ => Val::Resource(self.one((self.declared(node), typed), body, &Bound::new(), !is_existing)),
        }
    }

    /// One resource; `is_deployed` is false if its condition is false.
    fn one(
        &self,
        (called, typed): (&str, &str),
        body: Node<'f>,
        bound: &Bound<'f>,
        is_deployed: bool,
    ) -> Rc<ResourceValue> {
        let (type_, api) = typed.split_once('@').expect("a version");
        let (mut name, mut parent, mut scope, mut group) = (String::new(), None, None, self.group.clone());
        let mut rest = Vec::new();
        for property in Self::children(body) {
            let parts = Self::children(property);
            let key = self.key(parts[0], bound);
            match key.as_str() {
                "name" => name = self.json(parts[1], bound).as_str().expect("a name").to_owned(),
                "parent" => parent = Some(self.one_of(parts[1], bound)),
                "scope" if self.of(parts[1]).starts_with("resourceGroup(") => {
                    group = self.json(parts[1], bound).as_str().map(ObjectId::new);
                }
                "scope" => scope = Some(self.one_of(parts[1], bound)),
                "dependsOn" => Self::children(parts[1]).into_iter().for_each(|one| drop(self.value(one, bound))),
                _ => rest.push((key, parts[1])),
            }
        }
        let subscription = format!("/subscriptions/{}", self.inputs.subscription);
        let id = match (&parent, &scope) {
            (Some(parent), _) => format!("{}/{}/{name}", parent.id, type_.rsplit('/').next().unwrap_or_default()),
            (None, Some(scope)) => format!("{}/providers/{type_}/{name}", scope.id),
            (None, None) if type_ == "Microsoft.Resources/resourceGroups" => {
                format!("{subscription}/resourceGroups/{name}")
            }
            (None, None) => {
                let root = group.as_ref().map_or(subscription.as_str(), ObjectId::as_str);
                let (provider, types) = type_.split_once('/').expect("a type");
                let pairs = types.split('/').zip(name.split('/')).map(|(type_, name)| format!("/{type_}/{name}"));
                format!("{root}/providers/{provider}{}", pairs.collect::<String>())
            }
        };
        let resource = Rc::new(ResourceValue { id: ObjectId::new(id), name, is_deployed });
        // The body may refer to the resource's own properties.
        let mut body = Map::new();
        for (key, value) in rest {
            let value = self.json(value, bound);
            body.insert(key, value);
        }
        if is_deployed {
            let by = (self.name.clone(), called.to_owned());
            let written =
                WrittenResource { id: resource.id.clone(), api: api.to_owned(), body: Json::Object(body), by };
            self.written.borrow_mut().push(written);
        }
        resource
    }

    fn one_of(&self, node: Node<'f>, bound: &Bound<'f>) -> Rc<ResourceValue> {
        match self.value(node, bound) {
            Val::Resource(resource) => resource,
            _ => panic!("{}: `{}` is not a resource", self.name, self.of(node)),
        }
    }

    fn module(&self, node: Node<'f>) -> Val<'f> {
        let children = Self::children(node);
        let path = self.json(children[1], &Bound::new());
        let body = *children.last().expect("a body");
        let body = match body.kind() {
            "if_statement" => {
                let parts = Self::children(body);
                if self.json(parts[0], &Bound::new()) != json!(true) {
                    return Val::Module(None);
                }
                parts[1]
            }
            _ => body,
        };
        let (mut given, mut group) = (Map::new(), None);
        for property in Self::children(body) {
            let parts = Self::children(property);
            match self.of(parts[0]) {
                "params" => {
                    for param in Self::children(parts[1]) {
                        let parts = Self::children(param);
                        given.insert(self.of(parts[0]).to_owned(), self.json(parts[1], &Bound::new()));
                    }
                }
                "scope" => {
                    group = Some(match self.value(parts[1], &Bound::new()) {
                        Val::Resource(resource) => {
                            assert!(resource.is_deployed, "a module in a group that does not exist");
                            resource.id.clone()
                        }
                        Val::Json(Json::String(id)) => ObjectId::new(id),
                        _ => panic!("an invalid scope"),
                    });
                }
                "dependsOn" => {
                    Self::children(parts[1]).into_iter().for_each(|one| drop(self.value(one, &Bound::new())))
                }
                other => panic!("unsupported module property {other}"),
            }
        }
        let path = path.as_str().expect("a path");
        let file = Evaluator::new(self.files, path, given, group, self.inputs);
        for name in file.given.keys() {
            let mut all = file.declarations().into_iter();
            let is_there = all.any(|node| node.kind() == "parameter_declaration" && file.declared(node) == name);
            assert!(is_there, "{path} takes no `{name}`");
        }
        let outputs = file.run();
        self.written.borrow_mut().extend(file.written.take());
        Val::Module(Some(Rc::new(outputs)))
    }
}

//! Complete files: `main.bicep`, a module for each resource group, and the parameter files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use indexmap::IndexMap;

use super::code::{Code, FileInput, ListItem, ResourceRef};
use super::emitter::{BicepEmitter, camel, pascal, symbol_base};
use super::express::BicepScope;
use super::modules::{BicepIndex, Module};
use super::params::{default, of_value, param};
use super::print::Printer;
use super::text::{indent, quoted};
use crate::address::Address;
use crate::emit::Limitation;
use crate::emit::names::{Names, Rename, caseless};
use crate::kinds::AttributeSource;
use crate::value::Value;

/// Outputs of a module for `main.bicep`: name, type and value.
pub(super) type Outputs = IndexMap<String, (&'static str, Code)>;

/// Text of a resource of this file.
fn resource(printer: &Printer<'_, '_>, at: usize, after: &[String], condition: Option<&str>) -> String {
    let node = &printer.index.nodes[at];
    // The formatter puts a loop on a line of its own.
    let depth = if node.each.is_some() { 2 } else { 1 };
    printer.within(at, || {
        let mut lines = Vec::new();
        if let Some(parent) = &node.parent {
            lines.push(format!("parent: {}", printer.code(parent, depth)));
        }
        if let Some(scope) = &node.scope {
            lines.push(format!("scope: {}", printer.code(scope, depth)));
        }
        lines.push(format!("name: {}", printer.code(&node.name, depth)));
        if let Code::Object(entries) = &node.body {
            let first = ["location", "tags", "kind", "sku", "identity", "zones"];
            let rank = |name: &str| first.iter().position(|one| *one == name).unwrap_or(first.len());
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(name, _)| rank(name));
            for (name, code) in entries {
                lines.push(printer.entry(name, code, depth));
            }
        }
        match after {
            [] => {}
            all => {
                let all: String = all.iter().map(|one| format!("{}{one}\n", indent(depth + 1))).collect();
                lines.push(format!("dependsOn: [\n{all}{}]", indent(depth)));
            }
        }
        let indented: String = lines.iter().map(|line| format!("{}{line}\n", indent(depth))).collect();
        let head = format!("resource {} '{}@{}' =", printer.symbol_of(at, None), node.type_, node.api);
        match node.each {
            Some(of) => {
                let all = node.parent.iter().chain(&node.scope).chain([&node.name, &node.body]);
                let uses = all.into_iter().any(|code| printer.uses_index(code, of));
                let one_by_one = if node.serial.is_some() { "@batchSize(1)\n" } else { "" };
                format!("{one_by_one}{head} [\n  {} {{\n{indented}  }}\n]\n", printer.head(of, uses))
            }
            None => {
                let at_rest = || format!(" if (!{})", printer.code(&Code::Input(FileInput::Active), 0));
                let when = condition.map(|name| format!(" if ({name})"));
                let when = when.or_else(|| node.at_rest.then(at_rest)).unwrap_or_default();
                format!("{head}{when} {{\n{indented}}}\n")
            }
        }
    })
}

/// Resources of this file that one depends on without a reference.
fn waits(printer: &Printer<'_, '_>, own: &[usize], at: usize) -> Vec<String> {
    let index = printer.index;
    let named = index.refers(at);
    let mut waits: BTreeSet<usize> =
        index.needs(printer.emitter, at).into_iter().filter(|one| own.contains(one)).collect();
    if let Some(root) = &index.nodes[at].serial {
        let before = own.iter().take_while(|one| **one != at);
        waits.extend(before.filter(|one| index.nodes[**one].serial.as_ref() == Some(root)).last());
    }
    // Its references depend on the rest already.
    let through: BTreeSet<usize> = named.iter().chain(&waits).flat_map(|one| index.refers(*one)).collect();
    let left = waits.into_iter().filter(|one| !named.contains(one) && !through.contains(one));
    left.map(|one| printer.symbol_of(one, None)).collect()
}

/// A module and its inputs.
pub(super) fn module(
    emitter: &BicepEmitter<'_>,
    index: &BicepIndex,
    module: &Module,
    outputs: &Outputs,
) -> (String, BTreeSet<FileInput>) {
    let printer = Printer::new(emitter, index, module.nodes.iter().copied(), module.group.clone());
    let mut parts = Vec::new();
    for at in &module.nodes {
        let after = waits(&printer, &module.nodes, *at);
        parts.push(resource(&printer, *at, &after, None));
    }
    for (name, (type_, code)) in outputs {
        parts.push(format!("output {name} {type_} = {}\n", printer.property(code, 0)));
    }
    let existing = printer.existing();
    let vars: Vec<String> = printer.vars.borrow().iter().map(|(name, text)| format!("var {name} = {text}\n")).collect();
    let inputs = printer.inputs.borrow().clone();
    let params: Vec<String> = inputs.iter().map(|given| param(emitter, given, None)).collect();
    // Reason for a further module of a resource group.
    let head = match module.waits_for.as_slice() {
        [] => None,
        [name] => {
            Some(format!("// A separate module of its resource group, because it depends on the module {name}.\n"))
        }
        names => Some(format!(
            "// A separate module of its resource group, because it depends on the modules {}.\n",
            names.join(", ")
        )),
    };
    let parts: Vec<String> = head.into_iter().chain(params).chain(vars).chain(existing).chain(parts).collect();
    (parts.join("\n"), inputs)
}

/// The main file.
pub(super) struct MainFile<'m, 'a> {
    pub emitter: &'m BicepEmitter<'a>,
    pub index: &'m BicepIndex,
    pub modules: &'m [Module],
    /// Resource groups.
    groups: Vec<usize>,
    /// Name of each module.
    called: Vec<String>,
    /// Outputs of each module.
    pub outputs: BTreeMap<usize, Outputs>,
    /// Outputs of the stack: name, type, description, value.
    declared: Vec<(String, &'static str, Option<String>, Code)>,
    /// Their names.
    output_names: RefCell<Names>,
}

/// An attribute that an output of the stack reads: module, name of the module's output, type, value.
type FoundOutput = (usize, String, &'static str, Code);

/// Owner of a module's name among the symbols of the main file.
fn module_owner(at: usize) -> String {
    format!("module {at}")
}

impl<'m, 'a> MainFile<'m, 'a> {
    pub fn new(emitter: &'m BicepEmitter<'a>, index: &'m BicepIndex, modules: &'m [Module]) -> Self {
        let groups: Vec<usize> = (0..index.nodes.len()).filter(|at| index.is_group(emitter, *at)).collect();
        let alone = modules.iter().filter(|module| module.name.is_empty()).flat_map(|module| &module.nodes);
        let own: Vec<usize> = groups.iter().chain(alone).copied().collect();
        let printer = Printer::new(emitter, index, own, None);
        let mut names = Names::new(caseless);
        let called = modules.iter().enumerate().map(|(at, module)| {
            let name = camel(&module.name);
            let wanted = [name.clone(), format!("{name}Module")];
            let of = module_owner(at);
            names.take_if(&of, &wanted, &|name| printer.unique(name, &of) == *name)
        });
        let called = called.collect();
        let outputs = RefCell::new(Names::new(caseless));
        let mut main = Self {
            emitter,
            index,
            modules,
            groups,
            called,
            outputs: BTreeMap::new(),
            declared: Vec::new(),
            output_names: outputs,
        };
        for (name, block) in &emitter.stack.program.outputs {
            main.declare(name, block);
        }
        main
    }

    /// An output of the stack, which reads attributes from outputs of modules.
    fn declare(&mut self, name: &str, block: &crate::hcl::ast::HclBlock) {
        let Some(output) = self.emitter.stack.outputs.get(name) else { return };
        let Some(written) = block.body.attribute("value") else { return };
        let lose = |why: &str| self.emitter.lose(Limitation { what: format!("output.{name}"), why: why.to_owned() });
        if output.value.sensitive_within() {
            return lose("it is sensitive, and outputs are in plain text in the deployment history");
        }
        let known = || output.value.clear().map(|clear| ids(self.emitter, clear.json()));
        let Some(code) = BicepScope::of_output(self.emitter).express(&written.expr).or_else(known) else {
            return lose("Bicep cannot express its computation");
        };
        let type_ = match (&output.value, &code) {
            (Value::Unknown(_), Code::Object(entries))
                if entries.iter().all(|(_, code)| code.read_of().is_some() && self.read_type(code) == "string") =>
            {
                "{ *: string }"
            }
            (Value::Unknown(_), Code::Object(_)) => "object",
            (Value::Unknown(_), Code::List(_)) => "array",
            (Value::Unknown(_), code) => self.read_type(code),
            (value, _) => of_value(value),
        };
        let mut found: Vec<FoundOutput> = Vec::new();
        let code = code.replace(&mut |part| {
            // The loop of an output is one of its module.
            let is_loop = matches!(part, Code::List(items) if matches!(items.as_slice(), [ListItem::Each(..)]));
            let mut read = None;
            part.visit(&mut |inner| {
                if let (true, None, Code::Get(..), Some(symbol)) = (is_loop, &read, inner, inner.read_of()) {
                    read = Some((symbol.clone(), inner.clone()));
                }
            });
            let (symbol, named) = read.or_else(|| Some((part.read_of()?.clone(), part.clone())))?;
            let (at, _) = self.index.node(&symbol)?;
            let module = self.modules.iter().position(|module| module.nodes.contains(&at))?;
            let of = &self.modules[module];
            if of.name.is_empty() {
                return None;
            }
            let called = self.output_of(module, &output_name(self.index, &symbol, &named), part, &found);
            let type_ = if is_loop { "array" } else { self.read_type(part) };
            let symbol = &self.called[module];
            let read = match (of.failover, type_) {
                (false, _) => format!("{symbol}.outputs.{called}"),
                (true, "array") => format!("({symbol}.?outputs.?{called} ?? [])"),
                (true, _) => format!("({symbol}.?outputs.?{called} ?? '')"),
            };
            found.push((module, called, type_, part.clone()));
            Some(Code::Bound(read))
        });
        for (module, called, type_, part) in found {
            self.outputs.entry(module).or_default().insert(called, (type_, part));
        }
        let wanted = [camel(name)];
        let called = self.output_names.borrow_mut().take(&format!("output.{name}"), &wanted);
        self.declared.push((called, type_, output.description.clone(), code));
    }

    /// Name of a module's output: none that another attribute has.
    fn output_of(&self, module: usize, name: &str, part: &Code, found: &[FoundOutput]) -> String {
        let of_module = self.outputs.get(&module).into_iter().flatten().map(|(called, (_, code))| (called, code));
        let now = found.iter().filter(|(other, ..)| *other == module).map(|(_, called, _, code)| (called, code));
        let known: Vec<(&String, &Code)> = of_module.chain(now).collect();
        let names = std::iter::once(name.to_owned()).chain((2_u32..).map(|number| format!("{name}{number}")));
        let fits = |name: &String| {
            known.iter().all(|(called, code)| caseless(called) != caseless(name) || (*called == name && *code == part))
        };
        names.into_iter().find(fits).unwrap_or_default()
    }

    /// Outputs that have another name than the one in camel case.
    pub fn renamed(&self) -> Vec<Rename> {
        self.output_names.borrow().renamed().cloned().collect()
    }

    /// Type of an attribute: a list only if the kind's table declares it as one.
    fn read_type(&self, code: &Code) -> &'static str {
        let address = code
            .read_of()
            .and_then(|symbol| self.index.node(symbol))
            .and_then(|(at, _)| self.index.nodes[at].instances.first());
        let kind = address.and_then(|address| self.emitter.stack.resources.get(address)).map(|resource| resource.kind);
        let is = |attribute: &&crate::kinds::Attribute| match (attribute.from, code) {
            (AttributeSource::Body(path), Code::Get(_, last)) => {
                attribute.list && path.rsplit('.').next() == Some(last)
            }
            _ => false,
        };
        let list = kind.is_some_and(|kind| kind.attributes.iter().any(|attribute| is(&attribute)));
        if list { "array" } else { "string" }
    }

    /// Text and inputs of `main.bicep`, from the inputs of each module.
    pub fn text(&self, taken: &BTreeMap<usize, BTreeSet<FileInput>>) -> (String, BTreeSet<FileInput>) {
        let alone = self.modules.iter().filter(|module| module.name.is_empty()).flat_map(|module| &module.nodes);
        let own: Vec<usize> = self.groups.iter().chain(alone).copied().collect();
        let printer = Printer::new(self.emitter, self.index, own, None);
        for (at, called) in self.called.iter().enumerate() {
            printer.unique(called, &module_owner(at));
        }
        let active = || {
            printer.inputs.borrow_mut().insert(FileInput::Active);
            self.emitter.name_of(&FileInput::Active)
        };
        let mut parts = Vec::new();
        for at in self.groups.iter().copied() {
            let when = self.index.nodes[at].failover.then(active);
            parts.push(resource(&printer, at, &[], when.as_deref()));
        }
        for (at, module) in self.modules.iter().enumerate() {
            let when = module.failover.then(active);
            let after: Vec<String> = module.after.iter().map(|one| self.called(&printer, *one)).collect();
            if module.name.is_empty() {
                parts.extend(module.nodes.iter().map(|node| resource(&printer, *node, &after, when.as_deref())));
                continue;
            }
            let none = BTreeSet::new();
            let inputs = taken.get(&at).unwrap_or(&none);
            parts.push(self.call(&printer, at, inputs, &after, when.as_deref()));
        }
        for (name, type_, description, code) in &self.declared {
            let text = printer.code(code, 0);
            let text = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'))
                .filter(|inner| !inner.contains('('))
                .unwrap_or(&text);
            let description =
                description.as_ref().map(|text| format!("@description({})\n", quoted(text))).unwrap_or_default();
            parts.push(format!("{description}output {name} {type_} = {text}\n"));
        }
        let locals = self.locals(&printer);
        let vars: Vec<String> =
            printer.vars.borrow().iter().map(|(name, text)| format!("var {name} = {text}\n")).collect();
        let inputs = printer.inputs.borrow().clone();
        let params = inputs
            .iter()
            .filter(|given| !matches!(given, FileInput::Local(_) | FileInput::Tags | FileInput::GroupName(_)));
        let params = params.map(|given| param(self.emitter, given, default(&printer, given)));
        let existing = printer.existing();
        let head = ["targetScope = 'subscription'\n".to_owned()];
        let all: Vec<String> =
            head.into_iter().chain(params).chain(locals).chain(vars).chain(existing).chain(parts).collect();
        (all.join("\n"), inputs)
    }

    /// Name of another module or resource of this file.
    fn called(&self, printer: &Printer<'_, '_>, module: usize) -> String {
        let of = &self.modules[module];
        match of.nodes.first() {
            Some(node) if of.name.is_empty() => printer.symbol_of(*node, None),
            _ => self.called[module].clone(),
        }
    }

    /// The declaration of a module.
    fn call(
        &self,
        printer: &Printer<'_, '_>,
        at: usize,
        inputs: &BTreeSet<FileInput>,
        after: &[String],
        when: Option<&str>,
    ) -> String {
        let module = &self.modules[at];
        let scope = match module.group.as_ref().map(|group| (group, self.emitter.stack.by_id(group))) {
            Some((_, Some(group))) => self.group(printer, &group.address),
            Some((group, None)) => printer.group_scope(group),
            None => "subscription()".to_owned(),
        };
        let mut params = String::new();
        for given in inputs {
            let name = self.emitter.name_of(given);
            let value = match given {
                FileInput::GroupName(group) => self.group_name(printer, group),
                other => {
                    printer.inputs.borrow_mut().insert(other.clone());
                    name.clone()
                }
            };
            let _ = writeln!(params, "    {name}: {value}");
        }
        let params = if params.is_empty() { params } else { format!("  params: {{\n{params}  }}\n") };
        let after: String = after.iter().map(|one| format!("    {one}\n")).collect();
        let after = if after.is_empty() { after } else { format!("  dependsOn: [\n{after}  ]\n") };
        let when = when.map(|name| format!(" if ({name})")).unwrap_or_default();
        format!(
            "module {} 'modules/{}.bicep' ={when} {{\n  scope: {scope}\n{params}{after}}}\n",
            self.called[at], module.name
        )
    }

    fn group(&self, printer: &Printer<'_, '_>, group: &crate::address::Address) -> String {
        let node = self.index.one(group, 0);
        node.map_or_else(|| symbol_base(group), |(node, _)| printer.symbol_of(node, None))
    }

    /// Name of a resource group; of a failover-only one, its expression.
    fn group_name(&self, printer: &Printer<'_, '_>, group: &crate::address::Address) -> String {
        match self.index.one(group, 0) {
            Some((node, _)) if self.index.nodes[node].failover => printer.code(&self.index.nodes[node].name, 0),
            _ => format!("{}.name", self.group(printer, group)),
        }
    }

    /// Used locals and the tags, each after its dependencies.
    fn locals(&self, printer: &Printer<'_, '_>) -> Vec<String> {
        let mut out = Vec::new();
        let frame = BicepScope::new(self.emitter, None);
        if printer.inputs.borrow().contains(&FileInput::Tags) {
            let written = self.emitter.stack.program.stack.as_ref().and_then(|block| block.body.attribute("tags"));
            let code = written.and_then(|tags| frame.express(&tags.expr));
            let known = || {
                let tags = Value::from(self.emitter.stack.tags.clone());
                self.emitter.evaluated(&tags, &Address::new("stack", &self.emitter.stack.name), "tags")
            };
            let text = printer.code(&code.unwrap_or_else(known), 0);
            out.push(format!("var {} = {text}\n", self.emitter.name_of(&FileInput::Tags)));
        }
        let locals: Vec<_> = self.emitter.stack.program.locals.iter().collect();
        let mut written = Vec::new();
        // A local comes before its users, so collect them from the end.
        for (name, local) in locals.into_iter().rev() {
            let given = FileInput::Local(name.to_string());
            if !printer.inputs.borrow().contains(&given) {
                continue;
            }
            let known = || {
                frame
                    .value(&local.attribute.expr)
                    .map(|value| self.emitter.evaluated(&value, &Address::new("local", name), "value"))
            };
            let code = frame.express(&local.attribute.expr).or_else(known).unwrap_or(Code::Null);
            written.push(format!("var {} = {}\n", self.emitter.name_of(&given), printer.code(&code, 0)));
        }
        out.into_iter().chain(written.into_iter().rev()).collect()
    }
}

/// A value with ids as references.
fn ids(emitter: &BicepEmitter<'_>, json: &serde_json::Value) -> Code {
    match json {
        serde_json::Value::String(text) => emitter.literal(text, Some("")),
        serde_json::Value::Array(items) => {
            Code::List(items.iter().map(|item| ListItem::One(ids(emitter, item))).collect())
        }
        serde_json::Value::Object(map) => {
            Code::Object(map.iter().map(|(name, one)| (name.clone(), ids(emitter, one))).collect())
        }
        plain => Code::json(plain),
    }
}

/// Name of an output of a module: resource and attribute.
fn output_name(index: &BicepIndex, symbol: &super::code::Symbol, code: &Code) -> String {
    let block = match &symbol.which {
        ResourceRef::Same(block, _) => Some(block),
        ResourceRef::One(_) => None,
    };
    let address = index.node(symbol).and_then(|(at, place)| index.nodes[at].instances.get(place.unwrap_or(0)));
    let mut words = Vec::new();
    let mut at = code;
    while let Code::Get(of, name) = at {
        words.push(name.as_str());
        at = of;
    }
    let last = words.first().copied().unwrap_or("id");
    let base = block.or(address).map(|address| format!("{}-{}", symbol_base(address), address.kind()));
    format!("{}{}", camel(&base.unwrap_or_default()), pascal(last))
}

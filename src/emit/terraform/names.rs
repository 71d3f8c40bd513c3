//! Names of the stack in Terraform: variables, locals, sites, resources and their attributes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::accounts;
use super::attributes::{ELEMENT, of_each};
use super::naming::TerraformNames;
use super::recipes::Recipe;
use crate::address::Address;
use crate::emit::{Limitation, secrets};
use crate::hcl::ast::{Expr, ExprKind, Ident, Root, TemplatePart, TraversalStep};
use crate::hcl::quoted;
use crate::hcl::text::{ExprWriter, NameWriter, listed};
use crate::kinds::{Kind, TerraformShape};
use crate::stack::scope::{EachInstance, Locals};
use crate::stack::{Knowledge, Presence, Resource, Stack};
use crate::value::{Map, Value};

/// The stack to emit, with the observations made while emitting.
pub(super) struct TerraformEmitter<'a> {
    pub stack: &'a Stack,
    /// Emits `import` blocks for existing resources.
    pub imports: bool,
    /// Instances of each block.
    pub instances: BTreeMap<Address, Vec<&'a Resource>>,
    /// Blocks whose resources are all failover-only.
    failover: HashSet<Address>,
    /// Blocks with `for_each` whose instances are failover-only for some values of the stack's variables.
    sometimes: HashSet<Address>,
    /// Values of names, for expressions whose text does not show what they refer to.
    pub(super) knowledge: Knowledge,
    pub(super) locals: RefCell<Locals>,
    /// Sites are objects with name and region, and not regions: some expression reads one of both by way of a value.
    pub has_sites: bool,
    /// An expression needs sites to be objects.
    pub site_objects: Cell<bool>,
    /// Name of each block.
    pub(super) resources: HashMap<Address, String>,
    /// Label of the resource beside those of a block.
    pub(super) beside: HashMap<Address, String>,
    /// Names of variables, labels and files.
    pub(super) names: TerraformNames,
    /// Files that expressions read.
    pub read: RefCell<BTreeSet<String>>,
    /// Variables for secrets in plain text in the stack, each with its description.
    pub secrets: RefCell<BTreeMap<String, String>>,
    /// Boot scripts that the stack contains as text, by path.
    pub scripts: RefCell<BTreeMap<String, String>>,
    /// Blocks that have arguments from another block, by that block.
    pub(super) mirroring: HashMap<Address, Vec<Address>>,
    /// Blocks that become nested blocks of another one.
    pub(super) nested: Vec<Address>,
    /// Arguments that a block shares with those that mirror it.
    pub(super) recipes: RefCell<BTreeMap<Address, Recipe>>,
    /// An argument is write-only, which Terraform 1.11 introduced.
    pub has_write_only: Cell<bool>,
    /// Arguments that only version 5 of the Terraform provider has.
    pub fifth: RefCell<BTreeSet<String>>,
    /// Locals with a secret in plain text, which become variables.
    pub secret_locals: BTreeSet<String>,
    /// Texts that some argument treats as secrets, which become variables wherever the stack has them in plain text.
    pub secret_texts: BTreeMap<&'a str, (Address, String)>,
    /// Limitations found while emitting.
    pub lost: RefCell<Vec<Limitation>>,
}

/// Length from which a text counts as a secret wherever it stands; shorter ones are equal to others by chance.
pub(super) const SECRET_LENGTH: usize = 8;

/// Functions that read a file of the stack, whose path is the first argument.
const READERS: &[&str] = &["file", "templatefile", "filebase64", "filesha256", "filesha512", "filebase64sha256"];

impl<'a> TerraformEmitter<'a> {
    pub fn new(stack: &'a Stack, imports: bool, has_sites: bool) -> Self {
        let mut instances: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        for resource in stack.resources.values() {
            instances.entry(resource.address.block()).or_default().push(resource);
        }
        let is_failover = |of: &Vec<&Resource>| of.iter().all(|one| one.presence == Presence::Failover);
        let failover = instances.iter().filter(|(_, of)| is_failover(of)).map(|(block, _)| block.clone()).collect();
        let mut emitter = Self {
            stack,
            imports,
            instances,
            failover,
            sometimes: HashSet::new(),
            knowledge: Knowledge::default(),
            locals: RefCell::default(),
            has_sites,
            site_objects: Cell::new(false),
            resources: HashMap::new(),
            beside: HashMap::new(),
            names: TerraformNames::new(stack),
            read: RefCell::default(),
            secrets: RefCell::default(),
            scripts: RefCell::default(),
            mirroring: Self::mirroring(stack),
            nested: Vec::new(),
            recipes: RefCell::default(),
            has_write_only: Cell::new(false),
            fifth: RefCell::default(),
            secret_locals: secrets::locals(stack),
            secret_texts: secrets::texts(stack),
            lost: RefCell::default(),
        };
        emitter.sometimes = emitter.sometimes_failover();
        emitter.nested = emitter.nested_blocks();
        emitter.label_all();
        emitter
    }

    /// The kind of a block's resources, the variant chosen.
    pub fn kind(&self, block: &Address) -> Option<&'static Kind> {
        let made = self.instances.get(block).and_then(|instances| instances.first()).map(|one| one.kind);
        made.or_else(|| self.named_kind(block))
    }

    /// The resource of a block: `aws_subnet.web`.
    pub fn resource(&self, block: &Address) -> String {
        let named = || format!("{}.{}", self.type_of(block), block.name().replace('-', "_"));
        self.resources.get(block).cloned().unwrap_or_else(named)
    }

    /// The type of that resource: `aws_subnet`.
    pub(super) fn type_of(&self, block: &Address) -> String {
        let provider = self.kind(block).map_or_else(|| super::frame::name(self.stack), Kind::terraform_provider);
        let name = self.resource_of(block);
        // Kinds of further providers have the prefix in their names.
        match name.strip_prefix(provider).is_some_and(|rest| rest.starts_with('_')) {
            true => name.to_owned(),
            false => format!("{provider}_{name}"),
        }
    }

    pub(super) fn resource_of<'b>(&self, block: &'b Address) -> &'b str {
        match self.kind(block).map_or("", |kind| kind.terraform.resource) {
            "" => block.kind(),
            of_table => of_table,
        }
    }

    /// True for a failover-only block without `for_each`, which becomes `count`.
    pub fn is_counted(&self, block: &Address) -> bool {
        !self.has_instances(block) && self.is_failover(block)
    }

    fn has_instances(&self, block: &Address) -> bool {
        self.stack.program.definitions.get(block).is_some_and(|of| of.block.body.attribute("for_each").is_some())
    }

    /// True if all resources of a block are failover-only, or if its only one is for some values of variables.
    pub fn is_failover(&self, block: &Address) -> bool {
        match self.is_sometimes(block) {
            true => !self.has_instances(block),
            false => self.failover.contains(block),
        }
    }

    /// True if the presence of a block follows from variables.
    pub(super) fn is_sometimes(&self, block: &Address) -> bool {
        self.sometimes.contains(block)
    }

    /// File of a block: that of its resource group if all its instances are in one, whatever the values of variables,
    /// otherwise `main`.
    pub fn file_of(&self, block: &Address) -> String {
        let instances = self.instances.get(block).into_iter().flatten();
        let groups: BTreeSet<Option<Address>> =
            instances.map(|one| one.group.as_ref().map(|group| group.block())).collect();
        match groups.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(group)] if !self.has_varying_group(block) => self.names.file(group),
            [] => self.named_group(block).map_or_else(|| "main".to_owned(), |group| self.names.file(&group)),
            _ => "main".to_owned(),
        }
    }

    /// True if some of the resources of a block are failover-only, and others are permanent.
    pub fn is_mixed(&self, block: &Address) -> bool {
        let is_only = |one: &&Resource| one.presence == Presence::Failover;
        let some = || self.instances.get(block).into_iter().flatten().any(is_only);
        !self.is_failover(block) && (self.is_sometimes(block) || some())
    }

    /// A site's region.
    pub fn region(&self, site: &str) -> String {
        format!("var.{}", self.location(site))
    }

    /// A site as a value.
    fn site(&self, site: &str) -> String {
        match self.has_sites {
            true => format!("local.{}[{}]", self.names.sites(), quoted(site)),
            false => self.region(site),
        }
    }

    /// Variable with a site's region.
    pub fn location(&self, site: &str) -> String {
        self.names.location(site)
    }

    /// Adds the files that expressions read. Returns those that cannot be added.
    pub fn files_read(&self, files: &mut BTreeMap<String, String>) -> Vec<Limitation> {
        let mut limitations = Vec::new();
        for path in self.read.borrow().iter() {
            let bytes = self.stack.program.reader.bytes(path).ok().flatten();
            match bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
                Some(text) => drop(files.insert(self.names.copied(path), text)),
                None => limitations
                    .push(Limitation { what: path.clone(), why: "it is not a text file; copy it here".to_owned() }),
            }
        }
        limitations
    }

    /// An id with its account as a variable, or two ids that the Terraform provider joins.
    pub fn id(&self, id: &str) -> String {
        self.id_with(id, None)
    }

    /// The same for the id of a resource, whose account is known.
    pub fn id_of(&self, resource: &Resource, id: &str) -> String {
        self.id_with(id, accounts::variable(self.stack, resource))
    }

    fn id_with(&self, id: &str, own: Option<String>) -> String {
        let one = |id: &str| match accounts::prefix(self.stack, id) {
            Some((prefix, account, variable)) => {
                let variable = own.as_ref().unwrap_or(&variable);
                let start = prefix.replace(&account, &format!("${{var.{variable}}}"));
                format!("{start}{}", quoted(&id[prefix.len()..]).trim_matches('"'))
            }
            None => quoted(id).trim_matches('"').to_owned(),
        };
        format!("\"{}\"", id.split('|').map(one).collect::<Vec<_>>().join("|"))
    }
}

/// Context of an expression.
#[derive(Clone, Copy)]
pub(super) struct TerraformScope<'e, 'a> {
    pub emitter: &'e TerraformEmitter<'a>,
    /// Name of `each` within a repeated nested block: the label of that block.
    pub each: Option<&'e str>,
    /// The value of `each` within a repeated nested block.
    pub turn: Option<&'e EachInstance>,
    /// Names of key and value in place of `each`, within a `for` over the instances of a block.
    pub entry: Option<(&'e str, &'e str)>,
    /// True within a failover-only resource.
    pub failover: bool,
    /// True where texts become keys of `for_each`: they are made of what is known before the resources exist.
    pub keys: bool,
    /// One of the instances, for facts that only its values show.
    pub instance: Option<&'a Resource>,
}

impl<'e, 'a> TerraformScope<'e, 'a> {
    /// Scope outside of all resources.
    pub fn outside(emitter: &'e TerraformEmitter<'a>) -> Self {
        Self { emitter, each: None, turn: None, entry: None, failover: false, keys: false, instance: None }
    }

    /// An expression in Terraform's names.
    pub fn expr(&self, expr: &Expr) -> String {
        ExprWriter::new(self).expr(expr)
    }

    /// The id, name or region of the resource or site that an expression refers to, or those of a list.
    pub fn reference(&self, expr: &Expr, what: &str) -> String {
        self.refers(&ExprWriter::new(self), expr, what)
    }

    fn refers(&self, writer: &ExprWriter<'_>, expr: &Expr, what: &str) -> String {
        match &expr.kind {
            ExprKind::Null => return "null".to_owned(),
            ExprKind::List(items) => return listed(items.iter().map(|item| self.refers(writer, item, what)).collect()),
            ExprKind::Parens(inner) => return format!("({})", self.refers(writer, inner, what)),
            ExprKind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let (yes, no) = (self.refers(writer, yes, what), self.refers(writer, no, what));
                return format!("{} ? {yes} : {no}", writer.expr(condition));
            }
            ExprKind::For(of) => return writer.loops(of, &|writer, value| self.refers(writer, value, what)),
            ExprKind::String(id) if what == "name" => return quoted(id.rsplit('/').next().unwrap_or_default()),
            _ => {}
        }
        let direct = self.direct(writer, expr);
        let value = self.value(writer, expr).or_else(|| direct.as_ref().map(|(block, _)| Value::Block(block.clone())));
        let text = || writer.expr(expr);
        let is_block = |value: &&Value| matches!(value.unmark().0, Value::Block(_));
        match value.as_ref().map(|value| value.unmark().0) {
            Some(Value::Block(address)) if address.kind() == "site" => match (self.emitter.has_sites, &expr.kind) {
                (false, _) => text(),
                // A site by its own name is its region.
                (true, ExprKind::Traversal { root: Root::Name(root), steps }) if &*root.text == "site" => {
                    self.of_site(writer, steps, &|site| self.emitter.region(site)).map_or_else(text, |(text, _)| text)
                }
                (true, _) => format!("{}.location", text()),
            },
            Some(Value::Block(address)) => match direct {
                Some((block, key)) if !self.stands_alone(&block) => self.literal(&block, what, key, writer),
                Some((block, None)) if self.emitter.is_counted(&block) && !self.failover => {
                    format!("one({}[*].{what})", self.emitter.resource(&block))
                }
                None if !self.stands_alone(&address.block()) => match self.emitter.stack.resources.get(address) {
                    Some(resource) => self.one_literal(resource, what),
                    None => text(),
                },
                _ => format!("{}.{what}", text()),
            },
            Some(Value::Map(map)) if map.values().any(|one| is_block(&one)) => {
                format!("values({})[*].{what}", text())
            }
            Some(Value::List(items)) if items.iter().any(|one| is_block(&one)) => {
                match items.iter().all(|one| is_block(&one)) {
                    true => format!("{}[*].{what}", text().trim_end_matches("[*]")),
                    // Ids of unmanaged resources stay as they are.
                    false => format!("[for one in {} : try(one.{what}, one)]", text()),
                }
            }
            Some(Value::String(_)) if what == "name" => format!("element(reverse(split(\"/\", {})), 0)", text()),
            // Parts of the id of an unmanaged resource, as in
            // `/subscriptions/…/resourceGroups/<4>/providers/<6>/<7>/<8>`.
            Some(Value::String(_)) if what == "resource_group_name" => format!("split(\"/\", {})[4]", text()),
            Some(Value::String(_)) if what.ends_with("_name") => format!("split(\"/\", {})[8]", text()),
            _ => text(),
        }
    }

    /// The block that an expression names by its own name, and the key of the instance.
    fn direct<'x>(&self, writer: &ExprWriter<'_>, expr: &'x Expr) -> Option<(Address, Option<&'x TraversalStep>)> {
        let ExprKind::Traversal { root: Root::Name(name), steps } = &expr.kind else { return None };
        let [TraversalStep::Attr(label), rest @ ..] = steps.as_slice() else { return None };
        if writer.is_bound(&name.text) || self.emitter.stack.catalog().kind(&name.text).is_none() {
            return None;
        }
        let block = Address::new(&name.text, &label.text);
        match rest {
            [] if self.is_looped(&block) => None,
            [] => Some((block, None)),
            [key @ TraversalStep::Index(_)] => Some((block, Some(key))),
            _ => None,
        }
    }

    fn is_looped(&self, block: &Address) -> bool {
        let written = self.emitter.stack.program.definitions.get(block);
        written.is_some_and(|of| of.block.body.attribute("for_each").is_some())
    }

    /// True for a block with a resource of its own in Terraform.
    pub(super) fn stands_alone(&self, block: &Address) -> bool {
        let shape = self.emitter.kind(block).map(|kind| kind.terraform.shape);
        matches!(shape, Some(TerraformShape::Resource))
    }

    /// Literal id or name of a resource without a Terraform equivalent; of several instances, that of the key.
    fn literal(&self, block: &Address, what: &str, key: Option<&TraversalStep>, writer: &ExprWriter<'_>) -> String {
        let all: &[&Resource] = self.emitter.instances.get(block).map_or(&[], Vec::as_slice);
        match (all, key) {
            (all, Some(TraversalStep::Index(key))) => {
                let entry = |one: &&Resource| {
                    Some(format!("{} = {}", quoted(&one.address.key()?), self.one_literal(one, what)))
                };
                let entries: Vec<String> = all.iter().filter_map(entry).collect();
                format!("{{\n{}\n}}[{}]", entries.join("\n"), writer.expr(key))
            }
            ([first, ..], _) => self.one_literal(first, what),
            ([], _) => "null".to_owned(),
        }
    }

    /// `aws_subnet.web` with the key of the instance, and the number of steps that this covers.
    fn resource_name(&self, block: &Address, rest: &[TraversalStep], writer: &ExprWriter<'_>) -> (String, usize) {
        let mut out = self.emitter.resource(block);
        let mut covered = 0;
        if let [index @ TraversalStep::Index(_), ..] = rest {
            out += &writer.steps(std::slice::from_ref(index));
            covered = 1;
        } else if self.emitter.is_counted(block) && self.failover {
            out += "[0]";
        }
        (out, covered)
    }

    /// A site with a key where it has one, and the number of steps after `site` that this covers.
    fn of_site(
        &self,
        writer: &ExprWriter<'_>,
        steps: &[TraversalStep],
        value: &dyn Fn(&str) -> String,
    ) -> Option<(String, usize)> {
        let [TraversalStep::Attr(site), rest @ ..] = steps else { return None };
        let prefix = format!("{}[\"", site.text);
        let all = self.emitter.stack.sites.keys().filter_map(|name| {
            let key = name.strip_prefix(&prefix)?.strip_suffix("\"]")?;
            Some(format!("{} = {}", quoted(key), value(name)))
        });
        let all: Vec<String> = all.collect();
        match rest {
            [TraversalStep::Index(key), ..] => Some((format!("{{ {} }}[{}]", all.join(", "), writer.expr(key)), 2)),
            _ if !all.is_empty() => Some((format!("{{ {} }}", all.join(", ")), 1)),
            _ => Some((value(&site.text), 1)),
        }
    }

    /// A resource with steps.
    fn of_resource(&self, block: &Address, rest: &[TraversalStep], writer: &ExprWriter<'_>) -> String {
        let (resource, covered) = self.resource_name(block, rest, writer);
        let after = rest.get(covered..).unwrap_or_default();
        let is_outside = self.emitter.is_counted(block) && !self.failover;
        let all: &[&Resource] = self.emitter.instances.get(block).map_or(&[], Vec::as_slice);
        let value = match rest.first() {
            Some(index @ TraversalStep::Index(_)) => self.part(writer, &blocks(all), index),
            _ if self.is_looped(block) => Some(blocks(all)),
            _ => Some(Value::Block(block.clone())),
        };
        let may_be_missing = !self.failover
            && match &value {
                Some(Value::Block(one)) => {
                    let of = self.emitter.stack.resources.get(one);
                    let is_only = of.is_some_and(|one| one.presence == Presence::Failover);
                    if of.is_none() || is_outside { self.emitter.is_failover(block) } else { is_only }
                }
                _ => false,
            };
        let Some(step) = after.first() else {
            return match rest.first() {
                _ if is_outside => format!("one({resource})"),
                Some(TraversalStep::Index(key)) if may_be_missing => {
                    format!("lookup({}, {}, null)", self.emitter.resource(block), writer.expr(key))
                }
                _ => resource,
            };
        };
        if let TraversalStep::Attr(attribute) = step
            && !self.stands_alone(block)
            && matches!(&*attribute.text, "id" | "name")
        {
            return self.literal(block, &attribute.text, rest.first(), writer) + &writer.steps(&after[1..]);
        }
        if is_outside {
            // A permanent resource reads attributes of a missing failover-only one as null.
            let inner = self.walk(writer, ELEMENT.to_owned(), value, after);
            return format!("one({})", of_each(&resource, &inner));
        }
        let text = self.walk(writer, resource, value, after);
        if may_be_missing && covered == 1 { format!("try({text}, null)") } else { text }
    }
}

/// Instances by key.
fn blocks(all: &[&Resource]) -> Value {
    let entry = |one: &&Resource| Some((one.address.key()?.into(), Value::Block(one.address.clone())));
    Value::from(all.iter().filter_map(entry).collect::<Map>())
}

impl NameWriter for TerraformScope<'_, '_> {
    fn name(&self, name: &Ident, steps: &[TraversalStep], writer: &ExprWriter<'_>) -> Option<(String, usize)> {
        let value = |covered: usize| {
            let root = Root::Name(name.clone());
            let steps = steps.get(..covered).unwrap_or_default().to_vec();
            self.value(writer, &Expr { kind: ExprKind::Traversal { root, steps }, span: name.span })
        };
        match (&*name.text, steps) {
            ("site", _) => {
                let (_, covered) = self.of_site(writer, steps, &|site| site.to_owned())?;
                match steps.get(covered) {
                    Some(TraversalStep::Attr(attribute)) if &*attribute.text == "name" => {
                        self.of_site(writer, steps, &quoted).map(|(text, covered)| (text, covered + 1))
                    }
                    Some(TraversalStep::Attr(_)) => {
                        let region = |site: &str| self.emitter.region(site);
                        self.of_site(writer, steps, &region).map(|(text, covered)| (text, covered + 1))
                    }
                    _ => self.of_site(writer, steps, &|site| self.emitter.site(site)),
                }
            }
            // Another tool makes it, so that nothing in the code can be referred to.
            ("backup", _) => (2..=steps.len()).find_map(|covered| match value(covered)? {
                Value::String(name) => Some((quoted(&name), covered)),
                _ => None,
            }),
            ("var", [TraversalStep::Attr(label), ..]) => {
                Some((format!("var.{}", self.emitter.names.variable(&label.text)), 1))
            }
            ("local", [TraversalStep::Attr(label), ..]) if self.emitter.secret_locals.contains(&*label.text) => {
                let variable = self.emitter.names.secret_local(&label.text);
                let about = format!("local.{}: in plain text in the stack, and so not in this code.", label.text);
                self.emitter.secrets.borrow_mut().insert(variable.clone(), about);
                Some((format!("var.{variable}"), 1))
            }
            ("local", [TraversalStep::Attr(label), rest @ ..]) => {
                let text = format!("local.{}", self.emitter.names.local(&label.text));
                Some((self.walk(writer, text, value(1), rest), steps.len()))
            }
            ("each", [TraversalStep::Attr(which), rest @ ..]) => {
                let text = match (self.entry, self.each) {
                    (Some((key, _)), _) if &*which.text == "key" => key.to_owned(),
                    (Some((_, value)), _) => value.to_owned(),
                    (None, each) => format!("{}.{}", each.unwrap_or("each"), which.text),
                };
                Some((self.walk(writer, text, value(1), rest), steps.len()))
            }
            (kind, [TraversalStep::Attr(label), rest @ ..]) if self.emitter.stack.catalog().kind(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                Some((self.of_resource(&block, rest, writer), steps.len()))
            }
            _ => None,
        }
    }

    fn call(&self, name: &Ident, args: &[Expr], writer: &ExprWriter<'_>) -> Option<String> {
        let path = match args.first().map(|path| &path.kind) {
            Some(ExprKind::String(path)) if READERS.contains(&&*name.text) => path,
            _ => return None,
        };
        let path = path.trim_start_matches("./");
        self.emitter.read.borrow_mut().insert(path.to_owned());
        let quoted = quoted(&self.emitter.names.copied(path));
        let rest: String = args.iter().skip(1).map(|arg| format!(", {}", writer.expr(arg))).collect();
        Some(format!("{}(\"${{path.module}}/{}{rest})", name.text, &quoted[1..]))
    }

    fn text(&self, text: &str) -> Option<String> {
        let (address, path) = self.emitter.secret_texts.get(text).filter(|_| text.len() >= SECRET_LENGTH)?;
        let variable = self.emitter.names.secret_text(address, path);
        let about = format!("{path} of {address}: in plain text in the stack, and so not in this code.");
        self.emitter.secrets.borrow_mut().insert(variable.clone(), about);
        Some(format!("var.{variable}"))
    }

    fn steps(&self, root: &Root, text: &str, steps: &[TraversalStep], writer: &ExprWriter<'_>) -> Option<String> {
        if steps.is_empty() {
            return None;
        }
        let value = match root {
            Root::Expr(inner) => self.value(writer, inner),
            Root::Name(name) => {
                let whole = ExprKind::Traversal { root: root.clone(), steps: Vec::new() };
                self.value(writer, &Expr { kind: whole, span: name.span })
            }
        };
        Some(self.walk(writer, text.to_owned(), value, steps))
    }
}

/// A text without interpolation.
pub(super) fn plain_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::String(text) => Some(text.to_string()),
        ExprKind::Template(parts) => match parts.as_slice() {
            [TemplatePart::Literal(text)] => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

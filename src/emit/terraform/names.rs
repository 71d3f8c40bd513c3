//! Names of the stack in Terraform: variables, locals, sites, resources and their attributes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::naming::TerraformNames;
use crate::address::{Address, ArmId};
use crate::emit::{Limitation, secrets};
use crate::hcl::ast::{Expr, ExprKind, Ident, Root, TemplatePart, TraversalStep};
use crate::hcl::quoted;
use crate::hcl::text::{ExprWriter, NameWriter};
use crate::kinds::{self, AttributeSource, Kind, Terraform, TerraformShape, Ty};
use crate::stack::{Presence, Resource, Stack};
use crate::value::Value;

/// The stack to emit, with the observations made while emitting.
pub(super) struct TerraformEmitter<'a> {
    pub stack: &'a Stack,
    /// Emits `import` blocks for existing resources.
    pub imports: bool,
    /// Instances of each block.
    pub instances: BTreeMap<Address, Vec<&'a Resource>>,
    /// Resources that azurerm expresses as a nested block of the resource with this id.
    pub regions: HashMap<ArmId, Vec<&'a Resource>>,
    /// Blocks whose resources are all failover-only.
    failover: HashSet<Address>,
    /// Name of each block.
    pub(super) resources: HashMap<Address, String>,
    /// Label of the resource beside those of a block.
    pub(super) beside: HashMap<Address, String>,
    /// Names of variables, labels and files.
    pub(super) names: TerraformNames,
    /// Files that expressions read.
    pub read: RefCell<BTreeSet<String>>,
    /// Variables for secrets in plain text in the stack.
    pub secrets: RefCell<BTreeSet<String>>,
    /// Arguments that only azurerm 5 has.
    pub fifth: RefCell<BTreeSet<String>>,
    /// Locals with a secret in plain text, which become variables.
    pub secret_locals: BTreeSet<String>,
    /// Limitations found while emitting.
    pub lost: RefCell<Vec<Limitation>>,
}

/// Functions that read a file of the stack, whose path is the first argument.
const READERS: &[&str] = &["file", "templatefile", "filebase64", "filesha256", "filesha512", "filebase64sha256"];

impl<'a> TerraformEmitter<'a> {
    pub fn new(stack: &'a Stack, imports: bool) -> Self {
        let mut instances: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        let mut regions: HashMap<ArmId, Vec<&Resource>> = HashMap::new();
        for resource in stack.resources.values() {
            instances.entry(resource.address.block()).or_default().push(resource);
            if let TerraformShape::Block { of, .. } = resource.kind.terraform.shape
                && let Some(id) = resource.args.get(of).and_then(Value::as_str)
            {
                regions.entry(ArmId::new(id)).or_default().push(resource);
            }
        }
        let is_failover = |of: &Vec<&Resource>| of.iter().all(|one| one.presence == Presence::Failover);
        let failover = instances.iter().filter(|(_, of)| is_failover(of)).map(|(block, _)| block.clone()).collect();
        let mut emitter = Self {
            stack,
            imports,
            instances,
            regions,
            failover,
            resources: HashMap::new(),
            beside: HashMap::new(),
            names: TerraformNames::new(stack),
            read: RefCell::default(),
            secrets: RefCell::default(),
            fifth: RefCell::default(),
            secret_locals: secrets::locals(stack),
            lost: RefCell::default(),
        };
        emitter.label_all();
        emitter
    }

    /// The kind of a block's resources, the variant chosen.
    pub fn kind(&self, block: &Address) -> Option<&'static Kind> {
        let made = self.instances.get(block).and_then(|instances| instances.first()).map(|one| one.kind);
        made.or_else(|| kinds::find(block.kind()))
    }

    /// `azurerm_subnet.web`.
    pub fn resource(&self, block: &Address) -> String {
        let named = || format!("{}.{}", self.type_of(block), block.name());
        self.resources.get(block).cloned().unwrap_or_else(named)
    }

    /// `azurerm_subnet`.
    pub(super) fn type_of(&self, block: &Address) -> String {
        let provider = self.kind(block).map_or(Terraform::BY_RULE.provider, |kind| kind.terraform.provider);
        format!("{provider}_{}", self.azurerm(block))
    }

    pub(super) fn azurerm<'b>(&self, block: &'b Address) -> &'b str {
        match self.kind(block).map_or("", |kind| kind.terraform.resource) {
            "" => block.kind(),
            of_table => of_table,
        }
    }

    /// True for a failover-only block without `for_each`, which becomes `count`.
    pub fn is_counted(&self, block: &Address) -> bool {
        let looped =
            self.stack.program.definitions.get(block).is_some_and(|of| of.block.body.attribute("for_each").is_some());
        !looped && self.is_failover(block)
    }

    /// True if all resources of a block are failover-only.
    pub fn is_failover(&self, block: &Address) -> bool {
        self.failover.contains(block)
    }

    /// File of a block: that of its resource group if all its instances are in one, otherwise `main`.
    pub fn file_of(&self, block: &Address) -> String {
        let instances = self.instances.get(block).into_iter().flatten();
        let groups: BTreeSet<Option<Address>> =
            instances.map(|one| one.group.as_ref().map(|group| group.block())).collect();
        match groups.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(group)] => self.names.file(group),
            _ => "main".to_owned(),
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

    /// An id with the subscription as a variable, or two ids that azurerm joins.
    pub fn id(&self, id: &str) -> String {
        let own = format!("/subscriptions/{}/", self.stack.subscription);
        let one = |id: &str| {
            let is_own = id.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(&own));
            let (start, rest) =
                if is_own { ("/subscriptions/${var.subscription_id}/", &id[own.len()..]) } else { ("", id) };
            format!("{start}{}", quoted(rest).trim_matches('"'))
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
    /// True within a failover-only resource.
    pub failover: bool,
    /// One of the instances, for facts that only its values show.
    pub instance: Option<&'a Resource>,
}

impl<'e, 'a> TerraformScope<'e, 'a> {
    /// An expression in Terraform's names.
    pub fn expr(&self, expr: &Expr) -> String {
        ExprWriter::new(self).expr(expr)
    }

    /// The id or name of the resource that an expression refers to.
    pub fn reference(&self, expr: &Expr, what: &str) -> String {
        self.refers(&ExprWriter::new(self), expr, what)
    }

    fn refers(&self, writer: &ExprWriter<'_>, expr: &Expr, what: &str) -> String {
        let name_of = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
        match &expr.kind {
            ExprKind::Null => "null".to_owned(),
            ExprKind::List(items) => {
                crate::hcl::text::listed(items.iter().map(|item| self.refers(writer, item, what)).collect())
            }
            ExprKind::Parens(inner) => format!("({})", self.refers(writer, inner, what)),
            ExprKind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                let (yes, no) = (self.refers(writer, yes, what), self.refers(writer, no, what));
                format!("{} ? {yes} : {no}", writer.expr(condition))
            }
            ExprKind::For(of) => writer.loops(of, &|writer, value| self.refers(writer, value, what)),
            ExprKind::String(id) if what == "name" => quoted(&name_of(id)),
            ExprKind::Traversal { root: Root::Name(name), steps } => match self.block(writer, name, steps) {
                NameMeaning::Block(block) if !self.stands_alone(&block) => {
                    self.literal(&block, what, steps.get(1), writer)
                }
                NameMeaning::Block(_) => format!("{}.{what}", writer.expr(expr)),
                NameMeaning::Blocks => format!("values({})[*].{what}", writer.expr(expr)),
                NameMeaning::Text if what == "name" => {
                    format!("element(reverse(split(\"/\", {})), 0)", writer.expr(expr))
                }
                NameMeaning::Text => writer.expr(expr),
            },
            _ => writer.expr(expr),
        }
    }

    /// True for a block with a resource of its own in Terraform.
    fn stands_alone(&self, block: &Address) -> bool {
        let shape = self.emitter.kind(block).map(|kind| kind.terraform.shape);
        matches!(shape, Some(TerraformShape::Resource))
    }

    /// Literal id or name of a resource without a Terraform equivalent; of several instances, that of the key.
    fn literal(&self, block: &Address, what: &str, key: Option<&TraversalStep>, writer: &ExprWriter<'_>) -> String {
        let text = |resource: &Resource| match what {
            "name" => quoted(&resource.name),
            _ => self.emitter.id(resource.id.as_str()),
        };
        let all: &[&Resource] = self.emitter.instances.get(block).map_or(&[], Vec::as_slice);
        match (all, key) {
            (all, Some(TraversalStep::Index(key))) => {
                let entry = |one: &&Resource| Some(format!("{} = {}", quoted(&one.address.key()?), text(one)));
                let entries: Vec<String> = all.iter().filter_map(entry).collect();
                format!("{{\n{}\n}}[{}]", entries.join("\n"), writer.expr(key))
            }
            ([first, ..], _) => text(first),
            ([], _) => "null".to_owned(),
        }
    }

    /// Target of a name with steps.
    fn block(&self, writer: &ExprWriter<'_>, name: &Ident, steps: &[TraversalStep]) -> NameMeaning {
        if writer.is_bound(&name.text) {
            // A resource in a `for` over resources, unless the steps read an attribute.
            return if matches!(steps.last(), Some(TraversalStep::Attr(_))) {
                NameMeaning::Text
            } else {
                NameMeaning::Block(Address::new("", ""))
            };
        }
        match (&*name.text, steps) {
            ("each", [TraversalStep::Attr(value), rest @ ..]) if &*value.text == "value" => self.each_value(rest),
            ("local", [TraversalStep::Attr(local), rest @ ..]) => {
                let of = self.emitter.stack.program.locals.get(&local.text);
                of.map_or(NameMeaning::Text, |of| self.denoted(writer, &of.attribute.expr, rest))
            }
            (kind, [TraversalStep::Attr(label), rest @ ..]) if kinds::find(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                let looped = self.emitter.stack.program.definitions.get(&block);
                let looped = looped.is_some_and(|of| of.block.body.attribute("for_each").is_some());
                match rest {
                    [] if looped => NameMeaning::Blocks,
                    [] | [TraversalStep::Index(_)] => NameMeaning::Block(block),
                    _ => NameMeaning::Text,
                }
            }
            _ => NameMeaning::Text,
        }
    }

    /// Target of a value with steps, as far as its text shows.
    fn denoted(&self, writer: &ExprWriter<'_>, expr: &Expr, steps: &[TraversalStep]) -> NameMeaning {
        match (&expr.kind, steps) {
            (ExprKind::Parens(inner), _) => self.denoted(writer, inner, steps),
            (ExprKind::Conditional(parts), _) => self.denoted(writer, &parts[1], steps),
            (ExprKind::Traversal { root: Root::Name(name), steps: own }, _) => {
                let all: Vec<TraversalStep> = own.iter().chain(steps).cloned().collect();
                self.block(writer, name, &all)
            }
            (ExprKind::For(of), [TraversalStep::Index(_) | TraversalStep::Attr(_), rest @ ..]) => {
                self.denoted(&writer.within(of), &of.value, rest)
            }
            (ExprKind::List(items), [TraversalStep::Index(_), rest @ ..]) => {
                items.first().map_or(NameMeaning::Text, |item| self.denoted(writer, item, rest))
            }
            // All values of a map have the same type.
            (ExprKind::Object(entries), [TraversalStep::Index(_) | TraversalStep::Attr(_), rest @ ..]) => {
                entries.first().map_or(NameMeaning::Text, |(_, value)| self.denoted(writer, value, rest))
            }
            _ => NameMeaning::Text,
        }
    }

    fn each_value(&self, steps: &[TraversalStep]) -> NameMeaning {
        let mut value = self.instance.and_then(|one| one.each.as_ref()).map(|each| each.value.clone());
        for step in steps {
            value = match (value, step) {
                (Some(Value::Map(map)), TraversalStep::Attr(name)) => map.get(&name.text).cloned(),
                _ => None,
            };
        }
        match value {
            Some(Value::Block(address)) => NameMeaning::Block(address.block()),
            _ => NameMeaning::Text,
        }
    }

    /// `azurerm_subnet.web` with the key of the instance, and the number of steps that this covers.
    fn resource_name(&self, block: &Address, rest: &[TraversalStep], writer: &ExprWriter<'_>) -> (String, usize) {
        let mut out = self.emitter.resource(block);
        let mut covered = 1;
        if let [index @ TraversalStep::Index(_), ..] = rest {
            out += &writer.steps(std::slice::from_ref(index));
            covered = 2;
        } else if self.emitter.is_counted(block) && self.failover {
            out += "[0]";
        }
        (out, covered)
    }
}

/// Target of a name.
enum NameMeaning {
    /// One resource.
    Block(Address),
    /// All instances of one, by key.
    Blocks,
    /// A value.
    Text,
}

impl NameWriter for TerraformScope<'_, '_> {
    fn name(&self, name: &Ident, steps: &[TraversalStep], writer: &ExprWriter<'_>) -> Option<(String, usize)> {
        match (&*name.text, steps) {
            ("site", [TraversalStep::Attr(site), TraversalStep::Index(key), rest @ ..]) => {
                let is_name = matches!(rest, [TraversalStep::Attr(attribute), ..] if &*attribute.text == "name");
                let prefix = format!("{}[\"", site.text);
                let all = self.emitter.stack.sites.keys().filter_map(|name| {
                    let key = name.strip_prefix(&prefix)?.strip_suffix("\"]")?;
                    let value = match is_name {
                        true => quoted(name),
                        false => format!("var.{}", self.emitter.location(name)),
                    };
                    Some(format!("{} = {value}", quoted(key)))
                });
                let all: Vec<String> = all.collect();
                let used = if matches!(rest, [TraversalStep::Attr(_), ..]) { 3 } else { 2 };
                Some((format!("{{ {} }}[{}]", all.join(", "), writer.expr(key)), used))
            }
            ("site", [TraversalStep::Attr(site), rest @ ..]) => Some(match rest {
                [TraversalStep::Attr(attribute), ..] if &*attribute.text == "name" => (quoted(&site.text), 2),
                [TraversalStep::Attr(_), ..] => (format!("var.{}", self.emitter.location(&site.text)), 2),
                _ => (format!("var.{}", self.emitter.location(&site.text)), 1),
            }),
            ("var", [TraversalStep::Attr(label), ..]) => {
                Some((format!("var.{}", self.emitter.names.variable(&label.text)), 1))
            }
            ("local", [TraversalStep::Attr(label), ..]) if self.emitter.secret_locals.contains(&*label.text) => {
                let variable = self.emitter.names.secret_local(&label.text);
                self.emitter.secrets.borrow_mut().insert(variable.clone());
                Some((format!("var.{variable}"), 1))
            }
            ("local", [TraversalStep::Attr(label), ..]) => {
                Some((format!("local.{}", self.emitter.names.local(&label.text)), 1))
            }
            ("each", [TraversalStep::Attr(_), ..]) => self.each.map(|each| (each.to_owned(), 0)),
            (kind, [TraversalStep::Attr(label), rest @ ..]) if kinds::find(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                Some(self.of_resource(&block, rest, writer))
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
}

impl TerraformScope<'_, '_> {
    fn of_resource(&self, block: &Address, rest: &[TraversalStep], writer: &ExprWriter<'_>) -> (String, usize) {
        let kind = self.emitter.kind(block);
        let (resource, covered) = self.resource_name(block, rest, writer);
        let after = rest.get(covered - 1..).unwrap_or_default();
        let Some(TraversalStep::Attr(attribute)) = after.first() else { return (resource, covered) };
        if !self.stands_alone(block) && matches!(&*attribute.text, "id" | "name") {
            return (self.literal(block, &attribute.text, rest.first(), writer), covered + 1);
        }
        let made = kind.filter(|kind| kind.terraform.made.contains(&&*attribute.text));
        let template = made.and_then(|kind| kind.attribute(&attribute.text)).and_then(|of| match of.from {
            AttributeSource::Names(template) => Some(template),
            AttributeSource::Body(_) | AttributeSource::Action(..) | AttributeSource::Exported(_) => None,
        });
        if let Some(template) = template {
            return (format!("\"{}\"", template.replace("{name}", &format!("${{{resource}.name}}"))), covered + 1);
        }
        // A permanent resource reads attributes of a missing failover-only one as null.
        let outside = self.emitter.is_counted(block) && !self.failover;
        // An argument that refers to another resource has azurerm's name.
        let arg = kind.and_then(|kind| kind.arg(&attribute.text));
        let is_reference = arg.is_some_and(|arg| matches!(arg.ty, Ty::Ref(_)));
        let (attribute, more) = match after.get(1) {
            Some(TraversalStep::Attr(next)) if is_reference && &*next.text == "id" => {
                (format!("{}_id", attribute.text), 1)
            }
            _ => (attribute.text.to_string(), 0),
        };
        let covered = covered + 1 + more;
        let looped = self.emitter.is_failover(block) && !self.failover && resource.ends_with(']');
        match (outside, looped) {
            (true, _) => (format!("one({resource}[*].{attribute})"), covered),
            (false, true) => (format!("try({resource}.{attribute}, null)"), covered),
            (false, false) => (format!("{resource}.{attribute}"), covered),
        }
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

//! The stack's names as Terraform's: variables, locals, sites, resources and what is read of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::address::{Address, ArmId};
use crate::emit::{Unsaid, secrets};
use crate::hcl::ast::{Expr, ExprKind, Ident, Part, Root, Step};
use crate::hcl::quoted;
use crate::hcl::text::{Names, Writer};
use crate::kinds::{self, From, Kind, Shape, Ty};
use crate::stack::{Presence, Resource, Stack};
use crate::value::Value;

/// What is emitted from, and what was noticed on the way.
pub(super) struct Emitter<'a> {
    pub stack: &'a Stack,
    /// Whether what stands already is imported.
    pub imports: bool,
    /// The instances of each block.
    pub instances: BTreeMap<Address, Vec<&'a Resource>>,
    /// What is a block in the resource with this id.
    pub regions: HashMap<ArmId, Vec<&'a Resource>>,
    /// The blocks all of whose resources stand only while the failover is on.
    failover: HashSet<Address>,
    /// What each block is called.
    resources: HashMap<Address, String>,
    /// Files that expressions read.
    pub read: RefCell<BTreeSet<String>>,
    /// Variables for what the stack writes in clear and nobody may see.
    pub secrets: RefCell<BTreeSet<String>>,
    /// What azurerm 5 alone can say.
    pub fifth: RefCell<BTreeSet<String>>,
    /// Locals that hold a secret in clear, and are asked for.
    pub secret_locals: BTreeSet<String>,
    /// What was found on the way that cannot be said.
    pub lost: RefCell<Vec<Unsaid>>,
}

/// Functions that read a file of the stack, whose path is the first argument.
const READERS: &[&str] = &["file", "templatefile", "filebase64", "filesha256", "filesha512", "filebase64sha256"];
/// The variable that says whether what stands during a failover does.
pub(super) const ACTIVE: &str = "failover_active";

impl<'a> Emitter<'a> {
    pub fn new(stack: &'a Stack, imports: bool) -> Self {
        let mut instances: BTreeMap<Address, Vec<&Resource>> = BTreeMap::new();
        let mut regions: HashMap<ArmId, Vec<&Resource>> = HashMap::new();
        for resource in stack.resources.values() {
            instances.entry(resource.address.block()).or_default().push(resource);
            if let Shape::Block { of, .. } = resource.kind.terraform.shape
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
            read: RefCell::default(),
            secrets: RefCell::default(),
            fifth: RefCell::default(),
            secret_locals: secrets::locals(stack),
            lost: RefCell::default(),
        };
        emitter.resources = stack.program.definitions.keys().map(|one| (one.clone(), emitter.named(one))).collect();
        emitter
    }

    /// The kind of a block's resources, the variant chosen.
    pub fn kind(&self, block: &Address) -> Option<&'static Kind> {
        let made = self.instances.get(block).and_then(|instances| instances.first()).map(|one| one.kind);
        made.or_else(|| kinds::find(block.kind()))
    }

    /// `azurerm_subnet.web`.
    pub fn resource(&self, block: &Address) -> String {
        self.resources.get(block).cloned().unwrap_or_else(|| self.named(block))
    }

    /// Where two kinds are one resource of azurerm, a label that both have is told apart by the kind.
    fn named(&self, block: &Address) -> String {
        let azurerm = self.azurerm(block);
        let other = Address::new(azurerm, block.name());
        match other != *block && self.stack.program.definitions.contains_key(&other) {
            true => format!("azurerm_{azurerm}.{}-{}", block.name(), block.kind().replace('_', "-")),
            false => format!("azurerm_{azurerm}.{}", block.name()),
        }
    }

    fn azurerm<'b>(&self, block: &'b Address) -> &'b str {
        match self.kind(block).map_or("", |kind| kind.terraform.resource) {
            "" => block.kind(),
            of_table => of_table,
        }
    }

    /// Whether what a block makes stands only while the failover is on, and is told apart by `count`.
    pub fn is_counted(&self, block: &Address) -> bool {
        let looped =
            self.stack.program.definitions.get(block).is_some_and(|of| of.block.body.attribute("for_each").is_some());
        !looped && self.is_failover(block)
    }

    /// Whether all that a block makes stands only while the failover is on.
    pub fn is_failover(&self, block: &Address) -> bool {
        self.failover.contains(block)
    }

    /// The file of a block: that of its resource group, where all its instances are in one; else `main`.
    pub fn file_of(&self, block: &Address) -> String {
        let instances = self.instances.get(block).into_iter().flatten();
        let groups: BTreeSet<Option<Address>> =
            instances.map(|one| one.group.as_ref().map(|group| group.block())).collect();
        match groups.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(group)] => group.name().to_owned(),
            _ => "main".to_owned(),
        }
    }

    /// The variable that is asked for instead of a local that holds a secret.
    fn secret_local(&self, local: &str) -> String {
        match self.stack.variables.contains_key(local) {
            true => format!("{local}_secret"),
            false => local.to_owned(),
        }
    }

    /// The variable that holds a site's region.
    pub fn location(site: &str) -> String {
        format!("{}_location", site.replace('-', "_"))
    }

    /// The files that expressions read, put beside the code; those that cannot be are told.
    pub fn files_read(&self, files: &mut BTreeMap<String, String>) -> Vec<Unsaid> {
        let mut unsaid = Vec::new();
        for path in self.read.borrow().iter() {
            let bytes = self.stack.program.reader.bytes(path).ok().flatten();
            match bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
                Some(text) => drop(files.insert(path.clone(), text)),
                None => unsaid.push(Unsaid { what: path.clone(), why: "it is no text; copy it here".to_owned() }),
            }
        }
        unsaid
    }

    /// An id with the subscription as a variable, or two that azurerm joins to one.
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

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'e, 'a> {
    pub emitter: &'e Emitter<'a>,
    /// What `each` is called: by the label of the block that repeats, within one.
    pub each: Option<&'e str>,
    /// What is written stands only while the failover is on.
    pub failover: bool,
    /// One of the instances that are written, for what only its values tell.
    pub instance: Option<&'a Resource>,
}

impl<'e, 'a> Scope<'e, 'a> {
    /// An expression in Terraform's names.
    pub fn expr(&self, expr: &Expr) -> String {
        Writer::new(self).expr(expr)
    }

    /// What an expression that refers to a resource refers to: its id, or its name.
    pub fn reference(&self, expr: &Expr, what: &str) -> String {
        self.refers(&Writer::new(self), expr, what)
    }

    fn refers(&self, writer: &Writer<'_>, expr: &Expr, what: &str) -> String {
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
                Named::Block(block) if !self.stands_alone(&block) => self.literal(&block, what, steps.get(1), writer),
                Named::Block(_) => format!("{}.{what}", writer.expr(expr)),
                Named::Blocks => format!("values({})[*].{what}", writer.expr(expr)),
                Named::Text if what == "name" => {
                    format!("element(reverse(split(\"/\", {})), 0)", writer.expr(expr))
                }
                Named::Text => writer.expr(expr),
            },
            _ => writer.expr(expr),
        }
    }

    /// Whether a block is a resource of its own in Terraform, of which something can be read.
    fn stands_alone(&self, block: &Address) -> bool {
        let shape = self.emitter.kind(block).map(|kind| kind.terraform.shape);
        matches!(shape, Some(Shape::Resource))
    }

    /// The id or name of what Terraform does not have, as it is known; of several, that of the key.
    fn literal(&self, block: &Address, what: &str, key: Option<&Step>, writer: &Writer<'_>) -> String {
        let text = |resource: &Resource| match what {
            "name" => quoted(&resource.name),
            _ => self.emitter.id(resource.id.as_str()),
        };
        let all: &[&Resource] = self.emitter.instances.get(block).map_or(&[], Vec::as_slice);
        match (all, key) {
            (all, Some(Step::Index(key))) => {
                let entry = |one: &&Resource| Some(format!("{} = {}", quoted(&one.address.key()?), text(one)));
                let entries: Vec<String> = all.iter().filter_map(entry).collect();
                format!("{{\n{}\n}}[{}]", entries.join("\n"), writer.expr(key))
            }
            ([first, ..], _) => text(first),
            ([], _) => "null".to_owned(),
        }
    }

    /// What a name with steps means.
    fn block(&self, writer: &Writer<'_>, name: &Ident, steps: &[Step]) -> Named {
        if writer.is_bound(&name.text) {
            // A resource that a `for` goes through, unless an attribute of it is read.
            return if matches!(steps.last(), Some(Step::Attr(_))) {
                Named::Text
            } else {
                Named::Block(Address::new("", ""))
            };
        }
        match (&*name.text, steps) {
            ("each", [Step::Attr(value), rest @ ..]) if &*value.text == "value" => self.each_value(rest),
            ("local", [Step::Attr(local), rest @ ..]) => {
                let of = self.emitter.stack.program.locals.get(&local.text);
                of.map_or(Named::Text, |of| self.denoted(writer, &of.attribute.expr, rest))
            }
            (kind, [Step::Attr(label), rest @ ..]) if kinds::find(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                let looped = self.emitter.stack.program.definitions.get(&block);
                let looped = looped.is_some_and(|of| of.block.body.attribute("for_each").is_some());
                match rest {
                    [] if looped => Named::Blocks,
                    [] | [Step::Index(_)] => Named::Block(block),
                    _ => Named::Text,
                }
            }
            _ => Named::Text,
        }
    }

    /// What a value with steps means, as far as its text tells.
    fn denoted(&self, writer: &Writer<'_>, expr: &Expr, steps: &[Step]) -> Named {
        match (&expr.kind, steps) {
            (ExprKind::Parens(inner), _) => self.denoted(writer, inner, steps),
            (ExprKind::Conditional(parts), _) => self.denoted(writer, &parts[1], steps),
            (ExprKind::Traversal { root: Root::Name(name), steps: own }, _) => {
                let all: Vec<Step> = own.iter().chain(steps).cloned().collect();
                self.block(writer, name, &all)
            }
            (ExprKind::For(of), [Step::Index(_) | Step::Attr(_), rest @ ..]) => {
                self.denoted(&writer.within(of), &of.value, rest)
            }
            (ExprKind::List(items), [Step::Index(_), rest @ ..]) => {
                items.first().map_or(Named::Text, |item| self.denoted(writer, item, rest))
            }
            // Values of one map are alike: what one of them is, all are.
            (ExprKind::Object(entries), [Step::Index(_) | Step::Attr(_), rest @ ..]) => {
                entries.first().map_or(Named::Text, |(_, value)| self.denoted(writer, value, rest))
            }
            _ => Named::Text,
        }
    }

    fn each_value(&self, steps: &[Step]) -> Named {
        let mut value = self.instance.and_then(|one| one.each.as_ref()).map(|each| each.value.clone());
        for step in steps {
            value = match (value, step) {
                (Some(Value::Map(map)), Step::Attr(name)) => map.get(&name.text).cloned(),
                _ => None,
            };
        }
        match value {
            Some(Value::Block(address)) => Named::Block(address.block()),
            _ => Named::Text,
        }
    }

    /// `azurerm_subnet.web`, with what tells its instances apart, and how many of the steps that covers.
    fn resource_name(&self, block: &Address, rest: &[Step], writer: &Writer<'_>) -> (String, usize) {
        let mut out = self.emitter.resource(block);
        let mut covered = 1;
        if let [index @ Step::Index(_), ..] = rest {
            out += &writer.steps(std::slice::from_ref(index));
            covered = 2;
        } else if self.emitter.is_counted(block) && self.failover {
            out += "[0]";
        }
        (out, covered)
    }
}

/// What a name means.
enum Named {
    /// One resource.
    Block(Address),
    /// All instances of one, by key.
    Blocks,
    /// A value.
    Text,
}

impl Names for Scope<'_, '_> {
    fn name(&self, name: &Ident, steps: &[Step], writer: &Writer<'_>) -> Option<(String, usize)> {
        match (&*name.text, steps) {
            ("site", [Step::Attr(site), rest @ ..]) => Some(match rest {
                [Step::Attr(attribute), ..] if &*attribute.text == "name" => (quoted(&site.text), 2),
                [Step::Attr(_), ..] => (format!("var.{}", Emitter::location(&site.text)), 2),
                _ => (format!("var.{}", Emitter::location(&site.text)), 1),
            }),
            ("local", [Step::Attr(label), ..]) if self.emitter.secret_locals.contains(&*label.text) => {
                let variable = self.emitter.secret_local(&label.text);
                self.emitter.secrets.borrow_mut().insert(variable.clone());
                Some((format!("var.{variable}"), 1))
            }
            ("each", [Step::Attr(_), ..]) => self.each.map(|each| (each.to_owned(), 0)),
            (kind, [Step::Attr(label), rest @ ..]) if kinds::find(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                Some(self.of_resource(&block, rest, writer))
            }
            _ => None,
        }
    }

    fn call(&self, name: &Ident, args: &[Expr], writer: &Writer<'_>) -> Option<String> {
        let path = match args.first().map(|path| &path.kind) {
            Some(ExprKind::String(path)) if READERS.contains(&&*name.text) => path,
            _ => return None,
        };
        let path = path.trim_start_matches("./");
        self.emitter.read.borrow_mut().insert(path.to_owned());
        let quoted = quoted(path);
        let rest: String = args.iter().skip(1).map(|arg| format!(", {}", writer.expr(arg))).collect();
        Some(format!("{}(\"${{path.module}}/{}{rest})", name.text, &quoted[1..]))
    }
}

impl Scope<'_, '_> {
    fn of_resource(&self, block: &Address, rest: &[Step], writer: &Writer<'_>) -> (String, usize) {
        let kind = self.emitter.kind(block);
        let (resource, covered) = self.resource_name(block, rest, writer);
        let after = rest.get(covered - 1..).unwrap_or_default();
        let Some(Step::Attr(attribute)) = after.first() else { return (resource, covered) };
        if !self.stands_alone(block) && matches!(&*attribute.text, "id" | "name") {
            return (self.literal(block, &attribute.text, rest.first(), writer), covered + 1);
        }
        let made = kind.filter(|kind| kind.terraform.made.contains(&&*attribute.text));
        let template = made.and_then(|kind| kind.attribute(&attribute.text)).and_then(|of| match of.from {
            From::Names(template) => Some(template),
            From::Body(_) | From::Action(..) => None,
        });
        if let Some(template) = template {
            return (format!("\"{}\"", template.replace("{name}", &format!("${{{resource}.name}}"))), covered + 1);
        }
        // From outside of the failover, what may not stand is read as null.
        let outside = self.emitter.is_counted(block) && !self.failover;
        // A reference that is read is azurerm's argument by that name.
        let arg = kind.and_then(|kind| kind.arg(&attribute.text));
        let is_reference = arg.is_some_and(|arg| matches!(arg.ty, Ty::Ref(_)));
        let (attribute, more) = match after.get(1) {
            Some(Step::Attr(next)) if is_reference && &*next.text == "id" => (format!("{}_id", attribute.text), 1),
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

/// The words of a text without interpolation.
pub(super) fn plain_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::String(text) => Some(text.to_string()),
        ExprKind::Template(parts) => match parts.as_slice() {
            [Part::Literal(text)] => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    }
}

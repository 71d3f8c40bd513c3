//! Reads of a resource or a site, in the Terraform provider's names and types: a reference to another resource is its
//! id, a block is a list or a set of blocks, and an attribute may be elsewhere or missing.

use super::accounts;
use super::names::TerraformScope;
use crate::address::Address;
use crate::emit::Limitation;
use crate::emit::merged::names_each;
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::hcl::text::ExprWriter;
use crate::hcl::{quoted, value_text};
use crate::kinds::{Arg, AttributeSource, Kind, Location, Place, RESOURCE_GROUP, Ty};
use crate::object::ObjectId;
use crate::stack::Resource;
use crate::stack::references::named_block;
use crate::value::Value;

/// A resource from which something is read.
#[derive(Clone, Copy)]
struct ReadResource<'r> {
    /// Its text in Terraform.
    text: &'r str,
    block: &'r Address,
    kind: &'static Kind,
    /// The instance, or one of them.
    one: &'r Resource,
}

/// Placeholder for an element, which no text of a stack contains.
pub(super) const ELEMENT: &str = "\u{1}";

/// A list of the reads `inner` of each element of a list: as a splat where the steps come last.
pub(super) fn of_each(list: &str, inner: &str) -> String {
    match inner.strip_prefix(ELEMENT).filter(|rest| !rest.contains(ELEMENT)) {
        Some(rest) => format!("{list}[*]{rest}"),
        None => format!("[for one in {list} : {}]", inner.replace(ELEMENT, "one")),
    }
}

impl TerraformScope<'_, '_> {
    /// A text with steps on its value.
    pub(super) fn walk(
        &self,
        writer: &ExprWriter<'_>,
        text: String,
        value: Option<Value>,
        steps: &[TraversalStep],
    ) -> String {
        let Some((step, rest)) = steps.split_first() else { return text };
        let plain = |step| format!("{text}{}", writer.steps(std::slice::from_ref(step)));
        match (value.as_ref().map(|value| value.unmark().0), step) {
            (Some(Value::Block(site)), TraversalStep::Attr(_)) if site.kind() == "site" => {
                // Only an object has a name and a region.
                self.emitter.site_objects.set(true);
                self.walk(writer, plain(step), None, rest)
            }
            (Some(Value::Block(address)), TraversalStep::Attr(_)) => {
                let (text, used) = self.read(writer, &text, address, steps);
                self.walk(writer, text, None, steps.get(used..).unwrap_or_default())
            }
            (Some(Value::List(_)), TraversalStep::Splat(_)) if !rest.is_empty() => {
                let element = value.as_ref().and_then(|value| self.part(writer, value, step));
                of_each(&text, &self.walk(writer, ELEMENT.to_owned(), element, rest))
            }
            (Some(value), step) => {
                let part = self.part(writer, value, step);
                self.walk(writer, plain(step), part, rest)
            }
            (None, step) => self.walk(writer, plain(step), None, rest),
        }
    }

    /// Text of the attribute that these steps read of a resource, and the number of steps that this covers.
    pub(super) fn read(
        &self,
        writer: &ExprWriter<'_>,
        text: &str,
        address: &Address,
        steps: &[TraversalStep],
    ) -> (String, usize) {
        let block = address.block();
        let all = self.emitter.instances.get(&block).map_or(&[][..], Vec::as_slice);
        let one = all.iter().find(|one| one.address == *address).or(all.first());
        let (Some(one), Some(kind), Some((TraversalStep::Attr(name), rest))) =
            (one, self.emitter.kind(&block), steps.split_first())
        else {
            return (format!("{text}{}", writer.steps(steps)), steps.len());
        };
        let of = ReadResource { text, block: &block, kind, one };
        let name = &*name.text;
        let made = || self.made(writer, of, name);
        let is_attribute = kind.attribute(name).is_some();
        let text = match name {
            "id" | "name" if !self.stands_alone(&block) => self.one_literal(of.one, name),
            "id" if self.keys => self.made_id(of),
            "name" if !kind.terraform.named => format!("basename({text}.id)"),
            "location" if !self.is_located(kind) => self.emitter.region(&one.site),
            _ if !self.stands_alone(&block) && kind.arg(name).is_some() && !is_attribute => self.clear(of, name),
            _ if is_attribute && (kind.terraform.made.contains(&name) || self.keys) => {
                made().unwrap_or_else(|| format!("{text}.{}", kind.terraform.place_of(name)))
            }
            _ if is_attribute => match kind.terraform.place_of(name) {
                "" => self.lost(of, name),
                place => format!("{text}.{place}"),
            },
            _ => match kind.arg(name) {
                Some(arg) => {
                    let (text, used) = self.argument(writer, of, (arg, name.to_owned()), rest);
                    return (text, used + 1);
                }
                None => format!("{text}.{}", kind.terraform.word_of(name)),
            },
        };
        (text, 1)
    }

    fn is_located(&self, kind: &Kind) -> bool {
        let in_group = matches!(kind.place, Place::Group | Place::Subscription | Place::Root(_) | Place::Beside(..))
            || kind.terraform.located;
        kind.location == Location::Regional && in_group
    }

    /// An argument of a resource, and the number of further steps that this covers.
    fn argument(
        &self,
        writer: &ExprWriter<'_>,
        of: ReadResource<'_>,
        (arg, path): (&Arg, String),
        steps: &[TraversalStep],
    ) -> (String, usize) {
        let (text, terraform) = (of.text, &of.kind.terraform);
        let name = terraform.name_of(&path, arg);
        let own = match name.split_once('.').filter(|_| !path.contains('.')) {
            Some((block, inner)) => format!("{text}.{block}[0].{inner}"),
            None => format!("{text}.{}", name.rsplit('.').next().unwrap_or(&name)),
        };
        let is_top = !path.contains('.');
        let is_set = matches!(arg.ty, Ty::Set(_)) || terraform.sets.contains(&&*path);
        match (&arg.ty, steps) {
            (Ty::Site, _) => (format!("{text}.location"), 0),
            _ if is_top && (terraform.said.contains(&&*path) || path == "presence") => (self.clear(of, &path), 0),
            (Ty::Ref(_), _) if is_top && (name.ends_with("_name") || path == RESOURCE_GROUP.name) => {
                (self.parent(writer, of, &path), 0)
            }
            (Ty::Ref(_), [TraversalStep::Attr(id), ..]) if &*id.text == "id" => (own, 1),
            (Ty::Block(table), _) => {
                let (element, used) = match (table.max, steps) {
                    (1, _) if is_set => (format!("one({own})"), 0),
                    (1, _) => (format!("{own}[0]"), 0),
                    (_, [index @ TraversalStep::Index(_), ..]) => {
                        let index = writer.steps(std::slice::from_ref(index));
                        (if is_set { format!("tolist({own}){index}") } else { format!("{own}{index}") }, 1)
                    }
                    (_, [TraversalStep::Splat(_), ..]) => (format!("{own}[*]"), 1),
                    _ => return (own, 0),
                };
                let inner = match steps.get(used) {
                    Some(TraversalStep::Attr(inner)) => table.args.iter().find(|arg| *arg.name == *inner.text),
                    _ => None,
                };
                let Some(inner) = inner else { return (element, used) };
                let path = format!("{path}.{}", inner.name);
                let of = ReadResource { text: &element, ..of };
                let (text, more) = self.argument(writer, of, (inner, path), steps.get(used + 1..).unwrap_or_default());
                (text, used + 1 + more)
            }
            (_, [index @ TraversalStep::Index(at), ..]) if is_set => {
                if let Some(item) = self.item(of, &path, &at.kind).filter(|_| !matches!(arg.ty, Ty::Set(_))) {
                    return (item, 1);
                }
                let index = writer.steps(std::slice::from_ref(index));
                let program = &self.emitter.stack.program;
                let written = program.definitions.get(of.block).and_then(|of| of.block.body.attribute(&path));
                (
                    match written.map(|written| &*written.expr).filter(|_| is_top) {
                        Some(written) if matches!(&written.kind, ExprKind::List(items) if items.len() == 1) => {
                            format!("one({own})")
                        }
                        // The list itself has an order, whatever its length.
                        Some(written @ Expr { kind: ExprKind::Traversal { .. }, .. })
                            if !names_each(written) && !matches!(arg.ty, Ty::Set(_)) =>
                        {
                            format!("{}{index}", Self { instance: None, ..*self }.expr(written))
                        }
                        _ => format!("tolist({own}){index}"),
                    },
                    1,
                )
            }
            _ => (own, 0),
        }
    }

    /// An element of a list as the stack writes it: a set in the Terraform provider has lost its order.
    fn item(&self, of: ReadResource<'_>, path: &str, index: &ExprKind) -> Option<String> {
        let body = &self.emitter.stack.program.definitions.get(of.block)?.block.body;
        let written = &body.attribute(path)?.expr;
        let (ExprKind::List(items), ExprKind::Number(at)) = (&written.kind, index) else { return None };
        let item = items.get(usize::try_from(at.as_i64()?).ok()?)?;
        (!names_each(item) && items.len() > 1).then(|| Self { instance: None, ..*self }.expr(item))
    }

    /// Id of the resource that an argument refers to, where the Terraform provider has its name only.
    fn parent(&self, writer: &ExprWriter<'_>, of: ReadResource<'_>, argument: &str) -> String {
        let written = self.emitter.stack.program.definitions.get(of.block);
        let written = written.and_then(|written| written.block.body.attribute(argument));
        // A block without `for_each` refers to one resource, which its text names.
        if let Some(written) = written.filter(|written| !names_each(&written.expr))
            && of.one.each.is_none()
            && let ExprKind::Traversal { root: Root::Name(root), .. } = &written.expr.kind
            && !writer.is_bound(&root.text)
        {
            return self.reference(&written.expr, "id");
        }
        match of.kind.place {
            Place::Group if argument == RESOURCE_GROUP.name => {
                let account = accounts::variable(self.emitter.stack, of.one).unwrap_or_default();
                let (account, group) = (format!("${{var.{account}}}"), format!("${{{}.resource_group_name}}", of.text));
                match of.kind.grammar().of_group(&account, &group) {
                    Some(id) => format!("\"{id}\""),
                    None => self.lost(of, argument),
                }
            }
            Place::Child(parent, segment) if parent == argument => {
                format!("trimsuffix({0}.id, \"/{segment}/${{{0}.name}}\")", of.text)
            }
            _ => match of.one.args.get(argument).and_then(Value::as_str) {
                Some(id) => self.emitter.id(id),
                None => self.lost(of, argument),
            },
        }
    }

    /// Literal value of an argument that the Terraform provider does not have.
    fn clear(&self, of: ReadResource<'_>, argument: &str) -> String {
        match of.one.args.get(argument).and_then(Value::clear) {
            Some(clear) => value_text(clear.json(), 0),
            None if of.one.args.contains_key(argument) => self.lost(of, argument),
            None => "null".to_owned(),
        }
    }

    /// A text that follows from names, of the attributes that it is made of.
    fn made(&self, writer: &ExprWriter<'_>, of: ReadResource<'_>, name: &str) -> Option<String> {
        let AttributeSource::Names(template) = of.kind.attribute(name)?.from else { return None };
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}')?;
            out += before;
            out += &match word {
                "name" => format!("${{{}.name}}", of.text),
                "location" => format!("${{{}.location}}", of.text),
                "id" => format!("${{{}}}", self.made_id(of)),
                "subscription" => format!("${{var.{}}}", accounts::variable(self.emitter.stack, of.one)?),
                "tenant" => format!("${{{}.tenant_id}}", of.kind.provider().terraform.first()?.client.0),
                "parent" if self.is_same(of, &|one| one.parent().map(|parent| parent.name().to_owned())) => {
                    of.one.parent()?.name().to_owned()
                }
                "parent" => return None,
                argument => {
                    let (first, inner) = argument.split_once('.').unwrap_or((argument, ""));
                    let arg = of.kind.arg(first)?;
                    let step = |name: &str| {
                        TraversalStep::Attr(crate::hcl::ast::Ident { text: name.into(), span: of.one.span })
                    };
                    let steps: Vec<TraversalStep> =
                        inner.split('.').filter(|name| !name.is_empty()).map(step).collect();
                    format!("${{{}}}", self.argument(writer, of, (arg, first.to_owned()), &steps).0)
                }
            };
            rest = after;
        }
        Some(format!("\"{out}{rest}\""))
    }

    /// True if all instances of a block have the same text of this kind.
    fn is_same(&self, of: ReadResource<'_>, text: &dyn Fn(&Resource) -> Option<String>) -> bool {
        let all = self.emitter.instances.get(of.block).map_or(&[][..], Vec::as_slice);
        all.iter().all(|one| text(one) == text(of.one))
    }

    /// Id made of names: known before the resource exists, as keys of `for_each` have to be.
    fn made_id(&self, of: ReadResource<'_>) -> String {
        let frame = |one: &Resource| match of.kind.place {
            Place::Group | Place::Subscription | Place::Root(_) | Place::Beside(..) => {
                of.kind.grammar().type_of(&one.id)
            }
            _ => one.parent().map(|parent| parent.folded()),
        };
        if !self.is_same(of, &frame) {
            return format!("{}.id", of.text);
        }
        if let Some(id) = self.made_below(of) {
            return id;
        }
        let id = self.emitter.id(of.one.id.as_str());
        let name = format!("/{}\"", of.one.id.name());
        let id = match id.strip_suffix(&name).filter(|_| of.kind.terraform.named && of.one.objects.len() == 1) {
            Some(start) => format!("{start}/${{{}.name}}\"", of.text),
            None => id,
        };
        with_named_group(of, &id).unwrap_or(id)
    }

    /// The same for a child of a resource that its block names.
    fn made_below(&self, of: ReadResource<'_>) -> Option<String> {
        let Place::Child(parent, segment) = of.kind.place else { return None };
        let program = &self.emitter.stack.program;
        let written = &program.definitions.get(of.block)?.block.body.attribute(parent)?.expr;
        let block = named_block(self.emitter.stack.catalog(), written)
            .filter(|block| self.stands_alone(block) && of.kind.terraform.named)?;
        let one = self.emitter.instances.get(&block)?.first().filter(|one| one.each.is_none())?;
        let text = self.emitter.resource(&block);
        let above = self.made_id(ReadResource { text: &text, block: &block, kind: one.kind, one });
        let above = above.strip_prefix('"')?.strip_suffix('"')?;
        Some(format!("\"{above}/{segment}/${{{}.name}}\"", of.text))
    }

    /// Literal id or name of one resource without a Terraform equivalent.
    pub(super) fn one_literal(&self, resource: &Resource, what: &str) -> String {
        match what {
            "name" => quoted(&resource.name),
            _ => self.emitter.id(resource.id.as_str()),
        }
    }

    /// `null` in place of something that the Terraform provider does not have, which the README lists.
    fn lost(&self, of: ReadResource<'_>, name: &str) -> String {
        let what = format!("{}.{name}", of.block);
        let why = format!("{} does not export it; the code has `null` in its place", of.kind.terraform_provider());
        let mut lost = self.emitter.lost.borrow_mut();
        if !lost.iter().any(|one| one.what == what) {
            lost.push(Limitation { what, why });
        }
        "null".to_owned()
    }
}

/// The text of an id with a reference to the name of its group. `None` where the text has the name of no group, or a
/// reference already.
fn with_named_group(of: ReadResource<'_>, id: &str) -> Option<String> {
    let grammar = of.kind.grammar();
    let group = grammar.group(&of.one.id).filter(|_| of.kind.place == Place::Group)?;
    let text = id.strip_prefix('"')?;
    let written = grammar.group(&ObjectId::new(text)).filter(|written| written.name() == group.name())?;
    let start = written.as_str().strip_suffix(written.name())?;
    let end = text.strip_prefix(written.as_str())?;
    Some(format!("\"{start}${{{}.resource_group_name}}{end}", of.text))
}

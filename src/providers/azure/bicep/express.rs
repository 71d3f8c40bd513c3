//! Expressions of the stack as Bicep; `None` if Bicep has no equivalent, and the caller uses the value instead.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::code::{Code, FileInput, ListItem, LoopId, LoopPart, ResourceRef, Symbol, TextPiece, joined};
use super::emitter::BicepEmitter;
use super::functions;
use crate::address::Address;
use crate::emit::merged::merged;
use crate::hcl;
use crate::hcl::ast::{self, BinaryOp, Expr, ExprKind, ForLoop, Ident, Root, TraversalStep, UnaryOp};
use crate::hcl::eval::ELEMENT_WORK;
use crate::kinds::{AttributeSource, Location};
use crate::object::ObjectId;
use crate::stack::Resource;
use crate::stack::scope::{BlockScope, EachInstance};
use crate::value::{Number, Value};

/// Current entry of a loop while its body is written.
#[derive(Debug, Clone)]
pub(super) struct LoopEntry {
    /// The loop; `None` if its entries are written out.
    pub id: Option<LoopId>,
    pub key: String,
    pub value: Value,
    /// Expression of the collection.
    pub written: Arc<Expr>,
}

/// Target of a name that a `for` binds.
#[derive(Debug, Clone)]
enum Binding {
    Code(Code),
    /// Code with the units that it took: each use repeats it.
    Repeated(Code, usize),
    Resource(Address),
}

/// Context of an expression.
#[derive(Clone)]
pub(super) struct BicepScope<'e, 'a> {
    pub emitter: &'e BicepEmitter<'a>,
    pub each: Option<LoopEntry>,
    bound: Vec<(String, Binding)>,
    /// An output, which may be a loop over resources.
    is_output: bool,
}

impl<'e, 'a> BicepScope<'e, 'a> {
    pub fn new(emitter: &'e BicepEmitter<'a>, each: Option<LoopEntry>) -> Self {
        Self { emitter, each, bound: Vec::new(), is_output: false }
    }

    /// The scope of an output.
    pub fn of_output(emitter: &'e BicepEmitter<'a>) -> Self {
        Self { is_output: true, ..Self::new(emitter, None) }
    }

    /// The same with a name bound to code that took so many units of the budget.
    pub fn with(&self, name: &str, code: Code, took: usize) -> Self {
        let mut inner = self.clone();
        inner.bound.push((name.to_owned(), Binding::Repeated(code, took)));
        inner
    }

    /// Value of an expression in this context, if known.
    pub fn value(&self, expr: &Expr) -> Option<Value> {
        if !self.bound.is_empty() {
            return None;
        }
        let each = self.each.as_ref().map(|at| EachInstance {
            key: Value::from(at.key.as_str()),
            value: at.value.clone(),
            needs: Arc::new(BTreeSet::new()),
        });
        self.emitter.with_facts(|facts| hcl::evaluate(expr, &BlockScope::new(facts, each)).ok())
    }

    /// The expression in Bicep; `None` if Bicep cannot express it.
    pub fn express(&self, expr: &Expr) -> Option<Code> {
        // A local that Bicep has no variable for is written out wherever it is used.
        self.emitter.budget().charge(ELEMENT_WORK).ok()?;
        Some(match &expr.kind {
            ExprKind::Null => Code::Null,
            ExprKind::Bool(bool) => Code::Bool(*bool),
            ExprKind::Number(Number::Int(int)) => Code::Int(*int),
            ExprKind::Number(Number::Float(float)) => Code::Float(*float),
            ExprKind::String(text) => {
                self.emitter.budget().charge(text.len()).ok()?;
                Code::text(&**text)
            }
            ExprKind::Template(parts) => self.template(parts)?,
            ExprKind::List(items) => {
                Code::List(items.iter().map(|item| self.express(item).map(ListItem::One)).collect::<Option<_>>()?)
            }
            ExprKind::Object(entries) => {
                let entry = |(name, value): &(Expr, Expr)| {
                    Some((self.express(name)?.literal()?.to_owned(), self.express(value)?))
                };
                Code::Object(entries.iter().map(entry).collect::<Option<_>>()?)
            }
            ExprKind::Traversal { root, steps } => match root {
                Root::Name(name) => self.named(name, steps)?,
                Root::Expr(inner) => self.steps(self.express(inner)?, steps)?,
            },
            ExprKind::Call { expand: true, .. } => return None,
            ExprKind::Call { name, args, .. } => functions::call(self, &name.text, args)?,
            ExprKind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                Code::If(Box::new([self.express(condition)?, self.express(yes)?, self.express(no)?]))
            }
            // Bicep divides integers and drops the remainder.
            ExprKind::Binary(_, BinaryOp::Divide, _)
                if !matches!(
                    self.value(expr).map(|value| value.unmark().0.clone()),
                    Some(Value::Number(Number::Int(_)))
                ) =>
            {
                return None;
            }
            ExprKind::Binary(sides, op, _) => {
                let [left, right] = &**sides;
                let side = |expr: &Expr| {
                    let code = self.express(expr)?;
                    let is_text = self.value(expr).is_some_and(|value| value.as_str().is_some());
                    Some(if is_text && op.takes_numbers() { Code::Call("int", vec![code]) } else { code })
                };
                Code::Binary(op.as_str(), Box::new([side(left)?, side(right)?]))
            }
            ExprKind::Unary(UnaryOp::Not, inner) => Code::Not(Box::new(self.express(inner)?)),
            ExprKind::Unary(UnaryOp::Negate, inner) => match self.express(inner)? {
                Code::Int(int) => Code::Int(-int),
                code => Code::Binary("-", Box::new([Code::Int(0), code])),
            },
            ExprKind::For(of) => self.loops(of)?,
            ExprKind::Parens(inner) => self.express(inner)?,
        })
    }

    /// A text. Bicep formats values other than strings and integers differently (`True`), so they are not expressed.
    fn template(&self, parts: &[ast::TemplatePart]) -> Option<Code> {
        if let [ast::TemplatePart::Interpolation(only)] = parts {
            return self.express(only);
        }
        let piece = |part: &ast::TemplatePart| -> Option<TextPiece> {
            Some(match part {
                ast::TemplatePart::Literal(text) => TextPiece::Literal(text.to_string()),
                ast::TemplatePart::Interpolation(expr) => {
                    let code = self.express(expr)?;
                    match self.value(expr).as_ref().map(|value| value.unmark().0) {
                        Some(Value::Null | Value::Number(Number::Float(_))) => return None,
                        Some(Value::Bool(_)) => {
                            TextPiece::Code(Code::If(Box::new([code, Code::text("true"), Code::text("false")])))
                        }
                        _ => TextPiece::Code(code),
                    }
                }
                ast::TemplatePart::If(condition, yes, no) => TextPiece::Code(Code::If(Box::new([
                    self.express(condition)?,
                    self.template(yes)?,
                    if no.is_empty() { Code::text("") } else { self.template(no)? },
                ]))),
                ast::TemplatePart::For { .. } => return None,
            })
        };
        Some(Code::Text(joined(parts.iter().map(piece).collect::<Option<Vec<_>>>()?)))
    }

    fn named(&self, name: &Ident, steps: &[TraversalStep]) -> Option<Code> {
        if let Some((_, bound)) = self.bound.iter().rev().find(|(bound, _)| *bound == *name.text) {
            return match bound {
                Binding::Code(code) => self.steps(code.clone(), steps),
                Binding::Repeated(code, took) => {
                    self.emitter.budget().charge(*took).ok()?;
                    self.steps(code.clone(), steps)
                }
                Binding::Resource(address) => self.of_resource(address, steps),
            };
        }
        match (&*name.text, steps) {
            ("var", [TraversalStep::Attr(label), rest @ ..]) => {
                let variable = self.emitter.stack.variables.get(&label.text)?;
                if has_float(&variable.value) {
                    return None;
                }
                self.steps(Code::Input(FileInput::Variable(label.text.to_string())), rest)
            }
            ("local", [TraversalStep::Attr(label), rest @ ..]) => {
                let local = self.emitter.stack.program.locals.get(&label.text)?;
                if self.emitter.secret_locals.contains(&*label.text) {
                    return self.steps(Code::Input(FileInput::Secret(self.emitter.secret_local(&label.text))), rest);
                }
                let code = match self.emitter.is_plain_local(&label.text) {
                    true => Code::Input(FileInput::Local(label.text.to_string())),
                    false => BicepScope::new(self.emitter, None).express(&local.attribute.expr)?,
                };
                self.steps(code, rest)
            }
            ("each", [TraversalStep::Attr(what), rest @ ..]) => self.of_each(&what.text, rest),
            ("site", [TraversalStep::Attr(site), inner @ .., TraversalStep::Attr(attribute)]) => {
                let name = match inner {
                    [] => Arc::clone(&site.text),
                    [TraversalStep::Index(key)] => {
                        self.emitter.fixes(key, &format!("site.{}[…]", site.text));
                        let key = self.value(key)?;
                        Address::new("site", &site.text).instance(key.as_str()?).own_name().into()
                    }
                    _ => return None,
                };
                let site = self.emitter.stack.sites.get(&name)?;
                Some(match &*attribute.text {
                    "location" => Code::Input(FileInput::Site(site.name.to_string())),
                    "name" => Code::text(&*site.name),
                    "tier" => Code::Int(i64::from(site.tier)),
                    _ => return None,
                })
            }
            (kind, [TraversalStep::Attr(label), rest @ ..]) if self.emitter.stack.catalog().kind(kind).is_some() => {
                let block = Address::new(kind, &label.text);
                match rest {
                    [TraversalStep::Index(key), rest @ ..] => {
                        self.emitter.fixes(key, &format!("{block}[…]"));
                        let value = self.value(key)?;
                        self.of_resource(&block.instance(value.as_str()?), rest)
                    }
                    rest => self.of_resource(&block, rest),
                }
            }
            _ => None,
        }
    }

    fn of_each(&self, what: &str, rest: &[TraversalStep]) -> Option<Code> {
        let at = self.each.as_ref()?;
        if what == "key" {
            let key = at.id.map_or_else(|| Code::text(&at.key), |id| Code::Each(id, LoopPart::Key));
            return self.steps(key, rest);
        }
        let mut value = &at.value;
        for (walked, step) in rest.iter().enumerate() {
            if let Value::Block(address) = value {
                return self.of_resource(address, &rest[walked..]);
            }
            value = match (value, step) {
                (Value::Map(map), TraversalStep::Attr(name)) => map.get(&name.text)?,
                (_, _) => break,
            };
        }
        if let (Value::Unknown(_), ExprKind::Object(entries)) = (value, &at.written.kind) {
            let is = |key: &Expr| matches!(&key.kind, ExprKind::String(text) if **text == *at.key);
            let (_, entry) = entries.iter().find(|(key, _)| is(key))?;
            return self.steps(BicepScope::new(self.emitter, None).express(entry)?, rest);
        }
        if has_float(value) || matches!(value, Value::Unknown(_)) {
            return None;
        }
        let code = match at.id {
            // A loop over keys has no values.
            Some(id) if !self.emitter.has_values(id) && at.value.as_str() != Some(&at.key) => return None,
            Some(id) => Code::Each(id, LoopPart::Value),
            None => self.emitter.entry(at, &Address::new("each", &at.key), "value"),
        };
        self.steps(code, rest)
    }

    /// An attribute of a resource.
    fn of_resource(&self, address: &Address, steps: &[TraversalStep]) -> Option<Code> {
        let resource = self.emitter.stack.resources.get(address)?;
        let [TraversalStep::Attr(name), rest @ ..] = steps else { return None };
        if let (Some(path), Some((_, rest))) = (exported_path(resource, &name.text, rest), rest.split_first()) {
            return self.steps(self.symbol_of(resource)?.path(path), rest);
        }
        self.steps(self.attribute(resource, &name.text)?, rest)
    }

    /// An attribute of a resource; `None` for an argument, whose value the stack has.
    pub fn attribute(&self, resource: &Resource, name: &str) -> Option<Code> {
        let kind = resource.kind;
        let symbol = || self.symbol_of(resource);
        match name {
            "id" | "name" => return Some(symbol()?.get(name)),
            "location" if kind.location == Location::Regional => {
                return Some(Code::Input(FileInput::Site(resource.site.to_string())));
            }
            _ => {}
        }
        let attribute = kind.attribute(name)?;
        match attribute.from {
            AttributeSource::Body(path) => Some(symbol()?.path(path)),
            // The parts keep their places in the resource.
            AttributeSource::Exported(_) => symbol(),
            AttributeSource::Action(action, path) => {
                let value = Code::Method(Box::new(symbol()?), action.to_owned(), Vec::new()).path(path);
                Some(if attribute.base64 { Code::Call("base64ToString", vec![value]) } else { value })
            }
            AttributeSource::Names(text) => {
                let mut pieces = Vec::new();
                let mut left = text;
                while let Some((before, after)) = left.split_once('{') {
                    let (place, after) = after.split_once('}')?;
                    pieces.push(TextPiece::Literal(before.to_owned()));
                    pieces.push(TextPiece::Code(match place {
                        "name" | "id" => symbol()?.get(place),
                        "location" => Code::Input(FileInput::Site(resource.site.to_string())),
                        "subscription" => Code::Call("subscription", Vec::new()).get("subscriptionId"),
                        "tenant" => Code::Call("tenant", Vec::new()).get("tenantId"),
                        "parent" => self.parent_name(resource)?,
                        argument => self.argument(resource, argument)?,
                    }));
                    left = after;
                }
                pieces.push(TextPiece::Literal(left.to_owned()));
                Some(Code::Text(joined(pieces)))
            }
        }
    }

    /// The name of the resource around one that is a child.
    fn parent_name(&self, resource: &Resource) -> Option<Code> {
        let mut around = std::iter::successors(resource.id.parent(), ObjectId::parent);
        let owner = around.find_map(|id| self.emitter.stack.by_id(&id))?;
        self.attribute(owner, "name")
    }

    /// An argument of a resource, by dotted path, as the expression that its block has.
    fn argument(&self, resource: &Resource, path: &str) -> Option<Code> {
        let definition = self.emitter.stack.program.definitions.get(&resource.address.block())?;
        let content = merged(&self.emitter.stack.program, definition);
        let written = match path.split_once('.') {
            None => content.attribute(path).map(|attribute| Arc::clone(&attribute.expr)),
            Some((block, inner)) => {
                let block = content.blocks.iter().map(|(one, _)| one).find(|one| &*one.ident.text == block);
                block.and_then(|block| block.body.attribute(inner)).map(|attribute| Arc::clone(&attribute.expr))
            }
        };
        // The loop of another resource is not this one's, so that its entry is written out.
        let each = self.emitter.at(resource).map(|each| LoopEntry { id: None, ..each });
        let code = written.and_then(|written| BicepScope::new(self.emitter, each).express(&written));
        code.or_else(|| {
            let mut value = resource.args.get(path.split('.').next()?)?;
            for name in path.split('.').skip(1) {
                let Value::Map(map) = value else { return None };
                value = map.get(name)?;
            }
            Some(Code::text(value.as_str()?))
        })
    }

    /// The main object of a resource; `None` if it is a part of another object.
    fn symbol_of(&self, resource: &Resource) -> Option<Code> {
        let object = resource.kind.odd.main(&(0..resource.objects.len()).collect::<Vec<_>>()).copied()?;
        let whole = resource.objects.get(object)?.within.is_none();
        let which = ResourceRef::One(resource.address.clone());
        whole.then(|| Code::Resource(Symbol { which, object, below: String::new() }))
    }

    fn steps(&self, code: Code, steps: &[TraversalStep]) -> Option<Code> {
        let [step, rest @ ..] = steps else { return Some(code) };
        let next = match step {
            TraversalStep::Attr(name) => code.get(&name.text),
            TraversalStep::Index(at) => match self.express(at)? {
                Code::Text(pieces) if Code::Text(pieces.clone()).literal().is_some() => {
                    code.get(Code::Text(pieces).literal().unwrap_or_default())
                }
                at => code.index(at),
            },
            TraversalStep::Splat(_) => {
                let each = self.steps(Code::Bound("one".to_owned()), rest)?;
                return Some(Code::Call("map", vec![code, Code::Lambda(vec!["one".to_owned()], Box::new(each))]));
            }
        };
        self.steps(next, rest)
    }

    fn loops(&self, of: &ForLoop) -> Option<Code> {
        let ForLoop { key_name, value_name, collection, key, value, grouped, condition } = of;
        if *grouped {
            return None;
        }
        let known = self.value(collection)?;
        if let Some(resources) = instances(&known) {
            return self.over_resources(of, &resources);
        }
        let is_map = matches!(known.unmark().0, Value::Map(_));
        let mut coll = self.express(collection)?;
        let mut inner = self.clone();
        let (mut names, value_of) = match (is_map, key_name) {
            (true, key_name) => {
                coll = Code::Call("items", vec![coll]);
                let one = Code::Bound("one".to_owned());
                if let Some(key_name) = key_name {
                    inner.bound.push((key_name.text.to_string(), Binding::Code(one.clone().get("key"))));
                }
                (vec!["one".to_owned()], one.get("value"))
            }
            (false, key_name) => {
                let mut names = vec![self.emitter.bound(&value_name.text)];
                let value_of = Code::Bound(names[0].clone());
                if let Some(index) = key_name {
                    let bound = self.emitter.bound(&index.text);
                    names.push(if bound == names[0] { format!("{bound}Index") } else { bound });
                    inner.bound.push((index.text.to_string(), Binding::Code(Code::Bound(names[1].clone()))));
                }
                (names, value_of)
            }
        };
        inner.bound.push((value_name.text.to_string(), Binding::Code(value_of)));
        if let Some(condition) = condition {
            // A filter changes positions.
            if names.len() > 1 {
                return None;
            }
            let keeps = Code::Lambda(names.clone(), Box::new(inner.express(condition)?));
            coll = Code::Call("filter", vec![coll, keeps]);
        }
        let value = inner.express(value)?;
        match key {
            None => {
                names.truncate(if names.len() > 1 && !uses(&value, &names[1]) { 1 } else { names.len() });
                if matches!(&value, Code::Bound(name) if names == [name.as_str()]) {
                    return Some(coll);
                }
                Some(Code::Call("map", vec![coll, Code::Lambda(names, Box::new(value))]))
            }
            Some(key) => {
                let key = inner.express(key)?;
                // The lambdas of `toObject` have no index.
                if names.len() > 1 && (uses(&value, &names[1]) || uses(&key, &names[1])) {
                    return None;
                }
                names.truncate(1);
                let lambda = |body| Code::Lambda(names.clone(), Box::new(body));
                Some(Code::Call("toObject", vec![coll, lambda(key), lambda(value)]))
            }
        }
    }

    /// A `for` over resources, written out because Bicep cannot pass resources to a lambda.
    fn over_resources(&self, of: &ForLoop, resources: &[(String, Address)]) -> Option<Code> {
        if of.condition.is_some() {
            return None;
        }
        if let Some(code) = self.over_loop(of, resources) {
            return Some(code);
        }
        let mut entries = Vec::new();
        for (key, address) in resources {
            let mut inner = self.clone();
            if let Some(name) = &of.key_name {
                inner.bound.push((name.text.to_string(), Binding::Code(Code::text(key))));
            }
            inner.bound.push((of.value_name.text.to_string(), Binding::Resource(address.clone())));
            let key = match &of.key {
                Some(key) => inner.express(key)?.literal()?.to_owned(),
                None => String::new(),
            };
            entries.push((key, inner.express(&of.value)?));
        }
        Some(match of.key {
            Some(_) => Code::Object(entries),
            None => Code::List(entries.into_iter().map(|(_, code)| ListItem::One(code)).collect()),
        })
    }
}

impl BicepScope<'_, '_> {
    /// A `for` over all resources of a loop that depends on an input: a loop as well, in an output.
    fn over_loop(&self, of: &ForLoop, resources: &[(String, Address)]) -> Option<Code> {
        let block = resources.first().map(|(_, address)| address.block()).filter(|_| self.is_output)?;
        let is_whole = resources.len() == self.emitter.instances.get(&block)?.len()
            && resources.iter().all(|(key, one)| one.block() == block && one.key().as_deref() == Some(key));
        let id = self.emitter.of_block(&block).filter(|_| is_whole)?;
        let is_fixed = self.emitter.loops.borrow().get(id).is_none_or(|one| matches!(one.collection, Code::List(_)));
        if is_fixed {
            return None;
        }
        let turn = |address: &Address| {
            let mut inner = self.clone();
            if let Some(name) = &of.key_name {
                inner.bound.push((name.text.to_string(), Binding::Code(Code::Each(id, LoopPart::Key))));
            }
            inner.bound.push((of.value_name.text.to_string(), Binding::Resource(address.clone())));
            let key = match &of.key {
                Some(key) => Some(inner.express(key)?),
                None => None,
            };
            let same = |code: Code| match code {
                Code::Resource(Symbol { which: ResourceRef::One(one), object, below }) if one == *address => {
                    Code::Resource(Symbol { which: ResourceRef::Same(block.clone(), id), object, below })
                }
                other => other,
            };
            Some((key, inner.express(&of.value)?.map(&same)))
        };
        let all = resources.iter().map(|(_, address)| turn(address)).collect::<Option<Vec<_>>>()?;
        let (key, value) = all.first().filter(|first| all.iter().all(|one| one == *first)).cloned()?;
        let Some(key) = key else { return Some(Code::List(vec![ListItem::Each(id, value)])) };
        let entry = Code::Object(vec![("key".to_owned(), key), ("value".to_owned(), value)]);
        let part = |name: &str| Code::Lambda(vec!["one".to_owned()], Box::new(Code::Bound("one".to_owned()).get(name)));
        Some(Code::Call("toObject", vec![Code::List(vec![ListItem::Each(id, entry)]), part("key"), part("value")]))
    }
}

fn uses(code: &Code, name: &str) -> bool {
    code.any(&|part| matches!(part, Code::Bound(bound) if bound == name))
}

/// Resources in a value, with their keys.
fn instances(value: &Value) -> Option<Vec<(String, Address)>> {
    let address = |value: &Value| match value {
        Value::Block(address) if address.kind() != "site" => Some(address.clone()),
        _ => None,
    };
    match value {
        Value::Map(map) if !map.is_empty() => {
            map.iter().map(|(key, one)| Some((key.to_string(), address(one)?))).collect()
        }
        Value::List(items) if !items.is_empty() => {
            items.iter().enumerate().map(|(at, one)| Some((at.to_string(), address(one)?))).collect()
        }
        _ => None,
    }
}

/// True if a value contains a fraction, which Bicep lacks.
pub(super) fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(Number::Float(_)) => true,
        Value::List(items) => items.iter().any(has_float),
        Value::Map(map) => map.values().any(has_float),
        Value::Sensitive(inner) => has_float(inner),
        Value::Number(Number::Int(_))
        | Value::Null
        | Value::Bool(_)
        | Value::String(_)
        | Value::Block(_)
        | Value::Unknown(_) => false,
    }
}

/// The path in the resource of an exported part that has a name of its own.
fn exported_path<'r>(resource: &'r Resource, attribute: &str, steps: &[TraversalStep]) -> Option<&'r str> {
    let AttributeSource::Exported(argument) = resource.kind.attribute(attribute)?.from else { return None };
    match (resource.args.get(argument)?, steps.first()?) {
        (Value::Map(named), TraversalStep::Attr(name)) => named.get(&name.text)?.as_str(),
        _ => None,
    }
}

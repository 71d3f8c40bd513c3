//! Tables against the provider's types: every path resolves, every argument is writable, and its type and values fit.

use drplan::kinds::{Arg, AttributeSource, Lit, Place, Ty, Wire};
use serde_json::Value as Json;

use super::{Table, UNLISTED_TYPES, UNLISTED_VALUES, sheets};

/// Faults of one table against the type of its object.
pub fn faults(table: &Table, faults: &mut Vec<String>) {
    let kind = table.kind;
    // A part is written in the body of its parent, and so checked against the parent's type.
    let (type_, list) = match kind.place {
        Place::Part(_, list, _, _) => {
            (kind.type_.name.rsplit_once('/').map_or("", |(parent, _)| parent), Some(list.to_owned()))
        }
        Place::Member(of) => (kind.type_.name, Some(of.every())),
        _ => (kind.type_.name, None),
    };
    if UNLISTED_TYPES.contains(&type_) {
        return;
    }
    let Some((api, schema)) = sheets::arm_type(type_) else {
        faults.push(format!("the sheets have no type `{type_}`"));
        return;
    };
    if api != kind.type_.version {
        faults.push(format!("the sheets have `{type_}` at {api}, the table at {}", kind.type_.version));
    }
    let Some(schema) = schema else { return };
    let whole = TypeNode { document: &schema, options: vec![&schema], read_only: false }.resolved();
    let body = match list.map_or(Ok(whole.clone()), |list| whole.walk(&format!("{list}[]"))) {
        Ok(body) => body,
        Err(fault) => return faults.push(fault),
    };
    let mut check = Check { table, faults };
    check.level("", kind.args, &body);
    for attribute in kind.attributes {
        if let AttributeSource::Body(path) = attribute.from
            && let Err(fault) = body.walk(path)
        {
            check.faults.push(format!("attribute `{}`: {fault}", attribute.name));
        }
    }
    for (path, lit) in kind.fixed {
        match body.walk(path) {
            Ok(spot) => check.literal(&format!("fixed `{path}`"), *lit, &spot),
            Err(fault) => check.faults.push(format!("fixed: {fault}")),
        }
    }
}

/// Node of a type; with several options where the type has several forms.
#[derive(Clone)]
struct TypeNode<'a> {
    document: &'a Json,
    options: Vec<&'a Json>,
    read_only: bool,
}

impl<'a> TypeNode<'a> {
    /// The same node with references resolved and forms expanded.
    fn resolved(mut self) -> Self {
        let mut open = std::mem::take(&mut self.options);
        while let Some(node) = open.pop() {
            self.read_only |= node.get("readOnly") == Some(&Json::Bool(true));
            if let Some(target) = node.get("$ref").and_then(Json::as_str).and_then(|to| to.strip_prefix('#')) {
                open.extend(self.document.pointer(target));
            } else {
                open.extend(node.get("oneOf").and_then(Json::as_array).into_iter().flatten());
                self.options.push(node);
            }
        }
        self
    }

    fn at(&self, options: Vec<&'a Json>) -> Self {
        Self { document: self.document, options, read_only: self.read_only }.resolved()
    }

    /// Node at a path of a table.
    fn walk(&self, path: &str) -> Result<Self, String> {
        let mut spot = self.clone();
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            let (name, bracket) = segment.split_once('[').map_or((segment, false), |(name, _)| (name, true));
            if !name.is_empty() {
                spot = spot
                    .property(name)
                    .ok_or_else(|| format!("`{path}` ends at `{name}`: it has only {}", spot.has()))?;
            }
            if bracket {
                spot = spot.elements().ok_or_else(|| format!("`{path}`: `{name}` is not a list"))?;
            }
        }
        Ok(spot)
    }

    fn property(&self, name: &str) -> Option<Self> {
        let found: Vec<&Json> = self
            .options
            .iter()
            .filter_map(|node| node.get("properties").and_then(|all| all.get(name)).or_else(|| any_property(node)))
            .collect();
        (!found.is_empty()).then(|| self.at(found))
    }

    fn elements(&self) -> Option<Self> {
        let found: Vec<&Json> = self.options.iter().filter_map(|node| node.get("items")).collect();
        (!found.is_empty()).then(|| self.at(found))
    }

    fn values(&self) -> Option<Self> {
        let found: Vec<&Json> = self.options.iter().filter_map(|node| any_property(node)).collect();
        (!found.is_empty()).then(|| self.at(found))
    }

    fn has(&self) -> String {
        let names = self.options.iter().filter_map(|node| node.get("properties").and_then(Json::as_object));
        names.flat_map(|all| all.keys().cloned()).collect::<Vec<_>>().join(", ")
    }

    /// True if one of the forms has one of these types; a form without a type accepts any value.
    fn is(&self, types: &[&str]) -> bool {
        self.options.iter().any(|node| match node.get("type").and_then(Json::as_str) {
            Some(type_) => types.contains(&type_),
            None if node.get("enum").is_some() || node.get("const").is_some() => types.contains(&"string"),
            None => true,
        })
    }

    /// Allowed values, if listed.
    fn listed(&self) -> Option<Vec<&'a Json>> {
        let mut listed = Vec::new();
        for node in &self.options {
            listed.extend(node.get("const"));
            for key in ["enum", "x-open-enum"] {
                listed.extend(node.get(key).and_then(Json::as_array).into_iter().flatten());
            }
        }
        (!listed.is_empty()).then_some(listed)
    }

    fn is_write_only(&self) -> bool {
        self.options.iter().any(|node| node.get("writeOnly") == Some(&Json::Bool(true)))
    }
}

/// Schema of additional properties of an open object.
fn any_property(node: &Json) -> Option<&Json> {
    node.get("additionalProperties").filter(|any| **any != Json::Bool(false))
}

struct Check<'a> {
    table: &'a Table,
    faults: &'a mut Vec<String>,
}

impl Check<'_> {
    fn level(&mut self, prefix: &str, args: &[Arg], body: &TypeNode<'_>) {
        for arg in args {
            let dotted = format!("{prefix}{}", arg.name);
            let path = match arg.wire {
                Wire::At(path)
                | Wire::Mapped(path, _)
                | Wire::Scaled(path, _)
                | Wire::Text(path)
                | Wire::Negated(path) => path,
                Wire::Odd | Wire::Nowhere => continue,
            };
            match body.walk(path) {
                Ok(spot) => self.argument(&dotted, arg, &spot, path.contains("[]")),
                Err(fault) => self.faults.push(format!("`{dotted}`: {fault}")),
            }
        }
    }

    fn argument(&mut self, dotted: &str, arg: &Arg, spot: &TypeNode<'_>, through_list: bool) {
        if spot.read_only {
            self.faults.push(format!("`{dotted}` is at a read-only path"));
        }
        if spot.is_write_only() && !arg.write_only {
            self.faults.push(format!("`{dotted}` is never returned by the provider, but not marked write-only"));
        }
        match (arg.wire, arg.ty) {
            (_, Ty::List(inner) | Ty::Set(inner)) if through_list => self.scalar(dotted, arg.wire, *inner, spot),
            (wire, Ty::List(inner) | Ty::Set(inner)) => match spot.elements() {
                Some(elements) => self.scalar(dotted, wire, *inner, &elements),
                None => self.faults.push(format!("`{dotted}` is a list in the table, but not in the body")),
            },
            (wire, ty) => self.scalar(dotted, wire, ty, spot),
        }
    }

    fn scalar(&mut self, dotted: &str, wire: Wire, ty: Ty, spot: &TypeNode<'_>) {
        let expected: &[&str] = match (wire, ty) {
            (Wire::Mapped(_, pairs), _) => {
                return pairs.iter().for_each(|(_, theirs)| self.literal(&format!("`{dotted}`"), *theirs, spot));
            }
            (Wire::Text(_), _) => &["string"],
            (Wire::Scaled(..), _) | (_, Ty::Integer(..) | Ty::Number(..)) => &["integer", "number"],
            (Wire::Negated(_), _) | (_, Ty::Bool) => &["boolean"],
            (_, Ty::Enum(values)) => {
                return values.iter().for_each(|value| self.literal(&format!("`{dotted}`"), Lit::Str(value), spot));
            }
            (_, Ty::String | Ty::Cidr | Ty::Ip | Ty::Duration | Ty::Ref(_) | Ty::Site | Ty::Backup) => &["string"],
            (_, Ty::List(_) | Ty::Set(_)) => &["array"],
            (_, Ty::Map(_) | Ty::Tags(_)) => {
                let inner = if let Ty::Map(inner) = ty { *inner } else { Ty::String };
                match spot.values() {
                    Some(values) => self.scalar(dotted, Wire::At(""), inner, &values),
                    None => self.faults.push(format!("`{dotted}` is a map in the table, but not in the body")),
                }
                return;
            }
            (_, Ty::Block(block)) => return self.block(dotted, block, spot),
            (_, Ty::Any) => return,
        };
        if !spot.is(expected) {
            self.faults.push(format!("`{dotted}` is {} in the body", type_of(spot)));
        }
    }

    fn block(&mut self, dotted: &str, block: &drplan::kinds::Block, spot: &TypeNode<'_>) {
        let element = if block.max == 1 { Some(spot.clone()) } else { spot.elements() };
        match element {
            Some(element) if element.is(&["object"]) => self.level(&format!("{dotted}."), block.args, &element),
            _ => self.faults.push(format!("the block `{dotted}` is {} in the body", type_of(spot))),
        }
    }

    fn literal(&mut self, what: &str, lit: Lit, spot: &TypeNode<'_>) {
        let types: &[&str] = match lit {
            Lit::Str(_) => &["string"],
            Lit::Int(_) => &["integer", "number"],
            Lit::Bool(_) => &["boolean"],
            Lit::EmptyList => &["array"],
            Lit::EmptyMap => &["object"],
        };
        if !spot.is(types) {
            self.faults.push(format!("{what} is {} in the body", type_of(spot)));
        }
        let value = lit.json();
        let text = value.as_str().unwrap_or_default();
        if spot.listed().is_some_and(|listed| !listed.contains(&&value)) && !self.table.excepted(UNLISTED_VALUES, text)
        {
            let listed = Json::from_iter(spot.listed().into_iter().flatten().cloned());
            self.faults.push(format!("{what}: the provider does not list {value}, only {listed}"));
        }
        if what.starts_with("fixed") && spot.read_only {
            self.faults.push(format!("{what} is at a read-only path"));
        }
    }
}

fn type_of(spot: &TypeNode<'_>) -> String {
    let types = spot.options.iter().filter_map(|node| node.get("type").and_then(Json::as_str));
    types.collect::<Vec<_>>().join(" or ")
}

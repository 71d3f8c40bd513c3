//! Writable properties of the provider's types: each is at the path of an argument, or among the paths that a table
//! accepts or lists as uncovered. An import lists the settings at the latter as not imported, so none may be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use drplan::kinds::{Arg, AttributeSource, Block, Kind, Place, Ty, Wire};
use serde_json::Value as Json;

use super::sheets;

/// Properties of every resource.
const EVERYWHERE: &[&str] = &["id", "name", "type", "apiVersion", "location", "tags", "etag", "systemData"];

/// Names in a body that the tables of a type know.
#[derive(Default)]
struct Known {
    /// Everything below is known, too.
    whole: bool,
    fields: BTreeMap<String, Known>,
}

impl Known {
    fn add(&mut self, path: &str) {
        let mut at = self;
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            let name = segment.split('[').next().unwrap_or(segment);
            at = at.fields.entry(name.to_owned()).or_default();
        }
        at.whole = true;
    }

    fn args(&mut self, prefix: &str, args: &[Arg]) {
        for arg in args {
            let path = match arg.wire {
                Wire::At(path)
                | Wire::Mapped(path, _)
                | Wire::Scaled(path, _)
                | Wire::Text(path)
                | Wire::Negated(path) => path,
                Wire::Odd | Wire::Nowhere => continue,
            };
            let whole = [prefix, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
            match arg.ty {
                Ty::Block(Block { args, .. }) => self.args(&whole, args),
                _ => self.add(&whole),
            }
        }
    }

    fn kind(&mut self, kind: &Kind) {
        let prefix = match kind.place {
            Place::Part(_, list, _, key) => {
                self.add(&format!("{list}.{key}"));
                list.to_owned()
            }
            Place::Member(of) => {
                self.add(&format!("{}.{}", of.every(), of.key));
                of.every()
            }
            _ => String::new(),
        };
        let prefix = prefix.as_str();
        self.args(prefix, kind.args);
        let attributes = kind.attributes.iter().filter_map(|attribute| match attribute.from {
            AttributeSource::Body(path) => Some(path),
            AttributeSource::Names(_) | AttributeSource::Exported(_) | AttributeSource::Action(..) => None,
        });
        let fixed = kind.fixed.iter().map(|(path, _)| *path);
        let others = kind.simulated.accepts.iter().chain(kind.uncovered).copied();
        for path in attributes.chain(fixed).chain(others) {
            self.add(&[prefix, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("."));
        }
        kind.simulated.embeds.iter().for_each(|segment| self.add(&format!("properties.{segment}")));
    }
}

/// A walk through a type.
struct Walk<'a> {
    document: &'a Json,
    missing: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    /// The forms of a node, or none if it is read-only.
    fn forms(&self, node: &'a Json) -> Vec<&'a Json> {
        if node.get("readOnly") == Some(&Json::Bool(true)) {
            return Vec::new();
        }
        if let Some(target) = node.get("$ref").and_then(Json::as_str).and_then(|to| to.strip_prefix('#')) {
            return self.document.pointer(target).map_or_else(Vec::new, |node| self.forms(node));
        }
        match node.get("oneOf").and_then(Json::as_array) {
            Some(several) => several.iter().flat_map(|one| self.forms(one)).chain([node]).collect(),
            None => vec![node],
        }
    }

    /// True unless everything in an object is read-only.
    fn is_writable(&self, node: &'a Json, depth: usize) -> bool {
        let forms = self.forms(node);
        let fields: Vec<&'a Json> =
            forms.iter().filter_map(|form| form.get("properties")?.as_object()).flat_map(|map| map.values()).collect();
        let any = |inner: &&'a Json| depth < 12 && self.is_writable(inner, depth + 1);
        !forms.is_empty() && (fields.is_empty() || fields.iter().any(any))
    }

    fn at(&mut self, node: &'a Json, known: Option<&Known>, path: &str, depth: usize) {
        if known.is_some_and(|known| known.whole) {
            return;
        }
        let forms = self.forms(node);
        if forms.is_empty() {
            return;
        }
        let fields: BTreeMap<&String, &'a Json> =
            forms.iter().filter_map(|form| form.get("properties")?.as_object()).flatten().collect();
        let items: Vec<&'a Json> = forms.iter().filter_map(|form| form.get("items")).collect();
        // A reference has an id, and whatever Azure shows of the object that it refers to.
        let is_reference = known.is_some_and(|known| known.fields.contains_key("id"));
        match known {
            // A name that no table knows counts once, and not for everything below it.
            None if self.is_writable(node, depth) && !is_of_another_record(path) => {
                self.missing.insert(path.to_owned());
            }
            None => {}
            Some(_) if depth > 12 || is_reference => {}
            Some(known) => {
                for (name, inner) in fields {
                    let is_general = depth == 0 && EVERYWHERE.contains(&name.as_str());
                    let is_of_element = path.ends_with("[]") && ["id", "name", "type"].contains(&name.as_str());
                    if !is_general && !is_of_element {
                        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                        self.at(inner, known.fields.get(name), &path, depth + 1);
                    }
                }
                for inner in items {
                    self.at(inner, Some(known), &format!("{path}[]"), depth + 1);
                }
            }
        }
    }
}

/// The record types of DNS share one body, in which each has a property of its own. A record set has only that of its
/// type, which is an argument.
fn is_of_another_record(path: &str) -> bool {
    let name = path.strip_prefix("properties.").unwrap_or_default();
    let types = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "caa"];
    name.strip_suffix("Records").or(name.strip_suffix("Record")).is_some_and(|type_| types.contains(&type_))
}

#[test]
fn every_writable_property_is_in_a_table() {
    if !sheets::present() {
        crate::skipped("the tables were NOT compared with the provider's types; ../shared/reference is absent");
        return;
    }
    let mut types: BTreeMap<String, Known> = BTreeMap::new();
    let tables: Vec<&'static Kind> = super::tables().iter().map(|table| table.kind).collect();
    for kind in &tables {
        let type_ = match kind.place {
            Place::Part(..) => kind.type_.name.rsplit_once('/').map_or("", |(parent, _)| parent),
            _ => kind.type_.name,
        };
        types.entry(type_.to_owned()).or_default().kind(kind);
    }
    let mut report = Vec::new();
    for (type_, known) in &types {
        let Some((_, Some(schema))) = sheets::arm_type(type_) else { continue };
        let mut walk = Walk { document: &schema, missing: BTreeSet::new() };
        walk.at(&schema, Some(known), "", 0);
        report.extend(walk.missing.into_iter().map(|path| format!("{type_}: `{path}`")));
    }
    assert!(report.is_empty(), "{} properties are in no table:\n  {}\n", report.len(), report.join("\n  "));
}

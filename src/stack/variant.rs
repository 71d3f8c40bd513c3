//! The table of a block, where an argument decides between several, or is the provider type.

use std::sync::Arc;

use crate::address::Address;
use crate::kinds::Kind;
use crate::kinds::decode::{ArgumentInput, BlockInput};
use crate::kinds::table::Variants;
use crate::object::ObjectId;
use crate::stack::scope::{Facts, plain};
use crate::value::{Map, Value};

/// The table of a block, where an argument decides.
pub(super) enum Variant {
    /// The kind's own, or the one that belongs to this kind of source.
    Known(&'static Kind, Option<&'static str>),
    /// The argument that decides it is missing or has an error.
    Undecided(&'static str),
}

pub(super) fn variant(kind: &'static Kind, written: &BlockInput, facts: &Facts<'_>) -> Variant {
    let Some(variants) = kind.variants else {
        return Variant::Known(kind.typed.map_or(kind, |table| table(&deciding(written, facts))), None);
    };
    let source = written.args.iter().find(|arg| &*arg.name.text == variants.by).map(|arg| &arg.value);
    let writes = |name: &str| written.args.iter().any(|arg| &*arg.name.text == name && !arg.value.is_null());
    let chosen = match source {
        Some(Value::Block(address)) => {
            facts.resources.get(address).and_then(|resource| variants.choose(resource.kind.name, writes))
        }
        // An id contains the type of a resource that the stack does not manage.
        Some(Value::String(id)) => {
            let is_of = |name: &str, kind: &Kind| {
                let type_ = kind.provider().kind(name).map(|kind| kind.type_.name);
                let of = kind.grammar().type_of(&ObjectId::new(Arc::clone(id))).unwrap_or_default();
                type_.is_some_and(|type_| type_.eq_ignore_ascii_case(&of))
            };
            let of = variants.of.iter().map(|(name, kind)| (Variants::parts(name).0, kind));
            let of = of.filter(|(name, kind)| is_of(name, kind)).map(|(name, _)| name).next();
            of.and_then(|of| variants.choose(of, writes))
        }
        _ => None,
    };
    chosen.map_or(Variant::Undecided(variants.by), |(name, kind)| Variant::Known(kind, Some(name)))
}

/// The known arguments of a block in plain text, with ids for references, from which the table of its type follows.
/// Arguments that decide the table. Sensitive ones do not, since ids are shown.
fn deciding(written: &BlockInput, facts: &Facts<'_>) -> serde_json::Map<String, serde_json::Value> {
    let id = |address: &Address| Some(Value::from(facts.resources.get(address)?.id.as_str()));
    let mut args = Map::new();
    for ArgumentInput { name, value, .. } in &written.args {
        match value {
            Value::Null | Value::Sensitive(_) => {}
            Value::Block(address) => args.extend(id(address).map(|id| (Arc::clone(&name.text), id))),
            value => drop(args.insert(Arc::clone(&name.text), value.clone())),
        }
    }
    for (name, inner) in &written.blocks {
        let inner: Map = inner.args.iter().map(|arg| (Arc::clone(&arg.name.text), arg.value.clone())).collect();
        args.insert(Arc::clone(&name.text), inner.into());
    }
    plain(&args)
}

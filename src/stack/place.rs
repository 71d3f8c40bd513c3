//! Where a resource is: what it is in, its site and region, and whether it always stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::decode::Written;
use crate::kinds::{Kind, Location, Place, RESOURCE_GROUP, with_article};
use crate::stack::scope::Facts;
use crate::stack::{Presence, Resource};
use crate::value::{Map, Unknown, Value};

/// The argument that says what a resource is in.
pub(super) fn argument(kind: &Kind) -> Option<&'static str> {
    match kind.place {
        Place::Subscription => None,
        Place::Group => Some(RESOURCE_GROUP.name),
        Place::Child(argument, _)
        | Place::Extension(argument)
        | Place::Part(argument, ..)
        | Place::Property(argument) => Some(argument),
    }
}

/// What a block says of its own site.
pub(super) enum Site {
    /// Nothing.
    Absent,
    /// This one, there.
    Written(Address, Span),
    /// Something that is no site, which has been told of.
    Told,
}

impl Site {
    /// What is written. A replica's `site` says where to, not where it is itself, unless it is an object of that place.
    pub(super) fn of(kind: &Kind, written: &Written) -> Self {
        let elsewhere = matches!(kind.place, Place::Part(..) | Place::Property(_)) && kind.arg("site").is_some();
        let site = written.args.iter().find(|arg| &*arg.name.text == "site" && !arg.value.is_null());
        match site.filter(|_| !elsewhere) {
            None => Self::Absent,
            Some(arg) => match &arg.value {
                Value::Block(address) => Self::Written(address.clone(), arg.span),
                _ => Self::Told,
            },
        }
    }
}

/// The resource that a new one is in, where the stack has it: its resource group, parent, scope or target.
pub(super) fn above<'b>(kind: &Kind, args: &JsonMap<String, Json>, facts: &'b Facts<'_>) -> Option<&'b Resource> {
    let id = match args.get(argument(kind)?)? {
        Json::String(id) => id.as_str(),
        Json::Array(items) => items.first()?.as_str()?,
        _ => return None,
    };
    facts.by_id.get(&ArmId::new(id)).and_then(|address| facts.resources.get(address))
}

/// The site's name and the region.
///
/// # Errors
/// What is wrong with what decides it; nothing where that has been told of.
pub(super) fn of(
    kind: &Kind,
    args: &Map,
    spans: &BTreeMap<Arc<str>, Span>,
    own: Site,
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Result<(Arc<str>, String), Option<Diagnostic>> {
    decided(kind, args, spans)?;
    let own = match own {
        Site::Absent => None,
        Site::Written(address, span) => Some((facts.sites.get(address.name()).ok_or(None)?, span)),
        Site::Told => return Err(None),
    };
    match (own, above) {
        (Some((_, span)), Some(above)) if kind.location == Location::None => {
            let what = with_article(kind.name);
            Err(Some(
                Diagnostic::error("unknown-argument", format!("{what} has no site of its own"))
                    .at(span)
                    .help(format!("It is where `{}` is; leave `site` out.", above.address)),
            ))
        }
        (Some((site, _)), _) => Ok((Arc::clone(&site.name), site.location.clone())),
        (None, Some(above)) => Ok((Arc::clone(&above.site), above.location.clone())),
        (None, None) => Err(Some(
            Diagnostic::error("missing-site", format!("where this {} is cannot be known", kind.name))
                .why("What it is in is not part of the stack, so there is no site to take.")
                .help("Write `site = site.…`."),
        )),
    }
}

/// What says where a resource is must be known and may be shown, because its id follows from it.
fn decided(kind: &Kind, args: &Map, spans: &BTreeMap<Arc<str>, Span>) -> Result<(), Option<Diagnostic>> {
    let Some(argument) = argument(kind) else { return Ok(()) };
    let placed = |problem: Diagnostic| match spans.get(argument) {
        Some(span) => Some(problem.at(*span)),
        None => Some(problem),
    };
    let value = args.get(argument).unwrap_or(&Value::Null);
    if value.sensitive_within() {
        return Err(placed(
            Diagnostic::error("wrong-value", format!("`{argument}` is sensitive"))
                .why("Ids follow from it, and ids are shown.")
                .help("Name the resource itself, or an id that may be shown."),
        ));
    }
    match value.unknown_within() {
        None => Ok(()),
        Some(unknown) if unknown.is_told() => Err(None),
        Some(unknown) => Err(placed(
            Diagnostic::error("unknown-place", format!("`{argument}` must be known before apply"))
                .label(format!("waits for {}", waits_for(&unknown)))
                .why("Ids follow from the names of what a resource is in, and those must be known before anything is made.")
                .help("Name the resource itself, or write its id."),
        )),
    }
}

/// What an unknown value waits for, in words.
pub(super) fn waits_for(unknown: &Unknown) -> String {
    unknown.waits_for.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Whether a resource always stands: as its resource group does.
pub(super) fn presence(
    kind: &Kind,
    args: &Map,
    uses: &[Address],
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Presence {
    if kind.place == Place::Subscription {
        return match args.get("presence").and_then(Value::as_str) {
            Some("failover") => Presence::Failover,
            _ => Presence::Permanent,
        };
    }
    // Of what joins several (both networks of a peering), one that comes and goes is enough.
    let joins_failover = kind.recovery.joins.is_some()
        && uses
            .iter()
            .filter_map(|used| facts.resources.get(used))
            .any(|resource| resource.presence == Presence::Failover);
    if joins_failover { Presence::Failover } else { above.map_or(Presence::Permanent, |above| above.presence) }
}

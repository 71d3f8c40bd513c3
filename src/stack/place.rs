//! The place of a resource: its parent, site and region, and its presence.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::decode::BlockInput;
use crate::kinds::{Enclosure, Kind, Location, Place, with_article};
use crate::object::ObjectId;
use crate::stack::scope::Facts;
use crate::stack::{Presence, Resource};
use crate::value::{Awaited, Map, Unknown, Value};

/// The region of what a provider without regions has.
const GLOBAL: &str = "global";

/// The arguments that the id follows from, beside the name.
fn deciding(kind: &Kind) -> impl Iterator<Item = &'static str> {
    let further = match kind.place {
        Place::Member(of) => match of.enclosure {
            Enclosure::Element(argument, ..) => [Some(of.member), Some(argument)],
            Enclosure::Whole | Enclosure::Part(_) => [Some(of.member), None],
        },
        _ => [None, None],
    };
    let of_place = kind.place.argument().or(kind.sited).into_iter().chain(kind.place.in_id());
    let of_place = of_place.chain(kind.odd.named_by.iter().copied());
    of_place.chain(further.into_iter().flatten()).filter(|argument| !argument.is_empty())
}

/// The `site` of a block.
pub(super) enum SiteSetting {
    /// Not set.
    Absent,
    /// Set, at this place.
    Written(Address, Span),
    /// Set to something with an error, which has been reported.
    Told,
}

impl SiteSetting {
    /// The site that a block sets for itself. A replica's `site` is the one that it replicates to, unless it is an
    /// object of that place.
    pub(super) fn of(kind: &Kind, written: &BlockInput) -> Self {
        let site = written.args.iter().find(|arg| &*arg.name.text == "site" && !arg.value.is_null());
        match site.filter(|_| !is_elsewhere(kind)) {
            None => Self::Absent,
            Some(arg) => match &arg.value {
                Value::Block(address) => Self::Written(address.clone(), arg.span),
                _ => Self::Told,
            },
        }
    }
}

/// The resource that another one lies in: a resource group, parent, scope or target, where the stack manages it.
pub(super) fn above<'b>(kind: &Kind, args: &JsonMap<String, Json>, facts: &'b Facts<'_>) -> Option<&'b Resource> {
    let id = match args.get(kind.place.argument().or(kind.sited)?)? {
        Json::String(id) => id.as_str(),
        Json::Array(items) => items.first()?.as_str()?,
        _ => return None,
    };
    let named = ObjectId::new(id);
    // The id may be that of something within a resource: of an object that exists as long as its parent. A group of a
    // resource that the stack does not manage says nothing about its region.
    let ids = std::iter::successors(Some(named.clone()), |id| kind.grammar().above(id));
    let found = ids.filter_map(|id| facts.by_id.get(&id)).find_map(|address| facts.resources.get(address))?;
    (found.id == named || !found.kind.place.collects()).then_some(found)
}

/// The name of the site and the region, where both are known, and the error in what decides them, where that has not
/// been reported.
pub(super) fn of(
    kind: &Kind,
    args: &Map,
    spans: &BTreeMap<Arc<str>, Span>,
    own: SiteSetting,
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> (Option<(Arc<str>, String)>, Option<Diagnostic>) {
    if let Err(problem) = decided(kind, args, spans) {
        return (None, problem);
    }
    let of_above = above.map(|above| (Arc::clone(&above.site), above.location.clone()));
    // What lies beside the resource of another provider is where that is.
    if !kind.provider().has_sites() && kind.place.is_root() {
        let provider = kind.provider();
        let problem = match own {
            SiteSetting::Written(_, span) => Some(
                Diagnostic::error(
                    "unknown-argument",
                    format!("unsupported argument `site` in {}", with_article(kind.name)),
                )
                .at(span)
                .why(format!("{} serves it from everywhere.", provider.title))
                .help("Remove `site`."),
            ),
            SiteSetting::Absent | SiteSetting::Told => None,
        };
        return (Some((provider.name.into(), GLOBAL.to_owned())), problem);
    }
    match (own, above) {
        (SiteSetting::Told, _) => (None, None),
        (SiteSetting::Written(_, span), Some(above)) if kind.location == Location::None => {
            let problem = Diagnostic::error(
                "unknown-argument",
                format!("unsupported argument `site` in {}", with_article(kind.name)),
            )
            .at(span)
            .why(format!("It is at the site of `{}`.", above.address))
            .help("Remove `site`.");
            (of_above, Some(problem))
        }
        (SiteSetting::Written(address, _), _) => {
            let site = facts.sites.get(address.own_name());
            (site.map(|site| (Arc::clone(&site.name), site.location.clone())), None)
        }
        // The site has an error: it is misspelt, or belongs to a mirrored block that is unknown.
        (SiteSetting::Absent, _) if !is_elsewhere(kind) && args.get("site").is_some_and(Value::told_within) => {
            (None, None)
        }
        (SiteSetting::Absent, Some(_)) => (of_above, None),
        // Text with a syntax error may declare the resource group that an id names.
        (SiteSetting::Absent, None) if facts.program.unread.is_some() => (None, None),
        // What has no region serves every site, also of a provider with regions.
        (SiteSetting::Absent, None) if kind.place.is_root() && kind.location == Location::None => {
            (Some((kind.provider().name.into(), GLOBAL.to_owned())), None)
        }
        (SiteSetting::Absent, None) => {
            let why = match kind.place.is_root() {
                true => "It lies in nothing that has a site.",
                false => "It takes the site of its resource group or parent, which this stack does not manage.",
            };
            let problem = Diagnostic::error("missing-site", format!("the site of this {} is unknown", kind.name))
                .why(why)
                .help("Write `site = site.…`.");
            (None, Some(problem))
        }
    }
}

/// A kind whose `site` is the site that it replicates to, and not its own.
fn is_elsewhere(kind: &Kind) -> bool {
    let is_below = match kind.place {
        Place::Child(..) => kind.location == Location::None,
        place => place.is_part() || place.is_property(),
    };
    is_below && kind.arg("site").is_some()
}

/// Reports a parent that is unknown before apply or sensitive, because ids follow from it.
fn decided(kind: &Kind, args: &Map, spans: &BTreeMap<Arc<str>, Span>) -> Result<(), Option<Diagnostic>> {
    deciding(kind).try_for_each(|argument| decided_by(argument, args, spans))
}

fn decided_by(argument: &str, args: &Map, spans: &BTreeMap<Arc<str>, Span>) -> Result<(), Option<Diagnostic>> {
    let placed = |problem: Diagnostic| match spans.get(argument) {
        Some(span) => Some(problem.at(*span)),
        None => Some(problem),
    };
    let value = args.get(argument).unwrap_or(&Value::Null);
    if value.sensitive_within() {
        return Err(placed(
            Diagnostic::error("wrong-value", format!("invalid value for `{argument}`: it is sensitive"))
                .why("Ids follow from it, and ids are shown.")
                .help("Write a reference to the resource, or an id that is not sensitive."),
        ));
    }
    match value.unknown_within() {
        None => Ok(()),
        Some(unknown) if unknown.is_told() => Err(None),
        Some(unknown) => Err(placed(
            Diagnostic::error("unknown-place", format!("invalid value for `{argument}`: it is known only after apply"))
                .label(format!("depends on {}", waits_for(&unknown)))
                .why("The id of a resource follows from it, and a plan shows ids.")
                .help("Write a reference to the resource, or its id."),
        )),
    }
}

/// The attributes that an unknown value depends on, as text.
pub(super) fn waits_for(unknown: &Unknown) -> String {
    unknown.waits_for.iter().map(Awaited::as_str).collect::<Vec<_>>().join(", ")
}

/// The presence of a resource: its own if it is a root, else that of what it lies in.
pub(super) fn presence(
    kind: &Kind,
    args: &Map,
    uses: &[Address],
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Presence {
    if kind.place.is_root() {
        return match args.get("presence").and_then(Value::as_str) {
            Some("failover") => Presence::Failover,
            _ => Presence::Permanent,
        };
    }
    // For a resource that joins several (both networks of a peering), one failover-only member is enough.
    let joins_failover = (kind.recovery.joins.is_some() || kind.link)
        && uses
            .iter()
            .filter_map(|used| facts.resources.get(used))
            .any(|resource| resource.presence == Presence::Failover);
    if joins_failover { Presence::Failover } else { above.map_or(Presence::Permanent, |above| above.presence) }
}

/// The root of a resource: that of its parent. A failover-only link in a permanent parent belongs to the
/// group of an end that is failover-only as well, so that it comes and goes with it.
pub(super) fn group(
    kind: &Kind,
    presence: Presence,
    uses: &[Address],
    above: Option<&Resource>,
    facts: &Facts<'_>,
) -> Option<Address> {
    let is_brought = kind.link && presence == Presence::Failover;
    let with_it = above.filter(|above| !is_brought || above.presence == presence);
    let mut ends = uses.iter().filter_map(|used| facts.resources.get(used));
    let brought = || ends.find(|end| is_brought && end.presence == presence);
    with_it.or_else(brought)?.group.clone()
}

//! Parses a request path: groups, a resource, a list, an action, an operation. Knows the grammar of ids, but not the
//! objects that exist.

use crate::simulator::request::ErrorResponse;

/// The type of a resource group.
pub(super) const GROUP: &str = "microsoft.resources/resourcegroups";
/// The type of a lock, which Resource Manager itself enforces.
pub(super) const LOCK: &str = "microsoft.authorization/locks";

/// The target of a request path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// `/subscriptions`.
    Subscriptions,
    /// `/subscriptions/{s}`.
    Subscription,
    /// The providers of the subscription, or one of them.
    Providers(Option<String>),
    /// `…/providers/{namespace}/register`.
    Register(String),
    /// `…/providers/{namespace}/unregister`.
    Unregister(String),
    /// `…/providers/{namespace}/checkNameAvailability`.
    NameCheck,
    /// The regions.
    Locations,
    /// The resource groups.
    Groups,
    /// The tracked resources of the subscription, or of a group (its folded id).
    Resources(Option<String>),
    /// The status of an operation.
    Status(String),
    /// The result of an operation.
    Outcome(String),
    /// A resource or a resource group.
    Resource(ResourcePath),
    /// All resources of a type (folded) directly below a scope (folded id).
    Collection { scope: String, type_: String },
    /// An action on a resource.
    Action(ResourcePath, String),
}

/// A resource as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourcePath {
    /// The segments of its id as received.
    pub(super) segments: Vec<String>,
    /// Its id, folded.
    pub(super) id: String,
    /// Its type, folded.
    pub(super) type_: String,
}

impl ResourcePath {
    /// The name as received.
    pub(super) fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The id of the parent of a child as received.
    pub(super) fn place_above(&self) -> String {
        let count = self.segments.len().saturating_sub(2);
        self.segments.iter().take(count).map(|segment| format!("/{segment}")).collect()
    }

    /// The type as received.
    pub(super) fn type_name(&self) -> String {
        let Some(at) = self.provider() else { return self.type_.clone() };
        let own = self.segments.get(at + 1..).unwrap_or_default();
        let types = own.iter().skip(1).step_by(2).map(String::as_str);
        own.first().map(String::as_str).into_iter().chain(types).collect::<Vec<_>>().join("/")
    }

    /// The folded id without the last `count` segments.
    pub(super) fn above(&self, count: usize) -> String {
        fold(self.segments.get(..self.segments.len().saturating_sub(count)).unwrap_or_default())
    }

    /// The position of the last `providers` segment, if any.
    pub(super) fn provider(&self) -> Option<usize> {
        self.segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))
    }

    /// The name of the resource group as received.
    pub(super) fn group(&self) -> Option<&str> {
        let at = self.segments.iter().position(|segment| segment.eq_ignore_ascii_case("resourcegroups"))?;
        self.segments.get(at + 1).map(String::as_str)
    }
}

/// The folded id of the resource group in a folded id.
pub(super) fn group_of(id: &str) -> Option<&str> {
    let (_, rest) = id.split_once("/resourcegroups/")?;
    let name = rest.split('/').next()?;
    id.get(..id.len() - rest.len() + name.len())
}

/// Parses a path.
///
/// # Errors
/// 404 with Azure's wording for an unknown form of path or another subscription.
pub(super) fn parse(path: &str, subscription: &str) -> Result<Target, ErrorResponse> {
    let mut segments: Vec<String> = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    // Some paths of deployments to a group omit the provider.
    let is = |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    if segments.len() > 5 && is(2, "resourceGroups") && is(4, "deployments") {
        segments.splice(4..4, ["providers", "Microsoft.Resources"].map(str::to_owned));
    }
    let words: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["subscriptions", asked, ..] = words[..]
        && asked != subscription
    {
        return Err(ErrorResponse::gateway(
            404,
            "SubscriptionNotFound",
            format!("The subscription '{asked}' could not be found."),
        ));
    }
    let last = || segments.last().cloned().unwrap_or_default();
    Ok(match words[..] {
        ["subscriptions"] => Target::Subscriptions,
        ["subscriptions", _] => Target::Subscription,
        ["subscriptions", _, "providers"] => Target::Providers(None),
        ["subscriptions", _, "providers", _] => Target::Providers(Some(last())),
        ["subscriptions", _, "providers", namespace, "register"] => Target::Register(namespace.to_owned()),
        ["subscriptions", _, "providers", namespace, "unregister"] => Target::Unregister(namespace.to_owned()),
        ["subscriptions", _, "providers", _, "checknameavailability" | "checktrafficmanagernameavailabilityv2"]
        | ["providers", _, "checktrafficmanagernameavailability"]
        | ["subscriptions", _, "providers", _, "locations", _, "checknameavailability"] => Target::NameCheck,
        ["subscriptions", _, "resourcegroups"] => Target::Groups,
        ["subscriptions", _, "resources"] => Target::Resources(None),
        ["subscriptions", _, "resourcegroups", _, "resources"] => {
            Target::Resources(Some(fold(segments.get(..4).unwrap_or_default())))
        }
        ["subscriptions", _, "operationresults", _]
        | ["subscriptions", _, "providers", _, "locations", _, "operationresults", _] => Target::Outcome(last()),
        ["subscriptions", _, "providers", _, "locations", _, "operations", _] => Target::Status(last()),
        ["subscriptions", _, "resourcegroups", _, "exporttemplate" | "moveresources" | "validatemoveresources"] => {
            let group = segments.get(..4).unwrap_or_default().to_vec();
            Target::Action(ResourcePath { id: fold(&group), segments: group, type_: GROUP.to_owned() }, last())
        }
        ["subscriptions", _, "locations"] => Target::Locations,
        ["subscriptions", _, "resourcegroups", _] => {
            Target::Resource(ResourcePath { id: fold(&segments), segments, type_: GROUP.to_owned() })
        }
        ["subscriptions", ..] => below(segments)?,
        _ => return Err(not_found(path)),
    })
}

/// The target of a path with a provider: a resource, or with an odd last segment a list or an action, depending on
/// the HTTP method.
fn below(mut segments: Vec<String>) -> Result<Target, ErrorResponse> {
    let provider = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"));
    let Some((at, namespace)) = provider.and_then(|at| Some((at, segments.get(at + 1)?))) else {
        return Err(not_found(&segments.join("/")));
    };
    let mut type_ = namespace.to_ascii_lowercase();
    let pairs = segments.get(at + 2..).unwrap_or_default();
    if pairs.is_empty() {
        return Err(not_found(&segments.join("/")));
    }
    for pair in pairs.chunks_exact(2) {
        if let [kind, _] = pair {
            type_ = format!("{type_}/{}", kind.to_ascii_lowercase());
        }
    }
    let odd = pairs.len() % 2 == 1;
    let first = pairs.len() == 1;
    let word = if odd { segments.pop().unwrap_or_default() } else { String::new() };
    if first {
        let scope = fold(segments.get(..at).unwrap_or_default());
        return Ok(Target::Collection { scope, type_: format!("{type_}/{}", word.to_ascii_lowercase()) });
    }
    let named = ResourcePath { id: fold(&segments), segments, type_ };
    Ok(if odd { Target::Action(named, word) } else { Target::Resource(named) })
}

/// Segments as a folded id.
pub(super) fn fold(segments: &[String]) -> String {
    let mut id = String::new();
    for segment in segments {
        id.push('/');
        id.push_str(&segment.to_ascii_lowercase());
    }
    id
}

fn not_found(path: &str) -> ErrorResponse {
    ErrorResponse::gateway(404, "NotFound", format!("No HTTP resource was found that matches the request '{path}'."))
}

fn decode(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match coded.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

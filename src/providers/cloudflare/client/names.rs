//! The ids of objects above the port, which follow from names, and the paths of the API below it.

use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Beginning of every id.
pub(super) const PREFIX: &str = "cloudflare:";

/// An object as its id names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// `zones/{zone}/dns_records/{type}/{name}`.
    Record { zone: &'a str, type_: &'a str, name: &'a str },
    /// `zones/{zone}/load_balancers/{name}`.
    LoadBalancer { zone: &'a str, name: &'a str },
    /// `accounts/{account}/load_balancers/pools/{name}`.
    Pool { account: &'a str, name: &'a str },
    /// `accounts/{account}/load_balancers/monitors/{name}`. Cloudflare has no name for it: its description is the name.
    Monitor { account: &'a str, name: &'a str },
}

impl<'a> Named<'a> {
    /// The object of an id.
    ///
    /// # Errors
    /// A refusal of an id that has none of these forms.
    pub(super) fn of(id: &'a ObjectId) -> Result<Self, CloudError> {
        let rest = id.as_str().strip_prefix(PREFIX).unwrap_or_default();
        let segments: Vec<&str> = rest.split('/').collect();
        match segments.as_slice() {
            ["zones", zone, "dns_records", type_, name] => Ok(Self::Record { zone, type_, name }),
            ["zones", zone, "load_balancers", name] => Ok(Self::LoadBalancer { zone, name }),
            ["accounts", account, "load_balancers", "pools", name] => Ok(Self::Pool { account, name }),
            ["accounts", account, "load_balancers", "monitors", name] => Ok(Self::Monitor { account, name }),
            _ => Err(refused(Reason::Invalid, "UnknownId", format!("`{id}` is not the id of an object of Cloudflare"))),
        }
    }

    /// The properties by which Cloudflare's list shows the object.
    pub(super) fn natural_key(&self) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::Record { type_, name, .. } => vec![("type", type_), ("name", name)],
            Self::LoadBalancer { name, .. } | Self::Pool { name, .. } => vec![("name", name)],
            Self::Monitor { name, .. } => vec![("description", name)],
        }
    }
}

/// A list of objects, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed<'a> {
    Records(&'a str),
    LoadBalancers(&'a str),
    Pools(&'a str),
    Monitors(&'a str),
}

impl<'a> Listed<'a> {
    /// The list at a path, if it is one of Cloudflare's.
    pub(super) fn of(path: &'a ObjectId) -> Option<Self> {
        let rest = path.as_str().strip_prefix(PREFIX)?;
        let segments: Vec<&str> = rest.split('/').collect();
        match segments.as_slice() {
            ["zones", zone, "dns_records"] => Some(Self::Records(zone)),
            ["zones", zone, "load_balancers"] => Some(Self::LoadBalancers(zone)),
            ["accounts", account, "load_balancers", "pools"] => Some(Self::Pools(account)),
            ["accounts", account, "load_balancers", "monitors"] => Some(Self::Monitors(account)),
            _ => None,
        }
    }

    /// The list that has an object.
    pub(super) const fn with(named: &Named<'a>) -> Self {
        match named {
            Named::Record { zone, .. } => Self::Records(zone),
            Named::LoadBalancer { zone, .. } => Self::LoadBalancers(zone),
            Named::Pool { account, .. } => Self::Pools(account),
            Named::Monitor { account, .. } => Self::Monitors(account),
        }
    }

    /// The zone of the list, as its path has it; `None` for a list of an account.
    pub(super) const fn zone(self) -> Option<&'a str> {
        match self {
            Self::Records(zone) | Self::LoadBalancers(zone) => Some(zone),
            Self::Pools(_) | Self::Monitors(_) => None,
        }
    }

    /// The path of the API, with the zone's id.
    pub(super) fn path(self, zone: &str) -> String {
        match self {
            Self::Records(_) => format!("zones/{zone}/dns_records"),
            Self::LoadBalancers(_) => format!("zones/{zone}/load_balancers"),
            Self::Pools(account) => format!("accounts/{account}/load_balancers/pools"),
            Self::Monitors(account) => format!("accounts/{account}/load_balancers/monitors"),
        }
    }

    /// The id of an element with this body; `None` where the body has no name.
    pub(super) fn id(self, body: &serde_json::Value) -> Option<ObjectId> {
        let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty() && !text.contains('/'));
        let rest = match self {
            Self::Records(zone) => format!("zones/{zone}/dns_records/{}/{}", text("type")?, text("name")?),
            Self::LoadBalancers(zone) => format!("zones/{zone}/load_balancers/{}", text("name")?),
            Self::Pools(account) => format!("accounts/{account}/load_balancers/pools/{}", text("name")?),
            Self::Monitors(account) => format!("accounts/{account}/load_balancers/monitors/{}", text("description")?),
        };
        Some(ObjectId::new(format!("{PREFIX}{rest}")))
    }
}

/// True for an id that Cloudflare gives: 32 hexadecimal digits.
pub(super) fn is_given(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

//! Finding objects by their names: every id that Cloudflare gives is read anew, and none is kept on disk.

use axum::http::Method;
use serde_json::Value as Json;

use super::error::CallError;
use super::memory::{Cloudflare, Zone};
use super::names::{Listed, Named, is_given};
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Elements of a page.
const PER_PAGE: &str = "100";
/// The most pages that are read: as many as the largest zone has.
const PAGE_LIMIT: usize = 200;

/// An object as Cloudflare has it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The id that Cloudflare gave it.
    pub(super) id: String,
    /// Its body, with Cloudflare's ids in it.
    pub(super) body: Json,
}

impl Cloudflare {
    /// The zone that an id names by its domain or by its own id.
    pub(super) async fn zone(&self, zone: &str) -> Result<Zone, CloudError> {
        if let Some(known) = self.known_zone(zone) {
            return Ok(known);
        }
        let (path, query) = match is_given(zone) {
            true => (format!("zones/{zone}"), Vec::new()),
            false => ("zones".to_owned(), vec![("name", zone)]),
        };
        let envelope = self.transport.call(Method::GET, &path, &query, None).await.map_err(CallError::of_read)?;
        let result = envelope.get("result").unwrap_or(&Json::Null);
        let body = result.as_array().map_or(Some(result), |all| all.first());
        let text = |at: &str| body.and_then(|body| body.pointer(at)).and_then(Json::as_str);
        let invalid = |message: String| refused(Reason::Invalid, "Zone", message);
        let Some(id) = text("/id") else {
            let rights = "create it, or give the token the right `Zone Read` for it";
            return Err(invalid(format!("the token finds no zone `{zone}`: {rights}")));
        };
        if text("/status").is_some_and(|status| status != "active") {
            let status = text("/status").unwrap_or_default();
            return Err(invalid(format!("zone `{zone}` is {status}, not active: its records lead nobody")));
        }
        if body.and_then(|body| body.get("paused")).and_then(Json::as_bool) == Some(true) {
            return Err(invalid(format!("zone `{zone}` is paused: its records are not proxied")));
        }
        if text("/type") == Some("partial") {
            return Err(invalid(format!("zone `{zone}` has a partial (CNAME) setup: its records do not answer alone")));
        }
        let found = Zone { id: id.to_owned(), account: text("/account/id").unwrap_or_default().to_owned() };
        self.keep_zone(zone, found.clone());
        Ok(found)
    }

    /// The path of a list in the API. A zone that the stack names by its id needs no request.
    pub(super) async fn path(&self, listed: Listed<'_>) -> Result<String, CloudError> {
        match listed.zone() {
            None => Ok(listed.path("")),
            Some(zone) if is_given(zone) => Ok(listed.path(zone)),
            Some(zone) => Ok(listed.path(&self.zone(zone).await?.id)),
        }
    }

    /// The elements of all pages of a list.
    pub(super) async fn pages(&self, path: &str, filter: &[(&str, &str)]) -> Result<Vec<Json>, CloudError> {
        let mut all = Vec::new();
        for number in 1..=PAGE_LIMIT {
            let page = number.to_string();
            let query = [filter, &[("per_page", PER_PAGE), ("page", &page)]].concat();
            let envelope = self.transport.call(Method::GET, path, &query, None).await.map_err(CallError::of_read)?;
            let Some(Json::Array(items)) = envelope.get("result") else {
                return Err(CloudError::Unreachable(format!("the list `{path}` has no `result`")));
            };
            all.extend(items.iter().cloned());
            let pages = envelope.pointer("/result_info/total_pages").and_then(Json::as_u64).unwrap_or(1);
            if items.is_empty() || u64::try_from(number).is_ok_and(|number| number >= pages) {
                return Ok(all);
            }
        }
        Err(CloudError::Unreachable(format!("the list `{path}` does not end after {PAGE_LIMIT} pages")))
    }

    /// The object of a name; `None` where Cloudflare has none.
    ///
    /// # Errors
    /// Several objects of this name.
    pub(super) async fn look(&self, named: &Named<'_>) -> Result<Option<Found>, CloudError> {
        let path = self.path(Listed::with(named)).await?;
        let filter = match named {
            Named::Record { type_, name, .. } => vec![("type", *type_), ("name.exact", *name)],
            Named::LoadBalancer { .. } | Named::Pool { .. } | Named::Monitor { .. } => Vec::new(),
        };
        let key = named.natural_key();
        let is_it = |body: &Json| {
            key.iter().all(|(property, wanted)| body.get(*property).and_then(Json::as_str) == Some(*wanted))
        };
        let mut found: Vec<Json> = self.pages(&path, &filter).await?.into_iter().filter(is_it).collect();
        let Some(body) = found.pop() else { return Ok(None) };
        if let Some(other) = found.first() {
            return Err(ambiguous(named, other, &body));
        }
        match body.get("id").and_then(Json::as_str) {
            Some(id) => Ok(Some(Found { id: id.to_owned(), body })),
            None => Err(CloudError::Unreachable(format!("an element of the list `{path}` has no id"))),
        }
    }
}

fn ambiguous(named: &Named<'_>, one: &Json, other: &Json) -> CloudError {
    let shown = |body: &Json| {
        let value = ["content", "origins", "id"].iter().find_map(|property| body.get(*property));
        value.map(Json::to_string).unwrap_or_default()
    };
    let message = match named {
        Named::Record { type_, name, .. } => format!(
            "there are several {type_} records `{name}`, with the contents {} and {}: a stack manages one record for \
             each name and type. Delete the others, or lead users with a load balancer",
            shown(one),
            shown(other)
        ),
        Named::LoadBalancer { name, .. } | Named::Pool { name, .. } | Named::Monitor { name, .. } => {
            format!(
                "there are several objects named `{name}`: {} and {}. Rename or delete one",
                shown(one),
                shown(other)
            )
        }
    };
    refused(Reason::Invalid, "Ambiguous", message)
}

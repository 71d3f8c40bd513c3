//! References between objects: ids that follow from names above the port, ids that Cloudflare gave below it.

use axum::http::Method;
use serde_json::{Map, Value as Json};

use super::memory::Cloudflare;
use super::names::{Listed, Named, PREFIX, is_given};
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Properties of a load balancer with ids of pools, at any depth below them; keys of `pool_weights` are ids as well.
const POOLS: [&str; 6] =
    ["default_pools", "fallback_pool", "region_pools", "country_pools", "pop_pools", "pool_weights"];
/// The property of a pool with the id of a monitor.
const MONITOR: &str = "monitor";

impl Cloudflare {
    /// A body for a request: each reference is the id that Cloudflare gave.
    ///
    /// # Errors
    /// A reference to an object that does not exist.
    pub(super) async fn outgoing(&self, body: &Json) -> Result<Json, CloudError> {
        let mut body = body.clone();
        let mut references = Vec::new();
        each_text(&mut body, &mut |text| {
            if text.starts_with(PREFIX) {
                references.push(text.clone());
            }
        });
        for reference in &references {
            if self.given(reference).is_none() {
                let id = ObjectId::new(reference.as_str());
                let found = self.look(&Named::of(&id)?).await?;
                let absent = || refused(Reason::Absent, "Reference", format!("`{reference}` does not exist"));
                self.keep_given(reference, &found.ok_or_else(absent)?.id);
            }
        }
        each_text(&mut body, &mut |text| {
            if let Some(given) = self.given(text) {
                *text = given;
            }
        });
        Ok(body)
    }

    /// A body of an answer: each reference is an id that follows from names. One to an object that no longer exists
    /// stays as it is.
    pub(super) async fn incoming(&self, listed: Listed<'_>, mut body: Json) -> Result<Json, CloudError> {
        let mut references = Vec::new();
        each_reference(listed, &mut body, &mut |text| references.push(text.clone()));
        if references.iter().any(|text| is_given(text) && self.named(text).is_none()) {
            let account = match listed.zone() {
                Some(zone) => self.zone(zone).await?.account,
                None => account_of(listed).to_owned(),
            };
            let of =
                if matches!(listed, Listed::Pools(_)) { Listed::Monitors(&account) } else { Listed::Pools(&account) };
            for other in self.pages(&of.path(""), &[]).await? {
                if let (Some(id), Some(given)) = (of.id(&other), other.get("id").and_then(Json::as_str)) {
                    self.keep_given(id.as_str(), given);
                }
            }
        }
        each_reference(listed, &mut body, &mut |text| {
            if let Some(named) = self.named(text) {
                *text = named;
            }
        });
        Ok(body)
    }

    /// The method and path of a write of this object, and its body with the name in it.
    pub(super) async fn request(
        &self,
        named: &Named<'_>,
        given: Option<&str>,
        body: &Json,
    ) -> Result<(Method, String, Json), CloudError> {
        let mut body = super::sight::written(&self.outgoing(body).await?);
        if let Json::Object(map) = &mut body {
            for (property, value) in named.natural_key() {
                map.insert(property.to_owned(), Json::from(value));
            }
        }
        let path = self.path(Listed::with(named)).await?;
        Ok(match given {
            Some(given) => (Method::PUT, format!("{path}/{given}"), body),
            None => (Method::POST, path, body),
        })
    }
}

const fn account_of<'a>(listed: Listed<'a>) -> &'a str {
    match listed {
        Listed::Pools(account) | Listed::Monitors(account) => account,
        Listed::Records(_) | Listed::LoadBalancers(_) => "",
    }
}

/// Calls for every text and every name of a property.
fn each_text(value: &mut Json, call: &mut dyn FnMut(&mut String)) {
    match value {
        Json::String(text) => call(text),
        Json::Array(items) => items.iter_mut().for_each(|item| each_text(item, call)),
        Json::Object(map) => {
            let before = std::mem::take(map);
            *map = before
                .into_iter()
                .map(|(mut name, mut value)| {
                    call(&mut name);
                    each_text(&mut value, call);
                    (name, value)
                })
                .collect::<Map<_, _>>();
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Calls for every text of a body that refers to another object.
fn each_reference(listed: Listed<'_>, value: &mut Json, call: &mut dyn FnMut(&mut String)) {
    let refers = |name: &str| match listed {
        Listed::LoadBalancers(_) => POOLS.contains(&name),
        Listed::Pools(_) => name == MONITOR,
        Listed::Records(_) | Listed::Monitors(_) => false,
    };
    match value {
        Json::Object(map) => {
            for (name, value) in map.iter_mut() {
                if refers(name) {
                    each_text(value, call);
                } else {
                    each_reference(listed, value, call);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| each_reference(listed, item, call)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

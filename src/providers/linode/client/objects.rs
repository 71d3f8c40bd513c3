//! Objects of buckets: texts that clients reach at signed addresses. The S3 API of a region has them, with keys of its
//! own; the API of Linode has no request for them.

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use url::Url;

use super::handle::Linode;
use super::names::{Named, Of, PREFIX};
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::sight::{Phase, Sight, Version};
use crate::wire::sigv4::{self, Keys, Scope, encoded};
use crate::wire::{Reach, WireResponse, refused};
use crate::world::{CloudError, WriteCondition};

/// The variable of the environment with the access key of object storage, as Terraform's provider names it.
pub const ACCESS_KEY: &str = "LINODE_OBJ_ACCESS_KEY";
/// The variable with its secret key.
pub const SECRET_KEY: &str = "LINODE_OBJ_SECRET_KEY";

/// The property with the text of an object.
const CONTENT: &str = "content";
/// The life of an address for a request of this process, in seconds.
const OWN: u32 = 900;

/// The keys of object storage of an environment, or the reason why there are none. The simulator has one pair.
pub(super) fn keys(reach: &Reach) -> Result<Keys, String> {
    if reach.network.is_none() {
        return Ok(Keys { id: "EMBEDDED000000000000".to_owned(), secret: "embedded".to_owned(), token: None });
    }
    let variable = |name: &str| {
        let text = reach.environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| format!("the environment has no {name}"))
    };
    Ok(Keys { id: variable(ACCESS_KEY)?, secret: variable(SECRET_KEY)?, token: None })
}

/// An object as its id names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ObjectName<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl<'a> ObjectName<'a> {
    /// The object of an id; `None` for the id of anything else.
    pub(super) fn of(id: &'a ObjectId) -> Option<Self> {
        let rest = id.as_str().strip_prefix(PREFIX)?.strip_prefix("buckets/")?;
        let (bucket, key) = rest.split_once("/objects/")?;
        let is_whole = !bucket.is_empty() && !key.is_empty() && !bucket.contains('/');
        is_whole.then_some(Self { bucket, key })
    }
}

/// The address of an object at the host of its bucket, signed for this time. The scope has the name of the cluster,
/// which is the label behind that of the bucket.
fn address(
    (host, name): (&str, &ObjectName<'_>),
    keys: &Keys,
    method: &Method,
    (at, seconds): (Timestamp, u32),
) -> Result<Url, String> {
    let text = format!("https://{host}/{}", encoded(name.key, true));
    let url = Url::parse(&text).map_err(|error| format!("`{text}`: {error}"))?;
    let beyond = host.strip_prefix(name.bucket).and_then(|rest| rest.strip_prefix('.')).unwrap_or(host);
    let region = beyond.split('.').next().unwrap_or_default();
    let scope = Scope { region, service: "s3", at };
    Ok(sigv4::presigned((method.as_str(), &url), &[], keys, &scope, seconds))
}

/// An object as the port returns it.
fn sight(text: &str, answer: &WireResponse) -> Sight {
    let version = answer.header("etag").map(Version::new);
    Sight { body: json!({ (CONTENT): text }), version, phase: Phase::Settled }
}

/// The object in an answer to a read.
fn seen(answer: &WireResponse) -> Result<Sight, CloudError> {
    let text = std::str::from_utf8(&answer.body);
    let text = text.map_err(|_| CloudError::Unreachable("the object is no text".to_owned()))?;
    Ok(sight(text, answer))
}

impl Linode {
    async fn address(&self, name: &ObjectName<'_>, method: Method, life: (Timestamp, u32)) -> Result<Url, CloudError> {
        let named = Named { of: Of::Bucket, label: name.bucket, record: None };
        let found = self.look(named).await?;
        let host = found.as_ref().and_then(|found| found.body.get("hostname")?.as_str());
        let absent = || refused(Reason::Absent, "NoSuchBucket", format!("the bucket `{}` does not exist", name.bucket));
        let host = host.ok_or_else(absent)?;
        let unsigned = |why: String| {
            let message = format!("`{}` has no signed address: {why}", name.bucket);
            refused(Reason::Unauthenticated, "NoKeys", message)
        };
        let keys = self.keys.as_ref().map_err(|why| unsigned(why.clone()))?;
        address((host, name), keys, &method, life).map_err(unsigned)
    }

    async fn own_address(&self, name: &ObjectName<'_>, method: Method) -> Result<Url, CloudError> {
        self.address(name, method, (self.store.now(), OWN)).await
    }

    /// Reads an object; `None` where it does not exist.
    pub(super) async fn object(&self, name: &ObjectName<'_>) -> Result<Option<Sight>, CloudError> {
        let found = self.store.get(self.own_address(name, Method::GET).await?).await?;
        found.as_ref().map(seen).transpose()
    }

    /// Writes an object.
    pub(super) async fn put_object(
        &self,
        name: &ObjectName<'_>,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<Sight, CloudError> {
        let text = body.get(CONTENT).and_then(Json::as_str).unwrap_or_default();
        let old = match when {
            WriteCondition::Unchanged(version) => Some(version.as_str()),
            WriteCondition::Always | WriteCondition::Renewing(_) => None,
        };
        let answer = self.store.put(self.own_address(name, Method::PUT).await?, text, old, None).await?;
        Ok(sight(text, &answer))
    }

    /// Deletes an object.
    pub(super) async fn delete_object(&self, name: &ObjectName<'_>) -> Result<(), CloudError> {
        self.store.delete(self.own_address(name, Method::DELETE).await?).await
    }

    /// The address at which anybody can read an object, or write it, for so many seconds from now or from a time.
    pub(super) async fn presigned_object(
        &self,
        name: &ObjectName<'_>,
        query: &[(&str, &str)],
    ) -> Result<Json, CloudError> {
        let given = |wanted: &str| query.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let seconds = given("seconds").and_then(|text| text.parse().ok()).unwrap_or(0);
        let at = given("at").and_then(|text| text.parse().ok()).unwrap_or_else(|| self.store.now());
        let method = if given("method") == Some("PUT") { Method::PUT } else { Method::GET };
        let address = self.address(name, method, (at, seconds)).await?;
        Ok(json!({ "url": address.as_str() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_is_signed_at_the_host_of_its_bucket() {
        let id = ObjectId::new("linode:buckets/vault/objects/drplan-r-1-status.json");
        let name = ObjectName::of(&id).unwrap();
        assert_eq!(ObjectName::of(&ObjectId::new("linode:buckets/vault")), None);
        let keys = Keys { id: "KEY".to_owned(), secret: "secret".to_owned(), token: None };
        let at = "2026-01-05T08:00:00Z".parse().unwrap();
        let host = "vault.eu-west-1.linodeobjects.com";
        let url = address((host, &name), &keys, &Method::PUT, (at, 60)).unwrap();
        assert_eq!((url.host_str(), url.path()), (Some(host), "/drplan-r-1-status.json"));
        let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(query["X-Amz-Credential"], "KEY/20260105/eu-west-1/s3/aws4_request");
        assert_eq!((&*query["X-Amz-Expires"], &*query["X-Amz-Date"]), ("60", "20260105T080000Z"));
        assert_eq!(address((host, &name), &keys, &Method::PUT, (at, 60)), Ok(url), "the same address again");
    }
}

//! The service of blobs, as far as signed addresses reach it: reads, writes and deletions of one blob.
//!
//! Blobs are notes of their container, with which they go. It must not know drplan's client, which is tested against
//! it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{NAME, fill};
use crate::kinds::SimulatedWorld as _;
use crate::object::ObjectId;
use crate::simulator::launches;
use crate::simulator::request::{HttpMethod, Request, Response, decoded};
use crate::simulator::world::World;

/// The end of the hosts of the service.
const HOST: &str = ".blob.core.windows.net";
/// The type of accounts.
const ACCOUNTS: &str = "Microsoft.Storage/storageAccounts";
/// The places of the keys in the answer to `listKeys`.
const KEYS: [&str; 2] = ["keys[0].value", "keys[1].value"];
/// The values that are signed, in their lines; the empty name is the blob itself.
const SIGNED: [&str; 16] =
    ["sp", "st", "se", "", "si", "sip", "spr", "sv", "sr", "snapshot", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"];

/// A refusal of the service.
struct Refused {
    status: u16,
    code: &'static str,
    message: Cow<'static, str>,
}

const fn refused(status: u16, code: &'static str, message: &'static str) -> Refused {
    Refused { status, code, message: Cow::Borrowed(message) }
}

const UNAUTHENTICATED: Refused =
    refused(403, "AuthenticationFailed", "Server failed to authenticate the request: the signature does not match.");

/// True for a host of the service.
pub(super) fn is_host(host: &str) -> bool {
    host.ends_with(HOST)
}

/// A blob that exists or may be written.
struct Blob {
    account: ObjectId,
    container: ObjectId,
    name: String,
    region: String,
}

impl Blob {
    /// The blob of a path of a host.
    fn of(world: &World, host: &str, path: &str) -> Result<Self, Refused> {
        let account = host.strip_suffix(HOST).unwrap_or_default();
        let is_it = |id: &ObjectId| id.name().eq_ignore_ascii_case(account);
        let found = world.objects().find(|object| {
            object.provider.is_first() && object.type_.eq_ignore_ascii_case(ACCOUNTS) && is_it(&object.id)
        });
        let absent = || refused(404, "ResourceNotFound", "The specified account or container does not exist.");
        let found = found.ok_or_else(absent)?;
        let region = found.body["location"].as_str().unwrap_or_default().to_owned();
        let path = decoded(path.trim_start_matches('/'));
        let (container, name) = path.split_once('/').filter(|(_, name)| !name.is_empty()).ok_or_else(absent)?;
        let id = found.id.child("blobServices/default/containers", container);
        Ok(Self { account: found.id.clone(), container: id, name: name.to_owned(), region })
    }

    /// The word of the note with the blob.
    fn word(&self) -> String {
        format!("blob:{}", self.name)
    }
}

/// Answers a request to the service.
pub(super) fn answer(world: &mut World, request: &Request) -> Response {
    answered(world, request).unwrap_or_else(|Refused { status, code, message }| {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Response::text(status, body.into_bytes()).with("x-ms-error-code", code)
    })
}

fn answered(world: &mut World, request: &Request) -> Result<Response, Refused> {
    let blob = Blob::of(world, request.host(), &request.path)?;
    if world.rest.faults.reach_region(NAME, &blob.region).is_err() {
        return Err(refused(500, "InternalError", "The server encountered an internal error."));
    }
    permit(world, request, &blob)?;
    if world.standing(&blob.container.folded()).is_none() {
        return Err(refused(404, "ContainerNotFound", "The specified container does not exist."));
    }
    let absent = || refused(404, "BlobNotFound", "The specified blob does not exist.");
    match request.verb {
        HttpMethod::Get | HttpMethod::Head => {
            let (text, at) = read(world, &blob).ok_or_else(absent)?;
            let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let tag = tag(&text);
            let text = if request.verb == HttpMethod::Head { String::new() } else { text };
            Ok(Response::text(200, text.into_bytes()).with("etag", tag).with("last-modified", date))
        }
        HttpMethod::Put => {
            if request.header("x-ms-blob-type") != Some("BlockBlob") {
                return Err(refused(
                    400,
                    "MissingRequiredHeader",
                    "An HTTP header that's mandatory for this request is not specified: x-ms-blob-type.",
                ));
            }
            let old = read(world, &blob).map(|(text, _)| tag(&text));
            if request.header("if-match").is_some_and(|wanted| Some(wanted) != old.as_deref()) {
                return Err(refused(
                    412,
                    "ConditionNotMet",
                    "The condition specified using HTTP conditional header(s) is not met.",
                ));
            }
            let text = String::from_utf8(request.bytes.to_vec());
            let text = text.map_err(|_| refused(400, "InvalidInput", "The simulator keeps texts only."))?;
            let tag = tag(&text);
            let kept = json!({ "text": text, "at": world.now.to_string() });
            world.note(&blob.container, &blob.word(), Some(kept));
            Ok(Response::empty(201).with("etag", tag))
        }
        HttpMethod::Delete => {
            read(world, &blob).ok_or_else(absent)?;
            world.note(&blob.container, &blob.word(), None);
            Ok(Response::empty(202))
        }
        _ => Err(refused(405, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb.")),
    }
}

/// The text of a blob, and the time of its last change: the report of a machine where one has written it by now.
fn read(world: &World, blob: &Blob) -> Option<(String, Timestamp)> {
    let is_here = |address: &str| {
        let other = named(world, address);
        other.is_some_and(|other| other.container == blob.container && other.name == blob.name)
    };
    let report = launches::report(world, &blob.name, is_here).map(|text| (text, world.now));
    report.or_else(|| kept(world, blob))
}

fn kept(world: &World, blob: &Blob) -> Option<(String, Timestamp)> {
    let kept = world.noted(&blob.container, &blob.word())?;
    Some((kept["text"].as_str()?.to_owned(), kept["at"].as_str()?.parse().ok()?))
}

/// The blob of an address.
fn named(world: &World, address: &str) -> Option<Blob> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str().filter(|host| is_host(host))?;
    Blob::of(world, host, url.path()).ok()
}

/// The text of a blob that an address names, and the time of its last change.
pub(super) fn content(world: &World, address: &str) -> Option<(String, Timestamp)> {
    kept(world, &named(world, address)?)
}

fn tag(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    format!("\"0x{hex}\"")
}

/// Refuses a request whose address has no valid signature, has expired, or does not permit it.
fn permit(world: &World, request: &Request, blob: &Blob) -> Result<(), Refused> {
    let value = |name: &str| request.query.get(name).map_or("", String::as_str);
    let resource = format!("/blob/{}/{}/{}", blob.account.name(), blob.container.name(), blob.name);
    let lines = SIGNED.map(|name| if name.is_empty() { resource.as_str() } else { value(name) });
    let text = lines.join("\n");
    let is_of = |place: &str| {
        let key = BASE64_STANDARD.decode(fill::secret(world, &blob.account, place, 64)).unwrap_or_default();
        let signature = BASE64_STANDARD.decode(value("sig")).unwrap_or_default();
        Hmac::<Sha256>::new_from_slice(&key).is_ok_and(|mut mac| {
            mac.update(text.as_bytes());
            mac.verify_slice(&signature).is_ok()
        })
    };
    if !KEYS.into_iter().any(is_of) {
        return Err(UNAUTHENTICATED);
    }
    let ends: Option<Timestamp> = value("se").parse().ok();
    if ends.is_none_or(|ends| ends <= world.now) {
        return Err(refused(403, "AuthenticationFailed", "Signature not valid in the specified time frame."));
    }
    let needs = match request.verb {
        HttpMethod::Get | HttpMethod::Head => "r",
        HttpMethod::Delete => "d",
        _ => "w",
    };
    let shares = account_body(world, blob).is_none_or(|body| body["properties"]["allowSharedKeyAccess"] != false);
    match value("sp").contains(needs) && value("sr") == "b" && shares {
        true => Ok(()),
        false if !shares => Err(refused(
            403,
            "KeyBasedAuthenticationNotPermitted",
            "Key based authentication is not permitted on this storage account.",
        )),
        false => Err(refused(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        )),
    }
}

fn account_body<'w>(world: &'w World, blob: &Blob) -> Option<&'w Json> {
    world.get(&blob.account)
}

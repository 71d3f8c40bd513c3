//! The requests about shares, directories and files.

use std::borrow::Cow;

use super::permit::permit;
use super::place::{FileUrl, Unanswered};
use super::tree::{Node, ShareTree, WriteTime, refusal};
use super::{copy, xml};
use crate::kinds::{SimulatedWorld, path};
use crate::object::ObjectId;
use crate::providers::azure::simulated::state;
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::World;

/// The most entries of one page of a list.
const MOST_ENTRIES: usize = 5000;
/// The largest range of one write, in bytes.
const LARGEST_RANGE: usize = 4 * 1024 * 1024;

/// A request that is permitted, about a share that exists.
struct Asked<'a> {
    request: &'a Request,
    url: &'a FileUrl,
    /// The folded id of the share.
    share: String,
    restype: &'a str,
    comp: &'a str,
}

/// Answers a request.
pub(super) fn answer(world: &mut World, request: &Request, url: &FileUrl) -> Result<Response, Unanswered> {
    let text = |name: &str| request.query.get(name).map_or("", String::as_str);
    let (restype, comp) = (text("restype"), text("comp"));
    let account = ObjectId::new(url.account_id(world)?);
    permit(world, request, url)?;
    if world.is_acting(&account, "failover") {
        return Err(ErrorResponse::service(503, "ServerBusy", "The account is failing over.").into());
    }
    let asked = Asked { request, url, share: url.share_id(world)?, restype, comp };
    match (request.verb, restype, comp) {
        (HttpMethod::Get | HttpMethod::Head, "share", "") => Ok(share(world, &asked)),
        (HttpMethod::Put, "share", "snapshot") => Ok(snapshot(world, &asked)),
        (HttpMethod::Get, "directory", "list") => list(world, &asked),
        (HttpMethod::Get | HttpMethod::Head, _, "") => read(world, &asked),
        (HttpMethod::Put, "" | "directory", _) => write(world, &asked),
        (HttpMethod::Delete, _, "") => delete(world, &asked),
        _ => Err(ErrorResponse::service(400, "UnsupportedHttpVerb", "The local simulator has no such request.").into()),
    }
}

impl Asked<'_> {
    /// The time of the snapshot that a read names.
    fn snapshot(&self) -> Option<&str> {
        self.request.query.get("sharesnapshot").map(String::as_str).filter(|time| !time.is_empty())
    }

    /// The value of a header that must be there.
    fn header(&self, name: &str) -> Result<&str, ErrorResponse> {
        let missing = || ErrorResponse::service(400, "MissingRequiredHeader", format!("{name} is required."));
        self.request.header(name).ok_or_else(missing)
    }

    /// The time of the last write that a request sets, or else this one.
    fn write_time(&self, absent: WriteTime) -> Result<WriteTime, ErrorResponse> {
        match self.request.header("x-ms-file-last-write-time") {
            None => Ok(absent),
            Some("now") => Ok(WriteTime::Now),
            Some("preserve") => Ok(WriteTime::Preserve),
            Some(text) => text.parse().map(WriteTime::At).map_err(|_| refusal(400, "InvalidHeaderValue")),
        }
    }
}

fn tree<'w>(world: &'w World, asked: &Asked<'_>) -> Cow<'w, ShareTree> {
    let known = state::of(world).shares.get(&asked.share);
    known.map_or_else(|| Cow::Owned(ShareTree::default()), Cow::Borrowed)
}

fn share(world: &World, asked: &Asked<'_>) -> Response {
    let body = world.working(&asked.share);
    let quota = body.and_then(|body| path::borrow(body, "properties.shareQuota")?.as_u64()).unwrap_or(5120);
    let protocol = body.and_then(|body| path::text(body, "properties.enabledProtocols")).unwrap_or("SMB");
    Response::empty(200)
        .with("x-ms-share-quota", quota.to_string())
        .with("x-ms-enabled-protocols", protocol)
        .with("etag", "\"0x0\"")
        .with("last-modified", xml::dated(world.now))
}

fn snapshot(world: &mut World, asked: &Asked<'_>) -> Response {
    let time = xml::precise(world.now);
    state::of_mut(world).share_mut(&asked.share).keep_snapshot(time.clone());
    Response::empty(201).with("x-ms-snapshot", time)
}

fn list(world: &World, asked: &Asked<'_>) -> Result<Response, Unanswered> {
    let text = |name: &str| asked.request.query.get(name).map_or("", String::as_str);
    let most = text("maxresults").parse().unwrap_or(MOST_ENTRIES).clamp(1, MOST_ENTRIES);
    let tree = tree(world, asked);
    let url = asked.url;
    let page = tree.page(asked.snapshot(), (&url.path, text("prefix")), (text("marker"), most))?;
    let body = xml::listing(&url.share, &url.path, &page.entries, page.next);
    Ok(Response::text(200, body.into_bytes()))
}

/// The properties of a file or directory, or the content of a file.
fn read(world: &World, asked: &Asked<'_>) -> Result<Response, Unanswered> {
    let tree = tree(world, asked);
    if asked.restype == "directory" {
        let node = tree.directory(asked.snapshot(), &asked.url.path)?;
        return Ok(node.map_or_else(|| Response::empty(200), |node| properties(Response::empty(200), node)));
    }
    let node = tree.file(asked.snapshot(), &asked.url.path)?;
    let content = node.content.as_deref().unwrap_or_default();
    if asked.request.verb == HttpMethod::Head {
        let response = Response::empty(200).with("content-length", content.len().to_string());
        return Ok(properties(response, node).with("content-type", "application/octet-stream"));
    }
    let range = asked.request.header("x-ms-range").or_else(|| asked.request.header("range"));
    let (status, part) = match range {
        None => (200, content),
        Some(range) => {
            let (from, to) = bounds(range)?;
            let to = to.min(content.len().saturating_sub(1));
            (206, content.get(from..=to).ok_or_else(|| refusal(416, "InvalidRange"))?)
        }
    };
    Ok(properties(Response::text(status, part.to_vec()), node).with("content-type", "application/octet-stream"))
}

/// Everything that changes a file or directory.
fn write(world: &mut World, asked: &Asked<'_>) -> Result<Response, Unanswered> {
    let (now, path) = (world.now, asked.url.path.as_str());
    let from = asked.request.header("x-ms-copy-source").map(str::to_owned);
    match (asked.restype, asked.comp, from) {
        ("directory", "", _) => {
            let node = state::of_mut(world).share_mut(&asked.share).create_directory(path, now)?;
            Ok(properties(Response::empty(201), node))
        }
        (_, "properties" | "metadata", _) => {
            let wanted = asked.write_time(WriteTime::Preserve)?;
            let node = state::of_mut(world).share_mut(&asked.share).touch(path, wanted, now)?;
            Ok(properties(Response::empty(200), node))
        }
        ("", "range", from) => range(world, asked, from.as_deref()),
        ("", "", Some(from)) => {
            let content = copy::source(world, asked.request, &from)?;
            let id = world.seed.guid(&["copy", &asked.share, path, &now.to_string()]);
            let tree = state::of_mut(world).share_mut(&asked.share);
            tree.create_file(path, content.len() as u64, now)?;
            tree.write(path, 0, &content, now)?;
            let node = tree.touch(path, asked.write_time(WriteTime::Preserve)?, now)?;
            let response = Response::empty(202).with("x-ms-copy-id", id).with("x-ms-copy-status", "success");
            Ok(properties(response, node))
        }
        ("", "", None) if asked.request.header("x-ms-type").is_some_and(|type_| type_.eq_ignore_ascii_case("file")) => {
            let length =
                asked.header("x-ms-content-length")?.parse().map_err(|_| refusal(400, "InvalidHeaderValue"))?;
            let wanted = asked.write_time(WriteTime::Now)?;
            let tree = state::of_mut(world).share_mut(&asked.share);
            tree.create_file(path, length, now)?;
            Ok(properties(Response::empty(201), tree.touch(path, wanted, now)?))
        }
        _ => Err(ErrorResponse::service(400, "MissingRequiredHeader", "x-ms-type: file is required.").into()),
    }
}

/// Writes a range, from the body or from another file.
fn range(world: &mut World, asked: &Asked<'_>, from: Option<&str>) -> Result<Response, Unanswered> {
    let (first, last) = bounds(asked.header("x-ms-range")?)?;
    let length = last - first + 1;
    if length > LARGEST_RANGE {
        return Err(refusal(413, "RequestBodyTooLarge").into());
    }
    let bytes = match (asked.header("x-ms-write")?, from) {
        ("clear", None) => vec![0; length],
        ("update", None) => asked.request.bytes.to_vec(),
        ("update", Some(from)) => {
            let (first, last) = bounds(asked.header("x-ms-source-range")?)?;
            let content = copy::source(world, asked.request, from)?;
            content.get(first..=last).ok_or_else(|| refusal(416, "InvalidRange"))?.to_vec()
        }
        _ => return Err(refusal(400, "InvalidHeaderValue").into()),
    };
    if bytes.len() != length {
        return Err(refusal(400, "InvalidHeaderValue").into());
    }
    let (now, path) = (world.now, asked.url.path.as_str());
    let tree = state::of_mut(world).share_mut(&asked.share);
    let before = tree.file(None, path)?.written;
    tree.write(path, first, &bytes, now)?;
    let node = match asked.write_time(WriteTime::Now)? {
        WriteTime::Preserve => tree.touch(path, WriteTime::At(before), now)?,
        wanted => tree.touch(path, wanted, now)?,
    };
    Ok(properties(Response::empty(201), node))
}

fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Response, Unanswered> {
    let (tree, path) = (state::of_mut(world).share_mut(&asked.share), asked.url.path.as_str());
    match asked.restype {
        "directory" => tree.delete_directory(path)?,
        _ => tree.delete_file(path)?,
    }
    Ok(Response::empty(202))
}

fn properties(response: Response, node: &Node) -> Response {
    response
        .with("x-ms-type", if node.content.is_some() { "File" } else { "Directory" })
        .with("last-modified", xml::dated(node.modified))
        .with("etag", node.etag())
        .with("x-ms-file-last-write-time", xml::precise(node.written))
        .with("x-ms-file-creation-time", xml::precise(node.created))
        .with("x-ms-file-change-time", xml::precise(node.modified))
        .with("x-ms-file-attributes", node.attributes())
        .with("x-ms-file-id", node.id.to_string())
        .with("x-ms-server-encrypted", "true")
}

/// The first and the last byte of `bytes=a-b`.
fn bounds(range: &str) -> Result<(usize, usize), ErrorResponse> {
    let numbers = range.strip_prefix("bytes=").and_then(|rest| rest.split_once('-'));
    let (first, last) = numbers.ok_or_else(|| refusal(400, "InvalidHeaderValue"))?;
    let last = if last.is_empty() { Ok(usize::MAX - 1) } else { last.parse::<usize>() };
    match (first.parse::<usize>(), last) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(refusal(416, "InvalidRange")),
    }
}

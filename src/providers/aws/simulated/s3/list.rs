//! Lists of objects and of their versions.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::super::answers::{Refused, S3_NAMESPACE, text as answered};
use super::super::store::{Place, text};
use super::super::types::{ACCOUNT, OBJECT};
use super::super::xml;
use super::Call;
use super::objects::class;
use crate::simulator::request::Response;
use crate::simulator::world::World;

/// The objects of a bucket, by their keys.
fn all<'w>(world: &'w World, call: &Call<'_>) -> Vec<&'w Json> {
    let place = Place { of: &OBJECT, region: call.region, within: Some(&call.bucket) };
    let prefix = call.query("prefix");
    let mut all: Vec<&Json> = place.all(world).into_iter().map(|object| &*object.body).collect();
    all.retain(|body| text(body, "Key").starts_with(prefix));
    all.sort_by_key(|body| text(body, "Key").to_owned());
    all
}

/// A key as the list writes it.
fn encoded(call: &Call<'_>, key: &str) -> String {
    match call.query("encoding-type") {
        "url" => {
            let encoded: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            encoded.replace('+', "%20").replace("%2F", "/")
        }
        _ => key.to_owned(),
    }
}

/// The folder of a key below the prefix, if the list has folders.
fn folder(call: &Call<'_>, key: &str) -> Option<String> {
    let (prefix, delimiter) = (call.query("prefix"), call.query("delimiter"));
    let rest = key.strip_prefix(prefix).filter(|_| !delimiter.is_empty())?;
    rest.find(delimiter).map(|at| format!("{prefix}{}", rest.get(..at + delimiter.len()).unwrap_or_default()))
}

fn most(call: &Call<'_>) -> Result<usize, Refused> {
    match call.query("max-keys") {
        "" => Ok(1000),
        text => {
            let number = text.parse::<usize>();
            number
                .map(|most| most.min(1000))
                .map_err(|_| Refused::bad("InvalidArgument", "Argument max-keys must be an integer"))
        }
    }
}

pub(super) fn objects(world: &World, call: &Call<'_>) -> Result<Response, Refused> {
    let is_second = call.query("list-type") == "2";
    let after = match (is_second, call.query("continuation-token")) {
        (true, "") => call.query("start-after"),
        (true, token) => token,
        (false, _) => call.query("marker"),
    };
    let most = most(call)?;
    let mut contents = Vec::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    let mut last = String::new();
    let mut is_truncated = false;
    let existing = all(world, call).into_iter().filter(|body| body["DeleteMarker"] != true);
    for body in existing.filter(|body| after.is_empty() || text(body, "Key") > after) {
        let key = text(body, "Key");
        let in_folder = folder(call, key);
        if in_folder
            .as_ref()
            .is_some_and(|own| folders.contains(own) || (!after.is_empty() && after.starts_with(own.as_str())))
        {
            last = key.to_owned();
            continue;
        }
        if contents.len() + folders.len() >= most {
            is_truncated = true;
            break;
        }
        last = key.to_owned();
        match in_folder {
            Some(own) => drop(folders.insert(own)),
            None => contents.push(json!({
                "Key": encoded(call, key),
                "LastModified": body["LastModified"],
                "ETag": format!("\"{}\"", text(body, "ETag")),
                "Size": body["Size"],
                "StorageClass": class(body),
            })),
        }
    }
    let mut answer = Map::new();
    let mut add = |name: &str, value: Json| drop(answer.insert(name.to_owned(), value));
    add("Name", json!(call.bucket));
    add("Prefix", json!(encoded(call, call.query("prefix"))));
    add("MaxKeys", json!(most));
    if !call.query("delimiter").is_empty() {
        add("Delimiter", json!(encoded(call, call.query("delimiter"))));
    }
    if !call.query("encoding-type").is_empty() {
        add("EncodingType", json!(call.query("encoding-type")));
    }
    if is_second {
        add("KeyCount", json!(contents.len() + folders.len()));
        if is_truncated {
            add("NextContinuationToken", json!(last));
        }
    } else {
        add("Marker", json!(encoded(call, call.query("marker"))));
        if is_truncated {
            add("NextMarker", json!(encoded(call, &last)));
        }
    }
    add("IsTruncated", json!(is_truncated));
    add("Contents*", Json::Array(contents));
    let folders: Vec<Json> = folders.iter().map(|own| json!({ "Prefix": encoded(call, own) })).collect();
    add("CommonPrefixes*", Json::Array(folders));
    Ok(answered(200, xml::document("ListBucketResult", S3_NAMESPACE, &Json::Object(answer))))
}

pub(super) fn versions(world: &World, call: &Call<'_>) -> Result<Response, Refused> {
    let most = most(call)?;
    let (after, after_version) = (call.query("key-marker"), call.query("version-id-marker"));
    let mut every = Vec::new();
    for body in all(world, call) {
        for (at, version) in body["Versions"].as_array().into_iter().flatten().enumerate() {
            every.push((text(body, "Key"), version, at == 0));
        }
    }
    let start = match (after, after_version) {
        ("", _) => 0,
        (key, "") => every.iter().take_while(|(own, ..)| *own <= key).count(),
        (key, id) => {
            let is_it = |(own, version, _): &(&str, &Json, bool)| *own == key && version["VersionId"] == id;
            every.iter().position(is_it).map_or(every.len(), |at| at + 1)
        }
    };
    let page: Vec<_> = every.iter().skip(start).take(most).collect();
    let is_truncated = start + page.len() < every.len();
    let owner = json!({ "ID": ACCOUNT, "DisplayName": "drplan" });
    let mut answer = Map::new();
    let (mut found, mut markers) = (Vec::new(), Vec::new());
    for (key, version, is_latest) in &page {
        let mut shown = json!({
            "Key": encoded(call, key), "VersionId": version["VersionId"], "IsLatest": is_latest,
            "LastModified": version["LastModified"], "Owner": owner,
        });
        if version["DeleteMarker"] == true {
            markers.push(shown);
            continue;
        }
        shown["ETag"] = json!(format!("\"{}\"", text(version, "ETag")));
        shown["Size"] = version["Size"].clone();
        shown["StorageClass"] = json!(class(version));
        found.push(shown);
    }
    let last = page.last().filter(|_| is_truncated);
    for (name, value) in [
        ("Name", json!(call.bucket)),
        ("Prefix", json!(encoded(call, call.query("prefix")))),
        ("KeyMarker", json!(encoded(call, after))),
        ("VersionIdMarker", json!(after_version)),
        ("MaxKeys", json!(most)),
        ("IsTruncated", json!(is_truncated)),
        ("NextKeyMarker", json!(last.map(|(key, ..)| encoded(call, key)))),
        ("NextVersionIdMarker", json!(last.map(|(_, version, _)| version["VersionId"].clone()))),
        ("EncodingType", json!(Some(call.query("encoding-type")).filter(|text| !text.is_empty()))),
        ("Version*", Json::Array(found)),
        ("DeleteMarker*", Json::Array(markers)),
    ] {
        answer.insert(name.to_owned(), value);
    }
    Ok(answered(200, xml::document("ListVersionsResult", S3_NAMESPACE, &Json::Object(answer))))
}

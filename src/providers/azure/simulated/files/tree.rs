//! The tree of a share: directories and files with their content and times. Knows no requests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::simulator::SimulatedFile;
use crate::simulator::request::ErrorResponse;

/// The largest file that the simulator keeps, in bytes.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The tree of a share.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ShareTree {
    /// The files and directories, by path in lower case: names differ by more than case, as over SMB.
    nodes: BTreeMap<String, Node>,
    /// The trees at the times of snapshots.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    snapshots: BTreeMap<String, BTreeMap<String, Node>>,
    /// The number of changes so far.
    changes: u64,
}

/// A file or a directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    /// The path in the share, as it was written.
    pub(super) path: String,
    /// The content; `None` for a directory.
    #[serde(serialize_with = "encode", deserialize_with = "decode")]
    pub(super) content: Option<Vec<u8>>,
    /// The id, which another file under the same name does not have.
    pub(super) id: u64,
    pub(super) created: Timestamp,
    /// The time of the last write, which clients set.
    pub(super) written: Timestamp,
    /// The time of the last change by any request, which only the service sets.
    pub(super) modified: Timestamp,
    /// The change that it had last.
    change: u64,
}

fn encode<S: Serializer>(content: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    content.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
}

fn decode<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| STANDARD.decode(text).map_err(de::Error::custom)).transpose()
}

impl Node {
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn etag(&self) -> String {
        format!("\"0x{:016X}\"", self.change)
    }

    pub(super) fn attributes(&self) -> &'static str {
        if self.content.is_some() { "Archive" } else { "Directory" }
    }
}

/// The time that a request wants for the last write.
#[derive(Debug, Clone, Copy)]
pub(super) enum WriteTime {
    Now,
    Preserve,
    At(Timestamp),
}

/// One level of a directory, from the first name that a page has.
pub(super) struct Page<'a> {
    pub(super) entries: Vec<&'a Node>,
    /// The first name of the next page.
    pub(super) next: Option<&'a str>,
}

impl ShareTree {
    /// All files.
    pub(super) fn files(&self) -> Vec<SimulatedFile> {
        let file = |node: &Node| {
            let bytes = node.content.as_ref()?.len() as u64;
            let Node { path, content: _, id: _, created: _, written, modified, change: _ } = node;
            Some(SimulatedFile { path: path.clone(), bytes, written: *written, modified: *modified })
        };
        self.nodes.values().filter_map(file).collect()
    }

    /// The nodes now or at the time of a snapshot.
    fn at(&self, snapshot: Option<&str>) -> Result<&BTreeMap<String, Node>, ErrorResponse> {
        match snapshot {
            None => Ok(&self.nodes),
            Some(time) => self.snapshots.get(time).ok_or_else(|| refusal(404, "ShareSnapshotNotFound")),
        }
    }

    /// A file.
    pub(super) fn file(&self, snapshot: Option<&str>, path: &str) -> Result<&Node, ErrorResponse> {
        let node = self.at(snapshot)?.get(&path.to_lowercase()).filter(|node| node.content.is_some());
        node.ok_or_else(|| self.missing(path))
    }

    /// A directory; `None` for the root.
    pub(super) fn directory(&self, snapshot: Option<&str>, path: &str) -> Result<Option<&Node>, ErrorResponse> {
        let nodes = self.at(snapshot)?;
        if path.is_empty() {
            return Ok(None);
        }
        let node = nodes.get(&path.to_lowercase()).filter(|node| node.content.is_none());
        node.map(Some).ok_or_else(|| self.missing(path))
    }

    /// The error about a missing file or directory, which says whether the directory above exists.
    fn missing(&self, path: &str) -> ErrorResponse {
        refusal(404, if self.has_parent(path) { "ResourceNotFound" } else { "ParentNotFound" })
    }

    fn has_parent(&self, path: &str) -> bool {
        path.rsplit_once('/')
            .is_none_or(|(above, _)| self.nodes.get(&above.to_lowercase()).is_some_and(|node| node.content.is_none()))
    }

    /// The entries of a directory whose names have a prefix, from a name on, at most so many.
    pub(super) fn page(
        &self,
        snapshot: Option<&str>,
        (path, prefix): (&str, &str),
        (from, most): (&str, usize),
    ) -> Result<Page<'_>, ErrorResponse> {
        self.directory(snapshot, path)?;
        let below = if path.is_empty() { String::new() } else { format!("{}/", path.to_lowercase()) };
        let (prefix, from) = (prefix.to_lowercase(), from.to_lowercase());
        let all = self.at(snapshot)?.range(below.clone()..).take_while(|(key, _)| key.starts_with(&below));
        let mut entries: Vec<&Node> = all
            .filter(|(key, _)| {
                let name = key.strip_prefix(&below).unwrap_or_default();
                !name.contains('/') && name.starts_with(&prefix) && name >= from.as_str()
            })
            .map(|(_, node)| node)
            .collect();
        let next = entries.get(most).map(|node| node.name());
        entries.truncate(most);
        Ok(Page { entries, next })
    }

    /// Creates a directory.
    pub(super) fn create_directory(&mut self, path: &str, now: Timestamp) -> Result<&Node, ErrorResponse> {
        if self.nodes.contains_key(&path.to_lowercase()) {
            return Err(refusal(409, "ResourceAlreadyExists"));
        }
        self.insert(path, None, now)
    }

    /// Creates a file of zeros, or replaces one: who reads it sees zeros until it is filled.
    pub(super) fn create_file(&mut self, path: &str, length: u64, now: Timestamp) -> Result<&Node, ErrorResponse> {
        if length > LARGEST_FILE {
            return Err(refusal(400, "InvalidHeaderValue"));
        }
        if self.nodes.get(&path.to_lowercase()).is_some_and(|node| node.content.is_none()) {
            return Err(refusal(409, "ResourceTypeMismatch"));
        }
        self.insert(path, Some(vec![0; usize::try_from(length).unwrap_or_default()]), now)
    }

    fn insert(&mut self, path: &str, content: Option<Vec<u8>>, now: Timestamp) -> Result<&Node, ErrorResponse> {
        if !self.has_parent(path) {
            return Err(refusal(404, "ParentNotFound"));
        }
        self.changes += 1;
        let (path, change) = (path.to_owned(), self.changes);
        let key = path.to_lowercase();
        let node = Node { path, content, id: change, created: now, written: now, modified: now, change };
        self.nodes.insert(key.clone(), node);
        self.nodes.get(&key).ok_or_else(|| refusal(404, "ResourceNotFound"))
    }

    /// Writes bytes into a file.
    pub(super) fn write(&mut self, path: &str, from: usize, bytes: &[u8], now: Timestamp) -> Result<(), ErrorResponse> {
        let missing = self.missing(path);
        let node = self.nodes.get_mut(&path.to_lowercase());
        let content = node.and_then(|node| node.content.as_mut()).ok_or(missing)?;
        let part = from.checked_add(bytes.len()).and_then(|to| content.get_mut(from..to));
        part.ok_or_else(|| refusal(416, "InvalidRange"))?.copy_from_slice(bytes);
        self.touch(path, WriteTime::Now, now).map(drop)
    }

    /// Marks a file or directory as changed, with this time of its last write.
    pub(super) fn touch(&mut self, path: &str, wanted: WriteTime, now: Timestamp) -> Result<&Node, ErrorResponse> {
        let missing = self.missing(path);
        self.changes += 1;
        let change = self.changes;
        let node = self.nodes.get_mut(&path.to_lowercase()).ok_or(missing)?;
        (node.modified, node.change) = (now, change);
        match wanted {
            WriteTime::Now => node.written = now,
            WriteTime::Preserve => {}
            WriteTime::At(time) => node.written = time,
        }
        Ok(node)
    }

    /// Deletes a file.
    pub(super) fn delete_file(&mut self, path: &str) -> Result<(), ErrorResponse> {
        self.file(None, path)?;
        self.nodes.remove(&path.to_lowercase());
        Ok(())
    }

    /// Deletes an empty directory.
    pub(super) fn delete_directory(&mut self, path: &str) -> Result<(), ErrorResponse> {
        self.directory(None, path)?;
        let below = format!("{}/", path.to_lowercase());
        if self.nodes.range(below.clone()..).next().is_some_and(|(key, _)| key.starts_with(&below)) {
            return Err(refusal(409, "DirectoryNotEmpty"));
        }
        self.nodes.remove(&path.to_lowercase());
        Ok(())
    }

    /// Keeps the tree as it is under this time.
    pub(super) fn keep_snapshot(&mut self, time: String) {
        self.snapshots.insert(time, self.nodes.clone());
    }

    /// Writes a whole file, and the directories above it that are missing.
    pub(super) fn put(&mut self, path: &str, content: Vec<u8>, now: Timestamp) -> Result<(), ErrorResponse> {
        for (at, _) in path.match_indices('/') {
            let above = path.get(..at).unwrap_or_default();
            if self.directory(None, above).is_err() {
                self.create_directory(above, now)?;
            }
        }
        self.create_file(path, content.len() as u64, now)?;
        self.write(path, 0, &content, now)
    }

    /// Removes a file, or a directory with all that it contains. Returns false where there is none.
    pub(super) fn remove_all(&mut self, path: &str) -> bool {
        let (own, before) = (path.to_lowercase(), self.nodes.len());
        let below = format!("{own}/");
        self.nodes.retain(|key, _| *key != own && !key.starts_with(&below));
        self.nodes.len() < before
    }
}

/// A refusal with the words of the service.
pub(super) fn refusal(status: u16, code: &str) -> ErrorResponse {
    let message = match code {
        "ResourceNotFound" => "The specified resource does not exist.",
        "ParentNotFound" => "The specified parent path does not exist.",
        "ResourceAlreadyExists" => "The specified resource already exists.",
        "ResourceTypeMismatch" => "The specified resource type does not match the type of the existing resource.",
        "DirectoryNotEmpty" => "The specified directory is not empty.",
        "InvalidRange" => "The range specified is invalid for the current size of the resource.",
        "InvalidHeaderValue" => "The value for one of the HTTP headers is not in the correct format.",
        "ShareSnapshotNotFound" => "The specified share snapshot does not exist.",
        other => other,
    };
    ErrorResponse::service(status, code, message)
}

//! Contents of objects: how they arrive, their checksums, and how the world keeps them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::super::answers::Refused;
use crate::simulator::request::Request;

/// The digits of a digest.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The content of a request, without the chunks in which a client may send it.
///
/// # Errors
/// A content that is not what its checksums say.
pub(super) fn of_request(request: &Request) -> Result<Vec<u8>, Refused> {
    let sent = request.header("x-amz-content-sha256").unwrap_or_default();
    let is_chunked = sent.starts_with("STREAMING-");
    let content = match is_chunked {
        true => {
            chunks(&request.bytes).ok_or_else(|| Refused::bad("IncompleteBody", "The chunks of the body end early."))?
        }
        false => request.bytes.to_vec(),
    };
    let digest = Sha256::digest(&content);
    if sent.len() == 64 && sent != hex(&digest) {
        let why = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(Refused::bad("XAmzContentSHA256Mismatch", why));
    }
    let wanted = request.header("x-amz-checksum-sha256");
    if wanted.is_some_and(|wanted| wanted != BASE64_STANDARD.encode(digest)) {
        return Err(Refused::bad("BadDigest", "The SHA256 you specified did not match the calculated checksum."));
    }
    let length = request.header("x-amz-decoded-content-length").and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length != content.len()) {
        return Err(Refused::bad("IncompleteBody", "The body has another length than its header says."));
    }
    Ok(content)
}

/// The content of a body in chunks, each with its length before it.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if length == 0 {
            return Some(content);
        }
        content.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length..)?.strip_prefix(b"\r\n")?;
    }
}

/// The tag of a content. S3 has its MD5, but promises none: the simulator has a digest of the same length.
pub(super) fn tag(content: &[u8]) -> String {
    hex(Sha256::digest(content).get(..16).unwrap_or_default())
}

/// A content as a body has it: as text where it is one.
pub(super) fn kept(content: &[u8]) -> Json {
    match std::str::from_utf8(content) {
        Ok(text) => json!({ "Text": text }),
        Err(_) => json!({ "Base64": BASE64_STANDARD.encode(content) }),
    }
}

/// The content that a body has.
pub(in super::super) fn read(kept: &Json) -> Vec<u8> {
    match (kept["Text"].as_str(), kept["Base64"].as_str()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(encoded)) => BASE64_STANDARD.decode(encoded).unwrap_or_default(),
        (None, None) => Vec::new(),
    }
}

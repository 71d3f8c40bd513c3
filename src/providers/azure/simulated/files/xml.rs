//! The bodies of Azure Files, which are XML.

use jiff::Timestamp;

use super::tree::Node;

/// An error.
pub(super) fn error(code: &str, message: &str) -> String {
    let (code, message) = (escaped(code), escaped(message));
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>")
}

/// One level of a directory.
pub(super) fn listing(share: &str, path: &str, entries: &[&Node], next: Option<&str>) -> String {
    let entries: String = entries.iter().map(|node| entry(node)).collect();
    let (share, path, next) = (escaped(share), escaped(path), escaped(next.unwrap_or_default()));
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ShareName=\"{share}\" \
         DirectoryPath=\"{path}\"><Entries>{entries}</Entries><NextMarker>{next}</NextMarker></EnumerationResults>"
    )
}

fn entry(node: &Node) -> String {
    let (kind, length) = match &node.content {
        Some(content) => ("File", format!("<Content-Length>{}</Content-Length>", content.len())),
        None => ("Directory", String::new()),
    };
    format!(
        "<{kind}><Name>{}</Name><FileId>{}</FileId><Properties>{length}<CreationTime>{}</CreationTime>\
         <LastWriteTime>{}</LastWriteTime><ChangeTime>{}</ChangeTime><Last-Modified>{}</Last-Modified>\
         <Etag>{}</Etag></Properties><Attributes>{}</Attributes></{kind}>",
        escaped(node.name()),
        node.id,
        precise(node.created),
        precise(node.written),
        precise(node.modified),
        dated(node.modified),
        escaped(&node.etag()),
        node.attributes(),
    )
}

/// A time as headers of HTTP have it, to the second.
pub(super) fn dated(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A time as SMB keeps it, to 100 nanoseconds.
pub(super) fn precise(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! The signature, of version 4, that a request has to have. Several dialects have it, each with keys of its own.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use super::request::Request;

/// The parameter with the signature, which it does not cover.
const OWN: &str = "X-Amz-Signature";
/// The hash of a body that a signature leaves open.
const OPEN: &str = "UNSIGNED-PAYLOAD";

/// The parts of a signature that decide how it is made.
pub(crate) struct Signed<'a> {
    /// Day, region, service and the end of the scope.
    pub(crate) scope: [&'a str; 4],
    pub(crate) date: &'a str,
    /// The names of the headers, as the signature has them.
    pub(crate) headers: &'a str,
    /// True for a signature in the query.
    pub(crate) is_presigned: bool,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    // A key may have any length, so that there is no error to report.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A text with every byte encoded that is not unreserved.
fn encoded(text: &str, keeps_slash: bool) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (keeps_slash && byte == b'/');
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The signature that a request has to have.
pub(crate) fn signature(request: &Request, secret: &str, signed: &Signed<'_>) -> String {
    let [day, region, service, end] = signed.scope;
    // S3 signs the path as it is sent, all others encode it once more.
    let path = if service == "s3" { request.path.clone() } else { encoded(&request.path, true) };
    let covered = request.query.iter().filter(|(name, _)| *name != OWN);
    let mut pairs: Vec<(String, String)> =
        covered.map(|(name, value)| (encoded(name, false), encoded(value, false))).collect();
    pairs.sort();
    let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let header = |name: &str| {
        let value = request.header(name).unwrap_or_default();
        format!("{name}:{}\n", value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let headers: String = signed.headers.split(';').map(header).collect();
    let hash = match (service, signed.is_presigned, request.header("x-amz-content-sha256")) {
        ("s3", _, Some(sent)) => sent.to_owned(),
        ("s3", ..) => OPEN.to_owned(),
        (_, true, _) => hex(&Sha256::digest(b"")),
        (_, false, _) => hex(&Sha256::digest(&request.bytes)),
    };
    let canonical = [request.verb.name(), &path, &query, &headers, signed.headers, &hash].join("\n");
    let scope = [day, region, service, end].join("/");
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{}", signed.date, hex(&Sha256::digest(canonical.as_bytes())));
    let parts = [day, region, service, end];
    let key = parts.iter().fold(format!("AWS4{secret}").into_bytes(), |key, part| keyed(&key, part));
    hex(&keyed(&key, &to_sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::HttpMethod;

    /// The request, the key and the signature of AWS's documentation of presigned addresses.
    #[test]
    fn signature_is_that_of_awss_own_example() {
        let pairs = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
            ("X-Amz-Date", "20130524T000000Z"),
            ("X-Amz-Expires", "86400"),
            ("X-Amz-SignedHeaders", "host"),
            (OWN, "not covered"),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let request = Request {
            verb: HttpMethod::Get,
            path: "/test.txt".to_owned(),
            query: pairs.map(own).into_iter().collect(),
            headers: [own(("host", "examplebucket.s3.amazonaws.com"))].into_iter().collect(),
            body: Ok(None),
            bytes: Default::default(),
        };
        let scope = ["20130524", "us-east-1", "s3", "aws4_request"];
        let signed = Signed { scope, date: "20130524T000000Z", headers: "host", is_presigned: true };
        let made = signature(&request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &signed);
        assert_eq!(made, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    }
}

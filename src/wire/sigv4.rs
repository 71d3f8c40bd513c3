//! Signature version 4 of AWS, which other stores of objects take as well: in a header, or in the query of an address
//! that is given away.
//!
//! Pure: keys, time and request come in as arguments. No secret leaves but as part of a digest.

use std::fmt;

use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderName, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::carrier::WireRequest;

/// The hash of a body that the signature of an address leaves open.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The longest time for which an address can be signed, in seconds: seven days.
const LONGEST: u32 = 604_800;

/// Access keys. They are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id of the access key.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The token of a session; `None` for a user's own keys.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

/// The scope and the time of a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    /// The name of the service in signatures.
    pub(crate) service: &'a str,
    pub(crate) at: Timestamp,
}

impl Scope<'_> {
    fn stamp(&self) -> String {
        self.at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The scope in a signature, which begins with the day.
    fn text(&self, stamp: &str) -> String {
        let day = stamp.get(..8).unwrap_or(stamp);
        format!("{day}/{}/{}/aws4_request", self.region, self.service)
    }
}

/// The hexadecimal SHA-256 of a text.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // A key may have any length, so that there is no error to tell.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A text with every byte encoded that is not unreserved.
pub(crate) fn encoded(text: &str, keeps_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if keeps_slash => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The query of these pairs: encoded, and sorted as signatures have it.
pub(crate) fn query(pairs: &[(String, String)]) -> String {
    let mut all: Vec<_> = pairs.iter().map(|(name, value)| (encoded(name, false), encoded(value, false))).collect();
    all.sort();
    all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Host and port of an address, as its `Host` header has them.
fn host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", url.host_str().unwrap_or_default())
}

/// The names of the signed headers, and the signature.
fn signature(
    (method, url, hash): (&str, &Url, &str),
    headers: &mut [(String, String)],
    keys: &Keys,
    scope: &Scope<'_>,
) -> (String, String) {
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    // The path of an address is encoded once; all services but S3 sign it encoded twice.
    let path = if scope.service == "s3" { url.path().to_owned() } else { encoded(url.path(), true) };
    let canonical = [method, &path, url.query().unwrap_or_default(), &lines, &names, hash].join("\n");
    let stamp = scope.stamp();
    let text = scope.text(&stamp);
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{text}\n{}", sha256_hex(canonical.as_bytes()));
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for part in text.split('/') {
        key = hmac(&key, part);
    }
    (names, hex(&hmac(&key, &to_sign)))
}

/// Signs a request with its headers. The query has to be as [`query`] makes it, and the path encoded once.
///
/// # Errors
/// A header, or a key, that no header can hold.
pub(crate) fn sign(request: &mut WireRequest, keys: &Keys, scope: &Scope<'_>) -> Result<(), String> {
    let hash = sha256_hex(&request.body);
    let value = |text: &str| HeaderValue::try_from(text).map_err(|_| "a header holds invalid characters".to_owned());
    request.headers.insert(HeaderName::from_static("x-amz-date"), value(&scope.stamp())?);
    if let Some(token) = &keys.token {
        let mut token = value(token)?;
        token.set_sensitive(true);
        request.headers.insert(HeaderName::from_static("x-amz-security-token"), token);
    }
    if scope.service == "s3" {
        request.headers.insert(HeaderName::from_static("x-amz-content-sha256"), value(&hash)?);
    }
    let mut headers = vec![(HOST.as_str().to_owned(), host(&request.url))];
    for (name, value) in &request.headers {
        let text = value.to_str().map_err(|_| format!("the header `{name}` holds invalid characters"))?;
        headers.push((name.as_str().to_owned(), text.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    let (names, signature) = signature((request.method.as_str(), &request.url, &hash), &mut headers, keys, scope);
    let scope = scope.text(&scope.stamp());
    let text = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id);
    let mut authorization = value(&text)?;
    authorization.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, authorization);
    Ok(())
}

/// The address of a request without headers that anybody can send for so many seconds.
pub(crate) fn presigned(
    (method, url): (&str, &Url),
    pairs: &[(String, String)],
    keys: &Keys,
    scope: &Scope<'_>,
    seconds: u32,
) -> Url {
    let stamp = scope.stamp();
    let mut all = pairs.to_vec();
    let mut add = |name: &str, value: String| all.push((name.to_owned(), value));
    add("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned());
    add("X-Amz-Credential", format!("{}/{}", keys.id, scope.text(&stamp)));
    add("X-Amz-Date", stamp);
    add("X-Amz-Expires", seconds.min(LONGEST).to_string());
    add("X-Amz-SignedHeaders", "host".to_owned());
    if let Some(token) = &keys.token {
        add("X-Amz-Security-Token", token.clone());
    }
    let mut url = url.clone();
    url.set_query(Some(&query(&all)));
    let hash = if scope.service == "s3" { UNSIGNED.to_owned() } else { sha256_hex(b"") };
    let mut headers = vec![(HOST.as_str().to_owned(), host(&url))];
    let (_, signature) = signature((method, &url, &hash), &mut headers, keys, scope);
    let signed = format!("{}&X-Amz-Signature={signature}", url.query().unwrap_or_default());
    url.set_query(Some(&signed));
    url
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    fn keys(token: Option<&str>) -> Keys {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
        Keys { id: "AKIDEXAMPLE".to_owned(), secret, token: token.map(str::to_owned) }
    }

    fn scope<'a>(region: &'a str, service: &'a str) -> Scope<'a> {
        Scope { region, service, at: "2026-03-01T12:00:00Z".parse().unwrap() }
    }

    /// The signature of a request, the last 64 characters of the header.
    fn signed(
        (method, url): (Method, &str),
        headers: &[(&'static str, &'static str)],
        body: &'static str,
        (keys, scope): (&Keys, &Scope<'_>),
    ) -> String {
        let mut request = WireRequest::new(method, Url::parse(url).unwrap());
        request.body = body.into();
        for (name, value) in headers {
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        sign(&mut request, keys, scope).unwrap();
        let text = request.headers[AUTHORIZATION].to_str().unwrap();
        text.rsplit('=').next().unwrap().to_owned()
    }

    /// The first vector is the plain one of AWS's test suite, the others are of AWS's own library for Python.
    #[test]
    fn signatures_are_those_of_the_provider_s_own_tools() {
        let suite = Scope { at: "2015-08-30T12:36:00Z".parse().unwrap(), ..scope("us-east-1", "service") };
        let (own, session) = (keys(None), keys(Some("TOKEN/+=")));
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let object =
            [("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="), ("content-type", "text/plain")];
        let get = |url| (Method::GET, url);
        let of = |service| scope("eu-west-1", service);
        assert_eq!(
            signed(get("https://example.amazonaws.com/"), &[], "", (&own, &suite)),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(
            signed(
                (Method::POST, "https://ec2.eu-west-1.amazonaws.com/"),
                &form,
                "Action=DescribeVpcs&Version=2016-11-15",
                (&session, &of("ec2"))
            ),
            "2b5abacf8c6e4270947f58417bb882c37dd4dbbb9b5549b99b4f0c8a08f2c87c"
        );
        assert_eq!(
            signed(
                (Method::PUT, "https://s3.eu-west-1.amazonaws.com/bucket/a%20b/%C3%BC%2B1?tagging="),
                &object,
                "hello",
                (&own, &of("s3"))
            ),
            "fa2c69b82db7127442a483593bc4618dc62fcceeded2eda35fb19c3979aa03e0"
        );
        let records = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset?maxitems=1&name=a.example.com.";
        assert_eq!(
            signed(get(records), &[], "", (&own, &scope("us-east-1", "route53"))),
            "a171fdc2ff21a9b784fe1ad0c0fb7dcb4cea6774b1e011cbe21bcd7bea837255"
        );
        assert_eq!(
            signed(get("https://ssm.eu-west-1.amazonaws.com/a%20b/c"), &[], "", (&own, &of("ssm"))),
            "0670300f492d0a799e5fd9c2322b188cb79a505c4f6a7ce239568328cc9695fa"
        );
    }

    #[test]
    fn signed_addresses_are_those_of_the_provider_s_own_tools() {
        let url = Url::parse("https://s3.eu-west-1.amazonaws.com/bucket/a%20b").unwrap();
        let url = presigned(("GET", &url), &[], &keys(Some("TOKEN/+=")), &scope("eu-west-1", "s3"), 900);
        assert!(url.as_str().contains("X-Amz-Security-Token=TOKEN%2F%2B%3D&"), "{url}");
        assert!(url.as_str().ends_with("=c64e3277088d9bb9e51a80c2fadeaa0b752ba4908877ef7e57e57532027e36be"), "{url}");
        let url = Url::parse("https://ec2.us-east-1.amazonaws.com/").unwrap();
        let pairs = [("Action", "CopySnapshot"), ("SourceSnapshotId", "snap-1"), ("Version", "2016-11-15")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = presigned(("GET", &url), &pairs, &keys(None), &scope("us-east-1", "ec2"), 3600);
        assert!(url.as_str().ends_with("=65384f340da5e3f448cf956cf708e676ba071e4a15cc4eac210275128356f843"), "{url}");
    }

    #[test]
    fn keys_are_never_printed() {
        assert_eq!(format!("{:?}", keys(Some("t"))), "Keys([redacted])");
    }
}

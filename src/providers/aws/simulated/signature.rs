//! Signatures of requests (source: AWS's documentation of Signature Version 4).
//!
//! The form, the scope, the headers and the time of every signature are checked, and the signature itself where the
//! simulator knows the secret ([`verify`]).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::answers::Refused;
use super::hosts::{Endpoint, HOME, Service};
use super::types::ACCOUNT;
use super::verify::{self, TEMPORARY};
use crate::simulator::request::Request;
use crate::simulator::signature::{self as expected, Signed};
use crate::simulator::world::World;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The farthest that the clock of a client may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The longest life of a presigned URL, in seconds.
const LONGEST: i64 = 7 * 24 * 3600;

/// The sender of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The id of the key.
    pub(super) key: String,
    /// The name of the principal.
    pub(super) arn: String,
}

/// The parts of a signature, from the header or from the query.
struct Signature<'a> {
    credential: &'a str,
    signed: &'a str,
    signature: &'a str,
    date: &'a str,
    expires: Option<&'a str>,
    token: Option<&'a str>,
}

fn read(request: &Request) -> Option<Signature<'_>> {
    let query = |name: &str| request.query.get(name).map(String::as_str);
    if query("X-Amz-Algorithm") == Some(ALGORITHM) {
        return Some(Signature {
            credential: query("X-Amz-Credential")?,
            signed: query("X-Amz-SignedHeaders")?,
            signature: query("X-Amz-Signature")?,
            date: query("X-Amz-Date")?,
            expires: Some(query("X-Amz-Expires").unwrap_or_default()),
            token: query("X-Amz-Security-Token"),
        });
    }
    let header = request.header("authorization")?.strip_prefix(ALGORITHM)?;
    let part = |name: &str| header.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    Some(Signature {
        credential: part("Credential")?,
        signed: part("SignedHeaders")?,
        signature: part("Signature")?,
        date: request.header("x-amz-date")?,
        expires: None,
        token: request.header("x-amz-security-token"),
    })
}

/// The service and the region in the scope of a signature, for a request to an address without a host of AWS.
pub(super) fn scope(authorization: Option<&str>, credential: Option<&str>) -> Option<(String, String)> {
    let header = authorization.and_then(|header| header.strip_prefix(ALGORITHM));
    let part = header.and_then(|header| header.split(',').find_map(|part| part.trim().strip_prefix("Credential=")));
    let parts: Vec<&str> = part.or(credential)?.split('/').collect();
    let [.., region, service, "aws4_request"] = parts.as_slice() else { return None };
    Some(((*service).to_owned(), (*region).to_owned()))
}

/// Checks the signature of a request.
///
/// # Errors
/// A signature that is missing, malformed, for another service or region, or too old.
pub(super) fn check(world: &World, request: &Request, at: &Endpoint) -> Result<Caller, Refused> {
    let signature = read(request).ok_or_else(|| missing(request, at.service))?;
    let malformed = |why: String| match at.service {
        Service::S3 => Refused::bad("AuthorizationHeaderMalformed", why),
        Service::Ec2 => Refused::new(401, "AuthFailure", why),
        _ => Refused::new(403, "SignatureDoesNotMatch", why),
    };
    let parts: Vec<&str> = signature.credential.split('/').collect();
    let [key, day, region, service, "aws4_request"] = parts.as_slice() else {
        return Err(malformed("Credential must have exactly 5 slash-delimited elements".to_owned()));
    };
    let is_key = |text: &str| {
        (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if !is_key(key) {
        return Err(unknown_key(at.service));
    }
    if *service != at.service.name() {
        return Err(malformed(format!("Credential should be scoped to correct service: '{}'.", at.service.name())));
    }
    let wanted = if at.service.is_global() { HOME } else { at.region.as_str() };
    if *region != wanted {
        return Err(malformed(format!(
            "Credential should be scoped to a valid region, not '{region}', but '{wanted}'"
        )));
    }
    let is_hex = signature.signature.len() == 64 && signature.signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return Err(malformed("The signature is not 64 hexadecimal digits.".to_owned()));
    }
    headers(request, at.service, &signature).map_err(malformed)?;
    if !signature.date.starts_with(day) {
        return Err(malformed(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date".to_owned(),
        ));
    }
    time(world, at.service, &signature)?;
    let signed = Signed {
        scope: [day, region, service, "aws4_request"],
        date: signature.date,
        headers: signature.signed,
        is_presigned: signature.expires.is_some(),
    };
    // On a port, clients sign for the host of the port.
    let secret = verify::secret(key).filter(|_| !world.lenient);
    if secret.is_some_and(|secret| expected::signature(request, &secret, &signed) != signature.signature) {
        return Err(other(at.service));
    }
    caller(world, at.service, key, signature.token)
}

/// The signed headers must be sent, and name what no proxy may change.
fn headers(request: &Request, service: Service, signature: &Signature<'_>) -> Result<(), String> {
    let signed: Vec<&str> = signature.signed.split(';').collect();
    if !signed.is_sorted() {
        return Err("SignedHeaders are not sorted.".to_owned());
    }
    let mut needed = vec!["host"];
    if signature.expires.is_none() {
        needed.push("x-amz-date");
        needed.extend((service == Service::S3).then_some("x-amz-content-sha256"));
        needed.extend(signature.token.map(|_| "x-amz-security-token"));
    }
    if let Some(name) = needed.into_iter().find(|name| !signed.contains(name)) {
        return Err(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."));
    }
    match signed.iter().find(|name| request.header(name).is_none()) {
        Some(name) => Err(format!("The signed header '{name}' was not sent.")),
        None => Ok(()),
    }
}

fn time(world: &World, service: Service, signature: &Signature<'_>) -> Result<(), Refused> {
    let format = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signature.date).ok();
    let date = format.and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|date| date.timestamp());
    let Some(date) = date else {
        return Err(Refused::bad("InvalidArgument", "X-Amz-Date must be in the ISO8601 Long Format"));
    };
    let expired = |message: String| match service {
        Service::S3 => Refused::new(403, "AccessDenied", message),
        Service::Ec2 => Refused::bad("RequestExpired", message),
        _ => Refused::new(403, "SignatureDoesNotMatch", message),
    };
    // Clients of a world on a port have real time, which is not that of the world.
    if world.lenient {
        return Ok(());
    }
    if let Some(expires) = signature.expires {
        let seconds = expires.parse::<i64>().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            Refused::bad("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds")
        })?;
        let ends = date + SignedDuration::from_secs(seconds);
        return if world.now > ends { Err(expired("Request has expired".to_owned())) } else { Ok(()) };
    }
    if world.now.duration_since(date).abs() <= SKEW {
        return Ok(());
    }
    Err(match service {
        Service::S3 => Refused::new(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        _ => expired(format!("Signature not yet current or expired: {} is not near {}", signature.date, world.now)),
    })
}

/// The refusal of a signature of another request, or with another secret.
fn other(service: Service) -> Refused {
    let why = "The request signature we calculated does not match the signature you provided. Check your key and \
        signing method.";
    match service {
        Service::Ec2 => {
            Refused::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        }
        Service::S3 | Service::Iam | Service::Sts | Service::Route53 => Refused::new(403, "SignatureDoesNotMatch", why),
        _ => Refused::bad("InvalidSignatureException", why),
    }
}

fn missing(request: &Request, service: Service) -> Refused {
    if request.header("authorization").is_some() || request.query.contains_key("X-Amz-Algorithm") {
        let why = "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and a date.";
        return Refused::bad("IncompleteSignature", why);
    }
    match service {
        Service::S3 => Refused::new(403, "AccessDenied", "Access Denied"),
        Service::Ec2 => {
            Refused::new(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
        }
        Service::Iam | Service::Sts | Service::Route53 => {
            Refused::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        }
        _ => Refused::bad("MissingAuthenticationTokenException", "Missing Authentication Token"),
    }
}

fn unknown_key(service: Service) -> Refused {
    let message = "The security token included in the request is invalid.";
    match service {
        Service::S3 => Refused::new(403, "InvalidAccessKeyId", message),
        Service::Ec2 => Refused::new(401, "AuthFailure", message),
        Service::Iam | Service::Sts | Service::Route53 => Refused::new(403, "InvalidClientTokenId", message),
        _ => Refused::bad("UnrecognizedClientException", message),
    }
}

/// The principal of a key. A temporary one has a token of [`token`].
fn caller(world: &World, service: Service, key: &str, token: Option<&str>) -> Result<Caller, Refused> {
    if !key.starts_with(TEMPORARY) {
        return Ok(Caller { key: key.to_owned(), arn: format!("arn:aws:iam::{ACCOUNT}:user/drplan") });
    }
    let decoded =
        token.and_then(|token| BASE64_STANDARD.decode(token).ok()).and_then(|text| String::from_utf8(text).ok());
    let parts = decoded.as_deref().and_then(|text| text.split_once(' '));
    let Some((ends, arn)) = parts else { return Err(unknown_key(service)) };
    let ends: Option<Timestamp> = ends.parse().ok();
    if ends.is_none_or(|ends| ends < world.now) {
        let message = "The security token included in the request is expired";
        return Err(match service {
            Service::Ec2 => Refused::bad("RequestExpired", "Request has expired."),
            Service::S3 => Refused::bad("ExpiredToken", "The provided token has expired."),
            Service::Iam | Service::Sts | Service::Route53 => Refused::new(403, "ExpiredToken", message),
            _ => Refused::bad("ExpiredTokenException", message),
        });
    }
    Ok(Caller { key: key.to_owned(), arn: arn.to_owned() })
}

/// A token of a session, which says until when it is valid, and for whom.
pub(super) fn token(ends: Timestamp, arn: &str) -> String {
    BASE64_STANDARD.encode(format!("{ends} {arn}"))
}

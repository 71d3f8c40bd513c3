//! Keys of a container, or of a machine of EC2, from the address at which it finds them.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue, Method};
use url::{Host, Url};

use super::session::Session;
use super::surroundings::Surroundings;
use crate::wire::{WireRequest, WireResponse};

/// Time limit for one answer: the addresses are near, and elsewhere nothing answers.
const WITHIN: Duration = Duration::from_secs(2);
/// The address of relative paths of a container.
const CONTAINER: &str = "http://169.254.170.2";
/// The address of the metadata of a machine.
const MACHINE: &str = "http://169.254.169.254";
/// The path of the roles of a machine.
const ROLES: &str = "latest/meta-data/iam/security-credentials/";
/// Addresses beside those of this machine from which containers have keys (source: AWS's tools): ECS and EKS.
const NEAR: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// True for an address to which a token of a container may go: another one would give it away.
fn is_near(url: &Url) -> bool {
    let is = |address: IpAddr| {
        address.is_loopback() || NEAR.iter().any(|near| near.parse::<IpAddr>().is_ok_and(|near| near == address))
    };
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Ipv4(address)) => is(address.into()),
            Some(Host::Ipv6(address)) => is(address.into()),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

fn parsed(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| format!("`{text}` is no address: {error}"))
}

impl Surroundings {
    async fn fetch(&self, request: WireRequest) -> Result<WireResponse, String> {
        self.wire.send_within(request, &*self.clock, WITHIN).await.map_err(|error| error.to_string())
    }

    /// The keys of a container; `None` outside of one.
    pub(super) async fn of_container(&self) -> Result<Option<Session>, String> {
        let url = match (
            self.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            self.set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        ) {
            (Some(path), _) => parsed(&format!("{CONTAINER}{path}"))?,
            (None, Some(url)) => parsed(url)?,
            (None, None) => return Ok(None),
        };
        if !is_near(&url) {
            return Err(format!("container: drplan asks no keys of {}", url.host_str().unwrap_or("this address")));
        }
        let mut request = WireRequest::get(url);
        let token = match self.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(path) => self.file(path)?,
            None => self.set("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
        };
        if let Some(token) = token {
            let token = HeaderValue::try_from(token.trim()).map_err(|_| "container: its token is invalid".to_owned());
            let mut token = token?;
            token.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, token);
        }
        let answer = self.fetch(request).await.map_err(|why| format!("container: {why}"))?;
        let body = answer.json().filter(|_| answer.status == 200);
        let body = body.ok_or_else(|| format!("container: HTTP {} without keys", answer.status))?;
        Session::read(&body).map(Some).map_err(|why| format!("container: {why}"))
    }

    /// The keys of a machine of EC2; `None` where nothing answers.
    pub(super) async fn of_machine(&self) -> Result<Option<Session>, String> {
        if self.set("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let base = self.set("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(MACHINE).trim_end_matches('/').to_owned();
        let mut request = WireRequest::new(Method::PUT, parsed(&format!("{base}/latest/api/token"))?);
        let seconds = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
        request.headers.insert(seconds, HeaderValue::from_static("21600"));
        // Elsewhere than at EC2 nothing answers here, or something else does.
        let Ok(answer) = self.fetch(request).await else { return Ok(None) };
        let Ok(mut token) = HeaderValue::from_bytes(&answer.body) else { return Ok(None) };
        if answer.status != 200 {
            return Ok(None);
        }
        token.set_sensitive(true);
        let get = async |path: &str| {
            let mut request = WireRequest::get(parsed(&format!("{base}/{path}"))?);
            request.headers.insert(HeaderName::from_static("x-aws-ec2-metadata-token"), token.clone());
            self.fetch(request).await.map_err(|why| format!("machine: {why}"))
        };
        let roles = get(ROLES).await?;
        let role = std::str::from_utf8(&roles.body).unwrap_or_default().lines().next().unwrap_or_default().trim();
        if roles.status != 200 || role.is_empty() {
            return Err("machine: it has no role".to_owned());
        }
        let answer = get(&format!("{ROLES}{role}")).await?;
        let body = answer.json().filter(|_| answer.status == 200);
        let body = body.ok_or_else(|| format!("machine: HTTP {} without keys", answer.status))?;
        Session::read(&body).map(Some).map_err(|why| format!("machine: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_containers_stay_near() {
        for (text, near) in [
            ("http://169.254.170.23/v1/credentials", true),
            ("http://127.0.0.1:8080/", true),
            ("http://[fd00:ec2::23]/", true),
            ("https://keys.example.com/", true),
            ("http://keys.example.com/", false),
            ("http://169.254.169.254/", false),
        ] {
            assert_eq!(is_near(&Url::parse(text).unwrap()), near, "{text}");
        }
    }
}

//! Requests to the public network, as users send them.

use async_trait::async_trait;
use reqwest::Method;
use url::{Host, Url};

use crate::azure::innermost;
use crate::world::{Web, WebRequest};

/// The public network from this machine.
#[derive(Debug, Clone)]
pub struct HostWeb {
    /// For names, whose certificates are checked.
    named: reqwest::Client,
    /// For addresses, which no certificate is for: what is probed there is health, as a load balancer does it.
    addressed: reqwest::Client,
}

impl HostWeb {
    /// The network over this client.
    ///
    /// # Errors
    /// Words that say why TLS cannot be set up.
    pub fn new(named: reqwest::Client) -> Result<Self, String> {
        let addressed = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| innermost(&error))?;
        Ok(Self { named, addressed })
    }
}

#[async_trait]
impl Web for HostWeb {
    async fn fetch(&self, request: &WebRequest) -> Result<u16, String> {
        // What was hoped for is the embedded cloud's to know.
        let WebRequest { method, url, headers, body, hoped: _, within } = request;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is no method"))?;
        let host = Url::parse(url).map_err(|error| format!("`{url}` is no URL: {error}"))?;
        let client = match host.host() {
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => &self.addressed,
            Some(Host::Domain(_)) | None => &self.named,
        };
        let mut asked = client.request(method, host).timeout(*within);
        for (name, value) in headers {
            asked = asked.header(name, value);
        }
        if let Some(body) = body {
            asked = asked.body(body.clone());
        }
        match asked.send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) if error.is_timeout() => Err(format!("no answer came within {} s", within.as_secs_f64())),
            // The address may hold a secret, so that it is left out.
            Err(error) => Err(innermost(&error.without_url())),
        }
    }
}

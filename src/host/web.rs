//! Requests to the public network, as users send them.

use async_trait::async_trait;
use reqwest::Method;
use url::{Host, Url};

use crate::wire::innermost;
use crate::world::{Web, WebAnswer, WebRequest};

/// The public network from this machine.
#[derive(Debug, Clone)]
pub struct HostWeb {
    /// For host names; certificates are verified.
    named: reqwest::Client,
    /// For IP addresses, which no certificate covers. Certificates are not verified: like a load balancer, the probe
    /// checks health only.
    addressed: reqwest::Client,
}

impl HostWeb {
    /// The public network, reached through this client.
    ///
    /// # Errors
    /// The reason why TLS cannot be set up.
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
    async fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, String> {
        // Only the local simulator uses the expected status.
        let WebRequest { method, url, headers, body, hoped: _, within } = request;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let host = Url::parse(url).map_err(|error| format!("the URL is invalid: {error}"))?;
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
            Ok(answer) => Ok(WebAnswer::Status(answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err(format!("no answer within {} s", within.as_secs_f64())),
            // The URL may hold a secret and is left out of the message.
            Err(error) => Err(innermost(&error.without_url())),
        }
    }
}

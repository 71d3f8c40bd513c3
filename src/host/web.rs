//! Requests to the public network, as users send them.

use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use reqwest::Method;
use url::{Host, Url};

use crate::wire::innermost;
use crate::world::{SiteMarker, Web, WebAnswer, WebRequest};

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

/// A client for one host at a given address. It uses no proxy, which would look up the name itself.
fn at_address(name: &str, address: IpAddr) -> Result<reqwest::Client, String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // The port of the URL is used for an address without one.
        .resolve(name, SocketAddr::new(address, 0));
    client.build().map_err(|error| innermost(&error))
}

#[async_trait]
impl Web for HostWeb {
    async fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, String> {
        // Only the local simulator uses the expected status.
        let WebRequest { method, url, headers, body, hoped: _, within, address, marker } = request;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("`{method}` is not an HTTP method"))?;
        let host = Url::parse(url).map_err(|error| format!("the URL is invalid: {error}"))?;
        let client = match (host.host(), address) {
            (Some(Host::Ipv4(_) | Host::Ipv6(_)), _) => self.addressed.clone(),
            (Some(Host::Domain(name)), Some(address)) => at_address(name, *address)?,
            (Some(Host::Domain(_)), None) | (None, _) => self.named.clone(),
        };
        let mut asked = client.request(method, host).timeout(*within);
        for (name, value) in headers {
            asked = asked.header(name, value);
        }
        if let Some(body) = body {
            asked = asked.body(body.clone());
        }
        match asked.send().await {
            Ok(answer) => Ok(match marker {
                None => WebAnswer::Status(answer.status().as_u16()),
                Some(SiteMarker { header, hoped: _ }) => {
                    let sent = answer.headers().get(header.as_str());
                    let marker = sent.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
                    WebAnswer::Marked(answer.status().as_u16(), marker)
                }
            }),
            Err(error) if error.is_timeout() => Err(format!("no answer within {} s", within.as_secs_f64())),
            // The URL may hold a secret and is left out of the message.
            Err(error) => Err(innermost(&error.without_url())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::wire::HttpBackend;

    #[tokio::test]
    async fn request_reaches_the_address_under_the_name_of_the_url_and_reads_the_marker() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut asked = vec![0; 1024];
            let length = stream.read(&mut asked).await.expect("a request");
            let answer = "HTTP/1.1 200 OK\r\nx-site: secondary\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.expect("it is read");
            String::from_utf8_lossy(&asked[..length]).to_ascii_lowercase()
        });
        let request = WebRequest {
            method: "GET".to_owned(),
            url: format!("http://www.nowhere.invalid:{port}/healthz"),
            headers: Vec::new(),
            body: None,
            address: Some(IpAddr::from([127, 0, 0, 1])),
            marker: Some(SiteMarker { header: "X-Site".to_owned(), hoped: BTreeMap::new() }),
            hoped: 200,
            within: Duration::from_secs(30),
        };
        let web = HostWeb::new(HttpBackend::client().expect("a client")).expect("TLS is set up");
        assert_eq!(web.fetch(&request).await, Ok(WebAnswer::Marked(200, Some("secondary".to_owned()))));
        let asked = served.await.expect("no panic");
        assert!(asked.contains(&format!("host: www.nowhere.invalid:{port}")), "{asked}");
        // Without the address the name leads nowhere.
        assert!(web.fetch(&WebRequest { address: None, ..request }).await.is_err());
    }
}

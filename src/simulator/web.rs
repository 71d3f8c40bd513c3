//! Requests to the public network from a client outside the cloud.

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::Simulator;
use super::request::HttpMethod;
use super::sight::Destination;
use super::world::World;
use crate::world::{Web, WebAnswer, WebRequest};

/// The longest wait for a response from a lost region.
const PATIENCE: Duration = Duration::from_secs(10);

#[async_trait]
impl Web for Simulator {
    async fn fetch(&self, request: &WebRequest) -> Result<WebAnswer, String> {
        let asked = self.change(|world| world.fetch(request));
        let (answer, takes) = asked.map_err(|error| format!("the simulator: {error}"))?;
        self.clock.sleep(takes).await;
        answer
    }
}

impl World {
    /// The response to a request, and its delay.
    fn fetch(&mut self, request: &WebRequest) -> (Result<WebAnswer, String>, Duration) {
        let Some(url) = Url::parse(&request.url).ok().filter(Url::has_host) else {
            return (Err("the URL is invalid or has no host".to_owned()), Duration::ZERO);
        };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let (seed, now) = (self.seed, self.now.to_string());
        let draw = |what: &str| seed.stream(&["web", &host, &request.method, &now, what]).unit();
        let takes = Duration::from_millis(20 + (draw("takes") * 60.0) as u64);
        let verb = HttpMethod::parse(&request.method);
        let found = match self.rest.faults.strike_web(&host, verb, url.path(), || draw("fault")) {
            Some(status) => Ok(Destination::Told(status)),
            None => {
                self.refresh_names();
                self.resolve(&host, draw("name")).map(|(name, _)| self.served(&name))
            }
        };
        let late = request.within.min(PATIENCE);
        match found {
            Err(why) => (Err(why), takes),
            Ok(Destination::Told(None)) => (Err(format!("{host} did not answer: injected fault")), late),
            Ok(Destination::Dark(region)) => {
                (Err(format!("{host} did not answer in time: region {region} is lost")), late)
            }
            Ok(Destination::Refused(why)) => (Err(format!("{host} refused the connection: {why}")), takes),
            Ok(Destination::Served(_)) => (Ok(WebAnswer::Status(request.hoped)), takes),
            Ok(Destination::Unserved) => (Ok(WebAnswer::Status(503)), takes),
            Ok(Destination::Told(Some(status))) => (Ok(WebAnswer::Status(status)), takes),
            Ok(Destination::Outside) => (Ok(WebAnswer::NotSimulated), Duration::ZERO),
        }
    }
}

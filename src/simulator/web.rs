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
        let named = || url.host_str().unwrap_or_default().to_ascii_lowercase();
        let host = request.address.map_or_else(named, |address| address.to_string());
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
            Ok(Destination::Served(region)) => (Ok(answered(request, request.hoped, Some(&region))), takes),
            Ok(Destination::Unserved) => (Ok(answered(request, 503, None)), takes),
            Ok(Destination::Told(Some(status))) => (Ok(answered(request, status, None)), takes),
            Ok(Destination::Outside) => (Ok(WebAnswer::NotSimulated), Duration::ZERO),
        }
    }
}

/// An answer with this status; the application in a region also sends the marker of its site.
fn answered(request: &WebRequest, status: u16, region: Option<&str>) -> WebAnswer {
    let Some(marker) = &request.marker else { return WebAnswer::Status(status) };
    let is_here = |(at, _): &(&String, &String)| region.is_some_and(|region| at.eq_ignore_ascii_case(region));
    WebAnswer::Marked(status, marker.hoped.iter().find(is_here).map(|(_, value)| value.clone()))
}

//! Requests to the public network, as a client outside of the cloud sends them.

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use super::Simulator;
use super::network::Found;
use super::request::Verb;
use super::world::World;
use crate::world::{Web, WebRequest};

/// The longest that a request waits for a region that is lost.
const PATIENCE: Duration = Duration::from_secs(10);

#[async_trait]
impl Web for Simulator {
    async fn fetch(&self, request: &WebRequest) -> Result<u16, String> {
        let asked = self.change(|world| world.fetch(request));
        let (answer, takes) = asked.map_err(|error| format!("the simulator: {error}"))?;
        self.clock.sleep(takes).await;
        answer
    }
}

impl World {
    /// The answer to a request, and how long it takes to come.
    fn fetch(&mut self, request: &WebRequest) -> (Result<u16, String>, Duration) {
        let Some(url) = Url::parse(&request.url).ok().filter(Url::has_host) else {
            return (Err(format!("`{}` is no URL with a host", request.url)), Duration::ZERO);
        };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let (seed, now) = (self.seed, self.now.to_string());
        let draw = |what: &str| seed.stream(&["web", &host, &request.method, &now, what]).unit();
        let takes = Duration::from_millis(20 + (draw("takes") * 60.0) as u64);
        let verb = Verb::parse(&request.method);
        let found = match self.rest.faults.strike_web(&host, verb, url.path(), || draw("fault")) {
            Some(status) => Ok(Found::Told(status)),
            None => {
                self.look_at_names();
                self.resolve(&host, draw("name")).map(|(name, _)| self.served(&name))
            }
        };
        let late = request.within.min(PATIENCE);
        match found {
            Err(why) => (Err(why), takes),
            Ok(Found::Told(None)) => (Err(format!("{host} did not answer: the simulator was told so")), late),
            Ok(Found::Dark(region)) => (Err(format!("{host} did not answer in time: {region} is lost")), late),
            Ok(Found::Refused(why)) => (Err(format!("{host} refused the connection: {why}")), takes),
            Ok(found) => (found.status(request.hoped).ok_or_else(|| format!("{host} did not answer")), takes),
        }
    }
}

//! From a request to its answer: the provider by the host, counting, faults, then the dialect.

use jiff::Timestamp;

use super::dialect::Dialect;
use super::fault::Moment;
use super::request::{HttpMethod, Request, Response};
use super::world::World;

impl World {
    /// Answers a request at this time.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.advance(now);
        let dialect = self.dialect_of_host(request.host());
        let number = self.count(request.verb);
        let strike = self.rest.faults.strike(dialect.name(), request, self.seed, number);
        let lost = self.rest.faults.reach_provider(dialect.name()).err();
        let mut response = match (strike.drops, strike.answer.or(lost)) {
            (Some(Moment::Before), _) => Response::empty(502),
            (_, Some(failure)) => dialect.refuse(&failure),
            _ => dialect.answer(self, request, strike.fails),
        };
        response.delay += strike.delay;
        response.dropped |= strike.drops.is_some();
        dialect.sign(self, response, request, number)
    }

    /// The dialect that answers for a host: the first for one that none has, such as an address of this machine.
    pub(super) fn dialect_of_host(&self, host: &str) -> &'static dyn Dialect {
        self.dialects.of_host(host)
    }

    fn count(&mut self, verb: HttpMethod) -> u64 {
        *self.rest.counters.entry(verb.name().to_owned()).or_default() += 1;
        self.rest.counters.values().sum()
    }
}

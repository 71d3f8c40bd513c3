//! Notices of the cloud client during long waits, as text.

use super::console::Console;
use crate::duration::spoken;
use crate::world::{Notice, Notices, Requests};

/// Prints each notice as a line.
#[derive(Clone)]
pub struct NoticePrinter(pub Console);

impl Notices for NoticePrinter {
    fn notice(&self, notice: &Notice) {
        self.0.wrapped(&line(notice));
    }
}

fn line(notice: &Notice) -> String {
    match notice {
        Notice::Registering { namespace } => {
            format!("registering the subscription with the resource provider {namespace}, about a minute ...")
        }
        Notice::Registered { namespace, took } => format!("registered with {namespace} after {}", spoken(*took)),
        Notice::Throttled { provider, requests, rate: Some(rate), wait } => format!(
            "throttled by {provider}: about {} accepted, next request in {}",
            speed(*rate, word(*requests)),
            spoken(*wait)
        ),
        Notice::Throttled { provider, requests, rate: None, wait } => {
            format!("throttled by {provider}: {} refused for now, next request in {}", word(*requests), spoken(*wait))
        }
        Notice::Unthrottled { provider, requests, lasted } => {
            format!("no longer throttled by {provider}: {} accepted again after {}", word(*requests), spoken(*lasted))
        }
    }
}

const fn word(requests: Requests) -> &'static str {
    match requests {
        Requests::Reads => "reads",
        Requests::Writes => "writes",
        Requests::Deletes => "deletions",
    }
}

/// `10 writes a second`, `20 writes a minute`: in the largest unit with a rate of at least one.
fn speed(rate: f64, word: &str) -> String {
    const UNITS: [(f64, &str); 3] = [(1.0, "a second"), (60.0, "a minute"), (3600.0, "an hour")];
    let (count, unit) = UNITS
        .into_iter()
        .map(|(seconds, unit)| (rate * seconds, unit))
        .find(|(count, _)| *count >= 1.0)
        .unwrap_or((1.0, "an hour"));
    format!("{count:.0} {word} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn throttling_rate_has_a_unit_with_at_least_one_request() {
        for (rate, told) in [
            (Some(10.0), "about 10 writes a second accepted, next request in 1m 30s"),
            (Some(1.0 / 3.0), "about 20 writes a minute accepted, next request in 1m 30s"),
            (Some(0.001), "about 4 writes an hour accepted, next request in 1m 30s"),
            (None, "writes refused for now, next request in 1m 30s"),
        ] {
            let (requests, wait) = (Requests::Writes, Duration::from_secs(90));
            let notice = Notice::Throttled { provider: "Somebody", requests, rate, wait };
            assert_eq!(line(&notice), format!("throttled by Somebody: {told}"));
        }
    }
}

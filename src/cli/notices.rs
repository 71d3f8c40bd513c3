//! What the cloud tells while it is waited for, in words, as it happens.

use super::voice::Voice;
use crate::duration::spoken;
use crate::world::{Notice, Notices, Requests};

/// Says each notice in a line.
pub struct Said(pub Voice);

impl Notices for Said {
    fn notice(&self, notice: &Notice) {
        self.0.line(&line(notice));
    }
}

fn line(notice: &Notice) -> String {
    match notice {
        Notice::Registering { namespace } => {
            format!(
                "the subscription is not registered with {namespace}: registering it, which takes a minute or so ..."
            )
        }
        Notice::Registered { namespace, took } => format!("registered with {namespace} after {}", spoken(*took)),
        Notice::Throttled { requests, rate: Some(rate), wait } => format!(
            "waiting for Azure's request limit: about {} are taken just now, the next goes in {}",
            speed(*rate, word(*requests)),
            spoken(*wait)
        ),
        Notice::Throttled { requests, rate: None, wait } => format!(
            "waiting for Azure's request limit: {} are refused for now, the next goes in {}",
            word(*requests),
            spoken(*wait)
        ),
        Notice::Unthrottled { requests, lasted } => {
            format!("Azure's request limit holds no {} up any more, after {}", word(*requests), spoken(*lasted))
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

/// `10 writes a second`, `20 writes a minute`: in the unit in which it is a number that says something.
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
    fn limits_are_told_in_a_unit_that_says_something() {
        for (rate, told) in [
            (Some(10.0), "about 10 writes a second are taken just now, the next goes in 1m 30s"),
            (Some(1.0 / 3.0), "about 20 writes a minute are taken just now, the next goes in 1m 30s"),
            (Some(0.001), "about 4 writes an hour are taken just now, the next goes in 1m 30s"),
            (None, "writes are refused for now, the next goes in 1m 30s"),
        ] {
            let notice = Notice::Throttled { requests: Requests::Writes, rate, wait: Duration::from_secs(90) };
            assert_eq!(line(&notice), format!("waiting for Azure's request limit: {told}"));
        }
    }
}

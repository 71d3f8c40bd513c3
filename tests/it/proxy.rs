//! A proxy between drplan and the cloud that cuts, delays, duplicates and reorders requests, from a seed: applies and
//! failovers still end correctly.

mod applies;
mod failovers;
mod faulty;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lab::{Lab, in_parallel, simulated};
use faulty::Proxy;

/// Longer than any operation that ends, on simulated time.
const LIMIT: Duration = Duration::from_secs(3600 * 24 * 60);

/// A cloud behind a proxy, which forwards everything unchanged until configured.
fn behind_proxy(seed: u64) -> (Lab, Arc<Proxy>) {
    let mut made = None;
    let lab = Lab::behind(seed, |router, clock| {
        let proxy = Arc::new(Proxy::new(router, Arc::clone(clock), seed));
        made = Some(Arc::clone(&proxy));
        proxy.router()
    });
    (lab, made.expect("the proxy was created"))
}

/// Seeds of a normal test run, or those of `DRPLAN_PROXY_SEEDS=FROM..TO`.
fn seeds(ordinary: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("DRPLAN_PROXY_SEEDS") else { return ordinary };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("DRPLAN_PROXY_SEEDS is `{text}`; write FROM..TO, as in 0..1000"))
}

/// Runs a test for each seed; `name` is the test in the repeat command. The test gets a log for its events.
fn hold(name: &str, seeds: Range<u64>, scenario: impl AsyncFn(u64, &Mutex<Vec<String>>) -> Result<(), String> + Sync) {
    let told_of = |seed| {
        let told = Mutex::new(Vec::new());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            simulated(async {
                let outcome = tokio::time::timeout(LIMIT, scenario(seed, &told)).await;
                outcome.map_err(|_| "the test takes more than two months".to_owned())?
            })
        }));
        if std::env::var("DRPLAN_TELL").is_ok() {
            eprintln!("{seed}:\n{}", told.lock().expect("no panic while locked").join("\n"));
        }
        let why = match outcome {
            Ok(Ok(())) => return Vec::new(),
            Ok(Err(why)) => why,
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panics".to_owned()),
        };
        let again = format!("DRPLAN_PROXY_SEEDS={seed}..{} cargo test --test it {name}", seed + 1);
        let told = told.into_inner().unwrap_or_default().join("\n");
        vec![format!("════ seed {seed}; repeat with `{again}`\n{why}\n{told}")]
    };
    let wrong = in_parallel(seeds.clone(), told_of);
    assert!(wrong.is_empty(), "{} of {} seeds fail:\n{}", wrong.len(), seeds.end - seeds.start, wrong.join("\n"));
}

/// Adds an event to the log.
fn tell(told: &Mutex<Vec<String>>, what: impl Into<String>) {
    told.lock().expect("no panic while locked").push(what.into());
}

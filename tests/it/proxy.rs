//! A proxy between drplan and the cloud that cuts, delays, doubles and reorders, from a seed: applies and failovers end as they should all the same.

mod applies;
mod failovers;
mod faulty;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::lab::{Lab, in_parallel, simulated};
use faulty::Proxy;

/// Longer than anything takes that ends, on simulated time.
const LIMIT: Duration = Duration::from_secs(3600 * 24 * 60);

/// A cloud that is reached through a proxy, which passes everything on until it is told otherwise.
fn behind_proxy(seed: u64) -> (Lab, Arc<Proxy>) {
    let mut made = None;
    let lab = Lab::behind(seed, |router, clock| {
        let proxy = Arc::new(Proxy::new(router, Arc::clone(clock), seed));
        made = Some(Arc::clone(&proxy));
        proxy.router()
    });
    (lab, made.expect("it was put there"))
}

/// The seeds of an ordinary run, or those that are asked for with `DRPLAN_PROXY_SEEDS=FROM..TO`.
fn seeds(ordinary: Range<u64>) -> Range<u64> {
    let Ok(text) = std::env::var("DRPLAN_PROXY_SEEDS") else { return ordinary };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("DRPLAN_PROXY_SEEDS is `{text}`; write FROM..TO, as in 0..1000"))
}

/// Runs a story for each seed; `name` is the test, so that one seed can be run again. A story gets a place to write down what happens.
fn hold(name: &str, seeds: Range<u64>, story: impl AsyncFn(u64, &Mutex<Vec<String>>) -> Result<(), String> + Sync) {
    let told_of = |seed| {
        let told = Mutex::new(Vec::new());
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            simulated(async {
                let outcome = tokio::time::timeout(LIMIT, story(seed, &told)).await;
                outcome.map_err(|_| "it takes more than two months".to_owned())?
            })
        }));
        if std::env::var("DRPLAN_TELL").is_ok() {
            eprintln!("{seed}:\n{}", told.lock().expect("nobody panics here").join("\n"));
        }
        let why = match outcome {
            Ok(Ok(())) => return Vec::new(),
            Ok(Err(why)) => why,
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panics".to_owned()),
        };
        let again = format!("DRPLAN_PROXY_SEEDS={seed}..{} cargo test --test it {name}", seed + 1);
        let told = told.into_inner().unwrap_or_default().join("\n");
        vec![format!("════ seed {seed}; again with `{again}`\n{why}\n{told}")]
    };
    let wrong = in_parallel(seeds.clone(), told_of);
    assert!(wrong.is_empty(), "{} of {} seeds end badly:\n{}", wrong.len(), seeds.end - seeds.start, wrong.join("\n"));
}

/// Writes down what happens.
fn tell(told: &Mutex<Vec<String>>, what: impl Into<String>) {
    told.lock().expect("nobody panics here").push(what.into());
}

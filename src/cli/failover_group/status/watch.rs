//! `status --watch`: the status again and again, until Ctrl-C.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use super::read::StatusSource;
use super::{ExitCode, Failure, Session, document, never_applied};
use crate::cli::apply::StopRequests;
use crate::cli::cloud::with_cloud;
use crate::view;

/// Fields that change from read to read although nothing has happened: reasons hold the id of each request.
const VOLATILE: &[&str] = &["at", "lag", "rest", "running_for", "why"];
/// The time that a read in progress has to end after a request to stop.
const GRACE: Duration = Duration::from_secs(1);

/// The output of a watch.
#[derive(Default)]
struct Watch {
    /// The last document that was printed, without its volatile fields.
    last: Option<Json>,
    /// True once a page was drawn.
    is_drawn: bool,
}

/// Shows the status until the pause says stop. The connection to the providers is kept; the local simulator is left to
/// other commands between two reads.
pub fn run(source: &StatusSource<'_>, session: &mut Session) -> Result<ExitCode, Failure> {
    let mut pause = match session.owns_process {
        true => Box::new(signalled()?) as Box<dyn FnMut(Duration) -> bool>,
        false => std::mem::replace(&mut session.pause, Box::new(|_| true)),
    };
    let mut watch = Watch::default();
    loop {
        if !source.place.cloud.is_local() && source.snapshot()?.is_some() {
            let connected = with_cloud(source.account(), source.global, session, async |reached, session| {
                loop {
                    let Some(snapshot) = source.snapshot()? else { return Ok(()) };
                    let standing = source.standing_through(&snapshot, &reached).await;
                    watch.show(source, &snapshot, &standing, session)?;
                    if pause(source.args.every) {
                        return Ok(());
                    }
                }
            });
            match connected {
                // Without a connection, the journals are shown, and the next round tries again.
                Err(Failure::Message { .. }) => {}
                Err(other) => return Err(other),
                Ok(()) => return Ok(ExitCode::Done),
            }
        }
        match source.snapshot()? {
            Some(snapshot) => {
                let standing = source.standing(&snapshot, session);
                watch.show(source, &snapshot, &standing, session)?;
            }
            None => watch.print(&Json::Null, &never_applied(source), session)?,
        }
        if pause(source.args.every) {
            return Ok(ExitCode::Done);
        }
    }
}

impl Watch {
    fn show(
        &mut self,
        source: &StatusSource<'_>,
        snapshot: &super::read::Snapshot,
        standing: &view::standing::StackStanding,
        session: &mut Session,
    ) -> Result<(), Failure> {
        let json = document(source, snapshot, standing, session);
        if source.args.is_json() {
            let line = format!("{json}\n");
            return self.print(&json, &line, session);
        }
        let runs = source.runs_text(snapshot, session)?;
        let runs = if runs.is_empty() { runs } else { format!("{runs}\n") };
        let text = view::standing::text(standing, session.layout(source.global));
        if session.terminal.out {
            let hint = format!("Every {}. Ctrl-C ends it.", crate::duration::spoken(source.args.every));
            let size = (session.out_size)().unwrap_or((80, 24));
            let cleared = if std::mem::replace(&mut self.is_drawn, true) { "" } else { "\x1b[2J" };
            let page = page(&format!("{runs}{}", text.facts), &text.next, &hint, size);
            return session.print_page(&format!("{cleared}{page}"));
        }
        let next = if text.next.is_empty() { String::new() } else { format!("\n{}", text.next) };
        let begins = if self.last.is_some() { "\n----\n" } else { "" };
        let whole = format!("{begins}{runs}{}{next}", text.facts);
        self.print(&json, &whole, session)
    }

    /// Prints a text if its document differs from the last one.
    fn print(&mut self, document: &Json, text: &str, session: &mut Session) -> Result<(), Failure> {
        let lasting = lasting(document);
        if self.last.as_ref() == Some(&lasting) {
            return Ok(());
        }
        self.last = Some(lasting);
        session.print(text)
    }
}

/// A document without its volatile fields. The mark of a lag stays.
fn lasting(document: &Json) -> Json {
    match document {
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
            Json::Object(kept.map(|(name, value)| (name.clone(), lasting(value))).collect())
        }
        Json::Array(items) => items.iter().map(lasting).collect(),
        other => other.clone(),
    }
}

/// A page that replaces the one before it. On a low terminal the facts are cut, never the next commands.
fn page(facts: &str, next: &str, hint: &str, (columns, rows): (usize, usize)) -> String {
    let height = |text: &str| {
        let plain = anstream::adapter::strip_str(text).to_string();
        plain.lines().map(|line| line.chars().count().div_ceil(columns.max(1)).max(1)).sum::<usize>()
    };
    let next = if next.is_empty() { String::new() } else { format!("\n{next}") };
    let room = rows.saturating_sub(height(&next) + 2).max(3);
    let lines: Vec<&str> = facts.lines().collect();
    let mut shown = String::new();
    let mut used = 0;
    for (at, line) in lines.iter().enumerate() {
        let left = lines.len() - at;
        used += height(line).max(1);
        if used > room || (used == room && left > 1) {
            shown += &format!("  ... {left} more lines: enlarge the terminal\n");
            break;
        }
        shown += &format!("{line}\n");
    }
    let page = format!("{shown}{next}{hint}\n");
    let mut out = "\x1b[H".to_owned();
    out.extend(page.lines().map(|line| format!("{line}\x1b[K\n")));
    out + "\x1b[J"
}

/// A pause that ends early, with true, once this process should stop: Ctrl-C, SIGTERM or SIGHUP. A read that takes
/// longer than [`GRACE`] afterwards is abandoned: it changes nothing.
fn signalled() -> Result<impl FnMut(Duration) -> bool, Failure> {
    let cannot = |error: std::io::Error| Failure::failed(format!("cannot wait for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let mut requests = runtime.block_on(async { StopRequests::new() }).map_err(cannot)?;
    let stopped = Arc::new((Mutex::new(false), Condvar::new()));
    let told = Arc::clone(&stopped);
    std::thread::spawn(move || {
        runtime.block_on(async {
            requests.next().await;
            *told.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            told.1.notify_all();
            tokio::time::sleep(GRACE).await;
        });
        std::process::exit(ExitCode::Done.code().into())
    });
    Ok(move |length| {
        let guard = stopped.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = stopped.1.wait_timeout_while(guard, length, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_keeps_the_next_commands_on_a_low_terminal() {
        let facts = (1..=20).map(|line| format!("fact {line}\n")).collect::<String>();
        let shown = page(&facts, "Next:\n    drplan failover-group down\n", "Every 5s.", (80, 12));
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert!(plain.contains("drplan failover-group down") && plain.contains("more lines"), "{plain}");
        assert!(plain.lines().count() <= 12, "{plain}");
    }

    #[test]
    fn time_and_lag_alone_are_no_change() {
        let one =
            serde_json::json!({ "at": 1, "mark": "ok", "standings": [{ "replicas": [{ "lag": 1, "health": "x" }] }] });
        let two =
            serde_json::json!({ "at": 2, "mark": "ok", "standings": [{ "replicas": [{ "lag": 9, "health": "x" }] }] });
        let other = serde_json::json!({ "at": 2, "mark": "alert", "standings": [] });
        assert_eq!(lasting(&one), lasting(&two));
        assert_ne!(lasting(&one), lasting(&other));
    }
}

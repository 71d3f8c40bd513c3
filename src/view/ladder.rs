//! The ladders of a procedure as text.

use std::time::Duration;

use super::{BOLD, DIM, Layout, YELLOW, count, styled};
use crate::backup::{Rung, RungKind};
use crate::duration::{at_least, spoken};
use crate::failover::{Ladder, Procedure};

/// Column of the text of a rung.
const INDENT: usize = 22;

/// For each backup the ways to get its data back, a line each. `None` where the procedure has none.
pub(super) fn text(procedure: &Procedure, layout: Layout) -> Option<String> {
    if procedure.ladders.is_empty() {
        return None;
    }
    let mut out = "Ways to get data back (* this procedure):\n".to_owned();
    for Ladder { backup, rungs, chosen } in &procedure.ladders {
        out += &format!("  {}\n", styled(BOLD, backup.as_str()));
        let older = rungs.iter().filter(|rung| rung.kind == RungKind::Older).count();
        let mut seen_older = false;
        for (at, rung) in rungs.iter().enumerate() {
            let is_older = rung.kind == RungKind::Older;
            // Of older points the first is shown: each further one loses more.
            if is_older && std::mem::replace(&mut seen_older, true) {
                continue;
            }
            let mut words = words(rung);
            if is_older && older > 1 {
                words += &format!("; {} before it", count(older - 1, "point", "points"));
            }
            out += &line(rung, *chosen == Some(at), &words, layout);
        }
    }
    Some(out)
}

fn line(rung: &Rung, is_chosen: bool, words: &str, layout: Layout) -> String {
    let star = if is_chosen { styled(YELLOW, "*") } else { " ".to_owned() };
    let name = format!("{} {:<15}", rung.kind.number(), rung.kind.as_str());
    let name = if rung.is_open() { name } else { styled(DIM, &name) };
    format!("  {star} {name} {}\n", layout.wrap(words, INDENT))
}

/// `data loss up to 8h, time 18m; point …`, or `closed: …`.
fn words(rung: &Rung) -> String {
    if let Some(why) = &rung.closed {
        return format!("closed: {why}");
    }
    let loss = match rung.loss {
        None => "data loss unknown".to_owned(),
        Some(Duration::ZERO) => "no data loss".to_owned(),
        Some(loss) => format!("data loss up to {}", spoken(Duration::from_secs(at_least(loss).as_secs()))),
    };
    let time = rung.time.map_or_else(|| "unknown".to_owned(), spoken);
    format!("{loss}, time {time}; {}", rung.how)
}

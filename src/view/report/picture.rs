//! A run as a picture: steps over time, as SVG within the report's page, whose style sheet has the colours.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::super::deed::{Phase, Row, act_word, phases};
use super::super::forecast;
use super::super::run::{outcome, places};
use crate::duration::spoken;
use crate::state::Verb;
use crate::steps::{self, Attempt, StepId, Timeline};

/// Where the bars begin and end, in a picture this wide.
const WIDTH: f64 = 1080.0;
const LEFT: f64 = 352.0;
const RIGHT: f64 = 24.0;
/// The height of a row, of a phase's title, and of what stands above and below the rows.
const ROW: f64 = 22.0;
const TITLE: f64 = 26.0;
const ABOVE: f64 = 44.0;
const BELOW: f64 = 34.0;
/// The most characters of a label.
const LABEL: usize = 46;
/// The steps between marks of the axis, in seconds.
const MARKS: &[u64] = &[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/// Turns moments into places.
struct Axis {
    began: Timestamp,
    length: f64,
}

impl Axis {
    /// The axis of a run: as long as it was, and so far as its objective, where that does not dwarf the run.
    fn of(run: &Timeline) -> Self {
        let length = run.report.length.as_secs_f64().max(1.0);
        let objective = run.undertaking.objectives.0.map(|objective| objective.as_secs_f64());
        let length = objective.filter(|objective| *objective < 3.0 * length).map_or(length, |it| it.max(length));
        Self { began: run.report.began, length: length * 1.04 }
    }

    fn after(&self, time: Duration) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (time.as_secs_f64() / self.length).min(1.0)
    }

    fn at(&self, at: Timestamp) -> f64 {
        self.after(steps::between(self.began, at))
    }

    /// The moments that are marked: at most nine.
    fn marks(&self) -> Vec<Duration> {
        let fits = |step: &&u64| self.length / **step as f64 <= 9.0;
        let longest = MARKS.last().copied().unwrap_or(1).max((self.length / 9.0).ceil() as u64);
        let step = MARKS.iter().find(fits).copied().unwrap_or(longest);
        (0..=9).map(|at| Duration::from_secs(at * step)).take_while(|at| at.as_secs_f64() <= self.length).collect()
    }
}

/// The picture.
pub(super) fn svg(run: &Timeline) -> String {
    let phases = phases(&run.graph, &run.critical);
    let axis = Axis::of(run);
    let rows: usize = phases.iter().map(|phase| phase.rows.len()).sum();
    let bottom = ABOVE + rows as f64 * ROW + phases.len() as f64 * TITLE;
    let height = bottom + BELOW;
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        r#"<svg class="timeline" viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-labelledby="timeline-title timeline-text">"#
    );
    let _ = writeln!(out, r#"<title id="timeline-title">Steps over time</title>"#);
    let _ = writeln!(out, r#"<desc id="timeline-text">{}</desc>"#, escaped(&in_words(run)));
    scale(&mut out, &axis, bottom);
    let mut y = ABOVE;
    for phase in &phases {
        let _ = writeln!(out, r#"<text class="phase" x="0" y="{:.1}">{}</text>"#, y + 18.0, escaped(&phase.title()));
        let _ = writeln!(out, r#"<line class="rule" x1="0" x2="{WIDTH:.0}" y1="{:.1}" y2="{0:.1}"/>"#, y + 2.0);
        y += TITLE;
        y = rows_of(&mut out, run, &axis, phase, y);
    }
    moments(&mut out, run, &axis, bottom);
    out.push_str("</svg>\n");
    out
}

/// What the picture shows, for whoever cannot see it.
fn in_words(run: &Timeline) -> String {
    let names = run.critical.iter().filter_map(|id| run.graph.step(*id)).map(|step| step.address.as_str());
    let served = match run.recovery() {
        Some(recovery) => format!("{} {}.", forecast::served(run.undertaking.verb), spoken(recovery)),
        None => "That was not reached for which the run was begun.".to_owned(),
    };
    let objective = run.undertaking.objectives.0;
    let objective = objective.map(|it| format!(" The objective is {}.", spoken(it))).unwrap_or_default();
    let path = names.collect::<Vec<_>>().join(", then ");
    format!("{served}{objective} The chain that decided it: {path}. Every step stands in the table of steps.")
}

/// What was reached at the moment that the picture marks.
const fn reached(run: &Timeline) -> &'static str {
    match run.undertaking.verb {
        Verb::Up => "users served",
        Verb::Down => "users back",
        Verb::Drill => "copies answered",
    }
}

/// The marks of the axis, and a faint line below each.
fn scale(out: &mut String, axis: &Axis, bottom: f64) {
    for mark in axis.marks() {
        let x = axis.after(mark);
        let _ = writeln!(out, r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{ABOVE:.1}" y2="{bottom:.1}"/>"#);
        let label = spoken(mark);
        let _ = writeln!(
            out,
            r#"<text class="mark" x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
            bottom + 18.0
        );
    }
}

fn rows_of(out: &mut String, run: &Timeline, axis: &Axis, phase: &Phase, mut y: f64) -> f64 {
    for row in &phase.rows {
        let ids = row.ids();
        let critical = ids.iter().any(|id| run.critical.contains(id));
        let class = if critical { "name critical" } else { "name" };
        let sign = if critical { "◆ " } else { "" };
        let label = format!("{sign}{}", label(run, row));
        let _ = writeln!(out, "<g><title>{}</title>", escaped(&words(run, ids)));
        let _ = writeln!(out, r#"<text class="{class}" x="12" y="{:.1}">{}</text>"#, y + 15.0, escaped(&short(&label)));
        let courses = ids.iter().filter_map(|id| run.course(*id));
        let attempts: Vec<&Attempt> = courses.flat_map(|course| &course.attempts).collect();
        attempts.iter().for_each(|attempt| bar(out, run, axis, attempt, y, critical));
        beside(out, run, axis, &attempts, ids.len(), y);
        out.push_str("</g>\n");
        y += ROW;
    }
    y
}

fn bar(out: &mut String, run: &Timeline, axis: &Axis, attempt: &Attempt, y: f64, critical: bool) {
    let (from, to) = (axis.at(attempt.begun), axis.at(attempt.ended.unwrap_or_else(|| run.last())));
    let class = match attempt.outcome {
        steps::Phase::Succeeded if critical => "bar critical",
        steps::Phase::Succeeded => "bar",
        steps::Phase::Paused => "bar paused",
        steps::Phase::Failed => "bar failed",
        _ => "bar unknown",
    };
    let width = (to - from).max(2.5);
    let _ = writeln!(
        out,
        r#"<rect class="{class}" x="{from:.1}" y="{:.1}" width="{width:.1}" height="13" rx="2.5"/>"#,
        y + 4.0
    );
}

/// How long the steps of a row took and how they ended, beside their bars.
fn beside(out: &mut String, run: &Timeline, axis: &Axis, attempts: &[&Attempt], steps: usize, y: f64) {
    let end = |attempt: &&&Attempt| attempt.ended.unwrap_or_else(|| run.last());
    let (Some(last), Some(first)) = (attempts.iter().max_by_key(end), attempts.iter().map(|one| one.begun).min())
    else {
        return;
    };
    let since = if steps > 1 { first } else { last.begun };
    let words = match last.outcome {
        steps::Phase::Succeeded => spoken(steps::between(since, end(&last))),
        other => outcome(other).to_owned(),
    };
    let again =
        if attempts.len() > steps { format!("{words} (attempt {})", attempts.len() - steps + 1) } else { words };
    // To the right of the bars where there is room, to their left otherwise.
    let (from, to) = (axis.at(first), axis.at(end(&last)).max(axis.at(last.begun) + 2.5));
    let (x, anchor) = if to < WIDTH - 150.0 { (to + 5.0, "start") } else { (from - 5.0, "end") };
    let _ = writeln!(out, r#"<text class="took" x="{x:.1}" y="{:.1}" text-anchor="{anchor}">{again}</text>"#, y + 14.5);
}

/// When users were served, and when they should have been.
fn moments(out: &mut String, run: &Timeline, axis: &Axis, bottom: f64) {
    let mut line = |class: &str, time: Duration, words: &str, y: f64| {
        let x = axis.after(time);
        let anchor = if x > WIDTH - 200.0 { "end" } else { "start" };
        let beside = if anchor == "end" { x - 6.0 } else { x + 6.0 };
        let _ =
            writeln!(out, r#"<line class="{class}" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{bottom:.1}"/>"#, y - 11.0);
        let _ =
            writeln!(out, r#"<text class="{class}" x="{beside:.1}" y="{y:.1}" text-anchor="{anchor}">{words}</text>"#);
    };
    if let Some(recovery) = run.recovery() {
        line("served", recovery, &format!("{}, {}", reached(run), spoken(recovery)), 16.0);
    }
    match run.undertaking.objectives.0 {
        Some(objective) if objective.as_secs_f64() <= axis.length => {
            line("objective", objective, &format!("objective, {}", spoken(objective)), 34.0);
        }
        Some(objective) => {
            let words = format!("objective, {}, beyond the picture →", spoken(objective));
            let _ = writeln!(
                out,
                r#"<text class="objective" x="{:.1}" y="34" text-anchor="end">{words}</text>"#,
                WIDTH - 4.0
            );
        }
        None => {}
    }
}

fn label(run: &Timeline, row: &Row) -> String {
    match row {
        Row::One(id) => run.graph.step(*id).map(|step| step.address.to_string()).unwrap_or_default(),
        Row::Several(ids) => {
            let first = ids.first().and_then(|id| run.graph.step(*id));
            first.map(|step| format!("{} × {}", ids.len(), step.address.kind())).unwrap_or_default()
        }
    }
}

/// What the steps of a row do, shown where the pointer rests.
fn words(run: &Timeline, ids: &[StepId]) -> String {
    let steps = ids.iter().filter_map(|id| run.graph.step(*id));
    match ids {
        [_] => steps.map(|step| places(run).deed(step)).collect(),
        _ => {
            let word = steps.clone().map(|step| act_word(&step.act)).next().unwrap_or_default();
            format!("{word} {}", steps.map(|step| step.address.as_str()).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A label that fits: its middle is left out where it does not.
fn short(label: &str) -> String {
    let chars: Vec<char> = label.chars().collect();
    if chars.len() <= LABEL {
        return label.to_owned();
    }
    let half = (LABEL - 1) / 2;
    let tail = chars.len() - half;
    chars.iter().take(half).chain(['…'].iter()).chain(chars.iter().skip(tail)).collect()
}

/// Text that means nothing to HTML, on one line.
pub(super) fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

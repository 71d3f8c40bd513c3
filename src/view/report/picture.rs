//! Steps of a run over time, as SVG within the report's page, whose style sheet has the colours.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::super::deed::{PhaseRows, Row, act_word, phases};
use super::super::run::places;
use super::super::run_show::outcome;
use super::moments::Clock;
use super::reached;
use crate::duration::spoken;
use crate::state::RunKind;
use crate::steps::{self, Attempt, StepId, Timeline};

/// Width of the picture, and the room to the left and right of the bars.
const WIDTH: f64 = 1080.0;
const LEFT: f64 = 352.0;
const RIGHT: f64 = 24.0;
/// Height of a row, of a phase's title, and of the room above and below the rows.
const ROW: f64 = 22.0;
const TITLE: f64 = 26.0;
const ABOVE: f64 = 44.0;
const BELOW: f64 = 34.0;
/// Most characters of a label.
const LABEL: usize = 46;
/// Distances between marks of the axis, in seconds.
const MARKS: &[u64] = &[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/// Axis of time: turns times into places.
struct Axis {
    began: Timestamp,
    length: f64,
}

impl Axis {
    /// The axis of a run: from its start to its end, or to its objective where that is less than three times as long.
    fn of(clock: &Clock<'_>) -> Self {
        let run = clock.run;
        let length = run.report.length.as_secs_f64().max(1.0);
        let objective = objective(clock).map(|objective| objective.as_secs_f64());
        let length = objective.filter(|objective| *objective < 3.0 * length).map_or(length, |it| it.max(length));
        Self { began: run.report.began, length: length * 1.04 }
    }

    fn after(&self, time: Duration) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (time.as_secs_f64() / self.length).min(1.0)
    }

    fn at(&self, at: Timestamp) -> f64 {
        self.after(steps::between(self.began, at))
    }

    /// Marked times: at most nine.
    fn marks(&self) -> Vec<Duration> {
        let fits = |step: &&u64| self.length / **step as f64 <= 9.0;
        let longest = MARKS.last().copied().unwrap_or(1).max((self.length / 9.0).ceil() as u64);
        let step = MARKS.iter().find(fits).copied().unwrap_or(longest);
        (0..=9).map(|at| Duration::from_secs(at * step)).take_while(|at| at.as_secs_f64() <= self.length).collect()
    }
}

/// The picture.
pub(super) fn svg(clock: &Clock<'_>) -> String {
    let run = clock.run;
    let phases = phases(&run.graph, &run.critical);
    let axis = Axis::of(clock);
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
    let _ = writeln!(out, r#"<desc id="timeline-text">{}</desc>"#, escaped(&described(clock)));
    scale(&mut out, &axis, bottom);
    let mut y = ABOVE;
    for phase in &phases {
        let _ = writeln!(out, r#"<text class="phase" x="0" y="{:.1}">{}</text>"#, y + 18.0, escaped(&phase.title()));
        let _ = writeln!(out, r#"<line class="rule" x1="0" x2="{WIDTH:.0}" y1="{:.1}" y2="{0:.1}"/>"#, y + 2.0);
        y += TITLE;
        y = rows_of(&mut out, run, &axis, phase, y);
    }
    goals(&mut out, clock, &axis, bottom);
    out.push_str("</svg>\n");
    out
}

/// The picture as sentences, for readers who do not see it.
fn described(clock: &Clock<'_>) -> String {
    let run = clock.run;
    let names = run.critical.iter().filter_map(|id| run.graph.step(*id)).map(|step| step.address.as_str());
    let served = match run.recovery() {
        Some(recovery) => format!("{} {}, from the start of the run.", reached(run.undertaking.verb), spoken(recovery)),
        None => {
            super::super::service::service(run).unwrap_or_else(|| "The goal of the run was not reached.".to_owned())
        }
    };
    let objective = run.undertaking.objectives.0;
    let objective = objective.map(|it| format!(" RTO: {}.", spoken(it))).unwrap_or_default();
    let path = names.collect::<Vec<_>>().join(", then ");
    format!("{served}{objective} Critical path: {path}. The table of steps below lists every step.")
}

/// Label of the line at which the goal was reached.
const fn goal(run: &Timeline) -> &'static str {
    match run.undertaking.verb {
        RunKind::Up => "service restored",
        RunKind::Down => "failback complete",
        RunKind::Drill => "copies answered",
        RunKind::Restore => "data restored",
    }
}

/// The objective, counted from the start of the run: `None` without one, and where it had passed before the run began.
fn objective(clock: &Clock<'_>) -> Option<Duration> {
    let objective = clock.run.undertaking.objectives.0?;
    match clock.outage.filter(|_| clock.has_outage()) {
        Some(outage) => objective.checked_sub(steps::between(outage, clock.run.report.began)),
        None => Some(objective),
    }
}

/// Marks of the axis, with a faint line below each.
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

fn rows_of(out: &mut String, run: &Timeline, axis: &Axis, phase: &PhaseRows, mut y: f64) -> f64 {
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

/// Duration and outcome of the steps of a row, beside their bars.
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

/// Lines at the time at which the goal was reached, and at the objective.
fn goals(out: &mut String, clock: &Clock<'_>, axis: &Axis, bottom: f64) {
    let run = clock.run;
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
        line("served", recovery, &format!("{}, {}", goal(run), spoken(recovery)), 34.0);
    }
    let Some(rto) = run.undertaking.objectives.0.map(spoken) else { return };
    let from = match (clock.has_outage(), clock.outage) {
        (true, Some(_)) => " from the outage",
        (true, None) => " from the start of the run",
        (false, _) => "",
    };
    let words = match objective(clock) {
        Some(objective) if objective.as_secs_f64() <= axis.length => {
            return line("objective", objective, &format!("RTO {rto}{from}"), 16.0);
        }
        Some(_) => format!("RTO {rto}{from}, later than shown →"),
        None => format!("RTO {rto}{from} had passed when the run started"),
    };
    let x = WIDTH - 4.0;
    let _ = writeln!(out, r#"<text class="objective" x="{x:.1}" y="16" text-anchor="end">{words}</text>"#);
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

/// Actions of the steps of a row, shown where the pointer rests.
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

/// A label, its middle left out where it is too long.
fn short(label: &str) -> String {
    let chars: Vec<char> = label.chars().collect();
    if chars.len() <= LABEL {
        return label.to_owned();
    }
    let half = (LABEL - 1) / 2;
    let tail = chars.len() - half;
    chars.iter().take(half).chain(['…'].iter()).chain(chars.iter().skip(tail)).collect()
}

/// Text escaped for HTML, on one line.
pub(super) fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

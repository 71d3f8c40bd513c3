//! A run as it happens: on a terminal what is under way, for how long and how much is left; otherwise a line for each beginning and end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use super::Session;
use super::voice::{Sharing, Voice};
use crate::duration::spoken;
use crate::run::{Progress, Watcher};
use crate::steps::{Act, Learnt, Step, StepEvent, StepGraph, StepId, Task};

/// What is said while a step is done, once it is done, and where it could not be.
pub struct Verb {
    pub doing: &'static str,
    pub done: &'static str,
}

/// The words for what a step does.
pub const fn verb(act: &Act) -> Verb {
    match act {
        Act::Create => Verb { doing: "creating", done: "created" },
        Act::Update => Verb { doing: "updating", done: "updated" },
        Act::Adopt => Verb { doing: "adopting", done: "adopted" },
        Act::SetAside(_) => Verb { doing: "setting aside", done: "set aside" },
        Act::Delete(_) => Verb { doing: "deleting", done: "deleted" },
        Act::Forget => Verb { doing: "forgetting", done: "forgotten" },
        Act::Task(task) => task_verb(task),
    }
}

const fn task_verb(task: &Task) -> Verb {
    match task {
        Task::Promote { .. } => Verb { doing: "promoting", done: "promoted" },
        Task::CatchUp => Verb { doing: "waiting for", done: "caught up" },
        Task::Reprotect => Verb { doing: "protecting", done: "protected" },
        Task::Move { .. } => Verb { doing: "switching", done: "switched" },
        Task::Linger(_) => Verb { doing: "waiting until users have left", done: "waited for users of" },
        Task::Route { .. } => Verb { doing: "moving users by", done: "moved users by" },
        Task::Probe => Verb { doing: "probing", done: "probed" },
        Task::Custom { .. } => Verb { doing: "doing", done: "done" },
        Task::Unchanged { .. } => Verb { doing: "comparing", done: "compared" },
        Task::Record(_) => Verb { doing: "recording", done: "recorded" },
    }
}

/// The line that says that a step was begun.
pub fn begun(step: &Step) -> String {
    format!("{} {} ...", verb(&step.act).doing, step.address)
}

/// The line that says what a step has learnt.
pub fn learnt(step: &Step, learnt: &Learnt) -> String {
    format!("  {}: {}", step.address, learnt.what)
}

/// The line that says how a step ended; `None` where it only began.
pub fn ended(step: &Step, took: Duration, event: &StepEvent) -> Option<String> {
    let Verb { doing, done } = verb(&step.act);
    let (address, took) = (&step.address, spoken(took));
    match event {
        StepEvent::Begun(_) | StepEvent::Learnt(_) => None,
        StepEvent::Paused(why) => Some(format!("{address} waits: {why}")),
        StepEvent::Skipped(why) => Some(format!("left out {address}: {why}")),
        StepEvent::Succeeded(_) => Some(format!("{done} {address} after {took}")),
        StepEvent::Failed(why) => Some(format!("failed {doing} {address} after {took}: {why}")),
        StepEvent::OutcomeUnknown(why) => Some(format!("lost sight of {doing} {address} after {took}: {why}")),
    }
}

/// A run as this session shows it.
pub enum Shown {
    /// A line for each beginning and end.
    Plain(Voice),
    /// Drawn on the terminal.
    Live(Live),
}

impl Shown {
    /// Drawn where stderr is a terminal, in lines otherwise.
    pub fn new(graph: &StepGraph, session: &Session) -> Self {
        match session.terminal.err {
            true => Self::Live(Live::new(graph, &session.err)),
            false => Self::Plain(session.err.clone()),
        }
    }

    /// Says something else meanwhile.
    pub fn note(&self, line: &str) {
        match self {
            Self::Plain(voice) => voice.line(line),
            Self::Live(live) => live.voice.line(line),
        }
    }
}

impl Watcher for Shown {
    fn event(&self, at: Timestamp, graph: &StepGraph, what: &Progress<'_>) {
        match self {
            Self::Plain(voice) => plain(voice, what),
            Self::Live(live) => live.event(at, graph, what),
        }
    }
}

/// Says what has happened in whole lines.
fn plain(voice: &Voice, what: &Progress<'_>) {
    match what {
        Progress::Begun(step) => voice.line(&begun(step)),
        Progress::Learnt { step, learnt: what } => voice.line(&learnt(step, what)),
        Progress::Ended { step, took, outcome } => {
            if let Some(line) = ended(step, *took, outcome) {
                voice.line(&line);
            }
        }
        Progress::Waiting { .. } => {}
    }
}

/// The most lines of what is under way.
const MOST_LINES: usize = 12;

/// Draws a run on the terminal that is stderr.
pub struct Live {
    voice: Sharing,
    drawn: MultiProgress,
    total: ProgressBar,
    inner: Mutex<Drawn>,
}

struct Drawn {
    began: Option<Timestamp>,
    /// What is under way: since when, how long it is expected to take, and its line.
    under_way: BTreeMap<StepId, (Timestamp, Duration, ProgressBar)>,
    /// How long each step and what hangs on it are expected to take.
    remaining: Vec<Duration>,
}

impl Live {
    /// Nothing is under way yet.
    pub fn new(graph: &StepGraph, voice: &Voice) -> Self {
        let drawn = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let total = drawn.add(ProgressBar::new(graph.steps.len() as u64));
        total.set_style(style("[{bar:30}] {pos}/{len}  {msg}").progress_chars("=> "));
        let inner = Drawn { began: None, under_way: BTreeMap::new(), remaining: graph.remaining() };
        Self { voice: voice.share(&drawn), drawn, total, inner: Mutex::new(inner) }
    }

    fn begun(&self, inner: &mut Drawn, at: Timestamp, step: &Step) {
        let line = self.drawn.insert_before(&self.total, ProgressBar::new_spinner());
        line.set_style(style("  {spinner} {msg}"));
        if inner.under_way.len() >= MOST_LINES {
            line.set_draw_target(ProgressDrawTarget::hidden());
        }
        line.set_prefix(format!("{} {}", verb(&step.act).doing, step.address));
        inner.under_way.insert(step.id, (at, step.expect, line));
    }

    fn refresh(&self, inner: &Drawn, at: Timestamp, stopping: bool) {
        for (since, expect, line) in inner.under_way.values() {
            let for_ = between(*since, at);
            let rest = expect.checked_sub(for_).filter(|rest| !rest.is_zero());
            let rest = rest.map(|rest| format!(", about {} left", spoken(rest))).unwrap_or_default();
            line.set_message(format!("{}  {}{rest}", line.prefix(), spoken(for_)));
            line.tick();
        }
        // What waits hangs on what is under way, so the longest way from there is the rest of the run.
        let left = |(id, (since, expect, _)): (&StepId, &(Timestamp, Duration, ProgressBar))| {
            let remaining = inner.remaining.get(id.index()).copied().unwrap_or_default();
            remaining.saturating_sub(between(*since, at).min(*expect))
        };
        let rest = inner.under_way.iter().map(left).max().filter(|rest| !rest.is_zero());
        let rest = rest.map(|rest| format!(", about {} left", spoken(rest))).unwrap_or_default();
        let so_far = spoken(inner.began.map(|began| between(began, at)).unwrap_or_default());
        self.total.set_message(match stopping {
            true => format!("{so_far}, stopping: waiting for {} under way", inner.under_way.len()),
            false => format!("{so_far}{rest}"),
        });
    }
}

impl Watcher for Live {
    fn event(&self, at: Timestamp, _graph: &StepGraph, what: &Progress<'_>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.began.get_or_insert(at);
        match what {
            Progress::Begun(step) => self.begun(&mut inner, at, step),
            Progress::Learnt { step, learnt: what } => self.voice.line(&learnt(step, what)),
            Progress::Ended { step, took, outcome } => {
                if let Some((_, _, line)) = inner.under_way.remove(&step.id) {
                    line.finish_and_clear();
                }
                self.total.inc(1);
                if let Some(line) = ended(step, *took, outcome) {
                    self.voice.line(&line);
                }
                self.refresh(&inner, at, false);
            }
            Progress::Waiting { under_way: _, left: _, stopping } => self.refresh(&inner, at, *stopping),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.total.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn between(begun: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(begun)).unwrap_or_default()
}

//! The progress of a run: on a terminal a block with the steps in progress, redrawn by a timer; otherwise a line for
//! each start and end.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Session;
use super::console::{Console, Size};
use crate::duration::spoken;
use crate::run::{Progress, Watcher};
use crate::stack::CloudName;
use crate::steps::{Act, Step, StepEvent, StepFact, StepGraph, StepId, Task, is_interruption};
use crate::view::overdue::{AdviceLine, OverdueAdvice, OverdueStep, is_overdue, lines};
use crate::view::visible;

/// The participles for what a step does and has done; an address follows.
pub struct StepWording {
    pub doing: &'static str,
    pub done: &'static str,
}

/// The words for what a step does.
pub const fn verb(act: &Act) -> StepWording {
    match act {
        Act::Create => StepWording { doing: "creating", done: "created" },
        Act::Update => StepWording { doing: "updating", done: "updated" },
        Act::Rename => StepWording { doing: "renaming", done: "renamed" },
        Act::Adopt => StepWording { doing: "importing", done: "imported" },
        Act::SetAside(_) => StepWording { doing: "setting aside", done: "set aside" },
        Act::Delete(_) => StepWording { doing: "deleting", done: "deleted" },
        Act::Forget => StepWording { doing: "forgetting", done: "forgotten" },
        Act::Task(task) => task_verb(task),
    }
}

const fn task_verb(task: &Task) -> StepWording {
    match task {
        Task::Promote { .. } => StepWording { doing: "promoting", done: "promoted" },
        Task::CatchUp => StepWording { doing: "waiting for replication of", done: "replication caught up:" },
        Task::Reprotect => StepWording { doing: "restoring replication of", done: "restored replication of" },
        Task::Move { .. } => StepWording { doing: "updating", done: "updated" },
        Task::Power { on: true } => StepWording { doing: "starting", done: "started" },
        Task::Power { on: false } => StepWording { doing: "stopping", done: "stopped" },
        Task::Linger(_) => StepWording { doing: "waiting for clients to leave", done: "clients left" },
        Task::Route { .. } => StepWording { doing: "switching traffic with", done: "switched traffic with" },
        Task::Restore(_) => StepWording { doing: "waiting for the restore of", done: "restored" },
        Task::Snapshot(_) => StepWording { doing: "checking the data of", done: "restored" },
        Task::Probe => StepWording { doing: "waiting for", done: "probe succeeded:" },
        Task::Custom { .. } => StepWording { doing: "running", done: "ran" },
        Task::Unchanged { .. } => StepWording { doing: "verifying production of", done: "verified production of" },
        Task::Record(_) => StepWording { doing: "recording the active site of", done: "recorded the active site of" },
    }
}

/// The line for the start of a step.
pub fn begun(step: &Step) -> String {
    format!("{} {} ...", verb(&step.act).doing, step.address)
}

/// The line for an observation of a step.
pub fn learnt(step: &Step, learnt: &StepFact) -> String {
    format!("  {}: {}", step.address, learnt.what)
}

/// The line for the end of a step; `None` where it only began.
pub fn ended(step: &Step, took: Duration, event: &StepEvent) -> Option<String> {
    let StepWording { doing, done } = verb(&step.act);
    let (address, took) = (&step.address, spoken(took));
    match event {
        StepEvent::Begun(_) | StepEvent::Learnt(_) => None,
        StepEvent::Paused(why) if is_interruption(why) => Some(format!("interrupted {doing} {address} after {took}")),
        StepEvent::Paused(why) => Some(format!("WAITING  {address}: {why}")),
        StepEvent::Skipped(why) => Some(format!("skipped {address}: {why}")),
        StepEvent::Succeeded(_) => Some(format!("{done} {address} after {took}")),
        StepEvent::Failed(why) => Some(format!("FAILED  {doing} {address} after {took}: {why}")),
        StepEvent::OutcomeUnknown(why) => Some(format!("UNKNOWN  {doing} {address} after {took}: {why}")),
    }
}

/// Interval between two drawings on a terminal.
const TICK: Duration = Duration::from_millis(125);
/// Interval between two reports of the steps in progress where there is no terminal.
const REPORT: Duration = Duration::from_secs(60);
/// The most steps that the block names.
const MOST_LINES: usize = 12;

/// A run as this session shows it.
pub struct ProgressView {
    voice: Console,
    /// Drawn on a terminal, and not in whole lines only.
    is_live: bool,
    state: Arc<Mutex<DisplayState>>,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressView {
    /// A block on a terminal, lines otherwise. Log lines would tear the block, so with a log it is lines, too.
    pub fn new(graph: &StepGraph, cloud: CloudName, session: &Session) -> Self {
        let is_live = session.terminal.err && !session.is_logging;
        let state = Arc::new(Mutex::new(DisplayState::new(graph, cloud)));
        let voice = session.err.clone();
        // Simulated time passes only with events.
        let interval = match (is_live, cloud.is_local()) {
            (true, _) => Some(TICK),
            (false, false) => Some(REPORT),
            (false, true) => None,
        };
        let ticker = interval.filter(|_| !graph.steps.is_empty());
        let ticker = ticker.map(|interval| ticker_of(interval, is_live, voice.clone(), Arc::clone(&state)));
        Self { voice, is_live, state, ticker }
    }

    /// Advises about steps that take far too long; `next` are further lines of that advice.
    #[must_use]
    pub fn with_advice(self, advice: OverdueAdvice, next: Vec<AdviceLine>) -> Self {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.advice, state.next) = (advice, next);
        }
        self
    }

    /// Shows that the run was asked to stop.
    pub fn stopping(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_stopping = true;
    }

    /// Prints a line of its own.
    pub fn note(&self, line: &str) {
        self.line(line);
    }

    /// Removes the block, before the process exits without dropping this.
    pub fn clear(&self) {
        if self.is_live {
            self.voice.redraw(Vec::new());
        }
    }

    fn line(&self, line: &str) {
        self.voice.wrapped(&visible(line));
    }
}

fn ticker_of(
    interval: Duration,
    is_live: bool,
    voice: Console,
    state: Arc<Mutex<DisplayState>>,
) -> (Sender<()>, JoinHandle<()>) {
    let (end, ended) = channel();
    let tick = move || {
        while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = state.now();
            say(&voice, &state.overdue(now));
            if is_live {
                state.frame += 1;
                voice.redraw(state.block(now, voice.size()));
            } else {
                state.in_progress(now).iter().for_each(|line| voice.line(&format!("still {line}")));
            }
        }
    };
    (end, std::thread::spawn(tick))
}

/// Prints advice above the block. A command stays on one line, so that it can be copied.
fn say(voice: &Console, lines: &[AdviceLine]) {
    for line in lines {
        match line {
            AdviceLine::Head(words) => voice.wrapped(&format!("OVERDUE  {words}")),
            AdviceLine::Words(words) => voice.wrapped(&format!("  {words}")),
            AdviceLine::Command(command) => voice.line(&format!("    {command}")),
        }
    }
}

impl Watcher for ProgressView {
    fn event(&self, at: Timestamp, _graph: &StepGraph, what: &Progress<'_>) {
        let line = match what {
            Progress::Begun(step) => (!self.is_live).then(|| begun(step)),
            Progress::Learnt { step, learnt: what } => Some(learnt(step, what)),
            Progress::Ended { step, took, outcome } => ended(step, *took, outcome),
            Progress::Waiting { .. } => None,
        };
        if let Some(line) = line {
            self.line(&line);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.note(at, what);
        say(&self.voice, &state.overdue(at));
        // Thousands of events within a moment need one drawing.
        if self.is_live && self.ticker.is_some() && state.drawn.is_none_or(|drawn| drawn.elapsed() >= TICK) {
            state.drawn = Some(Instant::now());
            self.voice.redraw(state.block(at, self.voice.size()));
        }
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        if let Some((end, ticker)) = self.ticker.take() {
            drop(end);
            let _ = ticker.join();
        }
        self.clear();
    }
}

/// A run so far, as it is drawn.
struct DisplayState {
    cloud: CloudName,
    began: Option<Timestamp>,
    /// The time of the last event, on the run's clock and on this machine's.
    last: Option<(Timestamp, Instant)>,
    under_way: BTreeMap<StepId, UnderWay>,
    /// The expected length of each step and all that depends on it.
    remaining: Vec<Duration>,
    done: usize,
    steps: usize,
    is_stopping: bool,
    frame: usize,
    drawn: Option<Instant>,
    /// The objects of the steps, and the last lines of advice.
    advice: OverdueAdvice,
    next: Vec<AdviceLine>,
}

struct UnderWay {
    step: Step,
    /// True once the operator was advised about it.
    is_reported: bool,
    since: Timestamp,
    what: String,
    /// The last observation: what the step waits for.
    learnt: String,
}

impl DisplayState {
    fn new(graph: &StepGraph, cloud: CloudName) -> Self {
        Self {
            cloud,
            began: None,
            last: None,
            under_way: BTreeMap::new(),
            remaining: graph.remaining(),
            done: 0,
            steps: graph.steps.len(),
            is_stopping: false,
            frame: 0,
            drawn: None,
            advice: OverdueAdvice::default(),
            next: Vec::new(),
        }
    }

    /// Advice about the steps that have become overdue since the last call.
    fn overdue(&mut self, now: Timestamp) -> Vec<AdviceLine> {
        let mut out = Vec::new();
        for one in self.under_way.values_mut().filter(|one| !one.is_reported) {
            let spent = between(one.since, now);
            if is_overdue(&one.step, spent) {
                one.is_reported = true;
                let learnt = Some(one.learnt.as_str());
                let overdue = OverdueStep { step: &one.step, spent, is_running: true, learnt, more: 0 };
                out.extend(lines(overdue, &self.advice));
            }
        }
        if !out.is_empty() {
            out.extend(self.next.iter().cloned());
        }
        out
    }

    fn note(&mut self, at: Timestamp, what: &Progress<'_>) {
        self.began.get_or_insert(at);
        self.last = Some((at, Instant::now()));
        match what {
            Progress::Begun(step) => {
                let what = format!("{} {}", verb(&step.act).doing, step.address);
                let (step, id) = ((*step).clone(), step.id);
                let begun = UnderWay { step, is_reported: false, since: at, what, learnt: String::new() };
                self.under_way.insert(id, begun);
            }
            Progress::Learnt { step, learnt } => {
                if let Some(under_way) = self.under_way.get_mut(&step.id) {
                    under_way.learnt = visible(&learnt.what);
                }
            }
            Progress::Ended { step, .. } => {
                self.under_way.remove(&step.id);
                self.done += 1;
            }
            Progress::Waiting { stopping, .. } => self.is_stopping |= *stopping,
        }
    }

    /// The time on the run's clock. That of a real cloud goes on between events.
    fn now(&self) -> Timestamp {
        let Some((at, seen)) = self.last else { return Timestamp::UNIX_EPOCH };
        match self.cloud {
            CloudName::Local => at,
            CloudName::Providers(_) => at.checked_add(seen.elapsed()).unwrap_or(at),
        }
    }

    /// The steps in progress, longest first, each with its time and an estimate.
    fn in_progress(&self, now: Timestamp) -> Vec<String> {
        let line = |one: &UnderWay| {
            let UnderWay { step, is_reported: _, since, what, learnt } = one;
            let expect = step.expect;
            let so_far = between(*since, now);
            let estimate = match expect.checked_sub(so_far) {
                _ if is_overdue(step, so_far) => format!(", OVERDUE: P95 {}", spoken(step.worst)),
                _ if expect.is_zero() => String::new(),
                Some(rest) if !rest.is_zero() => format!(", about {} left", spoken(rest)),
                _ => format!(", expected {}", spoken(expect)),
            };
            let learnt = if learnt.is_empty() { String::new() } else { format!("  ({learnt})") };
            format!("{what}  {}{estimate}{learnt}", spoken(so_far))
        };
        let mut all: Vec<&UnderWay> = self.under_way.values().collect();
        all.sort_by_key(|one| one.since);
        all.into_iter().map(line).collect()
    }

    /// The block on a terminal of this size.
    fn block(&self, now: Timestamp, (columns, rows): Size) -> Vec<String> {
        const SPINNER: [char; 4] = ['|', '/', '-', '\\'];
        let Some(began) = self.began else { return Vec::new() };
        let width = columns.saturating_sub(1).max(1);
        let most = MOST_LINES.min(rows.saturating_sub(3)).max(1);
        let spinner = SPINNER.get(self.frame % SPINNER.len()).copied().unwrap_or('|');
        let all = self.in_progress(now);
        let mut block: Vec<String> =
            all.iter().take(most).map(|line| fit(&format!("  {spinner} {line}"), width)).collect();
        if all.len() > most {
            block.push(fit(&format!("    and {} more in progress", all.len() - most), width));
        }
        block.push(fit(&self.total(began, now), width));
        block
    }

    /// `[=====>     ] 12/40 steps  3m 4s, about 7m left`.
    fn total(&self, began: Timestamp, now: Timestamp) -> String {
        const BAR: usize = 20;
        let filled = (self.done * BAR).checked_div(self.steps).unwrap_or(BAR).min(BAR);
        let head = if filled < BAR { ">" } else { "" };
        let bar = format!("{}{head}", "=".repeat(filled));
        // A waiting step depends on one in progress, so the longest chain from there is the rest of the run.
        let left = |(id, one): (&StepId, &UnderWay)| {
            let remaining = self.remaining.get(id.index()).copied().unwrap_or_default();
            remaining.saturating_sub(between(one.since, now).min(one.step.expect))
        };
        let rest = self.under_way.iter().map(left).max().filter(|rest| !rest.is_zero());
        let rest = rest.map(|rest| format!(", about {} left", spoken(rest))).unwrap_or_default();
        let so_far = spoken(between(began, now));
        let simulated = if self.cloud.is_local() { " simulated" } else { "" };
        let count = format!("{}/{} steps", self.done, self.steps);
        match self.is_stopping {
            true => {
                format!("[{bar:BAR$}] {count}  {so_far}{simulated}, stopping: {} in progress", self.under_way.len())
            }
            false => format!("[{bar:BAR$}] {count}  {so_far}{simulated}{rest}"),
        }
    }
}

/// A line of at most this many characters, cut after a word.
fn fit(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let cut: String = line.chars().take(width.saturating_sub(1)).collect();
    let at_word = cut.rfind(' ').filter(|at| !cut.get(..*at).unwrap_or_default().trim().is_empty());
    let kept = at_word.and_then(|at| cut.get(..at)).unwrap_or(&cut);
    format!("{}…", kept.trim_end())
}

fn between(begun: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(begun)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::view::overdue::CheckedObject;

    fn state(cloud: CloudName) -> DisplayState {
        let mut state = DisplayState::new(&StepGraph::default(), cloud);
        state.began = Some(Timestamp::UNIX_EPOCH);
        state.last = Some((Timestamp::UNIX_EPOCH, Instant::now()));
        state.steps = 4;
        state.done = 1;
        let one = |seconds: i64, what: &str, learnt: &str| UnderWay {
            step: step(),
            is_reported: false,
            since: Timestamp::from_second(seconds).unwrap(),
            what: what.to_owned(),
            learnt: learnt.to_owned(),
        };
        state.under_way.insert(StepId(1), one(0, "creating mssql_server.primary", ""));
        state
            .under_way
            .insert(StepId(2), one(10, "waiting for replication of geo_replica.orders", "the replication lag is 12s"));
        state
    }

    #[test]
    fn block_shows_time_estimate_and_what_a_step_waits_for() {
        let now = Timestamp::from_second(40).unwrap();
        let block = state(CloudName::Local).block(now, (140, 24));
        let expected = [
            "  | creating mssql_server.primary  40s, expected 30s",
            "  | waiting for replication of geo_replica.orders  30s, expected 30s  (the replication lag is 12s)",
            "[=====>              ] 1/4 steps  40s simulated",
        ];
        assert_eq!(block, expected);
    }

    fn step() -> Step {
        Step {
            id: StepId(1),
            address: Address::new("mssql_server", "primary"),
            act: Act::Create,
            needs: Vec::new(),
            serial: Vec::new(),
            expect: Duration::from_secs(30),
            worst: Duration::from_secs(60),
            stage: Default::default(),
            touches: Vec::new(),
            undo: Default::default(),
        }
    }

    #[test]
    fn step_beyond_three_times_its_p95_is_reported_once_with_the_object_to_check() {
        let mut state = state(CloudName::Providers("azure"));
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/one";
        let command = format!("az monitor activity-log list --resource-id {id} --offset 6h --output table");
        let object = CheckedObject { place: "in the Azure portal", command: Some(command.clone()) };
        state.advice.objects.insert(Address::new("mssql_server", "primary"), object);
        state.next = vec![AdviceLine::Command("drplan failover-group status shop".to_owned())];
        state.under_way.retain(|id, _| id.0 == 1);
        assert_eq!(state.overdue(Timestamp::from_second(180).unwrap()), []);
        let advice = state.overdue(Timestamp::from_second(200).unwrap());
        let head = "mssql_server.primary (create): running for 3m 20s, 3 times the P95 of 1m.";
        assert_eq!(advice.first(), Some(&AdviceLine::Head(head.to_owned())));
        assert!(
            advice.contains(&AdviceLine::Words("Check the resource in the Azure portal:".to_owned())),
            "{advice:?}"
        );
        assert!(advice.contains(&AdviceLine::Command(command)), "{advice:?}");
        assert_eq!(advice.last(), state.next.last());
        assert_eq!(state.overdue(Timestamp::from_second(300).unwrap()), [], "once");
        let block = state.block(Timestamp::from_second(200).unwrap(), (140, 24));
        assert_eq!(block[0], "  | creating mssql_server.primary  3m 20s, OVERDUE: P95 1m");
    }

    #[test]
    fn lines_are_cut_after_a_word() {
        let now = Timestamp::from_second(15).unwrap();
        let block = state(CloudName::Providers("azure")).block(now, (60, 24));
        assert_eq!(block[0], "  | creating mssql_server.primary  15s, about 15s left");
        assert_eq!(block[1], "  | waiting for replication of geo_replica.orders  5s,…");
        assert!(block.iter().all(|line| line.chars().count() < 60), "{block:?}");
        assert_eq!(fit("  a_word_that_is_too_long", 10), "  a_word_…");
    }

    #[test]
    fn low_terminal_shows_fewer_steps() {
        let block = state(CloudName::Providers("azure")).block(Timestamp::UNIX_EPOCH, (80, 4));
        assert_eq!(block.len(), 3, "{block:?}");
        assert_eq!(block[1], "    and 1 more in progress");
    }

    #[test]
    fn time_of_azure_goes_on_between_events() {
        let mut azure = state(CloudName::Providers("azure"));
        let earlier = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
        azure.last = Some((Timestamp::UNIX_EPOCH, earlier));
        assert!(azure.now() >= Timestamp::from_second(5).unwrap());
        let mut local = state(CloudName::Local);
        local.last = Some((Timestamp::UNIX_EPOCH, earlier));
        assert_eq!(local.now(), Timestamp::UNIX_EPOCH);
    }
}

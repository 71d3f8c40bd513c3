//! Runs seen from another process: following, status, approvals.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;
use drplan::roles::FailoverMode;
use drplan::state::RunKind;
use drplan::steps::{
    Acceptance, Act, Entry, Event, Prediction, RoleChange, RunEnd, RunSpec, RunStart, Stage, Step, StepEvent, StepFact,
    StepId, Task, Undo,
};
use drplan::store::{Holder, LocalStore};
use drplan::world::Store;
use jiff::Timestamp;

const STACK: &str = r#"
stack "small" {}
site "a" {
  provider = "azure"
  location = "canadacentral"
}
site "b" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "g" {
  site = site.b
}
failover_group "web" {
  from = site.a
  to   = site.b
  step "agree" {
    approval { message = "Proceed?" }
  }
}
"#;

#[derive(Clone, Default)]
struct CapturedOutput(Arc<Mutex<Vec<u8>>>);

impl Write for CapturedOutput {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Output of a command and its exit code.
pub(super) fn drplan(dir: &Path, words: &[&str]) -> (String, u8) {
    let said = CapturedOutput::default();
    let ids = Arc::new(SeededIds::new(3));
    let mut session = Session::detached(
        Box::new(said.clone()),
        Box::new(said.clone()),
        dir.to_owned(),
        ids,
        drplan::providers::catalog(),
    );
    let exit = cli::run(std::iter::once("drplan").chain(words.iter().copied()).map(Into::into), &mut session);
    let text = String::from_utf8_lossy(&said.0.lock().unwrap()).into_owned();
    (text, exit.code())
}

/// A one-step run in progress, and its store.
fn under_way(dir: &Path) -> (LocalStore, String) {
    std::fs::write(dir.join("stack.hcl"), STACK).unwrap();
    assert_eq!(drplan(dir, &["apply", "--yes"]).1, 0);
    let store = LocalStore::open(&dir.join("state"), "small", "local").unwrap();
    let state = store.load().unwrap().unwrap();
    let step = Step {
        id: StepId(0),
        address: "step.agree".parse().unwrap(),
        needs: Vec::new(),
        act: Act::Task(Task::Custom { action: "approval".to_owned() }),
        serial: Vec::new(),
        touches: Vec::new(),
        expect: Duration::from_secs(60),
        worst: Duration::from_secs(60),
        stage: Stage::Step,
        undo: Undo::Nothing,
    };
    let undertaking = RunSpec {
        group: "web".to_owned(),
        verb: RunKind::Up,
        how: FailoverMode::Planned,
        lost: Vec::new(),
        since: None,
        cause: Default::default(),
        supersedes: None,
        leaving: "a".to_owned(),
        arriving: "b".to_owned(),
        regions: Default::default(),
        // A run that moves no data and no users would count as failed.
        roles: vec![RoleChange { replica: "geo_replica.data".parse().unwrap(), from: None, to: "b".to_owned() }],
        notes: Vec::new(),
        unswitched: Vec::new(),
        verifies: Vec::new(),
        checks: Vec::new(),
        text: Default::default(),
        steps: vec![step],
        predicted: Prediction::default(),
        losses: Default::default(),
        accepted: Acceptance::default(),
        objectives: (None, None),
    };
    let run = store.name_run(Timestamp::UNIX_EPOCH, "x").unwrap();
    let started = RunStart {
        version: state.version,
        run: run.clone(),
        command: "failover-group up".to_owned(),
        by: "ann on desk".to_owned(),
        lineage: state.lineage.clone(),
        serial: state.serial,
        stack: state.stack.clone(),
        digest: "d".to_owned(),
        steps: 1,
        inputs: Default::default(),
        failover: Some(Box::new(undertaking)),
    };
    append(&store, &run, &[Event::Started(started), about(StepEvent::Begun(None))]);
    (store, run)
}

fn about(event: StepEvent) -> Event {
    Event::Step { step: StepId(0), address: "step.agree".parse().unwrap(), event }
}

fn append(store: &LocalStore, run: &str, events: &[Event]) {
    let entry = |event: &Event| Entry { at: Timestamp::UNIX_EPOCH, event: event.clone() };
    store.journal(run).unwrap().append(&events.iter().map(entry).collect::<Vec<_>>()).unwrap();
}

fn holder() -> Holder {
    Holder {
        who: "ann".to_owned(),
        pid: 7,
        host: "desk".to_owned(),
        command: "drplan failover-group up".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn second_up_follows_the_run_in_progress_and_returns_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let (store, run) = under_way(dir.path());
    let lock = store.lock_group("web", &holder()).unwrap();
    let shown = std::thread::scope(|scope| {
        let second = scope.spawn(|| drplan(dir.path(), &["failover-group", "up", "--planned", "--yes"]));
        std::thread::sleep(Duration::from_millis(300));
        let learnt = StepEvent::Learnt(StepFact::said("Ann said yes"));
        append(&store, &run, &[about(learnt), about(StepEvent::Succeeded(None)), Event::Ended(RunEnd::Done)]);
        second.join().unwrap()
    });
    drop(lock);
    assert_eq!(shown.1, 0, "{}", shown.0);
    for line in
        ["is in progress in another process", "running step.agree ...", "  step.agree: Ann said yes", "ran step.agree"]
    {
        assert!(shown.0.contains(line), "{line}: {}", shown.0);
    }
}

#[test]
fn run_of_a_dead_process_can_be_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, run) = under_way(dir.path());
    let lock = store.lock_group("web", &holder()).unwrap();
    let shown = std::thread::scope(|scope| {
        let second = scope.spawn(|| drplan(dir.path(), &["failover-group", "up", "--planned", "--yes"]));
        std::thread::sleep(Duration::from_millis(300));
        drop(lock);
        second.join().unwrap()
    });
    assert_eq!(shown.1, 5, "{}", shown.0);
    assert!(shown.0.contains("drplan failover-group resume"), "{}", shown.0);

    // Without a process to follow, another run is refused with advice.
    let (said, exit) = drplan(dir.path(), &["failover-group", "up", "--planned", "--yes"]);
    assert_eq!(exit, 4, "{said}");
    assert!(said.contains("drplan failover-group resume") && said.contains("drplan failover-group abort"), "{said}");

    // Status and approvals need no lock.
    let (said, exit) = drplan(dir.path(), &["failover-group", "status"]);
    assert_eq!((exit, said.contains(&run)), (0, true), "{said}");
    let (said, exit) = drplan(dir.path(), &["failover-group", "approve", "last", "agree", "--by", "Ann"]);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(store.approvals(&run).unwrap().len(), 1);
    assert_eq!(drplan(dir.path(), &["failover-group", "approve", "last", "nothing", "--by", "Ann"]).1, 1);

    // The stack differs from the one that the run was planned from.
    let (said, exit) = drplan(dir.path(), &["failover-group", "resume"]);
    assert_eq!(exit, 4, "{said}");
    assert!(said.contains("The stack has changed since run"), "{said}");
}

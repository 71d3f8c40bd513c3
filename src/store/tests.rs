//! Promises of the local store, tested on real files.

use std::fs;

use super::*;
use crate::address::Address;
use crate::state::ActiveSite;
use crate::steps::tests::any::undertaking;
use crate::steps::tests::started;
use crate::steps::{RunEnd, RunSpec, StepEvent, StepGraph, StepId};

struct FixedClock;

impl Ids for FixedClock {
    fn fresh(&self) -> String {
        "id".to_owned()
    }

    fn key(&self) -> [u8; 32] {
        std::array::from_fn(|at| u8::try_from(at).unwrap())
    }
}

fn store() -> (tempfile::TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), "web", "local").unwrap();
    (folder, store)
}

fn start(serial: u64) -> Entry {
    let started = RunStart { serial, ..started(&StepGraph::default()) };
    Entry { at: Timestamp::UNIX_EPOCH, event: Event::Started(started) }
}

fn begun(name: &str) -> Entry {
    let recorded: crate::state::Recorded = serde_json::from_value(serde_json::json!({
        "id": "/x", "name": name, "site": "east", "location": "eastus2", "objects": [], "arguments": {}, "attributes": {}, "status": "creating",
    }))
    .unwrap();
    let event = StepEvent::Begun(Some(Box::new(recorded)));
    Entry {
        at: Timestamp::UNIX_EPOCH,
        event: Event::Step { step: StepId(0), address: Address::new("kind", name), event },
    }
}

fn names(store: &LocalStore) -> Vec<String> {
    store.load().unwrap().unwrap().resources.keys().map(|address| address.name().to_owned()).collect()
}

fn append(store: &LocalStore, run: &str, entries: &[Entry]) {
    store.journal(run).unwrap().append(entries).unwrap();
}

#[test]
fn nothing_was_recorded() {
    let (_folder, store) = store();
    assert_eq!(store.load(), Ok(None));
    assert_eq!(store.unlock(), Ok(Vec::new()));
    assert!(!store.folder().exists(), "reading makes no folder");
}

#[test]
fn the_state_is_the_snapshot_and_the_journals_since() {
    let (_folder, store) = store();
    append(&store, "0000000000001-a", &[start(0), begun("a")]);
    append(&store, "0000000000002-b", &[start(0), begun("b")]);
    assert_eq!(names(&store), ["a", "b"]);

    // As an apply saves it: no other one is in progress, so that these have ended.
    let mut state = store.load().unwrap().unwrap();
    state.keep_open_runs();
    state.serial += 1;
    store.save(&state).unwrap();
    append(&store, "0000000000003-c", &[start(1), begun("c")]);
    assert_eq!(names(&store), ["a", "b", "c"]);

    // A journal that is part of the snapshot is history: not read, however damaged.
    fs::write(store.folder().join("runs/0000000000001-a.jsonl"), "damaged\n\n").unwrap();
    assert_eq!(names(&store), ["a", "b", "c"]);

    // The previous snapshot is kept. Restored, it lacks later changes, and that is detected.
    state.serial += 1;
    store.save(&state).unwrap();
    append(&store, "0000000000004-d", &[start(2), begun("d")]);
    fs::rename(store.folder().join("state.json.backup"), store.folder().join("state.json")).unwrap();
    let why = store.load().unwrap_err().to_string();
    assert!(why.contains("it has serial 1, and run 0000000000004-d started from serial 2"), "{why}");
}

#[test]
fn resumed_journal_continues_after_its_last_complete_line() {
    let (_folder, store) = store();
    append(&store, "1-a", &[start(0), begun("a")]);
    let path = store.folder().join("runs/1-a.jsonl");
    let mut text = fs::read(&path).unwrap();
    let whole = text.len();
    text.extend_from_slice(b"{\"at\":\"2026");
    fs::write(&path, &text).unwrap();
    assert_eq!(names(&store), ["a"]);
    append(&store, "1-a", &[begun("b")]);
    assert_eq!(names(&store), ["a", "b"]);

    let mut text = fs::read(&path).unwrap();
    text[whole / 2] ^= 1;
    fs::write(&path, &text).unwrap();
    assert!(matches!(store.load(), Err(StateError::Damaged { .. })));
    assert!(store.journal("1-a").is_err());
}

#[test]
fn a_run_that_never_started_does_not_count() {
    let (_folder, store) = store();
    append(&store, "1-a", &[start(0), begun("a")]);
    drop(store.journal("2-b").unwrap());
    fs::write(store.folder().join("runs/3-c.jsonl"), "{\"at\":").unwrap();
    assert_eq!(names(&store), ["a"]);
}

#[test]
fn runs_are_named_in_order_even_when_the_clock_is_set_back() {
    let (_folder, store) = store();
    let name = |ms| store.name_run(Timestamp::from_millisecond(ms).unwrap(), "x").unwrap();
    assert_eq!(name(1_772_352_000_000), "1772352000000-x");
    append(&store, "1772352000000-x", &[start(0)]);
    assert_eq!(name(5), "1772352000001-x");
    assert!(store.journal("0000000000005-x").is_err());
    assert!(store.journal("../1772352000009-x").is_err());
}

#[test]
fn an_entry_of_another_lineage_is_refused() {
    let (_folder, store) = store();
    append(&store, "1-a", &[start(0)]);
    let other = RunStart { lineage: "other".to_owned(), ..started(&StepGraph::default()) };
    append(&store, "2-b", &[Entry { at: Timestamp::UNIX_EPOCH, event: Event::Started(other) }]);
    let why = store.load().unwrap_err().to_string();
    assert!(why.ends_with("run 2-b: the journal belongs to lineage other, the state to l"), "{why}");
}

/// The start of a run of a failover group.
fn starts(run: &str, group: &str) -> Entry {
    let graph = StepGraph::default();
    let failover = Some(Box::new(RunSpec { group: group.to_owned(), ..undertaking(&graph) }));
    let started = RunStart { run: run.to_owned(), serial: 0, failover, ..started(&graph) };
    Entry { at: Timestamp::UNIX_EPOCH, event: Event::Started(started) }
}

fn open(store: &LocalStore) -> Vec<String> {
    store.load().unwrap().unwrap().roles.open.into_keys().collect()
}

#[test]
fn snapshot_of_one_run_keeps_what_another_records_afterwards() {
    let (_folder, store) = store();
    append(&store, "1-a", &[starts("1-a", "web"), begun("a1")]);
    append(&store, "2-b", &[starts("2-b", "ads"), begun("b1")]);
    assert_eq!(open(&store), ["ads", "web"]);
    append(&store, "1-a", &[Entry { at: Timestamp::UNIX_EPOCH, event: Event::Ended(RunEnd::Done) }]);
    assert_eq!(store.update(&mut |_| {}).unwrap().unwrap().folded, [("2-b".to_owned(), 2)].into());
    append(&store, "2-b", &[begun("b2")]);
    assert_eq!((names(&store), open(&store)), (["a1", "b1", "b2"].map(str::to_owned).to_vec(), vec!["ads".to_owned()]));
    store.update(&mut |_| {}).unwrap();
    append(&store, "2-b", &[begun("b3"), Entry { at: Timestamp::UNIX_EPOCH, event: Event::Ended(RunEnd::Done) }]);
    let state = store.load().unwrap().unwrap();
    assert_eq!((state.serial, state.resources.len(), state.folded.len()), (2, 4, 0));
}

#[test]
fn journal_that_was_moved_away_leaves_its_group_in_a_mixed_state() {
    let (_folder, store) = store();
    append(&store, "1-a", &[starts("1-a", "web"), begun("a1")]);
    store.update(&mut |_| {}).unwrap();
    fs::remove_file(store.folder().join("runs/1-a.jsonl")).unwrap();
    let state = store.load().unwrap().unwrap();
    assert!(state.roles.open.is_empty() && state.folded.is_empty());
    assert_eq!((state.roles.active("web"), state.roles.groups["web"].site.as_str()), (ActiveSite::Between, "east"));
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    const EACH: usize = 40;
    let (folder, store) = store();
    append(&store, "1-a", &[starts("1-a", "web")]);
    append(&store, "2-b", &[starts("2-b", "ads")]);
    let writers = ["1-a", "2-b"].map(|run| {
        let root = folder.path().to_owned();
        std::thread::spawn(move || {
            let store = LocalStore::open(&root, "web", "local").unwrap();
            for number in 0..EACH {
                append(&store, run, &[begun(&format!("r{run}-{number}"))]);
                store.update(&mut |_| {}).unwrap();
            }
        })
    });
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        store.load().unwrap();
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let state = store.load().unwrap().unwrap();
    assert_eq!((state.resources.len(), state.serial), (2 * EACH, 2 * EACH as u64));
}

#[test]
fn locks_of_groups_are_independent() {
    let (_folder, store) = store();
    let holder = |command: &str| Holder {
        who: "ann".to_owned(),
        pid: 7,
        host: "desk".to_owned(),
        command: command.to_owned(),
        since: Timestamp::UNIX_EPOCH,
    };
    let web = store.lock_group("web", &holder("up")).unwrap();
    let _ads = store.lock_group("ads[\"eu/1\"]", &holder("up")).unwrap();
    assert!(matches!(store.lock_group("web", &holder("down")), Err(StateError::Locked(_))));
    assert_eq!(store.holder_of("web").unwrap().map(|holder| holder.command), Some("up".to_owned()));
    // A run that begins excludes an apply, and not the beginning of another run.
    let begins = store.lock_shared().unwrap();
    drop(store.lock_shared().unwrap());
    assert!(matches!(store.lock(&holder("apply")), Err(StateError::Locked(_))));
    drop((begins, web));
    let _apply = store.lock(&holder("apply")).unwrap();
    assert!(matches!(store.lock_shared(), Err(StateError::Locked(_))));
    drop(store.lock_group("web", &holder("down")).unwrap());
}

#[test]
fn missing_snapshot_is_detected() {
    let (_folder, store) = store();
    append(&store, "1-a", &[start(0), Entry { at: Timestamp::UNIX_EPOCH, event: Event::Ended(RunEnd::Done) }]);
    let mut state = store.load().unwrap().unwrap();
    for serial in 1..4 {
        state.serial = serial;
        store.save(&state).unwrap();
    }
    fs::remove_file(store.folder().join("state.json")).unwrap();
    assert!(store.load().unwrap_err().to_string().contains("it is missing, and state.json.backup exists"));
}

#[test]
fn seal_key_is_created_once_and_private() {
    let (_folder, store) = store();
    let secret = serde_json::json!("hunter2");
    let digest = store.seal(&FixedClock).unwrap().digest(&secret);
    assert_eq!(store.seal(&FixedClock).unwrap().digest(&secret), digest);
    assert_eq!(Seal::new(FixedClock.key()).digest(&secret), digest);
    let path = store.folder().join("key");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
    fs::write(&path, "0011").unwrap();
    assert!(matches!(store.seal(&FixedClock), Err(StateError::Damaged { .. })));
    assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn state_notices_another_key() {
    let (_folder, store) = store();
    let path = store.folder().join("key");
    let seal = store.seal(&FixedClock).unwrap();
    store.save(&State::empty("s", "l".to_owned())).unwrap();
    assert_eq!(store.load().unwrap().unwrap().key_check, Some(seal.check()));
    // One digit of the key is another one.
    let key = fs::read_to_string(&path).unwrap();
    let flipped = format!("{}{}", if key.starts_with('0') { "1" } else { "0" }, &key[1..]);
    fs::write(&path, &flipped).unwrap();
    let error = store.seal(&FixedClock).unwrap_err().to_string();
    assert!(error.contains("it is not the key that state.json was written with"), "{error}");
    assert!(error.contains("restore a copy, or remove it"), "{error}");
    // The way out: without it, a new key takes its place, also for the commands before the next write.
    fs::remove_file(&path).unwrap();
    let new = store.seal(&OtherKey).unwrap();
    assert_ne!(new.check(), seal.check());
    assert_eq!(store.seal(&OtherKey).unwrap().check(), new.check());
    store.save(&store.load().unwrap().unwrap()).unwrap();
    assert_eq!(store.load().unwrap().unwrap().key_check, Some(new.check()));
    fs::write(&path, &key).unwrap();
    assert!(store.seal(&FixedClock).is_err(), "the old key is now the wrong one");
}

#[test]
fn state_of_an_older_drplan_takes_its_key() {
    let (_folder, store) = store();
    store.save(&State::empty("s", "l".to_owned())).unwrap();
    assert_eq!(store.load().unwrap().unwrap().key_check, None);
    let seal = store.seal(&FixedClock).unwrap();
    store.save(&store.load().unwrap().unwrap()).unwrap();
    assert_eq!(store.load().unwrap().unwrap().key_check, Some(seal.check()));
}

/// Another key than that of [`FixedClock`].
struct OtherKey;

impl Ids for OtherKey {
    fn fresh(&self) -> String {
        "other".to_owned()
    }

    fn key(&self) -> [u8; 32] {
        [9; 32]
    }
}

#[test]
fn lock_names_its_holder_and_ends_with_it() {
    let (folder, store) = store();
    let holder = Holder {
        who: "ann".to_owned(),
        pid: 7,
        host: "desk".to_owned(),
        command: "drplan apply".to_owned(),
        since: "2026-03-01T08:00:00Z".parse().unwrap(),
    };
    let guard = store.lock(&holder).unwrap();
    let locked = StateError::Locked(format!(
        "{}/web/local is locked by `drplan apply` of ann on desk (process 7) since 2026-03-01T08:00:00Z; wait until that ends",
        folder.path().display()
    ));
    assert_eq!(store.lock(&holder).unwrap_err(), locked);
    assert_eq!(store.unlock().unwrap_err(), locked);
    drop(guard);
    drop(store.lock(&holder).unwrap());
    assert_eq!(store.unlock(), Ok(Vec::new()));

    // A killed process leaves a note, not a lock.
    fs::write(store.folder().join("lock"), serde_json::to_string(&holder).unwrap()).unwrap();
    assert_eq!(store.unlock(), Ok(vec![holder]));
    assert_eq!(store.unlock(), Ok(Vec::new()));
}

#[test]
fn content_of_a_file_is_compared_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let long = "state ".repeat(100_000).into_bytes();
    assert_eq!(files::has_content(&path, None), Ok(true));
    assert_eq!(files::has_content(&path, Some(&long)), Ok(false));
    fs::write(&path, &long).unwrap();
    assert_eq!(files::has_content(&path, None), Ok(false));
    assert_eq!(files::has_content(&path, Some(&long)), Ok(true));
    assert_eq!(files::has_content(&path, Some(&long[1..])), Ok(false));
    assert_eq!(files::has_content(&path, Some(&long[..long.len() - 1])), Ok(false));
    assert_eq!(files::has_content(&path, Some(&[&long[..], b"!"].concat())), Ok(false));
    assert_eq!(files::read_head(&path, 5), Ok(Some(b"state".to_vec())));
}

#[test]
fn a_stack_cannot_be_kept_outside_its_folder() {
    for name in ["..", "", "a/b", "/a", ".", "c:d"] {
        assert!(LocalStore::open(Path::new("state"), name, "local").is_err(), "{name}");
    }
}

#[test]
fn memory_store_fails_at_the_configured_entry() {
    let store = MemoryStore::default();
    let mut journal = store.journal(&store.name_run(Timestamp::UNIX_EPOCH, "a").unwrap()).unwrap();
    store.stop_after(2);
    assert!(journal.append(&[start(0), begun("a"), begun("b")]).is_err());
    assert!(journal.append(&[begun("c")]).is_err());
    store.go_on();
    assert_eq!(store.name_run(Timestamp::UNIX_EPOCH, "a").unwrap(), "0000000000001-a");
    assert_eq!(store.load().unwrap().unwrap().resources.len(), 1);
}

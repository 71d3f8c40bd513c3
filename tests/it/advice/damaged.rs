//! Damaged, lost and locked files: the advice of the error is followed, and ends well.

use std::path::Path;

use drplan::steps::lines::{self, Chain};
use drplan::steps::{Entry, Event};
use drplan::store::{Holder, LocalStore};
use jiff::Timestamp;

use super::{DOWN, RESUME, STACK, Situation, UP, commands, waiting_runs};

/// Damage of a journal: a name, and the file afterwards.
type Damage = (&'static str, fn(&str) -> String);

/// Damage of every kind that the error names a way out of.
const DAMAGE: &[Damage] = &[
    ("a line is garbage", |text| with_line(text, 2, |_| "garbage".to_owned())),
    ("the first line is garbage", |text| with_line(text, 0, |_| "garbage".to_owned())),
    ("a line is changed", |text| with_line(text, 1, |line| line.replacen("\"at\"", "\"At\"", 1))),
    ("a line is lost", |text| without(text, 1)),
    ("a line is repeated", |text| with_line(text, 1, |line| format!("{line}\n{line}"))),
    ("the first line is lost", |text| without(text, 0)),
    ("bytes that are no text", |text| with_line(text, 1, |line| line.chars().rev().collect())),
    ("the file is empty", |_| String::new()),
    ("an entry that cannot follow", |text| chained(text, |entries| drop(entries.remove(1)))),
    ("an unknown step", |text| {
        chained(text, |entries| {
            if let Some(Event::Step { step, .. }) = entries.get_mut(1).map(|entry| &mut entry.event) {
                step.0 = 999;
            }
        })
    }),
];

fn with_line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let line = |(at, line): (usize, &str)| if at == number { change(line) } else { line.to_owned() };
    text.lines().enumerate().map(line).map(|line| line + "\n").collect()
}

fn without(text: &str, number: usize) -> String {
    text.lines().enumerate().filter(|(at, _)| *at != number).map(|(_, line)| format!("{line}\n")).collect()
}

/// The journal with these changes, as if drplan had written it so.
fn chained(text: &str, change: impl Fn(&mut Vec<Entry>)) -> String {
    let mut entries = lines::read("journal", text.as_bytes()).unwrap().entries;
    change(&mut entries);
    let mut chain = Chain::default();
    entries.iter().map(|entry| chain.line(entry).unwrap()).collect()
}

/// Every command that reads the state refuses a damaged file with the same advice; returns it.
fn refused(situation: &Situation) -> String {
    let mut advice = String::new();
    for words in [RESUME, &["failover-group", "status"], &["plan"], &["failover-group", "abort", "--yes"], UP] {
        let (said, exit) = situation.run(words);
        assert_eq!(exit, 3, "{words:?}: {said}");
        assert!(said.contains("damaged"), "{words:?}: {said}");
        advice = said;
    }
    advice
}

/// Moves the group to the other site and back, and leaves nothing. A group that is away moves home first.
fn can_be_moved(situation: &Situation, first: &[&str], second: &[&str]) {
    let is_away = situation.done(&["roles", "show"]).contains("is failed over");
    let (first, second) = if is_away { (DOWN, UP) } else { (first, second) };
    situation.moved(first);
    situation.is_well().unwrap_or_else(|why| panic!("{why}"));
    situation.moved(second);
    situation.is_well().unwrap_or_else(|why| panic!("{why}"));
}

fn rename(from: &Path, to: &Path) {
    std::fs::rename(from, to).unwrap();
}

#[test]
fn damaged_journal_of_every_kind_can_be_moved_away() {
    for (number, (name, run)) in waiting_runs(STACK).into_iter().enumerate() {
        for (at, (damage, change)) in DAMAGE.iter().enumerate() {
            let run = run.copy();
            let journal = run.journal();
            let text = std::fs::read_to_string(&journal).unwrap();
            std::fs::write(&journal, change(&text)).unwrap();
            let advice = refused(&run);
            assert!(advice.contains("move"), "{name}, {damage}: {advice}");
            let offered = commands(&advice);
            for wanted in ["refresh", "failover-group up --planned", "failover-group down"] {
                assert!(offered.iter().any(|words| words.join(" ") == wanted), "{name}, {damage}: {advice}");
            }
            rename(&journal, &run.path().join("damaged"));
            let said = run.done(&["refresh"]);
            assert!(said.contains("mixed state"), "{name}, {damage}: {said}");
            // Each direction is taken for half of the kinds of damage.
            if (at + number) % 2 == 0 { can_be_moved(&run, UP, DOWN) } else { can_be_moved(&run, DOWN, UP) }
        }
    }
}

#[test]
fn journal_that_lost_its_end_is_continued() {
    for (name, run) in waiting_runs(STACK) {
        let text = std::fs::read_to_string(run.journal()).unwrap();
        let number = text.lines().count();
        for kept in [1, 2, number / 3, number / 2, number - 1] {
            for torn in ["", "{\"at\":\"2026"] {
                let run = run.copy();
                let kept_lines: String = text.lines().take(kept).map(|line| format!("{line}\n")).collect();
                std::fs::write(run.journal(), kept_lines + torn).unwrap();
                let (said, exit) = run.run(&["failover-group", "status"]);
                if exit == 3 {
                    // The snapshot holds more of the run than its journal.
                    assert!(said.contains("damaged") && said.contains("drplan refresh"), "{name}, {kept}: {said}");
                    rename(&run.journal(), &run.path().join("damaged"));
                    run.done(&["refresh"]);
                    can_be_moved(&run, UP, DOWN);
                    continue;
                }
                for _ in 0..4 {
                    if run.run(RESUME).1 != 5 {
                        break;
                    }
                    let given =
                        ["step.agree", "step.check"].map(|step| run.run(&["failover-group", "approve", "last", step]));
                    assert!(given.iter().any(|(_, exit)| *exit == 0), "{name}, {kept}: {given:?}");
                }
                run.done(RESUME);
                run.is_well().unwrap_or_else(|why| panic!("{name}, {kept}: {why}"));
            }
        }
    }
}

#[test]
fn lost_journal_leaves_a_mixed_state_that_every_move_settles() {
    for (_, run) in waiting_runs(STACK) {
        for (first, second) in [(UP, DOWN), (DOWN, UP)] {
            let run = run.copy();
            std::fs::remove_file(run.journal()).unwrap();
            let said = run.done(&["refresh"]);
            assert!(said.contains("mixed state"), "{said}");
            can_be_moved(&run, first, second);
        }
    }
}

#[test]
fn move_after_a_lost_journal_leaves_no_orphan() {
    let home = Situation::applied(STACK);
    let run = home.copy();
    run.waiting(UP, &["step.agree"]);
    std::fs::remove_file(run.journal()).unwrap();
    let is_there = |run: &Situation| run.done(&["simulator", "show"]).contains("resourceGroups/up");
    assert!(is_there(&run));
    for command in [&["plan"][..], &["failover-group", "status"]] {
        let said = run.done(command);
        assert!(
            commands(&said).contains(&DOWN[..2].iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()),
            "{said}"
        );
    }
    // Nothing is refreshed before the move.
    let dry = run.copy();
    let said = dry.done(&["failover-group", "down", "--dry-run"]);
    assert!(said.contains("resource_group.up"), "{said}");
    assert!(!dry.done(&["state", "list"]).contains("resource_group.up"));
    run.moved(DOWN);
    run.is_well().unwrap();
    assert!(!is_there(&run));
    assert!(!run.done(&["state", "list"]).contains("resource_group.up"));
}

#[test]
fn resource_of_another_stack_is_not_taken_for_one_of_a_lost_run() {
    let text = STACK.replace("step \"agree\" {\n    before = [promote]", "step \"agree\" {\n    before = [stand_up]");
    let run = Situation::applied(&text);
    run.waiting(UP, &[]);
    std::fs::remove_file(run.journal()).unwrap();
    let other = text.split("resource_group \"away\"").next().unwrap();
    let other = other.replace("\"advice\"", "\"other\"").replace("resource_group \"home\"", "resource_group \"up\"");
    std::fs::create_dir(run.path().join("other")).unwrap();
    std::fs::write(run.path().join("other/stack.hcl"), other).unwrap();
    run.done(&["apply", "other", "--yes"]);
    run.done(&["refresh"]);
    assert!(!run.done(&["state", "list"]).contains("resource_group.up"));
    let said = run.done(&["failover-group", "down", "--dry-run"]);
    assert!(!said.contains("resource_group.up"), "{said}");
}

#[test]
fn damaged_approvals_can_be_moved_away() {
    let run = Situation::applied(STACK);
    run.waiting(UP, &[]);
    run.done(&["failover-group", "approve", "last", "step.agree"]);
    let approvals = run.journal().with_extension("approvals");
    std::fs::write(&approvals, "garbage\n").unwrap();
    let (said, exit) = run.run(RESUME);
    assert_ne!(exit, 0, "{said}");
    assert!(said.contains("move the file away, then approve its steps again"), "{said}");
    assert!(!said.contains("empty state"), "{said}");
    std::fs::remove_file(&approvals).unwrap();
    run.waiting(RESUME, &["step.agree"]);
    run.done(&["failover-group", "approve", "last", "step.check"]);
    run.done(RESUME);
    run.is_well().unwrap();
}

#[test]
fn damaged_state_is_restored_from_its_backup() {
    for (name, run) in waiting_runs(STACK) {
        for text in ["", "garbage", "{\"checksum\": \"00\", \"version\": 1}"] {
            let run = run.copy();
            let state = run.state().join("state.json");
            std::fs::write(&state, text).unwrap();
            let advice = refused(&run);
            assert!(advice.contains("state.json.backup"), "{name}: {advice}");
            std::fs::copy(run.state().join("state.json.backup"), &state).unwrap();
            // A run that began from the later state is named, and what to do.
            let (said, exit) = run.run(&["refresh"]);
            if exit == 3 {
                assert!(said.contains("move the journals of later runs away"), "{name}: {said}");
                rename(&run.journal(), &run.path().join("later"));
                run.done(&["refresh"]);
            }
            let (said, exit) = run.run(RESUME);
            assert!([0, 5].contains(&exit), "{name}: {said}");
            if exit == 5 {
                run.done(&["failover-group", "abort", "--leave-as-is", "--yes"]);
            }
            run.done(&["apply", "--yes"]);
            can_be_moved(&run, UP, DOWN);
        }
    }
}

#[test]
fn lost_state_is_replaced_as_advised() {
    let situation = Situation::applied(STACK);
    situation.moved(UP);
    situation.moved(DOWN);
    std::fs::remove_file(situation.state().join("state.json")).unwrap();
    let (said, exit) = situation.run(&["plan"]);
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("rename that to state.json") && said.contains("move its whole folder away"), "{said}");

    let renamed = situation.copy();
    rename(&renamed.state().join("state.json.backup"), &renamed.state().join("state.json"));
    let (said, exit) = renamed.run(&["refresh"]);
    assert!(exit == 0 || said.contains("move the journals of later runs away"), "{said}");
    if exit != 0 {
        rename(&renamed.journal(), &renamed.path().join("later"));
        renamed.done(&["refresh"]);
    }
    can_be_moved(&renamed, UP, DOWN);

    rename(&situation.state(), &situation.path().join("kept"));
    let (said, _) = situation.run(&["plan"]);
    let import =
        said.lines().find(|line| line.trim_start().starts_with("drplan plan ")).unwrap_or_else(|| panic!("{said}"));
    let mut words = vec!["apply", "--yes"];
    import.split(" --adopt ").skip(1).for_each(|address| words.extend(["--adopt", address]));
    situation.done(&words);
    can_be_moved(&situation, UP, DOWN);
}

#[test]
fn damaged_key_can_be_removed() {
    let situation = Situation::applied(STACK);
    std::fs::write(situation.state().join("key"), "garbage\n").unwrap();
    let (said, exit) = situation.run(&["plan"]);
    assert_eq!(exit, 3, "{said}");
    assert!(said.contains("restore a copy, or remove it") && !said.contains("empty state"), "{said}");
    std::fs::remove_file(situation.state().join("key")).unwrap();
    situation.is_well().unwrap();
    can_be_moved(&situation, UP, DOWN);
}

#[test]
fn lock_is_waited_for_and_cleared_as_advised() {
    let situation = Situation::applied(STACK);
    let store = LocalStore::open(&situation.path().join("state"), "advice", "local").unwrap();
    let holder = Holder {
        who: "ann".to_owned(),
        pid: 7,
        host: "desk".to_owned(),
        command: "drplan apply".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    };
    let lock = store.lock(&holder).unwrap();
    for words in [&["apply", "--yes"][..], &["destroy", "--yes"], &["unlock"], UP] {
        let (said, exit) = situation.run(words);
        assert_eq!(exit, 4, "{words:?}: {said}");
        assert!(said.contains("`drplan apply` of ann on desk") && said.contains("wait until that ends"), "{said}");
    }
    drop(lock);
    // The note of a process that died is no lock.
    std::fs::write(situation.state().join("lock"), serde_json::to_string(&holder).unwrap()).unwrap();
    assert!(situation.done(&["unlock"]).contains("Cleared the lock"));
    can_be_moved(&situation, UP, DOWN);
}

#[test]
fn saved_plan_that_is_out_of_date_is_made_again_as_printed() {
    let situation = Situation::applied(STACK);
    situation.write(&STACK.replace("ttl           = 30", "ttl           = 60"));
    let said = situation.done(&["plan", "--out", "today.plan"]);
    let apply = commands(&said).into_iter().find(|words| words[0] == "apply").unwrap();
    situation.done(&["simulator", "remove", "traffic_manager_azure_endpoint.home"]);
    let (said, exit) = situation.run(&apply.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(exit, 4, "{said}");
    let plan = commands(&said).into_iter().find(|words| words[0] == "plan").unwrap();
    let said = situation.done(&plan.iter().map(String::as_str).collect::<Vec<_>>());
    let apply = commands(&said).into_iter().find(|words| words[0] == "apply").unwrap();
    situation.done(&apply.iter().map(String::as_str).collect::<Vec<_>>());
    situation.is_well().unwrap();
}

#[test]
fn missing_resources_are_created_again_as_printed() {
    for command in [&["apply", "--yes"][..], &["refresh"], &["plan"]] {
        let situation = Situation::applied(STACK);
        for group in ["resource_group.home", "resource_group.away"] {
            situation.done(&["simulator", "remove", group]);
        }
        let (said, exit) = situation.run(command);
        assert_eq!(exit, 4, "{said}");
        super::follow(&situation, &said, 1);
    }
}

#[test]
fn run_whose_stack_was_lost_or_changed_is_continued_or_aborted() {
    for (name, run) in waiting_runs(STACK) {
        // The question of a step that is not begun, and a resource that the run works on.
        let changed = [
            STACK.replace("Is the data complete?", "Is it?"),
            STACK.replace("failover_group \"web\"", "failover_group \"net\""),
        ];
        for text in changed {
            let run = run.copy();
            run.write(&text);
            let (said, exit) = run.run(RESUME);
            assert!([4, 5].contains(&exit), "{name}: {said}");
            let offered = commands(&said);
            assert!(!offered.is_empty(), "{name}: {said}");
            for words in offered {
                let run = run.copy();
                let (said, exit) = run.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
                assert!([0, 4, 5].contains(&exit), "{name}: {said}");
                // A group that the stack no longer has is put back before it can move.
                run.write(STACK);
                for next in commands(&said) {
                    let next: Vec<&str> = next.iter().map(String::as_str).collect();
                    let (said, exit) = run.copy().run(&next);
                    assert!([0, 4, 5].contains(&exit), "{name}, {next:?}: {said}");
                }
            }
        }
    }
}

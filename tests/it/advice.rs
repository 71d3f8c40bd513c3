//! Every command that drplan prints is carried out as printed, and leads to a good end: no unfinished run, no mixed
//! state, and an empty plan.
//!
//! Each test makes a situation, reads the output of one command, and follows every command in it in a copy of the
//! directory. Where such a command prints further commands, some path through them must end well.

mod damaged;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::followed::drplan;

/// A group with data, traffic, a failover-only resource group, and questions before and after the promotion.
const STACK: &str = r#"
stack "advice" {}
site "primary" {
  provider = "azure"
  location = "canadacentral"
}
site "secondary" {
  provider = "azure"
  location = "canadaeast"
}
resource_group "home" {
  site = site.primary
}
resource_group "away" {
  site = site.secondary
}
cosmosdb_account "data" {
  name           = "advice-data"
  resource_group = resource_group.home
  offer_type     = "Standard"
  consistency_policy {
    consistency_level = "Session"
  }
}
geo_replica "data" {
  source = cosmosdb_account.data
  site   = site.secondary
}
public_ip "home" {
  resource_group    = resource_group.home
  allocation_method = "Static"
  sku               = "Standard"
  domain_name_label = "advice-home"
}
traffic_manager_profile "front" {
  name                   = "advice-front"
  resource_group         = resource_group.away
  traffic_routing_method = "Priority"
  dns_config {
    relative_name = "advice-front"
    ttl           = 30
  }
  monitor_config {
    protocol                     = "HTTPS"
    port                         = 443
    path                         = "/healthz"
    interval_in_seconds          = 10
    timeout_in_seconds           = 5
    tolerated_number_of_failures = 0
  }
}
traffic_manager_azure_endpoint "home" {
  profile              = traffic_manager_profile.front
  target_resource      = public_ip.home
  priority             = 1
  always_serve_enabled = true
}
traffic_manager_external_endpoint "away" {
  profile  = traffic_manager_profile.front
  target   = "standby.example.com"
  priority = 2
  enabled  = false
}
resource_group "up" {
  site     = site.secondary
  presence = "failover"
}
public_ip "up" {
  resource_group    = resource_group.up
  allocation_method = "Static"
}
failover_group "web" {
  from     = site.primary
  to       = site.secondary
  promote  = [geo_replica.data]
  stand_up = [resource_group.up]
  fence    = [traffic_manager_azure_endpoint.home]
  route "front" {
    profile = traffic_manager_profile.front
    from    = traffic_manager_azure_endpoint.home
    to      = traffic_manager_external_endpoint.away
  }
  step "agree" {
    before = [promote]
    approval { message = "Proceed?" }
  }
  step "check" {
    after  = [promote]
    before = [route]
    approval { message = "Is the data complete?" }
  }
}
"#;

/// A second group, so that commands have to name theirs.
const OTHER: &str = r#"
storage_account "other" {
  name                     = "adviceother"
  resource_group           = resource_group.home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}
geo_replica "other" {
  source = storage_account.other
  site   = site.secondary
}
failover_group "files" {
  from    = site.primary
  to      = site.secondary
  promote = [geo_replica.other]
}
"#;

const UP: &[&str] = &["failover-group", "up", "--planned", "--yes"];
const DOWN: &[&str] = &["failover-group", "down", "--yes"];
const RESUME: &[&str] = &["failover-group", "resume"];

/// Longest chain of commands that is followed, and the number of commands that are tried for one.
const DEPTH: usize = 8;
const MOST: usize = 40;

/// Commands that led to a good end, each with the digest of the directory before it.
type GoodCommands = HashSet<(u64, Vec<String>)>;

/// A directory with a stack, its state and the local cloud.
struct Situation {
    dir: tempfile::TempDir,
    /// Shared by all copies, because several outputs offer the same commands.
    good: Rc<RefCell<GoodCommands>>,
}

impl Situation {
    /// An applied stack.
    fn applied(text: &str) -> Self {
        let made = Self { dir: tempfile::tempdir().unwrap(), good: Rc::default() };
        made.write(text);
        made.done(&["apply", "--yes"]);
        made
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path().join("stack.hcl"), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A copy that continues from here.
    fn copy(&self) -> Self {
        let made = Self { dir: tempfile::tempdir().unwrap(), good: Rc::clone(&self.good) };
        copy_all(self.path(), made.path());
        made
    }

    fn run(&self, words: &[&str]) -> (String, u8) {
        drplan(self.path(), words)
    }

    fn done(&self, words: &[&str]) -> String {
        let (said, exit) = self.run(words);
        assert_eq!(exit, 0, "{words:?}: {said}");
        said
    }

    /// Begins a run, which waits for an approval; `approvals` of them are given.
    fn waiting(&self, words: &[&str], approvals: &[&str]) -> String {
        let (mut said, mut exit) = self.run(words);
        for step in approvals {
            assert_eq!(exit, 5, "{said}");
            self.done(&["failover-group", "approve", "last", step]);
            (said, exit) = self.run(RESUME);
        }
        assert_eq!(exit, 5, "{said}");
        said
    }

    /// Runs a move to its end, with all approvals.
    fn moved(&self, words: &[&str]) {
        self.waiting(words, &["step.agree"]);
        self.done(&["failover-group", "approve", "last", "step.check"]);
        self.done(RESUME);
    }

    /// The folder of the state.
    fn state(&self) -> PathBuf {
        self.path().join("state/advice/local")
    }

    /// The journal of the last run.
    fn journal(&self) -> PathBuf {
        let files = self.state().join("runs").read_dir().unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).max().unwrap()
    }

    /// A digest of all files.
    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash_all(self.path(), self.path(), &mut hasher);
        hasher.finish()
    }

    /// The reason why this is no good end.
    fn is_well(&self) -> Result<(), String> {
        let (said, exit) = self.run(&["roles", "show"]);
        if exit != 0 || said.contains("mixed state") || said.contains("unfinished") {
            return Err(said);
        }
        let (said, exit) = self.run(&["plan", "--detailed-exitcode"]);
        if exit == 0 && !said.contains("Role drift") { Ok(()) } else { Err(said) }
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap().map(|entry| entry.unwrap()) {
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_all(&path, &into);
        } else {
            std::fs::copy(&path, &into).unwrap();
        }
    }
}

fn hash_all(root: &Path, dir: &Path, hasher: &mut DefaultHasher) {
    let mut paths: Vec<PathBuf> = dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    for path in paths {
        if path.is_dir() {
            hash_all(root, &path, hasher);
        } else {
            (path.strip_prefix(root).unwrap(), std::fs::read(&path).unwrap()).hash(hasher);
        }
    }
}

/// The words of a command as a shell splits them, where only single quotes occur.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The commands in a text, without `drplan`: lines that are nothing else, and everything in backticks.
fn commands(said: &str) -> BTreeSet<Vec<String>> {
    let lines = said.lines().filter_map(|line| line.trim().strip_prefix("drplan ")).map(split);
    let quoted = said.split('`').skip(1).step_by(2).filter_map(|text| text.strip_prefix("drplan ")).map(split);
    // A word in capitals stands for a value that the operator chooses.
    let is_whole = |words: &Vec<String>| !words.iter().any(|word| matches!(word.as_str(), "FILE" | "RUN" | "DIR"));
    lines.chain(quoted).filter(is_whole).collect()
}

/// The command with the flags that its refusal names.
fn accepting(words: &[String], said: &str) -> Vec<Vec<String>> {
    let with =
        |flags: &[&str]| words.iter().map(String::as_str).chain(flags.iter().copied()).map(str::to_owned).collect();
    let lacks = |flag: &str| said.contains(flag) && !words.iter().any(|word| word == flag);
    let mut more = Vec::new();
    if lacks("--accept-data-loss") {
        more.push(with(&["--accept-data-loss", "1h"]));
    }
    if lacks("--accept-split-brain") && said.contains("accept the risk") {
        more.push(with(&["--accept-split-brain"]));
    }
    more
}

/// The order in which commands are tried: those that finish a run first, and those that only show something last.
fn rank(words: &[String]) -> usize {
    let has = |word: &str| words.iter().any(|other| other == word);
    match () {
        () if has("approve") => 0,
        () if has("--yes") => 1,
        () if has("resume") => 2,
        () if ["status", "history", "show", "plan", "--dry-run"].into_iter().any(has) => 5,
        () if has("abort") => 4,
        () => 3,
    }
}

/// Carries out a command, and then those that it prints, until one of them ends well.
fn leads_on(situation: &Situation, words: &[String]) -> Result<(), String> {
    leads_on_within(situation, words, DEPTH, &Cell::new(MOST))
}

fn leads_on_within(situation: &Situation, words: &[String], depth: usize, left: &Cell<usize>) -> Result<(), String> {
    let known = (situation.digest(), words.to_vec());
    if situation.good.borrow().contains(&known) {
        return Ok(());
    }
    let found = carried_out(situation, words, depth, left);
    if found.is_ok() {
        situation.good.borrow_mut().insert(known);
    }
    found
}

fn carried_out(situation: &Situation, words: &[String], depth: usize, left: &Cell<usize>) -> Result<(), String> {
    left.set(left.get().saturating_sub(1));
    let (said, exit) = situation.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let told = |why: String| format!("$ drplan {}\n{said}exit {exit}\n{why}", words.join(" "));
    if said.contains("unexpected argument") || said.contains("Usage:") {
        return Err(told("── this is no command".to_owned()));
    }
    let unwell = match situation.is_well() {
        Ok(()) if exit != 3 => return Ok(()),
        Ok(()) => String::new(),
        Err(why) => why,
    };
    if depth == 0 || left.get() == 0 {
        return Err(told("── and so on".to_owned()));
    }
    let next: Vec<Vec<String>> = commands(&said).into_iter().chain(accepting(words, &said)).collect();
    if next.is_empty() {
        return Err(told(format!("── no command is printed, and this is no good end:\n{unwell}")));
    }
    let mut told_of_next = String::new();
    let mut next = next;
    next.sort_by_key(|words| rank(words));
    for words in &next {
        match leads_on_within(&situation.copy(), words, depth - 1, left) {
            Ok(()) => return Ok(()),
            Err(why) => told_of_next += &why,
        }
    }
    Err(told(told_of_next))
}

/// Follows each command of an output; at least this many are expected.
fn follow(situation: &Situation, said: &str, least: usize) {
    let offered = commands(said);
    assert!(offered.len() >= least, "{} commands in:\n{said}", offered.len());
    let wrong: Vec<String> = offered.iter().filter_map(|words| leads_on(&situation.copy(), words).err()).collect();
    assert!(wrong.is_empty(), "{} commands do not lead on, of:\n{said}\n{}", wrong.len(), wrong.join("\n════\n"));
}

/// The situations in which a run of the group waits, by name: on the way up and down, before and after the promotion.
fn waiting_runs(text: &str) -> Vec<(&'static str, Situation)> {
    let named = text.contains(OTHER);
    let group = if named { &["--group", "web"][..] } else { &[] };
    let words = |words: &[&'static str]| [words, group].concat();
    let home = Situation::applied(text);
    let (before, after) = (home.copy(), home.copy());
    before.waiting(&words(UP), &[]);
    after.waiting(&words(UP), &["step.agree"]);
    let away = home;
    away.moved(&words(UP));
    let (back, back_after) = (away.copy(), away.copy());
    back.waiting(&words(DOWN), &[]);
    back_after.waiting(&words(DOWN), &["step.agree"]);
    vec![("up", before), ("up, promoted", after), ("down", back), ("down, promoted", back_after)]
}

fn stacks() -> [String; 2] {
    [STACK.to_owned(), format!("{STACK}{OTHER}")]
}

#[test]
fn commands_of_a_waiting_run_lead_on() {
    for text in stacks() {
        for (_, run) in waiting_runs(&text) {
            let (said, exit) = run.run(RESUME);
            assert_eq!(exit, 5, "{said}");
            follow(&run, &said, 3);
            follow(&run, &run.done(&["failover-group", "status"]), 3);
            follow(&run, &run.done(&["plan", "--refresh=false"]), 1);
            let (said, exit) = run.run(&["destroy", "--yes"]);
            assert_eq!(exit, 4, "{said}");
            follow(&run, &said, 3);
            let (said, exit) = run.run(&[UP, &["--group", "web"]].concat());
            assert_eq!(exit, 4, "{said}");
            follow(&run, &said, 3);
        }
    }
}

#[test]
fn commands_of_a_run_left_as_it_is_lead_on() {
    for text in stacks() {
        for (name, run) in waiting_runs(&text) {
            let left = run.done(&["failover-group", "abort", "--leave-as-is", "--yes"]);
            if left.contains("It had moved nothing") {
                assert!(name.starts_with("down"), "{name}: {left}");
                continue;
            }
            // The last command is for a lost site: without one it is refused.
            let (lost, others): (BTreeSet<_>, BTreeSet<_>) =
                commands(&left).into_iter().partition(|words| words.contains(&"--forced".to_owned()));
            assert_eq!((lost.len(), others.len()), (1, 2), "{name}: {left}");
            for words in &others {
                leads_on(&run.copy(), words).unwrap_or_else(|why| panic!("{name}: {why}"));
            }
            // Users cannot be led home without the standby site: their profile is there.
            if name == "down, promoted" {
                continue;
            }
            let is_home = lost.iter().any(|words| words.contains(&"primary".to_owned()));
            run.done(&["simulator", "fault", "lose", if is_home { "canadacentral" } else { "canadaeast" }]);
            for words in &lost {
                leads_on(&run.copy(), words).unwrap_or_else(|why| panic!("{name}: {why}"));
            }
            follow(&run, &run.done(&["failover-group", "status"]), 1);
        }
    }
}

#[test]
fn commands_of_an_abort_after_the_promotion_lead_on() {
    for text in stacks() {
        for (_, run) in waiting_runs(&text) {
            let said = run.done(&["failover-group", "abort", "--yes"]);
            if run.is_well().is_err() {
                let offered: Vec<_> =
                    commands(&said).into_iter().filter(|words| !words.contains(&"--forced".to_owned())).collect();
                assert!(offered.len() >= 2, "{said}");
                for words in offered {
                    leads_on(&run.copy(), &words).unwrap_or_else(|why| panic!("{why}"));
                }
            }
            follow(&run, &run.done(&["roles", "show"]), 0);
        }
    }
}

#[test]
fn status_names_the_command_for_a_site_that_does_not_respond() {
    for text in stacks() {
        let home = Situation::applied(&text);
        let runs = waiting_runs(&text);
        for situation in std::iter::once(&home).chain(runs.iter().map(|(_, run)| run)) {
            let situation = situation.copy();
            situation.done(&["simulator", "fault", "lose", "canadacentral"]);
            let said = situation.done(&["failover-group", "status"]);
            let offered: Vec<_> = commands(&said)
                .into_iter()
                .filter(|words| words.contains(&"--forced".to_owned()) && !words.contains(&"files".to_owned()))
                .collect();
            assert!(!offered.is_empty(), "{said}");
            for words in offered {
                leads_on(&situation.copy(), &words).unwrap_or_else(|why| panic!("{said}\n{why}"));
            }
        }
    }
}

#[test]
fn role_drift_is_settled_by_either_command() {
    for text in stacks() {
        // A run whose records are lost: the roles in the cloud have moved without one.
        let situation = Situation::applied(&text);
        let (state, kept) = (situation.state(), situation.path().join("kept"));
        copy_all(&state, &kept);
        let group: &[&str] = if text.contains(OTHER) { &["--group", "web"] } else { &[] };
        situation.waiting(&[UP, group].concat(), &["step.agree"]);
        std::fs::remove_dir_all(&state).unwrap();
        std::fs::rename(&kept, &state).unwrap();
        for words in [&["plan"][..], &["refresh"]] {
            let (said, _) = situation.run(words);
            assert!(said.contains("Role drift detected"), "{said}");
            let drift = &said[said.find("Choose one").unwrap()..];
            let drift = drift.split("\n\n").next().unwrap();
            follow(&situation, drift, 2);
        }
    }
}

#[test]
fn site_that_is_no_standby_is_refused_with_the_standbys() {
    let situation = Situation::applied(STACK);
    for site in ["nowhere", "primary"] {
        for verb in [&["up", "--planned"][..], &["drill"]] {
            let (said, exit) = situation.run(&[&["failover-group"], verb, &["--to", site, "--dry-run"]].concat());
            assert_eq!(exit, 1, "{said}");
            assert!(said.contains(&format!("--to {site}: failover group web can move to `secondary`")), "{said}");
        }
    }
}

#[test]
fn a_moved_resource_group_shows_its_site_once() {
    let (sites, _) = STACK.split_once("resource_group").expect("the sites");
    let text = |site: &str| format!("{sites}resource_group \"home\" {{\n  site = site.{site}\n}}\n");
    let situation = Situation::applied(&text("primary"));
    situation.write(&text("secondary"));
    let said = situation.done(&["plan"]);
    assert_eq!(said.matches("site: ").count(), 1, "{said}");
    assert!(said.contains("\"canadacentral\"") && said.contains("\"canadaeast\""), "{said}");
}

//! Replication between two machines that programs report and move: a database at Linode behind a record of Cloudflare.

use std::sync::Mutex;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{self, FailurePolicy, Ports, ReadPorts};
use drplan::command::ReplicaVerb;
use drplan::object::ObjectId;
use drplan::plan;
use drplan::roles::{Health, Side};
use drplan::run::StopSignal;
use drplan::simulator::{Fault, Plane, Workload};
use drplan::state::ActiveSite;
use drplan::steps::{Acceptance, Act, RunEnd, Task};
use drplan::world::{Clock as _, CommandError, CommandLine, Commands, ProgramExit, ProgramOutput};

use crate::failover::incident::{DOWN, DRILL, FORCED, Incident, IncidentSnapshot, RunRequest, UP};
use crate::lab::{Lab, changes, failures, in_parallel, simulated};

const STACK: &str = r#"
stack "hosted" {
  objectives {
    rto = "10m"
    rpo = "1m"
  }
}

variable "token" {
  type      = string
  default   = "zq7topsecretq9"
  sensitive = true
}

site "main" {
  provider = "linode"
  location = "eu-west"
}

site "standby" {
  provider = "linode"
  location = "us-east"
}

linode_instance "main" {
  site            = site.main
  type            = "g6-dedicated-8"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
}

linode_instance "standby" {
  mirrors = linode_instance.main
  site    = site.standby
}

geo_replica "database" {
  source = linode_instance.main
  target = linode_instance.standby

  observe {
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/replication-status"]
  }

  promote {
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/promote"]
    within    = "60s"
  }

  follow {
    program     = "ssh"
    arguments   = ["postgres@{host}", "/usr/local/bin/follow", "{other}"]
    environment = { TOKEN = var.token }
  }
}

cloudflare_dns_record "www" {
  zone    = "example.com"
  name    = "www.example.com"
  type    = "A"
  ttl     = 1
  proxied = true
  content = linode_instance.main.ip_address
}

failover_group "hosted" {
  from    = site.main
  to      = site.standby
  promote = [geo_replica.database]

  step "stop-the-application" {
    on     = ["up", "down"]
    modes  = ["planned"]
    before = ["promote"]

    command {
      program   = "ssh"
      arguments = ["deploy@${linode_instance.main.ip_address}", "sudo", "systemctl", "stop", "saas"]
      within    = "30s"
    }
  }

  route "proxy" {
    record = cloudflare_dns_record.www
    values = {
      main    = linode_instance.main.ip_address
      standby = linode_instance.standby.ip_address
    }
  }

  probe "users" {
    url    = "https://www.example.com/healthz"
    within = "1m"
  }
}
"#;

const MAIN: &str = "linode:instances/main";
const STANDBY: &str = "linode:instances/standby";
/// The primary site is lost; up to a minute of writes is, too.
const LOST: RunRequest = RunRequest { accepted: Acceptance { split_brain: true, ..FORCED.accepted }, ..FORCED };

fn replica() -> Address {
    Address::new("geo_replica", "database")
}

/// The stack, applied, with clients that write.
async fn begun() -> Incident {
    let incident = Incident::of(Lab::new(7), STACK.to_owned()).await;
    let front = "https://www.example.com/".to_owned();
    let workload = Workload { front, stores: vec![ObjectId::new(MAIN)], rate: 5 };
    incident.lab.simulator.start_workload(workload).unwrap();
    incident.changes().await;
    incident.wait(30).await;
    incident
}

/// The status that the commands report now.
async fn standing(incident: &Incident) -> drplan::kinds::ReplicaStatus {
    let (stack, state) = incident.stack(drplan::state::RunKind::Up);
    let seen = apply::look_at(incident.lab.reads(), &plan::looks(&stack, &state)).await;
    plan::standings(&stack, &seen).remove(&replica()).expect("a replica")
}

/// Nothing is left to do, and the group is where it should be.
async fn is_well(incident: &Incident, site: ActiveSite) -> Result<(), String> {
    let changes = incident.changes().await;
    if incident.active() != site || !changes.is_empty() {
        return Err(format!("{:?} is active; {changes:?}", incident.active()));
    }
    Ok(())
}

#[test]
fn planned_moves_lose_nothing_and_the_side_that_was_left_follows() {
    simulated(async {
        let incident = begun().await;
        assert_eq!(
            (standing(&incident).await.writer, standing(&incident).await.health),
            (Some(Side::Source), Health::Following)
        );
        let before = incident.lab.simulator.body(&ObjectId::new(MAIN)).unwrap()["status"].clone();
        for (ask, writer, site) in [(UP, Side::Target, ActiveSite::Away), (DOWN, Side::Source, ActiveSite::Home)] {
            let procedure = incident.procedure(ask).await;
            let follows = procedure.steps.steps.iter().find(|step| step.act == Act::Task(Task::Reprotect)).unwrap();
            let route = procedure.steps.steps.iter().find(|step| matches!(step.act, Act::Task(Task::Route { .. })));
            assert!(!route.unwrap().needs.contains(&follows.id), "traffic does not wait for the side that was left");
            incident.done(ask).await;
            let now = standing(&incident).await;
            assert_eq!((now.writer, now.health, now.lag), (Some(writer), Health::Following, Some(Duration::ZERO)));
            is_well(&incident, site).await.unwrap();
            incident.wait(60).await;
        }
        assert_eq!(
            incident.lab.simulator.body(&ObjectId::new(MAIN)).unwrap()["status"],
            before,
            "no machine is stopped"
        );
        let tally = incident.tally();
        assert_eq!((tally.lost, tally.split), (0, 0), "{tally:?}");
        assert!(tally.written > 0 && tally.stores.iter().any(|store| store.name == "database"), "{tally:?}");
    });
}

#[test]
fn forced_move_loses_what_was_announced_and_the_way_home_begins_with_follow() {
    simulated(async {
        let incident = begun().await;
        incident.lose();
        incident.wait(30).await;
        let procedure = incident.procedure(LOST).await;
        let announced = procedure.losses.first().and_then(|loss| loss.amount).expect("a measured loss");
        assert!(announced > Duration::ZERO);
        let outcome = incident.done(LOST).await;
        let tally = incident.tally();
        assert!(tally.lost > 0 && tally.lost_seconds <= announced.as_secs_f64(), "{tally:?}, announced {announced:?}");
        drop(outcome);
        let state = incident.state();
        let role = &state.roles.groups["hosted"];
        assert!(
            role.owed.iter().any(|owed| owed.of == replica() && owed.debt.what.contains("does not follow")),
            "{role:?}"
        );
        is_well(&incident, ActiveSite::Away).await.unwrap();

        incident.lab.simulator.restore("eu-west").unwrap();
        incident.wait(30).await;
        let now = standing(&incident).await;
        assert_eq!(now.writer, Some(Side::Target), "the later promotion counts");
        assert!(matches!(&now.health, Health::Broken(how) if how.contains("still takes writes")), "{now:?}");
        let home = incident.procedure(DOWN).await;
        assert_eq!(home.steps.steps[0].act, Act::Task(Task::Reprotect));
        incident.done(DOWN).await;
        is_well(&incident, ActiveSite::Home).await.unwrap();
        let now = standing(&incident).await;
        assert_eq!((now.writer, now.health), (Some(Side::Source), Health::Following));
        assert!(incident.state().roles.groups["hosted"].owed.iter().all(|owed| owed.of != replica()));
    });
}

#[test]
fn drill_promotes_nothing() {
    simulated(async {
        let incident = begun().await;
        incident.done(DRILL).await;
        assert_eq!(standing(&incident).await.writer, Some(Side::Source));
        is_well(&incident, ActiveSite::Home).await.unwrap();
    });
}

#[test]
fn planned_promotion_waits_for_the_last_write() {
    simulated(async {
        let incident = begun().await;
        let lag = Fault::Lag { store: "database".to_owned(), seconds: 5.0 };
        incident.lab.simulator.add_fault(lag).unwrap();
        assert_eq!(standing(&incident).await.lag, Some(Duration::from_secs(5)));
        let ended = incident.whole(UP, FailurePolicy::Stop).await.unwrap();
        assert_ne!(ended.report.ended, Some(RunEnd::Done));
        let why = format!("{:?}", ended.report.fates);
        assert!(why.contains("its replication lag is 5s"), "{why}");
        assert_eq!(standing(&incident).await.writer, Some(Side::Source), "nothing was requested");
        incident.lab.simulator.clear_faults().unwrap();
        incident.done(UP).await;
        assert_eq!(incident.tally().lost, 0);
    });
}

#[test]
fn silent_side_is_never_fine() {
    simulated(async {
        let incident = begun().await;
        let lost = Fault::Lose { location: "us-east".to_owned(), plane: Plane::Data };
        incident.lab.simulator.add_fault(lost).unwrap();
        let began = incident.lab.clock.now();
        let now = standing(&incident).await;
        assert!(matches!(&now.health, Health::Unseen(why) if why.contains("standby does not answer")), "{now:?}");
        assert_eq!((now.writer, now.lag), (Some(Side::Source), None));
        assert!(incident.lab.clock.now().duration_since(began).as_secs() >= 30, "it takes until its time limit");
        assert!(incident.whole(UP, FailurePolicy::Stop).await.is_err(), "a preflight check refuses");
    });
}

/// Kills a run after each of its entries, and ends it.
fn survives_every_kill(ask: RunRequest, site: ActiveSite, all_kept: bool) -> Vec<String> {
    let (begun, entries) = simulated(async {
        let incident = begun().await;
        if ask.lost {
            incident.lose();
            incident.wait(30).await;
        } else if site == ActiveSite::Home {
            incident.done(UP).await;
        }
        let begun = IncidentSnapshot::of(incident);
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        incident.done(ask).await;
        (begun, incident.lab.store.entries().len() - before)
    });
    in_parallel(0..entries as u64, |cut| {
        let ended: Result<(), String> = simulated(async {
            let incident = begun.again();
            incident.lab.store.stop_after(cut as usize);
            let _killed = incident.whole(ask, FailurePolicy::Stop).await;
            incident.lab.store.go_on();
            let ended = incident.whole(ask, FailurePolicy::Stop).await?;
            if ended.report.ended != Some(RunEnd::Done) {
                return Err(format!("{:?}", ended.report.fates));
            }
            incident.kept(all_kept)?;
            is_well(&incident, site).await
        });
        ended
            .err()
            .map(|why| vec![format!("{:?} killed after {cut} of {entries}: {why}", ask.verb)])
            .unwrap_or_default()
    })
}

#[test]
fn killed_runs_are_ended_by_a_resume() {
    let mut wrong = survives_every_kill(UP, ActiveSite::Away, true);
    wrong.extend(survives_every_kill(LOST, ActiveSite::Away, false));
    wrong.extend(survives_every_kill(DOWN, ActiveSite::Home, true));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A program that is not simulated: its answers, and how often it was called.
struct OwnPrograms<'a> {
    lab: &'a Lab,
    /// The answer of `observe` in place of the simulator's.
    observed: Option<&'static str>,
    /// True if `promote` ends with an unknown outcome, after it has worked.
    vanishes: bool,
    lines: Mutex<Vec<CommandLine>>,
}

#[async_trait::async_trait]
impl Commands for OwnPrograms<'_> {
    async fn run(&self, line: &CommandLine) -> Result<ProgramExit, CommandError> {
        self.lines.lock().unwrap().push(line.clone());
        let verb = line.purpose.as_ref().map(|purpose| purpose.verb);
        match (verb, self.observed) {
            (Some(ReplicaVerb::Observe), Some(output)) => {
                let (said, output) = (output.to_owned(), output.to_owned());
                Ok(ProgramExit { code: Some(0), said, output })
            }
            (Some(ReplicaVerb::Promote), _) if self.vanishes => {
                self.lab.commands.run(line).await?;
                Err(CommandError::Killed("the program did not end within 1m and was killed".to_owned()))
            }
            _ => self.lab.commands.run(line).await,
        }
    }

    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        self.lab.commands.read(line).await
    }
}

impl<'a> OwnPrograms<'a> {
    fn new(lab: &'a Lab) -> Self {
        Self { lab, observed: None, vanishes: false, lines: Mutex::default() }
    }

    fn count(&self, verb: ReplicaVerb) -> usize {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.purpose.as_ref().is_some_and(|purpose| purpose.verb == verb)).count()
    }
}

#[test]
fn program_runs_once_and_a_read_decides_after_an_unknown_outcome() {
    simulated(async {
        let incident = begun().await;
        let programs = OwnPrograms { vanishes: true, ..OwnPrograms::new(&incident.lab) };
        let procedure = incident.procedure(UP).await;
        let (stack, state) = incident.stack(UP.verb);
        let stop = StopSignal::default();
        let ports = Ports { commands: &programs, ..incident.ports(&stop) };
        let mut run = apply::FailoverRun::new(&procedure, &state, ports, "tester").unwrap();
        let party = crate::failover::incident::PARTY;
        let outcome =
            apply::undertake(&mut run, &stack, ports, party, apply::Continuation::Start, FailurePolicy::Stop).await;
        assert_eq!(outcome.unwrap().report.ended, Some(RunEnd::Done));
        assert_eq!((programs.count(ReplicaVerb::Promote), programs.count(ReplicaVerb::Follow)), (1, 1));
        let lines = programs.lines.lock().unwrap();
        let follow = lines.iter().find(|line| line.purpose.as_ref().is_some_and(|one| one.verb == ReplicaVerb::Follow));
        let (follow, address) = (follow.unwrap(), |id: &str| {
            let body = incident.lab.simulator.body(&ObjectId::new(id)).unwrap();
            body["ipv4"][0].as_str().unwrap().to_owned()
        });
        assert_eq!(follow.arguments[0], format!("postgres@{}", address(MAIN)));
        assert_eq!(follow.arguments[2], address(STANDBY));
        assert_eq!((follow.environment["TOKEN"].as_str(), follow.is_secret), ("zq7topsecretq9", true));
    });
}

#[test]
fn wrong_answers_are_no_answers() {
    simulated(async {
        let incident = begun().await;
        for (output, word) in [
            ("primary", "printed no JSON object: primary"),
            ("", "it printed nothing"),
            (r#"{"role": "leader", "healthy": true}"#, "no `role`"),
            (r#"{"role": "standby"}"#, "no `healthy`"),
        ] {
            let programs = OwnPrograms { observed: Some(output), ..OwnPrograms::new(&incident.lab) };
            let ports = ReadPorts { commands: &programs, ..incident.lab.reads() };
            let (stack, state) = incident.stack(UP.verb);
            let seen = apply::look_at(ports, &plan::looks(&stack, &state)).await;
            let now = plan::standings(&stack, &seen).remove(&replica()).unwrap();
            assert!(matches!(&now.health, Health::Unseen(why) if why.contains(word)), "{word}: {now:?}");
            assert_eq!(now.writer, None);
        }
        // Two primaries without timelines: nobody knows which one is the newer.
        let both = OwnPrograms {
            observed: Some(r#"{"role": "primary", "healthy": true}"#),
            ..OwnPrograms::new(&incident.lab)
        };
        let (stack, state) = incident.stack(UP.verb);
        let ports = ReadPorts { commands: &both, ..incident.lab.reads() };
        let seen = apply::look_at(ports, &plan::looks(&stack, &state)).await;
        let now = plan::standings(&stack, &seen).remove(&replica()).unwrap();
        assert!(now.writer.is_none() && matches!(now.health, Health::Broken(_)), "{now:?}");
    });
}

#[test]
fn secrets_of_programs_are_in_no_state_journal_or_plan() {
    simulated(async {
        let incident = begun().await;
        incident.done(UP).await;
        let state = serde_json::to_string(&incident.state()).unwrap();
        let entries: Vec<String> =
            incident.lab.store.entries().iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let (planned, _) = incident.lab.plan(&STACK.replace("\"60s\"", "\"90s\""), false).await;
        assert_eq!(changes(&planned).len(), 1, "another time limit changes the replica alone: {:?}", changes(&planned));
        for text in [state, entries.concat(), format!("{:?}", planned.plan.changes)] {
            assert!(!text.contains("topsecret"), "{text}");
        }
    });
}

#[test]
fn faults_of_the_block_are_found() {
    let lab = Lab::new(7);
    for (from, to, word) in [
        ("source = linode_instance.main", "source = linode_instance.standby", "both sides are the same machine"),
        ("source = linode_instance.main", "source = \"linode:instances/other\"", "does not manage this machine"),
        ("source = linode_instance.main", "source = cloudflare_dns_record.www", "cloudflare_dns_record"),
        ("    program   = \"ssh\"\n    arguments = [\"postgres@{host}\", \"/usr/local/bin/promote\"]", "", "program"),
        ("within    = \"60s\"", "within    = \"soon\"", "soon"),
        ("    within    = \"60s\"", "    policy    = \"manual\"", "policy"),
    ] {
        assert!(STACK.contains(from), "{from}");
        let why = lab.read(&STACK.replacen(from, to, 1)).err().or_else(|| {
            let program = lab.read(&STACK.replacen(from, to, 1)).ok()?;
            program.evaluate(&Default::default()).err().map(|found| format!("{found:?}"))
        });
        assert!(why.as_ref().is_some_and(|why| why.contains(word)), "{to}: {why:?}");
    }
}

#[test]
fn life_of_the_replica_changes_no_machine() {
    simulated(async {
        let lab = Lab::new(7);
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        let before = lab.simulator.body(&ObjectId::new(MAIN)).unwrap();
        let changed = STACK.replace("replication-status", "status");
        failures(&lab.apply(&changed).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(&changed, false).await.0), Vec::<String>::new());
        assert_eq!(lab.simulator.body(&ObjectId::new(MAIN)).unwrap(), before);
        failures(&lab.destroy(&changed).await.unwrap(), "destroy").unwrap();
        assert!(lab.standing().is_empty(), "{:?}", lab.standing());
    });
}

//! Restores in place by the first two rungs: a machine that is made again takes its volume, and a volume is made again
//! of a snapshot. Killed after any entry and aborted before the first deletion.

use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{AbortOutcome, FailurePolicy};
use drplan::backup::RungKind;
use drplan::failover::Procedure;
use drplan::object::ObjectId;
use drplan::roles::IncidentCause;
use drplan::state::RunKind;
use drplan::steps::{Acceptance, RunEnd};
use serde_json::{Value as Json, json};

use super::incident::{Incident, IncidentSnapshot, RunRequest, UP};
use super::ladders::survives_every_kill;
use crate::lab::{Lab, in_parallel, simulated};

/// A database on one machine, with its data on a volume.
const STACK: &str = r#"
stack "ledger" {}

provider "aws" {
  account = "123456789012"
}

site "main" {
  provider = "aws"
  location = "eu-west-1"
}

site "cold" {
  provider = "aws"
  location = "us-west-2"
  tier     = 2
}

aws_vpc "main" {
  site       = site.main
  cidr_block = "10.1.0.0/16"
}

aws_subnet "main" {
  vpc               = aws_vpc.main
  cidr_block        = "10.1.1.0/24"
  availability_zone = "eu-west-1a"
}

aws_internet_gateway "main" {
  vpc = aws_vpc.main
}

aws_route_table "main" {
  vpc     = aws_vpc.main
  subnets = [aws_subnet.main]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.main
  }
}

aws_security_group "db" {
  vpc         = aws_vpc.main
  description = "HTTPS"

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

aws_eip "db" {
  site   = site.main
  domain = "vpc"
}

aws_instance "db" {
  subnet              = aws_subnet.main
  ami                 = "ami-0123456789abcdef0"
  instance_type       = "c7i.large"
  vpc_security_groups = [aws_security_group.db]
  eip                 = aws_eip.db
}

aws_ebs_volume "data" {
  site              = site.main
  availability_zone = "eu-west-1a"
  size              = 40
  instance          = aws_instance.db
  device            = "/dev/sdf"
}

aws_s3_bucket "vault" {
  site   = site.cold
  bucket = "ledger-backups"
}

backup "database" {
  of         = aws_ebs_volume.data
  tool       = "restic"
  repository = aws_s3_bucket.vault
  every      = "24h"
  custodians = ["operations", "notary"]
}

backup "snapshots" {
  of         = aws_ebs_volume.data
  tool       = "snapshots"
  repository = site.main
  every      = "6h"
}

failover_group "ledger" {
  from    = site.main
  to      = site.cold
  restore = [backup.database]

  probe "database" {
    at     = site.main
    url    = "https://${aws_eip.db.public_ip}/healthz"
    within = "10m"
  }
}
"#;

const MACHINE: &str = "aws:eu-west-1/instances/db";
const VOLUME: &str = "aws:eu-west-1/volumes/data";

/// A restore in place that accepts the loss of a day.
const RESTORE: RunRequest = RunRequest {
    verb: RunKind::Restore,
    accepted: Acceptance { data_loss: Some(Duration::from_secs(86_400)), split_brain: false },
    ..UP
};

impl Incident {
    /// The body of an object.
    fn object(&self, id: &str) -> Json {
        self.lab.simulator.body(&ObjectId::new(id)).unwrap_or_default()
    }

    /// Changes the body of an object outside drplan.
    fn edit(&self, id: &str, path: &str, value: Json) {
        self.lab.simulator.edit(&ObjectId::new(id), path, value).expect("the object exists");
    }

    /// Takes a snapshot of the volume, and lets hours pass.
    async fn snapshot(&self, hours: u64) -> String {
        let id = self.lab.simulator.snapshot(&ObjectId::new(VOLUME)).expect("a snapshot");
        self.wait(hours * 3600).await;
        id
    }

    /// The snapshots from which the state has a restore.
    fn restored_points(&self) -> Vec<String> {
        let (_, state) = self.stack(RunKind::Restore);
        state.restores.values().flatten().map(|record| record.point.clone()).collect()
    }

    /// Runs a request to its end, and fails unless a plan has no changes, the volume is at the machine, and the machine
    /// runs.
    async fn ends_whole(&self, ask: RunRequest) -> Result<(), String> {
        let ended = self.whole(ask, FailurePolicy::Stop).await?;
        if ended.report.ended != Some(RunEnd::Done) {
            return Err(format!("the run ends as {:?}: {:#?}", ended.report.ended, ended.report.fates));
        }
        self.is_whole().await
    }

    async fn is_whole(&self) -> Result<(), String> {
        let changes = self.changes().await;
        let (machine, volume) = (self.object(MACHINE), self.object(VOLUME));
        let attached = volume.pointer("/Attachments/0/InstanceId").cloned().unwrap_or_default();
        if !changes.is_empty() || self.open().is_some() {
            return Err(format!("a plan has changes, or the run is open: {changes:?}"));
        }
        if machine.pointer("/State/Name") != Some(&json!("running")) || attached != machine["InstanceId"] {
            return Err(format!("the volume is at {attached}, and the machine is {machine}"));
        }
        Ok(())
    }
}

/// The stack with two snapshots, the newest an hour old; and their ids.
async fn stands(text: &str) -> (Incident, [String; 2]) {
    let incident = Incident::of(Lab::new(1), text.to_owned()).await;
    let older = incident.snapshot(6).await;
    let newest = incident.snapshot(1).await;
    (incident, [older, newest])
}

/// A rung of the ladder of the database: its loss, or the reason why it is closed.
fn rung(procedure: &Procedure, kind: RungKind) -> Result<Duration, String> {
    let ladder = procedure.ladders.iter().find(|one| one.backup.own_name() == "database").expect("a ladder");
    let rung = ladder.rungs.iter().find(|rung| rung.kind == kind).expect("a rung");
    match &rung.closed {
        Some(why) => Err(why.clone()),
        None => Ok(rung.loss.expect("a known loss")),
    }
}

/// The rung that a procedure takes.
fn taken(procedure: &Procedure) -> Option<RungKind> {
    let ladder = procedure.ladders.iter().find(|one| one.backup.own_name() == "database")?;
    Some(ladder.rungs[ladder.chosen?].kind)
}

#[test]
fn machine_that_is_made_again_takes_its_volume_whatever_the_kill() {
    let begun = simulated(async { IncidentSnapshot::of(stands(STACK).await.0) });
    let (volume, machine) = (begun.incident.object(VOLUME), begun.incident.object(MACHINE));
    simulated(async {
        let procedure = begun.again().procedure(RESTORE).await;
        assert_eq!(
            (taken(&procedure), rung(&procedure, RungKind::Volume)),
            (Some(RungKind::Volume), Ok(Duration::ZERO))
        );
        assert_eq!(procedure.losses.iter().map(|loss| loss.amount).collect::<Vec<_>>(), [Some(Duration::ZERO)]);
    });
    survives_every_kill(&begun, RESTORE, async |incident| {
        incident.ends_whole(RESTORE).await?;
        let (now, new) = (incident.object(VOLUME), incident.object(MACHINE));
        match now["VolumeId"] == volume["VolumeId"] && new["InstanceId"] != machine["InstanceId"] {
            true => Ok(()),
            false => Err("the volume is another one, or the machine is the old one".to_owned()),
        }
    });
}

#[test]
fn lost_machine_leaves_its_volume_to_the_next_one() {
    simulated(async {
        let (incident, _) = stands(STACK).await;
        let volume = incident.object(VOLUME)["VolumeId"].clone();
        incident.lab.simulator.delete_object(&ObjectId::new(MACHINE)).expect("the machine exists");
        incident.ends_whole(RESTORE).await.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(incident.object(VOLUME)["VolumeId"], volume);
        assert_eq!(incident.restored_points(), [""; 0]);
    });
}

#[test]
fn volume_is_made_again_of_its_newest_snapshot_whatever_the_kill() {
    let (begun, points) = simulated(async {
        let (incident, points) = stands(STACK).await;
        incident.edit(VOLUME, "VolumeStatus", json!("impaired"));
        (IncidentSnapshot::of(incident), points)
    });
    let (volume, machine) = (begun.incident.object(VOLUME), begun.incident.object(MACHINE));
    simulated(async {
        let procedure = begun.again().procedure(RESTORE).await;
        let closed = rung(&procedure, RungKind::Volume).expect_err("an impaired volume is not taken");
        assert!(closed.contains("impaired"), "{closed}");
        assert_eq!(taken(&procedure), Some(RungKind::Snapshot));
        let loss = rung(&procedure, RungKind::Snapshot).expect("it is open");
        assert!((3600..3700).contains(&loss.as_secs()), "{loss:?}");
        let little = RunRequest { accepted: UP.accepted, ..RESTORE };
        let refused = begun.again().begin(little, FailurePolicy::Stop).await.map(drop).expect_err("a loss is accepted");
        assert!(refused.contains("loss"), "{refused}");
    });
    survives_every_kill(&begun, RESTORE, async |incident| {
        incident.ends_whole(RESTORE).await?;
        let (now, same) = (incident.object(VOLUME), incident.object(MACHINE));
        if now["SnapshotId"] != json!(points[1]) || now["VolumeId"] == volume["VolumeId"] {
            return Err(format!("the volume is not made of the snapshot: {now}"));
        }
        if same["InstanceId"] != machine["InstanceId"] {
            return Err("the machine need not be made again".to_owned());
        }
        match incident.restored_points().as_slice() {
            [point] if *point == points[1] => Ok(()),
            other => Err(format!("recorded: {other:?}")),
        }
    });
}

#[test]
fn damage_leaves_the_volume_and_goes_back_to_a_snapshot_from_before_it() {
    simulated(async {
        let (incident, [older, newest]) = stands(STACK).await;
        let corrupt = RunRequest { cause: IncidentCause::Corrupt, ..RESTORE };
        let procedure = incident.procedure(corrupt).await;
        assert!(rung(&procedure, RungKind::Volume).is_err_and(|why| why.contains("damage")));
        assert_eq!(taken(&procedure), Some(RungKind::Snapshot));
        incident.ends_whole(corrupt).await.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(incident.object(VOLUME)["SnapshotId"], json!(older));
        // The snapshots of the volume that was replaced are still found.
        incident.wait(60).await;
        let (stack, _) = incident.stack(RunKind::Restore);
        let from = (drplan::apply::CatalogueSource::Simulated(drplan::simulator::START), &incident.lab.cloud as _);
        let now = drplan::world::Clock::now(&*incident.lab.clock);
        let set = drplan::apply::read_catalogue(&stack, &stack.backups["snapshots"], from, now).await.expect("a list");
        assert!([&older, &newest].iter().all(|id| set.point(id).is_some()), "{:?}", set.points());
    });
}

#[test]
fn rungs_are_closed_with_the_reason() {
    simulated(async {
        let (incident, _) = stands(STACK).await;
        // Snapshots that are pending, and a volume in error.
        let pending = Incident::of(Lab::new(2), STACK.to_owned()).await;
        pending.lab.simulator.snapshot(&ObjectId::new(VOLUME)).expect("a snapshot");
        pending.edit(VOLUME, "State", json!("error"));
        let procedure = pending.procedure(RESTORE).await;
        assert!(rung(&procedure, RungKind::Volume).is_err_and(|why| why.contains("in the state `error`")));
        assert!(rung(&procedure, RungKind::Snapshot).is_err_and(|why| why.contains("is complete")));
        // A machine without `restores` starts without the data: the command is shown.
        let by_hand = rung(&procedure, RungKind::Newest).expect_err("nothing restores it");
        assert!(by_hand.contains("`restores`") && by_hand.contains("`restic restore "), "{by_hand}");
        assert!(procedure.is_refused());
        // A replacement would delete what the stack protects.
        let guarded = STACK.replace("  device            =", "  prevent_destroy   = true\n  device            =");
        let guarded = Incident { text: guarded, ..incident };
        let procedure = guarded.procedure(RunRequest { rung: Some(2), ..RESTORE }).await;
        let refusals: Vec<&str> = procedure.guards.iter().map(|guard| guard.what.as_str()).collect();
        assert!(procedure.is_refused() && refusals.iter().any(|what| what.contains("protects it")), "{refusals:?}");
    });
}

#[test]
fn abort_before_a_deletion_gives_the_volume_back() {
    let begun = simulated(async { IncidentSnapshot::of(stands(STACK).await.0) });
    let wrong: Vec<String> = in_parallel(1..60, |cut| {
        let ended = simulated(async {
            let incident = begun.again();
            incident.lab.store.stop_after(cut as usize);
            if incident.whole(RESTORE, FailurePolicy::Stop).await.is_ok() {
                return Ok(());
            }
            incident.lab.store.go_on();
            if incident.open().is_none() {
                return Ok(());
            }
            let machine = incident.object(MACHINE)["InstanceId"].clone();
            match incident.abort().await.map_err(|error| error.to_string())? {
                AbortOutcome::Unwound(report) if report.ended == Some(RunEnd::Done) => {
                    incident.is_whole().await?;
                    match incident.object(MACHINE)["InstanceId"] == machine {
                        true => Ok(()),
                        false => Err("the machine was made again".to_owned()),
                    }
                }
                AbortOutcome::Nothing => incident.is_whole().await,
                // After a deletion, `apply` makes what is missing.
                AbortOutcome::Left(_) => Ok(()),
                other => Err(format!("the abort ends as {other:?}")),
            }
        });
        ended.err().map(|why| format!("aborted after {cut} entries: {why}")).into_iter().collect()
    });
    assert!(wrong.is_empty(), "{} aborts fail:\n{}", wrong.len(), wrong.join("\n"));
}

/// The same on a provider without snapshots.
const WITHOUT_SNAPSHOTS: &str = r#"
stack "ledger" {}

site "main" {
  provider = "linode"
  location = "eu-west"
}

site "cold" {
  provider = "aws"
  location = "us-west-2"
  tier     = 2
}

linode_instance "database" {
  site  = site.main
  type  = "g6-dedicated-2"
  image = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
}

linode_volume "data" {
  site   = site.main
  size   = 40
  linode = linode_instance.database
}

aws_s3_bucket "vault" {
  site   = site.cold
  bucket = "ledger-backups"
}

backup "database" {
  of         = linode_instance.database
  tool       = "pgbackrest"
  stanza     = "ledger"
  repository = aws_s3_bucket.vault
  every      = "24h"
  custodians = ["operations", "notary"]
}

failover_group "ledger" {
  from    = site.main
  to      = site.cold
  restore = [backup.database]

  probe "database" {
    at     = site.main
    url    = "https://${linode_instance.database.ip_address}/healthz"
    within = "10m"
  }
}
"#;

#[test]
fn provider_without_snapshots_has_the_first_rung_only() {
    simulated(async {
        let incident = Incident::of(Lab::new(1), WITHOUT_SNAPSHOTS.to_owned()).await;
        let procedure = incident.procedure(RESTORE).await;
        let closed = rung(&procedure, RungKind::Snapshot).expect_err("there are no snapshots");
        assert!(closed.contains("makes no snapshots"), "{closed}");
        assert_eq!(taken(&procedure), Some(RungKind::Volume));
        let volume = |incident: &Incident| {
            let (_, state) = incident.stack(RunKind::Restore);
            state.resources[&Address::new("linode_volume", "data")].attributes["volume_id"].clone()
        };
        let before = volume(&incident);
        incident.done(RESTORE).await;
        assert_eq!(volume(&incident), before);
        assert_eq!(incident.changes().await, [""; 0]);
    });
}

/// A cold site whose volume is made of copies of the snapshots of the main site.
const COPIES: &str = r#"
aws_ebs_snapshot "day" {
  volume = aws_ebs_volume.data
}

aws_ebs_snapshot_copy "day" {
  site   = site.cold
  source = aws_ebs_snapshot.day
  tags   = { copy = "ledger" }
}

backup "copies" {
  of         = aws_ebs_volume.data
  tool       = "snapshots"
  repository = site.cold
  tag        = "ledger"
  every      = "24h"
}

aws_vpc "cold" {
  site       = site.cold
  cidr_block = "10.2.0.0/16"
}

aws_subnet "cold" {
  vpc               = aws_vpc.cold
  cidr_block        = "10.2.1.0/24"
  availability_zone = "us-west-2a"
}

aws_instance "cold" {
  presence      = "failover"
  subnet        = aws_subnet.cold
  ami           = "ami-0123456789abcdef0"
  instance_type = "c7i.large"
}

aws_ebs_volume "cold" {
  presence          = "failover"
  site              = site.cold
  availability_zone = "us-west-2a"
  size              = 40
  restores          = [backup.copies]
  instance          = aws_instance.cold
  device            = "/dev/sdf"
}
"#;

#[test]
fn cold_site_makes_its_volume_of_the_newest_copy_whatever_the_kill() {
    let text = STACK.replace("restore = [backup.database]", "restore = [backup.copies]") + COPIES;
    let cold = RunRequest { verb: RunKind::Up, to: Some("cold"), ..RESTORE };
    let begun = simulated(async {
        let incident = Incident::of(Lab::new(1), text).await;
        incident.wait(3600).await;
        IncidentSnapshot::of(incident)
    });
    simulated(async {
        let procedure = begun.again().procedure(cold).await;
        let loss = procedure.losses.iter().find(|loss| loss.replica.own_name() == "copies").expect("a loss");
        assert!(loss.amount.is_some_and(|loss| loss >= Duration::from_secs(3600)), "{loss:?}");
    });
    survives_every_kill(&begun, cold, async |incident| {
        let ended = incident.whole(cold, FailurePolicy::Stop).await?;
        if ended.report.ended != Some(RunEnd::Done) {
            return Err(format!("the run ends as {:?}: {:#?}", ended.report.ended, ended.report.fates));
        }
        let volume = incident.object("aws:us-west-2/volumes/cold");
        let machine = incident.object("aws:us-west-2/instances/cold");
        let copy = incident.object("aws:us-west-2/snapshots/day");
        if volume["SnapshotId"] != copy["SnapshotId"] || copy["SnapshotId"].is_null() {
            return Err(format!("the volume is not made of {copy}: {volume}"));
        }
        if volume.pointer("/Attachments/0/InstanceId") != Some(&machine["InstanceId"]) {
            return Err("the machine does not have it".to_owned());
        }
        let changes = incident.changes().await;
        match changes.is_empty() && incident.restored_points() == ["aws:us-west-2/snapshots/day"] {
            true => Ok(()),
            false => Err(format!("a plan has changes, or the restore is not recorded: {changes:?}")),
        }
    });
}

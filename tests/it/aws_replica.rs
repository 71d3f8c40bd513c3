//! Replication between two machines of AWS in two regions, which programs report and move.

use std::fmt::Write as _;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{self, FailurePolicy};
use drplan::kinds::ReplicaStatus;
use drplan::object::ObjectId;
use drplan::plan;
use drplan::roles::{Health, Side};
use drplan::simulator::{Fault, Workload};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Acceptance, RunEnd};

use crate::failover::incident::{DOWN, FORCED, Incident, IncidentSnapshot, RunRequest, UP};
use crate::lab::{Lab, failures, in_parallel, simulated};

const FRAME: &str = r#"
stack "hosted" {
  objectives {
    rto = "10m"
    rpo = "1m"
  }
}

geo_replica "database" {
  source = aws_instance.main
  target = aws_instance.standby

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
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/follow", "{other}"]
  }
}

cloudflare_dns_record "www" {
  zone    = "example.com"
  name    = "www.example.com"
  type    = "A"
  ttl     = 1
  proxied = true
  content = aws_instance.main.public_ip
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
      arguments = ["deploy@${aws_instance.main.public_ip}", "sudo", "systemctl", "stop", "saas"]
      within    = "30s"
    }
  }

  route "proxy" {
    record = cloudflare_dns_record.www
    values = {
      main    = aws_instance.main.public_ip
      standby = aws_instance.standby.public_ip
    }
  }

  probe "users" {
    url    = "https://www.example.com/healthz"
    within = "1m"
  }
}
"#;

const SITE: &str = r#"
site "NAME" {
  provider = "aws"
  location = "REGION"
}

aws_vpc "NAME" {
  site       = site.NAME
  cidr_block = "10.NET.0.0/16"
}

aws_subnet "NAME" {
  vpc        = aws_vpc.NAME
  cidr_block = "10.NET.1.0/24"
}

aws_internet_gateway "NAME" {
  vpc = aws_vpc.NAME
}

aws_route_table "NAME" {
  vpc     = aws_vpc.NAME
  subnets = [aws_subnet.NAME]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.NAME
  }
}

aws_security_group "NAME" {
  vpc = aws_vpc.NAME

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
}

aws_instance "NAME" {
  subnet                      = aws_subnet.NAME
  ami                         = "ami-0123456789abcdef0"
  instance_type               = "m7i.large"
  vpc_security_groups         = [aws_security_group.NAME]
  associate_public_ip_address = true
}
"#;

const MAIN: &str = "aws:eu-west-1/instances/main";
/// The primary site is lost; up to a minute of writes is, too.
const LOST: RunRequest = RunRequest { accepted: Acceptance { split_brain: true, ..FORCED.accepted }, ..FORCED };

fn stack() -> String {
    let mut text = FRAME.to_owned();
    for (name, region, net) in [("main", "eu-west-1", "10"), ("standby", "us-east-1", "20")] {
        let site = SITE.replace("NAME", name).replace("REGION", region).replace("NET", net);
        write!(text, "{site}").unwrap();
    }
    text
}

/// The stack, applied, with clients that write.
async fn begun() -> Incident {
    let incident = Incident::of(Lab::new(7), stack()).await;
    let front = "https://www.example.com/".to_owned();
    let workload = Workload { front, stores: vec![ObjectId::new(MAIN)], rate: 5 };
    incident.lab.simulator.start_workload(workload).unwrap();
    incident.changes().await;
    incident.wait(30).await;
    incident
}

/// The status that the programs report now.
async fn standing(incident: &Incident) -> ReplicaStatus {
    let (stack, state) = incident.stack(RunKind::Up);
    let seen = apply::look_at(incident.lab.reads(), &plan::looks(&stack, &state)).await;
    plan::standings(&stack, &seen).remove(&Address::new("geo_replica", "database")).expect("a replica")
}

async fn is_well(incident: &Incident, site: ActiveSite) -> Result<(), String> {
    let changes = incident.changes().await;
    match incident.active() == site && changes.is_empty() {
        true => Ok(()),
        false => Err(format!("{:?} is active; {changes:?}", incident.active())),
    }
}

#[test]
fn planned_moves_lose_nothing_in_either_direction() {
    simulated(async {
        let incident = begun().await;
        assert_eq!(standing(&incident).await.health, Health::Following);
        for (ask, writer, site) in [(UP, Side::Target, ActiveSite::Away), (DOWN, Side::Source, ActiveSite::Home)] {
            incident.done(ask).await;
            let now = standing(&incident).await;
            assert_eq!((now.writer, now.health, now.lag), (Some(writer), Health::Following, Some(Duration::ZERO)));
            is_well(&incident, site).await.unwrap();
            incident.wait(60).await;
        }
        let tally = incident.tally();
        assert!(tally.written > 0 && (tally.lost, tally.split) == (0, 0), "{tally:?}");
    });
}

#[test]
fn forced_move_loses_what_was_announced_and_leads_home_again() {
    simulated(async {
        let incident = begun().await;
        let lag = Fault::Lag { store: "database".to_owned(), seconds: 3.0 };
        incident.lab.simulator.add_fault(lag).unwrap();
        incident.wait(10).await;
        incident.lose();
        incident.wait(30).await;
        let announced = incident.procedure(LOST).await.losses.first().and_then(|loss| loss.amount);
        let announced = announced.expect("a measured loss");
        incident.done(LOST).await;
        let tally = incident.tally();
        assert!(tally.lost > 0 && tally.lost_seconds <= announced.as_secs_f64(), "{tally:?}, announced {announced:?}");
        is_well(&incident, ActiveSite::Away).await.unwrap();

        incident.lab.simulator.clear_faults().unwrap();
        incident.wait(30).await;
        assert_eq!(standing(&incident).await.writer, Some(Side::Target), "the later promotion counts");
        incident.done(DOWN).await;
        is_well(&incident, ActiveSite::Home).await.unwrap();
        let now = standing(&incident).await;
        assert_eq!((now.writer, now.health), (Some(Side::Source), Health::Following));
    });
}

#[test]
fn killed_move_is_ended_by_a_resume() {
    let (begun, entries) = simulated(async {
        let begun = IncidentSnapshot::of(begun().await);
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        incident.done(UP).await;
        (begun, incident.lab.store.entries().len() - before)
    });
    let wrong = in_parallel(0..entries as u64, |cut| {
        let ended: Result<(), String> = simulated(async {
            let incident = begun.again();
            incident.lab.store.stop_after(cut as usize);
            let _killed = incident.whole(UP, FailurePolicy::Stop).await;
            incident.lab.store.go_on();
            let ended = incident.whole(UP, FailurePolicy::Stop).await?;
            if ended.report.ended != Some(RunEnd::Done) {
                return Err(format!("{:?}", ended.report.fates));
            }
            incident.kept(true)?;
            is_well(&incident, ActiveSite::Away).await
        });
        ended.err().map(|why| vec![format!("killed after {cut} of {entries}: {why}")]).unwrap_or_default()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sides_are_machines_of_one_provider() {
    let lab = Lab::new(7);
    for (from, to, word) in [
        ("source = aws_instance.main", "source = aws_instance.standby", "both sides are the same machine"),
        ("target = aws_instance.standby", "target = cloudflare_dns_record.www", "aws_instance"),
        ("source = aws_instance.main", "source = \"aws:eu-west-1/instances/other\"", "does not manage this machine"),
    ] {
        let text = stack().replacen(from, to, 1);
        let why = lab.read(&text).err();
        assert!(why.as_ref().is_some_and(|why| why.contains(word)), "{to}: {why:?}");
    }
    // A replica whose text changes changes no machine.
    simulated(async {
        failures(&lab.apply(&stack()).await.unwrap(), "apply").unwrap();
        let before = lab.simulator.body(&ObjectId::new(MAIN)).unwrap();
        failures(&lab.apply(&stack().replace("replication-status", "status")).await.unwrap(), "apply").unwrap();
        assert_eq!(lab.simulator.body(&ObjectId::new(MAIN)).unwrap(), before);
    });
}

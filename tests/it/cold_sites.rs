//! Cold sites at Azure and at Linode: machines restore backups at their launch, from a store beside them, with user
//! data of their own.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use drplan::apply::FailurePolicy;
use drplan::backup::RestoreOutcome;
use drplan::failover::PreflightStatus;
use drplan::object::Object;
use drplan::sight::Version;
use drplan::simulator::{Fault, HttpMethod, Plane, Request};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Acceptance, RunEnd};
use drplan::world::{Clock as _, Cloud as _, WriteCondition};
use url::Url;

use crate::failover::incident::{DRILL, FORCED, Incident, IncidentSnapshot, RunRequest};
use crate::lab::{Lab, failures, in_parallel, simulated};

/// The home site is lost, with what came after the last backup.
const LOST: RunRequest = RunRequest {
    accepted: Acceptance { data_loss: Some(Duration::from_secs(2 * 86_400)), split_brain: true },
    ..FORCED
};

const AZURE: &str = r#"
stack "cold" {}

site "main" {
  provider = "linode"
  location = "eu-west"
}

site "cold" {
  provider = "azure"
  location = "canadacentral"
  tier     = 2
}

linode_instance "main" {
  site            = site.main
  type            = "g6-standard-2"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
}

resource_group "vault" {
  site = site.cold
}

storage_account "vault" {
  name                     = "drplancoldvault"
  resource_group           = resource_group.vault
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

storage_container "vault" {
  storage_account = storage_account.vault
}

virtual_network "cold" {
  resource_group = resource_group.vault
  address_space  = ["10.10.0.0/16"]
}

subnet "cold" {
  virtual_network  = virtual_network.cold
  address_prefixes = ["10.10.1.0/24"]
}

network_security_group "cold" {
  resource_group = resource_group.vault

  security_rule {
    name                       = "https"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "443"
    source_address_prefix      = "Internet"
    destination_address_prefix = "*"
  }
}

subnet_network_security_group_association "cold" {
  subnet                 = subnet.cold
  network_security_group = network_security_group.cold
}

public_ip "cold" {
  resource_group    = resource_group.vault
  allocation_method = "Static"
}

resource_group "cold" {
  site     = site.cold
  presence = "failover"
}

network_interface "cold" {
  resource_group = resource_group.cold

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.cold
    private_ip_address_allocation = "Dynamic"
    public_ip_address             = public_ip.cold
  }
}

linux_virtual_machine "cold" {
  resource_group     = resource_group.cold
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.cold]
  custom_data        = base64encode("USER DATA")
  restores           = [backup.files]

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}

backup "files" {
  of         = linode_instance.main
  tool       = "restic"
  repository = storage_container.vault
  path       = "restic"
  every      = "24h"
  keep       = "10d"
}

failover_group "cold" {
  from = site.main
  to   = site.cold

  probe "cold" {
    at     = site.cold
    url    = "https://${public_ip.cold.ip_address}/healthz"
    within = "2h"
  }
}
"#;

const LINODE: &str = r#"
stack "cold" {}

site "main" {
  provider = "aws"
  location = "eu-west-1"
}

site "cold" {
  provider = "linode"
  location = "us-east"
  tier     = 2
}

aws_vpc "main" {
  site       = site.main
  cidr_block = "10.10.0.0/16"
}

aws_subnet "main" {
  vpc        = aws_vpc.main
  cidr_block = "10.10.1.0/24"
}

aws_instance "main" {
  subnet        = aws_subnet.main
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}

linode_object_storage_bucket "vault" {
  name = "drplan-cold-vault"
  site = site.cold
}

linode_instance "cold" {
  site            = site.cold
  presence        = "failover"
  type            = "g6-standard-2"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
  restores        = [backup.files]

  metadata {
    user_data = base64encode("USER DATA")
  }
}

backup "files" {
  of         = aws_instance.main
  tool       = "restic"
  repository = linode_object_storage_bucket.vault
  path       = "restic"
  every      = "24h"
  keep       = "10d"
}

failover_group "cold" {
  from = site.main
  to   = site.cold

  probe "cold" {
    at     = site.cold
    url    = "https://${linode_instance.cold.ip_address}/healthz"
    within = "2h"
  }
}
"#;

const SCRIPT: &str = "#!/bin/sh\\necho web\\n";

fn with_own(stack: &str, own: &str) -> String {
    stack.replace("USER DATA", own)
}

/// The stack a day later, so that there is a backup.
async fn begun(text: &str) -> Incident {
    let incident = Incident::of(Lab::new(7), text.to_owned()).await;
    incident.wait(25 * 3600).await;
    incident
}

/// One backup was restored, once.
fn restored(incident: &Incident) -> Result<(), String> {
    let (_, state) = incident.stack(RunKind::Up);
    match state.restores.values().flatten().collect::<Vec<_>>().as_slice() {
        [record] if record.outcome == RestoreOutcome::Restored => Ok(()),
        other => Err(format!("restored: {other:#?}")),
    }
}

/// Nothing of a restore is left, and the group is where it should be.
async fn is_well(incident: &Incident, site: ActiveSite) -> Result<(), String> {
    let documents: Vec<String> = incident.left_over().into_iter().filter(|id| id.contains("drplan-")).collect();
    let changes = incident.changes().await;
    match incident.active() == site && changes.is_empty() && documents.is_empty() {
        true => Ok(()),
        false => Err(format!("{:?} is active; {changes:?}; {documents:?}", incident.active())),
    }
}

fn machine_restores_at_its_launch(stack: &str) {
    simulated(async {
        let incident = begun(&with_own(stack, SCRIPT)).await;
        incident.lose();
        incident.wait(30).await;
        let procedure = incident.procedure(LOST).await;
        let announced = procedure.losses.first().and_then(|loss| loss.amount).expect("the age of the backup");
        assert!(announced < Duration::from_secs(86_400), "{announced:?}");
        let began = incident.lab.simulator.show().objects.len();
        incident.done(LOST).await;
        assert!(incident.lab.simulator.show().objects.len() > began);
        restored(&incident).unwrap();
        is_well(&incident, ActiveSite::Away).await.unwrap();
    });
}

#[test]
fn machine_of_azure_restores_from_a_container_beside_it() {
    machine_restores_at_its_launch(AZURE);
}

#[test]
fn machine_of_linode_restores_from_a_bucket_beside_it() {
    machine_restores_at_its_launch(LINODE);
}

#[test]
fn drill_restores_where_its_copies_reach_the_repository() {
    simulated(async {
        let incident = begun(&with_own(LINODE, SCRIPT)).await;
        incident.done(DRILL).await;
        restored(&incident).unwrap();
        is_well(&incident, ActiveSite::Home).await.unwrap();
        // Copies of security groups at Azure let nothing out.
        let guards = begun(&with_own(AZURE, SCRIPT)).await.procedure(DRILL).await.guards;
        let refused = guards.iter().find(|guard| guard.verdict == PreflightStatus::Refuses);
        assert!(refused.is_some_and(|guard| guard.what.contains("could read no repository")), "{guards:?}");
    });
}

fn killed_run_is_ended_by_a_resume(stack: &str) {
    let (begun, entries) = simulated(async {
        let incident = begun(&with_own(stack, SCRIPT)).await;
        incident.lose();
        incident.wait(30).await;
        let begun = IncidentSnapshot::of(incident);
        let incident = begun.again();
        let before = incident.lab.store.entries().len();
        incident.done(LOST).await;
        (begun, incident.lab.store.entries().len() - before)
    });
    let wrong = in_parallel(0..entries as u64, |cut| {
        let ended: Result<(), String> = simulated(async {
            let incident = begun.again();
            incident.lab.store.stop_after(cut as usize);
            let _killed = incident.whole(LOST, FailurePolicy::Stop).await;
            incident.lab.store.go_on();
            let ended = incident.whole(LOST, FailurePolicy::Stop).await?;
            if ended.report.ended != Some(RunEnd::Done) {
                return Err(format!("{:?}", ended.report.fates));
            }
            restored(&incident)?;
            is_well(&incident, ActiveSite::Away).await
        });
        ended.err().map(|why| vec![format!("killed after {cut} of {entries}: {why}")]).unwrap_or_default()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn killed_run_restores_once_at_azure() {
    killed_run_is_ended_by_a_resume(AZURE);
}

#[test]
fn killed_run_restores_once_at_linode() {
    killed_run_is_ended_by_a_resume(LINODE);
}

/// The refusals of a move to the cold site.
async fn refusals(incident: &Incident) -> Vec<String> {
    let guards = incident.procedure(LOST).await.guards;
    guards.into_iter().filter(|guard| guard.verdict == PreflightStatus::Refuses).map(|guard| guard.what).collect()
}

#[test]
fn user_data_that_cannot_be_merged_are_refused_before_a_run() {
    simulated(async {
        let long = format!("#!/bin/sh\\n# {}", "x".repeat(11_000));
        for (own, word) in [("echo web", "no format that cloud-init knows"), (long.as_str(), "fit beside it")] {
            let incident = begun(&with_own(LINODE, own)).await;
            let refusals = refusals(&incident).await;
            assert!(refusals.iter().any(|what| what.contains(word)), "{word}: {refusals:?}");
        }
        let incident = begun(&with_own(LINODE, SCRIPT)).await;
        assert_eq!(refusals(&incident).await, [""; 0]);
    });
}

#[test]
fn store_without_signed_addresses_is_refused() {
    simulated(async {
        let text = with_own(AZURE, SCRIPT)
            .replace("repository = storage_container.vault", "repository = storage_account.vault");
        let incident = begun(&text.replace("  path       = \"restic\"\n", "")).await;
        let refusals = refusals(&incident).await;
        assert!(refusals.iter().any(|what| what.contains("signed addresses")), "{refusals:?}");
    });
}

/// Both parts reach the machine: the user data are one message, as cloud-init reads it.
#[test]
fn machine_gets_its_own_user_data_and_those_of_the_restore() {
    simulated(async {
        let incident = begun(&with_own(LINODE, SCRIPT)).await;
        incident.lose();
        incident.done(LOST).await;
        let objects = incident.lab.simulator.show().objects;
        let machine = objects.values().find(|body| body["label"] == "cold").expect("the machine");
        let data = BASE64_STANDARD.decode(machine["user_data"].as_str().unwrap()).unwrap();
        let data = String::from_utf8(data).unwrap();
        assert!(data.starts_with("Content-Type: multipart/mixed; boundary="), "{data}");
        let parts =
            ["text/x-shellscript", "#!/bin/sh\necho web\n", "text/cloud-config", "DRPLAN_MANIFEST_URL='https://"];
        let places: Vec<Option<usize>> = parts.iter().map(|part| data.find(part)).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}: {data}");
        assert!(data.contains("https://drplan-cold-vault.us-east-1.linodeobjects.com/drplan-"), "{data}");
    });
}

/// The status of the answer to an address, and its body.
fn fetched(lab: &Lab, verb: HttpMethod, address: &str, body: &str) -> (u16, String) {
    let url: Url = address.parse().unwrap();
    let host = url.host_str().unwrap_or_default().to_owned();
    // As the script of the image sends it to any store.
    let headers = [("host".to_owned(), host), ("x-ms-blob-type".to_owned(), "BlockBlob".to_owned())];
    let answer = lab.simulator.handle(&Request {
        verb,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: headers.into(),
        body: Ok(None),
        bytes: body.to_owned().into(),
    });
    (answer.status, String::from_utf8(answer.body).unwrap())
}

/// Objects of a store are texts; their addresses are valid as they were signed, until they expire.
fn store_has_objects_with_signed_addresses(stack: &str, store: &str, region: &str) {
    simulated(async {
        let lab = Lab::new(7);
        let applied = lab.apply(&with_own(stack, SCRIPT)).await.unwrap();
        failures(&applied, "apply").unwrap();
        let program = lab.read(&with_own(stack, SCRIPT)).unwrap();
        let (evaluated, _) = program.evaluate(&Default::default()).unwrap();
        let kept = evaluated.resources.iter().find(|(address, _)| address.as_str() == store).expect(store).1;
        let signed = kept.kind.recovery.signed.expect("signed addresses");
        let name = |name: &str| Object::whole(kept.id.child(signed.segment, name), signed.type_.version);
        let (object, absent) = (name("drplan-test.json"), name("drplan-none.json"));
        let body = serde_json::json!({ (signed.content): "{\"größe\":1}" });
        assert_eq!(lab.cloud.get(&object).await.unwrap(), None);
        let written = lab.cloud.put(&object, &body, WriteCondition::Always).await.unwrap();
        let read = lab.cloud.get(&object).await.unwrap().unwrap();
        assert_eq!((&read.body, &read), (&body, &written));
        let stale = Version::new("\"0\"");
        assert!(lab.cloud.put(&object, &body, WriteCondition::Unchanged(&stale)).await.is_err(), "another version");

        let signed = async |at: &Object, method: &'static str| {
            let query = [("seconds", "600"), ("method", method)];
            lab.cloud.post(at, "presign", &query, None).await.unwrap()["url"].as_str().unwrap().to_owned()
        };
        let (reads, writes) = (signed(&object, "GET").await, signed(&object, "PUT").await);
        assert_eq!(fetched(&lab, HttpMethod::Get, &reads, ""), (200, "{\"größe\":1}".to_owned()));
        assert_eq!(fetched(&lab, HttpMethod::Put, &writes, "{}").0 / 100, 2);
        assert_eq!(fetched(&lab, HttpMethod::Get, &reads, "").1, "{}");
        assert_eq!(fetched(&lab, HttpMethod::Get, &signed(&absent, "GET").await, "").0, 404);
        for (verb, url) in [
            (HttpMethod::Get, reads.replace("drplan-test", "drplan-other")),
            (HttpMethod::Get, reads.replace("test.json?", "test.json?x=1&")),
            (HttpMethod::Put, reads.clone()),
            (HttpMethod::Delete, writes.clone()),
            (HttpMethod::Get, reads.split('?').next().unwrap().to_owned()),
        ] {
            let answer = fetched(&lab, verb, &url, "x");
            // Azure signs the names that it knows, and no others.
            let is_ignored = url.contains("x=1") && url.contains("blob.core");
            assert!(answer.0 == 403 || is_ignored, "{verb:?} {url}: {answer:?}");
        }
        lab.clock.sleep(Duration::from_secs(601)).await;
        assert_eq!(fetched(&lab, HttpMethod::Get, &reads, "").0, 403, "it has expired");

        lab.simulator.add_fault(Fault::Lose { location: region.to_owned(), plane: Plane::Both }).unwrap();
        assert!(lab.cloud.get(&object).await.is_err(), "its region is lost");
        lab.simulator.clear_faults().unwrap();
        lab.cloud.delete(&object).await.unwrap();
        lab.cloud.delete(&object).await.unwrap();
        assert_eq!(lab.cloud.get(&object).await.unwrap(), None);
    });
}

#[test]
fn blobs_of_azure_have_signed_addresses() {
    store_has_objects_with_signed_addresses(AZURE, "storage_container.vault", "canadacentral");
}

#[test]
fn objects_of_linode_have_signed_addresses() {
    store_has_objects_with_signed_addresses(LINODE, "linode_object_storage_bucket.vault", "us-east");
}

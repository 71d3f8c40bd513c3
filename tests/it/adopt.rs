//! Import: `adopt` writes existing resources as a stack whose plan is empty. Covers every kind's example and every
//! starter stack.

use drplan::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use drplan::account::{Account, Realm};
use drplan::adopt::terraform::ManagedObject;
use drplan::adopt::{self, ImportSurvey, STAND_IN, StackDraft};
use drplan::apply::{discover_groups, discover_lists, discover_objects};
use drplan::kinds::Tables;
use drplan::kinds::emit::TerraformShape;
use drplan::object::{Object, ObjectId};
use drplan::providers::azure::TABLES;
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::stack::{CloudName, Presence};
use drplan::store::MemoryStore;
use drplan::world::{Cloud as _, Store as _, WriteCondition};
use serde_json::json;

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated};
use crate::stacks;

/// A stack written from existing resources.
pub struct AdoptedStack {
    /// Stack text, in one file.
    pub text: String,
    /// Omitted resource ids and types with the reason, and attributes that the stack does not reproduce.
    pub left: Vec<String>,
    /// Kinds in the stack, one for each resource.
    pub kinds: Vec<String>,
}

fn account() -> Account {
    Account::new(SUBSCRIPTION, TENANT)
}

fn groups(lab: &Lab) -> Vec<ObjectId> {
    let is_group = |id: &ObjectId| id.arm_type().as_deref() == Some("Microsoft.Resources/resourceGroups");
    lab.standing().into_iter().filter(is_group).collect()
}

/// Writes all existing resources as a stack and replaces the recorded state with it.
async fn adopt_all(lab: &mut Lab) -> Result<AdoptedStack, String> {
    adopt_types(lab, false).await
}

/// The same, and with `any` those of types without a kind.
async fn adopt_types(lab: &mut Lab, any: bool) -> Result<AdoptedStack, String> {
    let survey =
        discover_groups(&lab.cloud, &TABLES, &groups(lab), &account(), any).await.map_err(|error| error.to_string())?;
    adopt(lab, &survey, None)
}

/// The containers of a provider's lists in which examples have their resources: two regions, what lies in none, and a
/// zone, where a provider has such.
fn containers(tables: &'static Tables, example: &'static str) -> impl Iterator<Item = &'static str> {
    let regions = tables.regions.iter().map(|region| region.name).take(2);
    let others: &[&str] = if tables.name == "aws" { &["global", "example.com"] } else { &[] };
    std::iter::once(example).chain(regions.filter(|_| tables.name == "aws")).chain(others.iter().copied())
}

/// The same for everything in the lists of a provider without resource groups.
pub async fn adopt_lists(lab: &mut Lab, tables: &'static Tables) -> Result<AdoptedStack, String> {
    let of = lab.catalog.simulated_accounts().get(&Realm::of(tables.name)).cloned().unwrap_or_else(account);
    let mut lists: Vec<_> = tables
        .lists
        .map(|lists| containers(tables, lists.example).flat_map(|container| (lists.of)(container, &of)).collect())
        .unwrap_or_default();
    let mut listed = BTreeSet::new();
    lists.retain(|list| listed.insert(list.path.clone()));
    let survey = discover_lists(&lab.cloud, tables, &lists, &of).await.map_err(|error| error.to_string())?;
    adopt_in(lab, &survey, None, &of)
}

/// The same for a given survey; `managed` limits it to the resources of a Terraform state.
fn adopt(lab: &mut Lab, survey: &ImportSurvey, managed: Option<&[ManagedObject]>) -> Result<AdoptedStack, String> {
    adopt_in(lab, survey, managed, &account())
}

/// The same in this account.
fn adopt_in(
    lab: &mut Lab,
    survey: &ImportSurvey,
    managed: Option<&[ManagedObject]>,
    account: &Account,
) -> Result<AdoptedStack, String> {
    let mut draft = StackDraft::of(survey, managed, account);
    let (text, program) = loop {
        let written = draft.write("again", CloudName::Local);
        lab.variables = written.variables.iter().map(|one| (one.name.clone(), STAND_IN.to_owned())).collect();
        let text = written.files.into_values().collect::<Vec<_>>().join("\n");
        let (program, found, sources) = lab.read_with_diagnostics(&text);
        if !found.has_errors() {
            break (text, program);
        }
        if !draft.remove_invalid(&found, &sources) {
            return Err(format!("{:?}\n{text}", found));
        }
    };
    let (stack, _) = program.evaluate(&Default::default()).map_err(|found| format!("{found:?}"))?;
    let state = adopt::record(&stack, &survey.bodies, "adopted".to_owned(), 0, &lab.seal);
    lab.store = MemoryStore::default();
    lab.store.save(&state).map_err(|error| error.to_string())?;
    let left = draft.left().iter().map(|left| format!("{} ({}): {}", left.id.name(), left.type_, left.why)).collect();
    let kinds = draft.resources().map(|(candidate, _)| candidate.kind.name.to_owned()).collect();
    Ok(AdoptedStack { text, left, kinds })
}

/// Changes that a plan of an adopted stack has; empty on success.
async fn planned(lab: &Lab, text: &str) -> Result<Vec<String>, String> {
    let (planned, _) = lab.try_plan(text, false).await?;
    let mut all = changes(&planned);
    all.extend(planned.plan.drift.iter().map(|drift| format!("drift {drift:?}")));
    Ok(all)
}

async fn through(mut lab: Lab, text: &str, any: bool) -> Result<(Lab, AdoptedStack), String> {
    let applied = lab.apply(text).await.map_err(|error| error.to_string())?;
    failures(&applied, "apply")?;
    let adopted = adopt_types(&mut lab, any).await?;
    is_whole(&lab, &adopted).await.map(|()| (lab, adopted))
}

/// Fails unless a plan of the stack is empty, and nothing was left out.
pub async fn is_whole(lab: &Lab, adopted: &AdoptedStack) -> Result<(), String> {
    let formatted = drplan::hcl::format(&adopted.text).map_err(|found| format!("{found:?}"))?;
    if formatted.replace("\n\n\n", "\n\n") != adopted.text.replace("\n\n\n", "\n\n") {
        return Err(format!("the stack is not formatted:\n{}", adopted.text));
    }
    let planned = planned(lab, &adopted.text).await?;
    match planned.is_empty() && adopted.left.is_empty() {
        true => Ok(()),
        false => Err(format!("plans\n  {}\nleft\n  {}", planned.join("\n  "), adopted.left.join("\n  "))),
    }
}

#[test]
fn example_of_a_provider_without_groups_is_adopted_from_its_lists() {
    let listed = examples().into_iter().filter(|(_, kind, _)| kind.provider().lists.is_some());
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, kind, text) in listed {
        let adopted = simulated(async {
            let mut lab = Lab::new(7);
            failures(&lab.apply(&text).await.map_err(|error| error.to_string())?, "apply")?;
            let adopted = adopt_lists(&mut lab, kind.provider()).await?;
            is_whole(&lab, &adopted).await.map(|()| adopted)
        });
        // Programs of a replica between machines are in no list of a provider, and a copy of an image is imported with
        // the provider's own name of it.
        let is_program = kind.promotion.is_some_and(|promotion| promotion.handover.is_some());
        let is_listed = !is_program && kind.name != "image_copy";
        match adopted {
            Err(why) => wrong.push(format!("{name}: {why}")),
            Ok(adopted) if adopted.kinds.iter().any(|one| one == kind.name) != is_listed => {
                wrong.push(format!("{name}: {}", adopted.text));
            }
            Ok(adopted)
                if adopted.text.contains(
                    "{
  }",
                ) =>
            {
                wrong.push(format!("{name}: an empty block in {}", adopted.text));
            }
            Ok(_) => count += 1,
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 4, "{count}");
}

/// Examples that are imported as another kind. The endpoint of two servers does not tell that runs shall move their
/// roles, so that the kind which says so cannot be told from it.
const IMPORTED_AS: &[(&str, &str)] =
    &[("geo_replica of postgresql_flexible_server with target", "postgresql_flexible_server_virtual_endpoint")];

#[test]
fn every_example_is_adopted_and_plans_empty() {
    let mut wrong = Vec::new();
    let collected = examples().into_iter().filter(|(_, kind, _)| kind.provider() == &TABLES);
    for (name, kind, text) in collected {
        let imported = IMPORTED_AS.iter().find(|(of, _)| *of == name).map_or(kind.name, |(_, imported)| imported);
        match simulated(through(Lab::new(7), &text, kind.typed.is_some())) {
            Err(why) => wrong.push(format!("── {name}\n{why}")),
            Ok((_, adopted)) if !adopted.kinds.iter().any(|one| one == imported) => {
                wrong.push(format!("── {name}\nthe adopted kinds differ from the original\n{}", adopted.text));
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of the kinds' examples fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_stack_is_adopted_and_plans_empty() {
    let mut wrong = Vec::new();
    for dir in stacks::stacks() {
        let (lab, text) = stacks::lab(&dir);
        if let Err(why) = simulated(through(lab, &text, false)) {
            wrong.push(format!("── {}\n{why}", dir.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of the stacks fail:\n{}", wrong.len(), wrong.join("\n"));
}

/// Resource ids of the local simulator.
fn id(rest: &str) -> ObjectId {
    ObjectId::new(format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rest}"))
}

/// Creates an object as another client would, with attributes that drplan never writes and without those that it always
/// writes.
async fn put(lab: &Lab, rest: &str, api: &str, body: serde_json::Value) {
    let put = lab.cloud.put(&Object::whole(id(rest), api), &body, WriteCondition::Always).await;
    put.unwrap_or_else(|error| panic!("{rest}: {error}"));
}

/// Networks in two regions peered under two names, a lock, storage and a zone.
async fn by_hand(lab: &Lab) {
    let network = |group: &str| format!("{group}/providers/Microsoft.Network/virtualNetworks/{group}");
    for (group, region, range) in [("East", "canadacentral", "10.1"), ("West", "canadaeast", "10.2")] {
        put(lab, group, "2025-04-01", json!({ "location": region })).await;
        let subnet = json!({ "name": "App.old", "properties": { "addressPrefix": format!("{range}.1.0/24") } });
        let properties =
            json!({ "addressSpace": { "addressPrefixes": [format!("{range}.0.0/16")] }, "subnets": [subnet] });
        put(lab, &network(group), "2025-09-01", json!({ "location": region, "properties": properties })).await;
    }
    for (from, to) in [("East", "West"), ("West", "East")] {
        let half = format!("{}/virtualNetworkPeerings/{from}-to-{to}", network(from));
        let remote = json!({ "id": id(&network(to)).as_str() });
        let properties = json!({ "remoteVirtualNetwork": remote, "allowVirtualNetworkAccess": true });
        put(lab, &half, "2025-09-01", json!({ "properties": properties })).await;
    }
    let account = "East/providers/Microsoft.Storage/storageAccounts/byhandfiles";
    let body = json!({
        "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_LRS" },
        "properties": { "minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": false, "accessTier": "Hot" },
    });
    put(lab, account, "2026-04-01", body).await;
    let container = format!("{account}/blobServices/default/containers/data");
    put(lab, &container, "2026-04-01", json!({ "properties": {} })).await;
    let lock = format!("{account}/providers/Microsoft.Authorization/locks/keep");
    put(lab, &lock, "2020-05-01", json!({ "properties": { "level": "CanNotDelete" } })).await;
    let zone = "West/providers/Microsoft.Network/dnsZones/example.com";
    put(lab, zone, "2018-05-01", json!({ "location": "global" })).await;
    let record = json!({ "properties": { "TTL": 300, "ARecords": [{ "ipv4Address": "192.0.2.1" }] } });
    put(lab, &format!("{zone}/A/@"), "2018-05-01", record).await;
}

#[test]
fn foreign_resources_are_adopted_under_legal_names() {
    simulated(async {
        let mut lab = Lab::new(3);
        by_hand(&lab).await;
        let before = lab.simulator.show().objects;
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(adopted.left, [""; 0]);
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
        for expected in [
            "subnet \"East-App-old\" {\n  name             = \"App.old\"\n",
            "vnet_peering \"East-to-West\" {\n  between   = [virtual_network.East, virtual_network.West]\n  name_back = \"West-to-East\"\n}",
            "management_lock \"keep\" {\n  scope      = storage_account.byhandfiles\n",
            "dns_a_record \"example-com\" {\n  name    = \"@\"\n  zone    = dns_zone.example-com\n",
            "storage_container \"data\" {\n  storage_account                   = storage_account.byhandfiles\n",
        ] {
            assert!(adopted.text.contains(expected), "no\n{expected}\nin\n{}", adopted.text);
        }
        assert!(before == lab.simulator.show().objects, "the import changes nothing in the cloud");
    });
}

const LOGIN: &str = r#"
resource_group "data" {
  site = site.east
}
mssql_server "orders" {
  name                         = "drplan-adopted-orders"
  resource_group               = resource_group.data
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}
"#;

#[test]
fn adopted_secret_becomes_a_variable_and_is_recorded_once() {
    simulated(async {
        let mut lab = Lab::new(5);
        lab.apply(&format!("{}{LOGIN}", crate::kinds::SITES)).await.unwrap();
        let adopted = adopt_all(&mut lab).await.unwrap();
        let variable = "drplan_adopted_orders_administrator_login_password";
        assert!(adopted.text.contains(&format!("administrator_login_password = var.{variable}")), "{}", adopted.text);
        let kept = |lab: &Lab| serde_json::to_string(&lab.store.load().unwrap()).unwrap();
        assert!(kept(&lab).contains("$untold") && !kept(&lab).contains(STAND_IN));

        lab.variables = vec![(variable.to_owned(), "The 1st value given".to_owned())];
        let (first, recorded) = lab.plan(&adopted.text, false).await;
        assert_eq!(changes(&first), [""; 0]);
        let refreshed = first.refreshed.expect("a state");
        drplan::apply::keep_observed(&recorded.expect("a state"), &refreshed, &lab.store).unwrap();
        assert!(!kept(&lab).contains("$untold"), "the value is recorded as a digest");
        assert!(!kept(&lab).contains("The 1st value given"));
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0]);

        lab.variables = vec![(variable.to_owned(), "An0ther value".to_owned())];
        let second = planned(&lab, &adopted.text).await.unwrap();
        assert_eq!(second.len(), 1);
        assert!(second[0].starts_with("Update mssql_server.drplan-adopted-orders"), "{second:?}");
    });
}

#[test]
fn forbidden_import_is_omitted_and_reported() {
    simulated(async {
        let mut lab = Lab::new(6);
        put(&lab, "odd", "2025-04-01", json!({ "location": "canadacentral" })).await;
        // A name that the cloud accepts and drplan rejects for a subnet.
        let network = "odd/providers/Microsoft.Network/virtualNetworks/odd";
        let subnet = json!({ "name": "App (old)", "properties": { "addressPrefix": "10.1.1.0/24" } });
        let properties = json!({ "addressSpace": { "addressPrefixes": ["10.1.0.0/16"] }, "subnets": [subnet] });
        put(&lab, network, "2025-09-01", json!({ "location": "canadacentral", "properties": properties })).await;
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(adopted.kinds, ["resource_group", "virtual_network"]);
        assert_eq!(adopted.left.len(), 1);
        assert!(adopted.left[0].starts_with(
            "App (old) (Microsoft.Network/virtualNetworks/subnets): invalid name `App (old)`: the name of"
        ));
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0]);
    });
}

/// The resources of a Terraform state that declares the same as a stack.
fn as_terraform(lab: &Lab, text: &str) -> Vec<ManagedObject> {
    let (stack, _) = lab.read(text).unwrap().evaluate(&Default::default()).unwrap();
    let mut managed = Vec::new();
    // Failover-only resources do not exist.
    for resource in stack.resources.values().filter(|resource| resource.presence == Presence::Permanent) {
        let terraform = resource.kind.terraform;
        let type_ = if terraform.resource.is_empty() { resource.kind.name } else { terraform.resource };
        let ids: Vec<ObjectId> = match terraform.shape {
            TerraformShape::Resource => vec![resource.id.clone()],
            TerraformShape::Halves { .. } => resource.objects.iter().map(|object| object.id.clone()).collect(),
            TerraformShape::Block { .. } | TerraformShape::Folded(_) | TerraformShape::Unsaid(_) => Vec::new(),
        };
        let label = format!("terraform_{}", managed.len());
        managed.extend(ids.into_iter().map(|id| ManagedObject {
            type_: type_.to_owned(),
            label: label.clone(),
            address: format!("azurerm_{type_}.{label}"),
            id,
            tainted: false,
        }));
    }
    managed
}

#[test]
fn terraform_resources_keep_their_names_on_adoption() {
    simulated(async {
        for stack in ["web-geo", "hub-spoke", "shop"] {
            let (mut lab, text) =
                stacks::lab(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(stack));
            failures(&lab.apply(&text).await.unwrap(), "apply").unwrap();
            let managed = as_terraform(&lab, &text);
            let ids: Vec<ObjectId> = managed.iter().map(|one| one.id.clone()).collect();
            let survey = discover_objects(&lab.cloud, &TABLES, &ids, &account(), false).await.unwrap();
            let adopted = adopt(&mut lab, &survey, Some(&managed)).unwrap();
            assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{stack}");
            assert_eq!(adopted.left, [""; 0], "{stack}");
            // Both halves of a peering share one label and one block.
            let labels: BTreeSet<&str> = managed.iter().map(|one| one.label.as_str()).collect();
            let lost = labels.iter().filter(|label| !adopted.text.contains(&format!(" \"{label}\" {{")));
            assert_eq!(lost.collect::<Vec<_>>(), [&""; 0], "{stack}");
        }
    });
}

#[test]
fn unsupported_types_are_listed_with_the_reason() {
    let elsewhere = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/far";
    let cluster = id("odd/providers/Microsoft.ContainerService/managedClusters/c");
    let disk = id("odd/providers/Microsoft.Compute/disks/behind");
    let survey = ImportSurvey {
        bodies: [(ObjectId::new(elsewhere), json!({ "location": "canadacentral" }))].into(),
        strange: vec![cluster],
        unread: [(disk, "nothing answers".to_owned())].into(),
        ..ImportSurvey::new(&TABLES)
    };
    let draft = StackDraft::of(&survey, None, &account());
    assert_eq!(draft.resources().count(), 0);
    let left: Vec<String> = draft.left().iter().map(|left| format!("{}: {}", left.type_, left.why)).collect();
    assert_eq!(
        left,
        [
            "Microsoft.Resources/resourceGroups: it is in another subscription",
            "Microsoft.Compute/disks: not readable: nothing answers",
            "Microsoft.ContainerService/managedClusters: drplan has no kind for this type",
        ]
    );
}

/// An address, a network with one subnet, and an interface in it.
async fn interface(lab: &Lab) {
    put(lab, "hand", "2025-04-01", json!({ "location": "canadacentral" })).await;
    let subnet = json!({ "name": "app", "properties": { "addressPrefix": "10.1.1.0/24" } });
    let properties = json!({ "addressSpace": { "addressPrefixes": ["10.1.0.0/16"] }, "subnets": [subnet] });
    let body = json!({ "location": "canadacentral", "properties": properties });
    put(lab, "hand/providers/Microsoft.Network/virtualNetworks/net", "2025-09-01", body).await;
    let subnet = json!({ "id": id("hand/providers/Microsoft.Network/virtualNetworks/net/subnets/app").as_str() });
    let address = json!({ "privateIPAllocationMethod": "Dynamic", "subnet": subnet });
    let properties = json!({ "ipConfigurations": [{ "name": "a", "properties": address }] });
    let body = json!({ "location": "canadacentral", "properties": properties });
    put(lab, "hand/providers/Microsoft.Network/networkInterfaces/nic", "2025-09-01", body).await;
}

/// A machine on this interface whose disk has no operating system written.
async fn machine(lab: &Lab, publisher: &str, configuration: serde_json::Value) {
    let nic = id("hand/providers/Microsoft.Network/networkInterfaces/nic");
    let mut profile = json!({ "computerName": "c", "adminUsername": "ops", "adminPassword": "made-up for a t3st" });
    profile.as_object_mut().unwrap().extend(configuration.as_object().unwrap().clone());
    let image = json!({ "publisher": publisher, "offer": "server", "sku": "gen2", "version": "latest" });
    let body = json!({ "location": "canadacentral", "properties": {
        "hardwareProfile": { "vmSize": "Standard_B2s" },
        "storageProfile": { "imageReference": image, "osDisk": { "createOption": "FromImage" } },
        "osProfile": profile,
        "networkProfile": { "networkInterfaces": [{ "id": nic.as_str() }] },
    } });
    put(lab, "hand/providers/Microsoft.Compute/virtualMachines/vm", "2025-04-01", body).await;
}

#[test]
fn operating_system_follows_from_the_configuration_or_the_image() {
    let keys = json!({ "linuxConfiguration": { "disablePasswordAuthentication": false } });
    for (publisher, configuration, os) in [
        ("Canonical", keys, "linux"),
        ("Canonical", json!({}), "linux"),
        ("MicrosoftWindowsServer", json!({}), "windows"),
        ("someone", json!({ "windowsConfiguration": { "provisionVMAgent": true } }), "windows"),
    ] {
        simulated(async {
            let mut lab = Lab::new(8);
            interface(&lab).await;
            machine(&lab, publisher, configuration).await;
            let adopted = adopt_all(&mut lab).await.unwrap();
            let kind = format!("{os}_virtual_machine");
            assert!(adopted.kinds.contains(&kind), "{publisher}: {:?} {:?}", adopted.kinds, adopted.left);
            assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
            let machine = Object::whole(id("hand/providers/Microsoft.Compute/virtualMachines/vm"), "2025-04-01");
            let body = lab.cloud.get(&machine).await;
            let told =
                body.unwrap().unwrap().body.pointer("/properties/storageProfile/osDisk/osType").cloned().unwrap();
            assert_eq!(told.as_str().unwrap().to_lowercase(), os);
        });
    }
}

#[test]
fn settings_without_an_argument_are_listed_with_their_place() {
    simulated(async {
        let mut lab = Lab::new(9);
        interface(&lab).await;
        let rules = json!({ "location": "canadacentral", "properties": { "flushConnection": true } });
        put(&lab, "hand/providers/Microsoft.Network/networkSecurityGroups/rules", "2025-09-01", rules).await;
        let subnet = json!({ "id": id("hand/providers/Microsoft.Network/virtualNetworks/net/subnets/app").as_str() });
        let pool = json!({ "name": "ssh", "properties": {
            "protocol": "Tcp", "frontendPortRangeStart": 50000, "frontendPortRangeEnd": 50009, "backendPort": 22,
        } });
        let body = json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": {
            "frontendIPConfigurations": [{ "name": "front", "properties": { "subnet": subnet } }],
            "inboundNatPools": [pool],
        } });
        put(&lab, "hand/providers/Microsoft.Network/loadBalancers/door", "2025-09-01", body).await;
        // Azure has the endpoints of its own accord, and the period only where somebody set it.
        let account = json!({
            "location": "canadacentral", "kind": "StorageV2", "sku": { "name": "Standard_LRS" },
            "properties": {
                "minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": false, "accessTier": "Hot",
                "dnsEndpointType": "Standard", "keyPolicy": { "keyExpirationPeriodInDays": 30 },
            },
        });
        put(&lab, "hand/providers/Microsoft.Storage/storageAccounts/handfiles", "2026-04-01", account).await;
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(
            adopted.left,
            [
                "door (Microsoft.Network/loadBalancers): `properties.inboundNatPools[ssh]` of lb.door is omitted: no argument has it",
                "rules (Microsoft.Network/networkSecurityGroups): `properties.flushConnection` of network_security_group.rules is omitted: no argument has it",
                "handfiles (Microsoft.Storage/storageAccounts): `properties.keyPolicy.keyExpirationPeriodInDays` of storage_account.handfiles is omitted: no argument has it",
            ]
        );
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
    });
}

#[test]
fn addresses_of_a_retired_sku_stay_as_they_are() {
    simulated(async {
        let mut lab = Lab::new(10);
        put(&lab, "hand", "2025-04-01", json!({ "location": "canadacentral" })).await;
        for method in ["Static", "Dynamic"] {
            let body = json!({ "location": "canadacentral", "sku": { "name": "Basic" }, "properties": { "publicIPAllocationMethod": method } });
            put(&lab, &format!("hand/providers/Microsoft.Network/publicIPAddresses/{method}"), "2025-09-01", body)
                .await;
        }
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(adopted.left, [""; 0]);
        assert_eq!(adopted.text.matches("sku               = \"Basic\"").count(), 2, "{}", adopted.text);
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0]);
    });
}

#[test]
fn a_resource_whose_default_would_replace_a_setting_is_left_alone() {
    simulated(async {
        let mut lab = Lab::new(11);
        put(&lab, "hand", "2025-04-01", json!({ "location": "canadacentral" })).await;
        let body = json!({ "location": "canadacentral", "sku": { "name": "Standard" }, "properties": {
            "publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": 45,
        } });
        put(&lab, "hand/providers/Microsoft.Network/publicIPAddresses/long", "2025-09-01", body).await;
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(adopted.kinds, ["resource_group"]);
        assert_eq!(adopted.left.len(), 1, "{:?}", adopted.left);
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0]);
    });
}

#[test]
fn a_terraform_state_of_parts_blocks_and_old_resources_is_adopted_whole() {
    simulated(async {
        let mut lab = Lab::new(12);
        interface(&lab).await;
        machine(&lab, "Canonical", json!({})).await;
        let rule = json!({ "name": "https", "properties": {
            "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourcePortRange": "*",
            "destinationPortRange": "443", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
        } });
        let body = json!({ "location": "canadacentral", "properties": { "securityRules": [rule] } });
        let group = "hand/providers/Microsoft.Network/networkSecurityGroups/rules";
        put(&lab, group, "2025-09-01", body).await;
        let instance = |type_: &str, id: &str, rest: &str| {
            format!(
                r#"{{"mode": "managed", "module": "module.primary", "type": "azurerm_{type_}", "name": "main",
                    "instances": [{{"attributes": {{"id": "{id}"{rest}}}}}]}}"#
            )
        };
        let of = |rest: &str| id(rest).to_string();
        let (net, nic) = (
            "hand/providers/Microsoft.Network/virtualNetworks/net",
            "hand/providers/Microsoft.Network/networkInterfaces/nic",
        );
        let (gone, vm) = (format!("{group}/securityRules/gone"), "hand/providers/Microsoft.Compute/virtualMachines/vm");
        let resources = [
            instance("resource_group", &of("hand"), ""),
            instance("virtual_network", &of(net), r#", "subnet": [{"name": "app"}]"#),
            instance("network_interface", &of(nic), ""),
            instance("network_security_group", &of(group), ""),
            instance("network_security_rule", &of(&format!("{group}/securityRules/https")), ""),
            instance("network_security_rule", &of(&gone), ""),
            instance("virtual_machine", &of(vm), ""),
            instance("application_gateway_association", &format!("{}|{}", of(nic), of(group)), ""),
        ];
        let state = format!(r#"{{"version": 4, "resources": [{}]}}"#, resources.join(","));
        let managed = adopt::terraform::read(&TABLES, &state).unwrap();
        assert!(managed.others.is_empty(), "{:?}", managed.others);
        let ids: Vec<ObjectId> = managed.objects.iter().map(|one| one.id.clone()).collect();
        let survey = discover_objects(&lab.cloud, &TABLES, &ids, &account(), false).await.unwrap();
        let draft = StackDraft::of(&survey, Some(&managed.objects), &account());
        let told: Vec<_> =
            draft.left().iter().filter_map(|left| Some((left.terraform.clone()?, left.why.clone()))).collect();
        let why = |address: &str, why: &str| (format!("module.primary.azurerm_{address}.main"), why.to_owned());
        assert_eq!(
            told,
            [
                why(
                    "application_gateway_association",
                    "drplan has no kind for azurerm_application_gateway_association"
                ),
                why("network_security_rule", "it is in no block `security_rule` of an imported network_security_group"),
            ]
        );
        let adopted = adopt(&mut lab, &survey, Some(&managed.objects)).unwrap();
        for expected in [
            "linux_virtual_machine \"primary-main\" {",
            "subnet \"primary-main-app\" {",
            "network_security_group \"primary-main\" {",
        ] {
            assert!(adopted.text.contains(expected), "no {expected}: {:?}\n{}", adopted.left, adopted.text);
        }
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
    });
}

#[test]
fn a_moved_write_region_leaves_the_account_at_its_own_site() {
    let text = format!(
        r#"{}
resource_group "data" {{
  site = site.east
}}
cosmosdb_account "catalog" {{
  name           = "drplan-moved-catalog"
  resource_group = resource_group.data
  offer_type     = "Standard"

  consistency_policy {{
    consistency_level = "Session"
  }}
}}
geo_replica "catalog" {{
  source = cosmosdb_account.catalog
  site   = site.west
}}
"#,
        crate::kinds::SITES
    );
    simulated(async {
        let mut lab = Lab::new(13);
        failures(&lab.apply(&text).await.unwrap(), "apply").unwrap();
        let account = id("data/providers/Microsoft.DocumentDB/databaseAccounts/drplan-moved-catalog");
        let account = Object::whole(account, "2024-08-15");
        let body = lab.cloud.get(&account).await.unwrap().unwrap().body;
        let mut policies = body["properties"]["failoverPolicies"].clone();
        for policy in policies.as_array_mut().unwrap() {
            policy["failoverPriority"] = json!(1 - policy["failoverPriority"].as_i64().unwrap());
        }
        let order = json!({ "failoverPolicies": policies });
        lab.cloud.post(&account, "failoverPriorityChange", &[], Some(&order)).await.unwrap();
        let adopted = adopt_all(&mut lab).await.unwrap();
        assert_eq!(adopted.left, [""; 0]);
        let replica = "  site              = site.canadaeast\n  failover_priority = 0\n";
        assert!(adopted.text.contains(replica), "{}", adopted.text);
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
    });
}

#[test]
fn children_of_types_without_a_kind_are_named_or_imported() {
    let text = format!(
        r#"{}
resource_group "mail" {{
  site = site.east
}}
dns_zone "mail" {{
  name           = "mail.example.org"
  resource_group = resource_group.mail
}}
user_assigned_identity "mail" {{
  resource_group = resource_group.mail
}}
"#,
        crate::kinds::SITES
    );
    simulated(async {
        let mut lab = Lab::new(14);
        failures(&lab.apply(&text).await.unwrap(), "apply").unwrap();
        let sets = [
            ("MX/@", json!({ "TTL": 300, "MXRecords": [{ "preference": 10, "exchange": "m.example.org" }] })),
            ("TXT/spf", json!({ "TTL": 300, "TXTRecords": [{ "value": ["v=spf1 -all"] }] })),
            ("NS/sub", json!({ "TTL": 300, "NSRecords": [{ "nsdname": "ns.example.org." }] })),
        ];
        for (name, properties) in sets {
            let set = id(&format!("mail/providers/Microsoft.Network/dnsZones/mail.example.org/{name}"));
            let body = json!({ "properties": properties });
            lab.cloud.put(&Object::whole(set, "2018-05-01"), &body, WriteCondition::Always).await.unwrap();
        }
        let trust =
            id("mail/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mail/federatedIdentityCredentials/ci");
        let properties = json!({ "issuer": "https://issuer.example.org", "subject": "ci", "audiences": ["api"] });
        let body = json!({ "properties": properties });
        lab.cloud.put(&Object::whole(trust, "2024-11-30"), &body, WriteCondition::Always).await.unwrap();
        let adopted = adopt_types(&mut lab, false).await.unwrap();
        let why = |name: &str, type_: &str| format!("{name} ({type_}): drplan has no kind for this type");
        assert_eq!(
            adopted.left,
            [
                why("ci", "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"),
                why("@", "Microsoft.Network/dnsZones/MX"),
                why("sub", "Microsoft.Network/dnsZones/NS"),
                why("spf", "Microsoft.Network/dnsZones/TXT"),
            ]
        );
        let adopted = adopt_types(&mut lab, true).await.unwrap();
        assert_eq!(adopted.left, [""; 0], "{}", adopted.text);
        assert!(adopted.text.contains("Microsoft.Network/dnsZones/MX@"), "{}", adopted.text);
        assert_eq!(planned(&lab, &adopted.text).await.unwrap(), [""; 0], "{}", adopted.text);
    });
}

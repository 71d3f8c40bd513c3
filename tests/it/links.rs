//! Links between resources: each is written into the object of one end, survives updates of both, comes back when it is
//! removed outside drplan, and moves between owners in an order that Azure accepts.

use std::time::Duration;

use drplan::object::{Object, ObjectId};
use drplan::plan::Action;
use drplan::world::{Cloud as _, CloudError, Web as _, WebAnswer, WebRequest, WriteCondition};
use serde_json::{Value as Json, json};

use crate::lab::{Lab, changes, failures, simulated};

const BASE: &str = r#"
stack "links" {}
site "east" {
  provider = "azure"
  location = "canadacentral"
}
site "west" {
  provider = "azure"
  location = "canadaeast"
}
locals {
  machines = toset(["a", "b"])
}
resource_group "app" { site = site.east }
virtual_network "app" {
  resource_group = resource_group.app
  address_space  = ["10.0.0.0/16"]
}
subnet "web" {
  virtual_network  = virtual_network.app
  address_prefixes = ["10.0.1.0/24"]
  service_endpoint { service = "Microsoft.Sql" }
}
network_security_group "web" { resource_group = resource_group.app }
route_table "web" { resource_group = resource_group.app }
nat_gateway "out" { resource_group = resource_group.app }
public_ip "in" {
  resource_group    = resource_group.app
  allocation_method = "Static"
}
public_ip "out" {
  resource_group    = resource_group.app
  allocation_method = "Static"
}
lb "web" {
  resource_group = resource_group.app
  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.in
  }
}
lb_backend_address_pool "web" { loadbalancer = lb.web }
lb_probe "web" {
  loadbalancer = lb.web
  port         = 443
}
lb_rule "web" {
  loadbalancer                   = lb.web
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.web]
  probe                          = lb_probe.web
  disable_outbound_snat          = true
}
lb_outbound_rule "web" {
  loadbalancer         = lb.web
  backend_address_pool = lb_backend_address_pool.web
  protocol             = "All"
  frontend_ip_configuration { name = "front" }
}
lb_nat_rule "ssh" {
  loadbalancer                   = lb.web
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 2201
  backend_port                   = 22
}
network_interface "web" {
  for_each       = local.machines
  name           = "nic-${each.key}"
  resource_group = resource_group.app
  ip_configuration {
    name                          = "inside.web"
    subnet                        = subnet.web
    private_ip_address_allocation = "Dynamic"
  }
}
linux_virtual_machine "web" {
  for_each           = local.machines
  name               = each.key
  resource_group     = resource_group.app
  size               = "Standard_B2s"
  admin_username     = "operator"
  network_interfaces = [network_interface.web[each.key]]
  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
  }
  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }
}
managed_disk "data" {
  resource_group       = resource_group.app
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 64
}
mssql_server "db" {
  name                         = "drplan-links"
  resource_group               = resource_group.app
  version                      = "12.0"
  administrator_login          = "operator"
  administrator_login_password = "an example, n0t a secret"
}
"#;

const LINKS: &str = r#"
subnet_network_security_group_association "web" {
  subnet                 = subnet.web
  network_security_group = network_security_group.web
}
subnet_route_table_association "web" {
  subnet      = subnet.web
  route_table = route_table.web
}
subnet_nat_gateway_association "web" {
  subnet      = subnet.web
  nat_gateway = nat_gateway.out
}
nat_gateway_public_ip_association "out" {
  nat_gateway       = nat_gateway.out
  public_ip_address = public_ip.out
}
network_interface_security_group_association "web" {
  for_each               = local.machines
  network_interface      = network_interface.web[each.key]
  network_security_group = network_security_group.web
}
network_interface_backend_address_pool_association "web" {
  for_each              = local.machines
  network_interface     = network_interface.web[each.key]
  ip_configuration_name = "inside.web"
  backend_address_pool  = lb_backend_address_pool.web
}
network_interface_nat_rule_association "ssh" {
  network_interface     = network_interface.web["a"]
  ip_configuration_name = "inside.web"
  nat_rule              = lb_nat_rule.ssh
}
virtual_machine_data_disk_attachment "data" {
  virtual_machine = linux_virtual_machine.web["a"]
  managed_disk    = managed_disk.data
  lun             = 3
  caching         = "ReadOnly"
}
mssql_firewall_rule "office" {
  server           = mssql_server.db
  start_ip_address = "203.0.113.16"
  end_ip_address   = "203.0.113.31"
}
mssql_virtual_network_rule "web" {
  server = mssql_server.db
  subnet = subnet.web
}
"#;

/// Applies in one run without a failure, and expects an empty plan.
async fn settles(lab: &Lab, text: &str) {
    let applied = lab.apply(text).await.unwrap();
    assert_eq!(failures(&applied, "apply"), Ok(()));
    let (planned, _) = lab.plan(text, false).await;
    assert_eq!(changes(&planned), Vec::<String>::new());
    assert!(planned.plan.drift.is_empty(), "{:?}", planned.plan.drift);
}

/// The object whose id ends so.
fn id(lab: &Lab, end: &str) -> ObjectId {
    let found = lab.standing().into_iter().find(|id| id.as_str().ends_with(end));
    found.unwrap_or_else(|| panic!("no id ends with {end}"))
}

fn body(lab: &Lab, end: &str) -> Json {
    lab.simulator.body(&id(lab, end)).unwrap()
}

/// The number of links in the bodies of both ends.
fn links(lab: &Lab) -> [usize; 8] {
    let at = |body: &Json, pointer: &str| match body.pointer(pointer) {
        Some(Json::Array(items)) => items.len(),
        Some(Json::String(_)) => 1,
        _ => 0,
    };
    let [nic, subnet, gateway, machine] =
        ["networkInterfaces/nic-a", "subnets/web", "natGateways/out", "virtualMachines/a"].map(|end| body(lab, end));
    let inside = "/properties/ipConfigurations/0/properties";
    [
        at(&nic, "/properties/networkSecurityGroup/id"),
        at(&nic, &format!("{inside}/loadBalancerBackendAddressPools")),
        at(&nic, &format!("{inside}/loadBalancerInboundNatRules")),
        at(&subnet, "/properties/networkSecurityGroup/id"),
        at(&subnet, "/properties/routeTable/id"),
        at(&subnet, "/properties/natGateway/id"),
        at(&gateway, "/properties/publicIpAddresses"),
        at(&machine, "/properties/storageProfile/dataDisks"),
    ]
}

#[test]
fn links_survive_updates_of_their_owners_and_return_after_a_removal() {
    simulated(async {
        let lab = Lab::new(5);
        let text = format!("{BASE}{LINKS}");
        settles(&lab, &text).await;
        assert_eq!(links(&lab), [1; 8]);
        // Every owner is updated in place.
        let text = text
            .replace(
                "private_ip_address_allocation = \"Dynamic\"",
                "private_ip_address_allocation = \"Dynamic\"\n    primary = true",
            )
            .replace("stack \"links\" {}", "stack \"links\" {\n  tags = { owner = \"web\" }\n}")
            .replace(
                "address_prefixes = [\"10.0.1.0/24\"]",
                "address_prefixes = [\"10.0.1.0/24\"]\n  default_outbound_access_enabled = false",
            );
        settles(&lab, &text).await;
        assert_eq!(links(&lab), [1; 8]);
        // Another client removes a pool and a disk.
        let inside = "properties.ipConfigurations[0].properties.loadBalancerBackendAddressPools";
        lab.simulator.edit(&id(&lab, "/nic-a"), inside, json!([])).unwrap();
        let gone: Vec<(String, Action)> = lab
            .plan(&text, false)
            .await
            .0
            .plan
            .changes
            .iter()
            .filter(|change| change.action != Action::Keep)
            .map(|change| (change.address.to_string(), change.action))
            .collect();
        assert_eq!(
            gone,
            [(r#"network_interface_backend_address_pool_association.web["a"]"#.to_owned(), Action::Create)]
        );
        settles(&lab, &text).await;
        // Without the blocks, the owners stay and the links go.
        settles(&lab, &text.replace(LINKS, "")).await;
        assert_eq!(links(&lab), [0; 8]);
        let gone = lab.destroy(&text.replace(LINKS, "")).await.unwrap();
        assert_eq!(failures(&gone, "destroy"), Ok(()));
        assert_eq!(lab.standing(), Vec::<ObjectId>::new());
    });
}

#[test]
fn member_leaves_one_owner_before_it_joins_the_next() {
    simulated(async {
        let lab = Lab::new(5);
        let text = format!("{BASE}{LINKS}nat_gateway \"other\" {{ resource_group = resource_group.app }}\n");
        settles(&lab, &text).await;
        assert_eq!(
            body(&lab, "disks/data")["managedBy"].as_str().map(|id| ObjectId::new(id).name().to_owned()),
            Some("a".into())
        );
        let moved = text
            .replace(
                "virtual_machine = linux_virtual_machine.web[\"a\"]",
                "virtual_machine = linux_virtual_machine.web[\"b\"]",
            )
            .replace("nat_gateway       = nat_gateway.out", "nat_gateway       = nat_gateway.other");
        settles(&lab, &moved).await;
        assert_eq!(
            body(&lab, "disks/data")["managedBy"].as_str().map(|id| ObjectId::new(id).name().to_owned()),
            Some("b".into())
        );
        // A unit number that two disks exchange.
        let second = "managed_disk \"log\" {\n  resource_group = resource_group.app\n  storage_account_type = \"Premium_LRS\"\n  create_option = \"Empty\"\n  disk_size_gb = 8\n}\nvirtual_machine_data_disk_attachment \"log\" {\n  virtual_machine = linux_virtual_machine.web[\"b\"]\n  managed_disk = managed_disk.log\n  lun = 4\n  caching = \"None\"\n}\n";
        settles(&lab, &format!("{moved}{second}")).await;
        settles(
            &lab,
            &format!("{moved}{second}")
                .replace("lun             = 3", "lun = 4")
                .replace("  lun = 4\n  caching = \"None\"", "  lun = 3\n  caching = \"None\""),
        )
        .await;
    });
}

#[test]
fn load_balancer_serves_through_the_machines_in_its_pool() {
    simulated(async {
        let lab = Lab::new(5);
        let ask = async |lab: &Lab| {
            let address = body(lab, "publicIPAddresses/in")["properties"]["ipAddress"].as_str().unwrap().to_owned();
            let request = WebRequest {
                method: "GET".to_owned(),
                url: format!("https://{address}/"),
                headers: Vec::new(),
                body: None,
                address: None,
                marker: None,
                hoped: 200,
                within: Duration::from_secs(5),
            };
            lab.simulator.fetch(&request).await
        };
        settles(&lab, BASE).await;
        assert_eq!(ask(&lab).await, Ok(WebAnswer::Status(503)));
        settles(&lab, &format!("{BASE}{LINKS}")).await;
        assert_eq!(ask(&lab).await, Ok(WebAnswer::Status(200)));
        for machine in ["a", "b"] {
            let machine = id(&lab, &format!("virtualMachines/{machine}"));
            lab.cloud.post(&Object::whole(machine, "2026-04-01"), "deallocate", &[], None).await.unwrap();
        }
        assert_eq!(ask(&lab).await, Ok(WebAnswer::Status(503)));
        // A pool of addresses leads to the machine with the address.
        let by_address = format!(
            "{BASE}lb_backend_address_pool_address \"a\" {{\n  backend_address_pool = lb_backend_address_pool.web\n  ip_address = network_interface.web[\"a\"].private_ip_address\n  virtual_network = virtual_network.app\n}}\n"
        );
        settles(&lab, &by_address).await;
        assert_eq!(ask(&lab).await, Ok(WebAnswer::Status(503)));
        let machine = Object::whole(id(&lab, "virtualMachines/a"), "2026-04-01");
        lab.cloud.post(&machine, "start", &[], None).await.unwrap();
        assert_eq!(ask(&lab).await, Ok(WebAnswer::Status(200)));
    });
}

#[test]
fn link_to_a_failover_only_resource_comes_and_goes_with_it() {
    let lab = Lab::new(5);
    let failover = "resource_group \"brought\" {\n  site = site.east\n  presence = \"failover\"\n}\n";
    let brought = |block: &str| {
        block.replacen("resource_group = resource_group.app", "resource_group = resource_group.brought", 1)
    };
    let gateway = "nat_gateway \"out\" { resource_group = resource_group.app }\n";
    let text = format!("{}{failover}{LINKS}", BASE.replace(gateway, &brought(gateway)));
    let group = "failover_group \"web\" {\n  from = site.west\n  to = site.east\n}\n";
    let program = lab.read(&format!("{text}{group}")).unwrap();
    let (stack, _) = program.evaluate(&Default::default()).unwrap();
    let brought: Vec<&str> = stack
        .resources
        .values()
        .filter(|resource| stack.failover_groups["web"].stands_up(resource))
        .map(|resource| resource.address.as_str())
        .collect();
    assert_eq!(
        brought,
        [
            "resource_group.brought",
            "nat_gateway.out",
            "subnet_nat_gateway_association.web",
            "nat_gateway_public_ip_association.out",
        ]
    );
}

#[test]
fn cloud_refuses_links_that_azure_refuses() {
    simulated(async {
        let lab = Lab::new(5);
        settles(&lab, &format!("{BASE}{LINKS}")).await;
        let root = id(&lab, "/nic-a").as_str().split("/providers/").next().unwrap().to_owned();
        let put = async |rest: &str, api: &str, change: &dyn Fn(&mut Json)| {
            let id = ObjectId::new(format!("{root}/providers/{rest}"));
            let mut body = lab.simulator.body(&id).unwrap_or_else(|| json!({ "location": "canadacentral" }));
            change(&mut body);
            match lab.cloud.put(&Object::whole(id, api), &body, WriteCondition::Always).await {
                Err(CloudError::Refused(why)) => why.code,
                other => format!("{other:?}").chars().take(60).collect(),
            }
        };
        let sub = |rest: &str| format!("{root}/providers/{rest}");
        let disk = sub("Microsoft.Compute/disks/data");
        let attach = |lun: i64| {
            let disk = disk.clone();
            move |body: &mut Json| {
                body["properties"]["storageProfile"]["dataDisks"] =
                    json!([{ "lun": lun, "createOption": "Attach", "managedDisk": { "id": disk } }]);
            }
        };
        let machine = "Microsoft.Compute/virtualMachines/b";
        assert_eq!(put(machine, "2026-04-01", &attach(0)).await, "AttachDiskWhileBeingAttached");
        let twice = |body: &mut Json| {
            let first = body["properties"]["storageProfile"]["dataDisks"][0].clone();
            body["properties"]["storageProfile"]["dataDisks"] = json!([first, first]);
        };
        assert_eq!(put("Microsoft.Compute/virtualMachines/a", "2026-04-01", &twice).await, "InvalidParameter");
        let address = json!([{ "id": sub("Microsoft.Network/publicIPAddresses/out") }]);
        let gateway = |body: &mut Json| {
            body["sku"] = json!({ "name": "Standard" });
            body["properties"]["publicIpAddresses"] = address.clone();
        };
        assert_eq!(put("Microsoft.Network/natGateways/second", "2025-09-01", &gateway).await, "PublicIPAddressInUse");
        let elsewhere = |body: &mut Json| {
            body["location"] = json!("canadaeast");
            body["properties"]["publicIpAddresses"] = json!([]);
        };
        put("Microsoft.Network/natGateways/far", "2025-09-01", &elsewhere).await;
        let far = sub("Microsoft.Network/natGateways/far");
        let through = |body: &mut Json| body["properties"]["natGateway"] = json!({ "id": far });
        assert_eq!(
            put("Microsoft.Network/virtualNetworks/app/subnets/web", "2025-09-01", &through).await,
            "InvalidResourceReference"
        );
        let snat = |body: &mut Json| {
            body["properties"]["loadBalancingRules"][0]["properties"]["disableOutboundSnat"] = json!(false);
        };
        assert_eq!(
            put("Microsoft.Network/loadBalancers/web", "2025-09-01", &snat).await,
            "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule"
        );
        let silent = |body: &mut Json| body["properties"]["serviceEndpoints"] = json!([]);
        put("Microsoft.Network/virtualNetworks/app/subnets/web", "2025-09-01", &silent).await;
        let again = |_: &mut Json| {};
        assert_eq!(
            put("Microsoft.Sql/servers/drplan-links/virtualNetworkRules/web", "2025-01-01", &again).await,
            "VirtualNetworkRuleBadRequest"
        );
        let backwards = |body: &mut Json| {
            body["properties"] = json!({ "startIpAddress": "203.0.113.9", "endIpAddress": "203.0.113.1" });
        };
        assert_eq!(
            put("Microsoft.Sql/servers/drplan-links/firewallRules/office", "2025-01-01", &backwards).await,
            "InvalidParameterValue"
        );
    });
}

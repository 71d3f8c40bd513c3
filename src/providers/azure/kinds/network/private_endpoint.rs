//! Private endpoint: an address of a subnet that leads to one service, and the records of its names.
//!
//! Two objects: the endpoint, and the group that keeps records in private DNS zones, if the stack has one. Azure keeps
//! what it approves by itself in one list and what the owner of the service approves in another.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms::SHORT_TEXT;
use crate::providers::azure::forms::network::NAME;
use crate::providers::azure::ids::AzureId;
use crate::providers::azure::kinds::network::subnet;
use crate::providers::azure::tags::TAGS;
use crate::ranges::Cidr;

const TYPE: KindType = KindType { name: "Microsoft.Network/privateEndpoints", version: "2025-09-01" };
const GROUP_TYPE: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
const GROUPS: &str = "privateDnsZoneGroups";
const AUTOMATIC: &str = "properties.privateLinkServiceConnections";
const MANUAL: &str = "properties.manualPrivateLinkServiceConnections";
const STATUS: &str = "properties.privateLinkServiceConnectionState.status";
const CONFIGURATIONS: &str = "properties.ipConfigurations";
const NAMES: &str = "properties.customDnsConfigs";
const ZONES: &str = "properties.privateDnsZoneConfigs";
const CONNECTION: &str = "private_service_connection";
const GROUP: &str = "private_dns_zone_group";

static PRIVATE_SERVICE_CONNECTION: Block = Block::one(&[
    arg("name", Ty::String, "", "Name of the connection.").form(&NAME).required().replace(),
    arg("is_manual_connection", Ty::Bool, "", "Wait until the owner of the service approves the connection.")
        .required()
        .replace(),
    arg("private_connection_resource", Ty::Ref(&[]), "", "Service, of any kind. It may be in another region.")
        .replace(),
    arg("private_connection_resource_alias", Ty::String, "", "Service, by the alias that its owner gave it.").replace(),
    arg(
        "subresource_names",
        Ty::List(&Ty::String),
        "",
        "Part of the service, as in `file` of a storage account or `registry` of a container registry.",
    )
    .replace(),
    arg("request_message", Ty::String, "", "Message to the owner, of up to 140 characters.").form(&SHORT_TEXT),
])
.at_least_one();

static PRIVATE_DNS_ZONE_GROUP: Block = Block::one(&[
    arg("name", Ty::String, "", "Name of the group.").form(&NAME).required().replace(),
    arg(
        "private_dns_zones",
        Ty::List(&Ty::Ref(&["private_dns_zone"])),
        "",
        "Zones in which the endpoint has its names. One zone can serve one site only: see `private_dns_zone`.",
    )
    .required(),
]);

static IP_CONFIGURATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the configuration.").form(&NAME).required().replace(),
        arg("private_ip_address", Ty::Ip, "properties.privateIPAddress", "Address within the subnet.")
            .required()
            .replace(),
        arg("subresource_name", Ty::String, "properties.groupId", "Part of the service.").replace(),
        arg("member_name", Ty::String, "properties.memberName", "Member of this part.").chosen(),
    ],
);

/// Table of `private_endpoint`.
pub static KIND: Kind = Kind {
    name: "private_endpoint",
    about: "Private endpoint: an address of a subnet that leads to one service.",
    type_: TYPE,
    names: NameRule { min: 2, max: 64, ..NameRule::NETWORK },
    args: &[
        RESOURCE_GROUP,
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnet.id", "Subnet of the address.")
            .near()
            .required()
            .replace(),
        arg(CONNECTION, Ty::Block(&PRIVATE_SERVICE_CONNECTION), "", "The service.").wire(Wire::Odd),
        arg(GROUP, Ty::Block(&PRIVATE_DNS_ZONE_GROUP), "", "Private DNS zones with the endpoint's names.")
            .wire(Wire::Odd),
        arg("ip_configuration", Ty::Block(&IP_CONFIGURATION), CONFIGURATIONS, "Address that the stack chooses.")
            .replace(),
        arg(
            "custom_network_interface_name",
            Ty::String,
            "properties.customNetworkInterfaceName",
            "Name of the network interface that Azure makes.",
        )
        .form(&NAME)
        .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "private_ip_address",
        "properties.customDnsConfigs[0].ipAddresses",
        FakeValue::Nothing,
        "Private addresses of the first name of the service.",
    )
    .list()],
    recovery: Recovery { names: Some(names), ..Recovery::NONE },
    drill: Drill::never("it would connect the copies to a production service"),
    durations: Durations { create: 45, update: 20, delete: 60 },
    answers: AnswerStyle::AsyncBody,
    // Azure changes the zones of an endpoint one write at a time.
    serial: Serial::Root,
    in_use: "",
    odd: Overrides {
        objects: Some(objects),
        leads: true,
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &[AUTOMATIC, MANUAL, NAMES, "properties.networkInterfaces"],
        ..SimulatedBehaviour::NONE
    },
    transitions: &[Transition::replace(
        "PropertyChangeNotAllowed",
        GROUP,
        ChangeTest::Together(adds_group),
        "The records of an endpoint belong to a group that exists as long as the endpoint.",
    )],
    adoption: Adoption {
        brings: Some(|found| {
            let interfaces = path::items(found.body, "properties.networkInterfaces");
            interfaces.iter().filter_map(|one| path::text(one, "id")).map(ObjectId::new).collect()
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        exported: &[("private_ip_address", "custom_dns_configs[0].ip_addresses")],
        ..Terraform::BY_RULE
    },
    uncovered: &[
        "extendedLocation",
        "properties.applicationSecurityGroups",
        "properties.billingSku",
        "properties.ipVersionType",
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]
}

storage_account "example" {
  name                     = "drplanexampleendpoint"
  resource_group           = resource_group.example
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

private_dns_zone "example" {
  name           = "privatelink.file.core.windows.net"
  resource_group = resource_group.example
}

private_endpoint "example" {
  resource_group = resource_group.example
  subnet         = subnet.example

  private_service_connection {
    name                        = "files"
    is_manual_connection        = false
    private_connection_resource = storage_account.example
    subresource_names           = ["file"]
  }

  private_dns_zone_group {
    name              = "files"
    private_dns_zones = [private_dns_zone.example]
  }
}
"#,
    left_out: &[("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery")],
    ..crate::providers::azure::KIND
};

/// True if only one of the two has a group.
fn adds_group(before: &JsonMap<String, Json>, after: &JsonMap<String, Json>) -> bool {
    let has = |args: &JsonMap<String, Json>| args.get(GROUP).is_some_and(|value| !value.is_null());
    has(before) != has(after)
}

/// The service, and the zones with its names.
fn names(subject: &Subject<'_>) -> Option<ServiceNames> {
    let connection = subject.args.get(CONNECTION)?;
    let service = path::text(connection, "private_connection_resource")?;
    let parts = connection.get("subresource_names").and_then(Json::as_array).into_iter().flatten();
    let parts: Vec<&str> = parts.filter_map(Json::as_str).collect();
    let zones = subject.args.get(GROUP)?.get("private_dns_zones")?.as_array()?;
    Some(ServiceNames {
        service: format!("{service} {}", parts.join(" ")).to_lowercase(),
        zones: zones.iter().filter_map(Json::as_str).map(ObjectId::new).collect(),
    })
}

fn objects(subject: &Subject<'_>) -> Vec<Object> {
    let group = subject.args.get(GROUP).and_then(|group| path::text(group, "name"));
    let group = group.map(|name| KindType { name: GROUP_TYPE, ..TYPE }.object(subject.id.child(GROUPS, name)));
    std::iter::once(TYPE.object(subject.id.clone())).chain(group).collect()
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some((endpoint, group)) = bodies.split_first_mut() else { return };
    if let Some(block) = subject.args.get(CONNECTION) {
        let mut connection = json!({});
        path::put(&mut connection, "name", block["name"].clone());
        let service =
            block.get("private_connection_resource").or_else(|| block.get("private_connection_resource_alias"));
        for (at, value) in [
            ("properties.privateLinkServiceId", service),
            ("properties.groupIds", block.get("subresource_names")),
            ("properties.requestMessage", block.get("request_message")),
        ] {
            if let Some(value) = value {
                path::put(&mut connection, at, value.clone());
            }
        }
        let is_manual = block.get("is_manual_connection") == Some(&Json::Bool(true));
        path::put(endpoint, if is_manual { MANUAL } else { AUTOMATIC }, Json::from(vec![connection]));
    }
    if let (Some(group), Some(block)) = (group.first_mut(), subject.args.get(GROUP)) {
        let configuration = |zone: &Json| {
            let name = zone.as_str().map(|zone| ObjectId::new(zone).name().replace('.', "-"));
            json!({ "name": name, "properties": { "privateDnsZoneId": zone } })
        };
        let zones = block.get("private_dns_zones").and_then(Json::as_array).into_iter().flatten();
        path::put(group, ZONES, zones.map(configuration).collect());
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some((endpoint, group)) = answers.split_first() else { return };
    let lists = [(AUTOMATIC, false), (MANUAL, true)];
    let found = lists.iter().find_map(|(list, manual)| Some((path::items(endpoint, list).first()?, *manual)));
    if let Some((connection, is_manual)) = found {
        let mut block = json!({ "is_manual_connection": is_manual });
        let service = path::text(connection, "properties.privateLinkServiceId").unwrap_or_default();
        let is_id = service.starts_with('/');
        let service_argument = if is_id { "private_connection_resource" } else { "private_connection_resource_alias" };
        path::put(&mut block, service_argument, Json::from(service));
        for (argument, at) in [
            ("name", "name"),
            ("subresource_names", "properties.groupIds"),
            ("request_message", "properties.requestMessage"),
        ] {
            if let Some(value) = path::get(connection, at).filter(|value| !value.is_null()) {
                path::put(&mut block, argument, value);
            }
        }
        args.insert(CONNECTION.to_owned(), block);
    }
    if let Some(group) = group.first().filter(|group| !group.is_null()) {
        let zones: Json = path::items(group, ZONES)
            .iter()
            .filter_map(|zone| path::get(zone, "properties.privateDnsZoneId"))
            .collect();
        let name = path::text(group, "name").unwrap_or_default();
        args.insert(GROUP.to_owned(), json!({ "name": name, "private_dns_zones": zones }));
    }
}

/// An endpoint that the owner of the service has to approve is ready without that.
fn ready(bodies: &[Json]) -> Readiness {
    let Some(endpoint) = bodies.first().filter(|body| !body.is_null()) else { return Readiness::Yes };
    let statuses = path::items(endpoint, AUTOMATIC).iter().filter_map(|one| path::text(one, STATUS));
    for status in statuses {
        match status {
            "Rejected" | "Disconnected" => {
                return Readiness::Never(format!("the connection to the service is {}", status.to_lowercase()));
            }
            "Pending" => return Readiness::Waits("the service has approved the connection".to_owned()),
            _ => {}
        }
    }
    match path::text(endpoint, "properties.provisioningState") {
        None | Some("Succeeded") => Readiness::Yes,
        Some("Failed") => Readiness::Never("Azure failed to connect it".to_owned()),
        Some(state) => Readiness::Waits(format!("it is connected (state {state})")),
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(block) = subject.args.get(CONNECTION) else { return };
    let has = |name: &str| block.get(name).is_some();
    let mut find = |summary: &str, why: &str, help: &str| {
        findings.push(Finding {
            argument: CONNECTION,
            summary: summary.to_owned(),
            why: why.to_owned(),
            help: help.to_owned(),
        });
    };
    if has("private_connection_resource") == has("private_connection_resource_alias") {
        find(
            "the connection must have exactly one of a service and an alias",
            "",
            "Set `private_connection_resource`, or `private_connection_resource_alias`.",
        );
    }
    let is_manual = block.get("is_manual_connection") == Some(&Json::Bool(true));
    let is_known = block.get("is_manual_connection").is_some_and(Json::is_boolean);
    if is_known && is_manual != has("request_message") {
        let (summary, help) = if is_manual {
            ("a connection that is approved by hand has no `request_message`", "Say who asks, and what for.")
        } else {
            (
                "nobody reads the `request_message` of this connection",
                "Remove it, or set `is_manual_connection = true`.",
            )
        };
        find(summary, "", help);
    }
}

/// The service of a connection exists, where it is one of the simulated account.
fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let connections = path::items(body, AUTOMATIC).iter().chain(path::items(body, MANUAL));
    if connections.count() == 1 {
        return subnet::admit_addresses(cloud, path::items(body, CONFIGURATIONS));
    }
    Err(Refusal {
        status: 400,
        code: "PrivateEndpointMustHaveExactlyOnePrivateLinkServiceConnection",
        message: format!("Private endpoint {} must have exactly one private link service connection.", id.name()),
    })
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let drawn = cloud.guid(&format!("{}#address", id.folded()));
    let Some(body) = cloud.get(id) else { return };
    let chosen =
        path::items(body, CONFIGURATIONS).first().and_then(|one| path::text(one, "properties.privateIPAddress"));
    let range = path::text(body, "properties.subnet.id")
        .and_then(|subnet| subnet::prefixes(cloud.get(&ObjectId::new(subnet))?).into_iter().next());
    let address = chosen.map(str::to_owned).or_else(|| address(&range?, &drawn));
    let services = path::items(body, AUTOMATIC).iter().chain(path::items(body, MANUAL));
    let hosts: Vec<String> = services
        .filter_map(|one| path::text(one, "properties.privateLinkServiceId"))
        .map(|service| ObjectId::new(service).name().to_owned())
        .collect();
    let interface = match (path::text(body, "properties.customNetworkInterfaceName"), id.group()) {
        (Some(name), Some(group)) => format!("{group}/providers/Microsoft.Network/networkInterfaces/{name}"),
        (None, Some(group)) => {
            format!("{group}/providers/Microsoft.Network/networkInterfaces/{}.nic.{drawn}", id.name())
        }
        (_, None) => return,
    };
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, "properties.networkInterfaces", json!([{ "id": interface }]));
    let names: Json =
        hosts.iter().map(|host| json!({ "fqdn": host, "ipAddresses": address.iter().collect::<Vec<_>>() })).collect();
    path::put(body, NAMES, names);
    for (list, status) in [(AUTOMATIC, "Approved"), (MANUAL, "Pending")] {
        for one in path::borrow_mut(body, list).and_then(Json::as_array_mut).into_iter().flatten() {
            path::fill(one, STATUS, status);
            path::fill(one, "properties.privateLinkServiceConnectionState.actionsRequired", "None");
            path::fill(one, "properties.provisioningState", "Succeeded");
        }
    }
}

/// An address of a range. Azure keeps the first four and the last one.
fn address(range: &str, drawn: &str) -> Option<String> {
    let range = Cidr::parse(range).ok()?;
    let usable = range.host_mask().checked_sub(4).filter(|usable| *usable > 0)?;
    let step = u128::from(u32::from_str_radix(drawn.get(..8)?, 16).ok()?) % usable;
    Some(range.address(range.first() + 4 + step))
}

//! Address of a backend pool that consists of addresses: an element of a list in the pool, treated as a resource.

use crate::kinds::table::*;

static PLACE: Membership = Membership {
    owner: "backend_address_pool",
    enclosure: Enclosure::Part("properties.backendAddressPools"),
    list: "properties.loadBalancerBackendAddresses",
    key: "name",
    member: "",
    segment: "addresses",
    owners: Owners::Any,
};

/// Table of `lb_backend_address_pool_address`.
pub static KIND: Kind = Kind {
    name: "lb_backend_address_pool_address",
    about: "Address in a backend pool of addresses: a machine by its private address, or another load balancer.",
    type_: KindType { name: "Microsoft.Network/loadBalancers", version: "2025-09-01" },
    place: Place::Member(&PLACE),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("backend_address_pool", &["lb_backend_address_pool"], "Backend pool of the address."),
        arg("ip_address", Ty::Ip, "properties.ipAddress", "Private address, in `virtual_network`."),
        arg(
            "virtual_network",
            Ty::Ref(&["virtual_network"]),
            "properties.virtualNetwork.id",
            "Virtual network of `ip_address`.",
        )
        .near(),
        arg(
            "backend_address_ip_configuration",
            Ty::Ref(&[]),
            "properties.loadBalancerFrontendIPConfiguration.id",
            "Frontend of a load balancer of one region, for a load balancer with `sku_tier = \"Global\"`.",
        ),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    link: true,
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &["properties.adminState", "properties.subnet.id"],
        ..SimulatedBehaviour::NONE
    },
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

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
}

lb "example" {
  resource_group = resource_group.example

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.example
  }
}

lb_backend_address_pool "example" {
  loadbalancer    = lb.example
  virtual_network = virtual_network.example
}

lb_backend_address_pool_address "example" {
  backend_address_pool = lb_backend_address_pool.example
  ip_address           = "10.10.1.4"
  virtual_network      = virtual_network.example
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    if has("ip_address") == has("backend_address_ip_configuration") {
        findings.push(Finding {
            argument: "ip_address",
            summary: "it needs exactly one of `ip_address` and `backend_address_ip_configuration`".to_owned(),
            why: String::new(),
            help: "Set the private address of a machine, or the frontend of a load balancer of one region.".to_owned(),
        });
    }
}

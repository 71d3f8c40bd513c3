//! Failover groups as read from text: sites, routes, probes, steps, and `for_each` on each of them.

use std::sync::Arc;

use drplan::diagnostic::render_all;
use drplan::stack::{FailoverGroup, Knowledge, Phase, ProbeBefore, Stack, StepOrPhase};
use drplan::value::Value;

use crate::followed::drplan;
use crate::lab::Lab;

const GIVEN: &str = r#"
stack "desk" {}

site "oslo" {
  provider = "azure"
  location = "norwayeast"
}

site "bergen" {
  provider = "azure"
  location = "norwaywest"
}

site "malmo" {
  provider = "azure"
  location = "swedencentral"
}

resource_group "oslo" {
  site = site.oslo
}

resource_group "global" {
  site = site.malmo
}

resource_group "standby" {
  for_each = { bergen = site.bergen, malmo = site.malmo }
  name     = "standby-${each.key}"
  site     = each.value
  presence = "failover"
}

public_ip "home" {
  resource_group    = resource_group.oslo
  allocation_method = "Static"
  sku               = "Standard"
}

public_ip "standby" {
  for_each          = toset(["bergen", "malmo"])
  name              = "standby-${each.key}"
  resource_group    = resource_group.standby[each.key]
  allocation_method = "Static"
  sku               = "Standard"
}

traffic_manager_profile "desk" {
  name                   = "drplan-desk"
  resource_group         = resource_group.global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "drplan-desk"
    ttl           = 30
  }

  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/"
  }
}

traffic_manager_external_endpoint "desk" {
  for_each = {
    oslo   = { priority = 1, target = "drplan-oslo.norwayeast.cloudapp.azure.com" }
    bergen = { priority = 2, target = "drplan-bergen.norwaywest.cloudapp.azure.com" }
    plain  = { priority = 3, target = "plain.example.com" }
  }
  name     = each.key
  profile  = traffic_manager_profile.desk
  target   = each.value.target
  priority = each.value.priority
}

dns_zone "desk" {
  name           = "desk.example.org"
  resource_group = resource_group.global
}

dns_a_record "desk" {
  name    = "app"
  zone    = dns_zone.desk
  ttl     = 60
  records = [public_ip.home.ip_address]
}
"#;

fn stack(groups: &str) -> Stack {
    stack_with(groups, &[])
}

fn stack_with(groups: &str, variables: &[(&str, &str)]) -> Stack {
    let mut lab = Lab::new(1);
    lab.variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (program, found, sources) = lab.read_with_diagnostics(&format!("{GIVEN}{groups}"));
    assert!(!found.has_errors(), "{}", render_all(&found, &sources, 100));
    program.evaluate(&Knowledge::default()).expect("a stack").0
}

fn names<'a>(names: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<&'a str> {
    names.into_iter().map(|name| &**name).collect()
}

fn only(stack: &Stack) -> &FailoverGroup {
    stack.failover_groups.values().next().expect("a failover group")
}

#[test]
fn standby_sites_keep_their_order_and_bring_their_resource_groups() {
    let stack = stack(
        r#"
failover_group "desk" {
  from = site.oslo
  to   = [site.malmo, site.bergen]
}
"#,
    );
    let group = only(&stack);
    assert_eq!((names(group.standbys()), &**group.first_standby()), (vec!["malmo", "bergen"], "malmo"));
    assert_eq!(names(group.sites()), ["oslo", "malmo", "bergen"]);
    assert_eq!(
        (group.sites_in_prose(), group.standbys_in_prose()),
        ("oslo, malmo and bergen".to_owned(), "`malmo` or `bergen`".to_owned())
    );
    assert_eq!(group.stand_up.len(), 2, "{:?}", group.stand_up);
}

#[test]
fn every_block_of_a_failover_group_repeats_with_for_each() {
    let stack = stack(
        r#"
failover_group "desk" {
  for_each = { a = site.bergen, b = site.malmo }
  from     = site.oslo
  to       = each.value

  route "name" {
    for_each = toset(["www", "api"])
    record   = dns_a_record.desk
    from     = "192.0.2.1"
    to       = each.key == "www" ? "192.0.2.2" : "192.0.2.3"
  }

  route "traffic" {
    profile      = traffic_manager_profile.desk
    from         = traffic_manager_external_endpoint.desk["oslo"]
    to           = traffic_manager_external_endpoint.desk["plain"]
    fallback_for = route.name["www"]
  }

  probe "front" {
    for_each = { x = "x.example.com", y = "y.example.com" }
    url      = "https://${each.value}/${each.key}"
  }

  step "scale" {
    for_each = toset(["x", "y"])

    wait {
      for = "1m"
    }
  }

  step "note" {
    after  = [step.scale]
    before = [step.last, route]

    wait {
      for = "1m"
    }
  }

  step "last" {
    after = [step.scale["y"], sync]

    approval {
      message = "Group ${each.key}?"
    }
  }
}
"#,
    );
    assert_eq!(names(stack.failover_groups.keys()), [r#"desk["a"]"#, r#"desk["b"]"#]);
    let group = stack.failover_group("desk[b]").expect("an instance by its name without quotes");
    assert_eq!((&*group.name, names(group.standbys())), (r#"desk["b"]"#, vec!["malmo"]));
    assert_eq!(stack.failover_group(r#"failover_group.desk["a"]"#).map(|group| &*group.name), Some(r#"desk["a"]"#));
    assert!(stack.failover_group("desk").is_none());
    assert_eq!(names(group.routes.iter().map(|one| &one.name)), [r#"name["api"]"#, r#"name["www"]"#, "traffic"]);
    assert_eq!(names(group.fallbacks(r#"name["www"]"#).map(|one| &one.name)), ["traffic"]);
    let urls: Vec<_> = group.probes.iter().map(|probe| (&*probe.name, probe.url.as_str())).collect();
    assert_eq!(
        urls,
        [(r#"front["x"]"#, Some("https://x.example.com/x")), (r#"front["y"]"#, Some("https://y.example.com/y"))]
    );
    let step = |name: &str| group.steps.iter().find(|step| *step.name == *name).expect("a step");
    let of = |name: &str| StepOrPhase::Step(name.into());
    assert_eq!(step("note").after, [of(r#"scale["x"]"#), of(r#"scale["y"]"#)]);
    assert_eq!(step("note").before, [of("last"), StepOrPhase::Phase(Phase::Route)]);
    assert_eq!(step("last").after, [of(r#"scale["y"]"#), StepOrPhase::Phase(Phase::Sync)]);
    assert_eq!(step("last").arguments["message"].as_str(), Some("Group b?"));
    let again = stack.resolve_group(&group.name, &Knowledge::default()).expect("no error").expect("the instance");
    assert_eq!(again, *group);
}

#[test]
fn a_route_has_one_value_for_each_site_and_may_wait_for_it() {
    let stack = stack(
        r#"
failover_group "desk" {
  from = site.oslo
  to   = [site.bergen, site.malmo]

  route "record" {
    record = dns_a_record.desk
    values = {
      oslo   = public_ip.home.ip_address
      bergen = public_ip.standby["bergen"].ip_address
      malmo  = "192.0.2.30"
    }
  }

  route "one" {
    profile = traffic_manager_profile.desk
    from    = traffic_manager_external_endpoint.desk["oslo"]
    to      = traffic_manager_external_endpoint.desk["bergen"]
  }

  route "all" {
    profile = traffic_manager_profile.desk
    from    = traffic_manager_external_endpoint.desk["oslo"]
    to      = traffic_manager_external_endpoint.desk["plain"]
  }
}
"#,
    );
    let group = only(&stack);
    let route = |name: &str| group.route(name).expect("a route");
    let Some(Value::Unknown(unknown)) = route("record").value_at("bergen") else {
        panic!("the address is unknown before the site is up: {:?}", route("record"));
    };
    let waits: Vec<_> = unknown.waits_for.iter().map(drplan::value::Awaited::as_str).collect();
    assert_eq!(waits, [r#"public_ip.standby["bergen"].ip_address"#]);
    assert_eq!(route("record").value_at("malmo").and_then(Value::as_str), Some("192.0.2.30"));
    let sites = |name: &str| names(route(name).values.keys());
    assert_eq!(sites("one"), ["oslo", "bergen"], "the name of the endpoint holds the region of one standby");
    assert_eq!(sites("all"), ["oslo", "bergen", "malmo"], "an endpoint of no site is for every standby");
}

#[test]
fn a_probe_belongs_to_the_site_that_its_url_leads_to() {
    let stack = stack(
        r#"
failover_group "desk" {
  from = site.oslo
  to   = [site.bergen, site.malmo]

  probe "reference" {
    url = "https://${public_ip.standby["bergen"].ip_address}/"
  }

  probe "region" {
    url    = "https://desk.norwayeast.cloudapp.azure.com/"
    before = "quiesce"
  }

  probe "profile" {
    url = "https://${traffic_manager_profile.desk.fqdn}/"
  }

  probe "text" {
    url = "https://desk.example.org/"
  }

  probe "written" {
    url    = "https://desk.example.org/"
    at     = site.malmo
    before = route
  }
}
"#,
    );
    let at: Vec<_> =
        only(&stack).probes.iter().map(|probe| (&*probe.name, probe.at.as_deref(), probe.before)).collect();
    assert_eq!(
        at,
        [
            ("reference", Some("bergen"), None),
            ("region", Some("oslo"), Some(ProbeBefore::Quiesce)),
            ("profile", None, None),
            ("text", None, None),
            ("written", Some("malmo"), Some(ProbeBefore::Route)),
        ]
    );
}

#[test]
fn a_step_is_part_of_moves_to_its_sites_in_its_modes() {
    let stack = stack(
        r#"
failover_group "desk" {
  from = site.oslo
  to   = [site.bergen, site.malmo]

  step "cold" {
    on    = ["up"]
    to    = site.malmo
    modes = ["forced"]

    wait {
      for = "1m"
    }
  }

  step "any" {
    wait {
      for = "1m"
    }
  }
}
"#,
    );
    let [cold, any] = only(&stack).steps.as_slice() else { panic!("two steps") };
    assert!(cold.is_part_of("up", "forced", "malmo"));
    assert!(!cold.is_part_of("up", "forced", "bergen"));
    assert!(!cold.is_part_of("up", "planned", "malmo"));
    assert!(!cold.is_part_of("down", "forced", "malmo"));
    assert!(any.is_part_of("down", "planned", "oslo"));
}

#[test]
fn an_approval_shows_no_sensitive_value() {
    let groups = r#"
variable "ticket" {
  type      = string
  sensitive = true
}

locals {
  shouted = upper(var.ticket)
}

failover_group "desk" {
  from = site.oslo
  to   = site.bergen

  step "template" {
    approval {
      message = "Is ${var.ticket} open, and 1 + 1 = ${1 + 1}?"
    }
  }

  step "function" {
    approval {
      message = format("Is %s open?", local.shouted)
    }
  }

  step "condition" {
    approval {
      message = "It is ${var.ticket == "hush-hush" ? "open" : "closed"}%{if var.ticket != ""}, and set%{endif}."
    }
  }

  step "plain" {
    approval {
      message = "Continue?"
    }
  }
}
"#;
    let stack = stack_with(groups, &[("ticket", "hush-hush")]);
    let messages: Vec<_> = only(&stack).steps.iter().map(|step| step.arguments["message"].clone()).collect();
    assert!(messages.iter().all(|message| matches!(message, Value::String(_))), "{messages:?}");
    let texts: Vec<_> = messages.iter().filter_map(Value::as_str).collect();
    assert_eq!(
        texts,
        ["Is (sensitive) open, and 1 + 1 = 2?", "(sensitive)", "It is (sensitive)(sensitive).", "Continue?"]
    );
}

/// Machines at two sites behind a record, with a probe for each site.
const WATCHED: &str = r#"
stack "watched" {}

site "home" {
  provider = "azure"
  location = "norwayeast"
}

site "away" {
  provider = "azure"
  location = "swedencentral"
}

locals {
  at = { home = resource_group.home, away = resource_group.away }
}

resource_group "home" {
  site = site.home
}

resource_group "away" {
  site = site.away
}

virtual_network "net" {
  for_each       = local.at
  resource_group = each.value
  address_space  = ["10.0.0.0/16"]
}

subnet "web" {
  for_each         = local.at
  virtual_network  = virtual_network.net[each.key]
  address_prefixes = ["10.0.1.0/24"]
}

public_ip "web" {
  for_each          = local.at
  resource_group    = each.value
  allocation_method = "Static"
  domain_name_label = "watched-${each.key}"
}

network_interface "web" {
  for_each       = local.at
  resource_group = each.value

  ip_configuration {
    name                          = "ip"
    subnet                        = subnet.web[each.key]
    private_ip_address_allocation = "Dynamic"
    public_ip_address             = public_ip.web[each.key]
  }
}

linux_virtual_machine "web" {
  for_each           = local.at
  resource_group     = each.value
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.web[each.key]]

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}

dns_zone "org" {
  name           = "watched.example.org"
  resource_group = resource_group.away
}

dns_cname_record "www" {
  zone   = dns_zone.org
  ttl    = 60
  record = public_ip.web["home"].fqdn
}

failover_group "web" {
  from = site.home
  to   = site.away

  route "www" {
    record = dns_cname_record.www
    values = { home = public_ip.web["home"].fqdn, away = public_ip.web["away"].fqdn }
  }

  probe "home" {
    url = "https://${public_ip.web["home"].fqdn}/"
    at  = site.home
  }

  probe "away" {
    url = "https://${public_ip.web["away"].fqdn}/"
    at  = site.away
  }
}
"#;

#[test]
fn a_forced_move_asks_no_probe_of_the_lost_site() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("stack.hcl"), WATCHED).expect("a file");
    let (said, exit) = drplan(dir.path(), &["apply", "--yes"]);
    assert_eq!(exit, 0, "{said}");
    drplan(dir.path(), &["simulator", "fault", "lose", "norwayeast"]);
    let forced = ["failover-group", "up", "--forced", "--lost", "home", "--yes"];
    let (said, exit) = drplan(dir.path(), &forced);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("watched-away.swedencentral.cloudapp.azure.com/ answered 200"), "{said}");
    assert!(!said.contains("watched-home.norwayeast.cloudapp.azure.com/"), "{said}");
}

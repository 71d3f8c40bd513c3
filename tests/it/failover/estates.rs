//! Random stacks with one or two failover groups of two or three sites: stores, workloads, several sets of users, and
//! probes of each site.

use std::fmt::Write;

use super::groups::{COSMOS, POSTGRES, SIDE, SQL, STORAGE, steps};
use crate::seeds::Numbers;

/// The sites, with their regions; home is the first. `hub` has what no outage of the others reaches.
pub const SITES: [(&str, &str); 3] = [("home", "canadacentral"), ("away", "canadaeast"), ("third", "westus2")];

const HEAD: &str = r#"
stack "estate" {
  objectives {
    rto = "1h"
    rpo = "5m"
  }
}

site "home" {
  provider = "azure"
  location = "canadacentral"
}

site "away" {
  provider = "azure"
  location = "canadaeast"
}

site "third" {
  provider = "azure"
  location = "westus2"
}

site "hub" {
  provider = "azure"
  location = "eastus2"
}
"#;

const PROFILE: &str = r#"
traffic_manager_profile "{g}" {
  name                   = "seed-{g}"
  resource_group         = resource_group.{g}-hub
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "seed-{g}"
    ttl           = {ttl}
  }

  monitor_config {
    protocol                     = "HTTPS"
    port                         = 443
    path                         = "/healthz"
    interval_in_seconds          = {interval}
    timeout_in_seconds           = 5
    tolerated_number_of_failures = {tolerated}
  }
}

traffic_manager_azure_endpoint "{g}-home" {
  profile         = traffic_manager_profile.{g}
  target_resource = public_ip.{g}-home
  priority        = 1
}
"#;

/// A group of a random stack.
#[derive(Debug, Clone)]
pub struct GroupModel {
    pub name: &'static str,
    /// Its standby sites, in order of preference.
    pub standbys: Vec<&'static str>,
    /// False if a store cannot be failed over during an outage of its region.
    pub can_be_forced: bool,
}

/// A random stack.
pub struct Estate {
    pub text: String,
    pub groups: Vec<GroupModel>,
}

impl Estate {
    pub fn random(numbers: &mut Numbers) -> Self {
        let mut text = HEAD.to_owned();
        let mut groups = vec![Writer::new("a", numbers).group(true, &mut text)];
        if numbers.percent(30) {
            let has_workloads = numbers.percent(20);
            groups.push(Writer::new("b", numbers).group(has_workloads, &mut text));
        }
        Self { text, groups }
    }
}

/// Writes the blocks of one group.
struct Writer<'n> {
    g: &'static str,
    numbers: &'n mut Numbers,
    standbys: Vec<&'static str>,
    /// The standbys whose workload always runs.
    warm: Vec<&'static str>,
}

impl<'n> Writer<'n> {
    fn new(g: &'static str, numbers: &'n mut Numbers) -> Self {
        let standbys = match numbers.below(6) {
            0 => vec!["away"],
            1 => vec!["third"],
            2 => vec!["third", "away"],
            _ => vec!["away", "third"],
        };
        let warm = standbys.iter().copied().filter(|_| numbers.percent(20)).collect();
        Self { g, numbers, standbys, warm }
    }

    fn group(mut self, has_workloads: bool, text: &mut String) -> GroupModel {
        let g = self.g;
        for (site, at) in [("home", "home"), ("away", "away"), ("third", "third"), ("hub", "hub")] {
            let _ = write!(text, "\nresource_group \"{g}-{site}\" {{\n  site = site.{at}\n}}\n");
        }
        let cold: Vec<_> = self.standbys.iter().copied().filter(|site| !self.warm.contains(site)).collect();
        for site in cold.iter().filter(|_| has_workloads) {
            let _ = write!(
                text,
                "\nresource_group \"{g}-up-{site}\" {{\n  site     = site.{site}\n  presence = \"failover\"\n}}\n"
            );
        }
        let (promote, can_be_forced) = self.stores(text);
        if has_workloads {
            self.workloads(text);
        }
        let mut group = format!("\nfailover_group \"{g}\" {{\n  from    = site.home\n");
        let to: Vec<_> = self.standbys.iter().map(|site| format!("site.{site}")).collect();
        let _ = writeln!(group, "  to      = [{}]", to.join(", "));
        let _ = writeln!(group, "  promote = [{}]", promote.join(", "));
        if has_workloads {
            let cold: Vec<_> = cold.iter().map(|site| format!("resource_group.{g}-up-{site}")).collect();
            let _ = writeln!(group, "  stand_up = [{}]", cold.join(", "));
            let _ = writeln!(group, "  fence   = [traffic_manager_azure_endpoint.{g}-home]");
            if self.numbers.percent(70) {
                let _ = writeln!(group, "  quiesce = [linux_virtual_machine_scale_set.{g}-home]");
            }
        } else {
            let _ = writeln!(group, "  stand_up = []");
        }
        self.routes(has_workloads, &mut group, text);
        if has_workloads {
            self.probes(&mut group);
            group.push_str(&steps(self.numbers));
        }
        group.push_str("}\n");
        text.push_str(&group);
        GroupModel { name: g, standbys: self.standbys, can_be_forced }
    }

    /// Stores with their replicas, and true if each can be failed over during an outage.
    fn stores(&mut self, text: &mut String) -> (Vec<String>, bool) {
        let (g, count) = (self.g, self.numbers.below(4));
        let (mut promote, mut can_be_forced) = (Vec::new(), true);
        for n in 0..count {
            let id = format!("{g}{n}");
            match self.numbers.below(6) {
                0 | 1 => {
                    for site in self.standbys.clone() {
                        let id = format!("{id}{site}");
                        text.push_str(&self.place(SQL, &id, site));
                        promote.push(format!("geo_replica.data{id}"));
                    }
                }
                2 | 3 => promote.extend(self.cosmos(&id, text)),
                4 => {
                    let site = *self.numbers.pick(&self.standbys).expect("a standby");
                    text.push_str(&self.place(POSTGRES, &id, site));
                    promote.push(format!("geo_replica.data{id}"));
                }
                // The pair of the home region is given.
                _ if self.standbys.contains(&"away") && self.numbers.percent(50) => {
                    text.push_str(&self.place(STORAGE, &id, "away"));
                    promote.push(format!("geo_replica.data{id}"));
                    can_be_forced = false;
                }
                _ => {}
            }
        }
        (promote, can_be_forced)
    }

    /// A template of a store with its replica at a site.
    fn place(&self, template: &str, id: &str, site: &str) -> String {
        let g = self.g;
        template
            .replace("resource_group.home", &format!("resource_group.{g}-home"))
            .replace("resource_group.away", &format!("resource_group.{g}-{site}"))
            .replace("site.secondary", &format!("site.{site}"))
            .replace("{n}", id)
    }

    /// An account with a region at each standby.
    fn cosmos(&mut self, id: &str, text: &mut String) -> Vec<String> {
        let (account, _) = COSMOS.split_once("\ngeo_replica").expect("a replica");
        let account = account.replace("resource_group.{where}", &format!("resource_group.{}-hub", self.g));
        let account = account.replace("  offer_type ", "  site           = site.home\n  offer_type ");
        text.push_str(&account.replace("{n}", id));
        let turned = self.numbers.percent(30);
        let count = self.standbys.len();
        let replica = |(at, site): (usize, &&'static str)| {
            let priority = if turned { count - at } else { at + 1 };
            let _ = write!(
                text,
                "\ngeo_replica \"data{id}{site}\" {{\n  source            = cosmosdb_account.data{id}\n  site              = \
                 site.{site}\n  failover_priority = {priority}\n}}\n"
            );
            format!("geo_replica.data{id}{site}")
        };
        self.standbys.iter().enumerate().map(replica).collect()
    }

    /// A workload at each site, and the profile that leads users to it.
    fn workloads(&mut self, text: &mut String) {
        let g = self.g;
        let base = if g == "a" { 10 } else { 40 };
        for (octet, site) in (base..).zip(["home"].into_iter().chain(self.standbys.iter().copied())) {
            let group = match site == "home" || self.warm.contains(&site) {
                true => format!("{g}-{site}"),
                false => format!("{g}-up-{site}"),
            };
            let side = SIDE
                .replace("resource_group.{net}", &format!("resource_group.{g}-{site}"))
                .replace("resource_group.{side}", &format!("resource_group.{group}"))
                .replace("{net}", &format!("{g}-{site}"))
                .replace("{side}", &format!("{g}-{site}"))
                .replace("{octet}", &octet.to_string())
                .replace("{instances}", &(1 + self.numbers.below(3)).to_string());
            text.push_str(&side);
        }
        let ttl = *self.numbers.pick(&["10", "30", "60"]).expect("a non-empty slice");
        let interval = *self.numbers.pick(&["10", "30"]).expect("a non-empty slice");
        let tolerated = self.numbers.below(4).to_string();
        let profile = PROFILE.replace("{g}", g).replace("{ttl}", ttl).replace("{interval}", interval);
        text.push_str(&profile.replace("{tolerated}", &tolerated));
        for (priority, site) in (2..).zip(&self.standbys) {
            let host = host(g, site);
            let _ = write!(
                text,
                "\ntraffic_manager_external_endpoint \"{g}-{site}\" {{\n  profile  = traffic_manager_profile.{g}\n  target   = \
                 \"{host}\"\n  priority = {priority}\n  enabled  = false\n}}\n"
            );
        }
    }

    /// The routes of the group, each for users of its own or as a fallback of another.
    fn routes(&mut self, has_workloads: bool, group: &mut String, text: &mut String) {
        let g = self.g;
        if has_workloads {
            let ends: Vec<_> = self
                .standbys
                .iter()
                .map(|site| format!("{site} = traffic_manager_external_endpoint.{g}-{site}"))
                .collect();
            let _ = write!(
                group,
                "\n  route \"front\" {{\n    profile = traffic_manager_profile.{g}\n    values  = {{ home = \
                 traffic_manager_azure_endpoint.{g}-home, {} }}\n  }}\n",
                ends.join(", ")
            );
        }
        let _ = write!(
            text,
            "\ndns_zone \"{g}\" {{\n  name           = \"{g}.example.net\"\n  resource_group = resource_group.{g}-hub\n}}\n"
        );
        let sites: Vec<&str> = ["home"].into_iter().chain(self.standbys.iter().copied()).collect();
        let record = |name: &str, values: &dyn Fn(&str) -> String, first: &str, kind: &str, more: &str| {
            let values: Vec<_> = sites.iter().map(|site| format!("{site} = {}", values(site))).collect();
            let block = format!(
                "\n{kind} \"{g}-{name}\" {{\n  name = \"{name}\"\n  zone = dns_zone.{g}\n  ttl  = 60\n  {first}\n}}\n"
            );
            let route = format!(
                "\n  route \"{name}\" {{\n    record = {kind}.{g}-{name}\n    values = {{ {} }}\n{more}  }}\n",
                values.join(", ")
            );
            (block, route)
        };
        let mut all = Vec::new();
        if has_workloads && self.numbers.percent(40) {
            let more = if self.numbers.percent(50) { "    fallback_for = route.front\n" } else { "" };
            let first = format!("record = \"{}\"", host(g, "home"));
            all.push(record("www", &|site| format!("\"{}\"", host(g, site)), &first, "dns_cname_record", more));
        }
        if !has_workloads || self.numbers.percent(35) {
            let name = |site: &str| format!("\"api-{site}.example.org\"");
            all.push(record("api", &name, &format!("record = {}", name("home")), "dns_cname_record", ""));
        }
        if has_workloads && self.numbers.percent(25) {
            let address = |site: &str| format!("public_ip.{g}-{site}.ip_address");
            let first = format!("records = [{}]", address("home"));
            all.push(record("direct", &address, &first, "dns_a_record", ""));
        }
        for (block, route) in all {
            text.push_str(&block);
            group.push_str(&route);
        }
    }

    fn probes(&mut self, group: &mut String) {
        let g = self.g;
        for site in ["home"].into_iter().chain(self.standbys.clone()) {
            if self.numbers.percent(60) {
                let before = *self.numbers.pick(&["route", "route", "quiesce"]).expect("a non-empty slice");
                let _ = write!(
                    group,
                    "\n  probe \"{site}\" {{\n    url    = \"https://${{public_ip.{g}-{site}.ip_address}}/healthz\"\n    \
                     status = 200\n    within = \"10m\"\n    before = \"{before}\"\n  }}\n"
                );
            }
        }
        if self.numbers.percent(40) {
            let _ = write!(
                group,
                "\n  probe \"name\" {{\n    url    = \"https://${{traffic_manager_profile.{g}.fqdn}}/healthz\"\n    status = \
                 200\n    within = \"10m\"\n  }}\n"
            );
        }
    }
}

/// The public name of a group's workload at a site.
fn host(g: &str, site: &str) -> String {
    let region = SITES.iter().find(|(name, _)| *name == site).map_or("", |(_, region)| region);
    format!("seed-{g}-{site}.{region}.cloudapp.azure.com")
}

//! Random stacks of related resources, and random edits of them, derived from one generator of numbers.

use std::fmt::Write;

/// Random numbers from a seed (SplitMix64: Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// True with this percentage.
    pub fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// A random item.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// Template of a kind.
struct KindTemplate {
    kind: &'static str,
    /// Arguments that are references, and the kinds that they refer to.
    needs: &'static [(&'static str, &'static str)],
    /// Prefix of its name; empty if it has none.
    name: &'static str,
    /// Relative frequency.
    weight: usize,
    /// Other arguments: `{n}` is a number of its own, `{update}` and `{replace}` are numbers that edits change, and
    /// `{site}` is the site.
    rest: &'static str,
}

const SHAPES: &[KindTemplate] = &[
    KindTemplate {
        kind: "resource_group",
        needs: &[],
        name: "rg",
        weight: 8,
        rest: "site = site.{site}\ntags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "virtual_network",
        needs: &[("resource_group", "resource_group")],
        name: "net",
        weight: 8,
        rest: "address_space = [\"10.{n}.0.0/16\"]\ntags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "subnet",
        needs: &[("virtual_network", "virtual_network")],
        name: "sub",
        weight: 10,
        rest: "address_prefixes = [\"10.{parent}.{n}.0/24\"]",
    },
    KindTemplate {
        kind: "vnet_peering",
        needs: &[("", "virtual_network"), ("", "virtual_network")],
        name: "",
        weight: 4,
        rest: "between = [{0}, {1}]",
    },
    KindTemplate {
        kind: "network_security_group",
        needs: &[("resource_group", "resource_group")],
        name: "nsg",
        weight: 5,
        rest: "tags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "subnet_network_security_group_association",
        needs: &[("subnet", "subnet"), ("network_security_group", "network_security_group")],
        name: "",
        weight: 5,
        rest: "",
    },
    KindTemplate {
        kind: "route_table",
        needs: &[("resource_group", "resource_group")],
        name: "rt",
        weight: 3,
        rest: "route {\n name = \"r\"\n address_prefix = \"10.{update}.0.0/16\"\n next_hop_type = \"None\"\n}",
    },
    KindTemplate {
        kind: "public_ip",
        needs: &[("resource_group", "resource_group")],
        name: "ip",
        weight: 6,
        rest: "allocation_method = \"Static\"\nzones = [\"{replace}\"]\nidle_timeout_in_minutes = {update}\ndomain_name_label = \"drplan-ip-{n}\"",
    },
    KindTemplate {
        kind: "lb",
        needs: &[("resource_group", "resource_group"), ("", "public_ip")],
        name: "lb",
        weight: 5,
        rest: "tags = { v = \"{update}\" }\nfrontend_ip_configuration {\n name = \"front\"\n public_ip_address = {1}\n}",
    },
    KindTemplate {
        kind: "lb_backend_address_pool",
        needs: &[("loadbalancer", "lb")],
        name: "pool",
        weight: 5,
        rest: "",
    },
    KindTemplate {
        kind: "lb_probe",
        needs: &[("loadbalancer", "lb")],
        name: "probe",
        weight: 5,
        rest: "protocol = \"Tcp\"\nport = 4{n}\ninterval_in_seconds = 1{update}",
    },
    KindTemplate {
        kind: "storage_account",
        needs: &[("resource_group", "resource_group")],
        name: "drplanst",
        weight: 5,
        rest: "account_tier = \"Standard\"\naccount_replication_type = \"LRS\"\ninfrastructure_encryption_enabled = {bool}\ntags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "storage_container",
        needs: &[("storage_account", "storage_account")],
        name: "box",
        weight: 6,
        rest: "metadata = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "user_assigned_identity",
        needs: &[("resource_group", "resource_group")],
        name: "id",
        weight: 3,
        rest: "tags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "role_assignment",
        needs: &[("scope", "resource_group"), ("", "user_assigned_identity")],
        name: "",
        weight: 3,
        rest: "role_definition_name = \"Reader\"\nprincipal_id = {1}.principal_id",
    },
    KindTemplate {
        kind: "mssql_server",
        needs: &[("resource_group", "resource_group")],
        name: "drplan-sql",
        weight: 3,
        rest: "version = \"12.0\"\nadministrator_login = \"admin{replace}\"\nadministrator_login_password = \"an example, n0t {update}\"",
    },
    KindTemplate {
        kind: "mssql_database",
        needs: &[("server", "mssql_server")],
        name: "db",
        weight: 3,
        rest: "sku_name = \"S1\"\nmax_size_gb = {update}0\ncollation = \"C{replace}\"",
    },
    KindTemplate {
        kind: "dns_zone",
        needs: &[("resource_group", "resource_group")],
        name: "drplan-zone.com-",
        weight: 3,
        rest: "tags = { v = \"{update}\" }",
    },
    KindTemplate {
        kind: "dns_a_record",
        needs: &[("zone", "dns_zone")],
        name: "a",
        weight: 4,
        rest: "ttl = 6{update}\nrecords = [\"192.0.2.{n}\"]",
    },
    KindTemplate {
        kind: "dns_cname_record",
        needs: &[("zone", "dns_zone")],
        name: "c",
        weight: 3,
        rest: "ttl = 6{update}\nrecord = \"x{n}.example.com\"",
    },
    KindTemplate {
        kind: "traffic_manager_profile",
        needs: &[("resource_group", "resource_group")],
        name: "tm",
        weight: 3,
        rest: "traffic_routing_method = \"Priority\"\ndns_config {\n relative_name = \"drplan-tm-{n}\"\n ttl = 3{update}\n}\nmonitor_config {\n protocol = \"HTTPS\"\n port = 443\n path = \"/\"\n}",
    },
    KindTemplate {
        kind: "traffic_manager_external_endpoint",
        needs: &[("profile", "traffic_manager_profile")],
        name: "ext",
        weight: 4,
        rest: "target = \"t{n}.example.com\"\npriority = {n}\nenabled = {bool}",
    },
    KindTemplate {
        kind: "traffic_manager_azure_endpoint",
        needs: &[("profile", "traffic_manager_profile"), ("target_resource", "public_ip")],
        name: "az",
        weight: 3,
        rest: "priority = {n}",
    },
    KindTemplate {
        kind: "management_lock",
        needs: &[("scope", "virtual_network")],
        name: "lock",
        weight: 2,
        rest: "lock_level = \"CanNotDelete\"",
    },
];

/// One resource of a random stack.
#[derive(Debug, Clone)]
struct Item {
    /// Number of its own, constant while it is in the stack.
    own: usize,
    shape: usize,
    label: usize,
    name: usize,
    site: &'static str,
    update: usize,
    replace: usize,
    /// Numbers of the resources that it refers to.
    refers: Vec<usize>,
}

/// A random stack.
#[derive(Debug, Clone, Default)]
pub struct StackModel {
    items: Vec<Item>,
    fresh: usize,
}

impl StackModel {
    /// A stack of about this many resources.
    pub fn random(numbers: &mut Numbers, count: usize) -> Self {
        let mut model = Self::default();
        for _ in 0..count {
            model.add(numbers);
        }
        model
    }

    /// Changes something, and returns a description.
    pub fn edit(&mut self, numbers: &mut Numbers) -> String {
        let at = numbers.below(self.items.len());
        let choice = numbers.below(100);
        let Some(item) = self.items.get_mut(at) else { return self.add(numbers) };
        let address = address(item);
        match choice {
            0..20 => {
                item.update = 1 + (item.update + numbers.below(8)) % 9;
                format!("update {address}")
            }
            20..35 => {
                item.replace = 1 + item.replace % 3;
                format!("replace {address}")
            }
            35..55 => {
                // Names come from few numbers, so that some return and some are reused by other resources.
                item.name = 1 + numbers.below(12);
                format!("name {address} {}", item.name)
            }
            55..62 => {
                self.fresh += 1;
                item.label = self.fresh;
                format!("call {address} {}", item.label)
            }
            62..68 => {
                item.site = if item.site == "east" { "west" } else { "east" };
                format!("site {address}")
            }
            68..74 => {
                let (shape, own) = (item.shape, item.own);
                match self.references(shape, own, numbers) {
                    Some(refers) => self
                        .items
                        .iter_mut()
                        .filter(|item| item.own == own)
                        .for_each(|item| item.refers = refers.clone()),
                    None => return "nothing".to_owned(),
                }
                format!("move {address}")
            }
            74..88 => {
                let own = item.own;
                self.remove(own);
                format!("remove {address}")
            }
            _ => self.add(numbers),
        }
    }

    fn add(&mut self, numbers: &mut Numbers) -> String {
        let all: usize = SHAPES.iter().map(|shape| shape.weight).sum();
        let mut drawn = numbers.below(all);
        let shape = SHAPES.iter().position(|shape| {
            let here = drawn < shape.weight;
            drawn = drawn.saturating_sub(shape.weight);
            here
        });
        let shape = shape.filter(|_| !self.items.is_empty()).unwrap_or(0);
        self.fresh += 1;
        let own = self.fresh;
        let Some(refers) = self.references(shape, own, numbers) else { return "nothing".to_owned() };
        let site = if numbers.percent(50) { "east" } else { "west" };
        let item = Item { own, shape, label: own, name: own, site, update: 4, replace: 1, refers };
        let said = format!("add {}", address(&item));
        // Referenced resources are at any position: order has no meaning in a stack.
        let at = numbers.below(self.items.len() + 1);
        self.items.insert(at, item);
        said
    }

    fn references(&self, shape: usize, own: usize, numbers: &mut Numbers) -> Option<Vec<usize>> {
        let mut refers = Vec::new();
        for (_, kind) in SHAPES[shape].needs {
            let fitting =
                |item: &&Item| SHAPES[item.shape].kind == *kind && item.own != own && !refers.contains(&item.own);
            let candidates: Vec<usize> = self.items.iter().filter(fitting).map(|item| item.own).collect();
            refers.push(*numbers.pick(&candidates)?);
        }
        let alone = |other: &Item| {
            other.own == own || other.shape != shape || !excludes(SHAPES[shape].kind, &other.refers, &refers)
        };
        self.items.iter().all(alone).then_some(refers)
    }

    fn remove(&mut self, own: usize) {
        let mut gone = vec![own];
        while let Some(own) = gone.pop() {
            self.items.retain(|item| item.own != own);
            gone.extend(self.items.iter().filter(|item| item.refers.contains(&own)).map(|item| item.own));
        }
    }

    /// Removes all locks.
    pub fn unlock(&mut self) {
        self.items.retain(|item| SHAPES[item.shape].kind != "management_lock");
    }

    /// Text of the stack.
    pub fn text(&self) -> String {
        let mut text = String::from("stack \"random\" {}\n");
        for (site, location) in [("east", "canadacentral"), ("west", "canadaeast")] {
            let _ = write!(text, "site \"{site}\" {{\n  provider = \"azure\"\n  location = \"{location}\"\n}}\n");
        }
        for item in &self.items {
            self.write(item, &mut text);
        }
        text
    }

    fn write(&self, item: &Item, text: &mut String) {
        let shape = &SHAPES[item.shape];
        let target = |own: usize| self.items.iter().find(|item| item.own == own);
        let _ = writeln!(text, "{} \"i{}\" {{", shape.kind, item.label);
        if !shape.name.is_empty() {
            let _ = writeln!(text, "  name = \"{}{}\"", shape.name, item.name);
        }
        let mut rest = shape.rest.to_owned();
        for (at, ((argument, _), own)) in shape.needs.iter().zip(&item.refers).enumerate() {
            let to = target(*own).map(address).unwrap_or_default();
            if !argument.is_empty() {
                let _ = writeln!(text, "  {argument} = {to}");
            }
            rest = rest.replace(&format!("{{{at}}}"), &to);
        }
        let parent = item.refers.first().and_then(|own| target(*own)).map_or(0, |parent| parent.own % 200);
        for (word, value) in [
            ("{n}", (item.own % 200).to_string()),
            ("{parent}", parent.to_string()),
            ("{update}", item.update.to_string()),
            ("{replace}", item.replace.to_string()),
            ("{bool}", (item.replace.is_multiple_of(2)).to_string()),
            ("{site}", item.site.to_owned()),
        ] {
            rest = rest.replace(word, &value);
        }
        let _ = writeln!(text, "  {}\n}}", rest.replace('\n', "\n  "));
    }
}

/// True if two resources of a kind exclude each other: two peerings of the same networks, two groups at one subnet, two
/// endpoints for one target.
fn excludes(kind: &str, some: &[usize], others: &[usize]) -> bool {
    match kind {
        "vnet_peering" | "role_assignment" => some.iter().all(|refers| others.contains(refers)),
        "subnet_network_security_group_association" => some.first() == others.first(),
        "traffic_manager_azure_endpoint" | "lb" => some.last() == others.last(),
        _ => false,
    }
}

fn address(item: &Item) -> String {
    format!("{}.i{}", SHAPES[item.shape].kind, item.label)
}

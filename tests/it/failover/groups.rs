//! Random stacks with a failover group, derived from a generator of numbers.

use std::fmt::Write;

use crate::seeds::Numbers;

const SITES: &str = r#"
stack "seed" {
  residency = ["Canada"]

  objectives {
    rto = "1h"
    rpo = "5m"
  }
}

site "primary" {
  provider = "azure"
  location = "canadacentral"
}

site "secondary" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "home" {
  site = site.primary
}

resource_group "away" {
  site = site.secondary
}

resource_group "global" {
  site = site.secondary
}

resource_group "meanwhile" {
  site     = site.secondary
  presence = "failover"
}
"#;

pub const SQL: &str = r#"
mssql_server "home{n}" {
  name                         = "seed-sql-home{n}"
  resource_group               = resource_group.home
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_server "away{n}" {
  mirrors        = mssql_server.home{n}
  name           = "seed-sql-away{n}"
  resource_group = resource_group.away
}

mssql_database "data{n}" {
  server   = mssql_server.home{n}
  sku_name = "S1"
}

geo_replica "data{n}" {
  name      = "seed-data{n}"
  source    = mssql_server.home{n}
  target    = mssql_server.away{n}
  databases = [mssql_database.data{n}]
}
"#;

pub const COSMOS: &str = r#"
cosmosdb_account "data{n}" {
  name           = "seed-data{n}"
  resource_group = resource_group.{where}
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

geo_replica "data{n}" {
  source = cosmosdb_account.data{n}
  site   = site.secondary
}
"#;

pub const POSTGRES: &str = r#"
postgresql_flexible_server "data{n}" {
  name                   = "seed-pg-home{n}"
  resource_group         = resource_group.home
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}

geo_replica "data{n}" {
  name           = "seed-pg-away{n}"
  source         = postgresql_flexible_server.data{n}
  resource_group = resource_group.away
}
"#;

pub const STORAGE: &str = r#"
storage_account "data{n}" {
  name                     = "seeddata{n}"
  resource_group           = resource_group.home
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "data{n}" {
  source = storage_account.data{n}
  site   = site.secondary
}
"#;

/// Virtual machines behind a public address, at `home` or `meanwhile`, in a network of the site.
pub const SIDE: &str = r#"
virtual_network "{net}" {
  resource_group = resource_group.{net}
  address_space  = ["10.{octet}.0.0/16"]
}

subnet "{net}" {
  virtual_network  = virtual_network.{net}
  address_prefixes = ["10.{octet}.1.0/24"]
}

public_ip "{side}" {
  resource_group    = resource_group.{side}
  allocation_method = "Static"
  sku               = "Standard"
  domain_name_label = "seed-{side}"
}

lb "{side}" {
  resource_group = resource_group.{side}
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.{side}
  }
}

lb_backend_address_pool "{side}" {
  loadbalancer = lb.{side}
}

lb_probe "{side}" {
  loadbalancer = lb.{side}
  protocol     = "Tcp"
  port         = 443
}

lb_rule "{side}" {
  loadbalancer                   = lb.{side}
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.{side}]
  probe                          = lb_probe.{side}
}

linux_virtual_machine_scale_set "{side}" {
  resource_group = resource_group.{side}
  sku            = "Standard_D2s_v5"
  instances      = {instances}
  admin_username = "operator"
  health_probe   = lb_probe.{side}

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator"
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

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name                                = "internal"
      primary                             = true
      subnet                              = subnet.{net}
      load_balancer_backend_address_pools = [lb_backend_address_pool.{side}]
    }
  }
}
"#;

const TRAFFIC: &str = r#"
traffic_manager_profile "front" {
  name                   = "seed-front"
  resource_group         = resource_group.global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "seed-front"
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

traffic_manager_azure_endpoint "home" {
  profile         = traffic_manager_profile.front
  target_resource = public_ip.home
  priority        = 1
}

traffic_manager_external_endpoint "away" {
  profile  = traffic_manager_profile.front
  target   = "seed-meanwhile.canadaeast.cloudapp.azure.com"
  priority = 2
  enabled  = false
}
"#;

/// A random stack; `forced` is true if a forced failover of it is possible.
pub struct RandomGroup {
    pub text: String,
    pub can_be_forced: bool,
}

/// Data stores, each with true if it can be failed over during an outage of its region.
pub const STORES: &[(&str, bool)] = &[(SQL, true), (COSMOS, true), (POSTGRES, true), (STORAGE, false)];

impl RandomGroup {
    pub fn random(numbers: &mut Numbers) -> Self {
        let mut stores = Vec::new();
        for _ in 0..numbers.below(4) {
            // SQL databases are twice as likely as any other.
            let at = numbers.below(STORES.len() + 1).saturating_sub(1);
            stores.push(STORES[at]);
        }
        Self::of(&stores, numbers)
    }

    /// A stack with these stores; the rest is random.
    pub fn of(stores: &[(&str, bool)], numbers: &mut Numbers) -> Self {
        let mut text = SITES.to_owned();
        for (n, (store, _)) in stores.iter().enumerate() {
            text.push_str(&store.replace("{n}", &n.to_string()).replace("{where}", "home"));
        }
        for (side, net, octet) in [("home", "home", "10"), ("meanwhile", "away", "20")] {
            let instances = 1 + numbers.below(4);
            let side = SIDE.replace("{side}", side).replace("{net}", net).replace("{octet}", octet);
            text.push_str(&side.replace("{instances}", &instances.to_string()));
        }
        let ttl = *numbers.pick(&["10", "30", "60", "300"]).expect("a non-empty slice");
        let interval = *numbers.pick(&["10", "30"]).expect("a non-empty slice");
        let tolerated = numbers.below(4).to_string();
        let traffic = TRAFFIC.replace("{ttl}", ttl).replace("{interval}", interval);
        text.push_str(&traffic.replace("{tolerated}", &tolerated));
        text.push_str(&group(numbers));
        Self { text, can_be_forced: stores.iter().all(|(_, forced)| *forced) }
    }
}

/// Failover group: always with a fence and a route, the rest random.
fn group(numbers: &mut Numbers) -> String {
    let mut text = "\nfailover_group \"seed\" {\n  from  = site.primary\n  to    = site.secondary\n".to_owned();
    text.push_str("  fence = [traffic_manager_azure_endpoint.home]\n");
    if numbers.percent(70) {
        text.push_str("  quiesce = [linux_virtual_machine_scale_set.home]\n");
    }
    text.push_str(
        "\n  route \"front\" {\n    profile = traffic_manager_profile.front\n    from    = traffic_manager_azure_endpoint.home\n    \
         to      = traffic_manager_external_endpoint.away\n  }\n",
    );
    if numbers.percent(80) {
        text.push_str(
            "\n  probe \"address\" {\n    url    = \"https://${public_ip.meanwhile.ip_address}/healthz\"\n    status = 200\n    within = \
             \"10m\"\n    before = \"route\"\n  }\n",
        );
    }
    if numbers.percent(40) {
        text.push_str(
            "\n  probe \"name\" {\n    url    = \"https://${traffic_manager_profile.front.fqdn}/healthz\"\n    status = 200\n    within = \
             \"10m\"\n  }\n",
        );
    }
    text.push_str(&steps(numbers));
    text.push_str("}\n");
    text
}

/// Up to two further steps of a group, at random places.
pub fn steps(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for n in 0..numbers.below(3) {
        let action = match numbers.below(3) {
            0 => "wait {\n      for = \"90s\"\n    }".to_owned(),
            1 => "http {\n      url    = \"https://partner.example.com/done\"\n      status = 202\n    }".to_owned(),
            _ => format!("wait {{\n      for = \"{}s\"\n    }}", 1 + numbers.below(300)),
        };
        let place = *numbers
            .pick(&[
                "",
                "after = [promote]",
                "after = [stand_up]",
                "before = [route]",
                "before = [promote]",
                "after = [route]",
            ])
            .expect("a non-empty slice");
        let _ = write!(text, "\n  step \"extra{n}\" {{\n    {place}\n    {action}\n  }}\n");
    }
    text
}

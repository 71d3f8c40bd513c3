# A service with PostgreSQL and a warm second region: its machines always run and read from a replica. A failover only promotes the
# replica and switches traffic, so that it takes minutes.

stack "postgres-warm" {
  description = "PostgreSQL with a replica in a warm second region"
  residency   = ["Europe"]

  objectives {
    rto = "15m"
    rpo = "5m"
  }

  accept "public-access" {
    reason = "both sites, and the accountants, reach the ledger over public endpoints"
  }

  accept "single-lever" {
    reason = "the public DNS record can be changed manually"
  }

  tags = {
    workload    = "ledger"
    environment = var.environment
  }
}

variable "environment" {
  type        = string
  default     = "demo"
  description = "Part of every globally unique name; `production` also protects the database from deletion"
}

variable "postgres_password" {
  type      = string
  sensitive = true
}

variable "admin_ssh_key" {
  type      = string
  sensitive = true
}

variable "domain" {
  type        = string
  default     = "ledger.example.com"
  description = "Public domain"
}

locals {
  production = var.environment == "production"
  prefix     = "drplan-ledger-${var.environment}"

  # The address range of each site, and its subnets: name and the number of the /24 in it.
  ranges  = { north = "10.30.0.0/16", west = "10.31.0.0/16" }
  subnets = { app = 1, data = 2, tools = 3 }
}

site "north" {
  provider = "azure"
  location = "northeurope"
}

site "west" {
  provider = "azure"
  location = "westeurope"
}

resource_group "ledger-north" {
  site = site.north
}

resource_group "ledger-west" {
  site = site.west
}

resource_group "ledger-global" {
  site = site.west # must survive an outage of the north
}

# ── Networks ─────────────────────────────────────────────────────────────────

virtual_network "north" {
  resource_group = resource_group.ledger-north
  address_space  = [local.ranges.north]
}

virtual_network "west" {
  resource_group = resource_group.ledger-west
  address_space  = [local.ranges.west]
}

subnet "north" {
  for_each         = local.subnets
  name             = each.key
  virtual_network  = virtual_network.north
  address_prefixes = [cidrsubnet(local.ranges.north, 8, each.value)]
}

subnet "west" {
  for_each         = local.subnets
  name             = each.key
  virtual_network  = virtual_network.west
  address_prefixes = [cidrsubnet(local.ranges.west, 8, each.value)]
}

vnet_peering "north-west" {
  between                 = [virtual_network.north, virtual_network.west]
  allow_forwarded_traffic = true
}

# ── Data ─────────────────────────────────────────────────────────────────────

postgresql_flexible_server "ledger" {
  name                         = "${local.prefix}-pg-north"
  resource_group               = resource_group.ledger-north
  version                      = "16"
  administrator_login          = "ledgeradmin"
  administrator_password       = var.postgres_password
  sku_name                     = local.production ? "MO_Standard_E4ds_v5" : "GP_Standard_D2ds_v5"
  storage_mb                   = 131072
  auto_grow_enabled            = true
  backup_retention_days        = local.production ? 35 : 7
  geo_redundant_backup_enabled = true
  zone                         = "1"
  prevent_destroy              = local.production

  high_availability {
    mode                      = "ZoneRedundant"
    standby_availability_zone = "2"
  }

  maintenance_window {
    day_of_week  = 0
    start_hour   = 3
    start_minute = 30
  }
}

geo_replica "ledger" {
  name           = "${local.prefix}-pg-west"
  source         = postgresql_flexible_server.ledger
  resource_group = resource_group.ledger-west
}

key_vault "site" {
  for_each                   = { north = resource_group.ledger-north, west = resource_group.ledger-west }
  name                       = "kv-ledger-${var.environment}-${each.key}"
  resource_group             = each.value
  sku_name                   = "premium"
  rbac_authorization_enabled = true
  enabled_for_deployment     = true

  network_acls {
    default_action = "Allow"
    bypass         = "AzureServices"
  }
}

user_assigned_identity "ledger" {
  resource_group = resource_group.ledger-global
}

role_assignment "secrets" {
  for_each             = key_vault.site
  scope                = each.value
  role_definition_name = "Key Vault Secrets User"
  principal_id         = user_assigned_identity.ledger.principal_id
}

# ── Compute: same capacity at both sites, so that a failover starts nothing ────

linux_virtual_machine_scale_set "north" {
  resource_group = resource_group.ledger-north
  sku            = "Standard_D2s_v5"
  instances      = local.production ? 6 : 2
  admin_username = "operator"
  upgrade_mode   = "Manual"
  zones          = ["1", "2", "3"]
  zone_balance   = true

  admin_ssh_key {
    username   = "operator"
    public_key = var.admin_ssh_key
  }

  identity {
    type       = "UserAssigned"
    identities = [user_assigned_identity.ledger]
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }

  os_disk {
    caching              = "ReadOnly"
    storage_account_type = "Standard_LRS"

    diff_disk_settings {
      option = "Local"
    }
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name                                = "internal"
      primary                             = true
      subnet                              = subnet.north["app"]
      load_balancer_backend_address_pools = [lb_backend_address_pool.north]
    }
  }

  custom_data = base64encode(templatefile("app.yaml", {
    database = postgresql_flexible_server.ledger.fqdn
    vault    = key_vault.site["north"].vault_uri
    replicas = [geo_replica.ledger.fqdn]
  }))
}

linux_virtual_machine_scale_set "west" {
  mirrors        = linux_virtual_machine_scale_set.north
  resource_group = resource_group.ledger-west

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name                                = "internal"
      primary                             = true
      subnet                              = subnet.west["app"]
      load_balancer_backend_address_pools = [lb_backend_address_pool.west]
    }
  }

  custom_data = base64encode(templatefile("app.yaml", {
    database = postgresql_flexible_server.ledger.fqdn
    vault    = key_vault.site["west"].vault_uri
    replicas = [geo_replica.ledger.fqdn]
  }))
}

public_ip "north" {
  resource_group    = resource_group.ledger-north
  allocation_method = "Static"
  zones             = ["1", "2", "3"]
  domain_name_label = "${local.prefix}-north"
}

public_ip "west" {
  mirrors           = public_ip.north
  resource_group    = resource_group.ledger-west
  domain_name_label = "${local.prefix}-west"
}

lb "north" {
  resource_group = resource_group.ledger-north

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.north
  }
}

lb "west" {
  resource_group = resource_group.ledger-west

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.west
  }
}

lb_backend_address_pool "north" {
  loadbalancer = lb.north
}

lb_backend_address_pool "west" {
  loadbalancer = lb.west
}

lb_probe "north" {
  loadbalancer        = lb.north
  protocol            = "Tcp"
  port                = 8443
  interval_in_seconds = 5
  number_of_probes    = 2
}

lb_probe "west" {
  mirrors      = lb_probe.north
  loadbalancer = lb.west
}

lb_rule "north" {
  name                           = "https"
  loadbalancer                   = lb.north
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 8443
  backend_address_pools          = [lb_backend_address_pool.north]
  probe                          = lb_probe.north
  disable_outbound_snat          = true
}

lb_rule "west" {
  mirrors               = lb_rule.north
  name                  = "https"
  loadbalancer          = lb.west
  backend_address_pools = [lb_backend_address_pool.west]
  probe                 = lb_probe.west
}

# ── Names and traffic ────────────────────────────────────────────────────────

traffic_manager_profile "ledger" {
  name                   = local.prefix
  resource_group         = resource_group.ledger-global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = local.prefix
    ttl           = 30
  }

  monitor_config {
    protocol                     = "HTTPS"
    port                         = 443
    path                         = "/health/write" # succeeds only where the database accepts writes
    interval_in_seconds          = 10
    timeout_in_seconds           = 5
    tolerated_number_of_failures = 1
    expected_status_code_ranges  = ["200-204"]
  }
}

traffic_manager_azure_endpoint "site" {
  for_each        = { north = public_ip.north, west = public_ip.west }
  name            = each.key
  profile         = traffic_manager_profile.ledger
  target_resource = each.value
  priority        = each.key == "north" ? 1 : 2
}

dns_zone "ledger" {
  name           = var.domain
  resource_group = resource_group.ledger-global
}

dns_cname_record "www" {
  zone   = dns_zone.ledger
  ttl    = 300
  record = traffic_manager_profile.ledger.fqdn
}

# The apex of a zone cannot be a CNAME, so it is an alias of the profile's own record.
dns_a_record "apex" {
  name            = "@"
  zone            = dns_zone.ledger
  ttl             = 60
  target_resource = traffic_manager_profile.ledger
}

dns_a_record "direct" {
  for_each = { north = public_ip.north.ip_address, west = public_ip.west.ip_address }
  name     = "direct-${each.key}"
  zone     = dns_zone.ledger
  ttl      = 3600
  records  = [each.value]
}

failover_group "ledger" {
  from    = site.north
  to      = site.west
  promote = [geo_replica.ledger]
  quiesce = [linux_virtual_machine_scale_set.north]
  fence   = [traffic_manager_azure_endpoint.site["north"]]

  step "freeze-batches" {
    on     = ["up", "down"]
    modes  = ["planned"]
    before = [quiesce]

    http {
      method = "POST"
      url    = "https://batches.example.com/freeze"
      status = 202
    }
  }

  step "check-balances" {
    on    = ["up"]
    after = [promote]

    approval {
      message = "Do the balances of the last closed day agree?"
    }
  }

  probe "writes" {
    url    = "https://${public_ip.west.ip_address}/health/write"
    status = 204
    within = "3m"
    before = "route"
  }

  route "traffic-manager" {
    profile = traffic_manager_profile.ledger
    from    = traffic_manager_azure_endpoint.site["north"]
    to      = traffic_manager_azure_endpoint.site["west"]
  }
}

output "front_door" {
  description = "Public name"
  value       = trimsuffix(dns_cname_record.www.fqdn, ".")
}

output "networks" {
  value = { for name, range in local.ranges : name => { range = range, subnets = [for n in values(local.subnets) : cidrsubnet(range, 8, n)] } }
}

output "delegate_to" {
  description = "Name servers to enter at the domain's registrar"
  value       = dns_zone.ledger.name_servers
}

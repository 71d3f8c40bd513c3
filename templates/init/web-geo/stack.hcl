# A web service in two regions. Its data is replicated; the compute of the second region exists during a failover only.

stack "{{ name }}" {
  description = "Stateless scale set; SQL replicated to the second region"
  residency   = ["Canada"]

  objectives {
    rto = "30m"
    rpo = "5m"
  }
}

variable "admin_ssh_key" {
  type        = string
  sensitive   = true
  description = "Public key of the operators' account on every instance"
}

variable "sql_admin_password" {
  type      = string
  sensitive = true
}

variable "instances" {
  type    = number
  default = 2
}

site "primary" {
  provider = "azure"
  location = "canadacentral"
}

site "secondary" {
  provider = "azure"
  location = "canadaeast"
}

# ── Resource groups: permanent and failover-only ─────────────────────────────

resource_group "primary" {
  name = "{{ name }}-primary"
  site = site.primary
}

resource_group "secondary" {
  name = "{{ name }}-secondary"
  site = site.secondary
}

resource_group "global" {
  name = "{{ name }}-global"
  site = site.secondary # must survive an outage of the primary site
}

resource_group "failover" {
  name     = "{{ name }}-failover"
  site     = site.secondary
  presence = "failover"
}

# ── Networks ─────────────────────────────────────────────────────────────────

virtual_network "primary" {
  resource_group = resource_group.primary
  address_space  = ["10.10.0.0/16"]
}

subnet "primary" {
  virtual_network  = virtual_network.primary
  address_prefixes = ["10.10.1.0/24"]
}

virtual_network "secondary" {
  resource_group = resource_group.secondary
  address_space  = ["10.20.0.0/16"]
}

subnet "secondary" {
  virtual_network  = virtual_network.secondary
  address_prefixes = ["10.20.1.0/24"]
}

vnet_peering "primary-secondary" {
  between = [virtual_network.primary, virtual_network.secondary]
}

# ── Data ─────────────────────────────────────────────────────────────────────

mssql_server "primary" {
  name                         = "{{ name }}-sql-primary"
  resource_group               = resource_group.primary
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = var.sql_admin_password
}

mssql_server "secondary" {
  mirrors        = mssql_server.primary
  name           = "{{ name }}-sql-secondary"
  resource_group = resource_group.secondary
}

mssql_database "app" {
  server      = mssql_server.primary
  sku_name    = "S1"
  max_size_gb = 50
}

geo_replica "app" {
  name      = "{{ name }}-app"
  source    = mssql_server.primary
  target    = mssql_server.secondary
  databases = [mssql_database.app]
}

# ── Compute ──────────────────────────────────────────────────────────────────

public_ip "primary" {
  resource_group    = resource_group.primary
  allocation_method = "Static"
  sku               = "Standard"
  domain_name_label = "{{ name }}-primary"
}

lb "primary" {
  resource_group = resource_group.primary
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.primary
  }
}

lb_backend_address_pool "primary" {
  loadbalancer = lb.primary
}

lb_probe "primary" {
  loadbalancer = lb.primary
  protocol     = "Https"
  port         = 443
  request_path = "/healthz"
}

lb_rule "primary" {
  loadbalancer                   = lb.primary
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.primary]
  probe                          = lb_probe.primary
}

linux_virtual_machine_scale_set "web" {
  resource_group = resource_group.primary
  sku            = "Standard_D2s_v5"
  instances      = var.instances
  admin_username = "operator"
  health_probe   = lb_probe.primary
  upgrade_mode   = "Automatic"

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }

  admin_ssh_key {
    username   = "operator"
    public_key = var.admin_ssh_key
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
      subnet                              = subnet.primary
      load_balancer_backend_address_pools = [lb_backend_address_pool.primary]
    }
  }

  custom_data = base64encode(templatefile("cloud-init.yaml", {
    sql_host = geo_replica.app.listener
  }))
}

# Failover-only resources. `mirrors` copies arguments from the primary site.

public_ip "failover" {
  mirrors           = public_ip.primary
  resource_group    = resource_group.failover
  domain_name_label = "{{ name }}-secondary"
}

lb "failover" {
  resource_group = resource_group.failover
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.failover
  }
}

lb_backend_address_pool "failover" {
  loadbalancer = lb.failover
}

lb_probe "failover" {
  mirrors      = lb_probe.primary
  loadbalancer = lb.failover
}

lb_rule "failover" {
  mirrors               = lb_rule.primary
  loadbalancer          = lb.failover
  backend_address_pools = [lb_backend_address_pool.failover]
  probe                 = lb_probe.failover
}

linux_virtual_machine_scale_set "failover" {
  mirrors        = linux_virtual_machine_scale_set.web
  resource_group = resource_group.failover
  health_probe   = lb_probe.failover

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name                                = "internal"
      primary                             = true
      subnet                              = subnet.secondary
      load_balancer_backend_address_pools = [lb_backend_address_pool.failover]
    }
  }
}

# ── Traffic ──────────────────────────────────────────────────────────────────

traffic_manager_profile "web" {
  name                   = "{{ name }}"
  resource_group         = resource_group.global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "{{ name }}"
    ttl           = 30
  }

  monitor_config {
    protocol                     = "HTTPS"
    port                         = 443
    path                         = "/healthz"
    interval_in_seconds          = 10
    timeout_in_seconds           = 5
    tolerated_number_of_failures = 0
  }
}

traffic_manager_azure_endpoint "primary" {
  profile         = traffic_manager_profile.web
  target_resource = public_ip.primary
  priority        = 1
}

traffic_manager_external_endpoint "secondary" {
  profile  = traffic_manager_profile.web
  target   = "{{ name }}-secondary.${site.secondary.location}.cloudapp.azure.com" # responds during a failover only
  priority = 2
  enabled  = false
}

failover_group "web" {
  from     = site.primary
  to       = site.secondary
  promote  = [geo_replica.app]
  stand_up = [resource_group.failover]
  quiesce  = [linux_virtual_machine_scale_set.web]
  fence    = [traffic_manager_azure_endpoint.primary]

  route "traffic-manager" {
    profile = traffic_manager_profile.web
    from    = traffic_manager_azure_endpoint.primary
    to      = traffic_manager_external_endpoint.secondary
  }

  probe "front" {
    url    = "https://${public_ip.failover.ip_address}/healthz"
    status = 200
    within = "5m"
    before = "route"
  }
}

output "front_door" {
  value = traffic_manager_profile.web.fqdn
}

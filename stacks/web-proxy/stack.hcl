# A web application in two regions behind a proxy, with a warm standby: users are moved by a change of the proxy's
# origin, so that no client waits for a name to expire, and nothing is asked of the provider that was lost.

stack "web-proxy" {
  description = "Scale set with a warm standby; SQL replicated; users moved at the proxy"
  residency   = ["Canada"]
  tags        = { workload = "web", owner = "platform" }

  objectives {
    rto = "5m"
    rpo = "1m"
  }

  accept "no-fence" {
    reason = "Users reach a site by the record alone, and the scale sets take requests of the proxy only"
  }

  accept "single-lever" {
    reason = "Without the proxy, names would be delegated elsewhere at the registrar, which takes hours"
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
  type        = number
  description = "Instances at the home site; the standby runs half of them"
  default     = 4
}

site "primary" {
  provider = "azure"
  location = "canadacentral"
}

site "secondary" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "web-primary" {
  site = site.primary
}

resource_group "web-secondary" {
  site = site.secondary
}

# ── Networks ─────────────────────────────────────────────────────────────────

virtual_network "primary" {
  resource_group = resource_group.web-primary
  address_space  = ["10.30.0.0/16"]
}

subnet "web-primary" {
  virtual_network  = virtual_network.primary
  address_prefixes = ["10.30.1.0/24"]
}

virtual_network "secondary" {
  resource_group = resource_group.web-secondary
  address_space  = ["10.40.0.0/16"]
}

subnet "web-secondary" {
  virtual_network  = virtual_network.secondary
  address_prefixes = ["10.40.1.0/24"]
}

vnet_peering "primary-secondary" {
  between = [virtual_network.primary, virtual_network.secondary]
}

network_security_group "web-primary" {
  resource_group = resource_group.web-primary

  security_rule {
    name                       = "https-from-the-proxy"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "443"
    source_address_prefixes    = ["173.245.48.0/20", "103.21.244.0/22"]
    destination_address_prefix = "*"
  }
}

network_security_group "web-secondary" {
  mirrors        = network_security_group.web-primary
  resource_group = resource_group.web-secondary
}

subnet_network_security_group_association "web-primary" {
  subnet                 = subnet.web-primary
  network_security_group = network_security_group.web-primary
}

subnet_network_security_group_association "web-secondary" {
  subnet                 = subnet.web-secondary
  network_security_group = network_security_group.web-secondary
}

# ── Data ─────────────────────────────────────────────────────────────────────

mssql_server "primary" {
  name                         = "web-proxy-sql-primary"
  resource_group               = resource_group.web-primary
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = var.sql_admin_password
  minimum_tls_version          = "1.2"

  public_network_access_enabled = false

  azuread_administrator {
    login_username = "database-operators"
    object_id      = "4c1f0d52-9a3e-4b6f-8f0e-2d7a6b5c4e31"
  }
}

mssql_server "secondary" {
  mirrors        = mssql_server.primary
  name           = "web-proxy-sql-secondary"
  resource_group = resource_group.web-secondary
}

mssql_database "orders" {
  server      = mssql_server.primary
  sku_name    = "S1"
  max_size_gb = 50
}

geo_replica "orders" {
  name      = "web-proxy-orders"
  source    = mssql_server.primary
  target    = mssql_server.secondary
  databases = [mssql_database.orders]
}

# ── Compute ──────────────────────────────────────────────────────────────────

public_ip "web-primary" {
  resource_group    = resource_group.web-primary
  allocation_method = "Static"
  sku               = "Standard"
}

public_ip "web-secondary" {
  mirrors        = public_ip.web-primary
  resource_group = resource_group.web-secondary
}

lb "web-primary" {
  resource_group = resource_group.web-primary
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.web-primary
  }
}

lb "web-secondary" {
  resource_group = resource_group.web-secondary
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.web-secondary
  }
}

lb_backend_address_pool "web-primary" {
  loadbalancer = lb.web-primary
}

lb_backend_address_pool "web-secondary" {
  loadbalancer = lb.web-secondary
}

lb_probe "web-primary" {
  loadbalancer = lb.web-primary
  protocol     = "Https"
  port         = 443
  request_path = "/healthz"
}

lb_probe "web-secondary" {
  mirrors      = lb_probe.web-primary
  loadbalancer = lb.web-secondary
}

lb_rule "web-primary" {
  loadbalancer                   = lb.web-primary
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.web-primary]
  probe                          = lb_probe.web-primary
}

lb_rule "web-secondary" {
  mirrors               = lb_rule.web-primary
  loadbalancer          = lb.web-secondary
  backend_address_pools = [lb_backend_address_pool.web-secondary]
  probe                 = lb_probe.web-secondary
}

linux_virtual_machine_scale_set "web" {
  resource_group = resource_group.web-primary
  sku            = "Standard_D2s_v5"
  instances      = var.instances
  admin_username = "operator"
  health_probe   = lb_probe.web-primary
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
      subnet                              = subnet.web-primary
      load_balancer_backend_address_pools = [lb_backend_address_pool.web-primary]
    }
  }
}

linux_virtual_machine_scale_set "web-standby" {
  mirrors        = linux_virtual_machine_scale_set.web
  resource_group = resource_group.web-secondary
  instances      = ceil(var.instances / 2)
  health_probe   = lb_probe.web-secondary

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name                                = "internal"
      primary                             = true
      subnet                              = subnet.web-secondary
      load_balancer_backend_address_pools = [lb_backend_address_pool.web-secondary]
    }
  }
}

# ── Users ────────────────────────────────────────────────────────────────────

cloudflare_dns_record "www" {
  zone    = "example.com"
  name    = "www.example.com"
  type    = "A"
  ttl     = 1 # automatic, as proxied records need it
  proxied = true
  content = public_ip.web-primary.ip_address
}

cloudflare_dns_record "apex" {
  mirrors = cloudflare_dns_record.www
  name    = "example.com"
}

failover_group "web" {
  from    = site.primary
  to      = site.secondary
  promote = [geo_replica.orders]
  quiesce = [linux_virtual_machine_scale_set.web]

  route "proxy" {
    record = [cloudflare_dns_record.www, cloudflare_dns_record.apex] # in one request: users never see half a switch
    values = {
      primary   = public_ip.web-primary.ip_address
      secondary = public_ip.web-secondary.ip_address
    }
  }

  # At the origin, past the proxy: its certificate is that of the public name, and the answer names the site.
  probe "origin" {
    url     = "https://www.example.com/healthz"
    address = public_ip.web-secondary.ip_address
    marker  = "X-Site"
    within  = "1m"
    before  = "route"
  }

  # Through the proxy: the answer comes from the site that users were moved to.
  probe "users" {
    url    = "https://www.example.com/healthz"
    marker = "X-Site"
    within = "1m"
  }
}

output "address" {
  value = cloudflare_dns_record.www.name
}

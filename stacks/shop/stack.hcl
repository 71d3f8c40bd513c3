# A shop on virtual machines: Linux machines serve the pages, a Windows machine handles printing and accounting. SQL and a
# storage account hold the data. Data is always replicated; the machines of the second region exist during a failover only.

stack "shop" {
  description = "Machines, SQL with an automatic failover policy, and a geo-redundant storage account"
  residency   = ["Canada"]
  tags        = { workload = "shop", owner = "retail" }

  objectives {
    rto = "4h" # the failover of a storage account may take this long
    rpo = "1h" # maximum data loss of an automatic failover of SQL: its grace period
  }

  accept "public-access" {
    reason = "the machines use public endpoints of the stores, and authenticate to all of them"
  }

  accept "logins-stay" {
    reason = "the pages sign in with a user that is contained in the database, and the administrator is the same on both servers"
  }

  accept "forced-at-lost-site" {
    reason = "the pictures in the account must fail over together with the orders"
  }

  accept "not-replicated" {
    reason = "the archive on the disk is also on tape"
  }

  accept "single-lever" {
    reason = "if the profile cannot be changed, the office changes the DNS record of the shop manually"
  }
}

variable "admin_ssh_key" {
  type        = string
  sensitive   = true
  description = "Public key of the operators' account on the Linux machines"
}

variable "windows_password" {
  type        = string
  sensitive   = true
  description = "Password of the operators' account on the Windows machine"
}

variable "sql_password" {
  type        = string
  sensitive   = true
  description = "Password of the SQL servers' administrator; both have the same, so that it works after a failover"
}

variable "front_count" {
  type        = number
  default     = 2
  description = "Number of machines that serve the pages"
}

locals {
  # Machine names have a number of two digits: front-01, front-02, …
  fronts = toset([for n in range(1, var.front_count + 1) : format("%02d", n)])

  ubuntu = {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }
}

site "montreal" {
  provider = "azure"
  location = "canadaeast"
}

site "toronto" {
  provider = "azure"
  location = "canadacentral"
}

# ── Resource groups ──────────────────────────────────────────────────────────

resource_group "shop-toronto" {
  site = site.toronto
}

resource_group "shop-montreal" {
  site = site.montreal
}

resource_group "shop-global" {
  site = site.montreal # must survive an outage of Toronto
}

resource_group "shop-failover" {
  site     = site.montreal
  presence = "failover"
}

# ── Networks ─────────────────────────────────────────────────────────────────

virtual_network "toronto" {
  resource_group = resource_group.shop-toronto
  address_space  = ["10.1.0.0/16"]
}

virtual_network "montreal" {
  resource_group = resource_group.shop-montreal
  address_space  = ["10.2.0.0/16"]
}

vnet_peering "toronto-montreal" {
  between = [virtual_network.toronto, virtual_network.montreal]
}

subnet "front-toronto" {
  virtual_network  = virtual_network.toronto
  address_prefixes = [cidrsubnet("10.1.0.0/16", 8, 1)]

  service_endpoint {
    service = "Microsoft.Storage"
  }

  service_endpoint {
    service = "Microsoft.Sql"
  }
}

subnet "back-toronto" {
  virtual_network  = virtual_network.toronto
  address_prefixes = [cidrsubnet("10.1.0.0/16", 8, 2)]
}

subnet "front-montreal" {
  virtual_network  = virtual_network.montreal
  address_prefixes = [cidrsubnet("10.2.0.0/16", 8, 1)]

  service_endpoint {
    service = "Microsoft.Storage"
  }

  service_endpoint {
    service = "Microsoft.Sql"
  }
}

subnet "back-montreal" {
  virtual_network  = virtual_network.montreal
  address_prefixes = [cidrsubnet("10.2.0.0/16", 8, 2)]
}

network_security_group "front-toronto" {
  resource_group = resource_group.shop-toronto

  security_rule {
    name                       = "https"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "443"
    source_address_prefix      = "Internet"
    destination_address_prefix = "*"
  }

  security_rule {
    name                       = "ssh-from-inside"
    priority                   = 110
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "22"
    source_address_prefixes    = ["10.1.0.0/16", "10.2.0.0/16"]
    destination_address_prefix = "*"
  }
}

network_security_group "front-montreal" {
  mirrors        = network_security_group.front-toronto
  resource_group = resource_group.shop-montreal
}

subnet_network_security_group_association "front-toronto" {
  subnet                 = subnet.front-toronto
  network_security_group = network_security_group.front-toronto
}

subnet_network_security_group_association "front-montreal" {
  subnet                 = subnet.front-montreal
  network_security_group = network_security_group.front-montreal
}

# ── Data ─────────────────────────────────────────────────────────────────────

mssql_server "toronto" {
  name                         = "drplan-shop-sql-toronto"
  resource_group               = resource_group.shop-toronto
  version                      = "12.0"
  administrator_login          = "shopadmin"
  administrator_login_password = var.sql_password
  minimum_tls_version          = "1.2"

  identity {
    type = "SystemAssigned"
  }
}

mssql_server "montreal" {
  mirrors        = mssql_server.toronto
  name           = "drplan-shop-sql-montreal"
  resource_group = resource_group.shop-montreal
}

# Each server admits the machines of its own site: rules are not replicated.
mssql_virtual_network_rule "toronto" {
  server = mssql_server.toronto
  subnet = subnet.front-toronto
}

mssql_virtual_network_rule "montreal" {
  server = mssql_server.montreal
  subnet = subnet.front-montreal
}

mssql_firewall_rule "office" {
  for_each         = { toronto = mssql_server.toronto, montreal = mssql_server.montreal }
  name             = "office"
  server           = each.value
  start_ip_address = "203.0.113.10"
  end_ip_address   = "203.0.113.10"
}

mssql_database "orders" {
  server               = mssql_server.toronto
  sku_name             = "GP_Gen5_4"
  max_size_gb          = 250
  collation            = "SQL_Latin1_General_CP1_CI_AS"
  storage_account_type = "Geo"
  prevent_destroy      = false # set to true once it holds real orders
}

mssql_database "stock" {
  server   = mssql_server.toronto
  sku_name = "S2"
}

# Azure fails over automatically after an outage of an hour; an operator may do so earlier.
geo_replica "shop" {
  name      = "drplan-shop"
  source    = mssql_server.toronto
  target    = mssql_server.montreal
  databases = [mssql_database.orders, mssql_database.stock]
  policy    = "automatic"
  grace     = "1h"
}

storage_account "files" {
  name                            = "drplanshopfiles"
  resource_group                  = resource_group.shop-toronto
  account_tier                    = "Standard"
  account_replication_type        = "RAGZRS"
  min_tls_version                 = "TLS1_2"
  allow_nested_items_to_be_public = false

  network_rules {
    default_action          = "Deny"
    bypass                  = ["AzureServices"]
    virtual_network_subnets = [subnet.front-toronto, subnet.front-montreal]
    ip_rules                = ["203.0.113.10"]
  }
}

storage_share "invoices" {
  storage_account = storage_account.files
  quota           = 100
  access_tier     = "Hot"
}

storage_container "pictures" {
  for_each              = toset(["products", "banners"])
  name                  = "pictures-${each.key}"
  storage_account       = storage_account.files
  container_access_type = "private"
  metadata              = { content = each.key }
}

# The account's copy in the paired region, which a failover promotes.
geo_replica "files" {
  source = storage_account.files
  site   = site.montreal
}

management_lock "files" {
  scope      = storage_account.files
  lock_level = "CanNotDelete"
  notes      = "Invoices are kept for seven years."
}

management_lock "orders" {
  scope      = mssql_database.orders
  lock_level = "CanNotDelete"
}

key_vault "toronto" {
  name                       = "drplan-shop-toronto"
  resource_group             = resource_group.shop-toronto
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 30
}

key_vault "montreal" {
  mirrors        = key_vault.toronto
  name           = "drplan-shop-montreal"
  resource_group = resource_group.shop-montreal
}

# ── Permissions ──────────────────────────────────────────────────────────────

# One identity for the machines of both sites, at the recovery site.
user_assigned_identity "shop" {
  resource_group = resource_group.shop-global
}

role_assignment "pictures" {
  scope                = storage_account.files
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = user_assigned_identity.shop.principal_id
}

role_assignment "secrets" {
  for_each             = { toronto = key_vault.toronto, montreal = key_vault.montreal }
  scope                = each.value
  role_definition_name = "Key Vault Secrets User"
  principal_id         = user_assigned_identity.shop.principal_id
}

# ── Machines at Toronto ──────────────────────────────────────────────────────

network_interface "front" {
  for_each       = local.fronts
  name           = "front-${each.key}-nic"
  resource_group = resource_group.shop-toronto

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.front-toronto
    private_ip_address_allocation = "Static"
    private_ip_address            = cidrhost("10.1.1.0/24", 10 + each.key)
  }
}

network_interface_backend_address_pool_association "front" {
  for_each              = local.fronts
  network_interface     = network_interface.front[each.key]
  ip_configuration_name = "internal"
  backend_address_pool  = lb_backend_address_pool.toronto
}

linux_virtual_machine "front" {
  for_each           = local.fronts
  name               = "front-${each.key}"
  resource_group     = resource_group.shop-toronto
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.front[each.key]]

  admin_ssh_key {
    username   = "operator"
    public_key = var.admin_ssh_key
  }

  identity {
    type       = "UserAssigned"
    identities = [user_assigned_identity.shop]
  }

  source_image_reference {
    publisher = local.ubuntu.publisher
    offer     = local.ubuntu.offer
    sku       = local.ubuntu.sku
    version   = local.ubuntu.version
  }

  os_disk {
    name                 = "front-${each.key}-os"
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }

  boot_diagnostics {}

  custom_data = base64encode(templatefile("front.yaml", {
    sql    = geo_replica.shop.listener
    blobs  = storage_account.files.primary_blob_endpoint
    vault  = key_vault.toronto.vault_uri
    client = user_assigned_identity.shop.client_id
  }))
}

network_interface "office" {
  name           = "office-nic"
  resource_group = resource_group.shop-toronto

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.back-toronto
    private_ip_address_allocation = "Dynamic"
  }
}

windows_virtual_machine "office" {
  resource_group     = resource_group.shop-toronto
  size               = "Standard_D4s_v5"
  admin_username     = "operator"
  admin_password     = var.windows_password
  network_interfaces = [network_interface.office]
  timezone           = "Eastern Standard Time"
  license_type       = "Windows_Server"

  source_image_reference {
    publisher = "MicrosoftWindowsServer"
    offer     = "WindowsServer"
    sku       = "2022-datacenter-azure-edition"
    version   = "20348.3807.250605"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }
}

managed_disk "office-archive" {
  resource_group       = resource_group.shop-toronto
  storage_account_type = "Premium_ZRS"
  create_option        = "Empty"
  disk_size_gb         = 256

  public_network_access_enabled = false
}

virtual_machine_data_disk_attachment "office-archive" {
  virtual_machine = windows_virtual_machine.office
  managed_disk    = managed_disk.office-archive
  lun             = 0
  caching         = "ReadOnly"
}

public_ip "toronto" {
  resource_group    = resource_group.shop-toronto
  allocation_method = "Static"
  sku               = "Standard"
  zones             = ["1", "2", "3"]
  domain_name_label = "drplan-shop-toronto"
}

lb "toronto" {
  resource_group = resource_group.shop-toronto

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.toronto
  }
}

lb_backend_address_pool "toronto" {
  name         = "front"
  loadbalancer = lb.toronto
}

lb_probe "toronto" {
  name         = "https"
  loadbalancer = lb.toronto
  protocol     = "Https"
  port         = 443
  request_path = "/healthz"
}

lb_rule "toronto" {
  name                           = "https"
  loadbalancer                   = lb.toronto
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.toronto]
  probe                          = lb_probe.toronto
}

# ── Failover-only resources ──────────────────────────────────────────────────

public_ip "failover" {
  mirrors           = public_ip.toronto
  resource_group    = resource_group.shop-failover
  zones             = []
  domain_name_label = "drplan-shop-montreal"
}

network_interface "front-failover" {
  for_each       = local.fronts
  name           = "front-${each.key}-nic"
  resource_group = resource_group.shop-failover

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.front-montreal
    private_ip_address_allocation = "Dynamic"
  }
}

network_interface_backend_address_pool_association "front-failover" {
  for_each             = local.fronts
  mirrors              = network_interface_backend_address_pool_association.front[each.key]
  network_interface    = network_interface.front-failover[each.key]
  backend_address_pool = lb_backend_address_pool.failover
}

lb "failover" {
  resource_group = resource_group.shop-failover

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.failover
  }
}

lb_backend_address_pool "failover" {
  name         = "front"
  loadbalancer = lb.failover
}

lb_probe "failover" {
  mirrors      = lb_probe.toronto
  name         = "https"
  loadbalancer = lb.failover
}

lb_rule "failover" {
  mirrors               = lb_rule.toronto
  name                  = "https"
  loadbalancer          = lb.failover
  backend_address_pools = [lb_backend_address_pool.failover]
  probe                 = lb_probe.failover
}

linux_virtual_machine "front-failover" {
  for_each           = local.fronts
  mirrors            = linux_virtual_machine.front[each.key]
  name               = "front-${each.key}"
  resource_group     = resource_group.shop-failover
  network_interfaces = [network_interface.front-failover[each.key]]

  custom_data = base64encode(templatefile("front.yaml", {
    sql    = geo_replica.shop.listener
    blobs  = storage_account.files.primary_blob_endpoint
    vault  = key_vault.montreal.vault_uri
    client = user_assigned_identity.shop.client_id
  }))
}

network_interface "office-failover" {
  name           = "office-nic"
  resource_group = resource_group.shop-failover

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.back-montreal
    private_ip_address_allocation = "Dynamic"
  }
}

windows_virtual_machine "office-failover" {
  mirrors            = windows_virtual_machine.office
  name               = "office"
  resource_group     = resource_group.shop-failover
  network_interfaces = [network_interface.office-failover]
}

# ── Traffic ──────────────────────────────────────────────────────────────────

traffic_manager_profile "shop" {
  name                   = "drplan-shop"
  resource_group         = resource_group.shop-global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "drplan-shop"
    ttl           = 60
  }

  monitor_config {
    protocol                     = "HTTPS"
    port                         = 443
    path                         = "/healthz"
    interval_in_seconds          = 30
    timeout_in_seconds           = 9
    tolerated_number_of_failures = 3

    custom_header {
      name  = "Host"
      value = "shop.example.com"
    }
  }
}

traffic_manager_azure_endpoint "toronto" {
  profile         = traffic_manager_profile.shop
  target_resource = public_ip.toronto
  priority        = 1
}

traffic_manager_external_endpoint "montreal" {
  profile  = traffic_manager_profile.shop
  target   = "drplan-shop-montreal.${site.montreal.location}.cloudapp.azure.com" # responds during a failover only
  priority = 2
  enabled  = false
}

failover_group "shop" {
  from     = site.toronto
  to       = site.montreal
  promote  = [geo_replica.shop, geo_replica.files]
  stand_up = [resource_group.shop-failover]
  fence    = [traffic_manager_azure_endpoint.toronto]

  route "traffic-manager" {
    profile = traffic_manager_profile.shop
    from    = traffic_manager_azure_endpoint.toronto
    to      = traffic_manager_external_endpoint.montreal
  }

  probe "pages" {
    url    = "https://${public_ip.failover.ip_address}/healthz"
    status = 200
    within = "10m"
    before = "route"
  }

  step "notify-office" {
    on    = ["up"]
    after = ["route"]

    http {
      method = "POST"
      url    = "https://hooks.example.com/shop"
      status = 202
      body   = jsonencode({ text = "The shop runs at Montreal" })
    }
  }
}

output "shop" {
  value = "https://${traffic_manager_profile.shop.fqdn}"
}

output "machines" {
  description = "Private addresses of the machines that serve the pages"
  value       = { for name, nic in network_interface.front : name => nic.private_ip_address }
}

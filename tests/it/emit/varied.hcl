// Where other values of the variables change more than texts: instances, presence, elements, durations and blocks.

stack "varied" {}

variable "environment" {
  type    = string
  default = "demo"
}

variable "chosen_name" {
  type    = string
  default = "http"
}

variable "ports" {
  type    = map(number)
  default = { http = 80, https = 443 }
}

variable "networks" {
  type    = map(string)
  default = { a = "10.1.0.0/16", b = "10.2.0.0/16" }
}

variable "spaces" {
  type    = list(string)
  default = ["10.5.0.0/16"]
}

variable "away" {
  type    = list(string)
  default = ["c", "d"]
}

variable "is_away" {
  type    = bool
  default = true
}

variable "hours" {
  type    = number
  default = 2
}

variable "is_automatic" {
  type    = bool
  default = true
}

variable "minutes" {
  type    = number
  default = 90
}

variable "is_zonal" {
  type    = bool
  default = false
}

variable "regions" {
  type    = map(number)
  default = { west = 1 }
}

locals {
  groups = { a = resource_group.north, b = resource_group.north, c = resource_group.away, d = resource_group.away }
  placed = { west = site.west, south = site.south }
}

site "north" {
  provider = "azure"
  location = "northeurope"
}

site "west" {
  provider = "azure"
  location = "westeurope"
}

site "south" {
  provider = "azure"
  location = "francecentral"
}

resource_group "north" {
  site = site.north
  name = "rg-${var.environment}"
}

resource_group "away" {
  site     = site.west
  presence = "failover"
}

resource_group "sometimes" {
  site     = site.south
  presence = var.is_away ? "failover" : "permanent"
}

virtual_network "sometimes" {
  resource_group = resource_group.sometimes
  address_space  = ["10.6.0.0/16"]
}

subnet "sometimes" {
  virtual_network  = virtual_network.sometimes
  address_prefixes = ["10.6.1.0/24"]
}

network_security_group "sometimes" {
  resource_group = resource_group.sometimes
}

subnet_network_security_group_association "sometimes" {
  subnet                 = subnet.sometimes
  network_security_group = network_security_group.sometimes
}

virtual_network "chosen-alone" {
  name           = "alone"
  resource_group = resource_group.chosen["a"]
  address_space  = ["10.7.0.0/16"]
}

resource_group "west" { site = site.west }
resource_group "other" { site = site.west }

resource_group "chosen" {
  for_each = var.networks
  name     = "rg-${each.key}"
  site     = site.west
  presence = var.is_away && each.key == "a" ? "failover" : "permanent"
}

virtual_network "chosen" {
  for_each       = var.networks
  name           = "vnet-${each.key}"
  resource_group = resource_group.chosen[each.key]
  address_space  = [each.value]
}

virtual_network "spread" {
  for_each       = merge(var.networks, { for name in var.away : name => "10.3.0.0/16" })
  name           = "spread-${each.key}"
  resource_group = contains(var.away, each.key) ? resource_group.away : resource_group.north
  address_space  = [each.value]
}

virtual_network "looked-up" {
  for_each       = toset(concat(["a"], var.away))
  name           = "looked-up-${each.value}"
  resource_group = local.groups[each.value]
  address_space  = ["10.4.0.0/16"]
}

virtual_network "wide" {
  resource_group = var.is_away ? resource_group.west : resource_group.other
  address_space  = var.spaces
}

subnet "wide" {
  virtual_network  = virtual_network.wide
  address_prefixes = [cidrsubnet(virtual_network.wide.address_space[0], 4, 1)]
}

public_ip "each" {
  for_each          = toset([virtual_network.wide.id, subnet.wide.id])
  name              = "ip-${length(each.key)}"
  resource_group    = resource_group.north
  allocation_method = "Static"
}

network_interface "each" {
  for_each       = var.networks
  name           = "nic-${each.key}"
  resource_group = resource_group.west

  ip_configuration {
    name                          = "first"
    subnet                        = subnet.wide
    private_ip_address_allocation = "Dynamic"
  }
}

linux_virtual_machine "each" {
  for_each               = var.networks
  name                   = "vm-${each.key}"
  resource_group         = resource_group.west
  size                   = "Standard_D2s_v5"
  admin_username         = "operator"
  network_interfaces     = [network_interface.each[each.key]]
  extensions_time_budget = "${var.minutes}m"

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE tests"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Standard_LRS"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }
}

mssql_server "north" {
  name                         = "varied-${var.environment}-north"
  resource_group               = resource_group.north
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_server "west" {
  mirrors        = mssql_server.north
  name           = "varied-${var.environment}-west"
  resource_group = resource_group.west
}

mssql_database "each" {
  for_each = var.networks
  name     = each.key
  server   = mssql_server.north
  sku_name = "S1"
}

geo_replica "each" {
  name      = "varied-${var.environment}"
  source    = mssql_server.north
  target    = mssql_server.west
  databases = values(mssql_database.each)
  policy    = var.is_automatic ? "automatic" : "manual"
  grace     = var.is_automatic ? "${var.hours}h" : null
}

cosmosdb_account "north" {
  name           = "varied-${var.environment}"
  resource_group = resource_group.north
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }

  geo_location {
    zone_redundant = var.is_zonal
  }
}

geo_replica "regions" {
  for_each          = var.regions
  source            = cosmosdb_account.north
  site              = local.placed[each.key]
  failover_priority = each.value
}

failover_group "varied" {
  from     = site.north
  to       = [site.west, site.south]
  stand_up = concat(
    [resource_group.away],
    var.is_away ? [resource_group.chosen["a"], resource_group.sometimes] : [],
  )
}

resource_group "zone" {
  for_each = toset(["${var.environment}-a", "${var.environment}-b"])
  name     = "rg-zone-${each.key}"
  site     = site.north
}

public_ip "front" {
  for_each          = var.ports
  name              = "front-${each.key}"
  resource_group    = resource_group.north
  allocation_method = "Static"
  domain_name_label = "varied-${var.environment}-${each.value}"
}

output "zones" {
  value = { for name in ["one", "two"] : name => "${name}-${resource_group.zone["${var.environment}-a"].name}" }
}

output "front" {
  value = public_ip.front[var.chosen_name].fqdn
}

output "sites" {
  value = { for name in ["one", "two"] : name => "${name}.${resource_group.north.name}.${var.environment}" }
}

output "sometimes" {
  value = subnet.sometimes.id
}

output "chosen" {
  value = [for one in resource_group.chosen : one.name]
}

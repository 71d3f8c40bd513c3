// References that reach their argument by way of functions, loops and values, and what stacks read of resources.

stack "reads" {}

site "north" {
  provider = "azure"
  location = "northeurope"
}

site "west" {
  provider = "azure"
  location = "westeurope"
}

variable "spare" {
  type    = bool
  default = false
}

locals {
  groups  = { north = resource_group.north, west = resource_group.west }
  ordered = [{ group = resource_group.north, rank = 1 }, { group = resource_group.west, rank = 2 }]
  places  = { one = { at = site.north, size = 1 }, two = { at = site.west, size = 2 } }
  names   = toset([storage_account.files.primary_blob_host])
}

resource_group "north" { site = site.north }
resource_group "west" { site = site.west }

resource_group "placed" {
  for_each = local.places
  name     = "rg-${each.key}-${each.value.at.name}"
  site     = each.value.at
  tags     = { region = each.value.at.location }
}

virtual_network "looked-up" {
  resource_group = lookup(local.groups, "north")
  address_space  = ["10.1.0.0/16", "10.2.0.0/16"]
}

virtual_network "element" {
  resource_group = element([for one in local.ordered : one.group if one.rank == 1], 0)
  address_space  = ["10.3.0.0/16"]
}

virtual_network "merged" {
  resource_group = merge(local.groups, { spare = resource_group.north })[var.spare ? "spare" : "west"]
  address_space  = ["10.4.0.0/16"]
}

virtual_network "tried" {
  resource_group = try(local.groups["nowhere"], one([resource_group.north]))
  address_space  = [cidrsubnet(virtual_network.looked-up.address_space[1], 4, 2)]
}

subnet "many" {
  for_each         = { a = virtual_network.looked-up, b = virtual_network.element }
  name             = "many-${each.key}"
  virtual_network  = each.value
  address_prefixes = [cidrsubnet(sort(each.value.address_space)[0], 8, 1)]
}

network_interface "all" {
  for_each       = subnet.many
  name           = "nic-${each.key}"
  resource_group = values(local.groups)[0]
  ip_configuration {
    name                          = "first"
    subnet                        = each.value
    private_ip_address_allocation = "Dynamic"
  }
}

mssql_server "one" {
  name                         = "reads-one"
  resource_group               = local.ordered[0].group
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
  identity { type = "SystemAssigned" }
}

mssql_server "two" {
  name                         = "reads-two"
  resource_group               = local.ordered[1].group
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an0ther example, no secret"
}

mssql_database "many" {
  for_each = toset(["x", "y"])
  name     = each.key
  server   = mssql_server.one
  sku_name = "S1"
}

mssql_database "last" {
  server   = mssql_server.one
  sku_name = "S1"
}

geo_replica "all" {
  name      = "reads-all"
  source    = mssql_server.one
  target    = mssql_server.two
  databases = concat(values(mssql_database.many)[*], [mssql_database.last])
}

storage_account "files" {
  name                     = "readsfiles"
  resource_group           = coalesce(null, resource_group.west)
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

dns_zone "all" {
  name           = "reads.example.org"
  resource_group = resource_group.west
}

dns_cname_record "hosts" {
  for_each = local.names
  name     = "files"
  zone     = dns_zone.all
  ttl      = 60
  record   = each.value
}

output "principal" { value = mssql_server.one.identity_principal_id }
output "principals" { value = [for one in [mssql_server.one] : one.identity_tenant_id] }
output "group" { value = virtual_network.merged.resource_group }
output "server" { value = mssql_database.last.server }
output "servers" { value = values(mssql_database.many)[*].server }
output "subnet" { value = network_interface.all["a"].ip_configuration[0].subnet }
output "network" { value = subnet.many["a"].virtual_network }
output "region" { value = resource_group.west.site }
output "range" { value = virtual_network.element.address_space[0] }
output "role" { value = geo_replica.all.replication_role }
output "listener" { value = geo_replica.all.listener }

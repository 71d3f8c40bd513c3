stack "wide" {
  tags = { owner = "tests" }
}

variable "password" {
  type      = string
  sensitive = true
  default   = "a-default-that-is-secret"
}

variable "rules" {
  type = map(object({
    port     = number
    priority = number
    protocol = optional(string, "Tcp")
  }))
  default = {
    https = { port = 443, priority = 100 }
    dns   = { port = 53, priority = 110, protocol = "Udp" }
  }
}

variable "big" {
  type    = bool
  default = false
}

locals {
  spare = "written-1n-clear, too"
  zones = ["a", "b"]
  nets  = { for index, zone in local.zones : zone => cidrsubnet("10.0.0.0/16", 8, index) }
}

site "north-1" {
  provider = "azure"
  location = "canadacentral"
}

site "south-1" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "app-group" {
  site = site.north-1
}

resource_group "meanwhile" {
  site     = site.south-1
  presence = "failover"
}

resource_group "south" {
  site = site.south-1
  tags = { only = "south" }
}

virtual_network "app" {
  resource_group = resource_group.app-group
  address_space  = ["10.0.0.0/16"]
}

subnet "zone" {
  for_each         = local.nets
  name             = "zone-${each.key}"
  virtual_network  = virtual_network.app
  address_prefixes = [each.value]
}

network_security_group "app" {
  name           = "nsg-${lower("APP")}"
  resource_group = resource_group.app-group
  tags           = { part = "network" }

  security_rule {
    for_each                   = var.rules
    name                       = each.key
    priority                   = each.value.priority
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = each.value.protocol
    source_port_range          = "*"
    destination_port_range     = tostring(each.value.port)
    source_address_prefix      = "*"
    destination_address_prefix = "*"
  }
}

subnet_network_security_group_association "zone" {
  for_each               = subnet.zone
  subnet                 = each.value
  network_security_group = network_security_group.app
}

public_ip "one" {
  for_each          = toset(["x", "y"])
  name              = "ip-${each.key}"
  resource_group    = resource_group.app-group
  allocation_method = "Static"
  sku               = "Standard"
}

public_ip "elsewhere" {
  resource_group    = resource_group.south
  site              = site.north-1
  allocation_method = "Static"
  sku               = "Standard"
  depends_on        = [public_ip.one, virtual_network.app]
}

public_ip "meanwhile" {
  for_each          = toset(["m"])
  name              = "meanwhile-${each.key}"
  resource_group    = resource_group.meanwhile
  allocation_method = "Static"
  sku               = "Standard"
}

network_interface "app" {
  for_each       = { for zone in local.zones : zone => subnet.zone[zone] }
  name           = "nic-${each.key}"
  resource_group = resource_group.app-group

  ip_configuration {
    name                          = "internal"
    subnet                        = each.value
    private_ip_address_allocation = "Dynamic"
  }
}

network_interface "meanwhile" {
  resource_group = resource_group.meanwhile

  ip_configuration {
    name                          = "internal"
    subnet                        = "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/theirs/subnets/theirs"
    private_ip_address_allocation = "Dynamic"
  }
}

linux_virtual_machine "app" {
  for_each           = network_interface.app
  name               = "vm-${each.key}"
  resource_group     = resource_group.app-group
  size               = var.big ? "Standard_D4s_v5" : "Standard_D2s_v5"
  admin_username     = "operator"
  admin_password     = var.password
  network_interfaces = [network_interface.app[each.key]]
  custom_data        = base64encode(templatefile("start.sh", { name = each.key }))

  disable_password_authentication = false
  extensions_time_budget          = "45m"

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

mssql_server "app" {
  name                         = "wide-sql"
  resource_group               = resource_group.app-group
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = var.password
  prevent_destroy              = true
}

management_lock "app" {
  scope      = mssql_server.app
  lock_level = "CanNotDelete"
}

failover_group "wide" {
  from = site.north-1
  to   = site.south-1
}

output "addresses" {
  description = "All of them"
  value       = { for key, ip in public_ip.one : key => ip.ip_address }
}

output "first" {
  value = public_ip.one["x"].ip_address
}

output "nic" {
  value = network_interface.meanwhile.private_ip_address
}

output "looped" {
  value = public_ip.meanwhile["m"].ip_address
}

mssql_server "clear" {
  name                         = "wide-clear"
  resource_group               = resource_group.app-group
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "written-1n-clear"
}

output "secret" {
  value = var.password
}

mssql_server "spare" {
  name                         = "wide-spare"
  resource_group               = resource_group.app-group
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = local.spare
}

stack "made-of" {
  tags = { owner = "tests", environment = var.environment }
}

variable "environment" {
  type    = string
  default = "demo"
}

variable "fronts" {
  type    = number
  default = 2
}

variable "operator" {
  type    = string
  default = "operator"
}

variable "ssh_key" {
  type      = string
  sensitive = true
}

variable "ports" {
  type    = map(number)
  default = { https = 443, web = 80 }
}

locals {
  version  = "1.2.0"
  versions = toset([local.version, "1.1.0"])
  fronts   = toset([for n in range(1, var.fronts + 1) : format("%02d", n)])
  domain   = trimsuffix("${var.environment}.example.com.", ".")
}

site "here" {
  provider = "azure"
  location = "canadacentral"
}

site "there" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "here" {
  site = site.here
  name = "rg-${var.environment}"
}

resource_group "there" {
  site = site.there
}

user_assigned_identity "front" {
  resource_group = resource_group.here
}

role_assignment "front" {
  scope                = resource_group.there
  role_definition_name = "Reader"
  principal_id         = user_assigned_identity.front.principal_id
}

virtual_network "here" {
  resource_group = resource_group.here
  address_space  = ["10.0.0.0/16"]
}

virtual_network "there" {
  resource_group = resource_group.there
  address_space  = ["10.1.0.0/16"]
}

vnet_peering "both" {
  between = [virtual_network.here, virtual_network.there]
}

subnet "front" {
  virtual_network  = virtual_network.here
  address_prefixes = ["10.0.1.0/24"]
}

public_ip "front" {
  for_each          = var.ports
  name              = "ip-${each.key}"
  resource_group    = resource_group.here
  allocation_method = "Static"
  sku               = "Standard"
  domain_name_label = "front-${var.environment}-${each.value}"
}

lb "front" {
  resource_group = resource_group.here
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front-${var.environment}"
    public_ip_address = public_ip.front["web"]
  }
}

lb_probe "front" {
  loadbalancer = lb.front
  protocol     = "Tcp"
  port         = var.ports["web"]
}

lb_rule "front" {
  loadbalancer                   = lb.front
  frontend_ip_configuration_name = "front-${var.environment}"
  protocol                       = "Tcp"
  frontend_port                  = 80
  backend_port                   = 80
  probe                          = lb_probe.front
}

network_interface "front" {
  for_each       = local.fronts
  name           = "nic-${each.key}"
  resource_group = resource_group.here

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.front
    private_ip_address_allocation = "Dynamic"
  }
}

linux_virtual_machine "front" {
  for_each           = local.fronts
  name               = "vm-${each.key}"
  resource_group     = resource_group.here
  size               = "Standard_D2s_v5"
  admin_username     = "keeper"
  network_interfaces = [network_interface.front[each.key]]

  custom_data = base64encode(<<-SCRIPT
    #!/bin/sh
    set -e
    echo ${var.environment} > /etc/environment-name
    echo ${each.key} > /etc/front-name
  SCRIPT
  )

  admin_ssh_key {
    username   = "keeper"
    public_key = var.ssh_key
  }

  identity {
    type       = "UserAssigned"
    identities = [user_assigned_identity.front]
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

shared_image_gallery "here" {
  name           = "galleryhere"
  resource_group = resource_group.here
}

shared_image_gallery "there" {
  name           = "gallerythere"
  resource_group = resource_group.there
}

shared_image "front" {
  gallery = shared_image_gallery.here
  os_type = "Linux"

  identifier {
    publisher = "tests"
    offer     = var.environment
    sku       = "front"
  }
}

shared_image_version "front" {
  for_each      = local.versions
  name          = each.key
  image         = shared_image.front
  managed_image = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/build/providers/Microsoft.Compute/images/front"
}

image_copy "front" {
  for_each = shared_image_version.front
  source   = each.value
  gallery  = shared_image_gallery.there
}

traffic_manager_profile "front" {
  name                   = "front-${var.environment}"
  resource_group         = resource_group.there
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "front-${var.environment}"
    ttl           = 30
  }

  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/"
  }
}

traffic_manager_external_endpoint "there" {
  profile  = traffic_manager_profile.front
  target   = "front-${var.environment}.${site.there.location}.cloudapp.azure.com"
  priority = 1
}

dns_zone "front" {
  name           = local.domain
  resource_group = resource_group.there
}

dns_cname_record "front" {
  name   = "www"
  zone   = dns_zone.front
  ttl    = 60
  record = traffic_manager_profile.front.fqdn
}

output "fqdn" {
  value = traffic_manager_profile.front.fqdn
}

output "fronts" {
  value = local.fronts
}

output "identity" {
  value = user_assigned_identity.front.id
}

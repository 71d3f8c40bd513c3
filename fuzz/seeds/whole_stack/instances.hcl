stack "small" {
  tags = { owner = "ops" }
  accept "residency" { reason = "a test" }
}

variable "count" {
  type    = number
  default = 2
}

variable "spaces" {
  type = map(object({ cidr = string, more = optional(list(string), []) }))
  default = {
    a = { cidr = "10.0.0.0/16" }
    b = { cidr = "10.1.0.0/16", more = ["10.2.0.0/16"] }
  }
}

locals {
  names = [for at in range(var.count) : "n${at}"]
  first = local.names[0]
}

site "east" {
  provider = "azure"
  location = "eastus"
}

resource_group "app" {
  site = site.east
}

virtual_network "app" {
  for_each        = var.spaces
  name            = "app-${each.key}"
  resource_group  = resource_group.app
  address_space   = concat([each.value.cidr], each.value.more)
  prevent_destroy = true
}

subnet "app" {
  for_each         = toset(local.names)
  name             = each.key
  virtual_network  = virtual_network.app["a"]
  address_prefixes = [cidrsubnet(var.spaces.a.cidr, 8, index(local.names, each.key))]
}

public_ip "app" {
  resource_group    = resource_group.app
  name              = local.first
  allocation_method = "Static"
  tags              = { "a" = file("x") }
  depends_on        = [subnet.app]
}

output "address" {
  value     = public_ip.app.ip_address
  sensitive = true
}

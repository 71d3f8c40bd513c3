# Networks of three sites: two warm sites with a hub and spokes each, and a cold site with empty networks.
# Two maps define everything, so that a further site or spoke is one line.

stack "hub-spoke" {
  description = "Hubs, spokes, routes and rules at two warm sites and a cold one"
  tags        = { owner = "network", cost = "shared" }
}

variable "admin_ranges" {
  type        = list(string)
  default     = ["198.51.100.0/24", "203.0.113.0/25"]
  description = "Address ranges of administrators"
}

variable "firewall" {
  type        = string
  default     = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/security/providers/Microsoft.Network/virtualNetworks/firewall"
  description = "Id of the network of the firewall, which the security team manages"
}

locals {
  # The second octet of each site's addresses.
  sites  = { east = 40, central = 41, west = 42 }
  spokes = { app = 1, data = 2, batch = 3 }

  # One entry for each spoke of each site, as `east-app`.
  networks = merge([
    for site, number in local.sites : {
      for spoke, at in local.spokes : "${site}-${spoke}" => {
        site  = site
        spoke = spoke
        range = cidrsubnet("10.${number}.0.0/16", 4, at)
      }
    }
  ]...)

  rules = {
    https = { priority = 100, port = "443", from = "Internet" }
    probe = { priority = 110, port = "8080", from = "AzureLoadBalancer" }
  }

  groups = {
    east    = resource_group.network-east
    central = resource_group.network-central
    west    = resource_group.network-west
  }
}

site "east" {
  provider = "azure"
  location = "eastus2"
}

site "central" {
  provider = "azure"
  location = "centralus"
}

site "west" {
  provider = "azure"
  location = "westus2"
  tier     = 2 # cold: workloads are restored from backups
}

resource_group "network-east" {
  site = site.east
}

resource_group "network-central" {
  site = site.central
}

resource_group "network-west" {
  site = site.west
}

# ── Networks ─────────────────────────────────────────────────────────────────

virtual_network "hub" {
  for_each        = local.sites
  name            = "hub-${each.key}"
  resource_group  = local.groups[each.key]
  address_space   = ["10.${each.value}.0.0/20"]
  dns_servers     = each.key == "west" ? [] : [cidrhost("10.${each.value}.0.0/24", 4), cidrhost("10.${each.value}.0.0/24", 5)]
  prevent_destroy = false # set to true once other stacks depend on it
}

virtual_network "spoke" {
  for_each       = local.networks
  name           = "spoke-${each.key}"
  resource_group = local.groups[each.value.site]
  address_space  = [each.value.range]
  tags           = merge({ spoke = each.value.spoke }, each.value.site == "west" ? { tier = "cold" } : {})
}

vnet_peering "spoke" {
  for_each                = local.networks
  name                    = "hub-to-${each.key}"
  between                 = [virtual_network.hub[each.value.site], virtual_network.spoke[each.key]]
  allow_forwarded_traffic = true
}

vnet_peering "hubs" {
  for_each                = { "east-central" = ["east", "central"], "east-west" = ["east", "west"], "central-west" = ["central", "west"] }
  name                    = each.key
  between                 = [for site in each.value : virtual_network.hub[site]]
  allow_forwarded_traffic = true
  depends_on              = [vnet_peering.spoke]
}

subnet "spoke" {
  for_each         = local.networks
  name             = "default"
  virtual_network  = virtual_network.spoke[each.key]
  address_prefixes = [cidrsubnet(each.value.range, 4, 0)]

  service_endpoint {
    for_each = each.value.spoke == "data" ? toset(["Microsoft.Storage", "Microsoft.Sql"]) : toset([])
    service  = each.key
  }
}

# ── Rules: the spokes of a site share one group, and the sites mirror the first ─

network_security_group "east" {
  name           = "spokes"
  resource_group = resource_group.network-east

  security_rule {
    for_each                   = local.rules
    name                       = each.key
    priority                   = each.value.priority
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = each.value.port
    source_address_prefix      = each.value.from
    destination_address_prefix = "*"
  }

  security_rule {
    name                       = "administrators"
    description                = "Over SSH and RDP, from the offices only"
    priority                   = 200
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_ranges    = ["22", "3389"]
    source_address_prefixes    = var.admin_ranges
    destination_address_prefix = "VirtualNetwork"
  }
}

network_security_group "other" {
  for_each       = { for site, group in local.groups : site => group if site != "east" }
  mirrors        = network_security_group.east
  name           = "spokes"
  resource_group = each.value
}

subnet_network_security_group_association "spoke" {
  for_each               = local.networks
  subnet                 = subnet.spoke[each.key]
  network_security_group = each.value.site == "east" ? network_security_group.east : network_security_group.other[each.value.site]
}

# ── Outbound routes ──────────────────────────────────────────────────────────

route_table "spokes" {
  for_each                      = local.sites
  name                          = "spokes-${each.key}"
  resource_group                = local.groups[each.key]
  bgp_route_propagation_enabled = false

  route {
    name                   = "inspect"
    address_prefix         = "0.0.0.0/0"
    next_hop_type          = "VirtualAppliance"
    next_hop_in_ip_address = cidrhost("10.${each.value}.0.0/24", 4)
  }

  # Traffic for another site goes to the hub of that site.
  route {
    for_each       = { for site, number in local.sites : site => number if number != each.value }
    name           = "to-${each.key}"
    address_prefix = "10.${each.value}.0.0/16"
    next_hop_type  = "VirtualNetworkGateway"
  }
}

nat_gateway "site" {
  for_each                = toset(["east", "central"])
  name                    = "nat-${each.key}"
  resource_group          = local.groups[each.key]
  idle_timeout_in_minutes = 10
  zones                   = ["1"]
}

# Another team manages the network of the firewall: refer to it by id. This stack could own only its half of a peering.
role_assignment "firewall" {
  for_each             = virtual_network.hub
  scope                = each.value
  role_definition_name = "Network Contributor"
  principal_id         = user_assigned_identity.router.principal_id
}

user_assigned_identity "router" {
  resource_group = resource_group.network-central
}

management_lock "hubs" {
  for_each   = virtual_network.hub
  name       = "keep-${each.key}"
  scope      = each.value
  lock_level = "CanNotDelete"
}

output "hubs" {
  value = { for site, hub in virtual_network.hub : site => hub.id }
}

output "spoke_ranges" {
  value = flatten([for spoke in values(virtual_network.spoke) : spoke.address_space])
}

output "subnets" {
  description = "For other stacks, as JSON"
  value       = jsonencode({ for key, one in subnet.spoke : key => one.id })
}

output "identity" {
  value     = user_assigned_identity.router.client_id
  sensitive = true
}

output "firewall" {
  value = element(split("/", var.firewall), 8)
}

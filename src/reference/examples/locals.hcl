locals {
  workload = "web"
  ranges   = { east = "10.1.0.0/16", west = "10.2.0.0/16" }
}

resource_group "network" {
  for_each = { east = site.east, west = site.west }
  name     = "${local.workload}-${each.key}"
  site     = each.value
}

virtual_network "network" {
  for_each       = local.ranges
  name           = "${local.workload}-${each.key}"
  resource_group = resource_group.network[each.key]
  address_space  = [each.value]
}

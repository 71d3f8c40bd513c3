resource_group "east" {
  site = site.east
}

resource_group "west" {
  site     = site.west
  presence = "failover"
}

public_ip "front" {
  for_each          = toset(["blue", "green"])
  name              = "front-${each.key}"
  resource_group    = resource_group.east
  allocation_method = "Static"
  sku               = "Standard"
  prevent_destroy   = true
  ignore_changes    = [tags]
}

public_ip "standby" {
  mirrors        = public_ip.front["blue"]
  resource_group = resource_group.west
  depends_on     = [resource_group.east]
}

failover_group "web" {
  from = site.east
  to   = site.west
}

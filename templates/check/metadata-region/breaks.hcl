stack "example" {
}

public_ip "west" {
  resource_group    = resource_group.east
  site              = site.west
  allocation_method = "Static"
}

failover_group "web" {
  from = site.east
  to   = site.west
}

stack "example" {
}

resource_group "failover" {
  site     = site.west
  presence = "failover"
}

public_ip "front" {
  resource_group    = resource_group.failover
  allocation_method = "Static"
}

lb "front" {
  resource_group = resource_group.failover
  sku            = "Standard"

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.front
  }
}

failover_group "web" {
  from = site.east
  to   = site.west
}

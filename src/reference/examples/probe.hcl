resource_group "global" {
  site = site.west
}

resource_group "standby" {
  site     = site.west
  presence = "failover"
}

public_ip "standby" {
  resource_group    = resource_group.standby
  allocation_method = "Static"
  sku               = "Standard"
}

failover_group "web" {
  from = site.east
  to   = site.west

  probe "front" {
    url    = "https://${public_ip.standby.ip_address}/healthz"
    status = 200
    within = "5m"
    before = "route"
  }

  probe "home" {
    url = "https://east.example.com/healthz"
    at  = site.east
  }

  probe "public-name" {
    url = "https://www.example.com/healthz"
  }
}

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

traffic_manager_profile "web" {
  resource_group         = resource_group.global
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "drplan-web"
    ttl           = 30
  }

  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/healthz"
  }
}

traffic_manager_external_endpoint "east" {
  profile  = traffic_manager_profile.web
  target   = "east.example.com"
  priority = 1
}

traffic_manager_external_endpoint "west" {
  profile  = traffic_manager_profile.web
  target   = "west.example.com"
  priority = 2
  enabled  = false
}

failover_group "web" {
  from     = site.east
  to       = site.west
  stand_up = [resource_group.standby]
  fence    = [traffic_manager_external_endpoint.east]

  route "traffic-manager" {
    profile = traffic_manager_profile.web
    from    = traffic_manager_external_endpoint.east
    to      = traffic_manager_external_endpoint.west
  }

  probe "front" {
    url    = "https://${public_ip.standby.ip_address}/healthz"
    within = "5m"
    before = "route"
  }

  step "announce" {
    on    = ["up"]
    after = [route]

    http {
      method = "POST"
      url    = "https://status.example.com/incidents"
      status = 201
      body   = jsonencode({ site = "west" })
    }
  }
}

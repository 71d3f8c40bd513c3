stack "example" {
}

traffic_manager_profile "web" {
  name                   = "example-web"
  resource_group         = resource_group.west
  traffic_routing_method = "Priority"

  dns_config {
    relative_name = "example-web"
    ttl           = 30
  }

  monitor_config {
    protocol = "HTTPS"
    port     = 443
    path     = "/"
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
}

failover_group "web" {
  from = site.east
  to   = site.west

  route "traffic-manager" {
    profile = traffic_manager_profile.web
    from    = traffic_manager_external_endpoint.east
    to      = traffic_manager_external_endpoint.west
  }

  probe "front" {
    url    = "https://west.example.com/healthz"
    status = 200
    within = "5m"
    before = "route"
  }
}

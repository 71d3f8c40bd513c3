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

dns_zone "example" {
  name           = "example.com"
  resource_group = resource_group.west
}

dns_cname_record "www" {
  name   = "www"
  zone   = dns_zone.example
  ttl    = 60
  record = "east.example.com"
}

failover_group "web" {
  from = site.east
  to   = site.west

  route "traffic-manager" {
    profile = traffic_manager_profile.web
    from    = traffic_manager_external_endpoint.east
    to      = traffic_manager_external_endpoint.west
  }

  route "dns" {
    record = dns_cname_record.www
    from   = "east.example.com"
    to     = "west.example.com"

    fallback_for = route.traffic-manager
  }
}

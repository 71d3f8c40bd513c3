resource_group "global" {
  site = site.west
}

resource_group "standby" {
  site     = site.west
  presence = "failover"
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

dns_zone "web" {
  name           = "drplan-example.com"
  resource_group = resource_group.global
}

dns_cname_record "www" {
  name   = "www"
  zone   = dns_zone.web
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

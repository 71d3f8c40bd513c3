failover_group "web" {
  route "traffic-manager" {
    profile = traffic_manager_profile.web
    from    = traffic_manager_azure_endpoint.primary
    to      = traffic_manager_azure_endpoint.secondary
  }

  route "dns" {
    record = dns_cname_record.www
    from   = "primary.example.com"
    to     = "secondary.example.com"
  }
}

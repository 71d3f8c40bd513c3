failover_group "web" {
  from     = site.primary
  to       = site.secondary
  stand_up = [resource_group.web-failover]
}

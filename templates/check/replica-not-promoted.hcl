failover_group "web" {
  from    = site.primary
  to      = site.secondary
  promote = [geo_replica.orders, geo_replica.catalog]
}

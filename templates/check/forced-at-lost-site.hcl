failover_group "web" {
  promote = [geo_replica.orders]
}

failover_group "files" {
  promote = [geo_replica.files]
}

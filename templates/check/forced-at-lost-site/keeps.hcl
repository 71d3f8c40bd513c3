stack "example" {
}

cosmosdb_account "catalog" {
  name           = "example-catalog"
  resource_group = resource_group.east
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

geo_replica "catalog" {
  source = cosmosdb_account.catalog
  site   = site.west
}

failover_group "web" {
  from = site.east
  to   = site.west
}

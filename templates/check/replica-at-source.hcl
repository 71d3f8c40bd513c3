geo_replica "catalog" {
  source = cosmosdb_account.catalog
  site   = site.secondary
}

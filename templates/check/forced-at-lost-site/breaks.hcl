stack "example" {
}

storage_account "files" {
  name                     = "examplefiles"
  resource_group           = resource_group.east
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}

geo_replica "files" {
  source = storage_account.files
  site   = site.west
}

failover_group "web" {
  from = site.east
  to   = site.west
}

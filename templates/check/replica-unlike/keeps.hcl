stack "example" {
}

postgresql_flexible_server "ledger" {
  name                   = "example-ledger"
  resource_group         = resource_group.east
  version                = "16"
  sku_name               = "GP_Standard_D4ds_v5"
  storage_mb             = 131072
  administrator_login    = "ledger"
  administrator_password = "an example, n0t a secret"
}

geo_replica "ledger" {
  name           = "example-ledger-replica"
  source         = postgresql_flexible_server.ledger
  resource_group = resource_group.west
}

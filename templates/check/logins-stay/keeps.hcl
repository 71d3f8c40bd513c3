stack "example" {
}

mssql_server "east" {
  name                         = "example-east"
  resource_group               = resource_group.east
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"

  azuread_administrator {
    login_username = "sql-admins"
    object_id      = "00000000-0000-0000-0000-000000000001"
  }
}

mssql_server "west" {
  mirrors        = mssql_server.east
  name           = "example-west"
  resource_group = resource_group.west
}

mssql_database "orders" {
  server   = mssql_server.east
  sku_name = "S1"
}

geo_replica "orders" {
  name      = "example-orders"
  source    = mssql_server.east
  target    = mssql_server.west
  databases = [mssql_database.orders]
}

failover_group "web" {
  from = site.east
  to   = site.west
}

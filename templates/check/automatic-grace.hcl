geo_replica "orders" {
  source    = mssql_server.primary
  target    = mssql_server.secondary
  databases = [mssql_database.orders]
  policy    = "manual" # `failover-group up` moves data and users together
}

geo_replica "orders" {
  source    = mssql_server.primary
  target    = mssql_server.secondary
  databases = [mssql_database.orders, mssql_database.invoices]
}

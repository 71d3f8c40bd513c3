mssql_server "primary" {
  public_network_access_enabled = false
}

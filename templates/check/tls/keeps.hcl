stack "example" {
}

storage_account "files" {
  name                     = "examplefiles"
  resource_group           = resource_group.east
  account_tier             = "Standard"
  account_replication_type = "LRS"
  min_tls_version          = "TLS1_2"
}

storage_account "files" {
  account_tier             = "Standard"
  account_replication_type = "RAGZRS"
}

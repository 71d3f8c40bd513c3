stack "example" {
}

managed_disk "orders" {
  resource_group       = resource_group.east
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 128
}

storage_account "vault" {
  name                     = "drplanvault"
  resource_group           = resource_group.east
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

backup "orders" {
  of         = managed_disk.orders
  tool       = "restic"
  repository = storage_account.vault
  every      = "24h"
  keep       = "10d"
  custodians = ["operations", "notary"]
}

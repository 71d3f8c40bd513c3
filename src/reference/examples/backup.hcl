resource_group "app" {
  site = site.east
}

resource_group "vault" {
  site = site.west
}

managed_disk "orders" {
  resource_group       = resource_group.app
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 128
}

storage_account "vault" {
  name                     = "drplanvault"
  resource_group           = resource_group.vault
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

backup "orders" {
  of         = managed_disk.orders
  tool       = "pgbackrest"
  repository = storage_account.vault
  path       = "pgbackrest"
  stanza     = "orders"
  every      = "24h"
  increments = "6h"
  log        = "1m"
  keep       = "10d"
  verified   = "7d"
  custodians = ["operations", "notary"]

  catalogue {
    program   = "ssh"
    arguments = ["standby.example.com", "backup-catalogue", "orders"]
    within    = "1m"
  }
}

stack "example" {
}

site "main" {
  provider = "linode"
  location = "eu-west"
}

linode_volume "orders" {
  site = site.main
  size = 40
}

storage_account "vault" {
  name                     = "drplanvault"
  resource_group           = resource_group.west
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

backup "orders" {
  of         = linode_volume.orders
  tool       = "restic"
  repository = storage_account.vault
  every      = "24h"
  keep       = "10d"
  custodians = ["operations", "notary"]
}

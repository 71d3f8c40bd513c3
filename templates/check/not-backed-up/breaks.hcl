stack "example" {
}

site "cold" {
  provider = "azure"
  location = "westus3"
  tier     = 2
}

resource_group "cold" {
  site = site.cold
}

managed_disk "orders" {
  resource_group       = resource_group.east
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 128
}

failover_group "web" {
  from = site.east
  to   = site.cold
}

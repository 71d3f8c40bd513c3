stack "example" {
}

user_assigned_identity "east" {
  resource_group = resource_group.east
}

user_assigned_identity "west" {
  resource_group = resource_group.west
}

resource_group "failover" {
  site     = site.west
  presence = "failover"
}

storage_account "failover" {
  name                     = "examplefailover"
  resource_group           = resource_group.failover
  account_tier             = "Standard"
  account_replication_type = "LRS"

  identity {
    type       = "UserAssigned"
    identities = [user_assigned_identity.east]
  }
}

failover_group "web" {
  from = site.east
  to   = site.west
}

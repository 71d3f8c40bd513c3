stack "example" {
}

key_vault "east" {
  name                       = "example-east"
  resource_group             = resource_group.east
  sku_name                   = "standard"
  rbac_authorization_enabled = true
}

failover_group "web" {
  from = site.east
  to   = site.west
}

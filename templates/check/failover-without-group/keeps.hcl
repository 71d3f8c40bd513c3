stack "example" {
}

resource_group "meanwhile" {
  site     = site.west
  presence = "failover"
}

failover_group "web" {
  from = site.east
  to   = site.west
}

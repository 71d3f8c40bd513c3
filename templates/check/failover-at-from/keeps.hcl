stack "example" {
}

resource_group "failover" {
  site     = site.west
  presence = "failover"
}

failover_group "web" {
  from = site.east
  to   = site.west
}

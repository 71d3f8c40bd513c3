resource_group "web-failover" {
  site     = site.secondary # where the group goes to
  presence = "failover"
}

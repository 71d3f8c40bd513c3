network_interface "web-failover" {
  resource_group = resource_group.web-failover

  ip_configuration {
    name   = "internal"
    subnet = subnet.web-secondary # and not the one of the primary site
  }
}

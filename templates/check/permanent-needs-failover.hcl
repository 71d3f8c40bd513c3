public_ip "web-failover" {
  resource_group = resource_group.web-failover # beside what uses it
}

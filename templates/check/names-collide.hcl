public_ip "web-failover" {
  mirrors           = public_ip.web-primary
  resource_group    = resource_group.web-failover
  domain_name_label = "web-geo-secondary" # not the one that it mirrors
}

stack "example" {
}

public_ip "one" {
  resource_group    = resource_group.west
  allocation_method = "Static"
  domain_name_label = "example"
}

public_ip "two" {
  mirrors = public_ip.one
}

stack "example" {
}

virtual_network "east" {
  resource_group = resource_group.east
  address_space  = ["10.1.0.0/16"]
}

virtual_network "west" {
  resource_group = resource_group.west
  address_space  = ["10.2.0.0/16"]
}

subnet "east" {
  virtual_network  = virtual_network.east
  address_prefixes = ["10.1.1.0/24"]
}

subnet "west" {
  virtual_network  = virtual_network.west
  address_prefixes = ["10.2.1.0/24"]
}

resource_group "failover" {
  site     = site.west
  presence = "failover"
}

network_interface "failover" {
  resource_group = resource_group.failover

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.west
    private_ip_address_allocation = "Dynamic"
  }
}

failover_group "web" {
  from = site.east
  to   = site.west
}

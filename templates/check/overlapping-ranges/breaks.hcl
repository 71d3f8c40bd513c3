stack "example" {
}

virtual_network "east" {
  resource_group = resource_group.east
  address_space  = ["10.0.0.0/16"]
}

virtual_network "west" {
  resource_group = resource_group.west
  address_space  = ["10.0.128.0/17"]
}

vnet_peering "both" {
  between = [virtual_network.east, virtual_network.west]
}

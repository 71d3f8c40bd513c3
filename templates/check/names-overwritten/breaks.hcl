stack "example" {
}

container_registry "images" {
  name           = "exampleimages"
  resource_group = resource_group.west
  sku            = "Premium"
}

virtual_network "east" {
  resource_group = resource_group.east
  address_space  = ["10.10.0.0/16"]
}

subnet "east" {
  virtual_network  = virtual_network.east
  address_prefixes = ["10.10.1.0/24"]
}

virtual_network "west" {
  resource_group = resource_group.west
  address_space  = ["10.20.0.0/16"]
}

subnet "west" {
  virtual_network  = virtual_network.west
  address_prefixes = ["10.20.1.0/24"]
}

private_dns_zone "images" {
  name           = "privatelink.azurecr.io"
  resource_group = resource_group.west
}

private_endpoint "east" {
  resource_group = resource_group.east
  subnet         = subnet.east

  private_service_connection {
    name                        = "registry"
    is_manual_connection        = false
    private_connection_resource = container_registry.images
    subresource_names           = ["registry"]
  }

  private_dns_zone_group {
    name              = "registry"
    private_dns_zones = [private_dns_zone.images]
  }
}

private_endpoint "west" {
  resource_group = resource_group.west
  subnet         = subnet.west

  private_service_connection {
    name                        = "registry"
    is_manual_connection        = false
    private_connection_resource = container_registry.images
    subresource_names           = ["registry"]
  }

  private_dns_zone_group {
    name              = "registry"
    private_dns_zones = [private_dns_zone.images]
  }
}

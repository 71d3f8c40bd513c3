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

cosmosdb_account "catalog" {
  name           = "example-catalog"
  resource_group = resource_group.east
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

geo_replica "catalog" {
  source = cosmosdb_account.catalog
  site   = site.west
}

vnet_peering "east-west" {
  between = [virtual_network.east, virtual_network.west]
}

failover_group "web" {
  from = site.east
  to   = site.west
}

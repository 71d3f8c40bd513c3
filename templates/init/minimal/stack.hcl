# A stack with one site. `drplan kinds` lists the kinds of resources that you can add.

stack "{{ name }}" {
  description = "A network and a public address"
}

site "primary" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "app" {
  name = "{{ name }}-app"
  site = site.primary
}

virtual_network "app" {
  resource_group = resource_group.app
  address_space  = ["10.10.0.0/16"]
}

subnet "web" {
  virtual_network  = virtual_network.app
  address_prefixes = ["10.10.1.0/24"]
}

public_ip "web" {
  resource_group    = resource_group.app
  allocation_method = "Static"
  sku               = "Standard"
}

output "address" {
  value = public_ip.web.ip_address
}

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

shared_image_gallery "east" {
  resource_group = resource_group.east
}

shared_image_gallery "west" {
  resource_group = resource_group.west
}

shared_image "web" {
  gallery = shared_image_gallery.east
  os_type = "Linux"

  identifier {
    publisher = "contoso"
    offer     = "web"
    sku       = "web"
  }
}

shared_image_version "web" {
  name          = "1.0.0"
  image         = shared_image.web
  managed_image = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/build/providers/Microsoft.Compute/images/web"
}

linux_virtual_machine_scale_set "failover" {
  resource_group = resource_group.failover
  sku            = "Standard_D2s_v5"
  instances      = 2
  admin_username = "operator"
  source_image   = shared_image_version.web

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE operator"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Standard_LRS"
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = subnet.west
    }
  }
}

failover_group "web" {
  from = site.east
  to   = site.west
}

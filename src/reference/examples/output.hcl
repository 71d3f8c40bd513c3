resource_group "app" {
  site = site.east
}

public_ip "front" {
  resource_group    = resource_group.app
  allocation_method = "Static"
  sku               = "Standard"
}

output "front_address" {
  value       = public_ip.front.ip_address
  description = "Address of the load balancer"
}

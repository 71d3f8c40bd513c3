vnet_peering "primary-secondary" {
  between = [virtual_network.primary, virtual_network.secondary]
}

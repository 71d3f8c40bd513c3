failover_group "web" {
  fence = [traffic_manager_azure_endpoint.primary]
}

provider "azure" {
  subscription = "11111111-2222-4333-8444-555555555555"
}

provider "azure" "recovery" {
  subscription = "66666666-7777-4888-8999-aaaaaaaaaaaa"
}

site "primary" {
  provider = "azure"
  location = "canadacentral"
}

site "secondary" {
  provider = provider.azure.recovery
  location = "canadaeast"
}

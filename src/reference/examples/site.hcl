site "primary" {
  provider = "azure"
  location = "canadacentral"
}

site "secondary" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "web" {
  site = site.primary
  tags = { region = site.primary.location }
}

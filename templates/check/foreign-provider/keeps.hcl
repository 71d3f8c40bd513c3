stack "example" {
}

site "cold" {
  provider = "azure"
  location = "westus2"
  tier     = 2
}

resource_group "cold" {
  site = site.cold
}

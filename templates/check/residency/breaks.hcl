stack "example" {
  residency = ["Canada"]
}

site "far" {
  provider = "azure"
  location = "westus2"
}

resource_group "far" {
  site = site.far
}

storage_account "files" {
  name                     = "examplefiles"
  resource_group           = resource_group.far
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

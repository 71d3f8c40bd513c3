stack "example" {
}

site "cold" {
  provider = "aws"
  location = "ca-west-1"
  tier     = 2
}

resource_group "cold" {
  site = site.cold
}

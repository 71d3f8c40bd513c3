stack "s" {}
site "p" {
  provider = "azure"
  location = "canadacentral"
}
resource_group "g" {
  for_each = toset([for i in range(90) : "g${i}"])
  site     = site.p
  tags     = { a = local.nam, b = try(each.value[1], can(regex("(a|b)*c", each.key))) }
}

key_vault "recovery" {
  resource_group = resource_group.web-secondary # at the recovery site
}

resource_group "web-global" {
  site = site.secondary # must outlive the primary site
}

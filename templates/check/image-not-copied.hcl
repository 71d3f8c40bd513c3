image_copy "web" {
  source  = shared_image_version.web
  gallery = shared_image_gallery.secondary
}

linux_virtual_machine_scale_set "web-failover" {
  source_image = image_copy.web
}

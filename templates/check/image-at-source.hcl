image_copy "web" {
  source  = shared_image_version.web
  gallery = shared_image_gallery.secondary
}

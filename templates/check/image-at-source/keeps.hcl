stack "example" {
}

shared_image_gallery "east" {
  name           = "exampleeast"
  resource_group = resource_group.east
}

shared_image_gallery "copies" {
  name           = "examplecopies"
  resource_group = resource_group.west
}

shared_image "web" {
  gallery = shared_image_gallery.east
  os_type = "Linux"

  identifier {
    publisher = "contoso"
    offer     = "web"
    sku       = "web"
  }
}

shared_image_version "web" {
  name          = "1.0.0"
  image         = shared_image.web
  managed_image = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/build/providers/Microsoft.Compute/images/web"
}

image_copy "web" {
  source  = shared_image_version.web
  gallery = shared_image_gallery.copies
}

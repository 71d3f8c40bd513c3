virtual_network "secondary" {
  address_space = ["10.20.0.0/16"] # beside 10.10.0.0/16 at the other site
}

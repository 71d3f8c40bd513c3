site "secondary" {
  provider = "azure"
  location = "canadaeast"
}

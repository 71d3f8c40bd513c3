stack "web-geo" {
  residency = ["Canada"]
}

stack "shop" {
  description = "The web shop and its recovery site"
  cloud       = "local"
  residency   = ["Canada"]
  tags        = { owner = "platform" }

  objectives {
    rto = "30m"
    rpo = "5m"
  }

  accept "single-lever" {
    reason = "One Traffic Manager profile serves every endpoint; DNS is changed manually if it fails"
  }
}

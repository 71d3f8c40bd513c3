probe "front" {
  url    = "https://${public_ip.web-failover.ip_address}/healthz"
  status = 200
  within = "5m"
  before = "route"
}

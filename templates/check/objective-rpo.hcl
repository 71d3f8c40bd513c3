objectives {
  rpo = "15m" # as much as the service may lose
}

objectives {
  rto = "2h" # a storage account takes up to an hour
}

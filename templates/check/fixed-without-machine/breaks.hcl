stack "example" {
}

site "home" {
  provider = "aws"
  location = "ca-central-1"
}

site "cold" {
  provider = "aws"
  location = "us-west-2"
  tier     = 2
}

aws_ebs_volume "maps" {
  site              = site.home
  availability_zone = "ca-central-1a"
  size              = 100
}

aws_s3_bucket "vault" {
  site       = site.cold
  bucket     = "example-backups-of-drplan"
  versioning = true
}

backup "maps" {
  of         = aws_ebs_volume.maps
  tool       = "restic"
  repository = aws_s3_bucket.vault
  class      = "fixed"
  custodians = ["operations", "notary"]
}

failover_group "maps" {
  from    = site.home
  to      = site.cold
  restore = [backup.maps]
}

stack "example" {
}

site "home" {
  provider = "aws"
  location = "ca-central-1"
}

site "away" {
  provider = "aws"
  location = "us-west-2"
}

aws_ebs_volume "orders" {
  site              = site.home
  availability_zone = "ca-central-1a"
  size              = 100
}

aws_s3_bucket "vault" {
  site       = site.away
  bucket     = "example-backups-of-drplan"
  versioning = true

  lifecycle_rule {
    id     = "old"
    status = "Enabled"

    expiration {
      days = 10
    }
  }
}

backup "orders" {
  of         = aws_ebs_volume.orders
  tool       = "restic"
  repository = aws_s3_bucket.vault
  path       = "restic"
  every      = "24h"
  keep       = "10d"
  custodians = ["operations", "notary"]
}

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

aws_vpc "cold" {
  site       = site.cold
  cidr_block = "10.10.0.0/16"
}

aws_subnet "cold" {
  vpc        = aws_vpc.cold
  cidr_block = "10.10.1.0/24"
}

aws_instance "cold" {
  presence      = "failover"
  subnet        = aws_subnet.cold
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"

  root_block_device {
    volume_size = 20
    encrypted   = true
  }
}

failover_group "maps" {
  from    = site.home
  to      = site.cold
  restore = [backup.maps]
}

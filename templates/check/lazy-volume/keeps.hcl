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

aws_ebs_volume "data" {
  site              = site.away
  presence          = "failover"
  availability_zone = "us-west-2a"
  snapshot          = "snap-0123456789abcdef0"

  volume_initialization_rate = 200
}

failover_group "data" {
  from = site.home
  to   = site.away
}

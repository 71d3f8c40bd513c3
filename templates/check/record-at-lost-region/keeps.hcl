stack "example" {
}

site "home" {
  provider = "aws"
  location = "us-east-1"
}

site "away" {
  provider = "aws"
  location = "us-west-2"
}

aws_eip "home" {
  site = site.home
}

aws_eip "away" {
  site = site.away
}

aws_route53_record "www" {
  name    = "www.example.com"
  zone    = "example.com"
  type    = "A"
  ttl     = 60
  records = [aws_eip.home.public_ip]
}

cloudflare_dns_record "www" {
  name    = "www.example.org"
  zone    = "example.org"
  type    = "A"
  content = aws_eip.home.public_ip
  ttl     = 60
}

failover_group "web" {
  from = site.home
  to   = site.away

  route "dns" {
    record = aws_route53_record.www
    values = {
      home = aws_eip.home.public_ip
      away = aws_eip.away.public_ip
    }
  }

  route "other" {
    record       = cloudflare_dns_record.www
    fallback_for = route.dns
    values = {
      home = aws_eip.home.public_ip
      away = aws_eip.away.public_ip
    }
  }
}

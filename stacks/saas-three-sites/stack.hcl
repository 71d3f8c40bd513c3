# A hosted application at three sites of two providers: the main site in London and a standby in the eastern United States with one provider,
# and a cold site in the western United States with another, which exists only as an image, a bucket of backups and this text.
# Users come through a proxy at a third party, so that moving them is a change of origin and not of names.

stack "saas-three-sites" {
  description = "Main and standby at one provider, cold site at another, users moved at the proxy"
  tags        = { product = "saas" }

  objectives {
    rto = "2m"
    rpo = "1m"
  }

  accept "objective-rpo" {
    reason = "The cold site restores the last daily backup: agreed with the client, for the case that the first provider is gone"
  }
}

variable "ssh_key" {
  type        = string
  description = "Public key of the operators"
}

variable "image" {
  type        = string
  description = "The prepared image in the western United States"
  default     = "ami-0123456789abcdef0"

  validation {
    condition     = startswith(var.image, "ami-")
    error_message = "An AMI id, as in ami-0123456789abcdef0."
  }
}

provider "aws" {
  account = "123456789012" # an account of its own, with its own payer and its own keys
}

site "main" {
  provider = "linode"
  location = "eu-west" # London
}

site "standby" {
  provider = "linode"
  location = "us-east" # Newark
}

site "cold" {
  provider = "aws"
  location = "us-west-2" # Oregon
  tier     = 2
}

# ── Main and standby ─────────────────────────────────────────────────────────

linode_instance "main" {
  site            = site.main
  type            = "g6-dedicated-8"
  image           = "linode/debian12"
  authorized_keys = [var.ssh_key]
  backups_enabled = true
  firewall        = linode_firewall.web
}

linode_instance "standby" {
  mirrors = linode_instance.main
  site    = site.standby
}

linode_firewall "web" {
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"

  inbound {
    label    = "https-from-the-proxy"
    action   = "ACCEPT"
    protocol = "TCP"
    ports    = "443"
    ipv4     = ["173.245.48.0/20", "103.21.244.0/22"]
  }
}

# Replication that the playbook sets up: commands tell how it is and move it.
geo_replica "database" {
  source = linode_instance.main
  target = linode_instance.standby

  observe { # prints one line of JSON for each side: {"role": "primary", "lag_seconds": 0, "healthy": true}
    program   = "ssh"
    arguments = ["-o", "ConnectTimeout=5", "postgres@{host}", "/usr/local/bin/replication-status"]
  }

  promote {
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/promote"]
    within    = "60s"
  }

  follow { # makes the side that was left follow again
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/follow", "{other}"]
    within    = "30m"
  }
}

# ── Backups, kept with the other provider ────────────────────────────────────

aws_s3_bucket "vault" {
  site       = site.cold
  bucket     = "saas-backups-oregon"
  versioning = true

  object_lock {
    mode = "GOVERNANCE"
    days = 14
  }

  public_access_block = true
}

backup "database" {
  of         = linode_instance.standby # taken there: locks hurt nobody
  tool       = "pgbackrest"
  repository = aws_s3_bucket.vault
  path       = "pgbackrest"
  stanza     = "saas"
  every      = "24h"
  increments = "8h"
  keep       = "10d"
  verified   = "7d"
  custodians = ["operations", "notary"]
}

backup "files" {
  of         = linode_instance.standby
  tool       = "restic"
  repository = aws_s3_bucket.vault
  path       = "restic"
  every      = "24h"
  keep       = "10d"
  verified   = "7d"
  custodians = ["operations", "notary"]
}

backup "configuration" { # the playbook's output: changes weekly
  of         = linode_instance.main
  tool       = "restic"
  repository = aws_s3_bucket.vault
  path       = "restic"
  tag        = "configuration"
  class      = "configuration"
  every      = "7d"
  keep       = "60d"
  custodians = ["operations", "notary"]
}

# ── Cold site: the network stands, machines do not ───────────────────────────

aws_vpc "cold" {
  site       = site.cold
  cidr_block = "10.80.0.0/16"
}

aws_subnet "cold" {
  vpc        = aws_vpc.cold
  cidr_block = "10.80.1.0/24"
}

aws_internet_gateway "cold" {
  vpc = aws_vpc.cold
}

aws_route_table "cold" {
  vpc     = aws_vpc.cold
  subnets = [aws_subnet.cold]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.cold
  }
}

aws_security_group "web" {
  vpc         = aws_vpc.cold
  description = "HTTPS from the proxy"

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["173.245.48.0/20", "103.21.244.0/22"]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

aws_key_pair "operators" {
  site       = site.cold
  public_key = var.ssh_key
}

aws_eip "cold" {
  site   = site.cold
  domain = "vpc"
}

aws_instance "cold" {
  presence            = "failover"
  subnet              = aws_subnet.cold
  ami                 = var.image
  instance_type       = "c7i.2xlarge"
  key                 = aws_key_pair.operators
  vpc_security_groups = [aws_security_group.web]
  eip                 = aws_eip.cold
  restores            = [backup.configuration, backup.database, backup.files] # in this order, at launch; the image carries the tools

  root_block_device {
    volume_type = "gp3"
    volume_size = 200
    encrypted   = true
  }

  metadata_options {
    http_tokens = "required"
  }
}

# ── Users ────────────────────────────────────────────────────────────────────

cloudflare_dns_record "www" {
  zone    = "example.com"
  name    = "www.example.com"
  type    = "A"
  ttl     = 1
  proxied = true
  content = linode_instance.main.ip_address
}

cloudflare_dns_record "apex" {
  mirrors = cloudflare_dns_record.www
  name    = "example.com"
}

failover_group "saas" {
  from    = site.main
  to      = [site.standby, site.cold]
  promote = [geo_replica.database]
  restore = [backup.configuration, backup.database, backup.files]

  step "stop-the-application" {
    on     = ["up", "down"]
    modes  = ["planned"]
    before = ["promote"]

    command {
      program   = "ssh"
      arguments = ["deploy@${linode_instance.main.ip_address}", "sudo", "systemctl", "stop", "saas"]
      within    = "30s"
    }
  }

  step "is-this-a-disaster" { # monitoring errs: a person decides
    on    = ["up"]
    modes = ["forced"]
    to    = [site.cold]

    approval {
      message = "Both sites of the first provider are given up. The newest backup is used: what came after it is lost."
    }
  }

  route "proxy" {
    record = [cloudflare_dns_record.www, cloudflare_dns_record.apex] # in one request: users never see half a switch
    values = {
      main    = linode_instance.main.ip_address
      standby = linode_instance.standby.ip_address
      cold    = aws_eip.cold.public_ip
    }
  }

  probe "standby" {
    at     = site.standby
    url    = "https://${linode_instance.standby.ip_address}/healthz"
    within = "1m"
    before = "route"
  }

  probe "cold" {
    at     = site.cold
    url    = "https://${aws_eip.cold.public_ip}/healthz"
    within = "2h"
    before = "route"
  }

  probe "users" {
    url    = "https://www.example.com/healthz"
    within = "1m"
  }
}

output "cold_site" {
  value = aws_eip.cold.public_ip
}

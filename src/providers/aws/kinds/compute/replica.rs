//! Replica between two machines of AWS.

use super::instance;
use crate::kinds::machine_replica::{self, ABOUT, NAME};
use crate::kinds::table::*;

/// The machines that it can be between.
const MACHINES: &[&str] = &["aws_instance"];

/// Table of `geo_replica`: the common argument, and the variant by source.
pub(crate) static KIND: Kind = Kind {
    name: NAME,
    about: ABOUT,
    args: &[machine_replica::source(MACHINES)],
    recovery: Recovery::DATA,
    variants: Some(Variants { by: "source", of: &[("aws_instance", &REPLICA)] }),
    example: EXAMPLE,
    ..crate::providers::aws::KIND
};

/// Table of `geo_replica` for a machine. Its programs reach it by its public address.
static REPLICA: Kind = Kind {
    provider: || &crate::providers::aws::TABLES,
    type_: instance::KIND.type_,
    args: &machine_replica::arguments(MACHINES),
    example: EXAMPLE,
    ..machine_replica::KIND
};

const EXAMPLE: &str = r#"
aws_vpc "main" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_subnet "main" {
  vpc                     = aws_vpc.main
  cidr_block              = "10.10.1.0/24"
  map_public_ip_on_launch = true
}

aws_instance "main" {
  subnet        = aws_subnet.main
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}

aws_vpc "standby" {
  site       = site.west
  cidr_block = "10.20.0.0/16"
}

aws_subnet "standby" {
  vpc                     = aws_vpc.standby
  cidr_block              = "10.20.1.0/24"
  map_public_ip_on_launch = true
}

aws_instance "standby" {
  subnet        = aws_subnet.standby
  ami           = "ami-0fedcba9876543210"
  instance_type = "m7i.large"
}

geo_replica "example" {
  source = aws_instance.main
  target = aws_instance.standby

  observe {
    program   = "ssh"
    arguments = ["-o", "ConnectTimeout=5", "postgres@{host}", "/usr/local/bin/replication-status"]
  }

  promote {
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/promote"]
    within    = "60s"
  }

  follow {
    program   = "ssh"
    arguments = ["postgres@{host}", "/usr/local/bin/follow", "{other}"]
  }
}
"#;

//! Replica between two machines at Linode.

use super::instance;
use crate::kinds::machine_replica::{self, ABOUT, NAME};
use crate::kinds::table::*;

/// The machines that it can be between.
const MACHINES: &[&str] = &["linode_instance"];

/// Table of `geo_replica`: the common argument, and the variant by source.
pub(super) static KIND: Kind = Kind {
    name: NAME,
    about: ABOUT,
    args: &[machine_replica::source(MACHINES)],
    recovery: Recovery::DATA,
    variants: Some(Variants { by: "source", of: &[("linode_instance", &REPLICA)] }),
    example: EXAMPLE,
    ..crate::providers::linode::KIND
};

/// Table of `geo_replica` for a machine.
static REPLICA: Kind = Kind {
    provider: || &crate::providers::linode::TABLES,
    type_: instance::KIND.type_,
    args: &machine_replica::arguments(MACHINES),
    example: EXAMPLE,
    ..machine_replica::KIND
};

const EXAMPLE: &str = r#"
linode_instance "main" {
  site            = site.east
  type            = "g6-dedicated-8"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
}

linode_instance "standby" {
  mirrors = linode_instance.main
  site    = site.west
}

geo_replica "example" {
  source = linode_instance.main
  target = linode_instance.standby

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

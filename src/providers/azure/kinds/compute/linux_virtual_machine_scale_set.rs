//! Scale set of Linux virtual machines: a number of identical machines from one image.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_login::{adopt_linux_sign_in, check_linux_sign_in};
use crate::providers::azure::kinds::compute::machine_profile::{LINUX_SECRET, Os};
use crate::providers::azure::kinds::compute::scale_set::{self, PROFILE, SET};
use crate::providers::azure::kinds::compute::scale_set_uncovered;

const LINUX: &[Arg] = &[
    arg(
        "instances",
        Ty::Integer(0, 1000),
        "sku.capacity",
        "Number of machines. If absent, a new scale set has none, and an existing one keeps its number.",
    )
    .default(Lit::Int(0))
    .kept(Kept::LeftOut),
    arg(
        "disable_password_authentication",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication",
        "Disable password logins, so that only SSH keys work.",
    )
    .default(Lit::Bool(true)),
    arg("admin_ssh_key", Ty::Block(&ADMIN_SSH_KEY), "", "SSH public key of the administrator.").wire(Wire::Odd),
    arg(
        "provision_vm_agent",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.linuxConfiguration.provisionVMAgent",
        "Install the Azure VM agent, which extensions need.",
    )
    .default(Lit::Bool(true))
    .replace(),
    arg(
        "secret",
        Ty::Block(&LINUX_SECRET),
        "properties.virtualMachineProfile.osProfile.secrets",
        "Certificates of a key vault to install on the machines.",
    ),
];

static ADMIN_SSH_KEY: Block = Block::many(
    "",
    &[
        arg("username", Ty::String, "username", "User of the key: `admin_username`.").required(),
        arg("public_key", Ty::String, "public_key", "Public key in OpenSSH format.")
            .form(&forms::login::SSH_KEY)
            .required(),
    ],
);

/// Table of `linux_virtual_machine_scale_set`.
pub static KIND: Kind = Kind {
    name: "linux_virtual_machine_scale_set",
    about: "Scale set of Linux virtual machines: a number of identical machines from one image.",
    type_: scale_set::TYPE,
    names: scale_set::NAMES,
    args: &concat::<{ SET.len() + LINUX.len() + PROFILE.len() }>(&[SET, LINUX, PROFILE]),
    attributes: scale_set::ATTRIBUTES,
    fixed: scale_set::FIXED,
    durations: scale_set::DURATIONS,
    lasts: Some(scale_set::lasts),
    answers: AnswerStyle::AsyncBody,
    in_use: "",
    run_moves: &["instances"],
    moves: scale_set::MOVES,
    odd: Overrides {
        encode: Some(|subject, bodies| scale_set::encode(subject, bodies, Os::Linux)),
        decode: Some(scale_set::decode),
        check: Some(check),
        ..Overrides::NONE
    },
    machines: Some(scale_set::machines),
    simulated: scale_set::SIMULATED,
    adoption: Adoption {
        is: Some(|found| scale_set::is_of(found, Os::Linux)),
        arguments: Some(|found, args| adopt_linux_sign_in(found.body, scale_set::AT, args)),
        chosen: scale_set_uncovered::CHOSEN,
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        earlier: &["virtual_machine_scale_set"],
        renamed: scale_set::RENAMED,
        parts: &[("virtual_machine_scale_set_extension", "extension")],
        sets: &["extension", "admin_ssh_key", "secret.certificate"],
        fifth: &[
            "network_interface.accelerated_networking_enabled",
            "network_interface.ip_forwarding_enabled",
            "automatic_os_upgrade_policy",
        ],
        ..Terraform::BY_RULE
    },
    uncovered: scale_set_uncovered::UNCOVERED,
    forms: &[("admin_username", &forms::login::LINUX_USER), ("admin_password", &forms::login::LINUX_PASSWORD)],
    transitions: scale_set::TRANSITIONS,
    apart: &[Exclusive::among_siblings(
        "InvalidParameter",
        "logical unit number",
        "units of a machine",
        &["data_disk[].lun"],
    )
    .within(ExclusiveWithin::Resource)],
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]
}

linux_virtual_machine_scale_set "example" {
  resource_group = resource_group.example
  sku            = "Standard_D2s_v5"
  instances      = 2
  admin_username = "operator"

  admin_ssh_key {
    username   = "operator"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "24.04.202506060"
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }

  network_interface {
    name    = "nic"
    primary = true

    ip_configuration {
      name    = "internal"
      primary = true
      subnet  = subnet.example
    }
  }
}
"#,
    left_out: scale_set::LEFT_OUT,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    scale_set::check(subject, 58, findings);
    check_linux_sign_in(subject, findings);
}

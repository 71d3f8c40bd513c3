//! Linux virtual machine.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_login::{adopt_linux_sign_in, check_linux_sign_in};
use crate::providers::azure::kinds::compute::machine_power;
use crate::providers::azure::kinds::compute::machine_profile::{LINUX_SECRET, Os};
use crate::providers::azure::kinds::compute::machine_simulated;
use crate::providers::azure::kinds::compute::single_machine::{self, MACHINE, PROFILE, patches};

const PATCHES: &[Arg] = &patches!("properties.osProfile.linuxConfiguration", &["AutomaticByPlatform", "ImageDefault"]);

const LINUX: &[Arg] = &[
    arg(
        "disable_password_authentication",
        Ty::Bool,
        "properties.osProfile.linuxConfiguration.disablePasswordAuthentication",
        "Disable password logins, so that only SSH keys work. Defaults to true.",
    )
    .chosen(),
    arg("admin_ssh_key", Ty::Block(&ADMIN_SSH_KEY), "", "SSH public key of the administrator.")
        .wire(Wire::Odd)
        .replace(),
    arg(
        "license_type",
        Ty::Enum(&[
            "RHEL_BYOS",
            "RHEL_BASE",
            "RHEL_EUS",
            "RHEL_SAPAPPS",
            "RHEL_SAPHA",
            "RHEL_BASESAPAPPS",
            "RHEL_BASESAPHA",
            "SLES_BYOS",
            "SLES_SAP",
            "SLES_HPC",
            "UBUNTU_PRO",
        ]),
        "properties.licenseType",
        "Bring-your-own licence type.",
    ),
    arg(
        "secret",
        Ty::Block(&LINUX_SECRET),
        "properties.osProfile.secrets",
        "Certificates of a key vault to install on the machine.",
    ),
    RESTORES,
];

/// At most 64 KiB in base64 (source: the description of `customData` in the provider's REST API).
const LAUNCH: Launch =
    Launch { argument: "custom_data", is_encoded: true, property: "properties.osProfile.customData", most: 49_151 };

static ADMIN_SSH_KEY: Block = Block::many(
    "",
    &[
        arg("username", Ty::String, "username", "User of the key: `admin_username`.").required().replace(),
        arg("public_key", Ty::String, "public_key", "Public key in OpenSSH format.")
            .form(&forms::login::SSH_KEY)
            .required()
            .replace(),
    ],
);

/// Table of `linux_virtual_machine`.
pub static KIND: Kind = Kind {
    name: "linux_virtual_machine",
    about: "Linux virtual machine.",
    type_: single_machine::TYPE,
    names: single_machine::NAMES,
    args: &concat::<{ MACHINE.len() + LINUX.len() + PATCHES.len() + PROFILE.len() }>(&[
        MACHINE, LINUX, PATCHES, PROFILE,
    ]),
    attributes: single_machine::ATTRIBUTES,
    durations: single_machine::DURATIONS,
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, launches: Some(&LAUNCH), ..Recovery::NONE },
    in_use: "",
    odd: Overrides {
        encode: Some(|subject, bodies| single_machine::encode(subject, bodies, Os::Linux)),
        decode: Some(single_machine::decode),
        check: Some(check),
        ..Overrides::NONE
    },
    moves: machine_power::MOVES,
    machines: Some(single_machine::machines),
    simulated: machine_simulated::SIMULATED,
    adoption: Adoption {
        is: Some(|found| single_machine::is_of(found, Os::Linux)),
        arguments: Some(|found, args| {
            single_machine::adopt(found, args);
            adopt_linux_sign_in(found.body, single_machine::AT, args);
        }),
        ..single_machine::ADOPTION
    },
    uncovered: single_machine::UNCOVERED,
    terraform: Terraform {
        earlier: &["virtual_machine"],
        sets: &["admin_ssh_key", "secret.certificate"],
        ..Terraform::BY_RULE
    },
    forms: &[
        ("admin_username", &forms::login::LINUX_USER),
        ("admin_password", &forms::login::LINUX_PASSWORD),
        ("computer_name", &forms::login::LINUX_COMPUTER),
    ],
    transitions: single_machine::TRANSITIONS,
    apart: single_machine::APART,
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

network_interface "example" {
  resource_group = resource_group.example

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.example
    private_ip_address_allocation = "Dynamic"
  }
}

linux_virtual_machine "example" {
  resource_group     = resource_group.example
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  network_interfaces = [network_interface.example]

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
}
"#,
    left_out: single_machine::LEFT_OUT,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    single_machine::check(subject, 64, findings);
    // A specialised image has users already.
    if subject.args.contains_key("admin_username") {
        check_linux_sign_in(subject, findings);
    }
}

//! Scale set of Windows virtual machines: a number of identical machines from one image.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_profile::{Os, windows_profile};
use crate::providers::azure::kinds::compute::scale_set::{self, PROFILE, SET};
use crate::providers::azure::kinds::compute::scale_set_uncovered;

const WINDOWS_PROFILE: &[Arg] = &windows_profile!("properties.virtualMachineProfile");

const WINDOWS: &[Arg] = &[
    arg("instances", Ty::Integer(0, 1000), "sku.capacity", "Number of machines.").required(),
    arg(
        "automatic_updates_enabled",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.windowsConfiguration.enableAutomaticUpdates",
        "Enable automatic updates by Windows.",
    )
    .default(Lit::Bool(true)),
    arg(
        "provision_vm_agent",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.windowsConfiguration.provisionVMAgent",
        "Install the Azure VM agent, which extensions need.",
    )
    .default(Lit::Bool(true))
    .replace(),
    arg(
        "timezone",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.windowsConfiguration.timeZone",
        "Time zone, as in `W. Europe Standard Time`.",
    ),
];

/// Table of `windows_virtual_machine_scale_set`.
pub static KIND: Kind = Kind {
    name: "windows_virtual_machine_scale_set",
    about: "Scale set of Windows virtual machines: a number of identical machines from one image.",
    type_: scale_set::TYPE,
    names: scale_set::NAMES,
    args: &with_password(concat::<{ SET.len() + WINDOWS.len() + WINDOWS_PROFILE.len() + PROFILE.len() }>(&[
        SET,
        WINDOWS,
        WINDOWS_PROFILE,
        PROFILE,
    ])),
    attributes: scale_set::ATTRIBUTES,
    fixed: scale_set::FIXED,
    durations: scale_set::DURATIONS,
    lasts: Some(scale_set::lasts),
    answers: AnswerStyle::AsyncBody,
    in_use: "",
    run_moves: &["instances"],
    moves: scale_set::MOVES,
    odd: Overrides {
        encode: Some(|subject, bodies| scale_set::encode(subject, bodies, Os::Windows)),
        decode: Some(scale_set::decode),
        check: Some(|subject, findings| scale_set::check(subject, 9, findings)),
        ..Overrides::NONE
    },
    machines: Some(scale_set::machines),
    simulated: scale_set::SIMULATED,
    adoption: Adoption {
        is: Some(|found| scale_set::is_of(found, Os::Windows)),
        chosen: scale_set_uncovered::CHOSEN,
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        earlier: &["virtual_machine_scale_set"],
        renamed: scale_set::RENAMED,
        parts: &[("virtual_machine_scale_set_extension", "extension")],
        sets: &["extension", "winrm_listener", "secret.certificate"],
        fifth: &[
            "network_interface.accelerated_networking_enabled",
            "network_interface.ip_forwarding_enabled",
            "automatic_os_upgrade_policy",
            "automatic_updates_enabled",
        ],
        ..Terraform::BY_RULE
    },
    uncovered: scale_set_uncovered::UNCOVERED,
    forms: &[("admin_username", &forms::login::WINDOWS_USER), ("admin_password", &forms::login::WINDOWS_PASSWORD)],
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

windows_virtual_machine_scale_set "example" {
  resource_group = resource_group.example
  sku            = "Standard_D2s_v5"
  instances      = 2
  admin_username = "operator"
  admin_password = "an example, n0t a secret"

  source_image_reference {
    publisher = "MicrosoftWindowsServer"
    offer     = "WindowsServer"
    sku       = "2022-datacenter-azure-edition"
    version   = "20348.3807.250605"
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

/// Windows requires a password.
const fn with_password<const N: usize>(mut args: [Arg; N]) -> [Arg; N] {
    let mut at = 0;
    while at < N {
        if matches!(args[at].name.as_bytes(), b"admin_password") {
            args[at] = args[at].required();
        }
        at += 1;
    }
    args
}

//! Windows virtual machine.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_power;
use crate::providers::azure::kinds::compute::machine_profile::{Os, finding, windows_profile};
use crate::providers::azure::kinds::compute::machine_simulated;
use crate::providers::azure::kinds::compute::single_machine::{self, MACHINE, PROFILE, patches};

const WINDOWS_PROFILE: &[Arg] = &windows_profile!("properties");

const PATCHES: &[Arg] =
    &patches!("properties.osProfile.windowsConfiguration", &["AutomaticByOS", "AutomaticByPlatform", "Manual"]);

const WINDOWS: &[Arg] = &[
    arg(
        "automatic_updates_enabled",
        Ty::Bool,
        "properties.osProfile.windowsConfiguration.enableAutomaticUpdates",
        "Enable automatic updates by Windows.",
    )
    .chosen(),
    arg(
        "hotpatching_enabled",
        Ty::Bool,
        "properties.osProfile.windowsConfiguration.patchSettings.enableHotpatching",
        "Install updates without a restart, if the edition supports it.",
    ),
    arg(
        "timezone",
        Ty::String,
        "properties.osProfile.windowsConfiguration.timeZone",
        "Time zone, as in `W. Europe Standard Time`.",
    )
    .replace(),
];

/// Table of `windows_virtual_machine`.
pub static KIND: Kind = Kind {
    name: "windows_virtual_machine",
    about: "Windows virtual machine.",
    type_: single_machine::TYPE,
    names: single_machine::NAMES,
    args: &concat::<{ MACHINE.len() + WINDOWS.len() + PATCHES.len() + WINDOWS_PROFILE.len() + PROFILE.len() }>(&[
        MACHINE,
        WINDOWS,
        PATCHES,
        WINDOWS_PROFILE,
        PROFILE,
    ]),
    attributes: single_machine::ATTRIBUTES,
    durations: single_machine::DURATIONS,
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "",
    odd: Overrides {
        encode: Some(|subject, bodies| single_machine::encode(subject, bodies, Os::Windows)),
        decode: Some(single_machine::decode),
        check: Some(check),
        ..Overrides::NONE
    },
    moves: machine_power::MOVES,
    machines: Some(single_machine::machines),
    simulated: machine_simulated::SIMULATED,
    adoption: Adoption { is: Some(|found| single_machine::is_of(found, Os::Windows)), ..single_machine::ADOPTION },
    uncovered: single_machine::UNCOVERED,
    terraform: Terraform {
        earlier: &["virtual_machine"],
        sets: &["winrm_listener", "secret.certificate"],
        ..Terraform::BY_RULE
    },
    forms: &[
        ("admin_username", &forms::login::WINDOWS_USER),
        ("admin_password", &forms::login::WINDOWS_PASSWORD),
        ("computer_name", &forms::login::WINDOWS_COMPUTER),
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

windows_virtual_machine "example" {
  resource_group     = resource_group.example
  size               = "Standard_D2s_v5"
  admin_username     = "operator"
  admin_password     = "an example, n0t a secret"
  network_interfaces = [network_interface.example]

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
}
"#,
    left_out: single_machine::LEFT_OUT,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    single_machine::check(subject, 15, findings);
    let has = |name: &str| subject.args.contains_key(name);
    if has("admin_username") && !has("admin_password") {
        let help = "Set `admin_password`.";
        findings.push(finding("admin_username", "the administrator has no password", help));
    }
}

//! Attachment of a managed disk to a virtual machine: an element of the machine's list of data disks, treated as a
//! resource.

use crate::kinds::place;
use crate::kinds::table::*;
use crate::providers::azure::kinds::compute::machine_profile::CACHING;
use crate::providers::azure::kinds::compute::single_machine::{self, DATA_DISKS};

static PLACE: Membership = Membership {
    owner: "virtual_machine",
    enclosure: Enclosure::Whole,
    list: DATA_DISKS,
    key: "managedDisk.id",
    member: "managed_disk",
    segment: "dataDisks",
    owners: Owners::Argument("max_shares"),
};

/// Table of `virtual_machine_data_disk_attachment`.
pub static KIND: Kind = Kind {
    name: "virtual_machine_data_disk_attachment",
    about: "Attachment of a managed disk to a virtual machine, as a data disk.",
    type_: single_machine::TYPE,
    place: Place::Member(&PLACE),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("virtual_machine", &["linux_virtual_machine", "windows_virtual_machine"], "The virtual machine."),
        arg(
            "managed_disk",
            Ty::Ref(&["managed_disk"]),
            "managedDisk.id",
            "The disk, in the machine's region and zone. A disk of a type that ends in `ZRS` fits every zone.",
        )
        .near()
        .required()
        .replace(),
        arg(
            "lun",
            Ty::Integer(0, 63),
            "lun",
            "Logical unit number, by which the operating system finds the disk. Each disk of a machine has its own.",
        )
        .required()
        .replace(),
        arg("caching", CACHING, "caching", "Host caching of the disk.").required(),
        arg(
            "create_option",
            Ty::Enum(&["Attach", "Empty"]),
            "createOption",
            "`Attach` for an existing disk. `Empty` for a disk that was created with the machine.",
        )
        .default(Lit::Str("Attach"))
        .replace(),
        arg(
            "write_accelerator_enabled",
            Ty::Bool,
            "writeAcceleratorEnabled",
            "Enable the write accelerator (premium disks of machines of the M series).",
        )
        .default(Lit::Bool(false)),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    link: true,
    apart: &[
        Exclusive::among_siblings("InvalidParameter", "logical unit number", "units of a machine", &["lun"]),
        Exclusive::among_siblings("AttachDiskWhileBeingAttached", "disk", "machines of a disk", &["managed_disk"])
            .within(ExclusiveWithin::Everywhere)
            .shared(),
    ],
    odd: Overrides { name: Some(place::name), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        // What other clients may write of a data disk.
        accepts: &[
            "deleteOption",
            "detachOption",
            "diskSizeGB",
            "image.uri",
            "managedDisk.diskEncryptionSet.id",
            "managedDisk.securityProfile",
            "managedDisk.storageAccountType",
            "name",
            "sourceResource.id",
            "toBeDetached",
            "vhd.uri",
        ],
        // A disk that Azure creates with the machine has no id yet, and Azure has defaults for the rest.
        spared: &["managedDisk", "managedDisk.id", "caching"],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        named: false,
        imported: Some(|_, of| {
            let id = of("virtual_machine").zip(of("managed_disk"));
            let text = |(machine, disk): (String, String)| {
                format!("{machine}/dataDisks/{}", disk.rsplit('/').next().unwrap_or_default())
            };
            id.map(text).into_iter().collect()
        }),
        ..Terraform::BY_RULE
    },
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

managed_disk "example" {
  resource_group       = resource_group.example
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 128
}

virtual_machine_data_disk_attachment "example" {
  virtual_machine = linux_virtual_machine.example
  managed_disk    = managed_disk.example
  lun             = 0
  caching         = "ReadOnly"
}
"#,
    ..crate::providers::azure::KIND
};

/// A disk without redundancy over zones is attached in its own zone only.
fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let zone = subject.with("virtual_machine", |machine| machine.text("zone").map(str::to_owned));
    let disk = subject.with("managed_disk", |disk| {
        let spans_zones = disk.text("storage_account_type").is_none_or(|type_| type_.ends_with("ZRS"));
        (!spans_zones).then(|| disk.text("zone").map(str::to_owned))
    });
    let (Some(machine), Some(Some(disk))) = (zone, disk) else { return };
    if machine != disk {
        let place = |zone: Option<String>| zone.map_or("no zone".to_owned(), |zone| format!("zone {zone}"));
        findings.push(Finding {
            argument: "managed_disk",
            summary: format!("the machine is in {}, and the disk in {}", place(machine), place(disk)),
            why: "Azure attaches a disk to machines in its own zone only.".to_owned(),
            help: "Set one `zone` in both, or a `storage_account_type` that ends in `ZRS`.".to_owned(),
        });
    }
}

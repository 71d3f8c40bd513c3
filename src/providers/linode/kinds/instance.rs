//! Machine at Linode. Its public address stays with it, and is gone when it is deleted.

use serde_json::Value as Json;

use super::forms::{IMAGE, PASSWORD, PLAN, SSH_KEY, TAGS_ARG, USER_DATA, label};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::linode::terraform::{LABEL, REGION, TAGS};
use crate::providers::linode::{INSTANCE_DELETED, INSTANCE_MADE, POWERED, RESIZED};

static METADATA: Block = Block::one(&[arg(
    "user_data",
    Ty::String,
    "user_data",
    "Data that cloud-init reads at the first start, in base64.",
)
.form(&USER_DATA)
.required()
.write_only()
.replace()]);

/// At most 16 KiB (source: Linode's documentation of its Metadata service).
const LAUNCH: Launch =
    Launch { argument: "metadata.user_data", is_encoded: true, property: "metadata.user_data", most: 16_384 };

const POWER_TAKES: DurationEstimate = DurationEstimate { typical: POWERED, worst: 300 };

/// A machine that is shut down keeps its disks and addresses, and costs as much as one that runs.
const POWER: Power = Power {
    expand: "status",
    state: |body| match path::text(body, "status")? {
        "running" => Some(PowerState::Running),
        "offline" | "stopped" => Some(PowerState::Stopped),
        _ => Some(PowerState::Changing),
    },
    stop: PowerAction { name: "shutdown", takes: POWER_TAKES },
    start: PowerAction { name: "boot", takes: POWER_TAKES },
};

/// Table of `linode_instance`.
pub(super) static KIND: Kind = Kind {
    name: "linode_instance",
    about: "Machine (a Linode) with a public address.",
    type_: KindType { name: "Linode/instances", version: "4" },
    place: Place::Root("linode:instances/{name}"),
    location: Location::Regional,
    names: label(3, 64),
    args: &[
        PRESENCE,
        arg("type", Ty::String, "type", "Plan, as in `g6-standard-2`. Another one moves the machine and restarts it.")
            .form(&PLAN)
            .required(),
        arg("image", Ty::String, "image", "Image that the machine starts from.").form(&IMAGE).required().replace(),
        arg(
            "authorized_keys",
            Ty::List(&Ty::String),
            "authorized_keys",
            "SSH public keys of `root`. Linode sets a password of its own if there is none.",
        )
        .form(&SSH_KEY)
        .write_only()
        .replace(),
        arg(
            "authorized_users",
            Ty::List(&Ty::String),
            "authorized_users",
            "Users of the account whose keys are those of `root`.",
        )
        .write_only()
        .replace(),
        arg("root_pass", Ty::String, "root_pass", "Password of `root`.").form(&PASSWORD).secret().replace(),
        arg("metadata", Ty::Block(&METADATA), "metadata", "Data for the first start.").write_only().replace(),
        RESTORES,
        arg(
            "backups_enabled",
            Ty::Bool,
            "backups.enabled",
            "Daily backups by Linode. They stay in the region of the machine, and are deleted with it.",
        )
        .default(Lit::Bool(false)),
        arg(
            "watchdog_enabled",
            Ty::Bool,
            "watchdog_enabled",
            "Boot the machine again after it was shut down from within.",
        )
        .default(Lit::Bool(true)),
        arg("firewall", Ty::Ref(&["linode_firewall"]), "firewall_id", "Firewall of the machine."),
        arg(
            "disk_encryption",
            Ty::Enum(&["enabled", "disabled"]),
            "disk_encryption",
            "Encryption of disks. Linode chooses by the region.",
        )
        .chosen(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("instance_id", "id", FakeValue::Nothing, "Number that Linode gave the machine."),
        attribute("ip_address", "ipv4[0]", FakeValue::Nothing, "Public IPv4 address."),
        attribute("ipv6", "ipv6", FakeValue::Nothing, "IPv6 address, with the length of its prefix."),
    ],
    durations: Durations { create: INSTANCE_MADE, update: 3, delete: INSTANCE_DELETED },
    lasts: Some(lasts),
    recovery: Recovery { loses_data: true, launches: Some(&LAUNCH), ..Recovery::NONE },
    in_use: "",
    machines: Some(|subject| Some(Machines { size: subject.text("type")?.to_owned(), count: 1, image: None })),
    host: Some("ip_address"),
    moves: Moves { power: Some(&POWER), ..Moves::NONE },
    restless: &["status"],
    terraform: Terraform {
        resource: "instance",
        renamed: &[LABEL, REGION],
        tags: TAGS,
        exported: &[("instance_id", "id")],
        given_id: "LINODE_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_firewall "web" {
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"
}

linode_instance "example" {
  site            = site.east
  type            = "g6-standard-1"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
  firewall        = linode_firewall.web
}
"#,
    left_out: &[
        ("alerts", "mails of Linode, on which no recovery depends"),
        ("backup_id", "Linode's backups stay in the region that is lost; restore from a repository elsewhere"),
        ("boot_config_label", "for machines with disks of their own making"),
        ("booted", "failover groups stop and start machines; `plan` leaves their power alone"),
        ("config", "deprecated by Linode's provider"),
        ("disk", "deprecated by Linode's provider"),
        ("group", "deprecated by Linode; use `tags`"),
        ("interface", "private networks lie in one region, and no users come through them"),
        ("interface_generation", "Linode chooses it for the account"),
        ("ipv4", "addresses that Linode reserved before do not leave their region"),
        ("maintenance_policy", "Linode chooses it for the account"),
        ("migration_type", "drplan replaces a machine that another site should have"),
        ("network_helper", "Linode chooses it for the account"),
        ("placement_group", "placement within one region"),
        ("placement_group_externally_managed", "placement within one region"),
        ("private_ip", "private addresses do not leave their region"),
        ("resize_disk", "drplan leaves disks as they are when the plan changes"),
        ("shared_ipv4", "addresses do not leave their region"),
        ("stackscript_data", "use `metadata`"),
        ("stackscript_id", "use `metadata`"),
        ("swap_size", "Linode chooses it"),
    ],
    ..crate::providers::linode::KIND
};

/// A machine of another plan is moved to another host.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    match old {
        None => INSTANCE_MADE,
        Some(old) if old.get("type") != new.get("type") => RESIZED,
        Some(_) => 3,
    }
}

//! Logins of Linux machines: keys of the administrator, and passwords.
//!
//! Independent of kinds.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::compute::machine_profile::finding;

/// Path of the switch of password logins, in a profile.
const KEYS_ONLY: &str = "osProfile.linuxConfiguration.disablePasswordAuthentication";

/// Without a word in its configuration, a Linux machine allows password logins (source: the API reference of
/// `LinuxConfiguration`), while the kinds' default disables them.
pub(super) fn adopt_linux_sign_in(body: &Json, at: &str, args: &mut JsonMap<String, Json>) {
    if path::borrow(body, &format!("{at}.osProfile")).is_some() {
        args.entry("disable_password_authentication").or_insert(Json::Bool(false));
    }
}

/// Adds what Azure returns of a Linux machine's logins.
pub(super) fn settle_linux_sign_in(body: &mut Json, at: &str) {
    if path::borrow(body, &format!("{at}.osProfile")).is_some() {
        path::fill(body, &format!("{at}.{KEYS_ONLY}"), false);
    }
}

/// Login rules of a Linux machine: an SSH key, or a password that is allowed and set.
pub(super) fn check_linux_sign_in(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let keys = subject.args.get("admin_ssh_key").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let users = keys.iter().filter_map(|key| path::text(key, "username"));
    if let Some(admin) = subject.text("admin_username")
        && let Some(other) = users.into_iter().find(|user| *user != admin)
    {
        findings.push(Finding {
            argument: "admin_ssh_key",
            summary: format!("the key is for the user `{other}`, and the administrator is `{admin}`"),
            why: "Azure writes keys for the administrator only.".to_owned(),
            help: format!("Set `username = \"{admin}\"`."),
        });
    }
    let key_only = subject.args.get("disable_password_authentication") != Some(&Json::Bool(false));
    if key_only && has("admin_password") {
        findings.push(finding(
            "admin_password",
            "`admin_password` is set, but password authentication is disabled",
            "Set `disable_password_authentication = false`, or remove `admin_password`.",
        ));
    } else if key_only && !has("admin_ssh_key") {
        findings.push(finding(
            "admin_ssh_key",
            "login is impossible: neither an SSH key nor a password is set",
            "Add an `admin_ssh_key` block, or set `disable_password_authentication = false` and `admin_password`.",
        ));
    } else if !key_only && !has("admin_password") {
        findings.push(finding(
            "disable_password_authentication",
            "password authentication is enabled, but `admin_password` is not set",
            "Set `admin_password`, or remove `disable_password_authentication`.",
        ));
    }
}

/// Refuses keys for others than the administrator.
pub(super) fn admit_keys(body: &Json, at: &str) -> Result<(), Refusal> {
    let admin = path::text(body, &format!("{at}.osProfile.adminUsername"));
    let keys = path::items(body, &format!("{at}.osProfile.linuxConfiguration.ssh.publicKeys"));
    let of_admin = |admin: &str| format!("/home/{admin}/.ssh/authorized_keys");
    let paths = keys.iter().filter_map(|key| path::text(key, "path"));
    match admin.and_then(|admin| paths.into_iter().find(|path| *path != of_admin(admin)).zip(Some(admin))) {
        None => Ok(()),
        Some((_, admin)) => Err(Refusal {
            status: 400,
            code: "InvalidParameter",
            message: format!(
                "Destination path for SSH public keys is currently limited to its default value {} due to a known issue in Linux provisioning agent.",
                of_admin(admin)
            ),
        }),
    }
}

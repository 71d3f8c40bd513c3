//! Keys of backups in the text of a stack.

use super::{Rule, Weight, span};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "backup-key-in-text",
    about: "No key of a backup is in user data or in another argument of a resource.",
    weight: Weight::Error,
    cause: "An argument of a resource has a private key, or sets the passphrase of a repository.",
    consequence: "User data and settings of resources are read by everybody who may read the resource, and by every \
                  program on the machine. An intruder at the site has the key of its backups as well.",
    fix: "Remove it, and change the key. A machine that restores at launch (`restores`) gets its keys once an operator has \
          approved them; none of them is in user data, image or state.",
    breaks: include_str!("../../templates/check/backup-key-in-text/breaks.hcl"),
    keeps: include_str!("../../templates/check/backup-key-in-text/keeps.hcl"),
    check,
};

/// Beginnings of private keys, and settings that hold a passphrase.
const KEYS: &[&str] = &[
    "AGE-SECRET-KEY-1",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "RESTIC_PASSWORD=",
    "PGBACKREST_REPO1_CIPHER_PASS=",
    "repo1-cipher-pass=",
    "WALG_LIBSODIUM_KEY=",
    "WALG_PGP_KEY=",
    "WALG_PGP_KEY_PASSPHRASE=",
];

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        for (name, value) in &resource.args {
            let Some(key) = key_in(value) else { continue };
            let word = key.trim_end_matches(['=', '1', '-']).trim_start_matches('-');
            found.push(
                RULE.finding(format!("`{name}` of `{}` has a key of a backup: {word}", resource.address))
                    .at(span(resource, name))
                    .help("Remove it, and change the key: copies of the text have it as well."),
            );
        }
    }
}

/// The mark of a key in a text. Sensitive values are left alone: what they hold is not shown, not even as a finding.
fn key_in(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) => KEYS.iter().copied().find(|key| text.contains(key)),
        Value::List(items) => items.iter().find_map(key_in),
        Value::Map(map) => map.values().find_map(key_in),
        _ => None,
    }
}

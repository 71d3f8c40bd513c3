//! Backups of a stack: `backup` blocks, read, typed and checked.
//!
//! Their names are known before any resource, so that resources can refer to them; their arguments are read after the
//! resources, because they refer to these.

pub(crate) mod model;
mod places;
mod reader;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::stack::Backup;
use crate::stack::constants::ConstantReader;
use crate::stack::instance_errors::InstanceErrors;
use crate::stack::scope::{EachInstance, Facts, Instances};
use crate::stack::written::for_each;
use crate::value::Value;

/// The arguments of a `backup` block.
pub(super) const ARGUMENTS: &[&str] = &[
    "of",
    "tool",
    "repository",
    "path",
    "stanza",
    "tag",
    "class",
    "every",
    "increments",
    "log",
    "keep",
    "verified",
    "custodians",
    "for_each",
];

/// The values of `each` of a block, by key.
type Entries = Vec<(Arc<str>, Value)>;

/// The instances of each block whose `for_each` is valid, by the address of the block.
pub(super) fn instances(facts: &Facts<'_>, found: &mut Diagnostics) -> HashMap<Address, Instances> {
    let mut all = HashMap::new();
    for (label, block) in &facts.program.backups {
        let address = Address::new("backup", label);
        if !block.body.is_repeated() {
            all.insert(address, Instances::One);
        } else if let Some(entries) = entries(facts, label, found) {
            let keyed = |(key, _): (Arc<str>, Value)| (Arc::clone(&key), address.instance(&key));
            let keys: BTreeMap<Arc<str>, Address> = entries.into_iter().map(keyed).collect();
            all.insert(address.clone(), Instances::Each(keys));
        }
    }
    all
}

/// The entries of a block's `for_each`.
fn entries(facts: &Facts<'_>, label: &str, found: &mut Diagnostics) -> Option<Entries> {
    let attribute = facts.program.backups.get(label)?.body.attribute("for_each")?;
    let ConstantReader { scope, found } = ConstantReader::new(facts, found);
    for_each(&attribute.expr, &scope, found)
}

/// Reads every backup.
pub(super) fn read_all(facts: &Facts<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Backup> {
    let mut backups = IndexMap::new();
    for (label, block) in &facts.program.backups {
        if found.is_full() || facts.budget().is_spent() {
            break;
        }
        let mut read = |address: Address, each: Option<EachInstance>, found: &mut Diagnostics| {
            if let Some(backup) = reader::BackupReader::new(facts, each, found).backup(address, block) {
                backups.insert(Arc::from(backup.name()), backup);
            }
        };
        if !block.body.is_repeated() {
            read(Address::new("backup", label), None, found);
            continue;
        }
        // Errors of `for_each` were reported when the names were read.
        let entries = entries(facts, label, &mut Diagnostics::new()).unwrap_or_default();
        let mut merged = InstanceErrors::default();
        for (key, value) in entries {
            let address = Address::new("backup", label).instance(&key);
            let each = EachInstance { key: Value::String(key), value, needs: Arc::default() };
            let mut own = Diagnostics::new();
            read(address.clone(), Some(each), &mut own);
            merged.add(&address, own);
        }
        found.extend(merged.finish());
    }
    backups
}

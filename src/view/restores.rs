//! The recorded restores of a backup, as text and JSON.

use serde_json::{Value as Json, json};

use super::backup::moment;
use super::{BOLD, Layout, fit, styled, table_or_blocks, visible};
use crate::address::Address;
use crate::backup::{RestoreOutcome, RestoreRecord};
use crate::duration::{at_least, spoken};

/// The restores, newest first: the point, the time of its data against the promised one, the time that it took.
pub fn show(backup: &Address, records: &[RestoreRecord], layout: Layout) -> String {
    let unknown = || "-".to_owned();
    let row = |record: &RestoreRecord| {
        vec![
            moment(record.at),
            visible(&record.point),
            moment(record.promised),
            record.restored_to.map_or_else(unknown, moment),
            record.took().map_or_else(unknown, |took| spoken(at_least(took))),
            record.machine_type.as_deref().map_or_else(unknown, visible),
            outcome(record),
            record.run.clone(),
        ]
    };
    let head = ["at", "point", "promised", "restored to", "time", "machine type", "outcome", "run"];
    let rows: Vec<Vec<String>> =
        std::iter::once(head.map(str::to_owned).to_vec()).chain(records.iter().rev().map(row)).collect();
    let mut out = format!("{}\n\n", styled(BOLD, &format!("Restores of {backup}")));
    out += &table_or_blocks(&rows, head.len(), layout.width);
    fit(&out, layout.width)
}

/// The outcome in words.
pub(crate) fn outcome(record: &RestoreRecord) -> String {
    match &record.outcome {
        RestoreOutcome::Damaged { code, message } => visible(&format!("damaged: {code}: {message}")),
        RestoreOutcome::Restored if record.is_proof() => "restored".to_owned(),
        RestoreOutcome::Restored => {
            let failed = record.probes.iter().filter(|(_, passed)| !**passed).map(|(probe, _)| probe.as_str());
            format!("restored, and failed {}", failed.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The same for scripts.
pub fn show_json(backup: &Address, records: &[RestoreRecord]) -> Json {
    json!({ "format_version": 1, "backup": backup, "restores": records })
}

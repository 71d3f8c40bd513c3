//! The recorded restores of a backup, as text and JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::backup::moment;
use super::{BOLD, Layout, fit, styled, table_or_blocks, visible};
use crate::address::Address;
use crate::backup::{Level, RestoreOutcome, RestoreRecord};
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

/// The restores of a run as a table, with an empty line before it; nothing for a run that restored nothing.
pub fn of_run(restores: &BTreeMap<Address, Vec<RestoreRecord>>, width: usize) -> String {
    let unknown = || "-".to_owned();
    let level = |level: Option<Level>| level.map_or("damaged", Level::as_str);
    let row = |(backup, record): (&Address, &RestoreRecord)| {
        let predicted = record.predicted.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        vec![
            backup.to_string(),
            visible(&record.point),
            moment(record.promised),
            match &record.outcome {
                RestoreOutcome::Restored => record.compared(),
                RestoreOutcome::Damaged { code, .. } => visible(code),
            },
            record.took().map_or_else(unknown, |took| spoken(at_least(took))),
            predicted.map_or_else(unknown, |predicted| spoken(at_least(predicted))),
            format!("{} → {}", record.level.map_or("-", Level::as_str), level(record.level_after())),
        ]
    };
    let each = || restores.iter().flat_map(|(backup, records)| records.iter().map(move |record| (backup, record)));
    if each().next().is_none() {
        return String::new();
    }
    let head = ["backup", "point", "promised", "restored", "time", "predicted", "level"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(each().map(row)).collect();
    let table = table_or_blocks(&rows, 7, width.saturating_sub(2));
    let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") };
    format!("\nRestored backups:\n{}", table.lines().map(indented).collect::<String>())
}

/// The same for scripts.
pub(crate) fn of_run_json(restores: &BTreeMap<Address, Vec<RestoreRecord>>) -> Json {
    let one = |(backup, record): (&Address, &RestoreRecord)| {
        json!({
            "backup": backup,
            "point": record.point,
            "outcome": if record.level_after().is_some() { "restored" } else { "damaged" },
            "machine_type": record.machine_type,
            "promised": record.promised,
            "restored_to": record.restored_to,
            "difference": record.difference(),
            "seconds": record.took().map(|took| took.as_secs_f64()),
            "predicted": record.predicted,
            "level_before": record.level,
            "level": record.level_after(),
        })
    };
    restores.iter().flat_map(|(backup, records)| records.iter().map(move |record| one((backup, record)))).collect()
}

/// The same for scripts.
pub fn show_json(backup: &Address, records: &[RestoreRecord]) -> Json {
    json!({ "format_version": 1, "backup": backup, "restores": records })
}

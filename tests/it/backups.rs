//! Outputs of backup tools that were recorded from real runs: their catalogues and verdicts are read as they are.

use std::fs;
use std::path::PathBuf;

use drplan::backup::{BackupSet, Level, PointKind, Points, Selection, Verdict, data_age, tool};

/// A recorded output; `None`, with a message, where the recordings are absent.
fn recorded(name: &str) -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/backup-samples");
    if !folder.is_dir() {
        crate::skipped("recorded outputs of backup tools were NOT read; ../shared/reference/backup-samples is absent");
        return None;
    }
    let bytes = fs::read(folder.join(name)).unwrap();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn read(word: &str, selection: &Selection<'_>, output: &str) -> Result<BackupSet, String> {
    (tool(word).unwrap().catalogue)(selection, output).map(BackupSet::from)
}

fn judged(word: &str, output: &str, code: i32) -> Verdict {
    (tool(word).unwrap().verdict)(output, Some(code))
}

const STANZA: Selection<'static> = Selection { stanza: Some("app"), tag: None };

#[test]
fn recorded_catalogue_of_pgbackrest_has_its_chain_and_log() {
    let Some(info) = recorded("pgbackrest-2.45-info-ok.json") else { return };
    let log = recorded("pgbackrest-2.45-repo-ls-wal.json").unwrap();
    let set = read("pgbackrest", &STANZA, &format!("{info}\n{log}")).unwrap();
    let kinds: Vec<PointKind> = set.points().iter().map(|point| point.kind).collect();
    assert_eq!(kinds, [PointKind::Full, PointKind::Differential, PointKind::Incremental]);
    let data = data_age(&set, Level::Complete).unwrap();
    assert_eq!(data.point.id, "20261129-003039F_20261129-003047I");
    assert_eq!(data.as_of.as_second(), 1_795_912_311, "the log was archived until then");
    assert_eq!(data.point.bytes.restored, Some(27_293_547));
    assert_eq!(set.chain(&data.point.id).len(), 3);
}

#[test]
fn recorded_damage_of_pgbackrest_leads_to_the_older_point_although_it_ended_with_0() {
    let Some(info) = recorded("pgbackrest-2.45-info-ok.json") else { return };
    let mut set = read("pgbackrest", &STANZA, &info).unwrap();
    set.judge(&judged("pgbackrest", &recorded("pgbackrest-2.45-verify-damaged.txt").unwrap(), 0));
    let newest = set.newest(Level::Complete).unwrap();
    assert_eq!((newest.id.as_str(), newest.level), ("20261129-003039F", Level::Checked));
    let restored = judged("pgbackrest", &recorded("pgbackrest-2.45-restore-damaged.log").unwrap(), 29);
    let Verdict::Judged { damaged: Points::These(damaged), .. } = restored else { panic!("{restored:?}") };
    assert_eq!(damaged, ["20261129-003039F_20261129-003047I"]);
    let restored = judged("pgbackrest", &recorded("pgbackrest-2.45-restore-ok.log").unwrap(), 0);
    let Verdict::Judged { sound: Points::These(sound), .. } = restored else { panic!("{restored:?}") };
    assert_eq!(sound, ["20261129-003039F_20261129-003047I"]);
}

#[test]
fn recorded_refusals_of_pgbackrest_are_read_from_its_output() {
    let Some(output) = recorded("pgbackrest-2.45-info-wrong-cipher.json") else { return };
    let said = read("pgbackrest", &STANZA, &output).unwrap_err();
    assert!(said.contains("status 99") && said.contains("unable to load info file"), "{said}");
    let said = read("pgbackrest", &STANZA, &recorded("pgbackrest-2.45-info-no-stanza.json").unwrap()).unwrap_err();
    assert!(said.contains("missing stanza path"), "{said}");
    let empty = read("pgbackrest", &STANZA, &recorded("pgbackrest-2.45-info-no-backup.json").unwrap()).unwrap();
    assert_eq!(empty.points(), []);
}

#[test]
fn recorded_outputs_of_restic_are_read_and_judged() {
    let Some(snapshots) = recorded("restic-0.14-snapshots.json") else { return };
    let sizes = recorded("restic-0.14-stats-restore-size.json").unwrap();
    let stored = recorded("restic-0.14-stats-raw-data.json").unwrap();
    let daily = Selection { stanza: None, tag: Some("daily") };
    let set = read("restic", &daily, &format!("{snapshots}\n{sizes}\n{stored}")).unwrap();
    let newest = set.newest(Level::Complete).unwrap();
    assert!(newest.id.starts_with("18a2fffb"));
    assert_eq!((newest.bytes.restored, newest.bytes.repository), (Some(3_500_006), Some(3_501_796)));
    for name in ["restic-0.14-no-repository.stderr", "restic-0.14-wrong-password.stderr"] {
        let said = read("restic", &daily, &recorded(name).unwrap()).unwrap_err();
        assert!(said.contains("Fatal: "), "{said}");
    }
    for name in ["restic-0.14-check-read-data-damaged.txt", "restic-0.14-restore-damaged.txt"] {
        let Verdict::Judged { damaged: Points::All, .. } = judged("restic", &recorded(name).unwrap(), 1) else {
            panic!("{name} has damage")
        };
    }
    let proven = judged("restic", &recorded("restic-0.14-restore-verify.txt").unwrap(), 0);
    assert!(!matches!(proven, Verdict::Judged { damaged: Points::All, .. }), "{proven:?}");
}

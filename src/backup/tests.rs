//! Catalogues and verdicts over small outputs of each tool, and properties of chains and retention.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::address::Address;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(word: &str, selection: Selection<'_>, stdout: &str) -> BackupSet {
    let tool = tool(word).unwrap();
    BackupSet::from((tool.catalogue)(&selection, stdout).unwrap())
}

fn refused(word: &str, selection: Selection<'_>, stdout: &str) -> String {
    (tool(word).unwrap().catalogue)(&selection, stdout).unwrap_err()
}

fn judged(word: &str, stdout: &str, code: i32) -> Verdict {
    (tool(word).unwrap().verdict)(stdout, Some(code))
}

const NONE: Selection<'static> = Selection { stanza: None, tag: None };

#[test]
fn restic_is_read_in_both_dialects() {
    let old = r#"[{"time": "2026-01-02T03:00:00.5Z", "tree": "aa", "paths": ["/srv"], "hostname": "h",
        "tags": ["web"], "id": "aaaa", "short_id": "aa"}]
        {"total_size": 900, "total_file_count": 4, "snapshots_count": 1}
        {"total_size": 400, "total_file_count": 0, "total_blob_count": 7, "snapshots_count": 1}"#;
    let set = read("restic", Selection { tag: Some("web"), ..NONE }, old);
    let point = set.newest(Level::Complete).unwrap();
    assert_eq!((point.id.as_str(), point.at), ("aaaa", time("2026-01-02T03:00:00.5Z")));
    assert_eq!(point.bytes, PointBytes { repository: Some(400), restored: Some(900) });
    assert_eq!(read("restic", Selection { tag: Some("other"), ..NONE }, old).points(), []);
    let new = r#"[{"time": "2026-01-02T05:00:00+02:00", "id": "bbbb", "program_version": "restic 0.19.1", "tags": null,
        "summary": {"backup_start": "2026-01-02T03:00:00Z", "backup_end": "2026-01-02T03:07:00Z",
        "total_bytes_processed": 5}}]"#;
    let set = read("restic", NONE, new);
    assert_eq!(set.points()[0].finished, Some(time("2026-01-02T03:07:00Z")));
    assert_eq!(set.points()[0].at, time("2026-01-02T03:00:00Z"), "the time of the data is the start of the run");
    assert_eq!(set.points()[0].bytes.restored, Some(5));
}

#[test]
fn restic_without_a_list_is_refused_in_its_own_words() {
    let said = refused("restic", NONE, "Fatal: wrong password or no key found\n");
    assert!(said.contains("wrong password"), "{said}");
    let said = refused("restic", NONE, r#"{"message_type": "exit_error", "code": 12, "message": "Fatal: no key"}"#);
    assert!(said.contains("no key"), "{said}");
    assert!(refused("restic", NONE, " ").contains("printed nothing"));
}

#[test]
fn restic_proves_data_only_when_it_reads_them() {
    let read_all = "check all packs\nread all data\nno errors were found\n";
    let sound = Verdict::Judged { sound: Points::All, damaged: Points::These(Vec::new()), why: None };
    assert_eq!(judged("restic", read_all, 0), sound);
    let Verdict::Undecided(why) = judged("restic", "check all packs\nno errors were found\n", 0) else { panic!() };
    assert!(why.contains("--read-data"), "{why}");
    let damaged = "read all data\nPack ID does not match, want aa, got bb\n";
    let Verdict::Judged { damaged: Points::All, .. } = judged("restic", damaged, 0) else { panic!("code 0 decided") };
    let Verdict::Undecided(why) = judged("restic", "", 11) else { panic!() };
    assert!(why.contains("code 11"), "{why}");
}

const INFO: &str = r#"[{"name": "shop", "status": {"code": 0, "message": "ok"}, "archive": [], "backup": [
  {"label": "F1", "type": "full", "reference": null, "timestamp": {"start": 1000, "stop": 1060},
   "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000003"}, "error": false,
   "info": {"size": 100, "repository": {"size": 40, "delta": 40}}},
  {"label": "F1_D1", "type": "diff", "reference": ["F1"], "timestamp": {"start": 2000, "stop": 2060},
   "archive": {"start": "000000010000000000000005", "stop": "000000010000000000000005"}, "error": false,
   "info": {"size": 110, "repository": {"delta": 4}}},
  {"label": "F1_I1", "type": "incr", "reference": ["F1", "F1_D1"], "timestamp": {"start": 3000, "stop": 3060},
   "error": true}]}]
{".": {"type": "path"}, "000000010000000000000005-aa.lz4": {"type": "file", "size": 7, "time": 2050},
 "000000010000000000000006-aa.lz4": {"type": "file", "size": 8, "time": 3900}}"#;

#[test]
fn pgbackrest_restores_the_newest_point_without_errors_up_to_the_end_of_the_log() {
    let set = read("pgbackrest", Selection { stanza: Some("shop"), ..NONE }, INFO);
    assert_eq!(set.points().len(), 3);
    let data = data_age(&set, Level::Complete).unwrap();
    assert_eq!((data.point.id.as_str(), data.point.kind), ("F1_D1", PointKind::Differential));
    assert_eq!((data.as_of.as_second(), data.log_bytes), (3900, 15));
    assert_eq!(set.chain("F1_I1"), BTreeSet::from(["F1", "F1_D1", "F1_I1"]));
}

#[test]
fn pgbackrest_errors_are_in_its_output_and_not_in_its_exit_code() {
    let status = |code: i64, message: &str| {
        format!(
            r#"[{{"name": "shop", "status": {{"code": {code}, "message": "{message}"}}, "backup": [], "repo": []}}]"#
        )
    };
    assert!(refused("pgbackrest", NONE, &status(1, "missing stanza path")).contains("missing stanza path"));
    assert!(refused("pgbackrest", Selection { stanza: Some("x"), ..NONE }, &status(0, "ok")).contains("no stanza `x`"));
    assert_eq!(read("pgbackrest", NONE, &status(2, "no valid backups")).points(), []);
    let said = "stanza: shop\nstatus: error\n  backup: F1, status: valid, total files checked: 2\n  \
                backup: F1_D1, status: invalid, total files checked: 2\n";
    let mut set = read("pgbackrest", NONE, INFO);
    set.judge(&judged("pgbackrest", said, 0));
    let newest = set.newest(Level::Complete).unwrap();
    assert_eq!((newest.id.as_str(), newest.level), ("F1", Level::Checked));
    let Verdict::Undecided(why) = judged("pgbackrest", "", 0) else { panic!("silence is no verdict") };
    assert!(why.contains("--verbose"), "{why}");
}

#[test]
fn pgbackrest_restores_to_a_time() {
    let set = read("pgbackrest", NONE, INFO);
    let request = RestoreRequest {
        point: set.point("F1").unwrap(),
        until: Some(time("2026-01-02T03:04:05.25Z")),
        selection: Selection { stanza: Some("shop"), ..NONE },
        target: "/data",
    };
    let plan = (tool("pgbackrest").unwrap().restore_plan)(&request);
    let [RestoreStep::Run { program: "pgbackrest", arguments }] = plan.as_slice() else { panic!("{plan:?}") };
    assert!(arguments.contains(&"--target=2026-01-02 03:04:05.250000+00".to_owned()), "{arguments:?}");
    assert!(arguments.contains(&"--set=F1".to_owned()), "{arguments:?}");
}

#[test]
fn wal_g_deltas_need_the_backup_before_them() {
    let said = r#"[
      {"backup_name": "base_000000010000000000000002", "finish_time": "2026-01-01T00:00:00Z", "compressed_size": 5},
      {"backup_name": "base_000000010000000000000004_D_000000010000000000000002", "finish_time": "2026-01-02T00:00:00Z"},
      {"backup_name": "base_000000010000000000000009_D_000000010000000000000007", "finish_time": "2026-01-03T00:00:00Z"}
    ]"#;
    let set = read("wal_g", NONE, said);
    assert!(set.newest(Level::Complete).unwrap().id.starts_with("base_000000010000000000000004"));
    let broken = set.broken_chains();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].lacks, ["base_000000010000000000000007"]);
}

#[test]
fn dump_is_complete_with_all_of_its_parts() {
    let digest = "a".repeat(64);
    let manifest = format!(
        r#"{{"format": 1, "id": "d1", "taken_at": "2026-01-01T00:00:00Z",
            "files": [{{"key": "d1/part-0", "bytes": 7, "sha256": "{digest}"}}]}}"#
    );
    assert!(read("dumps", NONE, &manifest).newest(Level::Complete).is_some());
    let short = format!(r#"{manifest} [{{"Path": "d1/part-0", "Size": 6}}]"#);
    assert!(read("dumps", NONE, &short).newest(Level::Complete).is_none(), "a part is too short");
    let whole = format!(r#"[{{"Path": "d1/part-0", "Size": 7}}] {manifest}"#);
    let set = read("dumps", NONE, &whole);
    let point = set.newest(Level::Complete).unwrap();
    let request = RestoreRequest { point, until: None, selection: NONE, target: "/data" };
    let plan = (tool("dumps").unwrap().restore_plan)(&request);
    assert_eq!(plan, [RestoreStep::Fetch { key: "d1/part-0".to_owned(), bytes: 7, sha256: digest }]);
}

#[test]
fn snapshot_counts_once_it_is_completed() {
    let said = r#"{"Snapshots": [
      {"SnapshotId": "snap-1", "StartTime": "2026-01-01T00:00:00.000Z", "State": "completed", "VolumeSize": 8},
      {"SnapshotId": "snap-2", "StartTime": "2026-01-02T00:00:00.000Z", "State": "pending", "VolumeSize": 8},
      {"SnapshotId": "snap-3", "StartTime": "2026-01-03T00:00:00.000Z", "State": "error", "VolumeSize": 8}]}"#;
    let set = read("snapshots", NONE, said);
    assert_eq!(set.points().len(), 2);
    let data = data_age(&set, Level::Complete).unwrap();
    assert_eq!(data.point.id, "snap-1");
    let predicted = predict(&data, RestoreForm::Volume, &Rates::ESTIMATES).unwrap();
    assert_eq!(predicted.total(), Duration::from_millis(81_920), "8 GiB at 100 MiB/s");
}

#[test]
fn slower_one_of_network_and_disk_counts() {
    let mut point = RecoveryPoint::new("a", PointKind::Full, Timestamp::UNIX_EPOCH);
    point.bytes = PointBytes { repository: Some(1000), restored: Some(4000) };
    let rate = |bytes: u64| Rate { bytes, source: RateSource::Measured };
    let rates = Rates { network: rate(100), disk: rate(200), replay: rate(10), ..Rates::ESTIMATES };
    let data = DataAge { point: &point, as_of: point.at, log_bytes: 300 };
    let predicted = predict(&data, RestoreForm::Files, &rates).unwrap();
    assert_eq!(predicted.total(), Duration::from_secs(20 + 30));
    assert_eq!(predicted.largest().map(|phase| phase.limit), Some("replay"));
    assert_eq!(predicted.phases[0].limit, "disk");
    let without = RecoveryPoint::new("b", PointKind::Full, point.at);
    assert_eq!(predict(&DataAge { point: &without, ..data }, RestoreForm::Files, &rates), None);
}

#[test]
fn simulated_backups_are_made_on_schedule_and_kept_as_long_as_promised() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let schedule =
        Schedule { every: hours(24), increments: Some(hours(8)), log: Some(hours(1)), keep: Some(hours(240)) };
    let began = time("2026-01-01T00:00:00Z");
    let now = time("2026-03-01T17:30:00Z");
    let without_log = Schedule { log: None, ..schedule };
    let set = BackupSet::from(simulated(&without_log, PointKind::Full, began, now));
    let data = data_age(&set, Level::Complete).unwrap();
    assert_eq!(data.as_of, time("2026-03-01T16:00:00Z"));
    assert!(set.broken_chains().is_empty());
    assert_eq!(set.points()[0].at, time("2026-02-18T00:00:00Z"));
    let set = BackupSet::from(simulated(&schedule, PointKind::Full, began, now));
    assert_eq!(data_age(&set, Level::Complete).unwrap().as_of, time("2026-03-01T17:00:00Z"));
    assert_eq!(promised(&schedule, Duration::ZERO, hours(1)), hours(2));
    assert!(BackupSet::from(simulated(&schedule, PointKind::Full, now, began)).points().is_empty());
}

fn codes(set: &BackupSet, terms: &Terms, now: Timestamp) -> Vec<(&'static str, FindingWeight)> {
    judge(set, terms, now).findings.iter().map(|finding| (finding.code, finding.weight)).collect()
}

#[test]
fn judgement_finds_old_data_missed_runs_broken_chains_and_missing_proof() {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let at = |hour: u64| Timestamp::UNIX_EPOCH + hours(hour);
    let mut full = RecoveryPoint::new("full", PointKind::Full, at(0));
    let increment = RecoveryPoint {
        needs: vec!["full".to_owned()],
        ..RecoveryPoint::new("increment", PointKind::Incremental, at(6))
    };
    let set = |points: &[RecoveryPoint]| BackupSet::from(Catalogue { points: points.to_vec(), log: None });
    let schedule = Schedule { every: hours(24), increments: Some(hours(6)), log: None, keep: None };
    let terms = Terms { schedule: Some(schedule), rpo: Some(hours(12)), ..Terms::default() };
    let sound = set(&[full.clone(), increment.clone()]);
    assert_eq!(codes(&sound, &terms, at(15)), []);
    assert_eq!(codes(&sound, &terms, at(16)), [("overdue", FindingWeight::Error)]);
    let both = [("older-than-objective", FindingWeight::Error), ("overdue", FindingWeight::Error)];
    assert_eq!(codes(&sound, &terms, at(19)), both);
    let accepted = Terms { rpo_accepted: true, schedule: None, ..terms };
    assert_eq!(codes(&sound, &accepted, at(19)), [("older-than-objective", FindingWeight::Accepted)]);
    let proven = Terms { verified: Some(hours(10)), ..Terms::default() };
    assert_eq!(codes(&sound, &proven, at(7)), [("never-restored", FindingWeight::Warning)]);
    let restored = |time| sound.clone().with_restores(&[restore_record("full", "r-1", 0)], time);
    assert_eq!(codes(&restored(at(9)), &proven, at(9)), []);
    assert_eq!(codes(&restored(at(11)), &proven, at(11)), [("not-verified", FindingWeight::Warning)]);
    full.damaged = true;
    let broken = set(&[full, increment]);
    let judged = judge(&broken, &Terms::default(), at(7));
    assert_eq!(judged.data, None);
    let what = &judged.findings.iter().find(|finding| finding.code == "chain-broken").unwrap().what;
    assert!(what.contains("increment") && what.contains("full"), "{what}");
    assert_eq!(codes(&set(&[]), &Terms::default(), at(7)), [("no-point", FindingWeight::Error)]);
}

/// Points with needs among themselves and beyond, in any order, some incomplete or damaged.
fn catalogues() -> impl Strategy<Value = BackupSet> {
    let point = (0..20_usize, proptest::collection::vec(0..24_usize, 0..3), 0..400_i64, 0..8_u8);
    proptest::collection::vec(point, 0..30).prop_map(|points| {
        let points = points.into_iter().map(|(id, needs, day, state)| {
            let at = Timestamp::from_second(day * 86_400).unwrap();
            let mut point = RecoveryPoint::new(format!("p{id}"), PointKind::Incremental, at);
            point.needs = needs.into_iter().map(|need| format!("p{need}")).collect();
            point.level = if state == 0 { Level::Listed } else { Level::Complete };
            point.damaged = state == 1;
            point
        });
        BackupSet::from(Catalogue { points: points.collect(), log: None })
    })
}

/// True if a point can be restored, by the definition: followed need by need, without coming back to itself.
fn can_be_restored<'a>(set: &'a BackupSet, id: &'a str, path: &mut Vec<&'a str>) -> bool {
    let Some(point) = set.point(id).filter(|point| point.is_complete()) else { return false };
    if path.contains(&id) {
        return false;
    }
    path.push(id);
    let all = point.needs.iter().all(|need| can_be_restored(set, need, path));
    path.pop();
    all
}

proptest! {
    #[test]
    fn usable_points_are_those_whose_needs_can_all_be_restored(set in catalogues()) {
        let usable = set.usable();
        for point in set.points() {
            let expected = can_be_restored(&set, &point.id, &mut Vec::new());
            prop_assert_eq!(usable.contains(point.id.as_str()), expected, "{}", point.id);
        }
    }

    #[test]
    fn complete_points_are_usable_or_their_chain_is_reported(set in catalogues()) {
        let usable = set.usable();
        let broken: BTreeMap<String, Vec<String>> =
            set.broken_chains().into_iter().map(|one| (one.id, one.lacks)).collect();
        for point in set.points().iter().filter(|point| point.is_complete()) {
            prop_assert!(usable.contains(point.id.as_str()) != broken.contains_key(&point.id));
        }
    }

    #[test]
    fn retention_removes_nothing_that_a_kept_point_needs(set in catalogues(), days in 0..500_u64, now in 0..500_i64) {
        let now = Timestamp::from_second(now * 86_400).unwrap();
        let kept = kept(&set, Duration::from_secs(days * 86_400), now);
        for id in &kept {
            for need in &set.point(id).unwrap().needs {
                prop_assert!(set.point(need).is_none() || kept.contains(need.as_str()));
            }
        }
        for point in set.points() {
            let is_young = age(now, point.at) <= Duration::from_secs(days * 86_400);
            prop_assert!(!is_young || kept.contains(point.id.as_str()));
        }
    }

    #[test]
    fn no_output_of_a_tool_stops_the_reader(text in "[\\[\\]{}\":,a-z0-9 \\n-]{0,200}", which in 0..TOOLS.len()) {
        let tool = TOOLS[which];
        let _ = (tool.catalogue)(&NONE, &text);
        let _ = (tool.verdict)(&text, Some(0));
    }
}

#[test]
fn catalogue_has_the_levels_and_the_damage_that_restores_showed() {
    let day = |id: &str, at| {
        let at = Timestamp::from_second(at).unwrap();
        RecoveryPoint::new(id, PointKind::Snapshot, at)
    };
    let points = vec![day("a", 1), day("b", 2), day("c", 3)];
    let set = BackupSet::from(Catalogue { points, log: None });
    let mut records = Vec::new();
    for record in [restore_record("a", "r-1", 10), damaged_record("c", "r-2", 20), restore_record("gone", "r-3", 30)] {
        keep(&mut records, record);
    }
    let at = |time| Timestamp::from_second(time).unwrap();
    let merged = set.clone().with_restores(&records, at(25));
    let newest = |set: &BackupSet| set.newest(Level::Complete).map(|point| (point.id.clone(), point.level));
    assert_eq!(newest(&set), Some(("c".to_owned(), Level::Complete)));
    assert_eq!(newest(&merged), Some(("b".to_owned(), Level::Complete)), "a damaged point is not chosen");
    assert_eq!(merged.point("a").map(|point| point.level), Some(Level::Restored));
    assert_eq!(merged.last_proof().map(|record| record.run.as_str()), Some("r-1"), "later ones do not count yet");
    assert_eq!(set.clone().with_restores(&records, at(40)).last_proof().map(|one| one.at), Some(at(30)));

    // A probe that failed is no proof, and a later restore of the damaged point repairs its name.
    probed(&mut records, "r-1", (&Address::new("probe", "cold"), false));
    keep(&mut records, restore_record("c", "r-4", 40));
    let merged = set.with_restores(&records, at(50));
    assert_eq!(newest(&merged), Some(("c".to_owned(), Level::Restored)));
    assert_eq!(merged.point("a").map(|point| point.level), Some(Level::Complete));
}

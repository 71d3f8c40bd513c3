//! A real restore: PostgreSQL with pgBackRest, and files with restic, are backed up into S3 as moto serves it, and
//! lost; the script and the hook of the image bring them back, as a machine that drplan launches runs them.
//!
//! Runs on request (`DRPLAN_RESTORE=1`), because it needs minutes, PostgreSQL and pgBackRest; moto is installed once
//! into `target/moto`. Everything between the catalogue and the report is drplan's own: what is restored is chosen from
//! the output of the tools, and manifest, status and keys pass through its client and its signatures.

#![cfg(target_os = "linux")]

mod site;
mod store;

use drplan::backup::launch::{Manifest, ReportedPhase, RestoreReport, item};
use drplan::backup::{BackupSet, Level, Selection, Verdict, data_age, tool};

use site::{CIPHER, PASSWORD, Site};
use store::Store;

/// The tools of the test that are not in every distribution's first installation.
const TOOLS: [&str; 8] = ["bash", "curl", "jq", "age", "restic", "pgbackrest", "psql", "setpriv"];
const SELECTION: Selection<'_> = Selection { stanza: Some(site::STANZA), tag: None };

/// The manifest of the newest data in these catalogues.
fn manifest(site: &Site, rows: &BackupSet, files: &BackupSet) -> Manifest {
    let of = |name: &str, word: &str, selection: Selection<'_>, set: &BackupSet, repository: &str| {
        let data = data_age(set, Level::Complete).expect("a point that can be restored");
        item(name, (tool(word).unwrap(), selection), &data, repository).expect("an item")
    };
    let rows = of("orders", "pgbackrest", SELECTION, rows, "s3:vault/orders");
    let mut files = of("files", "restic", Selection::default(), files, &site.files_repository());
    files.target = Some(site.path("restored").display().to_string());
    Manifest::new("shop", "cold", jiff::Timestamp::now(), vec![rows, files])
}

fn rows_set(site: &Site) -> BackupSet {
    BackupSet::from((tool("pgbackrest").unwrap().catalogue)(&SELECTION, &site.rows_catalogue()).unwrap())
}

fn files_set(site: &Site) -> BackupSet {
    let said = site.restic(&["snapshots", "--json", "--no-lock"]);
    BackupSet::from((tool("restic").unwrap().catalogue)(&Selection::default(), &said).unwrap())
}

fn ready(report: &RestoreReport, manifest: &Manifest) {
    assert_eq!(report.phase, ReportedPhase::Ready, "{report:?}");
    assert_eq!(report.restored_to, manifest.recovery_point(), "{report:?}");
}

fn failed(report: &RestoreReport) -> (&str, bool) {
    assert_eq!(report.phase, ReportedPhase::Failed, "{report:?}");
    let error = report.error.as_ref().unwrap();
    (error.code.as_str(), error.retry)
}

/// A database with a full backup, an incremental one, a log that goes on behind it, and a row that never got out; files
/// with two snapshots.
fn backed_up(site: &Site) {
    site.begin();
    site.insert("full");
    site.back_up("full");
    site.insert("incremental");
    site.write_file("first");
    site.back_up("incr");
    site.insert("logged");
    site.archive_the_log();
    site.insert("lost");
    site.write_file("second");
}

#[test]
fn lost_database_and_files_come_back_as_a_run_predicts() {
    if std::env::var_os("DRPLAN_RESTORE").is_none() {
        crate::skipped("nothing was really restored; set DRPLAN_RESTORE=1 to run PostgreSQL, pgBackRest and restic");
        return;
    }
    if let Some(absent) = TOOLS.into_iter().find(|program| !crate::launch::exists(program)) {
        panic!("{absent} is not installed");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::begin().await;
        let site = Site::new(&store);
        backed_up(&site);
        let (rows, files) = (rows_set(&site), files_set(&site));
        assert_eq!((rows.points().len(), files.points().len()), (2, 2));
        let (good, wrong) = (
            format!("PGBACKREST_REPO1_CIPHER_PASS={CIPHER}\nRESTIC_PASSWORD={PASSWORD}\n"),
            format!("PGBACKREST_REPO1_CIPHER_PASS=another\nRESTIC_PASSWORD={PASSWORD}\n"),
        );

        // The site is lost: everything comes back but what was written after the log's last segment.
        let newest = manifest(&site, &rows, &files);
        let written = site.row_times();
        site.lose();
        let report = site.launch(&store, "r-key", &newest, &wrong).await;
        assert_eq!(failed(&report), ("key_refused", false), "{report:?}");
        let report = site.launch(&store, "r-lost", &newest, &good).await;
        ready(&report, &newest);
        assert_eq!(site.rows(), ["full", "incremental", "logged"]);
        assert_eq!(site.restored_file(), "second");
        let promised = newest.items[0].recovery_point.as_second();
        assert!(written["logged"].as_second() <= promised && promised <= written["lost"].as_second(), "{written:?}");
        let measured: Vec<&str> = report.measured.iter().map(|one| one.phase.as_str()).collect();
        assert_eq!(measured, ["restoring", "checking", "restoring"]);

        // The data were damaged, by a person or a program: the backup before, and none of the log behind it.
        let before = manifest(&site, &rows.clone().without_newest(), &files.without_newest());
        assert!(before.recovery_point() < newest.recovery_point());
        site.lose();
        let report = site.launch(&store, "r-corrupt", &before, &good).await;
        ready(&report, &before);
        assert_eq!(site.rows(), ["full"]);
        assert_eq!(site.restored_file(), "first");

        // The newest backup is damaged in its repository: reported as such, found by a verification, and the one before
        // brings the same data back with its log.
        store.damage(rows.newest(Level::Complete).map(|point| point.id.as_str()).unwrap());
        site.lose();
        let report = site.launch(&store, "r-damaged", &newest, &good).await;
        assert_eq!(failed(&report), ("backup_damaged", false), "{report:?}");
        let mut judged = rows;
        let verdict = (tool("pgbackrest").unwrap().verdict)(&site.verify(), Some(0));
        assert!(matches!(verdict, Verdict::Judged { .. }), "{verdict:?}");
        judged.judge(&verdict);
        let sound = manifest(&site, &judged, &files_set(&site));
        assert_ne!(sound.items[0].select, newest.items[0].select);
        site.lose();
        let report = site.launch(&store, "r-sound", &sound, &good).await;
        ready(&report, &sound);
        assert_eq!(site.rows(), ["full", "incremental", "logged"]);
    });
}

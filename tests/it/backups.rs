//! Backups: outputs of tools that were recorded from real runs, read as they are, and `backup` blocks of stacks.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{CatalogueSource, read_catalogue};
use drplan::backup::{BackupSet, Level, PointKind, Points, Selection, Verdict, data_age, tool};
use drplan::diagnostic::{Sources, render_all};
use drplan::host::{HostCommands, MissingProgram};
use drplan::stack::{DataClass, Input, Knowledge, Repository, Stack, read_all};

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

/// A stack of a provider that only the tests know, with a vault at another one.
const STACK: &str = r#"
stack "shop" {}

site "home" {
  provider = "toy"
  location = "moon"
}

site "away" {
  provider = "toy"
  location = "mars"
}

site "cold" {
  provider = "azure"
  location = "canadaeast"
  tier     = 2
}

toy_machine "web" {
  site = site.home
  size = 2
}

toy_machine "spare" {
  presence = "failover"
  site     = site.away
  size     = 2
  restores = [backup.files["web"], backup.orders]
}

resource_group "vault" {
  site = site.cold
}

storage_account "vault" {
  name                     = "drplanvault"
  resource_group           = resource_group.vault
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

backup "orders" {
  of         = toy_machine.web
  tool       = "pgbackrest"
  repository = storage_account.vault
  stanza     = "orders"
  every      = "24h"
  increments = "8h"
  keep       = "10d"
  custodians = ["operations", "notary"]
}

backup "files" {
  for_each   = { web = "/srv/web", mail = "/srv/mail" }
  of         = toy_machine.web
  tool       = "restic"
  repository = storage_account.vault
  path       = each.value
  tag        = each.key
  class      = "configuration"
  every      = "7d"
}

failover_group "shop" {
  from = site.home
  to   = [site.away, site.cold]
}
"#;

fn evaluated(text: &str) -> Result<Stack, String> {
    let mut sources = Sources::default();
    let (program, mut found) = read_all(Input::in_memory(text, &mut sources, ("", ""), crate::toy::catalog()));
    let (stack, more) = Arc::new(program).evaluate_all(&Knowledge::default());
    found.extend(more);
    match stack {
        Some(stack) if !found.has_errors() => Ok(stack),
        _ => Err(anstream::adapter::strip_str(&render_all(&found, &sources, 120)).to_string()),
    }
}

#[test]
fn backups_are_read_after_the_resources_that_they_refer_to_and_that_refer_to_them() {
    let stack = evaluated(STACK).unwrap();
    let names: Vec<&str> = stack.backups.keys().map(|name| &**name).collect();
    assert_eq!(names, ["orders", "files[\"mail\"]", "files[\"web\"]"]);
    let orders = &stack.backups["orders"];
    assert_eq!(orders.of, Address::new("toy_machine", "web"));
    assert_eq!(orders.repository, Repository::Resource(Address::new("storage_account", "vault")));
    assert_eq!(orders.schedule.unwrap().interval(), Duration::from_secs(8 * 3600));
    assert_eq!(stack.repository_site(orders).unwrap().name.as_ref(), "cold");
    let files = stack.backup(&Address::new("backup", "files").instance("web")).unwrap();
    assert_eq!((files.path.as_deref(), files.tag.as_deref()), (Some("/srv/web"), Some("web")));
    assert_eq!(files.class, DataClass::Configuration);
    let spare = &stack.resources[&Address::new("toy_machine", "spare")];
    assert_eq!(spare.configured("restores").unwrap(), serde_json::json!(["files[\"web\"]", "orders"]));
    assert_eq!(spare.needs, [], "a backup is no resource that has to exist first");
}

#[test]
fn group_restores_every_backup_of_its_sites_unless_it_names_them_in_their_order() {
    let stack = evaluated(STACK).unwrap();
    assert_eq!(stack.failover_groups["shop"].restore.len(), 3);
    let order = "to   = [site.away, site.cold]\n  restore = [backup.files, backup.orders]";
    let stack = evaluated(&STACK.replace("to   = [site.away, site.cold]", order)).unwrap();
    let restored: Vec<String> = stack.failover_groups["shop"].restore.iter().map(ToString::to_string).collect();
    assert_eq!(restored, ["backup.files[\"mail\"]", "backup.files[\"web\"]", "backup.orders"]);
    let said = evaluated(&STACK.replace("to   = [site.away, site.cold]", "to = site.away\n  restore = [site.cold]"));
    assert!(said.err().unwrap().contains("expected backups"));
}

#[test]
fn only_a_backup_can_be_restored_at_launch() {
    let said = evaluated(&STACK.replace("backup.files[\"web\"], backup.orders", "toy_machine.web")).err().unwrap();
    assert!(said.contains("expected a backup, found `toy_machine.web`"), "{said}");
    let said = evaluated(&STACK.replace("backup.files[\"web\"], ", "backup.files[\"wbe\"], ")).err().unwrap();
    assert!(said.contains("undeclared instance `backup.files[\"wbe\"]`"), "{said}");
    let said = evaluated(&STACK.replace("backup.files[\"web\"], ", "backup.fils, ")).err().unwrap();
    assert!(said.contains("Did you mean `backup.files`?"), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn catalogue_is_the_output_of_the_command_whatever_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut seeds = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    seeds.push("fuzz/seeds/backup_catalogue/pgbackrest.json");
    let output = fs::read_to_string(seeds).unwrap().replace("\"shop\"", "\"orders\"");
    fs::write(folder.path().join("printed.json"), output).unwrap();
    let with = |script: &str| {
        let block = format!(
            "stanza = \"orders\"\n  catalogue {{\n    program = \"sh\"\n    arguments = [\"-c\", \"{script}\"]\n  }}"
        );
        evaluated(&STACK.replace("stanza     = \"orders\"", &block)).unwrap()
    };
    let environment = [("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())].into();
    let commands = HostCommands { root: folder.path().to_owned(), environment, missing: MissingProgram::Fails };
    let lab = crate::lab::Lab::new(1);
    let read = async |stack: &Stack| {
        let source = (CatalogueSource::Commands(&commands), &lab.cloud as &dyn drplan::world::Cloud);
        read_catalogue(stack, &stack.backups["orders"], source, jiff::Timestamp::UNIX_EPOCH).await
    };
    let set = read(&with("cat printed.json; exit 3")).await.unwrap();
    assert_eq!(set.points().len(), 2);
    let said = read(&with("echo wrong key >&2; exit 0")).await.unwrap_err();
    assert!(said.contains("printed nothing") && said.contains("wrong key"), "{said}");
    let said = read(&evaluated(STACK).unwrap()).await.unwrap_err();
    assert!(said.contains("write a `catalogue` block"), "{said}");
}

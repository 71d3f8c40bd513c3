//! Restore at launch: documents that machines and drplan exchange, and the script of the image with the real tools.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drplan::backup::launch::{
    LaunchPlaces, Manifest, ManifestItem, ReportedPhase, RestoreFollower, RestoreReport, item, merged, user_data,
};
use drplan::backup::{BackupSet, Level, Selection, data_age, tool};
use serde_json::{Value as Json, json};

/// A file about the documents; `None`, with a message, where the files are absent.
fn shared(name: &str) -> Option<Json> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/backup-samples");
    if !folder.is_dir() {
        crate::skipped("documents of a restore were NOT compared; ../shared/reference/backup-samples is absent");
        return None;
    }
    Some(serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap())
}

fn hold(schema: &Json, document: &Json) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{document:#}");
}

fn manifest() -> Manifest {
    let selection = Selection { stanza: Some("shop"), tag: None };
    let read = |word: &str, seed: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/backup_catalogue").join(seed);
        let text = fs::read_to_string(path).unwrap();
        BackupSet::from((tool(word).unwrap().catalogue)(&selection, &text).unwrap())
    };
    let of = |word: &str, seed: &str| {
        let set = read(word, seed);
        let data = data_age(&set, Level::Complete).unwrap();
        item(word, (tool(word).unwrap(), selection), &data, "s3://vault/copies")
    };
    let items = [("pgbackrest", "pgbackrest.json"), ("restic", "restic.json"), ("dumps", "dumps.json")];
    let items = items.map(|(word, seed)| of(word, seed).unwrap()).to_vec();
    assert_eq!(of("snapshots", "snapshots.json"), None, "a provider makes volumes of snapshots");
    Manifest::new("shop", "cold", "2026-11-29T00:31:00Z".parse().unwrap(), items)
}

#[test]
fn manifest_has_the_items_in_order_and_no_secret() {
    let manifest = manifest();
    let json = serde_json::to_value(&manifest).unwrap();
    assert_eq!(serde_json::from_value::<Manifest>(json.clone()).unwrap(), manifest);
    let orders: Vec<u32> = manifest.items.iter().map(|item| item.order).collect();
    assert_eq!(orders, [0, 1, 2]);
    assert_eq!(manifest.items[1].needs_key.as_deref(), Some("RESTIC_PASSWORD"));
    assert_eq!(manifest.recovery_point().unwrap().to_string(), "2026-01-01T00:00:00Z");
    let Some(schema) = shared("manifest.schema.json") else { return };
    hold(&schema, &json);
    let sample: Manifest = serde_json::from_value(shared("manifest.sample.json").unwrap()).unwrap();
    assert_eq!(sample.items.len(), 2);
}

#[test]
fn log_behind_a_point_from_before_the_damage_is_not_replayed() {
    let selection = Selection { stanza: Some("shop"), tag: None };
    let pgbackrest = tool("pgbackrest").unwrap();
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/backup_catalogue/pgbackrest.json");
    let read = (pgbackrest.catalogue)(&selection, &fs::read_to_string(seed).unwrap()).unwrap();
    let whole = BackupSet::from(read);
    let limit = |set: &BackupSet| {
        let data = data_age(set, Level::Complete).unwrap();
        let item = item("orders", (pgbackrest, selection), &data, "s3://vault/copies").unwrap();
        assert_eq!(item.recovery_point, data.as_of);
        (item.select.target_time, data.point.at)
    };
    assert_eq!(limit(&whole).0, None);
    let newest = whole.newest(Level::Complete).unwrap().at;
    assert_eq!(limit(&whole.clone().until(newest)).0, None, "a log that was not read may be replayed");
    // The first backup ended before the log did.
    let damage = whole.points()[0].at;
    for before in [whole.clone().without_newest(), whole.before(damage)] {
        let (limit, at) = limit(&before);
        assert_eq!(limit, Some(at));
    }
}

#[test]
fn recorded_report_is_read() {
    let Some(sample) = shared("status.sample.json") else { return };
    let mut follower = RestoreFollower::of("r-0008");
    follower.take(&sample.to_string()).unwrap();
    let report = follower.newest().unwrap();
    assert_eq!((report.phase, report.measured.len()), (ReportedPhase::Ready, 3));
    hold(&shared("status.schema.json").unwrap(), &serde_json::to_value(report).unwrap());
}

/// User data as cloud-init reads them; `None`, with a message, where it is absent. Debian has it in a folder of its
/// own.
fn by_cloud_init(data: &str) -> Option<Json> {
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", "/usr/lib/python3/dist-packages").args(arguments).stderr(Stdio::null());
        command
    };
    let is_there = python(&["-c", "import cloudinit.user_data"]).status().is_ok_and(|status| status.success());
    if !is_there {
        crate::skipped("merged user data were NOT read by cloud-init, which is not installed");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud-init/read.py");
    let mut reading = python(&[script.to_str().unwrap()]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    reading.stdin.take().unwrap().write_all(data.as_bytes()).unwrap();
    let output = reading.wait_with_output().unwrap();
    assert!(output.status.success(), "{data}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn cloud_init_reads_user_data_of_both() {
    let places = LaunchPlaces {
        run: "r-1",
        manifest: "https://example.com/m?a=1",
        status: "https://example.com/s",
        key: "https://example.com/k",
    };
    let restore = user_data(&places).unwrap();
    let start = json!(["systemctl", "start", "--no-block", "drplan-restore.service"]);
    let settings = |config: &Json, at: usize| config["write_files"][at]["content"].as_str().unwrap().to_owned();

    let own = "#cloud-config\npackages: [nginx]\nruncmd:\n  - [echo, größer]\nwrite_files:\n  - path: /etc/motd\n    \
               content: hello\n";
    let Some(read) = by_cloud_init(&merged(own, &restore).unwrap()) else { return };
    let config = &read["config"];
    assert_eq!((&config["packages"], &config["runcmd"]), (&json!(["nginx"]), &json!([["echo", "größer"], start])));
    assert_eq!(config["write_files"][0]["path"], "/etc/motd");
    assert!(settings(config, 1).starts_with("DRPLAN_RUN='r-1'\nDRPLAN_MANIFEST_URL='https://example.com/m?a=1'\n"));

    let script = "#!/bin/sh\necho web\n";
    let message = merged(script, "#cloud-config\nruncmd: [[echo, b]]\n").unwrap();
    for (own, first) in [(script, None), (message.as_str(), Some(json!(["echo", "b"])))] {
        let read = by_cloud_init(&merged(own, &restore).unwrap()).unwrap();
        assert_eq!(read["others"], json!({ "text/x-shellscript": script }));
        let commands: Vec<Json> = first.into_iter().chain([start.clone()]).collect();
        assert_eq!(read["config"]["runcmd"], json!(commands));
    }
    // Without user data of its own, the machine has those of the restore alone.
    assert_eq!(by_cloud_init(&restore).unwrap()["config"]["runcmd"], json!([start]));
}

pub fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A machine that starts: its settings, its places, and a repository of restic.
#[cfg(target_os = "linux")]
struct Machine {
    folder: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Machine {
    const PASSWORD: &str = "an example, n0t a secret";

    /// `None`, with a message, where a tool is absent.
    fn new() -> Option<Self> {
        if let Some(absent) = ["bash", "curl", "jq", "age", "restic"].into_iter().find(|program| !exists(program)) {
            crate::skipped(&format!("the script of the image was NOT run: {absent} is not installed"));
            return None;
        }
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(machine.path("source")).unwrap();
        fs::create_dir_all(machine.path("settings/restore.d")).unwrap();
        fs::write(machine.path("source/orders"), "a row\n".repeat(40_000)).unwrap();
        machine.restic(&["init"]);
        machine.restic(&["backup", machine.path("source").to_str().unwrap()]);
        let settings = ["manifest", "status", "key"].map(|name| {
            let url = format!("file://{}", machine.path(&format!("{name}.json")).display());
            format!("DRPLAN_{}_URL='{url}'\n", name.to_uppercase())
        });
        fs::write(machine.path("settings/restore.env"), format!("DRPLAN_RUN='r-1'\n{}", settings.concat())).unwrap();
        Some(machine)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn restic(&self, arguments: &[&str]) -> Vec<u8> {
        let mut restic = Command::new("restic");
        restic.args(["--quiet", "--no-cache", "-r"]).arg(self.path("repository")).args(arguments);
        let output = restic.env("RESTIC_PASSWORD", Self::PASSWORD).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Writes the manifest of the newest snapshot, as drplan chooses it.
    fn write_manifest(&self) -> Manifest {
        let said = String::from_utf8(self.restic(&["snapshots", "--json"])).unwrap();
        let restic = tool("restic").unwrap();
        let set = BackupSet::from((restic.catalogue)(&Selection::default(), &said).unwrap());
        let data = data_age(&set, Level::Complete).unwrap();
        let (repository, target) = (self.path("repository"), self.path("target"));
        let chosen = item("orders", (restic, Selection::default()), &data, repository.to_str().unwrap()).unwrap();
        let chosen = ManifestItem { target: Some(target.to_str().unwrap().to_owned()), ..chosen };
        let manifest = Manifest::new("shop", "cold", data.as_of, vec![chosen]);
        fs::write(self.path("manifest.json"), serde_json::to_string(&manifest).unwrap()).unwrap();
        manifest
    }

    /// Runs the script to its end. An operator releases these keys to the first machine that asks.
    fn start(&self, keys: &str) -> (Option<i32>, RestoreReport) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/launch/drplan-restore");
        let mut bash = Command::new("bash");
        bash.arg(script).stderr(Stdio::null()).stdout(Stdio::null()).env("DRPLAN_POLL", "1");
        for (name, folder) in [("SETTINGS", "settings"), ("STATE", "state"), ("MEMORY", "memory")] {
            bash.env(format!("DRPLAN_{name}"), self.path(folder));
        }
        let mut child = bash.spawn().unwrap();
        let began = Instant::now();
        let mut follower = RestoreFollower::of("r-1");
        let status = loop {
            assert!(began.elapsed() < Duration::from_secs(60), "the script does not end: {:?}", follower.newest());
            // A report that is being written is read again.
            let _ = follower.take(&fs::read_to_string(self.path("status.json")).unwrap_or_default());
            let request = follower.newest().and_then(|report| report.key_request.clone());
            if let Some(key) = request.filter(|_| !self.path("key.json").exists()) {
                self.release(&key, keys);
            }
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let _ = follower.take(&fs::read_to_string(self.path("status.json")).unwrap());
        (status.code(), follower.newest().unwrap().clone())
    }

    fn release(&self, to: &str, keys: &str) {
        let (plain, sealed) = (self.path("keys"), self.path("sealed"));
        fs::write(&plain, keys).unwrap();
        let age = Command::new("age").args(["-r", to, "-o"]).arg(&sealed).arg(&plain).status().unwrap();
        assert!(age.success());
        fs::rename(sealed, self.path("key.json")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn machine_restores_the_newest_backup_with_a_key_that_is_released_to_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(machine) = Machine::new() else { return };
    let manifest = machine.write_manifest();
    let hook = machine.path("settings/restore.d/orders");
    let source = machine.path("source/orders");
    fs::write(&hook, format!("#!/bin/sh\ncmp \"$1{0}\" {0} && echo 2026-01-02T03:04:05Z\n", source.display())).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, report) = machine.start(&format!("RESTIC_PASSWORD={}\n", Machine::PASSWORD));
    assert_eq!((code, report.phase), (Some(0), ReportedPhase::Ready), "{report:?}");
    assert_eq!(report.restored_to.unwrap().to_string(), "2026-01-02T03:04:05Z", "the check of the image reports it");
    assert_eq!(report.measured.iter().map(|one| one.phase.as_str()).collect::<Vec<_>>(), ["restoring", "checking"]);
    let memory: Vec<String> = fs::read_dir(machine.path("memory"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!memory.iter().any(|name| name.contains("key") || name.contains("identity")), "{memory:?}");
    if let Some(schema) = shared("status.schema.json") {
        hold(&schema, &serde_json::to_value(&report).unwrap());
        hold(&shared("manifest.schema.json").unwrap(), &serde_json::to_value(&manifest).unwrap());
    }
    // A machine that restarts afterwards restores nothing again.
    fs::remove_file(machine.path("manifest.json")).unwrap();
    assert_eq!(machine.start("").0, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn machine_reports_damage_and_wrong_keys_in_their_own_words() {
    let Some(machine) = Machine::new() else { return };
    machine.write_manifest();
    let failed = |keys: &str| {
        let _ = fs::remove_file(machine.path("key.json"));
        let _ = fs::remove_file(machine.path("status.json"));
        let (code, report) = machine.start(keys);
        let error = report.error.unwrap();
        (code, error.code, error.retry)
    };
    let refused = |code: &str| (Some(1), code.to_owned(), false);
    assert_eq!(failed("RESTIC_PASSWORD=another\n"), refused("key_refused"));
    assert_eq!(failed("LD_PRELOAD=/tmp/x\n"), refused("key_refused"));
    let mut packs: Vec<PathBuf> = Vec::new();
    let mut open = vec![machine.path("repository/data")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { packs.push(path) }
        }
    }
    for pack in packs {
        let mut bytes = fs::read(&pack).unwrap();
        bytes[20] ^= 1;
        let mut permissions = fs::metadata(&pack).unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a file in a folder of the test")]
        permissions.set_readonly(false);
        fs::set_permissions(&pack, permissions).unwrap();
        fs::write(&pack, bytes).unwrap();
    }
    let good = format!("RESTIC_PASSWORD={}\n", Machine::PASSWORD);
    assert_eq!(failed(&good), refused("backup_damaged"));
    let wrong = json!({ "format": 2, "items": [] });
    fs::write(machine.path("manifest.json"), wrong.to_string()).unwrap();
    assert_eq!(failed(&good), refused("manifest_unreadable"));
}

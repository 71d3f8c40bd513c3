//! The machine of the data, and the one that is launched after it is lost. They are the same folder: PostgreSQL has to
//! have the same place in both.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drplan::backup::launch::{LaunchPlaces, Manifest, ReportedPhase, RestoreFollower, RestoreReport, user_data};
use drplan::object::{Object, ObjectId};
use drplan::world::WriteCondition;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::store::Store;

/// The stanza of pgBackRest.
pub const STANZA: &str = "shop";
/// The passphrase of its repository.
pub const CIPHER: &str = "an example, n0t a secret";
/// The password of the repository of restic.
pub const PASSWORD: &str = "another example";
/// The time limit for what is waited for.
const PATIENCE: Duration = Duration::from_secs(240);

pub struct Site {
    folder: tempfile::TempDir,
    /// The programs of PostgreSQL.
    bin: PathBuf,
    /// The user of the engine, which does not run as root; `None`: the one who runs the test.
    owner: Option<[String; 2]>,
    store: String,
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.path("data/postmaster.pid").exists() {
            self.end();
        }
    }
}

/// Runs a command to its end.
fn ran(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments);
    ran(command).trim().to_owned()
}

impl Site {
    pub fn new(store: &Store) -> Self {
        let versions = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
        let mut versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
        versions.retain(|bin| bin.join("initdb").exists());
        versions.sort();
        let of_engine = |flag: &str| printed("id", &[flag, "postgres"]);
        let owner = (printed("id", &["-u"]) == "0").then(|| [of_engine("-u"), of_engine("-g")]);
        let bin = versions.pop().expect("PostgreSQL is installed");
        let site = Self { folder: tempfile::tempdir().unwrap(), bin, owner, store: store.address.clone() };
        fs::set_permissions(site.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["run", "settings/restore.d", "source"] {
            fs::create_dir_all(site.path(name)).unwrap();
        }
        site.new_disk();
        site.give_to_owner("run");
        site.write_configuration(store.tls);
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration of the image. No key is in it, and no access to the store: that is the role of the machine.
    fn write_configuration(&self, port: u16) {
        let folder = self.folder.path().display();
        let pgbackrest = format!(
            "[global]\nrepo1-type=s3\nrepo1-path=/orders\nrepo1-s3-bucket=vault\nrepo1-s3-endpoint=127.0.0.1\n\
             repo1-s3-region=eu-west-1\nrepo1-storage-port={port}\nrepo1-s3-uri-style=path\n\
             repo1-storage-verify-tls=n\nrepo1-cipher-type=aes-256-cbc\nrepo1-bundle=y\nrepo1-retention-full=9\n\
             lock-path={folder}/run\nlog-path={folder}/run\nspool-path={folder}/run\nstart-fast=y\nprocess-max=2\n\
             log-level-file=off\n[{STANZA}]\npg1-path={folder}/data\npg1-socket-path={folder}/run\n"
        );
        fs::write(self.path("pgbackrest.conf"), pgbackrest).unwrap();
        let hook = self.path("settings/restore.d/orders");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/launch/postgresql"), &hook).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        let bin = self.bin.display();
        let engine = format!("PGBIN={bin}\nPGDATA={folder}/data\nPGOPTS=\nPGHOST={folder}/run\nPGSERVICE=\n");
        fs::write(self.path("settings/postgresql.env"), engine).unwrap();
        fs::write(self.path("settings/postgresql.sql"), "select 1 / count(*) from orders;\n").unwrap();
    }

    fn give_to_owner(&self, name: &str) {
        if let Some([user, group]) = &self.owner {
            printed("chown", &["-R", &format!("{user}:{group}"), self.path(name).to_str().unwrap()]);
        }
    }

    /// An empty directory of data, as the image has it.
    fn new_disk(&self) {
        fs::create_dir(self.path("data")).unwrap();
        fs::set_permissions(self.path("data"), fs::Permissions::from_mode(0o700)).unwrap();
        self.give_to_owner("data");
    }

    /// Gives a command access to the store.
    fn with_role<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PGBACKREST_CONFIG", self.path("pgbackrest.conf")).current_dir("/");
        for name in ["PGBACKREST_REPO1_S3_KEY", "AWS_ACCESS_KEY_ID"] {
            command.env(name, "a");
        }
        for name in ["PGBACKREST_REPO1_S3_KEY_SECRET", "AWS_SECRET_ACCESS_KEY"] {
            command.env(name, "b");
        }
        command
    }

    /// Runs a program as the user of the engine, with the keys that the lost machine has.
    fn as_owner(&self, program: impl AsRef<Path>, arguments: &[&str]) -> String {
        let program = program.as_ref();
        let mut command = match &self.owner {
            Some([user, group]) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", group, "--clear-groups"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        self.with_role(&mut command).args(arguments).env("PGBACKREST_REPO1_CIPHER_PASS", CIPHER);
        ran(command)
    }

    fn pgbackrest(&self, arguments: &[&str]) -> String {
        let stanza = format!("--stanza={STANZA}");
        self.as_owner("pgbackrest", &[&[stanza.as_str()], arguments].concat())
    }

    fn control(&self, arguments: &[&str]) {
        let (data, log) = (self.path("data"), self.path("run/postgresql.log"));
        let place = ["-w", "-D", data.to_str().unwrap(), "-l", log.to_str().unwrap()];
        self.as_owner(self.bin.join("pg_ctl"), &[&place, arguments].concat());
    }

    fn sql(&self, statement: &str) -> Vec<String> {
        let place = self.path("run");
        let said = self.as_owner("psql", &["-h", place.to_str().unwrap(), "-U", "postgres", "-XAtq", "-c", statement]);
        said.lines().map(str::to_owned).collect()
    }

    /// Makes the database and both repositories.
    pub fn begin(&self) {
        let data = self.path("data");
        self.as_owner(self.bin.join("initdb"), &["-N", "-U", "postgres", "-D", data.to_str().unwrap()]);
        let own = format!(
            "listen_addresses = ''\nunix_socket_directories = '{}'\narchive_mode = on\n\
             archive_command = 'pgbackrest --stanza={STANZA} archive-push %p'\n",
            self.path("run").display()
        );
        let configuration = data.join("postgresql.conf");
        let whole = fs::read_to_string(&configuration).unwrap() + &own;
        fs::write(&configuration, whole).unwrap();
        self.control(&["start"]);
        self.pgbackrest(&["stanza-create"]);
        self.sql("create table orders (name text, at timestamptz default clock_timestamp())");
        self.restic(&["init"]);
    }

    pub fn insert(&self, row: &str) {
        self.sql(&format!("insert into orders (name) values ('{row}')"));
    }

    pub fn back_up(&self, kind: &str) {
        self.pgbackrest(&[&format!("--type={kind}"), "backup"]);
    }

    /// Ends the segment of the log, and waits until it is in the archive.
    pub fn archive_the_log(&self) {
        let segment = self.sql("select pg_walfile_name(pg_switch_wal())").concat();
        let began = Instant::now();
        while self.sql("select last_archived_wal from pg_stat_archiver").concat() < segment {
            assert!(began.elapsed() < PATIENCE, "{segment} is not archived");
        }
    }

    pub fn rows(&self) -> Vec<String> {
        self.sql("select name from orders order by at")
    }

    pub fn row_times(&self) -> BTreeMap<String, Timestamp> {
        let rows = self.sql("select name || ' ' || extract(epoch from at)::bigint from orders");
        let time = |seconds: &str| Timestamp::from_second(seconds.parse().unwrap()).unwrap();
        rows.iter().map(|row| row.split_once(' ').map(|(name, at)| (name.to_owned(), time(at))).unwrap()).collect()
    }

    /// Changes the file and makes a snapshot of it.
    pub fn write_file(&self, content: &str) {
        let source = self.path("source");
        fs::write(source.join("file"), content).unwrap();
        self.restic(&["--quiet", "backup", source.to_str().unwrap()]);
    }

    pub fn restored_file(&self) -> String {
        let source = self.path("source/file");
        fs::read_to_string(self.path("restored").join(source.strip_prefix("/").unwrap())).unwrap()
    }

    pub fn files_repository(&self) -> String {
        format!("s3:{}/vault/files", self.store)
    }

    pub fn restic(&self, arguments: &[&str]) -> String {
        let mut restic = Command::new("restic");
        self.with_role(&mut restic).args(["--no-cache", "-r", &self.files_repository()]).args(arguments);
        restic.env("RESTIC_PASSWORD", PASSWORD);
        ran(restic)
    }

    /// The output of pgBackRest about its backups, and of the newest folder of its archive.
    pub fn rows_catalogue(&self) -> String {
        let backups = self.pgbackrest(&["--output=json", "info"]);
        let read: Json = serde_json::from_str(&backups).unwrap();
        let archive = read[0]["archive"].as_array().and_then(|all| all.last()).unwrap();
        let (id, newest) = (archive["id"].as_str().unwrap(), archive["max"].as_str().unwrap());
        let folder = format!("archive/{STANZA}/{id}/{}", &newest[..16]);
        backups + &self.pgbackrest(&["--output=json", "repo-ls", &folder])
    }

    pub fn verify(&self) -> String {
        self.pgbackrest(&["--output=text", "--verbose", "--log-level-console=off", "verify"])
    }

    fn end(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Loses the machine with everything on its disks.
    pub fn lose(&self) {
        if self.path("data/postmaster.pid").exists() {
            self.end();
        }
        for name in ["data", "source", "restored", "state", "memory"] {
            let _absent = fs::remove_dir_all(self.path(name));
        }
        self.new_disk();
    }

    /// Launches a machine of the image for a run, and releases these keys to it when it asks.
    pub async fn launch(&self, store: &Store, run: &str, manifest: &Manifest, keys: &str) -> RestoreReport {
        let object = |what: &str| {
            let id = format!("aws:eu-west-1/buckets/vault/objects/runs%2F{run}-{what}");
            Object::whole(ObjectId::new(id), "2026-10-20")
        };
        let put = async |object: &Object, text: &str| {
            store.cloud.put(object, &json!({ "Content": text }), WriteCondition::Always).await.unwrap();
        };
        let sign = async |object: &Object, method: &str| {
            let query = [("method", method), ("seconds", "3600")];
            let signed = store.cloud.post(object, "presign", &query, None).await.unwrap();
            signed["url"].as_str().unwrap().to_owned()
        };
        let [of_manifest, status, key] = ["manifest.json", "status.json", "key.age"].map(object);
        put(&of_manifest, &serde_json::to_string(manifest).unwrap()).await;
        let places = LaunchPlaces {
            run,
            manifest: &sign(&of_manifest, "GET").await,
            status: &sign(&status, "PUT").await,
            key: &sign(&key, "GET").await,
        };
        self.write_settings(&user_data(&places).unwrap());

        let mut script = Command::new("bash");
        script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/launch/drplan-restore"));
        self.with_role(&mut script).stdout(Stdio::null()).stderr(Stdio::null()).env("DRPLAN_POLL", "1");
        for (name, folder) in [("SETTINGS", "settings"), ("STATE", "state"), ("MEMORY", "memory")] {
            script.env(format!("DRPLAN_{name}"), self.path(folder));
        }
        let mut machine = script.spawn().unwrap();
        let (began, mut follower, mut is_released) = (Instant::now(), RestoreFollower::of(run), false);
        loop {
            assert!(began.elapsed() < PATIENCE, "the script does not end: {:?}", follower.newest());
            let has_ended = machine.try_wait().unwrap().is_some();
            if let Some(seen) = store.cloud.get(&status).await.unwrap() {
                follower.take(seen.body["Content"].as_str().unwrap()).unwrap();
            }
            let request = follower.newest().and_then(|report| report.key_request.clone());
            if let Some(public) = request.filter(|_| !is_released) {
                put(&key, &self.sealed(&public, keys)).await;
                is_released = true;
            }
            if has_ended {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let report = follower.newest().expect("a report").clone();
        assert!(matches!(report.phase, ReportedPhase::Ready | ReportedPhase::Failed), "{report:?}");
        report
    }

    /// Writes the settings as cloud-init does for these user data.
    fn write_settings(&self, user_data: &str) {
        let (_, rest) = user_data.split_once("    content: |\n").expect("a file");
        let lines = rest.lines().map_while(|line| line.strip_prefix("      "));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        fs::write(self.path("settings/restore.env"), text).unwrap();
    }

    fn sealed(&self, public: &str, keys: &str) -> String {
        let plain = self.path("keys");
        fs::write(&plain, keys).unwrap();
        let sealed = printed("age", &["--armor", "--recipient", public, plain.to_str().unwrap()]);
        fs::remove_file(plain).unwrap();
        sealed
    }
}

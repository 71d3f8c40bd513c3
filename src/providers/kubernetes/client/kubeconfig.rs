//! Files of credentials as `kubectl` has them (kubeconfig): clusters, users, and contexts that pair them.
//!
//! KUBECONFIG may name several files: of entries with one name the first counts. Paths in a file are relative to it.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::super::yaml;
use crate::world::{SecretText, Workstation};

/// A cluster, and the user to enter it as.
#[derive(Clone)]
pub(super) struct Access {
    /// The address of the API.
    pub(super) server: String,
    /// The certificates that its own must follow from, in PEM. Those of this machine where there are none.
    pub(super) authority: Option<Vec<u8>>,
    /// The name in its certificate, where that is another one than the address has.
    pub(super) tls_name: Option<String>,
    /// True if its certificate is not checked.
    pub(super) insecure: bool,
    /// The proxy that leads there.
    pub(super) proxy: Option<String>,
    /// The user.
    pub(super) user: User,
}

/// The credentials of a user.
#[derive(Clone, Default)]
pub(super) struct User {
    /// A client certificate and its key, in PEM.
    pub(super) certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// A token.
    pub(super) token: Option<String>,
    /// The file with a token that others renew.
    pub(super) token_file: Option<String>,
    /// The program that prints credentials.
    pub(super) exec: Option<Exec>,
}

/// A program that prints credentials: a plugin of `kubectl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exec {
    /// The program.
    pub(super) command: String,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Its environment, in addition to that of this process.
    pub(super) env: Vec<(String, String)>,
    /// The version of its interface.
    pub(super) api: String,
    /// True if it wants to talk to a person.
    pub(super) interactive: bool,
}

impl Exec {
    /// The value of an option, `--name value` or `--name=value`.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let mut args = self.args.iter();
        while let Some(arg) = args.next() {
            match arg.strip_prefix(name).map(|rest| rest.strip_prefix('=')) {
                Some(Some(value)) => return Some(value),
                Some(None) if arg == name => return args.next().map(String::as_str),
                _ => {}
            }
        }
        None
    }
}

/// The text of credentials that a provider returns in base64.
pub(super) fn decoded(text: &SecretText) -> Result<String, String> {
    let bytes = STANDARD.decode(text.text().trim()).map_err(|_| "they are not in base64".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "they are no text".to_owned())
}

/// Entries by name.
type Entries = BTreeMap<String, (Json, String)>;

/// The entries of several files.
#[derive(Default)]
pub(super) struct KubeConfig {
    clusters: Entries,
    users: Entries,
    contexts: Entries,
    current: Option<String>,
}

impl KubeConfig {
    /// The entries of one text. `directory` is that of the file.
    ///
    /// # Errors
    /// The reason why it is no such file, without anything that it holds.
    pub(super) fn read(text: &str, directory: &str) -> Result<Self, String> {
        let mut config = Self::default();
        config.add(text, directory)?;
        Ok(config)
    }

    /// The files that the environment names, or that of the home directory.
    ///
    /// # Errors
    /// No file exists, or one cannot be read.
    pub(super) fn of_machine(
        environment: &BTreeMap<String, String>,
        workstation: &dyn Workstation,
    ) -> Result<Self, String> {
        let named = environment.get("KUBECONFIG").filter(|list| !list.is_empty());
        let home = || ["HOME", "USERPROFILE"].iter().find_map(|name| environment.get(*name));
        let paths: Vec<String> = match named {
            Some(list) => std::env::split_paths(list).map(|path| path.to_string_lossy().into_owned()).collect(),
            None => home().map(|home| format!("{home}/.kube/config")).into_iter().collect(),
        };
        let (mut config, mut found) = (Self::default(), false);
        for path in paths.iter().filter(|path| !path.is_empty()) {
            let Some(text) = workstation.file(path)? else { continue };
            let directory = Path::new(path).parent().map(|parent| parent.to_string_lossy().into_owned());
            config.add(&text, &directory.unwrap_or_default()).map_err(|why| format!("{path}: {why}"))?;
            found = true;
        }
        if found { Ok(config) } else { Err(format!("there is no file of credentials: {}", paths.join(", "))) }
    }

    fn add(&mut self, text: &str, directory: &str) -> Result<(), String> {
        let Some(document) = yaml::documents(text)?.into_iter().next() else { return Ok(()) };
        let entries = |list: &str, entry: &str| -> Vec<(String, Json)> {
            let items = document.get(list).and_then(Json::as_array).into_iter().flatten();
            let named = items.filter_map(|item| {
                let name = item.get("name")?.as_str()?.to_owned();
                Some((name, item.get(entry).cloned().unwrap_or_default()))
            });
            named.collect()
        };
        for (into, list, entry) in [
            (&mut self.clusters, "clusters", "cluster"),
            (&mut self.users, "users", "user"),
            (&mut self.contexts, "contexts", "context"),
        ] {
            for (name, body) in entries(list, entry) {
                into.entry(name).or_insert_with(|| (body, directory.to_owned()));
            }
        }
        let current = document.get("current-context").and_then(Json::as_str).filter(|name| !name.is_empty());
        self.current = self.current.take().or_else(|| current.map(str::to_owned));
        Ok(())
    }

    /// The way into the cluster of a context; of the current one, where none is named.
    ///
    /// # Errors
    /// The reason why there is none, without anything secret.
    pub(super) fn access(
        &self,
        context: Option<&str>,
        workstation: Option<&dyn Workstation>,
    ) -> Result<Access, String> {
        let of_file = || self.current.as_deref().or_else(|| self.contexts.keys().next().map(String::as_str));
        let name = context.or_else(of_file).ok_or_else(|| "the credentials have no context".to_owned())?;
        let (context, _) = self.contexts.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            format!("there is no context `{name}`; there are: {}", known.join(", "))
        })?;
        let entry = |of: &Entries, word: &str| -> Result<(Json, String), String> {
            let wanted = context.get(word).and_then(Json::as_str).unwrap_or_default();
            of.get(wanted).cloned().ok_or_else(|| format!("context `{name}` names {word} `{wanted}`, which is missing"))
        };
        let (cluster, beside) = entry(&self.clusters, "cluster")?;
        let cluster = Entry { body: &cluster, directory: &beside, workstation };
        let server = cluster.text("server").ok_or_else(|| format!("the cluster of context `{name}` has no server"))?;
        let (user, beside) = entry(&self.users, "user")?;
        let user = Entry { body: &user, directory: &beside, workstation };
        Ok(Access {
            server: server.to_owned(),
            authority: cluster.bytes("certificate-authority")?,
            tls_name: cluster.text("tls-server-name").map(str::to_owned),
            insecure: cluster.body.get("insecure-skip-tls-verify").and_then(Json::as_bool) == Some(true),
            proxy: cluster.text("proxy-url").map(str::to_owned),
            user: user.user()?,
        })
    }
}

/// An entry of a file, with what its paths are relative to.
struct Entry<'a> {
    body: &'a Json,
    directory: &'a str,
    workstation: Option<&'a dyn Workstation>,
}

impl Entry<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    fn path(&self, path: &str) -> String {
        Path::new(self.directory).join(path).to_string_lossy().into_owned()
    }

    /// What `NAME-data` has in base64, or the file that `NAME` names.
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        if let Some(text) = self.text(&format!("{name}-data")) {
            let bytes = STANDARD.decode(text.trim()).map_err(|_| format!("`{name}-data` is not in base64"))?;
            return Ok(Some(bytes));
        }
        let Some(path) = self.text(name).map(|path| self.path(path)) else { return Ok(None) };
        let workstation = self.workstation.ok_or_else(|| format!("`{name}` names a file, and none is read here"))?;
        match workstation.file(&path)? {
            Some(text) => Ok(Some(text.into_bytes())),
            None => Err(format!("`{name}` names {path}, which does not exist")),
        }
    }

    fn user(&self) -> Result<User, String> {
        let certificate = self.bytes("client-certificate")?.zip(self.bytes("client-key")?);
        let exec = self.body.get("exec").filter(|exec| exec.is_object()).map(exec);
        Ok(User {
            certificate,
            token: self.text("token").map(str::to_owned),
            token_file: self.text("tokenFile").map(|path| self.path(path)),
            exec,
        })
    }
}

fn exec(body: &Json) -> Exec {
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| body.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
    let pair = |item: &Json| {
        let text = |name: &str| item.get(name).and_then(Json::as_str).map(str::to_owned);
        Some((text("name")?, text("value").unwrap_or_default()))
    };
    Exec {
        command: text("command"),
        args: list("args").iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        env: list("env").iter().filter_map(pair).collect(),
        api: text("apiVersion"),
        interactive: text("interactiveMode") == "Always",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;

    /// Files in memory.
    struct Files(BTreeMap<String, String>, Mutex<Vec<String>>);

    #[async_trait]
    impl Workstation for Files {
        fn file(&self, path: &str) -> Result<Option<String>, String> {
            self.1.lock().unwrap().push(path.to_owned());
            Ok(self.0.get(path).cloned())
        }

        async fn output(&self, _: &str, _: &[String]) -> Result<String, String> {
            Err("no program".to_owned())
        }
    }

    const FIRST: &str = "\
clusters:
- name: prod
  cluster: {server: 'https://prod.example.org', certificate-authority: ca.crt}
users:
- name: me
  user: {token: from-first}
contexts:
- name: prod
  context: {cluster: prod, user: me}
current-context: prod
";
    const SECOND: &str = "\
clusters:
- name: dr
  cluster: {server: 'https://dr.example.org:6443', insecure-skip-tls-verify: true, tls-server-name: dr}
users:
- name: me
  user: {token: from-second}
- name: aad
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --server-id, 6dae42f8, --login=azurecli]
      env: [{name: A, value: b}]
contexts:
- name: dr
  context: {cluster: dr, user: aad}
- name: odd
  context: {cluster: nowhere, user: me}
";

    fn both() -> (KubeConfig, Files) {
        let files = [("/a/one", FIRST), ("/b/two", SECOND), ("/a/ca.crt", "PEM")];
        let files =
            Files(files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect(), Mutex::default());
        let environment = BTreeMap::from([("KUBECONFIG".to_owned(), "/a/one:/b/two:/none".to_owned())]);
        (KubeConfig::of_machine(&environment, &files).unwrap(), files)
    }

    #[test]
    fn first_file_wins_and_paths_are_relative_to_it() {
        let (config, files) = both();
        let prod = config.access(None, Some(&files)).unwrap();
        assert_eq!((prod.server.as_str(), prod.authority.as_deref()), ("https://prod.example.org", Some(&b"PEM"[..])));
        assert_eq!(prod.user.token.as_deref(), Some("from-first"));
    }

    #[test]
    fn context_is_chosen_by_its_name() {
        let (config, files) = both();
        let dr = config.access(Some("dr"), Some(&files)).unwrap();
        assert!(dr.insecure && dr.tls_name.as_deref() == Some("dr"));
        let exec = dr.user.exec.unwrap();
        assert_eq!((exec.option("--server-id"), exec.option("--login")), (Some("6dae42f8"), Some("azurecli")));
        assert!(config.access(Some("none"), Some(&files)).err().unwrap().contains("dr, odd, prod"));
        assert!(config.access(Some("odd"), Some(&files)).err().unwrap().contains("nowhere"));
    }
}

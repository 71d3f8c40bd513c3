//! Profiles of the files that AWS's own tools share: keys, programs that print keys, and roles.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::session::Session;
use super::sts::Role;
use super::surroundings::Surroundings;
use crate::wire::sigv4::Keys;

/// The most profiles that follow from each other.
const DEEPEST: usize = 5;

/// Settings of profiles, by profile and name.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Adds the profiles of a file. Of one that is there already, the settings of the file replace those before.
    /// `prefixed`: a section has the word `profile` before the name, unless it is `default`.
    pub(super) fn add(&mut self, text: &str, prefixed: bool) {
        let mut current = None;
        for line in text.lines() {
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                let words: Vec<&str> = section.split_whitespace().collect();
                current = match words[..] {
                    ["profile", name] if prefixed => Some(name.trim_matches('"').to_owned()),
                    ["default"] => Some("default".to_owned()),
                    [name] if !prefixed => Some(name.to_owned()),
                    _ => None,
                };
                if let Some(name) = &current {
                    self.0.entry(name.clone()).or_default();
                }
                continue;
            }
            // An indented line belongs to the setting above it, and none of those that drplan reads has such lines.
            if line.starts_with([' ', '\t']) {
                continue;
            }
            if let (Some(name), Some((key, value))) = (&current, bare.split_once('=')) {
                let value = value.split(" #").next().unwrap_or_default().trim().to_owned();
                self.0.entry(name.clone()).or_default().insert(key.trim().to_ascii_lowercase(), value);
            }
        }
    }

    fn get(&self, profile: &str, name: &str) -> Option<&str> {
        self.0.get(profile)?.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// The words of a command line: quotes keep blanks, and a backslash the character after it.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote): (Vec<String>, Option<String>, Option<char>) = (Vec::new(), None, None);
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\') if cfg!(unix) => word.get_or_insert_default().extend(characters.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

impl Surroundings {
    /// The profiles of both files.
    fn profiles(&self) -> Result<Profiles, String> {
        let home = self.set("HOME").or_else(|| self.set("USERPROFILE")).unwrap_or_default();
        let path = |variable: &str, name: &str| match self.set(variable) {
            Some(path) => path.strip_prefix("~/").map_or_else(|| path.to_owned(), |rest| format!("{home}/{rest}")),
            None => format!("{home}/.aws/{name}"),
        };
        let mut profiles = Profiles::default();
        if let Some(text) = self.file(&path("AWS_CONFIG_FILE", "config"))? {
            profiles.add(&text, true);
        }
        if let Some(text) = self.file(&path("AWS_SHARED_CREDENTIALS_FILE", "credentials"))? {
            profiles.add(&text, false);
        }
        Ok(profiles)
    }

    /// The keys of the profile that the environment names, or of `default`. `None` where that has none.
    pub(super) async fn of_profile(&self) -> Result<Option<Session>, String> {
        let named = self.set("AWS_PROFILE").or_else(|| self.set("AWS_DEFAULT_PROFILE"));
        let name = named.unwrap_or("default");
        let profiles = self.profiles()?;
        match (self.session_of(&profiles, name, 0).await, named) {
            (Ok(Some(session)), _) => Ok(Some(session)),
            (Ok(None), None) => Ok(None),
            (Ok(None), Some(_)) => Err(format!("profile `{name}` has no keys")),
            (Err(why), _) => Err(format!("profile `{name}`: {why}")),
        }
    }

    fn session_of<'a>(
        &'a self,
        profiles: &'a Profiles,
        name: &'a str,
        depth: usize,
    ) -> BoxFuture<'a, Result<Option<Session>, String>> {
        async move {
            let get = |key: &str| profiles.get(name, key);
            if depth > DEEPEST {
                return Err("its source profiles lead in a circle".to_owned());
            }
            if let Some(arn) = get("role_arn").filter(|_| depth == 0 || get("aws_access_key_id").is_none()) {
                return self.role_of(profiles, name, arn, depth).await.map(Some);
            }
            if let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key")) {
                let token = get("aws_session_token").map(str::to_owned);
                return Ok(Some(Session::lasting(Keys { id: id.to_owned(), secret: secret.to_owned(), token })));
            }
            if let Some(line) = get("credential_process") {
                return self.of_program(line).await.map(Some);
            }
            if get("sso_session").or_else(|| get("sso_start_url")).is_some() {
                return Err(format!(
                    "it signs in through a browser. Give it to drplan as a program: `credential_process = aws \
                     configure export-credentials --profile {name} --format process` in another profile"
                ));
            }
            Ok(None)
        }
        .boxed()
    }

    async fn role_of(&self, profiles: &Profiles, name: &str, arn: &str, depth: usize) -> Result<Session, String> {
        let get = |key: &str| profiles.get(name, key);
        if let Some(file) = get("web_identity_token_file") {
            return self.with_web_identity(file, arn, get("role_session_name")).await;
        }
        if get("mfa_serial").is_some() {
            return Err("its role asks for a code of a device, which drplan cannot give".to_owned());
        }
        let source = match (get("source_profile"), get("credential_source")) {
            (Some(source), _) => self.session_of(profiles, source, depth + 1).await?,
            (None, Some("Environment")) => self.of_environment()?,
            (None, Some("EcsContainer")) => self.of_container().await?,
            (None, Some("Ec2InstanceMetadata")) => self.of_machine().await?,
            (None, _) => return Err("its role has neither source_profile nor credential_source".to_owned()),
        };
        let source = source.ok_or_else(|| "the source of its role has no keys".to_owned())?;
        let role = Role {
            arn,
            name: get("role_session_name"),
            external: get("external_id"),
            seconds: get("duration_seconds"),
            region: get("region"),
        };
        self.with_role(&role, &source.keys).await
    }

    async fn of_program(&self, line: &str) -> Result<Session, String> {
        let words = words(line);
        let ([program, arguments @ ..], Some(workstation)) = (&words[..], &self.workstation) else {
            return Err("its credential_process names no program".to_owned());
        };
        let printed = workstation.output(program, arguments).await?;
        let printed: serde_json::Value =
            serde_json::from_str(&printed).map_err(|_| format!("`{program}` printed other than JSON"))?;
        match printed.get("Version").and_then(serde_json::Value::as_u64) {
            Some(1) => Session::read(&printed).map_err(|why| format!("`{program}`: {why}")),
            _ => Err(format!("`{program}` printed another version than 1")),
        }
    }
}

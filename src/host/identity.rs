//! The user and the host of this process, for journals, locks and approvals.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// A user on a host. An audit needs both, so a placeholder appears only where the operating system has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's name, or `uid 1000` where the user has none.
    pub user: String,
    /// The host's name.
    pub host: String,
}

impl Identity {
    /// The identity of this process. The environment comes first, since `sudo`, containers and CI set it on purpose.
    pub fn of_process(env: &BTreeMap<String, String>) -> Self {
        let set =
            |names: &[&str]| names.iter().find_map(|name| env.get(*name).filter(|value| !value.is_empty())).cloned();
        let user = set(&["USER", "LOGNAME", "USERNAME"])
            .or_else(|| uid().map(|uid| account(uid).unwrap_or_else(|| format!("uid {uid}"))))
            .or_else(|| output("id", &["-un"]))
            .unwrap_or_else(|| "unknown user".to_owned());
        let host = line("/proc/sys/kernel/hostname")
            .or_else(|| set(&["HOSTNAME", "COMPUTERNAME"]))
            .or_else(|| line("/etc/hostname"))
            .or_else(|| output("hostname", &[]))
            .unwrap_or_else(|| "unknown host".to_owned());
        Self { user, host }
    }
}

/// The user id of this process, where `/proc` has it.
fn uid() -> Option<u32> {
    #[cfg(unix)]
    return fs::metadata("/proc/self").ok().map(|process| std::os::unix::fs::MetadataExt::uid(&process));
    #[cfg(not(unix))]
    None
}

/// The account name of a user id.
fn account(uid: u32) -> Option<String> {
    named(&fs::read_to_string("/etc/passwd").ok()?, uid)
}

fn named(accounts: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid && !name.is_empty()).then(|| name.to_owned())
    };
    accounts.lines().find_map(name)
}

fn line(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok().filter(|done| done.status.success())?;
    String::from_utf8(done.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_comes_from_the_environment_first() {
        let env = BTreeMap::from([("USER".to_owned(), "ann".to_owned())]);
        assert_eq!(Identity::of_process(&env).user, "ann");
    }

    #[test]
    fn process_without_environment_has_a_user_and_a_host() {
        let Identity { user, host } = Identity::of_process(&BTreeMap::new());
        assert!(!user.is_empty() && user != "someone", "{user}");
        assert!(!host.is_empty(), "{host}");
    }

    #[test]
    fn account_is_found_by_its_user_id() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n";
        assert_eq!(named(accounts, 1000).as_deref(), Some("ann"));
        assert_eq!(named(accounts, 100), None);
    }
}

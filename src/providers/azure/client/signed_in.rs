//! The account that the Azure CLI is signed in with.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value as Json;

use crate::account::Account;

/// The subscription and tenant of the Azure CLI; `None` without the CLI or a sign-in.
pub fn signed_in(environment: &BTreeMap<String, String>) -> Option<Account> {
    let mut command = Command::new("az");
    command.args(["account", "show", "--output", "json"]).env_clear().envs(environment);
    let said = command.output().ok()?;
    let account: Json = serde_json::from_slice(&said.stdout).ok().filter(|_| said.status.success())?;
    let text = |name: &str| account.get(name)?.as_str();
    Some(Account::new(text("id")?, text("tenantId")?))
}

//! The subscription and the tenant that ids contain.

use std::process::Command;

use serde_json::Value as Json;

use super::{Failure, Session};
use crate::account;
use crate::providers::azure::client::first_set;
use crate::simulator::{SUBSCRIPTION, TENANT};
use crate::stack::CloudName;

/// Placeholder of an unknown subscription, so that a stack can be read, checked and drawn without one.
const NONE: &str = "00000000-0000-0000-0000-000000000000";

/// A cloud with a subscription and its tenant, each a GUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The cloud.
    pub cloud: CloudName,
    /// The subscription.
    pub subscription: String,
    /// The tenant.
    pub tenant: String,
}

impl Account {
    /// The account of the local simulator.
    pub fn local() -> Self {
        Self { cloud: CloudName::Local, subscription: SUBSCRIPTION.to_owned(), tenant: TENANT.to_owned() }
    }

    /// The account of a cloud. That of Azure comes from the environment, or from the Azure CLI.
    pub fn of(cloud: CloudName, session: &Session) -> Self {
        match cloud {
            CloudName::Local => Self::local(),
            CloudName::Azure => {
                let subscription = first_set(&session.env, ["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"]);
                let tenant = first_set(&session.env, ["AZURE_TENANT_ID", "ARM_TENANT_ID"]);
                let (subscription, tenant) = match (subscription, tenant) {
                    (Some(subscription), Some(tenant)) => (Some(subscription), Some(tenant)),
                    (subscription, tenant) => {
                        let signed_in = signed_in(session);
                        let other = |name: &str| signed_in.as_ref()?.get(name)?.as_str().map(str::to_owned);
                        (subscription.or_else(|| other("id")), tenant.or_else(|| other("tenantId")))
                    }
                };
                let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
                Self { cloud, subscription: or_none(subscription), tenant: or_none(tenant) }
            }
        }
    }

    /// The account without its cloud.
    pub fn owner(&self) -> account::Account {
        account::Account::new(&self.subscription, &self.tenant)
    }

    /// Requires a known subscription and tenant. The local simulator always has both.
    ///
    /// # Errors
    /// One of them is unknown; the help has the next step.
    pub fn is_known(&self) -> Result<(), Failure> {
        if self.subscription != NONE && self.tenant != NONE {
            return Ok(());
        }
        let missing = if self.subscription == NONE { "subscription" } else { "tenant" };
        Err(Failure::failed(format!("the Azure {missing} is unknown")).help(
            "Set AZURE_SUBSCRIPTION_ID and AZURE_TENANT_ID, or sign in with `az login` and select a subscription with `az account set`.",
        ))
    }
}

/// The account that the Azure CLI is signed in with; `None` without the CLI or a sign-in.
fn signed_in(session: &Session) -> Option<Json> {
    let mut command = Command::new("az");
    command.args(["account", "show", "--output", "json"]).env_clear().envs(&session.env);
    let said = command.output().ok()?;
    serde_json::from_slice(&said.stdout).ok().filter(|_| said.status.success())
}

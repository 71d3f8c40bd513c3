//! Azure: its tables, which are data, and what it has above them: its client, its dialect of the local simulator, the
//! engine of template deployments, and Bicep.

pub mod bicep;
pub mod client;
pub mod deployments;
mod doctor;
mod forms;
mod guards;
pub mod ids;
mod kinds;
pub(crate) mod refusal;
pub mod regions;
mod rules;
pub mod simulated;
mod tags;
mod terraform;

use crate::account::Account;
use crate::kinds::{AccountArgument, Area, Kind, ProviderConsole, Tables, form};
use crate::object::{Object, ObjectId};

pub use kinds::{TypeAnswers, answers_of};
pub(super) use rules::RULES;

/// The tables of Azure.
pub static TABLES: Tables = Tables {
    name: "azure",
    title: "Azure",
    kinds: kinds::ALL,
    grammar: &ids::Ids,
    guards: &guards::GUARDS,
    doctor: doctor::CHECKS,
    terraform: terraform::PROVIDERS,
    areas: &[
        ("Microsoft.Authorization", Area::Access),
        ("Microsoft.ManagedIdentity", Area::Access),
        ("Microsoft.Network", Area::Network),
    ],
    tags: Some(&tags::GENERAL),
    regions: regions::REGIONS,
    account: &[SUBSCRIPTION, TENANT],
    without_account: "Set AZURE_SUBSCRIPTION_ID and AZURE_TENANT_ID, or sign in with `az login` and select a subscription \
                      with `az account set`.",
    sign_in: "Sign in with `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret or a token file.",
    console: Some(&ProviderConsole {
        place: "in the Azure portal, or its activity log",
        command: Some(|id| format!("az monitor activity-log list --resource-id {id} --offset 6h --output table")),
    }),
    lists: None,
    common: Some(usages),
    restless: &["etag", "systemData", "changedTime", "lastModifiedTime", "lastModifiedAt"],
    own: &["etag", "type", "provisioningState", "resourceGuid", "systemData"],
};

/// Placeholder of an unknown subscription or tenant.
const UNKNOWN: &str = "00000000-0000-0000-0000-000000000000";

/// The address of Resource Manager in the local simulator.
pub const SIMULATED_ENDPOINT: &str = "https://management.azure.com";
/// The subscription of the local simulator.
pub const SIMULATED_SUBSCRIPTION: &str = "5b9c1c3a-7d44-4f0e-9a52-d1a5e7c0ffee";
/// The tenant of the local simulator.
pub const SIMULATED_TENANT: &str = "8e0b6f52-31c7-4d6a-b1f4-2ca11ab1e000";

const SUBSCRIPTION: AccountArgument = AccountArgument {
    name: "subscription",
    doc: "The GUID of the subscription.",
    form: &form::GUID,
    environment: &["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"],
    unknown: UNKNOWN,
    simulated: SIMULATED_SUBSCRIPTION,
};

const TENANT: AccountArgument = AccountArgument {
    name: "tenant",
    doc: "The GUID of the tenant that the subscription trusts.",
    form: &form::GUID,
    environment: &["AZURE_TENANT_ID", "ARM_TENANT_ID"],
    unknown: UNKNOWN,
    simulated: SIMULATED_TENANT,
};

/// The version of the interface for quotas.
const USAGES_API: &str = "2024-07-01";

/// The quota of machines, which every region has.
fn usages(account: &Account, region: &str) -> Object {
    let id = format!("/subscriptions/{}/providers/Microsoft.Compute/locations/{region}/usages", account.id);
    Object::whole(ObjectId::new(id), USAGES_API)
}

/// An empty table of Azure's, to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };

//! The providers that drplan has: the only list of them.
//!
//! Nothing below the command line uses it: everything gets a catalog and the dialects of the simulator as arguments.

pub mod aws;
pub mod azure;
#[cfg(test)]
#[path = "tests/client_lab.rs"]
mod client_lab;
pub mod cloudflare;
pub mod kubernetes;
pub mod linode;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use futures::future::BoxFuture;

use crate::account::Account;
use crate::apply::{BulkEngine, Connect};
use crate::check::{Rule, Rules};
use crate::emit::Language;
use crate::kinds::{Catalog, Tables};
use crate::reference::topics::{self, Topic};
use crate::simulator::Dialects;
use crate::simulator::dialect::Dialect;
use crate::wire::Reach;
use crate::world::Cloud;

/// Connects to a provider, or says why that is impossible.
type Connector = fn(Reach) -> BoxFuture<'static, Result<Arc<dyn Cloud>, String>>;

/// Finds the account that the provider's own tools are signed in with, in an environment.
type SignedIn = fn(&BTreeMap<String, String>) -> Option<Account>;

/// A provider: its tables, and what it has above them.
struct Provider {
    tables: &'static Tables,
    /// Its client; `None` for a provider that drplan cannot talk to.
    connect: Option<Connector>,
    /// The account of its own tools; `None` where they have none.
    signed_in: Option<SignedIn>,
    /// Its language in the local simulator; `None` for a provider that is not simulated.
    dialect: Option<&'static dyn Dialect>,
    /// Its engines, which write many resources at once.
    engines: &'static [&'static BulkEngine],
    /// Its languages, in which a stack can be emitted.
    languages: &'static [&'static Language],
    /// Its rules of `check`, which follow from facts of this provider.
    rules: &'static [&'static Rule],
    /// Prefixes of the targets of log lines that may hold a secret, below `info`: its libraries log bodies of requests.
    secretive_logs: &'static [&'static str],
    /// Its page of the documentation.
    page: Option<&'static Topic>,
}

/// A provider that has nothing above its tables.
const BARE: Provider = Provider {
    tables: &Tables::NONE,
    connect: None,
    signed_in: None,
    dialect: None,
    engines: &[],
    languages: &[],
    rules: &[],
    secretive_logs: &[],
    page: None,
};

/// The providers, in the order of the documentation. The dialect of the first answers for hosts that no other has.
static ALL: &[Provider] = &[
    Provider {
        tables: &azure::TABLES,
        connect: Some(|reach| Box::pin(azure::client::connect(reach))),
        signed_in: Some(azure::client::signed_in),
        dialect: Some(&azure::simulated::Arm),
        engines: &[&azure::deployments::ENGINE],
        languages: &[&azure::bicep::LANGUAGE],
        rules: azure::RULES,
        secretive_logs: &["azure_core"],
        page: Some(&Topic {
            name: "azure",
            about: "signing in to Azure, registrations, limits",
            text: include_str!("../../docs/azure.md"),
        }),
    },
    Provider {
        tables: &aws::TABLES,
        connect: Some(|reach| Box::pin(aws::client::connect(reach))),
        dialect: Some(&aws::simulated::Aws),
        languages: &[&aws::cloudformation::LANGUAGE],
        rules: aws::RULES,
        ..BARE
    },
    Provider {
        tables: &cloudflare::TABLES,
        connect: Some(|reach| Box::pin(cloudflare::client::connect(reach))),
        dialect: Some(&cloudflare::simulated::Cloudflare),
        ..BARE
    },
    Provider {
        tables: &linode::TABLES,
        connect: Some(|reach| Box::pin(linode::client::connect(reach))),
        dialect: Some(&linode::simulated::Linode),
        ..BARE
    },
    Provider {
        tables: &kubernetes::TABLES,
        connect: Some(|reach| Box::pin(kubernetes::client::connect(reach))),
        dialect: Some(&kubernetes::simulated::Kubernetes),
        ..BARE
    },
];

/// The catalog of all providers.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::new(ALL.iter().map(|provider| provider.tables)));
    &CATALOG
}

/// The dialects of all providers that are simulated.
pub fn dialects() -> Dialects {
    static DIALECTS: LazyLock<Vec<&'static dyn Dialect>> =
        LazyLock::new(|| ALL.iter().filter_map(|provider| provider.dialect).collect());
    Dialects::new(&DIALECTS)
}

/// The clients of all providers that have one, not connected yet.
pub fn connections(reach: &Reach) -> impl Iterator<Item = (&'static Tables, Connect)> + use<> {
    let reach = reach.clone();
    ALL.iter().filter_map(move |provider| {
        let (connect, reach) = (provider.connect?, reach.clone());
        let open = move |entrances| connect(Reach { entrances: Some(entrances), ..reach.clone() });
        Some((provider.tables, Box::new(open) as Connect))
    })
}

/// The account that a provider's own tools are signed in with, in this environment.
pub fn signed_in(of: &Tables, environment: &BTreeMap<String, String>) -> Option<Account> {
    ALL.iter().find(|provider| provider.tables == of)?.signed_in?(environment)
}

/// Prefixes of the targets of log lines below `info` that may hold a secret.
pub fn secretive_logs() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|provider| provider.secretive_logs).copied()
}

/// The topics of `drplan help`: the pages of all providers among them.
pub fn topics() -> Vec<&'static Topic> {
    topics::with_providers(ALL.iter().filter_map(|provider| provider.page))
}

/// The engines of all providers.
pub fn engines() -> impl Iterator<Item = &'static BulkEngine> {
    ALL.iter().flat_map(|provider| provider.engines).copied()
}

/// The languages of all providers.
pub fn languages() -> impl Iterator<Item = &'static Language> {
    ALL.iter().flat_map(|provider| provider.languages).copied()
}

/// The rules of `check`, those of all providers among them.
pub fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> =
        LazyLock::new(|| Rules::new(ALL.iter().flat_map(|provider| provider.rules).copied()));
    &RULES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_with_resources_are_those_with_a_client() {
        for provider in ALL {
            let is_cloud = catalog().clouds().any(|cloud| cloud == provider.tables);
            assert_eq!(is_cloud, provider.connect.is_some(), "{}", provider.tables.name);
            assert!(!is_cloud || !provider.tables.sign_in.is_empty(), "{}", provider.tables.name);
        }
    }
}

//! Accounts of providers, in which resources lie.

use std::collections::BTreeMap;
use std::sync::Arc;

/// An account, in the words of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id: a subscription's GUID, the twelve digits of an AWS account.
    pub id: Arc<str>,
    /// The directory of the identities that it trusts: a tenant's GUID. Empty where the provider has none.
    pub tenant: Arc<str>,
}

impl Account {
    /// The account with this id and tenant.
    pub fn new(id: &str, tenant: &str) -> Self {
        Self { id: id.into(), tenant: tenant.into() }
    }
}

/// One of the accounts of a provider in a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm {
    /// The name of the provider.
    pub provider: &'static str,
    /// The second label of its `provider` block; empty for the one that sites have without naming one.
    pub label: Arc<str>,
}

impl Realm {
    /// The account of a provider that sites have without naming one.
    pub fn of(provider: &'static str) -> Self {
        Self { provider, label: "".into() }
    }
}

/// The accounts of a stack, or of the session of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    of: BTreeMap<Realm, Account>,
    /// True where no block of a stack sets another one: the local simulator has these accounts alone.
    pub fixed: bool,
}

impl Accounts {
    /// Accounts that no block of a stack replaces; none at first.
    pub fn fixed() -> Self {
        Self { fixed: true, ..Self::default() }
    }

    /// The account of a realm, if it is known.
    pub fn get(&self, realm: &Realm) -> Option<&Account> {
        self.of.get(realm)
    }

    /// Sets the account of a realm.
    pub fn insert(&mut self, realm: Realm, account: Account) {
        self.of.insert(realm, account);
    }

    /// The accounts, by realm.
    pub fn iter(&self) -> impl Iterator<Item = (&Realm, &Account)> {
        self.of.iter()
    }
}

//! The account of a provider in which resources lie.

use std::sync::Arc;

/// An account, in the words of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id: a subscription's GUID.
    pub id: Arc<str>,
    /// The directory of the identities that it trusts: a tenant's GUID.
    pub tenant: Arc<str>,
}

impl Account {
    /// The account with this id and tenant.
    pub fn new(id: &str, tenant: &str) -> Self {
        Self { id: id.into(), tenant: tenant.into() }
    }
}

//! Resources and sites that a backup refers to, found in its stack.

use super::model::{Backup, Repository};
use crate::address::Address;
use crate::stack::{Resource, Site, Stack};

impl Stack {
    /// The backup with this address.
    pub fn backup(&self, address: &Address) -> Option<&Backup> {
        (address.kind() == "backup").then(|| self.backups.get(address.own_name())).flatten()
    }

    /// The resource that a backup brings back.
    pub fn backed_up(&self, backup: &Backup) -> Option<&Resource> {
        self.resources.get(&backup.of)
    }

    /// The site of a backup's repository.
    pub fn repository_site(&self, backup: &Backup) -> Option<&Site> {
        match &backup.repository {
            Repository::Resource(address) => self.sites.get(&self.resources.get(address)?.site),
            Repository::Site(site) => self.sites.get(site),
        }
    }
}

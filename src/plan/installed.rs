//! Resources that somebody else installs: drplan imports them once they exist, and neither creates nor deletes them.

use crate::plan::Observed;
use crate::stack::{Resource, Stack};

/// True for such a resource that does not exist, or that was not read.
pub(super) fn is_missing(resource: &Resource, observed: &Observed) -> bool {
    let exists = resource.objects.iter().all(|object| matches!(observed.objects.get(&object.id), Some(Some(_))));
    resource.kind.installed.is_some() && !exists
}

/// The reason for the import of such a resource.
pub(super) fn reason(resource: &Resource) -> Option<String> {
    let what = "installed by somebody else: drplan only changes what follows from the role of its site";
    resource.kind.installed.map(|_| what.to_owned())
}

/// A note about those that were looked for and do not exist.
pub(super) fn note(stack: &Stack, observed: &Observed) -> Option<String> {
    let is_absent = |resource: &&Resource| {
        let gone = resource.objects.iter().any(|object| observed.objects.get(&object.id) == Some(&None));
        resource.kind.installed.is_some() && gone
    };
    let missing: Vec<&str> = stack.resources.values().filter(is_absent).map(|one| one.address.as_str()).collect();
    let verb = if missing.len() == 1 {
        "is not installed: drplan does not create it"
    } else {
        "are not installed: drplan does not create them"
    };
    let help = "Install what is missing, then run `drplan apply`; until then a failover cannot start or stop it.";
    (!missing.is_empty()).then(|| format!("Warning: {} {verb}. {help}", missing.join(", ")))
}

//! [`Kubernetes`]: a client of all clusters.

use std::fmt;
use std::sync::Arc;

use super::realm::Realms;
use crate::wire::Reach;
use crate::world::Cloud;

/// A client of the clusters of other providers, and of those that this machine has credentials of.
pub struct Kubernetes {
    pub(super) realms: Realms,
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubernetes").finish_non_exhaustive()
    }
}

/// A client. It enters a cluster at the first request for something in it, and sends nothing yet.
///
/// # Errors
/// None: credentials are those of each cluster.
pub async fn connect(reach: Reach) -> Result<Arc<dyn Cloud>, String> {
    Ok(Arc::new(Kubernetes { realms: Realms::new(reach) }))
}

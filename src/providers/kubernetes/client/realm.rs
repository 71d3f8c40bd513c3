//! Clusters, each entered at the first request for something in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use url::Url;

use super::super::ids::ClusterRef;
use super::kubeconfig::{Access, KubeConfig, decoded};
use super::login::{Login, Origin};
use super::transport::Transport;
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::{HttpBackend, Reach, TlsIdentity, refused};
use crate::world::CloudError;

/// The clusters that were entered.
pub(super) struct Realms {
    reach: Reach,
    open: Mutex<BTreeMap<String, Arc<OnceCell<Arc<Transport>>>>>,
}

/// The reason why a cluster is not entered.
enum Closed {
    /// It does not exist.
    Absent,
    Error(CloudError),
}

impl Realms {
    pub(super) fn new(reach: Reach) -> Self {
        Self { reach, open: Mutex::default() }
    }

    /// The API of a cluster; `None` where the cluster does not exist.
    ///
    /// # Errors
    /// Its credentials cannot be read.
    pub(super) async fn enter(&self, cluster: ClusterRef<'_>) -> Result<Option<Arc<Transport>>, CloudError> {
        let key = format!("{cluster:?}").to_lowercase();
        let cell = Arc::clone(self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        match cell.get_or_try_init(|| self.open(cluster)).await {
            Ok(transport) => Ok(Some(Arc::clone(transport))),
            Err(Closed::Absent) => Ok(None),
            Err(Closed::Error(error)) => Err(error),
        }
    }

    /// The API of a cluster that was entered before.
    pub(super) fn entered(&self, cluster: ClusterRef<'_>) -> Option<Arc<Transport>> {
        let key = format!("{cluster:?}").to_lowercase();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key)?.get().cloned()
    }

    async fn open(&self, cluster: ClusterRef<'_>) -> Result<Arc<Transport>, Closed> {
        let invalid = |why: String| {
            let of = match cluster {
                ClusterRef::Object(id) => format!("`{id}`"),
                ClusterRef::Context(name) => format!("context `{name}`"),
            };
            Closed::Error(refused(Reason::Unauthenticated, "Credentials", format!("credentials of {of}: {why}")))
        };
        let workstation = self.reach.workstation.clone();
        let (access, origin) = match cluster {
            ClusterRef::Context(name) => {
                let machine = workstation.as_deref().ok_or_else(|| {
                    invalid("the local simulator has no contexts; write `cluster = kubernetes_cluster.…`".to_owned())
                })?;
                let config = KubeConfig::of_machine(&self.reach.environment, machine).map_err(invalid)?;
                (config.access(Some(name), Some(machine)).map_err(invalid)?, Origin::Machine)
            }
            ClusterRef::Object(id) => {
                let none = || invalid("nothing leads to the provider of the cluster".to_owned());
                let way = self.reach.entrances.clone().ok_or_else(none)?;
                let id = ObjectId::new(id);
                let entrances = way.upgrade().ok_or_else(none)?;
                let text = entrances.credentials(&id).await.map_err(Closed::Error)?.ok_or(Closed::Absent)?;
                let config = KubeConfig::read(&decoded(&text).map_err(invalid)?, "").map_err(invalid)?;
                (config.access(None, None).map_err(invalid)?, Origin::Provider(way, id))
            }
        };
        let endpoint = endpoint(&access).map_err(invalid)?;
        let wire = self.wire(&access).map_err(invalid)?;
        let login = Login::new(&access.user, origin, workstation, Arc::clone(&self.reach.clock));
        Ok(Arc::new(Transport::new(endpoint, login, wire, &self.reach)))
    }

    /// The carrier of requests to a cluster, which has an authority and perhaps client certificates of its own.
    fn wire(&self, access: &Access) -> Result<HttpBackend, String> {
        let Access { server: _, authority, tls_name, insecure, proxy, user } = access;
        match &self.reach.wire {
            HttpBackend::InProcess(router) => Ok(HttpBackend::InProcess(router.clone())),
            HttpBackend::Net(_) => {
                if tls_name.is_some() {
                    return Err("`tls-server-name` is not supported; write the name into `server`".to_owned());
                }
                let identity = TlsIdentity {
                    authority: authority.as_deref(),
                    certificate: user.certificate.as_ref().map(|(cert, key)| (&**cert, &**key)),
                    insecure: *insecure,
                    proxy: proxy.as_deref(),
                };
                HttpBackend::client_with(&identity).map(HttpBackend::Net)
            }
        }
    }
}

/// The address of an API, with a slash at its end.
fn endpoint(access: &Access) -> Result<Url, String> {
    let server = format!("{}/", access.server.trim_end_matches('/'));
    Url::parse(&server).map_err(|error| format!("its server is no URL: {error}"))
}

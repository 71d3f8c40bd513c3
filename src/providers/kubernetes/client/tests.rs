//! The ways into a cluster, and what refused credentials lead to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::connect;
use crate::host::{SeededIds, SimClock};
use crate::object::{Object, ObjectId};
use crate::reason::Reason;
use crate::simulator::START;
use crate::wire::{HttpBackend, Reach};
use crate::world::{Cloud, CloudError, Entrances, Notice, Notices, SecretText, WriteCondition};

const CLUSTER: &str = "/subscriptions/s/resourceGroups/g/providers/A.B/managedClusters/prod";

struct Silent;

impl Notices for Silent {
    fn notice(&self, _: &Notice) {}
}

/// A provider whose credentials have the number of times that they were read, or a plugin.
struct Provider {
    plugin: bool,
    reads: Mutex<u32>,
    audiences: Mutex<Vec<String>>,
}

#[async_trait]
impl Entrances for Provider {
    async fn credentials(&self, of: &ObjectId) -> Result<Option<SecretText>, CloudError> {
        if of.as_str().ends_with("missing") {
            return Ok(None);
        }
        let mut reads = self.reads.lock().unwrap();
        *reads += 1;
        let user = match self.plugin {
            true => "exec: {command: kubelogin, args: [get-token, --server-id, app-of-clusters]}".to_owned(),
            false => format!("token: token-{reads}"),
        };
        let text = format!(
            "clusters:\n- name: c\n  cluster: {{server: 'https://api.example.org:443'}}\nusers:\n- name: u\n  user:\n    \
             {user}\ncontexts:\n- name: c\n  context: {{cluster: c, user: u}}\n"
        );
        Ok(Some(SecretText::new(STANDARD.encode(text))))
    }

    async fn token(&self, _: &ObjectId, audience: &str) -> Result<SecretText, CloudError> {
        self.audiences.lock().unwrap().push(audience.to_owned());
        Ok(SecretText::new("token-of-audience"))
    }
}

/// A server that accepts one token, and notes the requests for which it did.
fn server(accepted: &'static str, seen: &Arc<Mutex<Vec<String>>>) -> Router {
    let seen = Arc::clone(seen);
    Router::new().fallback(move |request: Request| {
        let seen = Arc::clone(&seen);
        async move { answer(accepted, &request, &seen) }
    })
}

fn answer(accepted: &str, request: &Request, seen: &Mutex<Vec<String>>) -> Response {
    let sent = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    if sent != Some(format!("Bearer {accepted}")) {
        return (StatusCode::UNAUTHORIZED, json!({ "reason": "Unauthorized" }).to_string()).into_response();
    }
    seen.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
    let path = request.uri().path();
    let body: Json = if path.ends_with("/missing") {
        let body =
            json!({ "kind": "Status", "reason": "NotFound", "message": "deployments.apps \"missing\" not found" });
        return (StatusCode::NOT_FOUND, body.to_string()).into_response();
    } else if path.ends_with("/pods") || path.ends_with("horizontalpodautoscalers") {
        json!({ "items": [] })
    } else {
        let template = json!({ "spec": { "containers": [{ "name": "a", "image": "web:1" }] } });
        let selector = json!({ "matchLabels": { "app": "web" } });
        json!({ "kind": "Deployment", "metadata": { "generation": 1 }, "spec": { "template": template, "selector": selector } })
    };
    (StatusCode::OK, body.to_string()).into_response()
}

async fn client(provider: &Arc<Provider>, accepted: &'static str, seen: &Arc<Mutex<Vec<String>>>) -> Arc<dyn Cloud> {
    let entrances: Arc<dyn Entrances> = provider.clone();
    connect(Reach {
        wire: HttpBackend::InProcess(server(accepted, seen)),
        network: None,
        environment: BTreeMap::new(),
        workstation: None,
        entrances: Some(Arc::downgrade(&entrances)),
        clock: Arc::new(SimClock::new(START)),
        ids: Arc::new(SeededIds::new(1)),
        notices: Arc::new(Silent),
    })
    .await
    .unwrap()
}

fn provider(plugin: bool) -> Arc<Provider> {
    Arc::new(Provider { plugin, reads: Mutex::default(), audiences: Mutex::default() })
}

fn workload(cluster: &str, name: &str) -> Object {
    Object::whole(ObjectId::new(format!("kubernetes:{cluster}/namespaces/shop/Deployment/{name}")), "apps/v1")
}

#[tokio::test(start_paused = true)]
async fn credentials_that_have_expired_are_read_again() {
    let (provider, seen) = (provider(false), Arc::default());
    let cloud = client(&provider, "token-2", &seen).await;
    let sight = cloud.get(&workload(CLUSTER, "web")).await.unwrap().unwrap();
    // A server leaves out a number of zero.
    assert_eq!((&sight.body["spec"]["replicas"], &sight.body["images"]), (&json!(0), &json!(["web:1"])));
    assert_eq!((&sight.body["pods"]["left"], &sight.body["selector"]), (&json!(0), &json!("app=web")));
    assert_eq!(*provider.reads.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn cluster_or_workload_that_does_not_exist_is_no_error() {
    let (provider, seen) = (provider(false), Arc::default());
    let cloud = client(&provider, "token-1", &seen).await;
    assert_eq!(cloud.get(&workload("/subscriptions/s/missing", "web")).await.unwrap(), None);
    assert_eq!(cloud.get(&workload(CLUSTER, "missing")).await.unwrap(), None);
    let body = json!({ "spec": { "replicas": 2 } });
    let Err(CloudError::Refused(refused)) =
        cloud.put(&workload(CLUSTER, "missing"), &body, WriteCondition::Always).await
    else {
        panic!("a workload was made")
    };
    assert_eq!(refused.reason, Reason::Absent);
    assert!(cloud.delete(&workload(CLUSTER, "web")).await.is_err(), "drplan deletes no workload");
}

#[tokio::test(start_paused = true)]
async fn plugin_of_the_provider_is_its_own_sign_in() {
    let (provider, seen) = (provider(true), Arc::default());
    let cloud = client(&provider, "token-of-audience", &seen).await;
    let body = json!({ "spec": { "replicas": 2 } });
    cloud.put(&workload(CLUSTER, "web"), &body, WriteCondition::Always).await.unwrap();
    assert!(provider.audiences.lock().unwrap().iter().all(|audience| audience == "app-of-clusters"));
    let seen = seen.lock().unwrap();
    // Unknown fields are refused and not dropped.
    assert!(
        seen[0].starts_with("PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale?")
            && seen[0].contains("fieldValidation=Strict")
    );
}

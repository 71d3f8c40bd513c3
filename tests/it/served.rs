//! The local simulator on a port: the real binary serves it behind TLS, and clients sign in and work over real sockets,
//! including drplan itself with `--cloud azure`.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use drplan::host::SimClock;
use drplan::providers::azure::simulated::{SUBSCRIPTION, TENANT};
use drplan::simulator::serve::{ServedWorld, serve};
use drplan::simulator::{START, Simulator};
use drplan::world::Clock;
use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::port::token;
use super::serving::ServedSimulator;

const STACK: &str = r#"
stack "served" {}

site "east" {
  provider = "azure"
  location = "canadacentral"
}

resource_group "app" {
  site = site.east
}

virtual_network "app" {
  resource_group = resource_group.app
  address_space  = ["10.0.0.0/16"]
}

subnet "app" {
  virtual_network  = virtual_network.app
  address_prefixes = ["10.0.1.0/24"]
}

user_assigned_identity "app" {
  resource_group = resource_group.app
}
"#;

impl ServedSimulator {
    fn base(&self) -> String {
        format!("https://{}", self.settings["ARM_METADATA_HOSTNAME"])
    }

    /// A client that trusts only the simulator's certificate authority.
    fn client(&self) -> reqwest::Client {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let pem = std::fs::read(&self.settings["SSL_CERT_FILE"]).expect("the authority");
        let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        reqwest::Client::builder().tls_certs_only([authority]).build().expect("a client")
    }

    /// Runs drplan against the served simulator.
    fn drplan(&self, dir: &Path, args: &[&str]) -> Output {
        self.drplan_on("azure", dir, args)
    }

    /// The same with another name of the providers.
    fn drplan_on(&self, cloud: &str, dir: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drplan"));
        command.args(args).args(["--cloud", cloud]).current_dir(dir).env_clear().envs(&self.settings);
        command.output().expect("the binary")
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn asked<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

async fn json(request: reqwest::RequestBuilder) -> (u16, Json) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn drplan_applies_plans_empty_and_destroys_over_the_network() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("stack.hcl"), STACK).expect("a file");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let applied = served.drplan(dir.path(), &["apply", "--yes"]);
    assert!(applied.status.success(), "{}", said(&applied));
    let again = served.drplan(dir.path(), &["plan"]);
    assert!(said(&again).contains("No changes."), "{}", said(&again));

    // Other clients see the created resources; they survive a restart, as does a token.
    let (base, client) = (served.base(), served.client());
    let held = asked(token(&client, &base));
    drop(served);
    let served = ServedSimulator::begin(dir.path(), 1000);
    let (base, client) = (served.base(), served.client());
    let path = format!("{base}/subscriptions/{SUBSCRIPTION}/resourceGroups/app/resources?api-version=2021-04-01");
    let (status, listed) = asked(json(client.get(&path).bearer_auth(&held)));
    let names: Vec<&str> =
        listed["value"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!((status, names), (200, vec!["app", "app"]), "{listed}");

    let gone = served.drplan(dir.path(), &["destroy", "--yes"]);
    assert!(gone.status.success(), "{}", said(&gone));
    let (status, _) = asked(json(client.get(&path).bearer_auth(&held)));
    assert_eq!(status, 404);
}

#[test]
fn any_name_of_the_providers_means_the_same_state_and_accounts() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("stack.hcl"), STACK).expect("a file");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let applied = served.drplan(dir.path(), &["apply", "--yes"]);
    assert!(applied.status.success(), "{}", said(&applied));
    let planned = served.drplan_on("cloudflare", dir.path(), &["plan"]);
    assert!(said(&planned).contains("No changes."), "{}", said(&planned));
    let checked = said(&served.drplan_on("cloudflare", dir.path(), &["doctor"]));
    let words = checked.split_whitespace().collect::<Vec<_>>().join(" ");
    let account = format!("signed in to Azure for served: subscription {SUBSCRIPTION}, tenant {TENANT}");
    assert!(words.contains(&account) && words.contains("state/served/azure"), "{checked}");
    assert!(!dir.path().join("state/served/cloudflare").exists());
    let gone = served.drplan_on("cloudflare", dir.path(), &["destroy", "--yes"]);
    assert!(gone.status.success(), "{}", said(&gone));
    assert!(said(&served.drplan(dir.path(), &["plan"])).contains("4 to create"));
}

#[test]
fn missing_sign_in_lists_the_attempted_methods() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("stack.hcl"), STACK).expect("a file");
    let mut served = ServedSimulator::begin(dir.path(), 1000);
    served.settings.retain(|name, _| name != "ARM_CLIENT_SECRET");
    served.settings.insert("IDENTITY_ENDPOINT".to_owned(), format!("{}/msi/nobody", served.base()));
    served.settings.insert("IDENTITY_HEADER".to_owned(), "any".to_owned());
    let refused = served.drplan(dir.path(), &["plan"]);
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    for part in ["not signed in to Azure", "managed identity", "Azure CLI", "az login"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    served.settings.insert("IDENTITY_ENDPOINT".to_owned(), format!("{}/msi/token", served.base()));
    let planned = served.drplan(dir.path(), &["plan"]);
    assert!(said(&planned).contains("4 to create"), "{}", said(&planned));
}

#[test]
fn metadata_names_the_endpoints_and_foreign_tokens_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let (base, client) = (served.base(), served.client());
    asked(async {
        for path in ["/metadata/endpoints?api-version=2022-09-01", "//metadata/endpoints?api-version=2022-09-01"] {
            let (status, metadata) = json(client.get(format!("{base}{path}"))).await;
            assert_eq!(status, 200);
            assert_eq!(metadata["resourceManager"], format!("{base}/"));
            assert_eq!(metadata["authentication"]["loginEndpoint"], base);
            assert_eq!(metadata["authentication"]["identityProvider"], "AAD");
        }
        let openid = format!("{base}/{TENANT}/v2.0/.well-known/openid-configuration");
        let (_, openid) = json(client.get(openid)).await;
        assert_eq!(openid["token_endpoint"], format!("{base}/{TENANT}/oauth2/v2.0/token"));

        let subscriptions = format!("{base}/subscriptions?api-version=2022-12-01");
        let held = token(&client, &base).await;
        let (status, body) = json(client.get(&subscriptions).bearer_auth(&held)).await;
        assert_eq!((status, body["value"][0]["tenantId"].as_str()), (200, Some(TENANT)));
        let forged = format!("{}x", &held[..held.len() - 1]);
        for wrong in ["no-token", "a.b.c", forged.as_str()] {
            let (status, body) = json(client.get(&subscriptions).bearer_auth(wrong)).await;
            assert_eq!((status, body["error"]["code"].as_str()), (401, Some("AuthenticationFailed")));
        }
        assert_eq!(json(client.get(&subscriptions)).await.0, 401);

        // Managed identity as App Service provides it.
        let identity = format!("{base}/msi/token?api-version=2019-08-01&resource={base}");
        let (status, body) = json(client.get(&identity).header("X-IDENTITY-HEADER", "any")).await;
        assert_eq!((status, body["expires_on"].is_string()), (200, true));
        let own = body["access_token"].as_str().expect("a token");
        assert_eq!(json(client.get(&subscriptions).bearer_auth(own)).await.0, 200);
    });
}

#[test]
fn oversized_and_misdirected_requests_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let served = ServedSimulator::begin(dir.path(), 1000);
    let (base, client) = (served.base(), served.client());
    asked(async {
        let held = token(&client, &base).await;
        let group = format!("{base}/subscriptions/{SUBSCRIPTION}/resourceGroups/big?api-version=2021-04-01");
        let body = format!("{{\"location\":\"canadacentral\",\"tags\":{{\"a\":\"{}\"}}}}", "x".repeat(4 * 1024 * 1024));
        let (status, answer) = json(client.put(&group).bearer_auth(&held).body(body)).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (413, Some("RequestEntityTooLarge")));
        for path in ["/subscriptions/%2e%2e/%2e%2e/etc/passwd", "/world.jsonl", "/authority.key"] {
            let (status, _) = json(client.get(format!("{base}{path}?api-version=2021-04-01")).bearer_auth(&held)).await;
            assert!(status == 404 || status == 400, "{path}: {status}");
        }
        // Idle connections do not block other clients.
        let silent: Vec<_> = {
            let address = base.trim_start_matches("https://").replace("localhost", "127.0.0.1");
            let mut all = Vec::new();
            for _ in 0..200 {
                all.push(tokio::net::TcpStream::connect(&address).await.expect("a connection"));
            }
            all
        };
        let subscriptions = format!("{base}/subscriptions?api-version=2022-12-01");
        assert_eq!(json(client.get(&subscriptions).bearer_auth(&held)).await.0, 200);
        drop(silent);
    });
}

/// The services on a plain socket in this process, and their base URL.
async fn plain() -> String {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let clock: Arc<dyn Clock> = Arc::new(SimClock::sped(START, 1000));
    let simulator = Simulator::new(drplan::providers::dialects(), 7, Arc::clone(&clock));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("its address"));
    let served = ServedWorld { simulator, base: base.clone(), speed: 1000, key: [3; 32], clock };
    tokio::spawn(serve(listener, None, (served.router(), drplan::providers::dialects()), std::future::pending()));
    base
}

#[test]
fn slow_and_silent_clients_do_not_block_others() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime").block_on(async {
        let base = plain().await;
        let address = base.trim_start_matches("http://");
        let head =
            format!("POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n");
        let mut slow = Vec::new();
        for _ in 0..520 {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            // The oldest ones may be closed already.
            let _sent = stream.write_all(format!("{head}x").as_bytes()).await;
            slow.push(stream);
        }
        for _ in 0..520 {
            slow.push(TcpStream::connect(address).await.expect("a connection"));
        }
        let client = reqwest::Client::new();
        let held = token(&client, &base).await;
        let subscriptions = format!("{base}/subscriptions?api-version=2022-12-01");
        assert_eq!(json(client.get(&subscriptions).bearer_auth(&held)).await.0, 200);
        drop(slow);
    });
}

#[test]
fn tokens_for_another_audience_or_tenant_are_refused() {
    asked(async {
        let (base, client) = (plain().await, reqwest::Client::new());
        let sign_in = async |tenant: &str, scope: &str| {
            let form = format!("grant_type=client_credentials&client_id=a&client_secret=b&scope={scope}/.default");
            let request = client.post(format!("{base}/{tenant}/oauth2/v2.0/token")).body(form);
            json(request.header("content-type", "application/x-www-form-urlencoded")).await
        };
        let subscriptions = format!("{base}/subscriptions?api-version=2022-12-01");
        let (status, vault) = sign_in(TENANT, "https://vault.azure.net").await;
        let held = vault["access_token"].as_str().expect("a token");
        let refused = json(client.get(&subscriptions).bearer_auth(held)).await;
        assert_eq!((status, refused.0), (200, 401));
        assert!(refused.1["error"]["message"].as_str().is_some_and(|why| why.contains("audience")), "{}", refused.1);
        let (status, other) = sign_in("11111111-2222-3333-4444-555555555555", &base).await;
        assert_eq!((status, other["error"].as_str()), (400, Some("invalid_request")));
        let (_, own) = sign_in(TENANT, &base).await;
        let held = own["access_token"].as_str().expect("a token");
        assert_eq!(json(client.get(&subscriptions).bearer_auth(held)).await.0, 200);
    });
}

#[test]
fn template_that_expands_without_limit_is_refused() {
    asked(async {
        let (base, client) = (plain().await, reqwest::Client::new());
        let held = token(&client, &base).await;
        let group = format!("{base}/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
        let body = json!({ "location": "canadacentral" }).to_string();
        let created = client.put(format!("{group}?api-version=2021-04-01")).bearer_auth(&held).body(body);
        assert_eq!(json(created).await.0, 201);
        let deployment = json!({ "properties": { "mode": "Incremental", "template": { "resources": [{
            "type": "Microsoft.Network/publicIPAddresses",
            "apiVersion": "2021-05-01",
            "name": "[concat('a', copyIndex())]",
            "copy": { "name": "all", "count": 800 },
            "location": "canadacentral",
            "tags": { "long": "[string(range(0, 9000))]" },
        }] } } });
        let url = format!("{group}/providers/Microsoft.Resources/deployments/d?api-version=2021-04-01");
        let (status, answer) = json(client.put(url).bearer_auth(&held).body(deployment.to_string())).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some("InvalidTemplate")), "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|why| why.contains("when expanded")), "{answer}");
    });
}

//! Registration of the subscription with providers, and writes that need it.

use super::*;

const SQL: &str = "Microsoft.Sql";
const SERVER: &str = "Microsoft.Sql/servers/example";
const VERSION: &str = "api-version=2021-11-01";

fn server() -> Json {
    json!({ "location": "canadacentral", "properties": {
        "version": "12.0", "administratorLogin": "sqladmin", "administratorLoginPassword": "an example, n0t a secret" } })
}

fn provider(namespace: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}")
}

impl TestCloud {
    async fn registration(&self, namespace: &str) -> String {
        let read = self.get(&provider(namespace)).await;
        read.body["registrationState"].as_str().unwrap().to_owned()
    }

    async fn set_registration(&self, word: &str, namespace: &str) -> TestResponse {
        self.ask("POST", &format!("{}/{word}", provider(namespace)), None, &[]).await
    }
}

#[tokio::test]
async fn all_providers_are_registered_by_default() {
    let cloud = TestCloud::with_group().await;
    let all = cloud.get(provider("").trim_end_matches('/')).await;
    let all = all.body["value"].as_array().unwrap().clone();
    assert!(all.len() > 5);
    assert!(all.iter().all(|provider| provider["registrationState"] == "Registered"), "{all:#?}");
    assert_eq!(cloud.set_registration("register", SQL).await.body["registrationState"], "Registered");
    assert_eq!(cloud.set_registration("register", "Microsoft.Nothing").await.code(), (404, "InvalidResourceNamespace"));
}

#[tokio::test]
async fn unregistered_provider_refuses_writes_until_registration_settles() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(r#"[{"fault": "unregistered", "provider": "microsoft.sql"}]"#);
    let path = format!("{SERVER}?{VERSION}");
    let refused = cloud.put(&path, server()).await;
    assert_eq!(refused.code(), (409, "MissingSubscriptionRegistration"));
    assert_eq!(
        refused.message(),
        "The subscription is not registered to use namespace 'Microsoft.Sql'. See https://aka.ms/rps-not-found for how to register subscriptions."
    );
    assert_eq!(cloud.registration(SQL).await, "NotRegistered");
    assert_eq!(cloud.registration("Microsoft.Network").await, "Registered");
    assert_eq!(cloud.get(&path).await.status, 404);
    assert_eq!(cloud.get(&format!("Microsoft.Sql/servers?{VERSION}")).await.body, json!({ "value": [] }));
    cloud.made(NET, net()).await;

    assert_eq!(cloud.set_registration("register", SQL).await.body["registrationState"], "Registering");
    cloud.pass(29);
    assert_eq!(
        cloud.set_registration("register", SQL).await.body["registrationState"],
        "Registering",
        "the registration is not restarted"
    );
    assert_eq!(cloud.put(&path, server()).await.status, 409);
    cloud.pass(31);
    assert_eq!(cloud.registration(SQL).await, "Registered");
    cloud.made(&path, server()).await;
}

#[tokio::test]
async fn provider_can_be_unregistered_only_when_unused() {
    let cloud = TestCloud::with_group().await;
    let path = format!("{SERVER}?{VERSION}");
    cloud.made(&path, server()).await;
    assert_eq!(cloud.set_registration("unregister", SQL).await.code(), (409, "Conflict"));
    assert_eq!(cloud.set_registration("unregister", "Microsoft.Resources").await.code(), (409, "Conflict"));
    cloud.delete(&path).await;
    cloud.pass(7200);

    assert_eq!(cloud.set_registration("unregister", SQL).await.body["registrationState"], "Unregistering");
    assert_eq!(cloud.put(&path, server()).await.code(), (409, "MissingSubscriptionRegistration"));
    cloud.pass(60);
    assert_eq!(cloud.registration(SQL).await, "Unregistered");
    assert_eq!(cloud.put(&path, server()).await.status, 409);
    assert_eq!(cloud.set_registration("register", SQL).await.body["registrationState"], "Registering");
    cloud.pass(60);
    cloud.made(&path, server()).await;
}

#[tokio::test]
async fn registration_needs_permission() {
    let cloud = TestCloud::with_group().await;
    cloud.inject(
        r#"[{"fault": "unregistered", "provider": "Microsoft.Sql"}, {"fault": "forbid", "action": "*/register/action"}]"#,
    );
    assert_eq!(cloud.set_registration("register", SQL).await.code(), (403, "AuthorizationFailed"));
    assert_eq!(cloud.registration(SQL).await, "NotRegistered");
    cloud.simulator.clear_faults().unwrap();
    assert_eq!(cloud.registration(SQL).await, "Registered", "registered as before the fault");
}

#[test]
fn fault_must_name_a_known_provider() {
    for provider in ["Microsoft.Sqll", "Microsoft.Resources"] {
        let text = format!(r#"[{{"fault": "unregistered", "provider": "{provider}"}}]"#);
        let wrong = crate::simulator::parse_faults(&text, crate::providers::dialects()).unwrap_err();
        assert!(wrong.starts_with(&format!("fault 1: a fault cannot unregister `{provider}`")), "{wrong}");
    }
}

#[test]
fn example_of_the_help_can_be_unregistered() {
    let dialects = crate::providers::dialects();
    let example = dialects.registered_example().unwrap();
    assert_eq!(dialects.registrable(example), Ok(example));
}

//! Registration of resource providers.

use super::*;

/// A refusal for a missing registration, with Azure's message for a provider that was registered once.
fn unregistered(namespace: &str) -> Scripted {
    let message = format!(
        "The subscription registration is in 'Unregistered' state. The subscription must be registered to use namespace '{namespace}'."
    );
    let error = json!({ "code": "MissingSubscriptionRegistration", "message": message });
    (409, &[], json!({ "error": { "details": [error.clone()], "code": error["code"], "message": message } }))
}

fn registration(state: &str) -> Scripted {
    (200, &[], json!({ "registrationState": state }))
}

#[tokio::test(start_paused = true)]
async fn refused_provider_is_registered_until_visible_everywhere() {
    let (azure, seen, told) = scripted_with_notices(vec![
        unregistered("Microsoft.Compute"),
        (504, &[], Json::Null),
        registration("Registering"),
        registration("Registering"),
        registration("Registered"),
        // A region that does not have the registration yet.
        unregistered("Microsoft.Compute"),
        (404, &[], json!({ "error": { "code": "SubscriptionNotRegistered", "message": "It is not." } })),
        registration("Registered"),
        (200, &[], with_state("Succeeded")),
    ]);
    azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
    let put = format!("PUT {VNET}");
    assert_eq!(
        seen.lock().unwrap().lines(),
        [
            put.as_str(),
            "POST /subscriptions/sub/providers/Microsoft.Compute/register",
            "POST /subscriptions/sub/providers/Microsoft.Compute/register",
            "GET /subscriptions/sub/providers/Microsoft.Compute",
            "GET /subscriptions/sub/providers/Microsoft.Compute",
            &put,
            &put,
            // A code without a provider's name refers to the provider of the object itself.
            "POST /subscriptions/sub/providers/Microsoft.Network/register",
            &put,
        ]
    );
    let told: Vec<String> = told.0.lock().unwrap().iter().map(|notice| format!("{notice:?}")).collect();
    assert_eq!(told.iter().filter(|told| told.starts_with("Registering")).count(), 2, "{told:?}");
    assert!(told.iter().any(|told| told.starts_with(r#"Registered { namespace: "Microsoft.Compute""#)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn endless_registration_fails_after_ten_minutes() {
    let answers = std::iter::once(unregistered("Microsoft.Compute"));
    let (azure, _) = scripted(answers.chain(std::iter::repeat_n(registration("Registering"), 100)).collect());
    let start = Instant::now();
    let refused = refused(azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap_err());
    assert_eq!(refused.code, "MissingSubscriptionRegistration");
    assert!(refused.message.contains("Registering"), "{refused:?}");
    assert!((540..=600).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn refused_registration_is_retried_after_a_minute() {
    let forbidden = (403, &[] as &[_], json!({ "error": { "code": "AuthorizationFailed", "message": "No." } }));
    let (azure, seen) = scripted(vec![
        unregistered("Microsoft.Network"),
        forbidden,
        unregistered("Microsoft.Network"),
        unregistered("Microsoft.Network"),
        registration("Registered"),
        (200, &[], with_state("Succeeded")),
    ]);
    let put = async || azure.put(&vnet(), &json!({}), WriteCondition::Always).await;
    assert!(put().await.is_err() && put().await.is_err());
    assert_eq!(seen.lock().unwrap().requests.len(), 3);
    tokio::time::sleep(Duration::from_secs(60)).await;
    put().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unregistered_provider_reads_as_empty() {
    let (azure, seen) = scripted(vec![unregistered("Microsoft.Network"), unregistered("Microsoft.Network")]);
    assert_eq!(azure.get(&vnet()).await, Ok(None));
    let networks = ObjectId::new("/subscriptions/sub/providers/Microsoft.Network/virtualNetworks");
    assert_eq!(azure.collection(&Collection::new(networks, API)).await, Ok(vec![]));
    assert!(seen.lock().unwrap().lines().iter().all(|line| line.starts_with("GET")), "reading registers nothing");
}

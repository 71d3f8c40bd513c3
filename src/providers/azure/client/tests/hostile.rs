//! Answers that no well-behaved server gives. None panics, loops, or passes for an object.

use super::*;

/// A client of a server that gives this answer to every request, and the number of requests.
fn always(answer: impl Fn(u64) -> Scripted + Send + Sync + 'static) -> (Azure, Arc<AtomicU64>) {
    let count = Arc::new(AtomicU64::new(0));
    let (counted, answer) = (Arc::clone(&count), Arc::new(answer));
    let router = Router::new().fallback(move || {
        let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
        async move { respond(answer(counted.fetch_add(1, Ordering::Relaxed))) }
    });
    (client(router), count)
}

fn bodies() -> Vec<Json> {
    let other = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/other";
    vec![
        json!([]),
        json!({}),
        json!("Succeeded"),
        json!(5),
        json!(true),
        json!({ "id": 5, "properties": [] }),
        json!({ "id": null, "properties": { "provisioningState": "Succeeded" } }),
        json!({ "properties": { "provisioningState": "Succeeded" } }),
        json!({ "id": other, "properties": { "provisioningState": "Succeeded" } }),
        json!([{ "id": VNET }]),
    ]
}

#[tokio::test(start_paused = true)]
async fn only_the_object_itself_is_an_answer() {
    for body in bodies() {
        let shown = body.to_string();
        let answer = body.clone();
        let (azure, _) = always(move |_| (200, &[], answer.clone()));
        let read = azure.get(&vnet()).await;
        assert!(matches!(read, Err(CloudError::Unreachable(_))), "{shown}: {read:?}");
        let written = azure.put(&vnet(), &json!({}), WriteCondition::Always).await;
        assert!(matches!(written, Err(CloudError::OutcomeUnknown(_))), "{shown}: {written:?}");
    }
    // Services differ in case.
    let (azure, _) = always(|_| (200, &[], json!({ "id": VNET.to_uppercase() })));
    assert!(azure.get(&vnet()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn unreadable_success_is_no_absence_and_no_list() {
    let (azure, _) = always(|_| (200, &[], json!("<html>")));
    assert!(matches!(azure.metric(&vnet(), "lag").await, Err(CloudError::Unreachable(_))));
    assert!(matches!(azure.get_expanded(&vnet(), "stats").await, Err(CloudError::Unreachable(_))));
    assert!(matches!(azure.list(&ObjectId::new(GROUP)).await, Err(CloudError::Unreachable(_))));
    let (azure, _) = always(|_| (200, &[], json!({ "value": [{ "id": "/subscriptions/sub/resourceGroups/else" }] })));
    assert!(matches!(azure.list(&ObjectId::new(GROUP)).await, Err(CloudError::Unreachable(_))));
}

#[tokio::test(start_paused = true)]
async fn lists_without_end_are_refused() {
    let (azure, count) = always(|at| (200, &[], json!({ "value": [], "nextLink": format!("{ORIGIN}/next/{at}") })));
    let refused = azure.list(&ObjectId::new(GROUP)).await.unwrap_err().to_string();
    assert!(refused.contains("does not end"), "{refused}");
    assert!(count.load(Ordering::Relaxed) <= 1001);
}

#[tokio::test(start_paused = true)]
async fn requested_waits_are_bounded() {
    const HUGE: &[(&str, &str)] = &[("retry-after", "18446744073709551615")];
    const LARGER: &[(&str, &str)] = &[("retry-after", "99999999999999999999999999")];
    let start = Instant::now();
    for headers in [HUGE, LARGER] {
        for status in [429, 503] {
            let (azure, _) = always(move |_| (status, headers, json!({ "error": { "code": "TooManyRequests" } })));
            assert!(azure.get(&vnet()).await.is_err());
            assert!(azure.put(&vnet(), &json!({}), WriteCondition::Always).await.is_err());
        }
        // An operation that asks for a late poll is polled earlier, and abandoned after its limit.
        let (azure, _) = always(move |_| (202, headers, Json::Null));
        assert!(matches!(azure.delete(&vnet()).await, Err(CloudError::OutcomeUnknown(_))));
    }
    assert!(start.elapsed() < Duration::from_secs(24 * 3600), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn waits_of_zero_are_no_loop() {
    const NOW: &[(&str, &str)] = &[("retry-after", "0")];
    for (status, body) in [(202, Json::Null), (200, with_state("Updating"))] {
        let (azure, count) = always(move |_| (status, NOW, body.clone()));
        assert!(azure.put(&vnet(), &json!({}), WriteCondition::Always).await.is_err());
        assert!(count.load(Ordering::Relaxed) < 12_000, "{}", count.load(Ordering::Relaxed));
    }
    let (azure, count) = always(|_| (429, NOW, json!({ "error": { "code": "TooManyRequests" } })));
    assert!(azure.get(&vnet()).await.is_err());
    assert!(count.load(Ordering::Relaxed) < 1000, "{}", count.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn strange_rate_limits_are_ignored() {
    const HEADERS: [&[(&str, &str)]; 5] = [
        &[("x-ms-ratelimit-remaining-subscription-reads", "NaN")],
        &[("x-ms-ratelimit-remaining-subscription-reads", "-1e308")],
        &[("x-ms-ratelimit-remaining-subscription-reads", "inf")],
        &[("x-ms-ratelimit-remaining-subscription-reads", "-5")],
        &[("x-ms-ratelimit-remaining-subscription-reads", "99999999999999999999")],
    ];
    for headers in HEADERS {
        let start = Instant::now();
        let (azure, _) = always(move |_| (200, headers, with_state("Succeeded")));
        for _ in 0..3 {
            assert!(azure.get(&vnet()).await.is_ok());
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "{headers:?}");
    }
}

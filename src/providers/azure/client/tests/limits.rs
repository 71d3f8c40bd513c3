//! Request limits of Azure: waiting, pacing, and notices of throttling.

use super::*;
use crate::world::Requests;

#[tokio::test(start_paused = true)]
async fn throttled_request_waits_exactly_retry_after() {
    let busy = || (429, &[("retry-after", "7")] as &[_], json!({"error": {"code": "TooManyRequests"}}));
    let (azure, seen) = scripted(vec![busy(), busy(), (200, &[], with_state("Succeeded"))]);
    let start = Instant::now();
    assert!(azure.get(&vnet()).await.unwrap().is_some());
    assert_eq!(start.elapsed().as_secs(), 14);
    assert_eq!(seen.lock().unwrap().requests.len(), 3);
}

/// A server that accepts this many writes per hour, as sovereign clouds do, and reports only what they report: the
/// remaining tokens, and when to retry.
fn hourly(writes: f64) -> (Router, Arc<AtomicU64>) {
    let (start, refused) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let bucket = Arc::new(Mutex::new((writes, start)));
    let count = Arc::clone(&refused);
    let router = Router::new().fallback(move |request: HttpRequest<Body>| {
        let (bucket, count) = (Arc::clone(&bucket), Arc::clone(&count));
        async move {
            let mut body = with_state("Succeeded");
            body["id"] = request.uri().path().into();
            if request.method() != axum::http::Method::PUT {
                return respond((200, &[], body));
            }
            let mut bucket = bucket.lock().unwrap();
            let (left, at) = *bucket;
            let left = (left + at.elapsed().as_secs_f64() * writes / 3600.0).min(writes);
            let taken = left >= 1.0;
            *bucket = (if taken { left - 1.0 } else { left }, Instant::now());
            let mut response = if taken {
                respond((200, &[], body))
            } else {
                count.fetch_add(1, Ordering::Relaxed);
                let wait = ((1.0 - left) * 3600.0 / writes).ceil().max(1.0).to_string();
                let error = json!({"error": {"code": "SubscriptionRequestsThrottled", "message": "too many"}});
                let mut response = respond((429, &[("x-ms-failure-cause", "gateway")], error));
                response.headers_mut().insert("retry-after", wait.parse().unwrap());
                response
            };
            let left = (bucket.0.floor()).to_string();
            let header = "x-ms-ratelimit-remaining-subscription-writes";
            response.headers_mut().insert(header, left.parse().unwrap());
            response
        }
    });
    (router, refused)
}

#[tokio::test(start_paused = true)]
async fn hourly_limits_slow_a_run_without_failures() {
    use futures::StreamExt as _;
    let (router, refused) = hourly(1200.0);
    let (azure, start) = (client(router), Instant::now());
    let failed = futures::stream::iter(0..3000)
        .map(|number| {
            let (azure, id) = (&azure, Object::whole(ObjectId::new(format!("{VNET}{number}")), API));
            async move { azure.put(&id, &json!({}), WriteCondition::Always).await.err() }
        })
        .buffer_unordered(256)
        .filter_map(std::future::ready)
        .collect::<Vec<_>>()
        .await;
    assert_eq!(failed, []);
    let least = Duration::from_secs((3000 - 1200) * 3);
    assert!(start.elapsed() < least.mul_f64(1.1), "{:?} where {least:?} would do", start.elapsed());
    let refused = refused.load(Ordering::Relaxed);
    assert!(refused < 1500, "{refused} refusals of 3000 writes");
}

/// A server that limits writes as Azure does: 200 at once, and 10 more per second.
fn limited(refusals: Arc<AtomicU64>) -> Router {
    let bucket = Arc::new(Mutex::new((200.0_f64, Instant::now())));
    Router::new().fallback(move || {
        let (bucket, refusals) = (Arc::clone(&bucket), Arc::clone(&refusals));
        async move {
            let mut bucket = bucket.lock().unwrap();
            let (level, at) = *bucket;
            let level = (level + at.elapsed().as_secs_f64() * 10.0).min(200.0);
            let allowed = level >= 1.0;
            *bucket = (if allowed { level - 1.0 } else { level }, Instant::now());
            let response = HttpResponse::builder()
                .status(if allowed { 200 } else { 429 })
                .header("retry-after", "1")
                .header("x-ms-ratelimit-remaining-subscription-writes", bucket.0.floor().to_string());
            if !allowed {
                refusals.fetch_add(1, Ordering::Relaxed);
            }
            response.body(Body::from(with_state("Succeeded").to_string())).unwrap()
        }
    })
}

#[tokio::test(start_paused = true)]
async fn thousands_of_writes_keep_to_the_rate_with_few_refusals() {
    use futures::StreamExt as _;
    let refusals = Arc::new(AtomicU64::new(0));
    let azure = client(limited(Arc::clone(&refusals)));
    let start = Instant::now();
    let (azure, id, body) = (&azure, &vnet(), &json!({}));
    futures::stream::iter(0..3000)
        .for_each_concurrent(64, |_| async move {
            azure.put(id, body, WriteCondition::Always).await.unwrap();
        })
        .await;
    // 200 at once, the rest at ten per second.
    assert!((275..300).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert!(refusals.load(Ordering::Relaxed) < 10, "{refusals:?}");
}

#[tokio::test(start_paused = true)]
async fn lock_reported_as_429_is_not_reported_as_throttling() {
    let locked = json!({ "error": { "code": "RetryableErrorDueToAnotherOperation", "message": "Later." } });
    let (azure, _, told) = scripted_with_notices(vec![
        (429, &[("retry-after", "10")], locked),
        (429, &[("retry-after", "10")], json!({ "error": { "code": "TooManyRequests", "message": "Later." } })),
        (200, &[], with_state("Succeeded")),
    ]);
    azure.put(&vnet(), &json!({}), WriteCondition::Always).await.unwrap();
    let wait = Duration::from_secs(10);
    assert_eq!(
        *told.0.lock().unwrap(),
        [Notice::Throttled { provider: "Azure", requests: Requests::Writes, rate: None, wait }]
    );
}

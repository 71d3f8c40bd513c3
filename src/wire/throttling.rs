//! Notices about throttling: one when a cloud's limits begin to delay requests, and one when the delay is over. Short
//! waits are not reported.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use jiff::Timestamp;

use super::backoff::elapsed;
use crate::world::{Notice, Notices, Requests};

/// The shortest wait that is reported.
const REPORTED: Duration = Duration::from_secs(2);
/// Time without waits after which a throttling period is over. A delayed run sends in bursts.
const QUIET: Duration = Duration::from_secs(30);
/// Factor by which the limit must drop below the reported one to be reported again.
const MUCH_LOWER: f64 = 10.0;

impl Requests {
    /// The class of a request with this method, where methods say what they do.
    pub(crate) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }
}

/// Reports the periods in which a cloud throttles requests.
pub(crate) struct Throttling {
    /// The provider that throttles, in sentences.
    provider: &'static str,
    notices: Arc<dyn Notices>,
    periods: [Mutex<Option<ThrottlingPeriod>>; 3],
}

/// A period in which requests are delayed.
#[derive(Debug, Clone, Copy)]
struct ThrottlingPeriod {
    began: Timestamp,
    /// Expected end: when the last known request is sent.
    until: Timestamp,
    /// The rate at the time of the notice.
    rate: f64,
}

impl Throttling {
    pub fn new(provider: &'static str, notices: Arc<dyn Notices>) -> Self {
        Self { provider, notices, periods: [const { Mutex::new(None) }; 3] }
    }

    /// Records that a request waits this long, which may be zero: for its turn at this rate, or because it was refused.
    /// After a refusal the rate is a guess and is not reported.
    pub fn waits(&self, requests: Requests, rate: f64, refused: bool, wait: Duration, now: Timestamp) {
        let provider = self.provider;
        let mut period = self.periods[requests as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let over = |period: &ThrottlingPeriod| wait.is_zero() && elapsed(period.until, now) >= QUIET;
        if let Some(ended) = period.take_if(|period| over(period)) {
            let lasted = elapsed(ended.began, ended.until);
            self.notices.notice(&Notice::Unthrottled { provider, requests, lasted });
        }
        if let Some(period) = period.as_mut().filter(|_| !wait.is_zero()) {
            period.until = period.until.max(now + wait);
        }
        let is_news = period.is_none_or(|period| !refused && rate * MUCH_LOWER <= period.rate);
        if wait >= REPORTED && is_news {
            let fresh = ThrottlingPeriod { began: now, until: now + wait, rate };
            *period = Some(period.map_or(fresh, |period| ThrottlingPeriod { rate, ..period }));
            let rate = (!refused).then_some(rate);
            self.notices.notice(&Notice::Throttled { provider, requests, rate, wait });
        }
    }
}

/// The requests that a cloud's limits delay, by path and request id, each with the time of its next attempt. A request
/// is listed from its first delay to its end.
#[derive(Debug, Default)]
pub(crate) struct DelayedRequests(Mutex<BTreeMap<(String, String), Timestamp>>);

/// A request that may be delayed. Dropping it ends the request.
#[derive(Debug)]
pub(crate) struct DelayedRequest<'a> {
    all: &'a DelayedRequests,
    key: (String, String),
}

impl DelayedRequests {
    /// A request to this path with this id. It is not delayed yet.
    pub fn request(&self, path: &str, id: &str) -> DelayedRequest<'_> {
        DelayedRequest { all: self, key: (path.to_ascii_lowercase(), id.to_owned()) }
    }

    /// The latest next attempt of a request at or below this path.
    pub fn until(&self, path: &str) -> Option<Timestamp> {
        let path = path.to_ascii_lowercase();
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let below = all.iter().filter(|((other, _), _)| {
            other.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        below.map(|(_, until)| *until).max()
    }
}

impl DelayedRequest<'_> {
    /// Records that the request waits for its next attempt.
    pub fn until(&self, time: Timestamp) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key.clone(), time);
    }
}

impl Drop for DelayedRequest<'_> {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_listed_from_its_first_delay_to_its_end() {
        let all = DelayedRequests::default();
        let (one, other) = (all.request("/a/B", "1"), all.request("/a/b/providers/metrics", "2"));
        assert_eq!(all.until("/a/b"), None);
        let at = |seconds| Timestamp::UNIX_EPOCH + SECOND * seconds;
        one.until(at(30));
        other.until(at(60));
        assert_eq!((all.until("/A/b"), all.until("/a/bc")), (Some(at(60)), None));
        drop(other);
        assert_eq!(all.until("/a/b"), Some(at(30)));
        drop(one);
        assert_eq!(all.until("/a/b"), None);
    }

    const PROVIDER: &str = "Somebody";

    /// Records the notices.
    #[derive(Default)]
    struct NoticeRecorder(Mutex<Vec<Notice>>);

    impl Notices for NoticeRecorder {
        fn notice(&self, notice: &Notice) {
            self.0.lock().unwrap().push(notice.clone());
        }
    }

    impl NoticeRecorder {
        fn all(&self) -> Vec<Notice> {
            self.0.lock().unwrap().clone()
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// The notices for writes with these waits in seconds, one write per second.
    fn notices_for(waits: impl IntoIterator<Item = u32>) -> Vec<Notice> {
        let kept = Arc::new(NoticeRecorder::default());
        let throttling = Throttling::new(PROVIDER, Arc::clone(&kept) as Arc<dyn Notices>);
        for (second, wait) in waits.into_iter().enumerate() {
            let now = Timestamp::UNIX_EPOCH + SECOND * u32::try_from(second).unwrap();
            throttling.waits(Requests::Writes, 10.0, false, SECOND * wait, now);
        }
        kept.all()
    }

    fn throttled(wait: u32) -> Notice {
        Notice::Throttled { provider: PROVIDER, requests: Requests::Writes, rate: Some(10.0), wait: SECOND * wait }
    }

    #[test]
    fn short_waits_are_not_reported() {
        assert_eq!(notices_for([0, 1, 1, 0, 1]), []);
    }

    #[test]
    fn throttling_is_reported_once() {
        assert_eq!(notices_for([0, 1, 3, 5, 6, 0, 0, 4, 0, 1, 6]), [throttled(3)]);
    }

    #[test]
    fn later_throttling_is_reported_again() {
        let waits = [vec![2, 3], vec![0; 40], vec![7]].concat();
        let over = Notice::Unthrottled { provider: PROVIDER, requests: Requests::Writes, lasted: SECOND * 4 };
        assert_eq!(notices_for(waits), [throttled(2), over, throttled(7)]);
    }

    #[test]
    fn much_lower_limit_is_reported_again() {
        let kept = Arc::new(NoticeRecorder::default());
        let throttling = Throttling::new(PROVIDER, Arc::clone(&kept) as Arc<dyn Notices>);
        for (rate, refused) in [(5.0, true), (5.0, false), (1.0, false), (0.5, true), (0.5, false), (0.1, false)] {
            throttling.waits(Requests::Reads, rate, refused, SECOND * 3, Timestamp::UNIX_EPOCH);
        }
        let rates = kept.all().into_iter().map(|notice| match notice {
            Notice::Throttled { requests: Requests::Reads, rate, .. } => rate,
            other => panic!("{other:?}"),
        });
        assert_eq!(rates.collect::<Vec<_>>(), [None, Some(0.5)]);
    }
}

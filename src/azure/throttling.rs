//! When to tell that Azure's limits hold requests up: once for a spell of it, and once when it is over. What is short is not told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::retry::elapsed;
use crate::world::{Notice, Notices, Requests};

/// A wait from which on it is told.
const WORTH_TELLING: Duration = Duration::from_secs(2);
/// So long must requests have gone through at once for a spell to be over: a run that is held up comes in bursts.
const CALM: Duration = Duration::from_secs(30);
/// A limit that turns out to be so many times lower than it was when it was told is told again.
const MUCH_LOWER: f64 = 10.0;

/// Tells of spells in which requests are held up.
pub(super) struct Throttling {
    notices: Arc<dyn Notices>,
    spells: [Mutex<Option<Spell>>; 3],
}

/// A time in which requests are held up.
#[derive(Debug, Clone, Copy)]
struct Spell {
    began: Timestamp,
    /// When the last of them goes, as far as is known.
    until: Timestamp,
    /// The rate that held when it was told.
    rate: f64,
}

impl Throttling {
    pub fn new(notices: Arc<dyn Notices>) -> Self {
        Self { notices, spells: [const { Mutex::new(None) }; 3] }
    }

    /// A request goes once this wait is over, which may be none: for its turn at this rate, or because it was refused. A rate that follows from refusals is
    /// a guess, and not told with them.
    pub fn waits(&self, requests: Requests, rate: f64, refused: bool, wait: Duration, now: Timestamp) {
        let mut spell = self.spells[requests as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let over = |spell: &Spell| wait.is_zero() && elapsed(spell.until, now) >= CALM;
        if let Some(ended) = spell.take_if(|spell| over(spell)) {
            self.notices.notice(&Notice::Unthrottled { requests, lasted: elapsed(ended.began, ended.until) });
        }
        if let Some(spell) = spell.as_mut().filter(|_| !wait.is_zero()) {
            spell.until = spell.until.max(now + wait);
        }
        let is_news = spell.is_none_or(|spell| !refused && rate * MUCH_LOWER <= spell.rate);
        if wait >= WORTH_TELLING && is_news {
            let fresh = Spell { began: now, until: now + wait, rate };
            *spell = Some(spell.map_or(fresh, |spell| Spell { rate, ..spell }));
            self.notices.notice(&Notice::Throttled { requests, rate: (!refused).then_some(rate), wait });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what was told.
    #[derive(Default)]
    struct Kept(Mutex<Vec<Notice>>);

    impl Notices for Kept {
        fn notice(&self, notice: &Notice) {
            self.0.lock().unwrap().push(notice.clone());
        }
    }

    impl Kept {
        fn all(&self) -> Vec<Notice> {
            self.0.lock().unwrap().clone()
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// What is told of writes that wait so many seconds at a time, each a second after the one before.
    fn told(waits: impl IntoIterator<Item = u32>) -> Vec<Notice> {
        let kept = Arc::new(Kept::default());
        let throttling = Throttling::new(Arc::clone(&kept) as Arc<dyn Notices>);
        for (second, wait) in waits.into_iter().enumerate() {
            let now = Timestamp::UNIX_EPOCH + SECOND * u32::try_from(second).unwrap();
            throttling.waits(Requests::Writes, 10.0, false, SECOND * wait, now);
        }
        kept.all()
    }

    fn throttled(wait: u32) -> Notice {
        Notice::Throttled { requests: Requests::Writes, rate: Some(10.0), wait: SECOND * wait }
    }

    #[test]
    fn short_waits_are_not_worth_telling() {
        assert_eq!(told([0, 1, 1, 0, 1]), []);
    }

    #[test]
    fn a_spell_is_told_once_however_it_comes_and_goes() {
        assert_eq!(told([0, 1, 3, 5, 6, 0, 0, 4, 0, 1, 6]), [throttled(3)]);
    }

    #[test]
    fn a_spell_is_over_after_a_calm_and_the_next_is_told_anew() {
        let waits = [vec![2, 3], vec![0; 40], vec![7]].concat();
        let over = Notice::Unthrottled { requests: Requests::Writes, lasted: SECOND * 4 };
        assert_eq!(told(waits), [throttled(2), over, throttled(7)]);
    }

    #[test]
    fn a_limit_that_is_much_lower_than_was_told_is_told_again() {
        let kept = Arc::new(Kept::default());
        let throttling = Throttling::new(Arc::clone(&kept) as Arc<dyn Notices>);
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

//! The text of a journal: one JSON object per line, each chained to the line before.
//!
//! A line ends in `"chain"`, a digest of the previous line's chain and of the line without it. A line that was
//! changed, lost, added or moved is detected. Only the last line may be torn: the machine stopped while writing it,
//! nothing acted on it, and it counts as never written. Any other damage is refused. The store reads and writes the
//! files.

use serde::Deserialize;

use super::{Entry, Event};
use crate::state::format::digest;
use crate::state::{StateError, VERSION};

/// Hexadecimal digits of the digest in each line.
const DIGITS: usize = 16;
const CHAIN: &str = ",\"chain\":\"";
const END: &str = "\"}";

/// The chain of the last complete line, to which the next line is chained. Empty before the first line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain(String);

/// A journal as read.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalContents {
    /// The entries of all complete lines.
    pub entries: Vec<Entry>,
    /// The length of all complete lines in bytes; the rest is torn.
    pub whole: usize,
    /// The chain for the next line.
    pub chain: Chain,
}

impl Chain {
    /// The digits that identify the whole journal up to here: anyone who has them can detect a change.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The next line, with its newline.
    ///
    /// # Errors
    /// Where the entry cannot be serialised; no such entry is known.
    pub fn line(&mut self, entry: &Entry) -> Result<String, serde_json::Error> {
        let mut line = serde_json::to_string(entry)?;
        self.0 = self.after(&line);
        line.truncate(line.len() - 1);
        line.push_str(CHAIN);
        line.push_str(&self.0);
        line.push_str(END);
        line.push('\n');
        Ok(line)
    }

    fn after(&self, bare: &str) -> String {
        let mut digits = digest(&[self.0.as_bytes(), bare.as_bytes()]);
        digits.truncate(DIGITS);
        digits
    }

    /// The line without its chain, if it continues this chain; the chain is then that of the line.
    fn follow(&mut self, line: &[u8]) -> Option<String> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix(END)?;
        let (entry, chain) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
        let bare = format!("{}}}", entry.strip_suffix(CHAIN)?);
        if self.after(&bare) != chain {
            return None;
        }
        chain.clone_into(&mut self.0);
        Some(bare)
    }
}

/// Reads a journal; `file` is its name in errors.
///
/// # Errors
/// Where any line but the last is damaged, or a newer version of drplan wrote it.
pub fn read(file: &str, text: &[u8]) -> Result<JournalContents, StateError> {
    let damaged = |line: usize, what: &str| StateError::Damaged {
        file: file.to_owned(),
        what: format!(
            "line {line} {what}; move the file away, then run `drplan refresh`, which reads the resources again"
        ),
    };
    let mut read = JournalContents { entries: Vec::new(), whole: 0, chain: Chain::default() };
    for (number, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let last = read.whole + line.len() == text.len();
        let bare = line.strip_suffix(b"\n").and_then(|line| read.chain.follow(line));
        let bare = match bare {
            Some(bare) => bare,
            None if last => break,
            None => return Err(damaged(number, "is not as drplan wrote it")),
        };
        if number == 1 {
            refuse_newer(file, &bare)?;
        }
        let entry: Entry =
            serde_json::from_str(&bare).map_err(|e| damaged(number, &format!("is not a journal entry ({e})")))?;
        if (number == 1) != matches!(entry.event, Event::Started(_)) {
            return Err(damaged(number, "is out of place: only the first line starts a run"));
        }
        read.entries.push(entry);
        read.whole += line.len();
    }
    Ok(read)
}

/// Refuses a journal whose first line names a newer format version, whatever else the line holds.
fn refuse_newer(file: &str, line: &str) -> Result<(), StateError> {
    #[derive(Deserialize)]
    struct StartedLine {
        event: StartedHeader,
    }
    #[derive(Deserialize)]
    struct StartedHeader {
        started: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    match serde_json::from_str::<StartedLine>(line) {
        Ok(StartedLine { event: StartedHeader { started: Version { version } } }) if version > VERSION => {
            Err(StateError::Newer { file: file.to_owned(), found: version, known: VERSION })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::address::Address;
    use crate::steps::tests::any::{step_events, steps, undertakings};
    use crate::steps::tests::started;
    use crate::steps::{RunEnd, RunStart, StepGraph, StepId, replay_run};

    fn events() -> impl Strategy<Value = Event> {
        let step = (any::<u32>(), any::<String>(), step_events()).prop_map(|(step, key, event)| Event::Step {
            step: StepId(step),
            address: Address::new("kind", "n").instance(&key),
            event,
        });
        let ended = prop::sample::select(vec![RunEnd::Done, RunEnd::Failed, RunEnd::Stopped]);
        let words = || (any::<String>(), any::<String>());
        prop_oneof![
            8 => step,
            1 => ended.prop_map(Event::Ended),
            1 => any::<String>().prop_map(|by| Event::Resumed { by }),
            1 => (any::<String>(), prop::collection::vec(steps(), 0..3))
                .prop_map(|(why, steps)| Event::Extended { why, steps }),
            1 => (words(), prop::collection::vec(any::<String>(), 0..2))
                .prop_map(|((by, digest), differences)| Event::Revised {
                    by,
                    digest,
                    differences,
                    text: Default::default(),
                    steps: Vec::new(),
                }),
            1 => words().prop_map(|(by, why)| Event::Closed { by, superseded_by: Some(why.clone()), why }),
        ]
    }

    fn journals() -> impl Strategy<Value = Vec<Entry>> {
        let first = prop::option::of(undertakings().prop_map(Box::new))
            .prop_map(|failover| (Event::Started(RunStart { failover, ..started(&StepGraph::default()) }), 0));
        let rest = prop::collection::vec((events(), 0..9_999_999_999_i64), 0..6);
        (first, rest).prop_map(|(first, rest)| {
            let events = std::iter::once(first).chain(rest);
            events.map(|(event, ms)| Entry { at: Timestamp::from_millisecond(ms).unwrap(), event }).collect()
        })
    }

    fn text(entries: &[Entry]) -> String {
        let mut chain = Chain::default();
        entries.iter().map(|entry| chain.line(entry).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn journal_round_trips_and_damage_is_detected_or_torn(
            entries in journals(), place in any::<prop::sample::Index>(), bits in 1..=255_u8,
        ) {
            let text = text(&entries);
            let whole = read("j", text.as_bytes()).unwrap();
            prop_assert_eq!(&whole.entries, &entries);
            prop_assert_eq!(whole.whole, text.len());

            let place = place.index(text.len());
            let cut = read("j", &text.as_bytes()[..place]).unwrap();
            prop_assert_eq!(cut.entries.len(), text[..cut.whole].lines().count());
            prop_assert!(entries.starts_with(&cut.entries) && cut.entries.len() < entries.len());

            let mut flipped = text.into_bytes();
            flipped[place] ^= bits;
            if let Ok(read) = read("j", &flipped) {
                prop_assert!(entries.starts_with(&read.entries) && read.entries.len() < entries.len());
            }
        }
    }

    #[test]
    fn a_line_that_is_lost_moved_or_added_is_refused_with_its_number() {
        let ended = Entry { at: Timestamp::UNIX_EPOCH, event: Event::Ended(RunEnd::Done) };
        let start = Entry { event: Event::Started(started(&StepGraph::default())), ..ended.clone() };
        let text = text(&[start, ended.clone(), ended.clone(), ended]);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for (order, number) in [([0, 2, 3, 3], 2), ([0, 1, 1, 2], 3), ([1, 0, 2, 3], 1)] {
            let why = read("runs/1-a.jsonl", order.map(|at| lines[at]).concat().as_bytes()).unwrap_err().to_string();
            assert!(
                why.starts_with(&format!("runs/1-a.jsonl is damaged: line {number} is not as drplan wrote it; ")),
                "{why}"
            );
        }
    }

    #[test]
    fn a_newer_journal_is_told_from_a_damaged_one() {
        let line = "{\"event\":{\"started\":{\"version\":2,\"new\":0}},\"what\":\"ever\"}";
        let chain = Chain::default().after(line);
        let text = format!("{}{CHAIN}{chain}{END}\n", &line[..line.len() - 1]);
        assert_eq!(read("j", text.as_bytes()), Err(StateError::Newer { file: "j".to_owned(), found: 2, known: 1 }));
    }

    #[test]
    fn the_frozen_samples_are_read_and_written_to_the_byte() {
        for sample in [
            include_str!("../../tests/formats/journal-v1.jsonl"),
            include_str!("../../tests/formats/journal-v1-failover.jsonl"),
        ] {
            assert_eq!(text(&read("journal", sample.as_bytes()).unwrap().entries), sample);
        }
    }

    #[test]
    fn frozen_failover_journal_replays() {
        let sample = include_str!("../../tests/formats/journal-v1-failover.jsonl");
        let entries = read("journal", sample.as_bytes()).unwrap().entries;
        let (graph, status) = replay_run(&entries).unwrap();
        assert_eq!((graph.steps.len(), status.ended()), (18, Some(RunEnd::Failed)));
    }
}

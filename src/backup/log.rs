//! The log that a database archives between backups: its newest segment, and gaps before it.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Digits in the name of a segment: timeline, log and segment, eight each.
const NAME: usize = 24;

/// An archive of log segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogArchive {
    /// The time of the newest segment.
    pub newest: Timestamp,
    /// The first segment of the unbroken run that ends with the newest. `None` where segments have no names.
    pub unbroken_from: Option<String>,
    /// Sizes of the segments in the archive.
    pub sizes: BTreeMap<String, u64>,
}

impl LogArchive {
    /// The archive of these files: name, time and size. Files that are no segments do not count. `None` without any.
    pub fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, Timestamp, u64)>) -> Option<Self> {
        let mut segments = BTreeMap::new();
        for (file, time, bytes) in files {
            if let Some(name) = segment(file) {
                segments.insert(name, (time, bytes));
            }
        }
        let (_, (newest, _)) = segments.last_key_value()?;
        let newest = *newest;
        let last_of_log = segments.keys().map(|name| place(name).2).max().unwrap_or_default();
        let per_log = (last_of_log + 1).next_power_of_two();
        let mut unbroken_from = None;
        let mut next: Option<(u64, u64, u64)> = None;
        for name in segments.keys().rev() {
            let own = place(name);
            if next.is_some_and(|next| !follows(own, next, per_log)) {
                break;
            }
            next = Some(own);
            unbroken_from = Some(name.clone());
        }
        let sizes = segments.into_iter().map(|(name, (_, bytes))| (name, bytes)).collect();
        Some(Self { newest, unbroken_from, sizes })
    }

    /// True if every segment from this one to the newest is in the archive.
    pub fn reaches_back_to(&self, segment: &str) -> bool {
        self.unbroken_from.as_deref().is_none_or(|from| from <= segment)
    }

    /// Bytes of the segments from this one on.
    pub fn bytes_from(&self, segment: &str) -> u64 {
        self.sizes.range(segment.to_owned()..).fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

/// The segment that a file holds: its name without suffixes. A backup label and a partial segment are none.
fn segment(file: &str) -> Option<String> {
    let file = file.rsplit('/').next().unwrap_or(file);
    let name = file.get(..NAME).filter(|name| name.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let rest = file.get(NAME..)?;
    let is_other = rest.ends_with(".backup") || rest.contains(".backup.") || rest.contains(".partial");
    let is_whole = rest.is_empty() || rest.starts_with(['-', '.']);
    (is_whole && !is_other).then(|| name.to_ascii_uppercase())
}

/// Timeline, log and segment of a name.
fn place(name: &str) -> (u64, u64, u64) {
    let number = |from: usize| name.get(from..from + 8).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    (number(0).unwrap_or_default(), number(8).unwrap_or_default(), number(16).unwrap_or_default())
}

/// True if the second segment may come directly after the first. A new timeline begins within the segment of its
/// switch.
fn follows(first: (u64, u64, u64), second: (u64, u64, u64), per_log: u64) -> bool {
    let number = |(_, log, segment): (u64, u64, u64)| log.saturating_mul(per_log).saturating_add(segment);
    let (one, other) = (number(first), number(second));
    other == one + 1 || (first.0 < second.0 && other == one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(names: &[&str]) -> Option<LogArchive> {
        let at = |index: usize| Timestamp::from_second(i64::try_from(index).unwrap()).unwrap();
        LogArchive::of_files(names.iter().enumerate().map(|(index, name)| (*name, at(index), 10)))
    }

    #[test]
    fn gap_ends_the_log_before_it() {
        let log = archive(&[
            "000000010000000000000001-c0.lz4",
            "000000010000000000000003-c0.lz4",
            "000000010000000000000003.00000028.backup",
            "000000010000000000000004-c0.lz4",
        ])
        .unwrap();
        assert!(log.reaches_back_to("000000010000000000000003"));
        assert!(!log.reaches_back_to("000000010000000000000002"));
        assert_eq!(log.bytes_from("000000010000000000000003"), 20);
    }

    #[test]
    fn log_goes_on_in_the_next_file_of_segments_and_on_a_new_timeline() {
        let log =
            archive(&["0000000100000000000000FF.gz", "000000010000000100000000.gz", "000000020000000100000000.gz"]);
        assert!(log.unwrap().reaches_back_to("0000000100000000000000FF"));
    }

    #[test]
    fn other_files_are_no_log() {
        assert_eq!(archive(&["backup.info", "00000002.history", "0000000100000000000000FF.partial"]), None);
    }
}

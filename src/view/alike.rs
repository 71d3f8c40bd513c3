//! Lines that differ in the key of an instance only, as one line with their number and the range of their keys.

use std::time::Duration;

use super::MANY;
use super::standing::Mark;
use crate::duration::spoken;

/// A line of a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusLine {
    /// The result.
    pub mark: Mark,
    /// The group, the site or the replica.
    pub subject: String,
    /// The fact; `{lag}` stands for the lag.
    pub text: String,
    /// The replication lag, if the text has one.
    pub lag: Option<Duration>,
    /// The greatest lag of a merged line.
    pub greatest: Option<Duration>,
}

impl StatusLine {
    /// A line without a lag.
    pub fn new(mark: Mark, subject: String, text: String) -> Self {
        Self { mark, subject, text, lag: None, greatest: None }
    }

    /// The mark, the subject and the text.
    pub fn shown(self) -> (Mark, String, String) {
        let lag = match (self.lag, self.greatest) {
            (Some(least), Some(greatest)) if spoken(least) != spoken(greatest) => {
                format!("{} to {}", spoken(least), spoken(greatest))
            }
            (Some(lag), _) => spoken(lag),
            (None, _) => String::new(),
        };
        (self.mark, self.subject, self.text.replace("{lag}", &lag))
    }

    /// The line without keys of instances, and its keys.
    fn split(&self) -> (Mark, String, String, Option<String>) {
        let (subject, key) = without_key(&self.subject);
        let text = match &key {
            Some(key) => starred(&without_key(&self.text).0, key),
            None => self.text.clone(),
        };
        (self.mark, subject, text, key)
    }
}

/// A text without the key of its first instance, `web["a"]` as `web[*]`, and the key.
fn without_key(text: &str) -> (String, Option<String>) {
    let found = text.split_once("[\"").and_then(|(before, rest)| {
        let (key, after) = rest.split_once("\"]")?;
        Some((format!("{before}[*]{after}"), key.to_owned()))
    });
    found.map_or_else(|| (text.to_owned(), None), |(text, key)| (text, Some(key)))
}

/// A text in which the key of an instance is `*`, where it is a part of a URL or another name.
fn starred(text: &str, key: &str) -> String {
    let name = |word: &str| match word.contains(['.', '/']) {
        true => {
            let parts = word.split_inclusive(['.', '/', '-', ':']);
            let one = |part: &str| {
                let bare = part.trim_end_matches(['.', '/', '-', ':']);
                if bare == key { part.replacen(key, "*", 1) } else { part.to_owned() }
            };
            parts.map(one).collect()
        }
        false => word.to_owned(),
    };
    text.split(' ').map(name).collect::<Vec<String>>().join(" ")
}

/// The lines, with many that differ in the key of an instance only as one.
pub(super) fn merged(lines: Vec<StatusLine>) -> Vec<StatusLine> {
    let split: Vec<(Mark, String, String, Option<String>)> = lines.iter().map(StatusLine::split).collect();
    let is_like = |a: usize, b: usize| match (split.get(a), split.get(b)) {
        (Some(a), Some(b)) => a.3.is_some() && (a.0, &a.1, &a.2) == (b.0, &b.1, &b.2),
        _ => false,
    };
    let mut out = Vec::new();
    for at in 0..lines.len() {
        let like: Vec<usize> = (0..lines.len()).filter(|other| *other == at || is_like(at, *other)).collect();
        let (Some(line), Some((mark, subject, text, _))) = (lines.get(at), split.get(at)) else { continue };
        if like.len() < MANY {
            out.push(line.clone());
        } else if like.first() == Some(&at) {
            let keys = like.iter().filter_map(|at| split.get(*at)?.3.as_deref());
            let range = match (keys.clone().min(), keys.max()) {
                (Some(first), Some(last)) => format!("[\"{first}\" to \"{last}\"]"),
                _ => "[*]".to_owned(),
            };
            let lags = || like.iter().filter_map(|at| lines.get(*at)?.lag);
            out.push(StatusLine {
                mark: *mark,
                subject: format!("{} ({})", subject.replacen("[*]", &range, 1), like.len()),
                text: text.clone(),
                lag: lags().min(),
                greatest: lags().max(),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(mark: Mark, key: &str, text: &str, lag: Option<u64>) -> StatusLine {
        let lag = lag.map(Duration::from_secs);
        StatusLine { lag, ..StatusLine::new(mark, format!("shop[\"{key}\"]"), text.to_owned()) }
    }

    #[test]
    fn many_lines_that_differ_in_their_key_are_one() {
        let url = |key: &str| format!("probe.web: https://{key}.example.com/up answers 200");
        let lines = ["t1", "t2", "t3", "t4"].map(|key| line(Mark::Ok, key, &url(key), None));
        let all: Vec<_> = merged(lines.to_vec()).into_iter().map(StatusLine::shown).collect();
        let text = "probe.web: https://*.example.com/up answers 200".to_owned();
        assert_eq!(all, [(Mark::Ok, "shop[\"t1\" to \"t4\"] (4)".to_owned(), text)]);
    }

    #[test]
    fn line_with_another_mark_stays_alone_and_lags_become_a_range() {
        let mut lines: Vec<StatusLine> =
            (1..=5).map(|at| line(Mark::Ok, &format!("t{at}"), "lag {lag}, RPO 5m", Some(at))).collect();
        lines[2].mark = Mark::Alert;
        let all: Vec<_> = merged(lines).into_iter().map(StatusLine::shown).collect();
        assert_eq!(all[0].1, "shop[\"t1\" to \"t5\"] (4)");
        assert_eq!(all[0].2, "lag 1s to 5s, RPO 5m");
        assert_eq!(all[1], (Mark::Alert, "shop[\"t3\"]".to_owned(), "lag 3s, RPO 5m".to_owned()));
    }

    #[test]
    fn few_lines_stay_as_they_are() {
        let lines: Vec<StatusLine> = ["a", "b", "c"].map(|key| line(Mark::Ok, key, "a fact about a", None)).to_vec();
        assert_eq!(merged(lines.clone()), lines);
    }
}

//! Durations in the form of the stack (`"1h30m"`) and in that of ISO 8601 (`PT1H30M`), one text form each.

use std::time::Duration;

/// A duration in whole seconds, rounded up: a fraction of a second above what is shown would exceed what was announced.
pub fn at_least(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

/// Reads `90s`, `5m`, `1h30m`, `7d`, or ISO 8601 without years and months (`PT1H30M`, `P7D`). Whole seconds; units
/// from large to small.
///
/// # Errors
/// The error, as text.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration; write a number and a unit, as in \"90s\", \"5m\" or \"1h30m\"");
    let (body, iso) = match text.strip_prefix('P') {
        Some(rest) => (rest.replace('T', "").to_ascii_lowercase(), true),
        None => (text.to_owned(), false),
    };
    if body.is_empty() || (iso && text.ends_with('T')) {
        return Err(wrong());
    }
    let (mut seconds, mut digits, mut last) = (0_u64, String::new(), u64::MAX);
    for c in body.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        if unit >= last {
            return Err(wrong());
        }
        last = unit;
        let count: u64 = std::mem::take(&mut digits).parse().map_err(|_| wrong())?;
        seconds = count.checked_mul(unit).and_then(|s| s.checked_add(seconds)).ok_or_else(wrong)?;
    }
    if digits.is_empty() { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) }
}

/// `1h30m`, `90s` as `1m30s`, nothing as `0s`; days are hours, except whole ones. Fractions of a second are cut off.
pub fn human(duration: Duration) -> String {
    let parts = parts(duration);
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// The same in a sentence: `1h 30m`, `2m 5s`, `12s`, `0.3s`; less than 50 milliseconds as `0s`.
pub fn spoken(duration: Duration) -> String {
    if duration < Duration::from_secs(1) && duration >= Duration::from_millis(50) {
        return format!("{:.1}s", duration.as_secs_f64());
    }
    let parts = parts(duration);
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

/// `PT1H30M`, the form of ISO 8601; whole days as `P7D`.
pub fn iso(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds > 0 && seconds.is_multiple_of(86_400) {
        return format!("P{}D", seconds / 86_400);
    }
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let mut text = "PT".to_owned();
    for (n, unit) in [(hours, 'H'), (minutes, 'M'), (seconds, 'S')] {
        if n > 0 {
            text.push_str(&format!("{n}{unit}"));
        }
    }
    if text == "PT" { "PT0S".to_owned() } else { text }
}

fn parts(duration: Duration) -> [(u64, char); 4] {
    let seconds = duration.as_secs();
    [(seconds / 86_400, 'd'), (seconds / 3_600 % 24, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_mean_the_same_and_come_back() {
        for (text, seconds, iso_text) in
            [("90s", 90, "PT1M30S"), ("1h30m", 5_400, "PT1H30M"), ("7d", 604_800, "P7D"), ("0s", 0, "PT0S")]
        {
            let duration = parse(text).unwrap();
            assert_eq!(duration.as_secs(), seconds, "{text}");
            assert_eq!(iso(duration), iso_text);
            assert_eq!(parse(iso_text).unwrap(), duration);
            assert_eq!(parse(&human(duration)).unwrap(), duration);
        }
        for wrong in ["", "5", "m5", "5m1h", "P", "PT", "5 m", "1.5h", "-5m", "99999999999999999999d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! Template functions of dates and times.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp, Zoned};
use serde_json::Value as Json;

use super::evaluate::TemplateError;
use super::functions::{int, text};

/// The format of a date without another one (source: the functions' documentation).
const STANDARD: &str = "yyyyMMddTHHmmssZ";

/// The result of a function by its folded name; `None` for any other function.
pub(in crate::providers::azure::simulated) fn call(name: &str, args: &[Json]) -> Option<Result<Json, TemplateError>> {
    let of = |at: usize| text(args.get(at).unwrap_or(&Json::Null));
    Some(match (name, args.len()) {
        ("datetimeadd", 2 | 3) => of(0).and_then(|base| {
            let base = read(&base)?;
            let word = of(1)?;
            let span: Span = word.parse().map_err(|_| wrong(&format!("`{word}` is not an ISO 8601 duration")))?;
            let then = base.checked_add(span).map_err(|_| wrong("the date is out of range"))?;
            let pattern = args.get(2).map_or(Ok("yyyy-MM-ddTHH:mm:ssZ".to_owned()), text)?;
            Ok(Json::from(write(&then, &pattern)))
        }),
        ("datetimetoepoch", 1) => {
            of(0).and_then(|date| Ok(Json::from(read(&date)?.to_zoned(Offset::UTC.to_time_zone()).map_or(0, seconds))))
        }
        ("datetimefromepoch", 1) => int(args.first().unwrap_or(&Json::Null)).and_then(|at| {
            let at = Timestamp::from_second(at).map_err(|_| wrong("the date is out of range"))?;
            Ok(Json::from(write(&utc(at), "yyyy-MM-ddTHH:mm:ssZ")))
        }),
        _ => return None,
    })
}

/// `utcNow` at this time.
pub(in crate::providers::azure::simulated) fn now(at: Timestamp, args: &[Json]) -> Result<Json, TemplateError> {
    let pattern = args.first().map_or(Ok(STANDARD.to_owned()), text)?;
    Ok(Json::from(write(&utc(at), &pattern)))
}

fn utc(at: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(at)
}

fn seconds(at: Zoned) -> i64 {
    at.timestamp().as_second()
}

fn wrong(why: &str) -> TemplateError {
    TemplateError::Wrong(why.to_owned())
}

/// A date in the standard format of `utcNow`, or in ISO 8601.
fn read(date: &str) -> Result<DateTime, TemplateError> {
    let compact = || jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", date).and_then(|parsed| parsed.to_datetime());
    let found = date.parse::<Timestamp>().map(utc).or_else(|_| compact()).or_else(|_| date.parse::<DateTime>());
    found.map_err(|_| wrong(&format!("`{date}` is not a date")))
}

/// A date in a format of .NET: its standard letters, and the patterns of years to fractions of seconds. Everything
/// else stands for itself.
fn write(at: &DateTime, pattern: &str) -> String {
    let pattern = match pattern {
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "G" => "MM/dd/yyyy HH:mm:ss",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffZ",
        "r" | "R" => "ddd, dd MMM yyyy HH:mm:ss GMT",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        other => other,
    };
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let (inner, after) = quoted.split_once('\'').unwrap_or((quoted, ""));
            out.push_str(inner);
            rest = after;
            continue;
        }
        let count = rest.chars().take_while(|other| *other == c).count();
        let (hour, month) = (at.hour(), at.date().strftime("%B").to_string());
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let part = match (c, count) {
            ('y', 2) => format!("{:02}", at.year().rem_euclid(100)),
            ('y', _) => format!("{:0count$}", at.year()),
            ('M', 1 | 2) => format!("{:0count$}", at.month()),
            ('M', 3) => month.chars().take(3).collect(),
            ('M', _) => month,
            ('d', 1 | 2) => format!("{:0count$}", at.day()),
            ('d', 3) => at.date().strftime("%a").to_string(),
            ('d', _) => at.date().strftime("%A").to_string(),
            ('H', _) => format!("{:0width$}", hour, width = count.min(2)),
            ('h', _) => format!("{:0width$}", twelve, width = count.min(2)),
            ('m', _) => format!("{:0width$}", at.minute(), width = count.min(2)),
            ('s', _) => format!("{:0width$}", at.second(), width = count.min(2)),
            ('f', _) => format!("{:09}", at.subsec_nanosecond()).chars().take(count.min(9)).collect(),
            ('t', _) => if hour < 12 { "AM" } else { "PM" }.chars().take(count.min(2)).collect(),
            (c, _) => String::from(c).repeat(count),
        };
        out.push_str(&part);
        rest = &rest[c.len_utf8() * count..];
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gives(name: &str, args: Json) -> Json {
        call(name, args.as_array().unwrap()).unwrap().unwrap()
    }

    #[test]
    fn dates_are_read_moved_and_written() {
        assert_eq!(gives("datetimeadd", json!(["2026-01-31T10:00:00Z", "P1M"])), "2026-02-28T10:00:00Z");
        assert_eq!(gives("datetimeadd", json!(["20260131T100000Z", "-PT1H", "HH:mm"])), "09:00");
        assert_eq!(gives("datetimetoepoch", json!(["1970-01-02T00:00:00Z"])), 86_400);
        assert_eq!(gives("datetimefromepoch", json!([0])), "1970-01-01T00:00:00Z");
        assert!(call("datetimeadd", &[json!("nonsense"), json!("P1D")]).unwrap().is_err());
    }

    #[test]
    fn formats_are_those_of_dotnet() {
        let at: Timestamp = "2026-03-09T14:05:07.25Z".parse().unwrap();
        for (pattern, expected) in [
            ("yyyy-MM-dd", "2026-03-09"),
            ("yy/M/d h:mm tt", "26/3/9 2:05 PM"),
            ("ddd dd MMM 'of' yyyy", "Mon 09 Mar of 2026"),
            ("u", "2026-03-09 14:05:07Z"),
            ("HH:mm:ss.fff", "14:05:07.250"),
        ] {
            assert_eq!(now(at, &[json!(pattern)]).unwrap(), expected);
        }
        assert_eq!(now(at, &[]).unwrap(), "20260309T140507Z");
    }
}

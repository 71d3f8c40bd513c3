//! Rules for texts that a table states by name: ports, addresses, host names, keys, logins.
//!
//! A form is a fact about the provider, so that the validator and the simulator refuse the same texts. Unknown texts
//! are not refused: a form rejects only what the provider is known to reject. Independent of kinds.

pub mod network;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::value::Value;

/// A rule for a text, and the one spelling among those that mean the same.
pub struct Form {
    /// A noun phrase with an example, completing "expected …".
    pub wanted: &'static str,
    /// Texts that keep the rule, each of which means something else.
    pub samples: &'static [&'static str],
    /// The provider's error code for a text that breaks the rule.
    pub code: &'static str,
    /// The reason why the provider refuses a text, if it does: a sentence part without the text itself, which may be
    /// secret.
    pub fault: fn(&str) -> Option<String>,
    /// The spelling in which texts are written and compared.
    pub normal: fn(&str) -> String,
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.wanted)
    }
}

impl Form {
    /// A form whose texts have one spelling.
    pub const fn new(
        wanted: &'static str,
        samples: &'static [&'static str],
        code: &'static str,
        fault: fn(&str) -> Option<String>,
    ) -> Self {
        Self { wanted, samples, code, fault, normal: str::to_owned }
    }

    /// Sets the spelling in which texts are compared.
    #[must_use]
    pub const fn normal(mut self, normal: fn(&str) -> String) -> Self {
        self.normal = normal;
        self
    }

    /// A text in its normal spelling.
    ///
    /// # Errors
    /// The reason why the provider refuses it.
    pub fn read(&self, text: &str) -> Result<String, String> {
        let normal = (self.normal)(text);
        match (self.fault)(&normal) {
            Some(why) => Err(why),
            None => Ok(normal),
        }
    }

    /// The texts of a value in their normal spelling: the value itself, or each element of a list. Values that are no
    /// texts or not known yet stay as they are.
    ///
    /// # Errors
    /// Each refused text with its position in a list, and the reason.
    pub fn read_value(&self, value: &Value) -> Result<Value, Vec<(Option<usize>, String, String)>> {
        match value {
            Value::String(text) => match self.read(text) {
                Ok(normal) => Ok(Value::from(normal)),
                Err(why) => Err(vec![(None, text.to_string(), why)]),
            },
            Value::List(items) => {
                let (mut read, mut faults) = (Vec::with_capacity(items.len()), Vec::new());
                for (at, item) in items.iter().enumerate() {
                    match self.read_value(item) {
                        Ok(item) => read.push(item),
                        Err(more) => faults.extend(more.into_iter().map(|(_, text, why)| (Some(at), text, why))),
                    }
                }
                if faults.is_empty() { Ok(read.into()) } else { Err(faults) }
            }
            Value::Sensitive(inner) => self.read_value(inner).map(Value::sensitive),
            other => Ok(other.clone()),
        }
    }
}

/// The reason, unless the condition holds.
pub(crate) fn unless(holds: bool, why: &str) -> Option<String> {
    (!holds).then(|| why.to_owned())
}

/// Base64 with padding, for custom data and user data (source: the description of `customData` in the provider's REST
/// API, which limits it to 65535 bytes).
pub static BASE64: Form = Form::new(
    "base64, as `base64encode(…)` gives it",
    &["I2Nsb3VkLWNvbmZpZw==", "IyEvYmluL3No"],
    "InvalidParameter",
    |text| {
        const MOST: usize = 65_535;
        match STANDARD.decode(text.split_whitespace().collect::<String>()) {
            Err(_) => Some("is not base64".to_owned()),
            Ok(data) if data.len() > MOST => Some(format!("holds {} bytes, and Azure accepts {MOST}", data.len())),
            Ok(_) => None,
        }
    },
);

/// A GUID.
pub static GUID: Form = Form::new(
    "a GUID, as in \"0a1b2c3d-0000-4000-8000-0123456789ab\"",
    &["0a1b2c3d-0000-4000-8000-0123456789ab", "0a1b2c3d-0000-4000-8000-0123456789ac"],
    "InvalidParameter",
    |text| unless(text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(), "is not a GUID"),
);

/// A time in RFC 3339, which the provider keeps in UTC.
pub static TIME: Form = Form::new(
    "a time, as in \"2026-01-31T00:00:00Z\"",
    &["2030-01-31T00:00:00Z", "2031-01-31T00:00:00Z"],
    "InvalidParameter",
    |text| {
        let is_date = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
        unless(is_date || text.parse::<jiff::Timestamp>().is_ok(), "is not a time")
    },
);

/// An availability zone (source: the provider's list of regions with zones, which all have zones 1 to 3).
pub static ZONE: Form =
    Form::new("an availability zone: \"1\", \"2\" or \"3\"", &["1", "2", "3"], "InvalidAvailabilityZone", |text| {
        unless(matches!(text, "1" | "2" | "3"), "is no availability zone")
    });

/// A URL with `https`.
pub static HTTPS_URL: Form = Form::new(
    "a URL that begins with `https://`",
    &["https://web.vault.azure.net/keys/web/0123", "https://web.vault.azure.net/keys/web/4567"],
    "InvalidParameter",
    |text| {
        let host = text.strip_prefix("https://").map(|rest| rest.split(['/', ':', '?']).next().unwrap_or_default());
        unless(host.is_some_and(|host| !host.is_empty() && !text.contains(char::is_whitespace)), "is no such URL")
    },
);

/// A URL with `http` or `https`.
pub static HTTP_URL: Form = Form::new(
    "a URL, as in \"https://www.example.com\"",
    &["https://www.example.com", "https://www.example.com/terms"],
    "InvalidParameter",
    |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        unless(rest.is_some_and(|rest| !rest.is_empty()) && !text.contains(char::is_whitespace), "is no URL")
    },
);

/// A description of up to 140 characters.
pub static SHORT_TEXT: Form =
    Form::new("a text of at most 140 characters", &["example", "another"], "InvalidRequestFormat", |text| {
        unless(text.chars().count() <= 140, "has more than 140 characters")
    });

/// A path of a URL or of an item.
pub static PATH: Form =
    Form::new("a path that begins with `/`", &["/example", "/another"], "InvalidParameter", |text| {
        unless(text.starts_with('/'), "does not begin with `/`")
    });

/// Days, hours, minutes and seconds, as storage accounts have them.
pub static PERIOD: Form =
    Form::new("a period, as in \"07.12:30:00\"", &["01.00:00:00", "02.00:00:00"], "InvalidParameter", |text| {
        let number = |text: &str, below: u32| {
            text.len() <= 3 && text.parse::<u32>().is_ok_and(|number| number < below && !text.starts_with('+'))
        };
        let parts = || {
            let (days, rest) = text.split_once('.')?;
            let mut rest = rest.split(':');
            let [hours, minutes, seconds] = [rest.next()?, rest.next()?, rest.next()?];
            let fits = number(days, 1000) && number(hours, 24) && number(minutes, 60) && number(seconds, 60);
            (fits && rest.next().is_none()).then_some(())
        };
        unless(parts().is_some(), "is not of the form `DD.HH:MM:SS`")
    });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_guids_times_and_periods_are_recognised() {
        let ok = |form: &Form, text: &str| form.read(text).is_ok();
        assert!(ok(&BASE64, "I2Nsb3VkLWNvbmZpZw==") && !ok(&BASE64, "#cloud-config") && ok(&BASE64, ""));
        assert!(!ok(&BASE64, &STANDARD.encode(vec![0; 65_536])));
        assert!(ok(&GUID, "0A1B2c3d-0000-4000-8000-0123456789ab") && !ok(&GUID, "somebody"));
        assert!(ok(&TIME, "2030-01-01") && ok(&TIME, "2030-01-01T00:00:00+02:00") && !ok(&TIME, "tomorrow"));
        assert!(ok(&ZONE, "3") && !ok(&ZONE, "a") && !ok(&ZONE, "0"));
        assert!(ok(&PERIOD, "01.00:00:00") && !ok(&PERIOD, "1d") && !ok(&PERIOD, "1.25:00:00"));
        assert!(ok(&HTTPS_URL, "https://a.vault.azure.net/keys/k/1") && !ok(&HTTPS_URL, "http://a"));
    }
}

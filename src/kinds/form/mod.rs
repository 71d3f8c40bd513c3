//! Rules for texts that a table states by name: ports, addresses, host names, keys, logins.
//!
//! A form is a fact about the provider, so that the validator and the simulator refuse the same texts. Unknown texts
//! are not refused: a form rejects only what the provider is known to reject. Independent of kinds.

pub mod network;

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
    /// True for scripts, in base64, that machines run at their start.
    pub is_script: bool,
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
        Self { wanted, samples, code, fault, normal: str::to_owned, is_script: false }
    }

    /// Sets the spelling in which texts are compared.
    #[must_use]
    pub const fn normal(mut self, normal: fn(&str) -> String) -> Self {
        self.normal = normal;
        self
    }

    /// Marks its texts as scripts, in base64, that machines run at their start.
    #[must_use]
    pub const fn script(mut self) -> Self {
        self.is_script = true;
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

/// A path of a URL or of an item.
pub static PATH: Form =
    Form::new("a path that begins with `/`", &["/example", "/another"], "InvalidParameter", |text| {
        unless(text.starts_with('/'), "does not begin with `/`")
    });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_and_times_are_recognised() {
        let ok = |form: &Form, text: &str| form.read(text).is_ok();
        assert!(ok(&GUID, "0A1B2c3d-0000-4000-8000-0123456789ab") && !ok(&GUID, "somebody"));
        assert!(ok(&TIME, "2030-01-01") && ok(&TIME, "2030-01-01T00:00:00+02:00") && !ok(&TIME, "tomorrow"));
    }
}

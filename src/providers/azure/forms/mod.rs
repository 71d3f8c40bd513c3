//! Forms of texts that are Azure's own: names and ranges of its networks, logins of machines, scripts, zones, times.

pub(in crate::providers::azure) mod login;
pub(in crate::providers::azure) mod minutes;
pub(in crate::providers::azure) mod network;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kinds::form::{Form, unless};

/// Base64 with padding, for custom data and user data (source: the description of `customData` in the provider's REST
/// API, which limits it to 65535 bytes).
pub(in crate::providers::azure) static BASE64: Form = Form::new(
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
)
.script();

/// An availability zone (source: the provider's list of regions with zones, which all have zones 1 to 3).
pub(in crate::providers::azure) static ZONE: Form =
    Form::new("an availability zone: \"1\", \"2\" or \"3\"", &["1", "2", "3"], "InvalidAvailabilityZone", |text| {
        unless(matches!(text, "1" | "2" | "3"), "is no availability zone")
    });

/// A URL with `https`.
pub(in crate::providers::azure) static HTTPS_URL: Form = Form::new(
    "a URL that begins with `https://`",
    &["https://web.vault.azure.net/keys/web/0123", "https://web.vault.azure.net/keys/web/4567"],
    "InvalidParameter",
    |text| {
        let host = text.strip_prefix("https://").map(|rest| rest.split(['/', ':', '?']).next().unwrap_or_default());
        unless(host.is_some_and(|host| !host.is_empty() && !text.contains(char::is_whitespace)), "is no such URL")
    },
);

/// A description of up to 140 characters.
pub(in crate::providers::azure) static SHORT_TEXT: Form =
    Form::new("a text of at most 140 characters", &["example", "another"], "InvalidRequestFormat", |text| {
        unless(text.chars().count() <= 140, "has more than 140 characters")
    });

/// Days, hours, minutes and seconds, as storage accounts have them.
pub(in crate::providers::azure) static PERIOD: Form =
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
    fn base64_zones_urls_and_periods_are_recognised() {
        let ok = |form: &Form, text: &str| form.read(text).is_ok();
        assert!(ok(&BASE64, "I2Nsb3VkLWNvbmZpZw==") && !ok(&BASE64, "#cloud-config") && ok(&BASE64, ""));
        assert!(!ok(&BASE64, &STANDARD.encode(vec![0; 65_536])));
        assert!(ok(&ZONE, "3") && !ok(&ZONE, "a") && !ok(&ZONE, "0"));
        assert!(ok(&PERIOD, "01.00:00:00") && !ok(&PERIOD, "1d") && !ok(&PERIOD, "1.25:00:00"));
        assert!(ok(&HTTPS_URL, "https://a.vault.azure.net/keys/k/1") && !ok(&HTTPS_URL, "http://a"));
    }
}

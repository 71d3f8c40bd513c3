//! Forms of durations: the limits of a time, in the words of a stack or in ISO 8601.

use crate::duration;
use crate::kinds::form::Form;

fn outside(text: &str, least: u64, most: u64) -> Option<String> {
    let seconds = duration::parse(text).ok()?.as_secs();
    (!(least * 60..=most * 60).contains(&seconds)).then(|| format!("is not from {least} to {most} minutes"))
}

/// Notice before the deletion of a machine.
pub static NOTIFICATION: Form =
    Form::new("5 to 15 minutes, as in \"5m\"", &["5m", "10m"], "InvalidParameter", |text| outside(text, 5, 15));

/// Notice before the replacement of an operating system.
pub static IMAGE_NOTIFICATION: Form =
    Form::new("15 minutes: \"15m\"", &["15m"], "InvalidParameter", |text| outside(text, 15, 15));

/// Time for extensions, and for the restoration of evicted machines.
pub static EXTENSIONS: Form =
    Form::new("15 minutes to 2 hours, as in \"1h30m\"", &["1h", "2h"], "InvalidParameter", |text| {
        outside(text, 15, 120)
    });

/// Time in which a new instance is not repaired.
pub static REPAIR: Form =
    Form::new("10 to 90 minutes, as in \"30m\"", &["30m", "1h"], "InvalidParameter", |text| outside(text, 10, 90));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_limits_in_either_spelling() {
        assert!(NOTIFICATION.read("5m").is_ok() && NOTIFICATION.read("PT15M").is_ok());
        assert!(NOTIFICATION.read("4m59s").is_err() && NOTIFICATION.read("PT16M").is_err());
        assert!(IMAGE_NOTIFICATION.read("10m").is_err() && EXTENSIONS.read("2h").is_ok() && REPAIR.read("2h").is_err());
    }
}

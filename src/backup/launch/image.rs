//! The image's part of a restore at launch, and the user data that start it.

/// The script that restores, as the image carries it in `/usr/local/sbin/drplan-restore`.
pub const SCRIPT: &str = include_str!("../../../templates/launch/drplan-restore");
/// The unit that runs the script: `/etc/systemd/system/drplan-restore.service`.
pub const UNIT: &str = include_str!("../../../templates/launch/drplan-restore.service");
const USER_DATA: &str = include_str!("../../../templates/launch/user-data");
/// The line of the user data that the settings replace.
const SETTINGS: &str = "@SETTINGS@\n";

/// The run of a machine and the places that it reads and writes: URLs that are signed for this run and expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchPlaces<'a> {
    /// The run.
    pub run: &'a str,
    /// The manifest, to read.
    pub manifest: &'a str,
    /// The status document, to write.
    pub status: &'a str,
    /// The released key, to read once it is there.
    pub key: &'a str,
}

/// User data for cloud-init. No key is in them: a reader of them can read the manifest and write the status, until the
/// URLs expire.
///
/// # Errors
/// A text that a line of settings cannot hold.
pub fn user_data(places: &LaunchPlaces<'_>) -> Result<String, String> {
    let all = [
        ("DRPLAN_RUN", places.run),
        ("DRPLAN_MANIFEST_URL", places.manifest),
        ("DRPLAN_STATUS_URL", places.status),
        ("DRPLAN_KEY_URL", places.key),
    ];
    let mut settings = String::new();
    for (name, value) in all {
        // A shell reads the settings: between single quotes nothing but a quote has a meaning.
        if value.is_empty() || value.contains('\'') || !value.chars().all(|c| c.is_ascii_graphic()) {
            return Err(format!("{name} is empty, or has a character that no line of settings can hold"));
        }
        settings += &format!("      {name}='{value}'\n");
    }
    Ok(USER_DATA.replace(SETTINGS, &settings))
}

/// True for user data that start a restore.
pub(super) fn is_restore(text: &str) -> bool {
    text.contains("\n      DRPLAN_MANIFEST_URL='")
}

/// The settings in user data that start a restore; `None` for any other.
pub fn settings(user_data: &str) -> Option<LaunchPlaces<'_>> {
    let setting = |name: &str| {
        let lines = user_data.lines().map(str::trim);
        lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix("='")?.strip_suffix('\'')).next()
    };
    Some(LaunchPlaces {
        run: setting("DRPLAN_RUN")?,
        manifest: setting("DRPLAN_MANIFEST_URL")?,
        status: setting("DRPLAN_STATUS_URL")?,
        key: setting("DRPLAN_KEY_URL")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_name_the_places_and_nothing_that_a_shell_would_run() {
        let places = LaunchPlaces {
            run: "r-1",
            manifest: "https://example.com/m?a=1&b=$(x)",
            status: "https://example.com/s",
            key: "https://example.com/k",
        };
        let text = user_data(&places).unwrap();
        assert!(text.starts_with("#cloud-config\n"), "{text}");
        assert!(text.contains("\n      DRPLAN_MANIFEST_URL='https://example.com/m?a=1&b=$(x)'\n"), "{text}");
        assert!(text.ends_with("runcmd:\n  - [systemctl, start, --no-block, drplan-restore.service]\n"), "{text}");
        assert!(!text.contains('@'), "{text}");
        assert_eq!((settings(&text), settings("#cloud-config\n")), (Some(places), None));
        assert!(is_restore(&text) && !is_restore("#cloud-config\n"));
        for wrong in ["", "it's", "two\nlines", "a b"] {
            assert!(user_data(&LaunchPlaces { run: wrong, ..places }).is_err(), "{wrong}");
        }
    }
}

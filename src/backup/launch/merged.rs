//! User data of a machine's own beside those of a restore: one message of several parts, as cloud-init reads it.
//!
//! cloud-init tells each part by its type, and merges parts of cloud-config. Without a word on it the later part wins,
//! so that the part of the restore says that its lists are appended (source: cloud-init's documentation, "User data
//! formats" and "Merging user data sections").

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::image::is_restore;

/// The first line of a message that drplan has merged.
const HEAD: &str = "Content-Type: multipart/mixed; boundary=\"";
/// The boundary, which is made longer while a part has it.
const BOUNDARY: &str = "==drplan-restore";
/// The name of the part with user data of the machine's own.
const OWN: &str = "Content-Disposition: attachment; filename=\"user-data\"";
/// The name of the part of the restore.
const RESTORE: &str = "Content-Disposition: attachment; filename=\"drplan-restore.yaml\"";
/// The first line of cloud-config.
const CONFIG: &str = "#cloud-config\n";
/// Lists of this part are appended to those of earlier ones.
const APPENDED: &str =
    "merge_how:\n  - name: list\n    settings: [append]\n  - name: dict\n    settings: [no_replace, recurse_list]\n";

/// The formats of user data by their first characters, as cloud-init knows them, with the type of a part.
const FORMATS: &[(&str, &str)] = &[
    ("#cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("#cloud-config", "text/cloud-config"),
    ("#cloud-boothook", "text/cloud-boothook"),
    ("#include-once", "text/x-include-once-url"),
    ("#include", "text/x-include-url"),
    ("#part-handler", "text/part-handler"),
    ("## template: jinja", "text/jinja2"),
    ("#!", "text/x-shellscript"),
];

/// True for a message with parts of its own, which becomes a part as it is.
fn is_message(own: &str) -> bool {
    let start = own.trim_start().to_ascii_lowercase();
    start.starts_with("content-type: multipart/") || start.starts_with("mime-version:")
}

/// The type of user data; `None` for a format that cloud-init does not know.
fn type_of(own: &str) -> Option<&'static str> {
    let start = own.trim_start();
    FORMATS.iter().find(|(begins, _)| start.starts_with(begins)).map(|(_, type_)| *type_)
}

/// The reason why user data cannot be merged with those of a restore.
pub fn unmergeable(own: &str) -> Option<&'static str> {
    let is_known = own.trim().is_empty() || is_message(own) || type_of(own).is_some();
    (!is_known).then_some("its user data have no format that cloud-init knows")
}

/// The user data of a restore together with those of the machine's own, which come first.
///
/// # Errors
/// User data in a format that cloud-init does not know.
pub fn merged(own: &str, restore: &str) -> Result<String, String> {
    if let Some(why) = unmergeable(own) {
        return Err(why.to_owned());
    }
    if own.trim().is_empty() {
        return Ok(restore.to_owned());
    }
    let mut boundary = BOUNDARY.to_owned();
    while own.contains(&boundary) || restore.contains(&boundary) {
        boundary.push('=');
    }
    let own = match type_of(own) {
        Some(type_) if !is_message(own) => part(type_, OWN, own),
        _ => own.to_owned(),
    };
    let restore = restore.replacen(CONFIG, &format!("{CONFIG}{APPENDED}"), 1);
    let restore = part("text/cloud-config", RESTORE, &restore);
    Ok(format!(
        "{HEAD}{boundary}\"\nMIME-Version: 1.0\n\n--{boundary}\n{own}\n--{boundary}\n{restore}\n--{boundary}--\n"
    ))
}

/// A part. What is not ASCII is in base64, because a message has lines of ASCII.
fn part(type_: &str, name: &str, text: &str) -> String {
    let (encoding, text) = match text.is_ascii() {
        true => ("7bit", Cow::Borrowed(text)),
        false => ("base64", Cow::Owned(in_lines(&BASE64_STANDARD.encode(text)))),
    };
    format!(
        "Content-Type: {type_}; charset=\"utf-8\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: {encoding}\n{name}\n\n\
         {text}"
    )
}

fn in_lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 76 + 1);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % 76 == 0 {
            lines.push('\n');
        }
        let _ = write!(lines, "{c}");
    }
    lines
}

/// User data without those of a restore; `None` where nothing else is in them.
pub fn without_restore(user_data: &str) -> Option<Cow<'_, str>> {
    let Some(boundary) = user_data.strip_prefix(HEAD).and_then(|rest| rest.split_once('"')).map(|(name, _)| name)
    else {
        return (!is_restore(user_data)).then_some(Cow::Borrowed(user_data));
    };
    let (open, close) = (format!("\n--{boundary}\n"), format!("\n--{boundary}\nContent-Type: text/cloud-config;"));
    let whole = boundary.starts_with(BOUNDARY) && is_restore(user_data);
    let own = whole.then(|| user_data.split_once(&open)?.1.rsplit_once(&close)).flatten();
    let Some((own, _)) = own else { return Some(Cow::Borrowed(user_data)) };
    // A message of its own is a part as it is.
    if is_message(own) {
        return Some(Cow::Borrowed(own));
    }
    let Some((head, text)) = own.split_once(&format!("{OWN}\n\n")) else { return Some(Cow::Borrowed(own)) };
    if !head.contains("base64") {
        return Some(Cow::Borrowed(text));
    }
    let bytes = BASE64_STANDARD.decode(text.replace('\n', "")).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::super::image::{LaunchPlaces, settings, user_data};
    use super::*;

    const PLACES: LaunchPlaces<'_> = LaunchPlaces {
        run: "r-1",
        manifest: "https://example.com/m?a=1",
        status: "https://example.com/s",
        key: "https://example.com/k",
    };

    #[test]
    fn own_user_data_come_back_as_they_were() {
        let restore = user_data(&PLACES).unwrap();
        let message = merged("#!/bin/sh\necho a\n", "#cloud-config\n").unwrap();
        for own in [
            "#!/bin/sh\necho web",
            "#cloud-config\nruncmd: [a]\n",
            "#cloud-config\n# größer\n",
            "#include\nx\n",
            &message,
        ] {
            let all = merged(own, &restore).unwrap();
            assert!(all.is_ascii() && all.starts_with("Content-Type: multipart/mixed;"), "{all}");
            assert_eq!(settings(&all), Some(PLACES), "{all}");
            assert_eq!(without_restore(&all).as_deref(), Some(own), "{all}");
            assert_eq!(merged(own, &restore), Ok(all), "the same request again");
        }
        assert_eq!(merged("", &restore).as_deref(), Ok(&*restore));
        assert_eq!((without_restore(&restore), without_restore("#!x").as_deref()), (None, Some("#!x")));
        assert!(merged("echo web", &restore).unwrap_err().contains("cloud-init"));
    }
}

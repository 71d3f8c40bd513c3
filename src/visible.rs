//! Text from outside drplan (answers, messages, names) as it may be shown: nothing in it moves a cursor, changes the
//! direction of text, or commands the log of a CI job.

use std::borrow::Cow;

/// True for an invisible character that changes how others appear: it moves the cursor or reverses the direction of
/// text.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text on one line.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect()
}

/// A whole text of drplan, which may contain text from outside: line breaks, tabs and drplan's own styles stay, other
/// unseen characters become spaces. A command of a CI log (`##[error]`, `##vso[…]`, `::error::` at the beginning of a
/// line) is broken by a space, wherever the text goes: its log is known too late.
pub fn shown(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| matches!(c, '\n' | '\t') || !is_unseen(c);
    if text.chars().all(is_plain) && !text.contains("##") && !text.contains("::") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(style) = style(rest) {
            out.push_str(style);
            rest = &rest[style.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' if rest.starts_with('\n') => {}
            c if !is_plain(c) => out.push(' '),
            '[' if command_before(&out) => out.push_str(" ["),
            ':' if is_command(rest) && is_line_start(&out) => out.push_str(": "),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The same for the text of a JSON document, which unseen characters and commands leave as escapes: it means the same.
pub fn shown_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            '[' if command_before(&out) => out.push_str("\\u005b"),
            c if is_unseen(c) => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c => out.push(c),
        }
    }
    out
}

/// A style that drplan writes: bold, dimmed, a colour, or their end.
fn style(text: &str) -> Option<&str> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find('m').filter(|end| *end <= 8)?;
    let is_known = |code: &str| {
        matches!(code, "" | "0" | "1" | "2" | "3" | "4" | "22" | "24" | "39")
            || matches!(code.parse(), Ok(31_u8..=36 | 91..=96))
    };
    codes[..end].split(';').all(is_known).then(|| &text[..2 + end + 1])
}

/// True if a bracket after this text would begin a command.
fn command_before(text: &str) -> bool {
    text.ends_with("##") || text.ends_with("##vso")
}

/// True if a word follows the second colon, which begins a command at the start of a line.
fn is_command(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// True if nothing but spaces and styles is on the line so far.
fn is_line_start(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let mut rest = line.trim_start();
    while let Some(style) = style(rest) {
        rest = rest[style.len()..].trim_start();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_line_breaks_tabs_and_own_styles_pass() {
        let text = "a\u{1b}[1mb\u{1b}[0m\tc\r\nd\u{1b}]0;t\u{7}e\u{202e}f\u{1b}[8mg\rh";
        assert_eq!(shown(text), "a\u{1b}[1mb\u{1b}[0m\tc\nd ]0;t e f [8mg h");
        assert!(matches!(shown("plain ä 漢\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn commands_of_ci_logs_are_broken() {
        assert_eq!(shown("x ##[error]forged"), "x ## [error]forged");
        assert_eq!(shown("##vso[task]"), "##vso [task]");
        assert_eq!(shown("a\n  ::error::x::y"), "a\n  : :error::x::y");
        assert_eq!(shown("\u{1b}[1m::add-mask::x"), "\u{1b}[1m: :add-mask::x");
        assert_eq!(shown("a::b ## c"), "a::b ## c");
        assert_eq!(shown("  ::: stack.hcl:1:1"), "  ::: stack.hcl:1:1");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let json = serde_json::json!({ "a": "##[x]\u{202e}\u{7f}\n\u{e0001}", "b": [[1]] });
        let text = shown_json(&format!("{json:#}"));
        assert!(!text.contains("##[") && !text.chars().any(|c| c != '\n' && is_unseen(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), json);
    }
}

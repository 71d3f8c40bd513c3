//! Text that others wrote, as Markdown shows it unchanged.

/// Text that means nothing to Markdown or HTML, on one line.
pub(super) fn escaped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    for (at, c) in chars.iter().enumerate() {
        match c {
            // Within a word it is only an underscore.
            '_' if word(at.checked_sub(1)) && word(Some(at + 1)) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(*c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            control if control.is_control() => out.push(' '),
            plain => out.push(*plain),
        }
    }
    out
}

/// Words in which backticks mark code, as they do in messages: what stands between them is code, and nothing else means anything.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 && !part.is_empty() { code(part) } else { escaped(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Text as code, on one line, that may stand in a table.
pub(super) fn code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", line.replace('|', "\\|"))
}

/// A table: the first row is its head, and as many columns as `right` says stand flush right at its end.
pub(super) fn table(head: &[&str], right: usize, rows: &[Vec<String>]) -> String {
    let rule = (0..head.len()).map(|at| if at + right >= head.len() { "---:" } else { "---" });
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    out += &format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
    out.extend(rows.iter().map(|row| line(row)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_means_anything() {
        assert_eq!(escaped("<b>|x_y_\n`a`"), "&lt;b&gt;\\|x_y\\_ \\`a\\`");
        assert_eq!(code("a``b|c"), "```a``b\\|c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(prose("see `a|b`, <i>"), "see `a\\|b`, &lt;i&gt;");
        assert_eq!(prose("one ` alone"), "one \\` alone");
    }
}

//! Text of others, escaped so that Markdown shows it unchanged.

use crate::visible::is_unseen;

/// Text without meaning to Markdown or HTML, on one line.
pub(super) fn escaped(text: &str) -> String {
    escape(text, false)
}

/// The same for a comment, where a forge also resolves mentions and links.
pub(super) fn escaped_in_comment(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, in_comment: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    for (at, c) in chars.iter().enumerate() {
        match c {
            // An underscore within a word has no meaning.
            '_' if word(at.checked_sub(1)) && word(Some(at + 1)) => out.push('_'),
            // A space of no width prevents mentions and links to issues. GitHub resolves a lone entity before it
            // looks for them.
            '@' if in_comment && word(Some(at + 1)) => out.push_str("@&#8203;"),
            '#' if in_comment && word(Some(at + 1)) => out.push_str("\\#&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                out.push('\\');
                out.push(*c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // No automatic link.
            ':' if in_comment && chars.get(at + 1) == Some(&'/') => out.push_str("&#58;"),
            unseen if is_unseen(*unseen) => out.push(' '),
            plain => out.push(*plain),
        }
    }
    out
}

/// Lines as a block of code, between fences longer than any in them. `language` selects the colours.
pub(super) fn fenced(language: &str, lines: &str) -> String {
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{lines}{end}{fence}\n")
}

/// Text folded under a summary, which is Markdown.
pub(super) fn folded(summary: &str, body: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{body}\n</details>\n")
}

/// Text of at most this many characters.
pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{} …", text.get(..at).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// Text of messages, in which backticks mark code and nothing else has a meaning.
pub(super) fn prose(text: &str) -> String {
    prose_with(text, escaped)
}

/// The same in a comment.
pub(super) fn prose_in_comment(text: &str) -> String {
    prose_with(text, escaped_in_comment)
}

fn prose_with(text: &str, escaped: fn(&str) -> String) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 && !part.is_empty() { code(part) } else { escaped(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Text as code, on one line, safe in a table.
pub(super) fn code(text: &str) -> String {
    let line = crate::visible::one_line(text);
    // A bar ends a cell even between backticks, and only a table would remove its escape. Use entities instead.
    if line.trim().is_empty() || line.contains('|') {
        return format!("<code>{}</code>", in_entities(&line));
    }
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{line}{space}{fence}")
}

/// Text with each character that could have a meaning as a numeric entity.
fn in_entities(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | '/' | '-' | '=' | '\'');
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("&#{};", u32::from(c)) }).collect()
}

/// A table with this head. Its last `right` columns are aligned to the right.
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
    fn text_of_others_has_no_meaning_in_markdown() {
        assert_eq!(escaped("<b>|x_y_\n`a`"), "&lt;b&gt;\\|x_y\\_ \\`a\\`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(prose("see `a|b`, <i>"), "see <code>a&#124;b</code>, &lt;i&gt;");
        assert_eq!(prose("one ` alone"), "one \\` alone");
        assert_eq!(code("a\\|b"), "<code>a&#92;&#124;b</code>");
        assert_eq!(escaped_in_comment("@you #1 https://x \u{202e}"), "@&#8203;you \\#&#8203;1 https&#58;//x  ");
        assert_eq!(fenced("", "```\n"), "````\n```\n````\n");
    }
}

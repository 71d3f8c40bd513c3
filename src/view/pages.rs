//! Pages of the documentation as text for a terminal: headings, lists and tables without their Markdown signs.

use super::{BOLD, hang, styled, wrap};
use crate::reference::codes::CodeSection;

/// A page, in lines of at most this many characters where it can be broken.
pub fn text(markdown: &str, width: usize) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            for code in lines.by_ref().take_while(|line| line.trim_start() != "```") {
                out += format!("    {code}").trim_end();
                out.push('\n');
            }
        } else if trimmed.starts_with("![") || trimmed.starts_with("<!--") {
            continue;
        } else if line.starts_with('#') {
            out += &format!("{}\n", styled(BOLD, &plain(line.trim_start_matches('#').trim())));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            rows.retain(|row| !row.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':'))));
            out += &table(&rows, width);
        } else if line.trim().is_empty() {
            out.push('\n');
        } else {
            // A paragraph or an item goes on in the lines up to the next one.
            let mut whole = line.to_owned();
            while let Some(more) = lines.next_if(|next| continues(next)) {
                whole.push(' ');
                whole += more.trim();
            }
            out += &paragraph(&whole, width);
        }
    }
    out
}

/// The section of a code: cause, consequence and fix in a column, then the rest of the section.
pub fn code(section: &CodeSection, width: usize) -> String {
    let mut out = format!("{} ({})\n\n", styled(BOLD, section.code), section.family());
    let (parts, rest) = section.text.split_once("\n\n").unwrap_or((section.text, ""));
    let mut parts = parts.split("- **");
    parts.next();
    for part in parts {
        let (name, text) = part.split_once(".** ").unwrap_or(("", part));
        let text = hang(&wrap(&plain(text), width.saturating_sub(13)), 13);
        out += &format!("{}  {text}\n", styled(BOLD, &format!("{name:<11}")));
    }
    out + "\n" + &text(rest, width)
}

/// True for a line of the paragraph or item before it.
fn continues(line: &str) -> bool {
    let text = line.trim_start();
    let numbered = text.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
    !(text.is_empty() || numbered || text.starts_with("- ") || text.starts_with(['#', '|']) || text.starts_with("```"))
}

fn paragraph(line: &str, width: usize) -> String {
    let by = line.len() - line.trim_start().len();
    let text = line.trim_start();
    let (sign, text) = match text.split_once(' ') {
        Some((sign, item)) if sign == "-" || sign.trim_end_matches('.').parse::<u32>().is_ok() => {
            (format!("{sign} "), item)
        }
        _ => (String::new(), text),
    };
    let under = by + sign.len();
    let wrapped = wrap(&plain(text), width.saturating_sub(under).max(20));
    format!("{:by$}{sign}{}\n", "", hang(&wrapped, under))
}

/// Text without links and emphasis; code keeps its backticks.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            out += &format!("`{part}`");
            continue;
        }
        let mut rest = part;
        while let Some((before, link)) = rest.split_once("](") {
            let (_, after) = link.split_once(')').unwrap_or(("", link));
            let (before, words) = before.rsplit_once('[').unwrap_or((before, ""));
            out += before;
            out += words;
            rest = after;
        }
        out += rest;
    }
    out.replace("**", "").replace("\\|", "|")
}

fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\u{1}");
    line.trim().trim_matches('|').split('|').map(|cell| plain(cell.trim()).replace('\u{1}', "|")).collect()
}

/// Rows in columns; the last column takes the rest of the line.
fn table(rows: &[Vec<String>], width: usize) -> String {
    let last = rows.iter().map(Vec::len).max().unwrap_or_default().saturating_sub(1);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..last).map(|column| widest(column).unwrap_or_default().min(width / 2)).collect();
    let under: usize = widths.iter().map(|width| width + 2).sum();
    let one = |row: &Vec<String>| {
        let head: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        let tail = row.get(last).map(String::as_str).unwrap_or_default();
        let tail = hang(&wrap(tail, width.saturating_sub(under).max(24)), under);
        format!("{head}{tail}").trim_end().to_owned() + "\n"
    };
    rows.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn markdown_signs_are_left_out_and_long_lines_are_broken() {
        let page = "# Title\n\nSee [the page](a.md) and **this `a[0]`\nword**.\n\n- one item that is\n  long\n\n```sh\nls\n```\n\n| a | b |\n|---|---|\n| 1 | two three |\n";
        let shown = anstream::adapter::strip_str(&text(page, 24)).to_string();
        assert_eq!(
            shown,
            "Title\n\nSee the page and this\n`a[0]` word.\n\n- one item that is long\n\n    ls\n\na  b\n1  two three\n"
        );
    }
}

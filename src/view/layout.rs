//! Lines, columns and indents of texts, within the width of a terminal.

use super::Detail;

/// Width of a text in columns where there is no terminal.
pub const WIDTH: usize = 100;
/// Minimum width of a wrapped text, however far it is indented.
const NARROW: usize = 20;
/// Minimum width to which a column of a table is narrowed.
const COLUMN: usize = 8;

/// The form of a text: its level of detail and its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The level of detail.
    pub detail: Detail,
    /// The number of columns.
    pub width: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { detail: Detail::Summary, width: WIDTH }
    }
}

impl Layout {
    /// Every line is shown.
    pub const fn is_full(self) -> bool {
        matches!(self.detail, Detail::Full)
    }

    /// Text that begins in this column, broken between words; its further lines are indented to the same column.
    pub(crate) fn wrap(self, text: &str, column: usize) -> String {
        hang(&wrap(text, self.width.saturating_sub(column).max(NARROW)), column)
    }
}

/// Lines with each but the first indented by this many spaces.
pub(crate) fn hang(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{:by$}", ""))
}

/// Rows of cells as text: each column as wide as its widest cell, two spaces apart, the first `left` columns flush left
/// and the rest flush right. Where that is wider than `width`, the widest columns are narrowed and their cells broken
/// between words.
pub(crate) fn table(rows: &[Vec<String>], left: usize, width: usize) -> String {
    let longest =
        |column: usize, of: fn(&str) -> usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| of(cell)).max();
    let mut widths: Vec<usize> = (0..).map_while(|column| longest(column, columns)).collect();
    let word =
        |cell: &str| cell.split(' ').map(columns).max().unwrap_or_default() + cell.len() - cell.trim_start().len();
    let least: Vec<usize> =
        (0..widths.len()).map(|column| longest(column, word).unwrap_or_default().max(COLUMN)).collect();
    while widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) > width {
        let wide = (0..widths.len().min(left)).filter(|column| widths[*column] > least[*column]);
        let Some(widest) = wide.max_by_key(|column| widths[*column]) else { break };
        widths[widest] -= 1;
    }
    rows.iter().map(|row| table_row(row, &widths, left)).collect()
}

/// A table with a row of headings; where it does not fit, each row is a block of lines, a heading and a cell on each.
pub(crate) fn table_or_blocks(rows: &[Vec<String>], left: usize, width: usize) -> String {
    let table = table(rows, left, width);
    let Some((headings, rows)) = rows.split_first().filter(|_| table.lines().any(|line| columns(line) > width)) else {
        return table;
    };
    let widest = headings.iter().map(|heading| columns(heading)).max().unwrap_or_default();
    let line = |(heading, cell): (&String, &String)| format!("{heading:<widest$}  {cell}\n");
    let block = |row: &Vec<String>| headings.iter().zip(row).map(line).collect::<String>();
    rows.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A row in as many lines as its highest cell has.
fn table_row(row: &[String], widths: &[usize], left: usize) -> String {
    let broken = |(cell, width): (&String, &usize)| match columns(cell) > *width {
        true => {
            let indent = cell.len() - cell.trim_start().len();
            let text = hang(&wrap(cell, width.saturating_sub(indent)), indent);
            format!("{:indent$}{text}", "").lines().map(str::to_owned).collect()
        }
        false => vec![cell.clone()],
    };
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(broken).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or_default();
    let mut out = String::new();
    for at in 0..height {
        let cell = |(column, (lines, width)): (usize, (&Vec<String>, &usize))| {
            let text = lines.get(at).map(String::as_str).unwrap_or_default();
            if column < left { format!("{text:<width$}") } else { format!("{text:>width$}") }
        };
        let line: Vec<String> = cells.iter().zip(widths).enumerate().map(cell).collect();
        out += line.join("  ").trim_end();
        out.push('\n');
    }
    out
}

/// Text broken into lines of at most this many columns, between words. Further spaces between words are left out.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in words(text) {
        let length = columns(word);
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// The same text with its lines of more than this many columns broken between words, and the rest of each indented by
/// four more. A command on a line of its own stays whole, so that it can be copied.
pub(crate) fn fit(text: &str, width: usize) -> String {
    text.split_inclusive('\n').map(|line| fit_line(line, width)).collect()
}

fn fit_line(line: &str, width: usize) -> String {
    let (whole, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
    let plain = anstream::adapter::strip_str(whole).to_string();
    let is_command = ["drplan ", "az "].iter().any(|program| plain.trim_start().starts_with(program));
    if plain.chars().count() <= width || is_command {
        return line.to_owned();
    }
    let indent = (plain.len() - plain.trim_start().len() + 4).min(width / 2);
    let (mut out, mut column) = (String::new(), 0);
    let mut rest = whole;
    while !rest.is_empty() {
        // A word with the spaces before it.
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let (gap, after) = rest.split_at(spaces);
        let word = words(after).next().map_or(after, |word| after.get(..word.len()).unwrap_or(after));
        let length = columns(word);
        // A word that fits on no line stays where it is: a terminal breaks it anyway.
        if column > indent && column + spaces + length > width && indent + length <= width {
            out += &format!("\n{:indent$}", "");
            column = indent;
        } else {
            out += gap;
            column += spaces;
        }
        out += word;
        column += length;
        rest = after.get(word.len()..).unwrap_or_default();
    }
    out + end
}

/// The columns that a text takes, without its styles.
fn columns(text: &str) -> usize {
    if text.contains('\x1b') {
        anstream::adapter::strip_str(text).to_string().chars().count()
    } else {
        text.chars().count()
    }
}

/// The words of a text. A command between backticks is one word, so that it can be copied.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    let balanced = text.matches('`').count().is_multiple_of(2);
    let is_break = move |c: char| {
        in_code ^= balanced && c == '`';
        !in_code && c.is_whitespace()
    };
    text.split(is_break).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_line_is_broken_between_words_and_keeps_its_columns() {
        let line = "  + create  subnet.web  \"snet-web\" in canadacentral (new)\n";
        assert_eq!(fit(line, 60), line);
        assert_eq!(fit(line, 40), "  + create  subnet.web  \"snet-web\" in\n      canadacentral (new)\n");
        let styled = "  \x1b[32m+\x1b[0m create  \x1b[1msubnet.web\x1b[0m (new)\n";
        assert_eq!(fit(styled, 30), styled);
    }

    #[test]
    fn commands_and_words_stay_whole() {
        let command = "    drplan failover-group resume stacks/web-geo --vars prod.vars.hcl\n";
        assert_eq!(fit(command, 40), command);
        let text = "Resume it with `drplan failover-group resume` now";
        assert_eq!(fit(text, 40), "Resume it with\n    `drplan failover-group resume` now");
        let id = format!("  id: /subscriptions/{}", "x".repeat(60));
        assert_eq!(fit(&id, 40), id);
    }

    #[test]
    fn wide_table_breaks_its_widest_cells() {
        let rows =
            [["a", "some words that are long", "1"], ["bb", "short", "22"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows, 2, 100), "a   some words that are long   1\nbb  short                     22\n");
        assert_eq!(
            table_or_blocks(&rows, 2, 14),
            "a                         bb\nsome words that are long  short\n1                         22\n"
        );
        assert_eq!(table(&rows, 2, 20), "a   some words     1\n    that are\n    long\nbb  short         22\n");
    }
}

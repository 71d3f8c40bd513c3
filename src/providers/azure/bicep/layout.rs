//! Lines that are too long, broken as Bicep's formatter breaks them (source: its layouts of calls, lists and objects).

/// Maximum length of a line.
const WIDTH: usize = 120;

/// A file with its long lines broken.
pub(super) fn formatted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_block = false;
    for line in text.split_inclusive('\n') {
        // The lines of a text block are its text.
        let was_block = is_block;
        is_block ^= line.matches("'''").count() % 2 == 1;
        match was_block || is_block {
            true => out += line,
            false => out += &broken(line.trim_end_matches('\n')),
        }
        if !(was_block || is_block) && line.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// A group within a line: a call, a list or an object, with the ranges of its items.
struct Group {
    /// Position of the opening bracket.
    open: usize,
    /// Position of the closing one.
    close: usize,
    items: Vec<(usize, usize)>,
    bracket: u8,
}

fn broken(line: &str) -> String {
    if line.chars().count() <= WIDTH || line.trim_start().starts_with("//") {
        return line.to_owned();
    }
    let Some(group) = widest(line) else { return line.to_owned() };
    let indent = line.len() - line.trim_start().len();
    let inner = " ".repeat(indent + 2);
    let comma = if group.bracket == b'(' { "," } else { "" };
    let last = group.items.len() - 1;
    let mut out = line[..=group.open].to_owned();
    for (at, (start, end)) in group.items.iter().enumerate() {
        let comma = if at == last { "" } else { comma };
        out.push('\n');
        out += &broken(&format!("{inner}{}{comma}", &line[*start..*end]));
    }
    out.push('\n');
    out += &broken(&format!("{}{}", " ".repeat(indent), &line[group.close..]));
    out
}

/// The first outermost group that does not fit into the line. One with a single item is no group: the item is.
fn widest(line: &str) -> Option<Group> {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => at = after_text(bytes, at),
            b'(' | b'[' | b'{' => {
                let group = group(bytes, at)?;
                let is_call = bytes[at] == b'(' && at > 0 && is_word(bytes[at - 1]);
                let is_value = bytes[at] != b'(' && (at == 0 || !is_word(bytes[at - 1]) && bytes[at - 1] != b')');
                let is_loop = line[at..].starts_with("[for ");
                let fits = line[..group.close].chars().count() < WIDTH;
                if fits && group.close + 1 < bytes.len() {
                    at = group.close + 1;
                } else if (is_call && group.items.len() > 1) || (is_value && !is_loop && !group.items.is_empty()) {
                    return Some(group);
                } else {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The position after a text that begins here, with the expressions in it.
fn after_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'$' if bytes.get(at + 1) == Some(&b'{') => at = after_hole(bytes, at + 2),
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The position after the expression in a text that begins here.
fn after_hole(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 1);
    while at < bytes.len() && depth > 0 {
        match bytes[at] {
            b'\'' => {
                at = after_text(bytes, at);
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The group that begins here; `None` if it goes on in another line.
fn group(bytes: &[u8], open: usize) -> Option<Group> {
    let mut items = Vec::new();
    let (mut at, mut depth, mut start) = (open + 1, 0, open + 1);
    let trimmed = |start: usize, end: usize| {
        let is_space = |at: &usize| bytes[*at] == b' ';
        let start = (start..end).find(|at| !is_space(at))?;
        let end = (start..end).rev().find(|at| !is_space(at))?;
        Some((start, end + 1))
    };
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                at = after_text(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                items.extend(trimmed(start, at));
                return Some(Group { open, close: at, items, bracket: bytes[open] });
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                items.extend(trimmed(start, at));
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_calls_and_lists_are_broken_from_the_outside() {
        let long = |count: usize| "x".repeat(count);
        let (a, b) = (long(60), long(70));
        assert_eq!(formatted(&format!("var a = union({a}, {b})\n")), format!("var a = union(\n  {a},\n  {b}\n)\n"));
        assert_eq!(formatted(&format!("var a = [{a}, {b}]\n")), format!("var a = [\n  {a}\n  {b}\n]\n"));
        let nested = format!("  a: json(union({a}, f(b, {b})))\n");
        assert_eq!(formatted(&nested), format!("  a: json(union(\n    {a},\n    f(b, {b})\n  ))\n"));
    }

    #[test]
    fn texts_and_short_lines_stay() {
        let text = format!("var a = '(x, {})'\n", "y".repeat(200));
        assert_eq!(formatted(&text), text);
        let block = format!("var a = '''\nf({}, b)\n'''\n", "y".repeat(200));
        assert_eq!(formatted(&block), block);
        assert_eq!(formatted("var a = f(b, c)\n"), "var a = f(b, c)\n");
    }
}

//! The examples of a rule, cut down to the blocks that differ.

use std::collections::BTreeSet;

use super::Rule;

/// Lines that both versions of a block share are omitted from this number on.
const LONG: usize = 4;

impl Rule {
    /// Blocks of the example that breaks the rule, without those that the corrected example has unchanged.
    pub fn broken_blocks(&self) -> String {
        let blocks = differing(self.breaks, self.keeps);
        if blocks.trim().is_empty() { "# The blocks below are missing.\n".to_owned() } else { blocks }
    }

    /// Blocks of the example that keeps the rule, without those that the broken example has unchanged.
    pub fn kept_blocks(&self) -> String {
        differing(self.keeps, self.breaks)
    }
}

/// The blocks of `text` that `other` does not contain.
fn differing(text: &str, other: &str) -> String {
    let others = blocks(other);
    let differ = blocks(text).into_iter().filter(|block| !others.contains(block));
    let shortened = differ.map(|block| match others.iter().find(|other| header(other) == header(block)) {
        Some(other) => shortened(block, other),
        None => block.to_owned(),
    });
    shortened.collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The top-level blocks of a formatted stack.
fn blocks(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find("\n}").map_or(rest.len(), |at| at + 2);
        let (block, after) = rest.split_at(end);
        found.push(block);
        rest = after.trim_start();
    }
    found
}

fn header(block: &str) -> &str {
    block.lines().next().unwrap_or_default()
}

/// A block with runs of items that the other version shares replaced by `# …`.
fn shortened(block: &str, other: &str) -> String {
    // The alignment of arguments depends on their neighbours.
    let words = |item: &str| item.split_whitespace().collect::<Vec<_>>().join(" ");
    let shared: BTreeSet<String> = items(other).into_iter().map(words).collect();
    let is_shared = |item: &&str| shared.contains(&words(item));
    let all = items(block);
    let mut out = Vec::new();
    for run in all.chunk_by(|a, b| is_shared(a) == is_shared(b)) {
        let lines: Vec<&str> = run.iter().flat_map(|item| item.lines()).collect();
        if run.first().is_some_and(is_shared) && lines.len() >= LONG {
            out.push("  # …");
        } else {
            out.extend(lines);
        }
    }
    let inner = out.join("\n");
    format!("{}\n{}\n}}", header(block), inner.trim_matches('\n'))
}

/// The arguments and nested blocks within a block, each with the empty line before it.
fn items(block: &str) -> Vec<&str> {
    let inner = block.strip_prefix(header(block)).unwrap_or_default();
    let inner = inner.strip_suffix('}').unwrap_or(inner).trim_matches('\n');
    let mut found = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    let mut open = false;
    for line in inner.split_inclusive('\n') {
        at += line.len();
        let is_outer = line.starts_with("  ") && !line.starts_with("   ");
        let text = line.trim();
        open = match () {
            () if is_outer && (text.ends_with('{') || text.ends_with('[')) => true,
            () if is_outer => false,
            () => open || text.is_empty(),
        };
        if !open && !text.is_empty() {
            found.extend(inner.get(begin..at));
            begin = at;
        }
    }
    found
}

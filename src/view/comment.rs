//! One comment of a pull request: in a fixed order, never longer than a comment may be, and nothing that others wrote can break out of its place.
//!
//! What is long is shortened in a fixed order, too: first the arguments of what is created go, then all arguments, then what is least destructive. What
//! went is said at the end, with the command that shows it whole.

use std::collections::BTreeMap;

use super::count;
use super::markdown::{clipped, code, escaped_in_comment, fenced, folded, is_unseen, prose_in_comment, table};
use super::outlook::{ASSUMED, Words, lines, sources, way};
use super::plan::{Shown, word};
use crate::plan::{Action, Change};
use crate::review::{Difference, Outlook, Risk};
use crate::stack::Presence;

/// The most bytes of a comment. GitHub takes 65,536 characters, and what a bot adds needs some.
pub const LIMIT: usize = 60_000;

/// What each part may take but the changes, which have the rest; and what is said of what is left out of those.
const ROOM: usize = 6_000;
const SAID: usize = 400;
/// The most characters of a cell, a sentence, a line of a change; and the most lines of a change.
const CELL: usize = 200;
const SENTENCE: usize = 600;
const LINE: usize = 240;
const LINES: usize = 40;

/// What is in a comment.
pub(super) struct Comment<'a> {
    /// What it is of, as in `plan web-geo`: by it a bot finds the comment that it wrote before.
    pub marker: String,
    /// The title, in plain text.
    pub title: String,
    /// The verdict, in plain text.
    pub verdict: String,
    /// What stands below the verdict: what must not be done, what is special. Words in which backticks mark code.
    pub remarks: Vec<String>,
    /// What is expected of recovery.
    pub outlooks: &'a [Outlook],
    /// What else there is to say of that.
    pub outlook_notes: Vec<String>,
    /// What becomes riskier.
    pub risks: &'a [Risk],
    /// What happens to resources, what is destroyed first; without what stays as it is.
    pub changes: Vec<Changed<'a>>,
    /// How values are shown.
    pub shown: Shown,
    /// Summaries, in plain text, and lines of what else is told.
    pub further: Vec<(String, String)>,
    /// The regions of sites.
    pub regions: BTreeMap<String, String>,
    /// The command that shows everything.
    pub whole: String,
    /// The command whose JSON has this digest, and the digest.
    pub digest: (String, String),
    /// What was compared with what, in plain text.
    pub basis: String,
}

/// A change with the word for it.
pub(super) struct Changed<'a> {
    pub change: &'a Change,
    pub word: &'static str,
}

impl<'a> From<&'a Change> for Changed<'a> {
    fn from(change: &'a Change) -> Self {
        Self { change, word: word(change.action) }
    }
}

impl<'a> From<&'a Difference> for Changed<'a> {
    fn from(difference: &'a Difference) -> Self {
        let change = &difference.change;
        let word = if change.action == Action::Adopt { "rename" } else { word(change.action) };
        Self { change, word }
    }
}

/// The comment.
pub(super) fn markdown(comment: &Comment<'_>) -> String {
    let mut left_out = Vec::new();
    let mut out =
        format!("<!-- drplan {} -->\n### {}\n\n", comment.marker, escaped_in_comment(&clipped(&comment.title, CELL)));
    out += &format!("**{}**\n", escaped_in_comment(&clipped(&comment.verdict, SENTENCE)));
    let remarks = comment.remarks.iter().map(|remark| format!("- {}\n", sentence(remark)));
    out += &section("", "", within(remarks.collect(), "remark", "remarks", &mut left_out), "");
    out += &recovery(comment, &mut left_out);
    let risks = comment.risks.iter().map(|risk| format!("- {}.\n", sentence(&risk.what)));
    out += &section("#### What becomes riskier\n\n", "", within(risks.collect(), "risk", "risks", &mut left_out), "");
    out += &destroyed(comment, &mut left_out);
    let further = further(comment, &mut left_out);
    let room = LIMIT.saturating_sub(out.len() + further.len() + end(comment, &left_out).len() + SAID);
    out += &changes(comment, room, &mut left_out);
    out += &further;
    out += &end(comment, &left_out);
    out
}

/// A sentence in which backticks mark code. What it begins with could make a list or a block of code of it, and then something stands before that.
fn sentence(text: &str) -> String {
    let words = prose_in_comment(&clipped(text, SENTENCE));
    let words = words.trim();
    let begins_a_block = words.starts_with(|c: char| matches!(c, '-' | '+' | '=') || c.is_ascii_digit());
    format!("{}{words}", if begins_a_block { "&#8203;" } else { "" })
}

/// A part with its head; nothing where there is nothing in it.
fn section(title: &str, head: &str, body: String, end: &str) -> String {
    if body.is_empty() { String::new() } else { format!("\n{title}{head}{body}{end}") }
}

/// As many of these as there is room for; what there is none for is left out, and said to be.
fn within(items: Vec<String>, one: &str, many: &str, left_out: &mut Vec<String>) -> String {
    let all = items.len();
    let mut kept = String::new();
    let mut shown = 0;
    for item in items {
        if kept.len() + item.len() > ROOM {
            break;
        }
        kept += &item;
        shown += 1;
    }
    if shown < all {
        left_out.push(format!("{} of {}", all - shown, count(all, one, many)));
    }
    kept
}

/// The rows of a table of which there may be too many.
fn rows_of(head: &[&str], rows: Vec<Vec<String>>) -> (String, Vec<String>) {
    let empty = table(head, 0, &[]);
    let row = |row: Vec<String>| table(head, 0, &[row]).split_off(empty.len());
    let rows = rows.into_iter().map(row).collect();
    (empty, rows)
}

fn recovery(comment: &Comment<'_>, left_out: &mut Vec<String>) -> String {
    if comment.outlooks.is_empty() {
        return String::new();
    }
    let mut rows = Vec::new();
    for outlook in comment.outlooks {
        for (at, line) in lines(outlook).into_iter().enumerate() {
            let of = format!("{}, {}", code(&outlook.group), escaped_in_comment(&way(outlook)));
            let about = match line.about {
                Words::Plain(words) => words.to_owned(),
                Words::LossOf(replica) => format!("loss of {}", code(&clipped(&replica, CELL))),
            };
            let cell = |text: &str| escaped_in_comment(&clipped(text, CELL));
            let first = if at == 0 { of } else { String::new() };
            rows.push(vec![first, about, cell(&line.before), cell(&line.after), line.objective, line.mark.to_owned()]);
        }
    }
    let (head, rows) = rows_of(&["failover group", "", "before", "after", "objective", ""], rows);
    let body = within(rows, "line about recovery", "lines about recovery", left_out);
    let mut notes: Vec<String> = Vec::new();
    for loss in sources(comment.outlooks) {
        let note =
            format!("- Loss of {}: {}.\n", code(&clipped(loss.replica.as_str(), CELL)), prose_in_comment(&loss.source));
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    let own = comment.outlook_notes.iter().map(String::as_str).chain([ASSUMED]);
    notes.extend(own.map(|note| format!("- {}\n", sentence(note))));
    let notes = within(notes, "note on recovery", "notes on recovery", left_out);
    section("#### Recovery, before and after\n\n", &head, body, &format!("\n{notes}"))
}

/// What is destroyed or replaced, of what stands.
fn destroyed(comment: &Comment<'_>, left_out: &mut Vec<String>) -> String {
    let doomed = comment.changes.iter().filter(|one| {
        matches!(one.change.action, Action::Delete | Action::Replace(_)) && one.change.presence == Presence::Permanent
    });
    let row = |Changed { change, word }: &Changed<'_>| {
        let data = if change.loses_data { "**loses data**" } else { "" };
        let address = code(&clipped(change.address.as_str(), CELL));
        vec![(*word).to_owned(), address, sentence(&change.reason), data.to_owned()]
    };
    let (head, rows) = rows_of(&["", "resource", "why", ""], doomed.map(row).collect());
    let body = within(rows, "line about what is destroyed", "lines about what is destroyed", left_out);
    section("#### What is destroyed or replaced\n\n", &head, body, "")
}

/// What else is told, folded.
fn further(comment: &Comment<'_>, left_out: &mut Vec<String>) -> String {
    let mut out = String::new();
    for (summary, lines) in &comment.further {
        let text = anstream::adapter::strip_str(lines).to_string();
        let kept = text.lines().map(|line| line_of(line) + "\n").collect();
        let what = format!("of `{}`", summary.to_lowercase());
        let lines = within(kept, &format!("line {what}"), &format!("lines {what}"), left_out);
        let room = ROOM.saturating_sub(out.len());
        if lines.len() > room {
            left_out.push(format!("`{}`", summary.to_lowercase()));
            continue;
        }
        out += &format!("\n{}", folded(&escaped_in_comment(summary), &fenced("diff", &lines)));
    }
    out
}

/// A line of a block of code as it may be shown: what cannot be seen is not there, and no line is endless.
fn line_of(line: &str) -> String {
    let seen: String = line.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    clipped(&seen, LINE)
}

/// How much of a change is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Whole,
    /// The arguments of what is created are left out.
    NotOfNew,
    /// All arguments are left out.
    HeadOnly,
}

/// The changes by site, as much of them as there is room for.
fn changes(comment: &Comment<'_>, room: usize, left_out: &mut Vec<String>) -> String {
    if comment.changes.is_empty() {
        return String::new();
    }
    let title = "\n#### Changes by site\n";
    for depth in [Depth::Whole, Depth::NotOfNew, Depth::HeadOnly] {
        let texts: Vec<String> = comment.changes.iter().map(|one| text(comment, one, depth)).collect();
        let (body, kept) = by_site(comment, &texts, room.saturating_sub(title.len()));
        if kept < texts.len() && depth != Depth::HeadOnly {
            continue;
        }
        match depth {
            Depth::Whole => {}
            Depth::NotOfNew => left_out.push("the arguments of what is created".to_owned()),
            Depth::HeadOnly => left_out.push("the arguments of all changes".to_owned()),
        }
        if kept < texts.len() {
            left_out.push(format!("{} of {}", texts.len() - kept, count(texts.len(), "change", "changes")));
        }
        return format!("{title}{body}");
    }
    String::new()
}

/// The folds of the sites, and how many changes are in them: in the order of the changes, as long as there is room.
fn by_site(comment: &Comment<'_>, texts: &[String], room: usize) -> (String, usize) {
    let mut folds: BTreeMap<(&str, Presence), Fold<'_>> = BTreeMap::new();
    for Changed { change, word } in &comment.changes {
        *folds.entry((&change.site, change.presence)).or_default().counts.entry(word).or_default() += 1;
    }
    for (at, fold) in &mut folds {
        fold.summary = summary(comment, *at, &fold.counts);
    }
    let (mut used, mut kept) = (0, 0);
    for (Changed { change, word: _ }, text) in comment.changes.iter().zip(texts) {
        let Some(fold) = folds.get_mut(&(change.site.as_str(), change.presence)) else { continue };
        let own = if fold.lines.is_empty() { fold.summary.len() + FOLD } else { 0 };
        // A fence grows with what is in it.
        let more = own + 2 * longest_run(text) + text.len();
        if used + more > room {
            break;
        }
        used += more;
        fold.lines.push_str(text);
        kept += 1;
    }
    let shown = folds.values().filter(|fold| !fold.lines.is_empty());
    (shown.map(|fold| format!("\n{}", folded(&fold.summary, &fenced("diff", &fold.lines)))).collect(), kept)
}

/// The changes at one site.
#[derive(Default)]
struct Fold<'a> {
    /// How many there are, by the word for them.
    counts: BTreeMap<&'a str, usize>,
    summary: String,
    /// Those that are shown.
    lines: String,
}

/// What a fold takes beside its summary and its lines.
const FOLD: usize = 100;

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// `primary (canadacentral), permanent: 3 to create, 1 to update`.
fn summary(comment: &Comment<'_>, (site, presence): (&str, Presence), counts: &BTreeMap<&str, usize>) -> String {
    let region = comment.regions.get(site).map(|region| format!(" ({region})")).unwrap_or_default();
    let place = match (site, presence) {
        ("", _) => "no site".to_owned(),
        (site, Presence::Permanent) => format!("{site}{region}"),
        (site, Presence::Failover) => format!("{site}{region}, only during a failover"),
    };
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} to {word}")).collect();
    format!("{}: {}", escaped_in_comment(&clipped(&place, CELL)), counts.join(", "))
}

/// A change as lines of a block of code, coloured by their first character.
fn text(comment: &Comment<'_>, Changed { change, word }: &Changed<'_>, depth: Depth) -> String {
    let sign = match change.action {
        Action::Create | Action::Adopt => '+',
        Action::Delete | Action::Replace(_) => '-',
        Action::Update | Action::Forget | Action::Keep => '!',
    };
    let mut out = line_of(&format!("{sign} {word} {} ({})", change.address, change.reason)) + "\n";
    let is_new = change.action == Action::Create;
    if depth == Depth::HeadOnly || (depth == Depth::NotOfNew && is_new) {
        return out;
    }
    let whole = anstream::adapter::strip_str(&comment.shown.change(change)).to_string();
    let mut lines: Vec<&str> = whole.lines().skip(1).collect();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    // Four characters less than on a terminal: a phone has no more.
    out.extend(lines.into_iter().map(|line| line_of(line.strip_prefix("    ").unwrap_or(line)) + "\n"));
    if more > 0 {
        out += &format!("    … {}\n", count(more, "more line", "more lines"));
    }
    out
}

fn end(comment: &Comment<'_>, left_out: &[String]) -> String {
    let mut out = String::from("\n");
    if !left_out.is_empty() {
        let what = left_out.join(", ");
        let command = code(&clipped(&comment.whole, SENTENCE));
        out += &format!("**Shortened.** Left out: {}. {command} shows everything.\n\n", sentence(&what));
    }
    let (command, digest) = &comment.digest;
    let command = code(&clipped(command, SENTENCE));
    out += &format!(
        "<sub>{}<br>SHA-256 of {command}: {}</sub>\n",
        escaped_in_comment(&clipped(&comment.basis, SENTENCE)),
        code(digest)
    );
    out
}

//! One comment of a pull request, in a fixed order, within the length limit of a forge, and with the text of others
//! escaped.
//!
//! A long comment is shortened in a fixed order: it omits the arguments of created resources first, then all arguments,
//! then the least destructive changes. The end lists the omitted parts, with the command that prints everything.

use std::collections::BTreeMap;

use super::count;
use super::forecast::ObjectiveMark;
use super::markdown::{clipped, code, escaped_in_comment, fenced, folded, prose_in_comment, table};
use super::outlook::{ASSUMED, OutlookLine, OutlookSubject, lines, sources, way};
use super::plan::{ValueRenderer, place, word};
use crate::plan::{Action, Change};
use crate::review::{Expectation, Outlook, Risk, refusals};
use crate::stack::Presence;

/// Maximum size of a comment in bytes. GitHub accepts 65,536 characters, and a bot adds some of its own.
pub const LIMIT: usize = 60_000;

/// Maximum bytes of each part except the changes, which get the rest, and of the list of omitted parts.
const ROOM: usize = 6_000;
const SAID: usize = 400;
/// Maximum characters of a cell, a sentence and a line of a change, and maximum lines of a change.
const CELL: usize = 200;
const SENTENCE: usize = 600;
const LINE: usize = 240;
const LINES: usize = 40;

/// Content of a comment.
pub(super) struct Comment<'a> {
    /// Subject, as in `plan web-geo`, by which a bot finds its earlier comment.
    pub marker: String,
    /// The title, in plain text.
    pub title: String,
    /// The verdict, in plain text.
    pub verdict: String,
    /// Remarks below the verdict: blocked changes and notes, in which backticks mark code.
    pub remarks: Vec<String>,
    /// Predicted recovery, before and after.
    pub outlooks: &'a [Outlook],
    /// Notes on the predictions.
    pub outlook_notes: Vec<String>,
    /// Increased risks.
    pub risks: &'a [Risk],
    /// Changes of resources, deletions first, without unchanged ones.
    pub changes: Vec<CommentChange<'a>>,
    /// Formatter of values.
    pub shown: ValueRenderer,
    /// Further folded sections: summary in plain text, and lines.
    pub further: Vec<(String, String)>,
    /// The regions of sites.
    pub regions: BTreeMap<String, String>,
    /// The commands that it names.
    pub commands: CommentCommands,
    /// The compared versions, in plain text.
    pub basis: String,
}

/// Commands that a comment names.
#[derive(Debug, Clone)]
pub struct CommentCommands {
    /// The command that prints everything.
    pub whole: String,
    /// The command whose JSON has this digest, and the digest.
    pub digest: (String, String),
    /// The sentence about sensitive values that the commands lack; empty where they lack none.
    pub secrets: String,
}

/// A change with its verb.
pub(super) struct CommentChange<'a> {
    pub change: &'a Change,
    pub word: &'static str,
}

impl<'a> From<&'a Change> for CommentChange<'a> {
    fn from(change: &'a Change) -> Self {
        Self { change, word: word(change.action) }
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
    out += &section("#### Risks\n\n", "", within(risks.collect(), "risk", "risks", &mut left_out), "");
    out += &destroyed(comment, &mut left_out);
    let further = further(comment, &mut left_out);
    let room = LIMIT.saturating_sub(out.len() + further.len() + end(comment, &left_out).len() + SAID);
    out += &changes(comment, room, &mut left_out);
    out += &further;
    out += &end(comment, &left_out);
    out
}

/// A sentence in which backticks mark code. A space of no width precedes a first character that would begin a list or a
/// heading.
fn sentence(text: &str) -> String {
    let words = prose_in_comment(&clipped(text, SENTENCE));
    let words = words.trim();
    let begins_a_block = words.starts_with(|c: char| matches!(c, '-' | '+' | '=') || c.is_ascii_digit());
    format!("{}{words}", if begins_a_block { "&#8203;" } else { "" })
}

/// A section with its heading, or nothing if its body is empty.
fn section(title: &str, head: &str, body: String, end: &str) -> String {
    if body.is_empty() { String::new() } else { format!("\n{title}{head}{body}{end}") }
}

/// As many items as fit. The number of omitted ones goes to `left_out`.
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

/// Head and rows of a table, separately, so that rows can be omitted.
fn rows_of(head: &[&str], rows: Vec<Vec<String>>) -> (String, Vec<String>) {
    let empty = table(head, 0, &[]);
    let row = |row: Vec<String>| table(head, 0, &[row]).split_off(empty.len());
    let rows = rows.into_iter().map(row).collect();
    (empty, rows)
}

/// Predicted recovery: the service time of each group, and further values that change, in bold.
fn recovery(comment: &Comment<'_>, left_out: &mut Vec<String>) -> String {
    if comment.outlooks.is_empty() {
        return String::new();
    }
    let cell = |text: &str| escaped_in_comment(&clipped(text, CELL));
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for outlook in comment.outlooks {
        let mut of = format!("{} ({}): ", code(&clipped(&outlook.group, CELL)), escaped_in_comment(&way(outlook)));
        for line in worth_showing(outlook) {
            let about = match &line.about {
                OutlookSubject::Plain(words) => (*words).to_owned(),
                OutlookSubject::LossOf(replica) => {
                    notes.extend(source_of(outlook, replica));
                    format!("data loss of {}", code(&clipped(replica, CELL)))
                }
            };
            let after = match line.before == line.after {
                true => "unchanged".to_owned(),
                false => format!("**{}**", cell(&line.after)),
            };
            let objective = match line.objective.as_str() {
                "" => line.mark.to_owned(),
                objective => format!("{objective}: {}", line.mark),
            };
            rows.push(vec![format!("{}{about}", std::mem::take(&mut of)), cell(&line.before), after, objective]);
        }
    }
    let (head, rows) = rows_of(&["recovery", "before", "after", "objective"], rows);
    let body = within(rows, "line about recovery", "lines about recovery", left_out);
    notes.dedup();
    let own = comment.outlook_notes.iter().map(String::as_str).chain([ASSUMED]);
    notes.extend(own.map(|note| format!("- {}\n", sentence(note))));
    let notes = within(notes, "note on recovery", "notes on recovery", left_out);
    section("#### Recovery\n\n", &head, body, &format!("\n{notes}"))
}

/// The line about the time, and those with a changed value or a missed objective. Nothing is predicted of a move that
/// is blocked: of that, the failed preflight checks alone.
pub(super) fn worth_showing(outlook: &Outlook) -> Vec<OutlookLine> {
    const BLOCKED: &str = "blocked";
    let is_blocked = |expected: &Expectation| expected.procedure().is_some_and(|one| refusals(one).next().is_some());
    let (before, after) = (is_blocked(&outlook.before), is_blocked(&outlook.after));
    let mut all = lines(outlook);
    if after {
        // The line with the reasons comes first where either move is blocked.
        all.truncate(1);
        return all;
    }
    let reasons = usize::from(before);
    for line in all.iter_mut().skip(reasons).filter(|_| before) {
        BLOCKED.clone_into(&mut line.before);
    }
    let is_missed = |line: &OutlookLine| line.mark == ObjectiveMark::Missed.words();
    let shown = |(at, line): (usize, OutlookLine)| {
        (at == reasons || line.before != line.after || is_missed(&line)).then_some(line)
    };
    all.into_iter().enumerate().filter_map(shown).collect()
}

/// A note with the source of the data loss of a replica.
fn source_of(outlook: &Outlook, replica: &str) -> Option<String> {
    let loss = sources(std::slice::from_ref(outlook)).into_iter().find(|loss| loss.replica.as_str() == replica)?;
    let (replica, source) = (code(&clipped(replica, CELL)), prose_in_comment(&clipped(&loss.source, SENTENCE)));
    Some(format!("- Data loss of {replica}: {source}.\n"))
}

/// Deleted and replaced permanent resources.
fn destroyed(comment: &Comment<'_>, left_out: &mut Vec<String>) -> String {
    let doomed = comment.changes.iter().filter(|one| {
        matches!(one.change.action, Action::Delete | Action::Replace(_)) && one.change.presence == Presence::Permanent
    });
    let row = |CommentChange { change, word }: &CommentChange<'_>| {
        let data = if change.loses_data { "**loses data**" } else { "" };
        let address = code(&clipped(change.address.as_str(), CELL));
        vec![(*word).to_owned(), address, sentence(&change.reason), data.to_owned()]
    };
    let (head, rows) = rows_of(&["action", "resource", "reason", "data"], doomed.map(row).collect());
    let body = within(rows, "deleted or replaced resource", "deleted or replaced resources", left_out);
    section("#### Deleted or replaced\n\n", &head, body, "")
}

/// Further sections, folded.
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

/// A line of a block of code without invisible characters, clipped.
fn line_of(line: &str) -> String {
    let seen = crate::visible::one_line(line);
    clipped(&seen, LINE)
}

/// Level of detail of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DetailLevel {
    Whole,
    /// Without the arguments of created resources.
    NotOfNew,
    /// Without arguments.
    HeadOnly,
}

/// The changes by site, as many as fit.
fn changes(comment: &Comment<'_>, room: usize, left_out: &mut Vec<String>) -> String {
    if comment.changes.is_empty() {
        return String::new();
    }
    let title = "\n#### Changes by site\n";
    for depth in [DetailLevel::Whole, DetailLevel::NotOfNew, DetailLevel::HeadOnly] {
        let (body, kept) = by_site(comment, depth, room.saturating_sub(title.len()));
        let all = comment.changes.len();
        if kept < all && depth != DetailLevel::HeadOnly {
            continue;
        }
        match depth {
            DetailLevel::Whole => {}
            DetailLevel::NotOfNew => left_out.push("the arguments of created resources".to_owned()),
            DetailLevel::HeadOnly => left_out.push("the arguments of all changes".to_owned()),
        }
        if kept < all {
            left_out.push(format!("{} of {}", all - kept, count(all, "change", "changes")));
        }
        return format!("{title}{body}");
    }
    String::new()
}

/// The folds of the sites and the number of changes in them, in the order of the changes, as many as fit.
fn by_site(comment: &Comment<'_>, depth: DetailLevel, room: usize) -> (String, usize) {
    let mut folds: BTreeMap<(&str, Presence), SiteFold<'_>> = BTreeMap::new();
    for CommentChange { change, word } in &comment.changes {
        *folds.entry((&change.site, change.presence)).or_default().counts.entry(word).or_default() += 1;
    }
    for (at, fold) in &mut folds {
        fold.summary = summary(comment, *at, &fold.counts);
    }
    let (mut used, mut kept) = (0, 0);
    for one in &comment.changes {
        let Some(fold) = folds.get_mut(&(one.change.site.as_str(), one.change.presence)) else { continue };
        let text = text(comment, one, depth);
        let own = if fold.lines.is_empty() { fold.summary.len() + FOLD } else { 0 };
        // The fence of a block of code is longer than any run of backticks in it.
        let more = own + 2 * longest_run(&text) + text.len();
        if used + more > room {
            break;
        }
        used += more;
        fold.lines.push_str(&text);
        kept += 1;
    }
    let shown = folds.values().filter(|fold| !fold.lines.is_empty());
    (shown.map(|fold| format!("\n{}", folded(&fold.summary, &fenced("diff", &fold.lines)))).collect(), kept)
}

/// The changes at one site.
#[derive(Default)]
struct SiteFold<'a> {
    /// Number of changes by verb.
    counts: BTreeMap<&'a str, usize>,
    summary: String,
    /// Lines of the changes that fit.
    lines: String,
}

/// Bytes of a fold beside its summary and lines.
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
        (site, Presence::Failover) => format!("{site}{region}, failover-only"),
    };
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} to {word}")).collect();
    format!("{}: {}", escaped_in_comment(&clipped(&place, CELL)), counts.join(", "))
}

/// A change as lines of a block of code, coloured by their first character.
fn text(comment: &Comment<'_>, CommentChange { change, word }: &CommentChange<'_>, depth: DetailLevel) -> String {
    let sign = match change.action {
        Action::Create | Action::Adopt => '+',
        Action::Delete | Action::Replace(_) => '-',
        Action::Update | Action::Rename | Action::Forget | Action::Keep => '!',
    };
    let place = match change.action {
        Action::Create | Action::Replace(_) | Action::Rename | Action::Adopt | Action::Delete => place(change, true),
        Action::Forget | Action::Update | Action::Keep => String::new(),
    };
    let mut out = line_of(&format!("{sign} {word} {}{place} ({})", change.address, change.reason)) + "\n";
    let is_new = change.action == Action::Create;
    if depth == DetailLevel::HeadOnly || (depth == DetailLevel::NotOfNew && is_new) {
        return out;
    }
    let whole = anstream::adapter::strip_str(&comment.shown.change(change)).to_string();
    let mut lines: Vec<&str> = whole.lines().skip(1).collect();
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    // Four characters less indentation than on a terminal, so that lines fit a phone.
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
        let command = code(&clipped(&comment.commands.whole, SENTENCE));
        out += &format!("**Shortened.** Omitted: {}. {command} prints everything.\n\n", sentence(&what));
    }
    let CommentCommands { whole: _, digest: (command, digest), secrets } = &comment.commands;
    let command = code(&clipped(command, SENTENCE));
    let secrets = match secrets.trim_end() {
        "" => String::new(),
        secrets => format!("<br>{}", escaped_in_comment(&clipped(secrets, SENTENCE))),
    };
    out += &format!(
        "<sub>{}<br>SHA-256 of {command}: {}{secrets}</sub>\n",
        escaped_in_comment(&clipped(&comment.basis, SENTENCE)),
        code(digest)
    );
    out
}

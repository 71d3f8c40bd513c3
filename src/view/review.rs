//! The difference between two stacks as text: deletions first, other differences, predicted recovery, the verdict last.

use super::comment::worth_showing;
use super::outlook::{self, ASSUMED, OutlookSubject};
use super::plan::{ValueRenderer, word};
use super::value::ResourceNames;
use super::{BOLD, CYAN, DIM, GREEN, Layout, RED, YELLOW, count, fit, styled, visible};
use crate::address::Address;
use crate::object::ObjectId;
use crate::review::{DifferenceKind, Outlook, Review, Setting};

/// From this many characters on, the values before and after are on separate lines.
const WIDE: usize = 60;

/// The compared stacks, as text.
#[derive(Debug, Clone)]
pub struct StackLabels {
    /// The stack before.
    pub before: String,
    /// The stack after.
    pub after: String,
}

/// Addresses of the resources of both stacks by id.
pub(super) fn shown(names: &[(ObjectId, Address)]) -> ValueRenderer {
    ValueRenderer::with(names.iter().map(|(id, address)| (id, address)).collect::<ResourceNames>())
}

/// The whole difference. `names` are the ids of both stacks.
pub fn text(review: &Review, sides: &StackLabels, names: &[(ObjectId, Address)], layout: Layout) -> String {
    let shown = shown(names).within(layout.width);
    let StackLabels { before, after } = sides;
    let mut sections = vec![format!("{}: {} -> {}\n", styled(BOLD, &review.stack), visible(before), visible(after))];
    let groups = review.resources.chunk_by(|a, b| word(a.action) == word(b.action));
    sections.extend(groups.map(|group| group.iter().map(|one| shown.change(one)).collect()));
    if !review.settings.is_empty() {
        sections.push(settings(&shown, &review.settings));
    }
    sections.extend(recovery(&review.outlooks, layout));
    if !review.risks.is_empty() {
        let line = |what: &str| format!("  {} {}.\n", styled(RED, "!"), layout.wrap(&visible(what), 4));
        let lines: String = review.risks.iter().map(|risk| line(&risk.what)).collect();
        sections.push(format!("Risks:\n{lines}"));
    }
    sections.push(styled(BOLD, &verdict(review)) + "\n");
    fit(&sections.join("\n"), layout.width)
}

/// Differences beside resources.
pub(super) fn settings(shown: &ValueRenderer, settings: &[Setting]) -> String {
    let one = |Setting { of, name, turn, arguments }: &Setting| {
        let (sign, style) = match turn {
            DifferenceKind::Removed => ("-", RED),
            DifferenceKind::Changed => ("~", YELLOW),
            DifferenceKind::Added => ("+", GREEN),
        };
        let name = if name.is_empty() { (*of).to_owned() } else { format!("{of} {name}") };
        let mut out = format!("{} {}\n", styled(style, &format!("{sign:>3}")), styled(BOLD, &name));
        out.extend(arguments.iter().map(|argument| match &argument.after {
            Some(after) if argument.before.is_none() && *turn == DifferenceKind::Added => {
                shown.new_argument(&argument.path, after)
            }
            _ => shown.argument(argument),
        }));
        out
    };
    settings.iter().map(one).collect()
}

fn recovery(outlooks: &[Outlook], layout: Layout) -> Option<String> {
    if outlooks.is_empty() {
        return None;
    }
    let mut out = String::from("Recovery:\n");
    for outlook in outlooks {
        out += &format!("  {} {}, {}\n", styled(CYAN, "failover group"), outlook.group, outlook::way(outlook));
        let lines = worth_showing(outlook);
        let about = |line: &outlook::OutlookLine| match &line.about {
            OutlookSubject::Plain(words) => (*words).to_owned(),
            OutlookSubject::LossOf(replica) => visible(&format!("data loss of {replica}")),
        };
        let width = lines.iter().map(|line| about(line).chars().count()).max().unwrap_or_default();
        for line in &lines {
            let objective = match (line.objective.as_str(), line.mark) {
                ("", _) => String::new(),
                (objective, "") => format!("; objective {objective}"),
                (objective, mark) => format!("; objective {objective}: {mark}"),
            };
            let (before, after) = (visible(&line.before), visible(&line.after));
            let change = match (before == after, before.len() + after.len() > WIDE) {
                (true, _) => format!("{after}{objective}"),
                (false, false) => format!("{before} -> {after}{objective}"),
                (false, true) => format!("{before}\n{:1$}-> {after}{objective}", "", width + 6),
            };
            out += &format!("    {:width$}  {change}\n", about(line));
        }
    }
    Some(out + &styled(DIM, &layout.wrap(ASSUMED, 0)) + "\n")
}

/// The last lines: the number of differences, and predictions against the objectives.
pub fn verdict(review: &Review) -> String {
    const WORDS: [&str; 5] = ["create", "update", "replace", "delete", "rename"];
    let number = |wanted: &str| review.resources.iter().filter(|one| word(one.action) == wanted).count();
    let some = |word: &str| Some(number(word)).filter(|number| *number > 0).map(|number| format!("{number} to {word}"));
    let mut parts: Vec<String> = WORDS.into_iter().filter_map(some).collect();
    if !review.settings.is_empty() {
        parts.push(count(review.settings.len(), "setting differs", "settings differ"));
    }
    let what = match (parts.is_empty(), review.is_new) {
        (true, _) => "No difference.".to_owned(),
        (false, true) => format!("Difference: the stack is new; {}.", parts.join(", ")),
        (false, false) => format!("Difference: {}.", parts.join(", ")),
    };
    format!("{what} {}", outlook::objectives(&review.outlooks))
}

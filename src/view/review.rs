//! What differs between two stacks, as text: what is destroyed first, what else differs, recovery before and after, the verdict last.

use super::outlook::{self, ASSUMED, Words};
use super::plan::{Shown, word};
use super::value::Names;
use super::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, hang, styled, visible, wrap};
use crate::address::{Address, ArmId};
use crate::plan::Action;
use crate::review::{Difference, Outlook, Review, Setting, Turn};

/// From this many characters on, what was before and what is after stand on a line each.
const WIDE: usize = 60;

/// Which stacks were compared: in words.
#[derive(Debug, Clone)]
pub struct Sides {
    /// The one before.
    pub before: String,
    /// The one after.
    pub after: String,
}

/// The resources that the ids of both stacks stand for.
pub(super) fn shown(names: &[(ArmId, Address)]) -> Shown {
    Shown::with(names.iter().map(|(id, address)| (id, address)).collect::<Names>())
}

/// The whole difference. `names` are the ids of both stacks.
pub fn text(review: &Review, sides: &Sides, names: &[(ArmId, Address)]) -> String {
    let shown = shown(names);
    let Sides { before, after } = sides;
    let mut sections = vec![format!("{}: {} -> {}\n", styled(BOLD, &review.stack), visible(before), visible(after))];
    let groups = review.resources.chunk_by(|a, b| said(a) == said(b));
    sections.extend(groups.map(|group| group.iter().map(|one| resource(&shown, one)).collect()));
    if !review.settings.is_empty() {
        sections.push(settings(&shown, &review.settings));
    }
    sections.extend(recovery(&review.outlooks));
    if !review.risks.is_empty() {
        let line = |what: &str| format!("  {} {}.\n", styled(RED, "!"), hang(&wrap(&visible(what), 92), 4));
        let lines: String = review.risks.iter().map(|risk| line(&risk.what)).collect();
        sections.push(format!("What becomes riskier:\n{lines}"));
    }
    sections.push(styled(BOLD, &verdict(review)) + "\n");
    sections.join("\n")
}

/// The word for what happens to a resource.
pub(super) const fn said(difference: &Difference) -> &'static str {
    match difference.change.action {
        // Nothing is taken over between two texts: only a label changes.
        Action::Adopt => "rename",
        action => word(action),
    }
}

fn resource(shown: &Shown, difference: &Difference) -> String {
    let text = shown.change(&difference.change);
    match difference.change.action {
        Action::Adopt => text.replacen("<= ", " = ", 1).replacen("adopt  ", "rename ", 1),
        _ => text,
    }
}

/// What differs beside resources.
pub(super) fn settings(shown: &Shown, settings: &[Setting]) -> String {
    let one = |Setting { of, name, turn, arguments }: &Setting| {
        let (sign, style) = match turn {
            Turn::Removed => ("-", RED),
            Turn::Changed => ("~", YELLOW),
            Turn::Added => ("+", GREEN),
        };
        let name = if name.is_empty() { (*of).to_owned() } else { format!("{of} {name}") };
        let mut out = format!("{} {}\n", styled(style, &format!("{sign:>3}")), styled(BOLD, &name));
        out.extend(arguments.iter().map(|argument| match &argument.after {
            Some(after) if argument.before.is_none() && *turn == Turn::Added => {
                shown.new_argument(&argument.path, after)
            }
            _ => shown.argument(argument),
        }));
        out
    };
    settings.iter().map(one).collect()
}

fn recovery(outlooks: &[Outlook]) -> Option<String> {
    if outlooks.is_empty() {
        return None;
    }
    let mut out = String::from("Recovery, before and after:\n");
    for outlook in outlooks {
        out += &format!("  {} {}, {}\n", styled(CYAN, "failover group"), outlook.group, outlook::way(outlook));
        let lines = outlook::lines(outlook);
        let about = |line: &outlook::Line| match &line.about {
            Words::Plain(words) => (*words).to_owned(),
            Words::LossOf(replica) => visible(&format!("loss of {replica}")),
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
    Some(out + &styled(DIM, &wrap(ASSUMED, 94)) + "\n")
}

/// The last lines: how much differs, and how the objectives come out.
pub fn verdict(review: &Review) -> String {
    const WORDS: [&str; 5] = ["create", "update", "replace", "delete", "rename"];
    let number = |wanted: &str| review.resources.iter().filter(|one| said(one) == wanted).count();
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

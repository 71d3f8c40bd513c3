//! A plan as text: what is destroyed first, every change with its reason, the verdict last.

use std::collections::BTreeMap;

use anstyle::Style;
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use super::value::Names;
use super::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, hang, styled, table, wrap};
use crate::address::Address;
use crate::hcl::quoted;
use crate::kinds::{self, Need};
use crate::plan::{Action, ArgumentChange, Blocked, Change, Drift, Order, OutputChange, Plan, StandUp};
use crate::stack::{CloudName, Presence};
use crate::value::Sealed;

/// Where the text of an argument starts.
const INDENT: usize = 8;
/// The greatest width of `before -> after` on one line.
const LINE: usize = 90;

/// The whole plan.
pub fn text(plan: &Plan, cloud: CloudName) -> String {
    let Plan { stack, basis, changes, drift, roles, stand_up, outputs, notes, blocked, steps: _ } = plan;
    let recorded = match basis.lineage.is_empty() {
        true => "nothing recorded yet".to_owned(),
        false => format!("state serial {}, role epoch {}", basis.serial, basis.role_epoch),
    };
    let mut sections = vec![format!("{} on {} ({recorded})\n", styled(BOLD, stack), cloud.as_str())];
    sections.extend(notes.iter().map(|note| format!("{} {}\n", styled(CYAN, "note:"), hang(&wrap(note, 94), 6))));
    let shown = Shown { names: changes.iter().map(|change| (&change.id, &change.address)).collect() };
    let changing: Vec<&Change> = changes.iter().filter(|change| change.action != Action::Keep).collect();
    sections.extend(super::roles::sections(roles));
    sections.extend(shown.drift(drift));
    let groups = changing.chunk_by(|a, b| word(a.action) == word(b.action));
    sections.extend(groups.map(|group| group.iter().map(|one| shown.change(one)).collect()));
    sections.extend(shown.outputs(outputs));
    if !stand_up.is_empty() {
        sections.push(stand_up.iter().map(|one| standing(one, !changing.is_empty())).collect());
    }
    if !changing.is_empty() {
        sections.push(by_site(changes));
    }
    if !blocked.is_empty() {
        let lines = blocked.iter().map(|Blocked { address, why }| {
            format!("  {} {}: {}\n", styled(RED, "!"), styled(BOLD, address.as_str()), hang(&wrap(why, 90), 6))
        });
        sections.push(format!("{}\n{}", styled(RED, "This must not be applied:"), lines.collect::<String>()));
    }
    sections.push(styled(BOLD, &verdict(plan)) + "\n");
    sections.join("\n")
}

/// Whether applying the plan would do anything.
pub fn has_changes(plan: &Plan) -> bool {
    !plan.outputs.is_empty() || plan.changes.iter().any(|change| change.action != Action::Keep)
}

/// The last line: how much changes.
pub fn verdict(plan: &Plan) -> String {
    let number = |wanted: &str| plan.changes.iter().filter(|change| word(change.action) == wanted).count();
    let mut parts = vec![format!("{} to create", number("create")), format!("{} to update", number("update"))];
    let some = |word: &str| Some(number(word)).filter(|number| *number > 0).map(|number| format!("{number} to {word}"));
    parts.extend(some("replace"));
    parts.push(format!("{} to destroy", number("delete")));
    parts.extend(["adopt", "forget"].into_iter().filter_map(some));
    if plan.changes.iter().any(|change| change.action != Action::Keep) {
        format!("Plan: {}.", parts.join(", "))
    } else if plan.outputs.is_empty() {
        let swapped = match (plan.roles.drift.is_empty(), plan.roles.swapped.is_empty()) {
            (false, _) => ", but for roles that moved by themselves",
            (true, false) => ", with its roles swapped",
            (true, true) => "",
        };
        format!("No changes. {} stands as its stack says{swapped}.", plan.stack)
    } else {
        format!("No changes to resources; {}.", count(plan.outputs.len(), "output changes", "outputs change"))
    }
}

/// The word for an action.
pub const fn word(action: Action) -> &'static str {
    match action {
        Action::Delete => "delete",
        Action::Replace(_) => "replace",
        Action::Forget => "forget",
        Action::Update => "update",
        Action::Adopt => "adopt",
        Action::Create => "create",
        Action::Keep => "keep",
    }
}

fn sign(action: Action) -> (&'static str, Style) {
    match action {
        Action::Delete => ("-", RED),
        Action::Replace(Order::DeleteFirst) => ("-/+", RED),
        Action::Replace(Order::CreateFirst) => ("+/-", RED),
        Action::Forget => (".", YELLOW),
        Action::Update => ("~", YELLOW),
        Action::Adopt => ("<=", CYAN),
        Action::Create => ("+", GREEN),
        Action::Keep => (" ", DIM),
    }
}

/// How values are shown.
#[derive(Default)]
pub(super) struct Shown {
    names: Names,
}

impl Shown {
    /// Values in which these ids are shown as the resources they stand for.
    pub fn with(names: Names) -> Self {
        Self { names }
    }

    /// A change with its reason and its arguments, a line each.
    pub fn change(&self, change: &Change) -> String {
        let Change { address, id: _, site: _, presence: _, action, reason, arguments, loses_data } = change;
        let (sign, style) = sign(*action);
        let head = styled(style, &format!("{sign:>3} {:<7}", word(*action)));
        let mut out = format!("{head} {} {}\n", styled(BOLD, address.as_str()), styled(DIM, &format!("({reason})")));
        if *loses_data {
            out += &format!("{:INDENT$}{}\n", "", styled(RED, "loses data that apply cannot make again"));
        }
        out + &match action {
            Action::Create => self.created(address, arguments),
            _ => arguments.iter().map(|one| self.argument(one)).collect(),
        }
    }

    /// The arguments of what is created, one below the other. What is empty is left out, and so is what is only a default.
    fn created(&self, address: &Address, arguments: &[ArgumentChange]) -> String {
        let kind = kinds::find(address.kind());
        let default = |path: &str, value: &Sealed| {
            let need = kind.and_then(|kind| kind.arg(path)).map(|arg| arg.need);
            matches!(need, Some(Need::Default(lit)) if lit.json() == *value.json())
        };
        let empty = |value: &Sealed| matches!(self.names.on_one_line(value.json()).as_str(), "null" | "[]" | "{}");
        let shown: Vec<(&str, &Sealed)> = arguments
            .iter()
            .filter_map(|argument| Some((argument.path.as_str(), argument.after.as_ref()?)))
            .filter(|(path, value)| !empty(value) && !default(path, value))
            .collect();
        let width = shown.iter().map(|(path, _)| path.chars().count()).max().unwrap_or_default();
        let line = |(path, value): &(&str, &Sealed)| {
            format!("{:INDENT$}{path:width$} = {}\n", "", hang(&self.names.text(value.json()), INDENT))
        };
        shown.iter().map(line).collect()
    }

    /// An argument that changes.
    pub fn argument(&self, change: &ArgumentChange) -> String {
        let ArgumentChange { path, before, after, forces_replace } = change;
        let why = if *forces_replace { styled(RED, "  # forces replacement") } else { String::new() };
        let shown = self.difference(before.as_ref(), after.as_ref());
        let (break_, shown) = match shown.contains('\n') {
            true => (format!("{why}\n{:1$}", "", INDENT + 2), hang(&shown, INDENT + 2)),
            false => (" ".to_owned(), shown + &why),
        };
        format!("{:INDENT$}{path}:{break_}{shown}\n", "")
    }

    /// An argument of what is new.
    pub fn new_argument(&self, path: &str, value: &Sealed) -> String {
        format!("{:INDENT$}{path} = {}\n", "", hang(&self.names.text(value.json()), INDENT))
    }

    /// `before -> after`, or a difference by lines where that would be too long to compare by eye.
    fn difference(&self, before: Option<&Sealed>, after: Option<&Sealed>) -> String {
        match (before.map(Sealed::json), after.map(Sealed::json)) {
            (Some(before), Some(after)) => {
                if Sealed::is_sensitive(before) && Sealed::is_sensitive(after) {
                    return "(sensitive, changed)".to_owned();
                }
                let (old, new) = (self.names.on_one_line(before), self.names.on_one_line(after));
                // One object takes the place of another, and both go by the same name.
                if old == new && before != after {
                    return format!("{old} -> the one that replaces it");
                }
                let line = format!("{old} -> {new}");
                let lines = [before, after].iter().any(|json| json.as_str().is_some_and(|text| text.contains('\n')));
                let waits = Sealed::waits_for(after).is_some();
                match lines || (line.chars().count() > LINE && !waits) {
                    true => by_lines(&self.long_text(before), &self.long_text(after)),
                    false => line,
                }
            }
            (None, Some(after)) => format!("(none) -> {}", self.names.text(after)),
            (Some(before), None) => format!("{} -> (none)", self.names.text(before)),
            (None, None) => "(none)".to_owned(),
        }
    }

    fn long_text(&self, json: &Json) -> String {
        match json.as_str() {
            Some(text) if text.contains('\n') => text.to_owned(),
            _ => self.names.text(json),
        }
    }

    /// What the cloud has otherwise than recorded; `None` where nothing differs.
    pub fn drift(&self, drift: &[Drift]) -> Option<String> {
        let one = |Drift { address, gone, arguments }: &Drift| {
            let (sign, style, words) = if *gone { ("-", RED, "is gone") } else { ("~", YELLOW, "was changed") };
            let sign = styled(style, &format!("{sign:>3}"));
            let mut head = format!("{sign} {} {words}\n", styled(BOLD, address.as_str()));
            head.extend(arguments.iter().map(|one| self.argument(one)));
            head
        };
        let all: String = drift.iter().map(one).collect();
        (!drift.is_empty()).then(|| format!("Drift: the cloud has otherwise than recorded.\n{all}"))
    }

    /// Outputs that change; `None` where none does.
    pub fn outputs(&self, outputs: &[OutputChange]) -> Option<String> {
        let one = |OutputChange { name, before, after }: &OutputChange| {
            let (sign, style) = match (before, after) {
                (None, _) => ("+", GREEN),
                (Some(_), None) => ("-", RED),
                (Some(_), Some(_)) => ("~", YELLOW),
            };
            let shown = match (before, after) {
                (None, Some(after)) => self.names.text(after.json()),
                _ => self.difference(before.as_ref(), after.as_ref()),
            };
            format!("{} {name} = {}\n", styled(style, &format!("{sign:>3}")), hang(&shown, INDENT))
        };
        (!outputs.is_empty()).then(|| "Outputs:\n".to_owned() + &outputs.iter().map(one).collect::<String>())
    }
}

/// What the cloud has otherwise than recorded; `None` where nothing differs.
pub fn drift_section(drift: &[Drift]) -> Option<String> {
    Shown::default().drift(drift)
}

/// What differs, line by line, each with a sign and with two lines around it.
fn by_lines(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (at, hunk) in diff.grouped_ops(2).iter().enumerate() {
        if at > 0 {
            lines.push(styled(DIM, "..."));
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", RED),
                ChangeTag::Insert => ("+", GREEN),
                ChangeTag::Equal => (" ", DIM),
            };
            // Escaped and without its quotes, so that no text can move the cursor.
            let quoted = quoted(change.value().trim_end_matches(['\n', '\r']));
            lines.push(styled(style, &format!("{sign} {}", &quoted[1..quoted.len() - 1])));
        }
    }
    // The line breaks are what makes it more than one line even where one line was added.
    format!("{}{}", if lines.len() == 1 { "\n" } else { "" }, lines.join("\n"))
}

/// What would stand up with a failover group; with the resources by name where something changes anyway.
pub(super) fn standing(StandUp { group, site, resources, objects }: &StandUp, by_name: bool) -> String {
    let resources_ = count(resources.len(), "resource", "resources");
    let objects = count(*objects, "object", "objects");
    let head = match group.is_empty() {
        true => format!("No failover group stands up {resources_} ({objects}) at {site}"),
        false => format!("Failover group {group} would stand up {resources_} ({objects}) at {site}"),
    };
    if !by_name {
        return format!("{head}.\n");
    }
    let names = resources.iter().map(|address| address.as_str()).collect::<Vec<_>>().join(", ");
    format!("{head}:\n    {}\n", hang(&styled(DIM, &wrap(&names, 92)), 4))
}

/// How many of each action there are, by site and presence.
fn by_site(changes: &[Change]) -> String {
    const ACTIONS: [&str; 7] = ["delete", "replace", "forget", "update", "adopt", "create", "keep"];
    let mut places: BTreeMap<(&str, Presence), BTreeMap<&str, usize>> = BTreeMap::new();
    for change in changes {
        *places.entry((&change.site, change.presence)).or_default().entry(word(change.action)).or_default() += 1;
    }
    let columns: Vec<&str> =
        ACTIONS.into_iter().filter(|action| places.values().any(|counts| counts.contains_key(action))).collect();
    let header = ["site", "presence"].iter().chain(&columns).map(ToString::to_string).collect();
    let row = |(&(site, presence), counts): (&(&str, Presence), &BTreeMap<&str, usize>)| {
        let counts = columns.iter().map(|action| counts.get(action).map_or("-".to_owned(), usize::to_string));
        [site.to_owned(), presence.as_str().to_owned()].into_iter().chain(counts).collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(places.iter().map(row)).collect();
    table(&rows, 2)
}

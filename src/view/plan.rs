//! A plan as text: deletions first, every change with its reason, the number of changes last.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use super::value::ResourceNames;
use super::{BOLD, CYAN, DIM, GREEN, Layout, MANY, RED, WIDTH, YELLOW, count, fit, hang, short, styled, table};
use crate::hcl::quoted;
use crate::kinds::{Grammar, Kind, Location, Need, NoIds};
use crate::plan::{
    Action, ArgumentChange, BlockedResource, Change, Drift, FailoverProvision, Order, OutputChange, Plan,
};
use crate::stack::{CloudName, Presence};
use crate::value::SealedValue;

/// Column of the arguments of a change.
const INDENT: usize = 8;
/// Margin of `before -> after` on one line.
const MARGIN: usize = 10;

/// The whole plan.
pub fn text(plan: &Plan, cloud: CloudName, layout: Layout) -> String {
    let Plan { stack, basis, changes, drift, roles, stand_up, outputs, notes, blocked, steps: _ } = plan;
    let state = match basis.lineage.is_empty() {
        true => "no state yet".to_owned(),
        false => format!("state serial {}, role epoch {}", basis.serial, basis.role_epoch),
    };
    let mut sections = vec![format!("{} on {} ({state})\n", styled(BOLD, stack), cloud.as_str())];
    sections.extend(notes.iter().map(|note| format!("{} {}\n", styled(CYAN, "note:"), layout.wrap(note, 6))));
    let named = changes.iter().filter(|change| change.has_object());
    let names = named.map(|change| (&change.id, &change.address)).collect();
    let shown = ValueRenderer::with(names).within(layout.width);
    let changing: Vec<&Change> = changes.iter().filter(|change| change.action != Action::Keep).collect();
    sections.extend(super::roles::sections(roles, layout));
    sections.extend(shown.drift(drift, layout));
    let groups = changing.chunk_by(|a, b| word(a.action) == word(b.action));
    sections.extend(groups.map(|group| shown.changes(group, layout)));
    sections.extend(shown.outputs(outputs));
    let failover_only: String = stand_up.iter().map(|one| standing(one, !changing.is_empty(), layout)).collect();
    if !failover_only.is_empty() {
        sections.push(failover_only);
    }
    if !changing.is_empty() {
        sections.push(by_site(changes, layout.width));
    }
    if !blocked.is_empty() {
        let lines = blocked.iter().map(|BlockedResource { address, why }| {
            let text = format!("{}: {why}", styled(BOLD, address.as_str()));
            format!("  {} {}\n", styled(RED, "!"), layout.wrap(&text, 4))
        });
        sections.push(format!(
            "{}\n{}",
            styled(RED, "Blocked: drplan will not apply this plan."),
            lines.collect::<String>()
        ));
    }
    sections.push(styled(BOLD, &verdict(plan)) + "\n");
    fit(&sections.join("\n"), layout.width)
}

/// True if applying the plan would change resources or outputs.
pub fn has_changes(plan: &Plan) -> bool {
    !plan.outputs.is_empty() || plan.changes.iter().any(|change| change.action != Action::Keep)
}

/// The last line: the number of changes of each kind.
pub fn verdict(plan: &Plan) -> String {
    let number = |wanted: &str| plan.changes.iter().filter(|change| word(change.action) == wanted).count();
    let mut parts = vec![format!("{} to create", number("create")), format!("{} to update", number("update"))];
    let some = |word: &str| Some(number(word)).filter(|number| *number > 0).map(|number| format!("{number} to {word}"));
    parts.extend(some("replace"));
    parts.push(format!("{} to destroy", number("delete")));
    parts.extend(["rename", "adopt", "forget"].into_iter().filter_map(some));
    if plan.changes.iter().any(|change| change.action != Action::Keep) {
        format!("Plan: {}.", parts.join(", "))
    } else if !plan.blocked.is_empty() {
        format!("No changes: {} blocked.", count(plan.blocked.len(), "change is", "changes are"))
    } else if plan.outputs.is_empty() {
        let swapped = match (plan.roles.drift.is_empty(), plan.roles.swapped.is_empty()) {
            (false, _) => ", except for roles that changed outside drplan",
            (true, false) => " and is failed over",
            (true, true) => "",
        };
        format!("No changes. {} matches its configuration{swapped}.", plan.stack)
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
        Action::Rename => "rename",
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
        Action::Rename => ("=", CYAN),
        Action::Adopt => ("<=", CYAN),
        Action::Create => ("+", GREEN),
        Action::Keep => (" ", DIM),
    }
}

/// Changes as text, with ids shown as the resources that have them.
pub(super) struct ValueRenderer {
    names: ResourceNames,
    /// The width of a line.
    width: usize,
}

impl ValueRenderer {
    /// Text in which ids with these names are shown as addresses.
    pub fn with(names: ResourceNames) -> Self {
        Self { names, width: WIDTH }
    }

    /// The same for lines of this width.
    pub fn within(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// A value behind this many columns.
    fn value(&self, json: &Json, column: usize) -> String {
        self.names.text(json, self.width.saturating_sub(column))
    }

    /// Changes with the same action. A summary shows many like instances of one block as one line with their number.
    fn changes(&self, changes: &[&Change], layout: Layout) -> String {
        let groups = changes.chunk_by(|a, b| are_alike(a, b));
        let group = |group: &[&Change]| match layout.is_full() || group.len() < MANY {
            true => group.iter().map(|one| self.change(one)).collect(),
            false => self.instances(group, layout),
        };
        groups.map(group).collect()
    }

    /// A change with its cloud name, region and reason, and its arguments, a line each.
    pub fn change(&self, change: &Change) -> String {
        let Change { address, action, reason, arguments, loses_data, .. } = change;
        let place = match action {
            Action::Create | Action::Replace(_) | Action::Rename | Action::Adopt | Action::Delete => {
                place(change, true)
            }
            Action::Forget | Action::Update | Action::Keep => String::new(),
        };
        let mut out = format!(
            "{} {}{place} {}\n",
            head(*action),
            styled(BOLD, address.as_str()),
            styled(DIM, &format!("({reason})"))
        );
        if *loses_data {
            out += &format!("{:INDENT$}{}\n", "", styled(RED, "deletes data that apply cannot restore"));
        }
        out + &self.arguments(change.kind, *action, arguments.iter())
    }

    /// Many instances of one block with the same action: their number and keys, and the arguments that they share.
    fn instances(&self, changes: &[&Change], layout: Layout) -> String {
        let Some(Change { address, action, reason, arguments, kind, .. }) = changes.first() else {
            return String::new();
        };
        let block = address.block();
        let number = format!("{} instances", changes.len());
        let keys: Vec<String> = changes.iter().filter_map(|change| Some(quoted(&change.address.key()?))).collect();
        let mut out = format!(
            "{} {}  {number}{} {}\n",
            head(*action),
            styled(BOLD, &format!("{}[…]", block.as_str())),
            changes.first().map(|change| place(change, false)).unwrap_or_default(),
            styled(DIM, &format!("({reason}; -v shows each)")),
        );
        out += &format!("{:INDENT$}{}\n", "", styled(DIM, &layout.wrap(&keys.join(", "), INDENT)));
        let in_all = |one: &&ArgumentChange| changes.iter().all(|other| other.arguments.contains(one));
        let shared: Vec<&ArgumentChange> = arguments.iter().filter(in_all).collect();
        out += &self.arguments(*kind, *action, shared.iter().copied());
        let others = changes.iter().flat_map(|change| &change.arguments).filter(|one| !shared.contains(one));
        let differing: BTreeSet<&str> = others
            .filter(|one| *action != Action::Create || self.is_worth_a_line(*kind, one))
            .map(|one| one.path.as_str())
            .collect();
        if !differing.is_empty() {
            let names = differing.into_iter().collect::<Vec<_>>().join(", ");
            let names = layout.wrap(&format!("different for each: {names}"), INDENT);
            out += &format!("{:INDENT$}{}\n", "", styled(DIM, &names));
        }
        out
    }

    fn arguments<'a>(
        &self,
        kind: Option<&Kind>,
        action: Action,
        arguments: impl Iterator<Item = &'a ArgumentChange>,
    ) -> String {
        match action {
            Action::Create => self.created(kind, arguments),
            _ => arguments.map(|one| self.argument(one)).collect(),
        }
    }

    /// The arguments of a new resource, one below the other, without empty values and defaults.
    fn created<'a>(&self, kind: Option<&Kind>, arguments: impl Iterator<Item = &'a ArgumentChange>) -> String {
        let shown: Vec<(&str, &SealedValue)> = arguments
            .filter(|one| self.is_worth_a_line(kind, one))
            .filter_map(|argument| Some((argument.path.as_str(), argument.after.as_ref()?)))
            .collect();
        let width = shown.iter().map(|(path, _)| path.chars().count()).max().unwrap_or_default();
        let line = |(path, value): &(&str, &SealedValue)| {
            format!("{:INDENT$}{path:width$} = {}\n", "", hang(&self.value(value.json(), INDENT + width + 3), INDENT))
        };
        shown.iter().map(line).collect()
    }

    /// False for an empty value of a new resource, and for a default.
    fn is_worth_a_line(&self, kind: Option<&Kind>, argument: &ArgumentChange) -> bool {
        let Some(value) = &argument.after else { return false };
        let table = kind.and_then(|kind| kind.provider().kind(kind.name));
        let need = table.and_then(|kind| kind.arg(&argument.path)).map(|arg| arg.need);
        let is_default = matches!(need, Some(Need::Default(lit)) if lit.json() == *value.json());
        let is_empty = matches!(self.names.on_one_line(value.json()).as_str(), "null" | "[]" | "{}");
        !is_default && !is_empty
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

    /// An argument of a new resource.
    pub fn new_argument(&self, path: &str, value: &SealedValue) -> String {
        let shown = self.value(value.json(), INDENT + path.chars().count() + 3);
        format!("{:INDENT$}{path} = {}\n", "", hang(&shown, INDENT))
    }

    /// `before -> after`, or a difference by lines if that is too long to compare by eye.
    fn difference(&self, before: Option<&SealedValue>, after: Option<&SealedValue>) -> String {
        match (before.map(SealedValue::json), after.map(SealedValue::json)) {
            (Some(before), Some(after)) => {
                if SealedValue::is_sensitive(before) && SealedValue::is_sensitive(after) {
                    return "(sensitive, changed)".to_owned();
                }
                // Of a sensitive variable without a value it is unknown whether the value changes.
                if [before, after].iter().all(|json| self.names.on_one_line(json) == "(sensitive)") {
                    return "(sensitive, may change)".to_owned();
                }
                let (old, new) = (self.names.on_one_line(before), self.names.on_one_line(after));
                // One object replaces another of the same name.
                if old == new && before != after {
                    return format!("{old} -> its replacement");
                }
                let line = format!("{old} -> {new}");
                let lines = [before, after].iter().any(|json| json.as_str().is_some_and(|text| text.contains('\n')));
                let waits = SealedValue::waits_for(after).is_some();
                match lines || (line.chars().count() > self.width.saturating_sub(MARGIN) && !waits) {
                    true => by_lines(&self.long_text(before), &self.long_text(after)),
                    false => line,
                }
            }
            (None, Some(after)) => format!("(none) -> {}", self.value(after, 2 * MARGIN)),
            (Some(before), None) => format!("{} -> (none)", self.value(before, 2 * MARGIN)),
            (None, None) => "(none)".to_owned(),
        }
    }

    /// A value as lines to compare: each as it stands in a short value, so that no text can move the cursor.
    fn long_text(&self, json: &Json) -> String {
        let lines: Vec<String> = match json.as_str() {
            Some(text) if text.contains('\n') => text.split('\n').map(escaped).collect(),
            _ => self.value(json, MARGIN).lines().map(|line| line.trim_end_matches(',').to_owned()).collect(),
        };
        lines.join("\n")
    }

    /// Resources that differ from state; `None` if none does. A summary shows many like resources of one kind as one
    /// line with their number.
    pub fn drift(&self, drift: &[Drift], layout: Layout) -> Option<String> {
        let are_alike =
            |a: &Drift, b: &Drift| (a.address.kind(), a.gone, &a.arguments) == (b.address.kind(), b.gone, &b.arguments);
        let shown = |group: &[Drift]| match layout.is_full() || group.len() < MANY {
            true => group.iter().map(|one| self.drifted(&styled(BOLD, one.address.as_str()), "was", one)).collect(),
            false => self.many_drifted(group, layout),
        };
        let all: String = drift.chunk_by(are_alike).map(shown).collect();
        (!drift.is_empty()).then(|| format!("Drift detected: these resources changed outside drplan.\n{all}"))
    }

    fn drifted(&self, who: &str, verb: &str, Drift { gone, arguments, .. }: &Drift) -> String {
        let (sign, style, words) = if *gone { ("-", RED, "deleted") } else { ("~", YELLOW, "changed") };
        let mut out = format!("{} {who} {verb} {words}\n", styled(style, &format!("{sign:>3}")));
        out.extend(arguments.iter().map(|one| self.argument(one)));
        out
    }

    fn many_drifted(&self, group: &[Drift], layout: Layout) -> String {
        let Some(first) = group.first() else { return String::new() };
        let names = group.iter().map(|one| short(&one.address)).collect::<Vec<_>>().join(", ");
        let who = format!("{} {}", group.len(), styled(BOLD, first.address.kind()));
        let text = self.drifted(&who, "were", first);
        let (head, arguments) = text.split_once('\n').unwrap_or((&text, ""));
        let more = styled(DIM, "(-v shows each)");
        format!("{head} {more}\n{:INDENT$}{}\n{arguments}", "", styled(DIM, &layout.wrap(&names, INDENT)))
    }

    /// Outputs that change; `None` if none does.
    pub fn outputs(&self, outputs: &[OutputChange]) -> Option<String> {
        let one = |OutputChange { name, before, after }: &OutputChange| {
            let (sign, style) = match (before, after) {
                (None, _) => ("+", GREEN),
                (Some(_), None) => ("-", RED),
                (Some(_), Some(_)) => ("~", YELLOW),
            };
            let shown = match (before, after) {
                (None, Some(after)) => self.value(after.json(), MARGIN + name.chars().count()),
                _ => self.difference(before.as_ref(), after.as_ref()),
            };
            format!("{} {name} = {}\n", styled(style, &format!("{sign:>3}")), hang(&shown, INDENT))
        };
        (!outputs.is_empty()).then(|| "Outputs:\n".to_owned() + &outputs.iter().map(one).collect::<String>())
    }
}

/// Resources that differ from state, as a section; `None` if none does.
pub fn drift_section(drift: &[Drift], layout: Layout) -> Option<String> {
    let shown = ValueRenderer::with(ResourceNames::none()).within(layout.width);
    shown.drift(drift, layout).map(|section| fit(&section, layout.width))
}

/// Lines that differ, each with a sign, and two lines around them.
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
            lines.push(styled(style, &format!("{sign} {}", change.value().trim_end_matches('\n'))));
        }
    }
    // A leading line break makes a difference of one line a block of lines as well.
    format!("{}{}", if lines.len() == 1 { "\n" } else { "" }, lines.join("\n"))
}

/// A line of a text without what moves the cursor.
fn escaped(line: &str) -> String {
    let quoted = quoted(line.trim_end_matches('\r'));
    quoted[1..quoted.len() - 1].replace("\\\"", "\"")
}

/// Same block, action, reason and place, and no data to lose: instances that a summary may show as one line.
fn are_alike(a: &Change, b: &Change) -> bool {
    let is_instance = a.address.key().is_some() && b.address.key().is_some();
    let same_block = is_instance && a.address.block() == b.address.block();
    let same_place = (&a.site, &a.location, a.presence) == (&b.site, &b.location, b.presence);
    same_block && same_place && (a.action, &a.reason) == (b.action, &b.reason) && !a.loses_data && !b.loses_data
}

/// `  + create `.
fn head(action: Action) -> String {
    let (sign, style) = sign(action);
    styled(style, &format!("{sign:>3} {:<7}", word(action)))
}

/// `  "vnet-prod-ca" in canadacentral`: the name in the cloud, on request, and the region; empty for properties of
/// another object.
pub(super) fn place(change: &Change, with_name: bool) -> String {
    let Change { id, location, .. } = change;
    let grammar = change.kind.map_or(&NoIds as &dyn Grammar, Kind::grammar);
    if !change.has_object() || (change.kind.is_some() && grammar.type_of(id).is_none()) {
        return String::new();
    }
    // A child is where its root is: an endpoint of a global profile has no region.
    let around = std::iter::successors(Some(id.clone()), |id| grammar.parent(id));
    let root = around.last().and_then(|root| grammar.type_of(&root));
    let of_root = |kind: &&&Kind| root.as_ref().is_some_and(|root| kind.type_.name.eq_ignore_ascii_case(root));
    let kinds = change.kind.map_or(&[][..], |kind| kind.provider().kinds);
    let is_global = kinds.iter().filter(of_root).any(|kind| kind.location == Location::Global);
    let name = if with_name { format!("  {}", quoted(id.name())) } else { String::new() };
    match location.as_str() {
        _ if is_global => format!("{name} (global)"),
        "" => name,
        region => format!("{name} in {region}"),
    }
}

/// Resources that exist only during a failover of a group; by name if something changes anyway. Empty if there are
/// none.
pub(super) fn standing(
    FailoverProvision { group, site, resources, objects }: &FailoverProvision,
    by_name: bool,
    layout: Layout,
) -> String {
    if resources.is_empty() {
        return String::new();
    }
    let resources_ = count(resources.len(), "resource", "resources");
    let objects = count(*objects, "object", "objects");
    let head = match group.is_empty() {
        true => format!("Failover-only at {site}, and in no failover group: {resources_} ({objects})"),
        false => {
            format!("Failover-only at {site}, created by `up` of failover group {group}: {resources_} ({objects})")
        }
    };
    if !by_name {
        return format!("{head}.\n");
    }
    let names = resources.iter().map(|address| address.as_str()).collect::<Vec<_>>().join(", ");
    format!("{head}:\n    {}\n", styled(DIM, &layout.wrap(&names, 4)))
}

/// Number of changes of each action, by site and presence.
fn by_site(changes: &[Change], width: usize) -> String {
    const ACTIONS: [&str; 8] = ["delete", "replace", "forget", "update", "rename", "adopt", "create", "keep"];
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
    table(&rows, 2, width)
}

//! Removal of invalid parts of an imported stack: an argument that the language rejects, or else the whole resource.

use std::collections::BTreeSet;

use super::{NotImported, StackDraft};
use crate::address::Address;
use crate::diagnostic::{Diagnostics, Severity, Sources, Span};
use crate::kinds::{Need, Ty};

/// Block and argument at a position of the text. The text is formatted, so lines and indents determine them.
fn place_of(sources: &Sources, span: Span) -> Option<(Address, Option<String>)> {
    let text = &sources.get(span.file)?.text;
    let line_end = text.get(span.start as usize..)?.find('\n').map_or(text.len(), |at| at + span.start as usize);
    let mut argument = None;
    for line in text.get(..line_end)?.lines().rev() {
        if !line.starts_with([' ', '}']) && line.ends_with('{') {
            let (kind, rest) = line.split_once(' ')?;
            let name = rest.split('"').nth(1)?;
            return Some((format!("{kind}.{name}").parse().ok()?, argument));
        }
        if argument.is_none()
            && let Some(inner) = line.strip_prefix("  ").filter(|inner| !inner.starts_with([' ', '}', ']', ')']))
        {
            argument = inner.split([' ', '=']).next().map(str::to_owned);
        }
    }
    None
}

/// Removes what these errors concern from a draft, and lists it as not imported. False if nothing could be removed.
pub fn remove(draft: &mut StackDraft, found: &Diagnostics, sources: &Sources) -> bool {
    let mut changed: BTreeSet<Address> = BTreeSet::new();
    for problem in found.iter().filter(|problem| problem.severity == Severity::Error) {
        let Some((address, argument)) = problem.span.and_then(|span| place_of(sources, span)) else { continue };
        // The first error of a resource may cause its others.
        if changed.contains(&address) {
            continue;
        }
        let Some(at) = draft.addresses.iter().position(|other| *other == address) else { continue };
        let Some(candidate) = draft.candidates.get_mut(at) else { continue };
        let optional = argument.filter(|name| {
            candidate.args.contains_key(name)
                && candidate.kind.arg(name).is_some_and(|arg| {
                    // Without an argument that has a default, the plan would write the default.
                    let chosen = matches!(arg.need, Need::Optional);
                    chosen && !matches!(arg.ty, Ty::Block(block) if block.min > 0)
                })
        });
        match optional {
            Some(name) => {
                candidate.args.remove(&name);
                let why = format!("`{name}` of {address} is omitted: {}", problem.summary);
                draft.left.push(NotImported::setting(candidate, why));
            }
            None => {
                let candidate = draft.candidates.remove(at);
                draft.addresses.remove(at);
                let is_property = candidate.kind.place.is_property();
                draft.left.retain(|left| left.whole || left.id != candidate.id || is_property);
                let left = NotImported::setting(&candidate, problem.summary.clone());
                draft.left.push(NotImported { whole: true, ..left });
            }
        }
        changed.insert(address);
    }
    !changed.is_empty()
}

//! Arguments that the stack writes for the first time, or no longer, of objects that exist.
//!
//! The object has a value for each of them already: its own, or the one that counts where a request lacks it. Writing
//! that value down changes nothing, and never replaces an object with its data. Neither does taking it out again.

use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::decide::{Decision, Decisions};
use super::diff;
use super::refresh::{ObservedObjects, observed_argument, seen};
use crate::kinds::{Arg, Block, ChangeEffect, Grammar, Kept, Kind, Need, Ty, Wire, body};
use crate::object::Object;
use crate::plan::{Action, ArgumentChange, BlockedResource, Observed};
use crate::stack::Stack;
use crate::state::{Recorded, State};
use crate::value::Seal;

type Args = JsonMap<String, Json>;

/// Adds to the refreshed state what the stack writes for the first time and the objects have, and removes what it no
/// longer writes and the objects keep. `wanted` has the arguments of the stack's resources, in their order. `state` is
/// as recorded: an argument that it has, and that the object has lost since, is drift, and stays absent.
pub(super) fn settle(
    stack: &Stack,
    wanted: &[Args],
    state: Option<&State>,
    now: Option<&mut State>,
    observed: &Observed,
    seal: &Seal,
) {
    let (Some(state), Some(now)) = (state, now) else { return };
    for (address, fresh) in &mut now.resources {
        let Some((at, _, resource)) = stack.resources.get_full(address) else { continue };
        let Some((wanted, was)) = wanted.get(at).zip(state.resources.get(address)) else { continue };
        let table = resource.kind.args;
        if have_the_same(table, &was.arguments, wanted) {
            continue;
        }
        let walk = ArgumentsOfObject {
            grammar: resource.kind.grammar(),
            seal,
            stays: are_the_same(&was.objects, &resource.objects),
        };
        let read = read(resource.kind, was, observed);
        walk.arguments(table, &was.arguments, &mut Arc::make_mut(fresh).arguments, wanted, read.as_ref());
    }
}

/// The arguments of an earlier text that matter for the change to another one, by the texts alone: without those that
/// the object keeps, and with defaults that the other one writes. `stays` if the objects are the same.
pub fn concerned(kind: &Kind, was: &Args, wanted: &Args, stays: bool, seal: &Seal) -> Args {
    let mut now = was.clone();
    ArgumentsOfObject { grammar: kind.grammar(), seal, stays }.arguments(kind.args, was, &mut now, wanted, None);
    now
}

/// True if both are the same objects.
pub fn are_the_same(ones: &[Object], others: &[Object]) -> bool {
    ones.iter().map(|object| &object.id).eq(others.iter().map(|object| &object.id))
}

/// The arguments in the answers; `None` where the objects were not read.
fn read(kind: &'static Kind, recorded: &Recorded, observed: &Observed) -> Option<Args> {
    match seen(&recorded.objects, observed) {
        ObservedObjects::There(bodies) => Some(body::read(kind, &bodies.into_iter().cloned().collect::<Vec<_>>())),
        ObservedObjects::Unseen | ObservedObjects::Gone => None,
    }
}

/// True if both have values for the same arguments, here and in blocks.
fn have_the_same(table: &[Arg], was: &Args, wanted: &Args) -> bool {
    table.iter().all(|arg| match (value(was, arg.name), value(wanted, arg.name), arg.ty) {
        (Some(was), Some(wanted), Ty::Block(block)) => {
            pairs(block, was, wanted).into_iter().all(|(was, wanted)| have_the_same(block.args, was, wanted))
        }
        (was, wanted, _) => was.is_some() == wanted.is_some(),
    })
}

/// Replacements that are planned only because the object was not read: the stack writes an argument for the first time
/// whose value the provider has chosen, and it may be the same one.
pub(super) fn unread(stack: &Stack, observed: &Observed, decisions: &Decisions) -> Vec<BlockedResource> {
    let replaced = decisions.values().filter(|decision| matches!(decision.change.action, Action::Replace(_)));
    let block = |Decision { change, recorded }: &Decision| {
        let (resource, recorded) = stack.resources.get(&change.address).zip(recorded.as_ref())?;
        if !matches!(seen(&recorded.objects, observed), ObservedObjects::Unseen) {
            return None;
        }
        let is_unread = |change: &&ArgumentChange| {
            change.forces_replace && change.before.is_none() && is_chosen(resource.kind.args, &change.path)
        };
        let argument = &change.arguments.iter().find(is_unread)?.path;
        let why = format!(
            "`{argument}` is new in the stack, and the object was not read, which may have the same value: plan again \
             with a refresh"
        );
        Some(BlockedResource { address: change.address.clone(), why })
    };
    replaced.filter_map(block).collect()
}

/// True if the provider chooses the value of the argument at this path, where the text has none.
fn is_chosen(table: &[Arg], path: &str) -> bool {
    let (name, inner) = path.split_once('.').unwrap_or((path, ""));
    table.iter().find(|arg| arg.name == name).is_some_and(|arg| match arg.ty {
        Ty::Block(block) if !inner.is_empty() => is_chosen(block.args, inner),
        _ => arg.kept == Kept::Chosen,
    })
}

struct ArgumentsOfObject<'a> {
    grammar: &'a dyn Grammar,
    seal: &'a Seal,
    /// True if the resource keeps its objects, whatever decides about their ids.
    stays: bool,
}

impl ArgumentsOfObject<'_> {
    /// `read` is `None` where nothing was read.
    fn arguments(&self, table: &[Arg], was: &Args, now: &mut Args, wanted: &Args, read: Option<&Args>) {
        for arg in table {
            let answer = read.and_then(|read| value(read, arg.name));
            match (value(was, arg.name), value(wanted, arg.name), arg.ty) {
                (Some(was), Some(wanted), Ty::Block(block)) => {
                    if let Some(now) = now.get_mut(arg.name) {
                        self.elements(block, was, now, wanted, answer);
                    }
                }
                (None, Some(wanted), _) if value(now, arg.name).is_none() => {
                    if let Some(is) = self.existing(arg, wanted, answer) {
                        now.insert(arg.name.to_owned(), is);
                    }
                }
                (Some(_), None, _) if value(now, arg.name).is_some_and(|is| self.is_kept(arg, is)) => {
                    now.remove(arg.name);
                }
                _ => {}
            }
        }
    }

    /// The same in each element of a block that is recorded.
    fn elements(&self, block: &Block, was: &Json, now: &mut Json, wanted: &Json, answer: Option<&Json>) {
        let elements = match now {
            Json::Array(items) => items.iter_mut().enumerate().collect::<Vec<_>>(),
            one => vec![(0, one)],
        };
        for (at, element) in elements {
            let answer = answer.and_then(|answer| same_element(block, element, at, answer));
            let others = same_element(block, element, at, was).zip(same_element(block, element, at, wanted));
            if let (Some((was, wanted)), Json::Object(now)) = (others, element) {
                self.arguments(block.args, was, now, wanted, answer);
            }
        }
    }

    /// The value of an argument that is not recorded. `None` where the object has none, or none that can be read.
    fn existing(&self, arg: &Arg, wanted: &Json, answer: Option<&Json>) -> Option<Json> {
        match (arg.ty, arg.wire, answer) {
            (_, Wire::Nowhere, _) => self.decides_nothing(arg).then(|| wanted.clone()),
            _ if arg.write_only => None,
            (Ty::Block(block), _, answer) => self.existing_block(block, wanted, answer?),
            (_, _, Some(_)) => observed_argument(arg, wanted, answer, self.seal),
            // Providers omit defaults from their answers.
            (_, _, None) => unwritten(arg).filter(|default| default == wanted),
        }
    }

    /// A block that is not recorded, if the object has it as it is wanted. Half of it says nothing about the rest,
    /// which would then count as a change within the block.
    fn existing_block(&self, block: &Block, wanted: &Json, answer: &Json) -> Option<Json> {
        let element = |wanted: &Args, answer: &Args| {
            let mut now = Args::new();
            self.arguments(block.args, &Args::new(), &mut now, wanted, Some(answer));
            diff::arguments(self.grammar, block.args, &now, wanted, &|_| false).is_empty().then_some(Json::Object(now))
        };
        match (wanted, answer) {
            (Json::Object(wanted), Json::Object(answer)) => element(wanted, answer),
            (Json::Array(all), Json::Array(answers)) if all.len() == answers.len() => {
                let pairs = pairs(block, answer, wanted);
                let all_of_them = pairs.len() == all.len();
                all_of_them.then(|| pairs.into_iter().map(|(answer, wanted)| element(wanted, answer)).collect())?
            }
            _ => None,
        }
    }

    /// True if the object keeps this value of an argument that the stack no longer writes.
    fn is_kept(&self, arg: &Arg, is: &Json) -> bool {
        arg.kept == Kept::Chosen || self.decides_nothing(arg) || unwritten(arg).is_some_and(|default| default == *is)
    }

    /// True for an argument that decides which objects a resource has, where they are the same with and without it.
    fn decides_nothing(&self, arg: &Arg) -> bool {
        self.stays && matches!(arg.wire, Wire::Nowhere) && arg.change == ChangeEffect::Replace
    }
}

/// The value that counts where a request lacks the argument, as far as it is known.
fn unwritten(arg: &Arg) -> Option<Json> {
    match (arg.filled, arg.need, arg.ty) {
        (Some(lit), _, _) | (None, Need::Default(lit), _) => Some(lit.json()),
        // An absent switch is off, where nobody chooses.
        (None, _, Ty::Bool) if arg.kept != Kept::Chosen && !matches!(arg.wire, Wire::Nowhere) => {
            Some(Json::Bool(false))
        }
        (None, _, _) => None,
    }
}

/// A value that is set.
fn value<'a>(args: &'a Args, name: &str) -> Option<&'a Json> {
    args.get(name).filter(|value| !value.is_null())
}

/// The elements that two values of a block have in common.
fn pairs<'a>(block: &Block, one: &'a Json, other: &'a Json) -> Vec<(&'a Args, &'a Args)> {
    let ones = match one {
        Json::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    let pair = |(at, one): (usize, &'a Json)| one.as_object().zip(same_element(block, one, at, other));
    ones.into_iter().enumerate().filter_map(pair).collect()
}

/// The element with the same key, or in the same place where the block has none.
fn same_element<'a>(block: &Block, element: &Json, at: usize, among: &'a Json) -> Option<&'a Args> {
    match among {
        Json::Array(items) => match element.get(block.key) {
            Some(key) => {
                let has_it = |item: &&Json| item.get(block.key) == Some(key);
                // Mostly nothing has moved, and long lists are not searched.
                items.get(at).filter(has_it).or_else(|| items.iter().find(has_it))
            }
            None => items.get(at),
        },
        one => Some(one),
    }?
    .as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ArgumentsOfObject;
    use crate::kinds::{Arg, Kept, Lit, NoIds, Ty, Wire, arg};
    use crate::value::Seal;

    /// The refreshed arguments after a walk in which nothing has drifted.
    fn walked(
        table: &[Arg],
        was: &serde_json::Value,
        wanted: &serde_json::Value,
        read: Option<&serde_json::Value>,
    ) -> serde_json::Value {
        let args = |value: &serde_json::Value| value.as_object().cloned().unwrap_or_default();
        let (seal, mut now) = (Seal::new([7; 32]), args(was));
        let walk = ArgumentsOfObject { grammar: &NoIds, seal: &seal, stays: true };
        walk.arguments(table, &args(was), &mut now, &args(wanted), read.map(args).as_ref());
        json!(now)
    }

    #[test]
    fn default_counts_where_nothing_was_read() {
        let table = [
            arg("filled", Ty::String, "a", "").filled(Lit::Str("x")).replace(),
            arg("chosen", Ty::String, "b", "").replace(),
            arg("hidden", Ty::String, "c", "").filled(Lit::Str("x")).write_only(),
            arg("flag", Ty::Bool, "d", "").replace(),
            arg("chosen_flag", Ty::Bool, "e", "").replace().kept(Kept::Chosen),
        ];
        let wanted = json!({ "filled": "x", "chosen": "x", "hidden": "x", "flag": false, "chosen_flag": false });
        assert_eq!(walked(&table, &json!({}), &wanted, None), json!({ "filled": "x", "flag": false }));
        assert_eq!(walked(&table, &json!({}), &json!({ "filled": "y", "flag": true }), None), json!({}));
    }

    #[test]
    fn answer_is_the_value_before() {
        let table = [
            arg("chosen", Ty::String, "a", "").replace(),
            arg("name", Ty::String, "", "").replace().wire(Wire::Nowhere),
        ];
        let (wanted, read) = (json!({ "chosen": "x", "name": "n" }), json!({ "chosen": "y" }));
        assert_eq!(walked(&table, &json!({}), &wanted, Some(&read)), json!({ "chosen": "y", "name": "n" }));
    }

    #[test]
    fn argument_that_is_no_longer_written_stays_a_change_unless_the_object_keeps_its_value() {
        let table = [
            arg("zone", Ty::String, "a", "").replace(),
            arg("chosen", Ty::String, "b", "").replace().kept(Kept::Chosen),
            arg("filled", Ty::String, "c", "").filled(Lit::Str("x")).replace(),
            arg("flag", Ty::Bool, "d", "").replace(),
        ];
        let was = json!({ "zone": "1", "chosen": "y", "filled": "x", "flag": false });
        assert_eq!(walked(&table, &was, &json!({}), None), json!({ "zone": "1" }));
        let was = json!({ "chosen": "y", "filled": "y", "flag": true });
        assert_eq!(walked(&table, &was, &json!({}), None), json!({ "filled": "y", "flag": true }));
    }

    #[test]
    fn drift_stays_absent() {
        let table = [arg("lost", Ty::String, "a", "")];
        let args = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
        let (seal, mut now) = (Seal::new([7; 32]), super::Args::new());
        let (was, wanted) = (args(json!({ "lost": "x" })), args(json!({ "lost": "x" })));
        let walk = ArgumentsOfObject { grammar: &NoIds, seal: &seal, stays: true };
        walk.arguments(&table, &was, &mut now, &wanted, Some(&super::Args::new()));
        assert_eq!(json!(now), json!({}));
    }
}

//! Rules that a table states as data, and that the validator, the planner and the simulator apply alike: combinations
//! of arguments, values that exclude each other among resources, and changes that the provider refuses.

mod alternative;
mod args;
mod combination;
mod exclusive;
mod transition;

use serde_json::Value as Json;

pub use self::alternative::Alternative;
use self::args::Args;
pub use self::combination::{Combination, Test};
pub use self::exclusive::{Exclusive, ExclusiveWithin, vacate};
pub use self::transition::{ChangeTest, Transition, Way, refused_change};
use super::form::Form;
use super::overrides::Finding;
use super::table::{Arg, Kind, Refusal, Ty};

/// The combinations that these arguments break, as findings of the validator.
pub fn findings(kind: &Kind, args: &Args) -> impl Iterator<Item = Finding> {
    kind.combinations.iter().filter(|rule| rule.is_broken(args)).map(|rule| Finding {
        argument: rule.argument,
        summary: rule.summary.to_owned(),
        why: String::new(),
        help: rule.help.to_owned(),
    })
}

/// The first rule of a kind's table that the arguments of a request break, as the provider's answer.
///
/// # Errors
/// That answer.
pub fn admit(kind: &Kind, args: &Args) -> Result<(), Refusal> {
    let refuse = |code, message: String| Err(Refusal { status: 400, code, message });
    if let Some((name, form, why)) = text_fault(kind.args, args).or_else(|| extra_fault(kind, args)) {
        return refuse(form.code, format!("The value of '{name}' {why}. Expected {}.", form.wanted));
    }
    if let Some((block, name)) = repeated(kind.args, args) {
        return refuse("InvalidRequestFormat", format!("There are two elements of '{block}' with the name '{name}'."));
    }
    match kind.combinations.iter().find(|rule| rule.is_broken(args)) {
        Some(rule) => refuse(rule.code, format!("{}.", rule.summary)),
        None => Ok(()),
    }
}

/// The first text that breaks the form of its argument, with the argument's name and the reason.
fn text_fault(table: &'static [Arg], args: &Args) -> Option<(&'static str, &'static Form, String)> {
    table.iter().find_map(|arg| {
        let value = args.get(arg.name)?;
        if let Ty::Block(block) = arg.ty {
            let inner = |one: &Json| text_fault(block.args, one.as_object()?);
            return match value {
                Json::Array(items) => items.iter().find_map(inner),
                one => inner(one),
            };
        }
        if let (Ty::Tags(rule), Json::Object(tags)) = (arg.ty, value) {
            let why = rule.fault(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            return why.map(|why| (arg.name, &TAGS, format!("is refused: {why}")));
        }
        let form = arg.form?;
        first_fault(form, value).map(|why| (arg.name, form, why))
    })
}

/// The first block of which two elements have one name, and that name.
fn repeated<'a>(table: &'static [Arg], args: &'a Args) -> Option<(&'static str, &'a str)> {
    table.iter().find_map(|arg| {
        let Ty::Block(block) = arg.ty else { return None };
        let items = args.get(arg.name)?.as_array()?;
        let mut seen = std::collections::BTreeSet::new();
        let keys = items.iter().filter_map(|item| item.get(block.key)?.as_str());
        let twice = keys.into_iter().find(|key| !seen.insert(block.identity(key)));
        twice
            .map(|key| (arg.name, key))
            .or_else(|| items.iter().find_map(|item| repeated(block.args, item.as_object()?)))
    })
}

static TAGS: Form = Form::new("other tags", &[], "InvalidTag", |_| None);

fn extra_fault(kind: &Kind, args: &Args) -> Option<(&'static str, &'static Form, String)> {
    kind.forms.iter().find_map(|(name, form)| {
        let why = first_fault(form, args.get(*name)?)?;
        Some((*name, *form, why))
    })
}

fn first_fault(form: &Form, value: &Json) -> Option<String> {
    match value {
        Json::String(text) => form.read(text).err(),
        Json::Array(items) => items.iter().find_map(|item| first_fault(form, item)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds::table::Lit;

    fn args(json: Json) -> Args {
        json.as_object().cloned().unwrap_or_default()
    }

    /// True if a dotted path leads to an argument; `block[].x` through the elements of a block.
    fn leads(table: &[Arg], at: &str) -> bool {
        let (first, rest) = at.split_once('.').unwrap_or((at, ""));
        let found = table.iter().find(|arg| arg.name == first.trim_end_matches("[]"));
        found.is_some_and(|arg| match arg.ty {
            _ if rest.is_empty() => true,
            Ty::Block(block) => leads(block.args, rest),
            _ => false,
        })
    }

    #[test]
    fn rules_name_arguments_of_their_kind() {
        for kind in crate::providers::azure::TABLES.tables().map(|table| table.kind) {
            let is_argument = |at: &str| at == "{name}" || leads(kind.args, at);
            for rule in kind.combinations {
                let table = match kind.arg(rule.each).map(|arg| arg.ty) {
                    Some(Ty::Block(block)) => block.args,
                    _ => kind.args,
                };
                assert!(rule.when.iter().all(|(at, _)| leads(table, at)), "{} {rule:?}", kind.name);
                let shown = rule.argument.split('.').next().unwrap_or_default();
                assert!(kind.arg(shown).is_some(), "{} {rule:?}", kind.name);
            }
            assert!(kind.forms.iter().all(|(name, _)| is_argument(name)), "{}", kind.name);
            assert!(kind.held.iter().all(|name| is_argument(name)), "{}", kind.name);
            assert!(kind.transitions.iter().all(|rule| is_argument(rule.argument)), "{}", kind.name);
            for rule in kind.apart {
                assert!(rule.by.iter().all(|at| is_argument(at)), "{} {rule:?}", kind.name);
            }
        }
    }

    #[test]
    fn forms_accept_their_samples() {
        fn forms(table: &'static [Arg], into: &mut Vec<(String, &'static Form)>) {
            for arg in table {
                into.extend(arg.form.map(|form| (arg.name.to_owned(), form)));
                if let Ty::Block(block) = arg.ty {
                    forms(block.args, into);
                }
            }
        }
        let mut all = Vec::new();
        for kind in crate::providers::azure::TABLES.tables().map(|table| table.kind) {
            forms(kind.args, &mut all);
            all.extend(kind.forms.iter().map(|(name, form)| ((*name).to_owned(), *form)));
        }
        assert!(all.len() > 60, "{}", all.len());
        for (name, form) in all {
            let read: std::collections::BTreeSet<_> = form.samples.iter().map(|text| form.read(text)).collect();
            assert!(read.iter().all(Result::is_ok), "{name}: {read:?}");
            assert_eq!(read.len(), form.samples.len(), "{name}");
        }
    }

    #[test]
    fn combinations_apply_to_each_element_and_not_to_unknown_values() {
        static RULES: [Combination; 2] = [
            Combination::new(
                "Code",
                &[("kind", Test::Is(&[Lit::Str("Old")])), ("zones", Test::Set)],
                "an old one has zones",
                "",
            ),
            Combination::new(
                "Code",
                &[("hop", Test::Is(&[Lit::Str("Box")])), ("address", Test::Absent)],
                "no address",
                "",
            )
            .each("route"),
        ];
        let broken = |json: Json| RULES.iter().map(|rule| rule.is_broken(&args(json.clone()))).collect::<Vec<_>>();
        assert_eq!(broken(json!({ "kind": "old", "zones": ["1"] })), [true, false]);
        assert_eq!(broken(json!({ "kind": "Old", "zones": [] })), [false, false]);
        assert_eq!(broken(json!({ "kind": null, "zones": ["1"] })), [false, false], "unknown");
        assert_eq!(broken(json!({ "route": [{ "hop": "None" }, { "hop": "Box" }] })), [false, true]);
        assert_eq!(broken(json!({ "route": [{ "hop": "Box", "address": null }] })), [false, false], "unknown");
    }

    #[test]
    fn changes_that_azure_refuses_are_told_from_others() {
        let of = |change| Transition::replace("Code", "size", change, "");
        let applies = |change, old: Json, new: Json| {
            of(change).applies(&args(json!({ "size": old })), &args(json!({ "size": new })))
        };
        assert!(applies(ChangeTest::Shrinks, json!(4), json!(3)) && !applies(ChangeTest::Shrinks, json!(3), json!(4)));
        assert!(applies(ChangeTest::Shrinks, json!("16"), json!("9")));
        assert!(applies(ChangeTest::LosesElement, json!(["1", "2"]), json!(["2"])));
        assert!(!applies(ChangeTest::LosesElement, json!(["1"]), json!(["1", "2"])));
        let between = ChangeTest::Between(&[Lit::Bool(true)], &[Lit::Bool(false)]);
        assert!(applies(between, json!(true), json!(false)) && !applies(between, json!(false), json!(true)));
        // An unknown value is no change.
        assert!(!applies(ChangeTest::Shrinks, json!(4), json!({ "$known_after": ["a.b"] })));
    }

    #[test]
    fn free_values_are_found_for_numbers_ranges_and_addresses() {
        let free = |kind: &str, json: Json, taken: &[Json], pool: &[&str]| {
            let kind = crate::providers::azure::TABLES.kind(kind).unwrap();
            let rule = &kind.apart[0];
            let taken: Vec<Vec<Json>> = taken.iter().map(|row| row.as_array().cloned().unwrap()).collect();
            let ranges: Vec<String> = pool.iter().map(|range| (*range).to_owned()).collect();
            vacate(kind, rule, &args(json), &|row| taken.iter().any(|other| rule.meet(row, other)), &|_, _| {
                ranges.clone()
            })
            .map(Json::Object)
        };
        let endpoint = "traffic_manager_external_endpoint";
        assert_eq!(free(endpoint, json!({ "priority": 1 }), &[json!([1000])], &[]), Some(json!({ "priority": 999 })));
        let subnet = json!({ "virtual_network": "/n", "address_prefixes": ["10.0.1.0/24"] });
        let taken = [json!(["10.0.0.0/24"]), json!(["10.0.1.0/24"])];
        let moved = json!({ "virtual_network": "/n", "address_prefixes": ["10.0.2.0/24"] });
        assert_eq!(free("subnet", subnet.clone(), &taken, &["10.0.0.0/16"]), Some(moved));
        assert_eq!(free("subnet", subnet, &taken, &["10.0.0.0/23"]), None);
        let interface = json!({ "ip_configuration": [{ "subnet": "/s", "private_ip_address": "10.0.0.4" }] });
        let moved = json!({ "ip_configuration": [{ "subnet": "/s", "private_ip_address": "10.0.0.5" }] });
        assert_eq!(free("network_interface", interface, &[json!(["/s", "10.0.0.4"])], &["10.0.0.0/28"]), Some(moved));
    }
}

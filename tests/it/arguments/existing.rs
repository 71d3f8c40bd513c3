//! A value that an object has already: to write it into the stack for the first time, and to take it out again, must
//! never replace the object and its data.

use std::sync::Mutex;

use drplan::apply::keep_planned;
use drplan::hcl::ast::Body;
use drplan::hcl::{parse, value_text};
use drplan::kinds::{Arg, Kept, Kind, Need, Ty, Wire, body};
use drplan::object::Object;
use drplan::plan::{Action, Observed, PlanOutcome};
use drplan::review;
use drplan::state::State;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::examples;
use crate::lab::{Lab, changes, failures, simulated};

/// An example with one more argument.
struct WrittenDown {
    path: String,
    text: String,
}

/// The example with each argument that it leaves out, and that the object has, of this body and the blocks in it.
fn written_down(table: &[Arg], body: &Body, text: &str, open: usize, is: &JsonMap<String, Json>) -> Vec<WrittenDown> {
    let mut found = Vec::new();
    for arg in table {
        let Some(value) = is.get(arg.name).or_else(|| is_off(arg).then_some(&Json::Bool(false))) else { continue };
        let mut insert = |lines: &str| {
            let mut text = text.to_owned();
            text.insert_str(open, &format!("\n{lines}\n"));
            found.push(WrittenDown { path: arg.name.to_owned(), text });
        };
        let Ty::Block(block) = arg.ty else {
            if body.attribute(arg.name).is_none() {
                line(arg, value).into_iter().for_each(|line| insert(&line));
            }
            continue;
        };
        let written: Vec<_> = body.blocks(arg.name).collect();
        if written.is_empty() {
            insert(&lines(arg, value));
        }
        for (inner, value) in written.into_iter().zip(elements(value)) {
            let open = after_brace(text, inner.header.end as usize);
            let more = written_down(block.args, &inner.body, text, open, value);
            found.extend(more.into_iter().map(|one| WrittenDown { path: format!("{}.{}", arg.name, one.path), ..one }));
        }
    }
    found
}

/// True for a switch that is off where an object has no value for it.
fn is_off(arg: &Arg) -> bool {
    let is_plain = matches!((arg.ty, arg.need, arg.kept), (Ty::Bool, Need::Optional, Kept::No));
    is_plain && arg.filled.is_none() && !matches!(arg.wire, Wire::Nowhere)
}

/// The values of one block, or of several.
fn elements(value: &Json) -> Vec<&JsonMap<String, Json>> {
    value
        .as_array()
        .map_or_else(|| vec![value], |items| items.iter().collect())
        .into_iter()
        .flat_map(Json::as_object)
        .collect()
}

fn line(arg: &Arg, value: &Json) -> Option<String> {
    let is_answered = !arg.write_only && !matches!(arg.wire, Wire::Nowhere);
    is_answered.then(|| format!("{} = {}", arg.name, value_text(value, 0)))
}

/// Blocks with all arguments that the object has.
fn lines(arg: &Arg, value: &Json) -> String {
    let Ty::Block(block) = arg.ty else { return line(arg, value).unwrap_or_default() };
    let inner = |value: &JsonMap<String, Json>| {
        let known = block.args.iter().filter_map(|arg| Some(lines(arg, value.get(arg.name)?)));
        format!("{} {{\n{}\n}}", arg.name, known.collect::<Vec<_>>().join("\n"))
    };
    elements(value).into_iter().map(inner).collect::<Vec<_>>().join("\n")
}

fn after_brace(text: &str, from: usize) -> usize {
    from + text[from..].find('{').expect("a block has a brace") + 1
}

/// Keeps in the state what an apply without changes would.
fn keep(lab: &Lab, state: Option<State>, planned: &PlanOutcome) {
    keep_planned(state.expect("a state"), planned, &lab.store).expect("the state is kept");
}

fn replaces(planned: &PlanOutcome) -> bool {
    planned.plan.changes.iter().any(|change| !matches!(change.action, Action::Keep | Action::Update))
}

/// The arguments that were written and taken out again, and the failures.
async fn exchanged(label: &str, kind: &'static Kind, example: &str) -> (Vec<String>, Vec<String>) {
    let lab = Lab::new(7);
    let applied = lab.apply(example).await.expect("an apply");
    failures(&applied, "apply of the example").expect("the example applies");
    let (planned, state) = lab.plan(example, false).await;
    let address = format!("{}.example", kind.name);
    let state = state.expect("a state");
    let recorded = state.resources.iter().find(|(at, _)| at.to_string() == address).expect("the example").1;
    let kind = planned.stack.resources.values().find(|one| one.address.to_string() == address).expect("declared").kind;
    let objects = lab.simulator.show().objects;
    let part = |object: &Object| objects.get(&object.id).and_then(|whole| body::part(object, whole)).cloned();
    let bodies: Option<Vec<Json>> = recorded.objects.iter().map(part).collect();
    let Some(bodies) = bodies else { return (Vec::new(), Vec::new()) };
    let parsed = parse(example, 0).expect("the example parses");
    let block = parsed
        .blocks(kind.name)
        .find(|block| block.labels.first().is_some_and(|label| &*label.text == "example"))
        .expect("the block of the kind");
    let open = after_brace(example, block.header.end as usize);
    let (mut tried, mut wrong) = (Vec::new(), Vec::new());
    for WrittenDown { path, text } in written_down(kind.args, &block.body, example, open, &body::read(kind, &bodies)) {
        // Some values exclude each other in a stack, whatever the object has.
        let Ok((planned, state)) = lab.try_plan(&text, false).await else { continue };
        if replaces(&planned) {
            wrong.push(format!("{label}.{path}: {}", changes(&planned).join("; ")));
            continue;
        }
        keep(&lab, state, &planned);
        let (planned, state) = lab.plan(example, false).await;
        if replaces(&planned) {
            wrong.push(format!("{label}.{path}, taken out again: {}", changes(&planned).join("; ")));
        }
        keep(&lab, state, &planned);
        tried.push(format!("{label}.{path}"));
    }
    (tried, wrong)
}

#[test]
fn value_that_an_object_has_never_replaces_it() {
    let examples: Vec<_> =
        examples().into_iter().filter(|(_, kind, _)| kind.typed.is_none() && kind.installed.is_none()).collect();
    let next = Mutex::new(examples.iter());
    let found = Mutex::new((Vec::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(4, usize::from) {
            scope.spawn(|| {
                while let Some((label, kind, text)) = { next.lock().expect("no panic").next() } {
                    let (tried, wrong) = simulated(exchanged(label, kind, text));
                    let mut found = found.lock().expect("no panic");
                    found.0.extend(tried);
                    found.1.extend(wrong);
                }
            });
        }
    });
    let (tried, mut wrong) = found.into_inner().expect("no panic");
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {} arguments:\n{}", wrong.len(), tried.len(), wrong.join("\n"));
    for path in [
        "mssql_database.collation",
        "mssql_database.ledger_enabled",
        "linux_virtual_machine.computer_name",
        "linux_virtual_machine.disable_password_authentication",
        "linux_virtual_machine.provision_vm_agent",
        "linux_virtual_machine.os_disk.name",
        "cosmosdb_account.backup",
    ] {
        assert!(tried.iter().any(|one| one == path), "{path} was not tried: {tried:?}");
    }
}

/// The text of an example with a line in its last block.
fn with_line(example: &str, line: &str) -> String {
    let end = example.rfind('}').expect("the example ends in a block");
    format!("{}{line}\n{}", &example[..end], &example[end..])
}

fn example_of(kind: &str) -> String {
    examples().into_iter().find(|(label, ..)| label == kind).expect("the kind has an example").2
}

#[test]
fn name_that_follows_from_another_may_be_written_down() {
    let example = example_of("vnet_peering");
    simulated(async {
        let lab = Lab::new(7);
        lab.apply(&example).await.expect("an apply");
        let (_, state) = lab.plan(&example, false).await;
        let recorded = &state.expect("a state").resources;
        let (_, peering) = recorded.iter().find(|(at, _)| at.kind() == "vnet_peering").expect("recorded");
        let named = with_line(&example, &format!("  name_back = \"{}\"", peering.name));
        for (text, is_replaced) in [
            (&named, false),
            (&example, false),
            (&named, false),
            (&with_line(&example, "  name_back = \"another\""), true),
            (&example, false),
        ] {
            let (planned, state) = lab.plan(text, false).await;
            assert_eq!(replaces(&planned), is_replaced, "{text}: {:?}", changes(&planned));
            keep(&lab, state, &planned);
        }
    });
}

#[test]
fn object_that_was_not_read_is_not_replaced_for_a_value_that_it_may_have() {
    let example = example_of("mssql_database");
    simulated(async {
        let lab = Lab::new(7);
        lab.apply(&example).await.expect("an apply");
        let plan =
            |line: &str| lab.plan_of(&with_line(&example, line), false, &[], &Observed::default()).expect("a plan");
        let why = |planned: &PlanOutcome| planned.plan.blocked.iter().map(|one| one.why.clone()).collect::<Vec<_>>();
        let unread = "`collation` is new in the stack, and the object was not read, which may have the same value: plan \
                      again with a refresh";
        assert_eq!(why(&plan("  collation = \"SQL_Latin1_General_CP1_CI_AS\"")), [unread]);
        assert!(why(&plan("  maintenance_configuration_name = \"SQL_Default\"")).is_empty());
        // Other values of an object that was read replace it.
        let (planned, _) = lab.plan(&with_line(&example, "  collation = \"Latin1_General_BIN\""), false).await;
        assert!(replaces(&planned) && why(&planned).is_empty(), "{:?}", changes(&planned));
    });
}

#[test]
fn review_replaces_nothing_for_a_value_that_is_taken_out() {
    let lab = Lab::new(7);
    let read = |text: &str| lab.read(text).expect("a program").evaluate(&Default::default()).expect("a stack").0;
    let example = example_of("mssql_database");
    let (less, more) = (read(&example), read(&with_line(&example, "  collation = \"Latin1_General_BIN\"")));
    assert_eq!(review::compare(Some(&more), &less, &lab.seal).resources, []);
    // Whether the object has a value that is new in the text, no text tells.
    assert_eq!(review::compare(Some(&less), &more, &lab.seal).resources.len(), 1);
}

//! Comments of pull requests: within the length limit, equal for equal input, with the text of others escaped.

use std::collections::BTreeMap;
use std::time::Duration;

use drplan::address::Address;
use drplan::failover::{PreflightCheck, PreflightStatus, Procedure};
use drplan::object::ObjectId;
use drplan::plan::{
    Action, ArgumentChange, Basis, BlockedResource, Change, Drift, Order, OutputChange, Plan, RoleSummary,
};
use drplan::review::{self, Expectation, Risk};
use drplan::stack::{CloudName, Knowledge, Presence};
use drplan::steps::StepGraph;
use drplan::value::SealedValue;
use drplan::view::plan_markdown::{Baseline, CommentCommands, CommentExtras, PlanScope, markdown};
use drplan::view::review::StackLabels;
use drplan::view::review_markdown;
use proptest::prelude::*;
use serde_json::Value as Json;

/// Maximum size that GitHub accepts, with room for additions of a bot.
const LIMIT: usize = 60_000;

/// Pieces of markup that could break out of their place.
const PIECES: &[&str] = &[
    "|",
    "\\",
    "`",
    "```",
    "````",
    "</details>",
    "<details>",
    "<i>",
    "</code>",
    "<!--",
    "-->",
    "\n",
    "\r\n",
    "\n# ",
    "\n\n- ",
    "@team",
    "#12",
    "~~~",
    "**",
    "_",
    "[x](https://example.com)",
    "<script>",
    "&lt;",
    "$x$",
    "\u{202e}",
    "\u{0}",
    "a",
    "word",
    " ",
    "é",
    "🦀",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..9).prop_map(|pieces| pieces.concat())
}

fn argument() -> impl Strategy<Value = ArgumentChange> {
    let value = || prop::option::of(text().prop_map(|text| SealedValue::from_sealed_json(&Json::from(text))));
    (text(), value(), value(), any::<bool>()).prop_map(|(path, before, after, forces_replace)| ArgumentChange {
        path,
        before,
        after,
        forces_replace,
    })
}

fn change() -> impl Strategy<Value = Change> {
    const ACTIONS: &[Action] = &[
        Action::Delete,
        Action::Replace(Order::DeleteFirst),
        Action::Replace(Order::CreateFirst),
        Action::Forget,
        Action::Update,
        Action::Rename,
        Action::Adopt,
        Action::Create,
        Action::Keep,
    ];
    let presence = prop::sample::select(vec![Presence::Permanent, Presence::Failover]);
    let arguments = prop::collection::vec(argument(), 0..6);
    (text(), text(), text(), presence, prop::sample::select(ACTIONS), any::<bool>(), arguments).prop_map(
        |(name, site, reason, presence, action, loses_data, arguments)| Change {
            address: Address::new("lb", &name),
            was: None,
            id: ObjectId::new(format!("/subscriptions/s/{name}")),
            site,
            location: String::new(),
            presence,
            action,
            reason,
            arguments,
            loses_data,
            kind: None,
        },
    )
}

/// A plan with many changes, made of a few that repeat.
fn plan() -> impl Strategy<Value = Plan> {
    let size = prop_oneof![0..60_usize, 60..10_000_usize, Just(10_000)];
    let few = || prop::collection::vec(change(), 1..12);
    let notes = prop::collection::vec(text(), 0..3);
    (size, few(), notes, prop::collection::vec(argument(), 0..4)).prop_map(|(size, few, notes, arguments)| {
        let numbered = |(at, change): (usize, &Change)| {
            let address = Address::new("lb", &format!("{}{at}", change.address.name()));
            Change { address, ..change.clone() }
        };
        let mut changes: Vec<Change> = few.iter().cycle().take(size).enumerate().map(numbered).collect();
        changes.sort_by_key(|change| change.action);
        let first = changes.iter().take(3).map(|change| change.address.clone());
        let output = |one: &ArgumentChange| OutputChange {
            name: one.path.clone(),
            before: one.before.clone(),
            after: one.after.clone(),
        };
        Plan {
            stack: "stack".to_owned(),
            basis: Basis { stack: "digest".to_owned(), lineage: "lineage".to_owned(), serial: 1, role_epoch: 0 },
            blocked: first.clone().map(|address| BlockedResource { address, why: notes.concat() }).collect(),
            drift: first.map(|address| Drift { address, gone: false, arguments: arguments.clone() }).collect(),
            outputs: arguments.iter().map(output).collect(),
            changes,
            roles: RoleSummary::default(),
            stand_up: Vec::new(),
            notes,
            steps: StepGraph::default(),
        }
    })
}

fn comment(plan: &Plan, risks: &[Risk]) -> String {
    let beside = CommentExtras {
        regions: BTreeMap::new(),
        before: Baseline::Unknown,
        outlooks: &[],
        risks,
        scope: PlanScope::Whole,
        from_history: false,
        commands: CommentCommands {
            whole: "drplan plan 'a | b'".to_owned(),
            digest: ("drplan plan --format json".to_owned(), "0123".to_owned()),
            secrets: "Give them again: password | x\n".to_owned(),
        },
    };
    markdown(plan, CloudName::Local, &beside)
}

/// HTML as GitHub renders it, before it sanitises.
fn rendered(markdown: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.render.r#unsafe = true;
    comrak::markdown_to_html(markdown, &options)
}

/// Text outside of code, where markup has a meaning.
fn outside_code(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, code)) = rest.split_once("<code") {
        out += before;
        rest = code.split_once("</code>").map_or("", |(_, after)| after);
    }
    out + rest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn comments_are_complete_for_any_text(plan in plan(), risks in prop::collection::vec(text(), 0..200)) {
        let risks: Vec<Risk> = risks.into_iter().map(|what| Risk { rule: "data", what }).collect();
        let text = comment(&plan, &risks);
        prop_assert_eq!(&text, &comment(&plan, &risks));
        prop_assert!(text.len() < LIMIT, "{} bytes", text.len());
        let html = rendered(&text);
        let number = |of: &str, what: &str| of.matches(what).count();
        // Folds and blocks of code are those that the comment itself has, each closed.
        let folds = text.lines().filter(|line| line.starts_with("<details><summary>")).count();
        prop_assert_eq!(number(&html, "<details>"), folds, "{}", &text);
        prop_assert_eq!(number(&html, "</details>"), folds);
        prop_assert_eq!(number(&html, "<pre>"), folds);
        prop_assert_eq!(number(&html, "<h1>") + number(&html, "<i>") + number(&html, "<script"), 0, "{}", &text);
        let outside = outside_code(&html);
        for word in ["@team", "#12", "<a "] {
            prop_assert_eq!(number(&outside, word), 0, "{} in {}", word, &text);
        }
        // The last line is complete.
        prop_assert!(html.contains("<code>0123</code>") && html.trim_end().ends_with("</sub></p>"), "{}", &html);
        let shown = plan.changes.iter().filter(|change| change.action != Action::Keep).count();
        if shown > 3_000 {
            prop_assert!(text.contains("**Shortened.** Omitted: ") && text.contains("prints everything."));
        }
    }
}

#[test]
fn deletions_are_listed_in_the_longest_comment() {
    let change = |at: usize, action| Change {
        address: Address::new("lb", &format!("n{at}")),
        was: None,
        id: ObjectId::new(format!("/subscriptions/s/{at}")),
        site: "east".to_owned(),
        location: "eastus".to_owned(),
        presence: Presence::Permanent,
        action,
        reason: "new".to_owned(),
        arguments: Vec::new(),
        loses_data: action == Action::Delete,
        kind: None,
    };
    let mut changes = vec![change(0, Action::Delete)];
    changes.extend((1..10_000).map(|at| change(at, Action::Create)));
    let basis = Basis { stack: String::new(), lineage: String::new(), serial: 0, role_epoch: 0 };
    let plan = Plan {
        stack: "big".to_owned(),
        basis,
        changes,
        drift: Vec::new(),
        roles: RoleSummary::default(),
        stand_up: Vec::new(),
        outputs: Vec::new(),
        notes: Vec::new(),
        blocked: Vec::new(),
        steps: StepGraph::default(),
    };
    let text = comment(&plan, &[]);
    assert!(text.starts_with("<!-- drplan plan big -->\n"), "{text}");
    assert!(text.contains("**Plan: 9999 to create, 0 to update, 1 to destroy."));
    assert!(text.contains("| delete | `lb.n0` | new | **loses data** |"));
    assert!(
        text.contains("of 10000 changes. <code>drplan plan 'a &#124; b'</code> prints everything."),
        "{}",
        &text[text.len() - 500..]
    );
}

/// The comment of a review of `postgres-warm` with a longer backup retention. `change` edits the predictions after.
fn review_comment(change: impl Fn(&mut Procedure)) -> String {
    let dir = crate::stacks::stacks().into_iter().find(|dir| dir.ends_with("postgres-warm")).expect("the stack");
    let (lab, text) = crate::stacks::lab(&dir);
    let stack = |text: &str| lab.read_with_diagnostics(text).0.evaluate(&Knowledge::default()).expect("a stack").0;
    let (before, after) = (stack(&text), stack(&text.replacen(": 7\n", ": 14\n", 1)));
    let mut review = review::compare(Some(&before), &after, &lab.seal);
    for outlook in &mut review.outlooks {
        let Expectation::Procedure(procedure) = &mut outlook.after else { panic!("a prediction") };
        change(procedure);
    }
    let sides = StackLabels { before: "main".to_owned(), after: "here".to_owned() };
    let digest = ("drplan diff --format json".to_owned(), "0123".to_owned());
    let commands = CommentCommands { whole: "drplan diff".to_owned(), digest, secrets: String::new() };
    review_markdown::markdown(&review, &after, &sides, &[], commands)
}

/// The rows of the table with this head, and its number of columns.
fn table_of(comment: &str, head: &str) -> (Vec<String>, usize) {
    let mut lines = comment.lines().skip_while(|line| !line.starts_with(head));
    let columns = lines.next().unwrap_or_else(|| panic!("no table {head} in\n{comment}")).matches('|').count() - 1;
    (lines.skip(1).take_while(|line| line.starts_with('|')).map(str::to_owned).collect(), columns)
}

#[test]
fn unchanged_predictions_are_hidden() {
    let comment = review_comment(|_| {});
    let (rows, columns) = table_of(&comment, "| recovery |");
    assert_eq!(columns, 4);
    assert_eq!(rows.len(), 2, "one row for the forced and one for the planned move: {rows:#?}");
    assert!(rows.iter().all(|row| row.contains("| unchanged |") && !row.contains("**")), "{rows:#?}");
    // Every table of the comment fits a phone.
    let wide = comment.lines().filter(|line| line.starts_with('|')).find(|line| line.matches(" | ").count() > 3);
    assert_eq!(wide, None);
}

#[test]
fn changed_predictions_are_bold() {
    let comment = review_comment(|procedure| {
        let longer = Duration::from_secs(600);
        procedure.predicted.worst += longer;
        if let Some(interruption) = &mut procedure.predicted.interruption {
            interruption.worst += longer;
        }
    });
    let (rows, _) = table_of(&comment, "| recovery |");
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert!(rows.iter().all(|row| row.matches("**").count() == 2 && row.contains("(P95)** |")), "{rows:#?}");
}

#[test]
fn blocked_move_has_no_predictions() {
    let why = "the steps wait for each other";
    let blocked = |procedure: &mut Procedure| {
        procedure.guards.push(PreflightCheck {
            rule: "order",
            verdict: PreflightStatus::Refuses,
            what: why.to_owned(),
            help: String::new(),
        });
        procedure.predicted.worst += Duration::from_secs(600);
    };
    let comment = review_comment(blocked);
    let (rows, _) = table_of(&comment, "| recovery |");
    assert_eq!(rows.len(), 2, "{rows:#?}");
    assert!(rows.iter().all(|row| row.contains(&format!("**{why}**")) && !row.contains("P95")), "{rows:#?}");
    assert!(!comment.contains("Data loss of"), "{comment}");
}

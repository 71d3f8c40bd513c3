//! Comments of pull requests: never too long, the same each time, and nothing that others wrote breaks out of its place.

use std::collections::BTreeMap;

use drplan::address::{Address, ArmId};
use drplan::plan::{Action, ArgumentChange, Basis, Blocked, Change, Drift, Order, OutputChange, Plan, RolesSeen};
use drplan::review::Risk;
use drplan::stack::{CloudName, Presence};
use drplan::steps::StepGraph;
use drplan::value::Sealed;
use drplan::view::plan_markdown::{Before, Beside, Scope, markdown};
use proptest::prelude::*;
use serde_json::Value as Json;

/// What GitHub takes, with room for what a bot adds.
const LIMIT: usize = 60_000;

/// What somebody would write who wants to break out, or what hits by chance.
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
    let value = || prop::option::of(text().prop_map(|text| Sealed::from_sealed_json(&Json::from(text))));
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
        Action::Adopt,
        Action::Create,
        Action::Keep,
    ];
    let presence = prop::sample::select(vec![Presence::Permanent, Presence::Failover]);
    let arguments = prop::collection::vec(argument(), 0..6);
    (text(), text(), text(), presence, prop::sample::select(ACTIONS), any::<bool>(), arguments).prop_map(
        |(name, site, reason, presence, action, loses_data, arguments)| Change {
            address: Address::new("lb", &name),
            id: ArmId::new(format!("/subscriptions/s/{name}")),
            site,
            presence,
            action,
            reason,
            arguments,
            loses_data,
        },
    )
}

/// A plan with this many changes, made of a few that repeat.
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
            blocked: first.clone().map(|address| Blocked { address, why: notes.concat() }).collect(),
            drift: first.map(|address| Drift { address, gone: false, arguments: arguments.clone() }).collect(),
            outputs: arguments.iter().map(output).collect(),
            changes,
            roles: RolesSeen::default(),
            stand_up: Vec::new(),
            notes,
            steps: StepGraph::default(),
        }
    })
}

fn comment(plan: &Plan, risks: &[Risk]) -> String {
    let beside = Beside {
        regions: BTreeMap::new(),
        before: Before::Unknown,
        outlooks: &[],
        risks,
        scope: Scope::Whole,
        from_history: false,
        whole: "drplan plan 'a | b'".to_owned(),
        digest: ("drplan plan --format json".to_owned(), "0123".to_owned()),
    };
    markdown(plan, CloudName::Local, &beside)
}

/// As GitHub renders it, but for what it takes out afterwards.
fn rendered(markdown: &str) -> String {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.render.r#unsafe = true;
    comrak::markdown_to_html(markdown, &options)
}

/// What stands outside of code, where it would mean something.
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
    fn a_comment_is_whole_whatever_is_in_it(plan in plan(), risks in prop::collection::vec(text(), 0..200)) {
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
        // The last line is there, in its place.
        prop_assert!(html.trim_end().ends_with("<code>0123</code></sub></p>"), "{}", &html);
        let shown = plan.changes.iter().filter(|change| change.action != Action::Keep).count();
        if shown > 3_000 {
            prop_assert!(text.contains("**Shortened.** Left out: ") && text.contains("shows everything."));
        }
    }
}

#[test]
fn what_is_destroyed_is_told_however_much_else_there_is() {
    let change = |at: usize, action| Change {
        address: Address::new("lb", &format!("n{at}")),
        id: ArmId::new(format!("/subscriptions/s/{at}")),
        site: "east".to_owned(),
        presence: Presence::Permanent,
        action,
        reason: "not recorded yet".to_owned(),
        arguments: Vec::new(),
        loses_data: action == Action::Delete,
    };
    let mut changes = vec![change(0, Action::Delete)];
    changes.extend((1..10_000).map(|at| change(at, Action::Create)));
    let basis = Basis { stack: String::new(), lineage: String::new(), serial: 0, role_epoch: 0 };
    let plan = Plan {
        stack: "big".to_owned(),
        basis,
        changes,
        drift: Vec::new(),
        roles: RolesSeen::default(),
        stand_up: Vec::new(),
        outputs: Vec::new(),
        notes: Vec::new(),
        blocked: Vec::new(),
        steps: StepGraph::default(),
    };
    let text = comment(&plan, &[]);
    assert!(text.starts_with("<!-- drplan plan big -->\n"), "{text}");
    assert!(text.contains("**Plan: 9999 to create, 0 to update, 1 to destroy."));
    assert!(text.contains("| delete | `lb.n0` | not recorded yet | **loses data** |"));
    assert!(
        text.contains("of 10000 changes. <code>drplan plan 'a &#124; b'</code> shows everything."),
        "{}",
        &text[text.len() - 500..]
    );
}

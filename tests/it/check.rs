//! Rules of `check`, each with an example that breaks it, its findings, and an example that keeps it.
//!
//! The examples are those that `check --explain` prints, from `templates/check/<rule>`; the test adds the sites `east`
//! and `west` with a resource group each. `tests/check/<rule>.txt` holds the findings. `UPDATE_CHECK=1` writes the
//! current ones.

use std::fs;
use std::path::Path;

use drplan::check::{CheckReport, Rule, Weight};
use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::providers::rules;
use drplan::stack::Knowledge;
use drplan::view::sarif::sarif;

use crate::lab::Lab;

const GIVEN: &str = r#"
site "east" {
  provider = "azure"
  location = "canadacentral"
}

site "west" {
  provider = "azure"
  location = "canadaeast"
}

resource_group "east" {
  site = site.east
}

resource_group "west" {
  site = site.west
}
"#;

/// Calls `f` with the findings in a stack.
fn reviewed<T>(text: &str, f: impl FnOnce(&CheckReport<'_>, &Sources) -> T) -> T {
    let text = format!("{text}{GIVEN}");
    let (program, found, sources) = Lab::new(1).read_with_diagnostics(&text);
    assert!(!found.has_errors(), "{}", render_all(&found, &sources, usize::MAX));
    let (stack, _) = program.evaluate(&Knowledge::default()).expect("a stack");
    f(&rules().review(&stack), &sources)
}

/// Findings of one rule in a stack, as text.
fn findings(text: &str, rule: &Rule) -> String {
    let of_rule = |found: &Diagnostics, sources: &Sources| {
        let mut of_rule = Diagnostics::new();
        of_rule.extend(found.iter().filter(|finding| finding.code == rule.name).cloned());
        anstream::adapter::strip_str(&render_all(&of_rule, sources, usize::MAX)).to_string()
    };
    if rule.weight != Weight::Stops {
        return reviewed(text, |review, sources| of_rule(&review.found, sources));
    }
    // Every command reports a blocking rule, before `review` applies the others.
    let (_, found, sources) = Lab::new(1).read_with_diagnostics(&format!("{text}{GIVEN}"));
    let others: Vec<&str> = found.iter().map(|finding| finding.code).filter(|code| *code != rule.name).collect();
    assert_eq!(others, [""; 0], "{}: {}", rule.name, render_all(&found, &sources, usize::MAX));
    of_rule(&found, &sources)
}

#[test]
fn every_rule_finds_its_broken_example_only() {
    let update = std::env::var_os("UPDATE_CHECK").is_some();
    let mut wrong = Vec::new();
    for rule in rules().iter() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check").join(format!("{}.txt", rule.name));
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let now = findings(rule.breaks, rule);
        if now.is_empty() {
            wrong.push(format!("── {}: no finding in the example that breaks it", rule.name));
        } else if update {
            fs::write(&path, &now).expect("the file can be written");
        } else if now != expected {
            wrong.push(format!("── {}:\n{now}", rule.name));
        }
        let in_kept = findings(rule.keeps, rule);
        if !in_kept.is_empty() {
            wrong.push(format!("── {}: a finding in the example that keeps it\n{in_kept}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_CHECK=1 writes the current findings\n{}", wrong.join("\n"));
}

#[test]
fn explanation_shows_cause_consequence_fix_and_both_examples() {
    for rule in rules().iter() {
        let text = anstream::adapter::strip_str(&drplan::view::check::explained(rule, drplan::view::Layout::default()))
            .to_string();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{}: no `{part}` in\n{text}", rule.name));
        let parts = ["\nCause ", "\nConsequence ", "\nFix ", "\nViolates the rule:", "\nFollows the rule:"];
        assert!(parts.map(at).is_sorted(), "{text}");
        // Only differing blocks are shown, and they differ.
        let (broken, kept) = (rule.broken_blocks(), rule.kept_blocks());
        assert_ne!(broken, kept, "{}", rule.name);
        assert!(kept.lines().count() <= 60, "{}: {kept}", rule.name);
        for shown in [broken, kept] {
            drplan::hcl::format(&shown).unwrap_or_else(|_| panic!("{}: does not parse\n{shown}", rule.name));
        }
    }
    let tls = rules().named("tls").expect("a rule");
    assert_eq!(tls.broken_blocks(), "storage_account \"files\" {\n  # …\n  min_tls_version          = \"TLS1_0\"\n}\n");
}

#[test]
fn accepted_findings_are_listed_apart_and_unused_accepts_are_reported() {
    let stack = r#"
stack "example" {
  accept "public-access" {
    reason = "the office is anywhere"
  }

  accept "tls" {
    reason = "an old till"
  }

  accept "single-leaver" {
    reason = "misspelt"
  }

  accept "residency" {
    reason = "stops"
  }
}

mssql_server "east" {
  name                         = "example-east"
  resource_group               = resource_group.east
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}
"#;
    reviewed(stack, |review, _| {
        let accepted: Vec<_> = review.accepted.iter().map(|(one, why)| (one.code, why.reason.as_str())).collect();
        assert_eq!(accepted, [("public-access", "the office is anywhere")]);
        let found: Vec<_> = review.found.iter().map(|one| (one.code, one.summary.as_str())).collect();
        assert_eq!(
            found,
            [
                ("accepted-in-vain", "no finding of rule `tls` to accept"),
                ("unknown-rule", "there is no rule `single-leaver` to accept"),
                ("accepted-in-vain", "rule `residency` blocks every command and cannot be accepted"),
            ]
        );
    });
}

#[test]
fn examples_of_rules_are_formatted_and_texts_are_sentences() {
    for rule in rules().iter() {
        for example in [rule.breaks, rule.keeps] {
            assert_eq!(drplan::hcl::format(example).expect("an example that parses"), example, "{}", rule.name);
        }
        for text in [rule.about, rule.cause, rule.consequence, rule.fix] {
            assert!(text.ends_with('.'), "{}: {text}", rule.name);
        }
    }
}

#[test]
fn sarif_contains_rules_positions_and_accepted_findings() {
    let stack = r#"
stack "example" {
  accept "public-access" {
    reason = "the office is anywhere"
  }
}

storage_account "tills" {
  name                     = "exampletills"
  resource_group           = resource_group.east
  account_tier             = "Standard"
  account_replication_type = "LRS"
  min_tls_version          = "TLS1_0"
}
"#;
    let log = |stack: &str| reviewed(stack, |report, sources| sarif(report, rules(), sources));
    let first = log(stack);
    assert_eq!(first["version"], "2.1.0");
    let run = &first["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), drplan::providers::rules().iter().count());
    let results = run["results"].as_array().expect("results");
    let ids: Vec<&str> = results.iter().filter_map(|result| result["ruleId"].as_str()).collect();
    assert_eq!(ids, ["tls", "public-access"]);
    for result in results {
        let rule = &rules[result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "stack.hcl");
        assert!(place["region"]["startLine"].as_u64().is_some_and(|line| line > 0));
    }
    assert_eq!(results[0]["level"], "error");
    assert_eq!(results[0].get("suppressions"), None);
    assert_eq!(results[1]["suppressions"][0]["justification"], "the office is anywhere");
    // A finding that only moves keeps its fingerprint, by which a code scanner recognises it.
    let moved = log(&format!("\n\n# a comment\n{stack}"));
    let print = |log: &serde_json::Value| log["runs"][0]["results"][0]["partialFingerprints"].clone();
    assert_eq!(print(&first), print(&moved));
    let line = |log: &serde_json::Value| {
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"].clone()
    };
    assert_ne!(line(&first), line(&moved));
}

#[test]
fn example_stacks_have_no_finding_that_is_not_accepted() {
    for dir in crate::stacks::stacks() {
        // The stacks of the language reference are kept verbatim.
        if dir.ends_with("web-geo") || dir.ends_with("saas-three-sites") {
            continue;
        }
        let (lab, text) = crate::stacks::lab(&dir);
        let (program, _, sources) = lab.read_with_diagnostics(&text);
        let (stack, _) = program.evaluate(&Knowledge::default()).expect("a stack");
        let found = rules().review(&stack).found;
        let said = anstream::adapter::strip_str(&render_all(&found, &sources, usize::MAX)).to_string();
        assert!(found.is_empty(), "{}:\n{said}", dir.display());
    }
}

#[test]
fn mutual_failover_groups_depend_on_no_lost_site() {
    let network = |site: &str, range: &str| {
        format!(
            r#"
virtual_network "{site}" {{
  resource_group = resource_group.{site}
  address_space  = ["{range}/16"]
}}

subnet "{site}" {{
  virtual_network  = virtual_network.{site}
  address_prefixes = ["{range}/24"]
}}

resource_group "meanwhile-{site}" {{
  site     = site.{site}
  presence = "failover"
}}

network_interface "meanwhile-{site}" {{
  resource_group = resource_group.meanwhile-{site}

  ip_configuration {{
    name                          = "internal"
    subnet                        = subnet.{site}
    private_ip_address_allocation = "Dynamic"
  }}
}}
"#
        )
    };
    let groups = r#"
failover_group "west" {
  from = site.east
  to   = site.west
}

failover_group "east" {
  from = site.west
  to   = site.east
}
"#;
    let stack =
        format!("stack \"example\" {{}}\n{}{}{groups}", network("east", "10.1.0.0"), network("west", "10.2.0.0"));
    let rule = rules().named("leans-on-lost-site").expect("a rule");
    assert_eq!(findings(&stack, rule), "");
}

//! The rules of `check`, each with a stack that breaks it, all that is said of it, and one that keeps it.
//!
//! A file of `tests/check`, named after its rule, holds the two stacks with what is said between, parted by lines `---`. The sites `east` and `west`
//! and a resource group at each are given. `UPDATE_CHECK=1` writes what is said now.

use std::fs;
use std::path::Path;

use drplan::check::{RULES, Review, Rule, Weight, review};
use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::stack::Knowledge;

use crate::lab::Lab;

const SEPARATOR: &str = "\n---\n";

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

/// Calls `f` with what the rules find in a stack.
fn reviewed<T>(text: &str, f: impl FnOnce(&Review<'_>, &Sources) -> T) -> T {
    let text = format!("{text}{GIVEN}");
    let (program, found, sources) = Lab::new(1).look(&text);
    assert!(!found.has_errors(), "{}", render_all(&found, &sources));
    let (stack, _) = program.evaluate(&Knowledge::default()).expect("a stack");
    f(&review(&stack), &sources)
}

/// What one rule says of a stack, as text.
fn said(text: &str, rule: &Rule) -> String {
    let of_rule = |found: &Diagnostics, sources: &Sources| {
        let mut of_rule = Diagnostics::new();
        of_rule.extend(found.iter().filter(|finding| finding.code == rule.name).cloned());
        anstream::adapter::strip_str(&render_all(&of_rule, sources)).to_string()
    };
    if rule.weight != Weight::Stops {
        return reviewed(text, |review, sources| of_rule(&review.found, sources));
    }
    // What stops is told by every command, before there is anything to review.
    let (_, found, sources) = Lab::new(1).look(&format!("{text}{GIVEN}"));
    let others: Vec<&str> = found.iter().map(|finding| finding.code).filter(|code| *code != rule.name).collect();
    assert_eq!(others, [""; 0], "{}: {}", rule.name, render_all(&found, &sources));
    of_rule(&found, &sources)
}

#[test]
fn every_rule_is_broken_and_kept() {
    let update = std::env::var_os("UPDATE_CHECK").is_some();
    let mut wrong = Vec::new();
    for rule in RULES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check").join(format!("{}.txt", rule.name));
        let Ok(whole) = fs::read_to_string(&path) else {
            wrong.push(format!("── {} has no stack", rule.name));
            continue;
        };
        let parts: Vec<&str> = whole.split(SEPARATOR).collect();
        let [broken, expected, kept] = parts.as_slice() else { panic!("{}: three parts", path.display()) };
        let now = said(broken, rule);
        if now.is_empty() {
            wrong.push(format!("── {}: nothing is said of the stack that breaks it", rule.name));
        } else if update {
            fs::write(&path, [broken, now.as_str(), kept].join(SEPARATOR)).expect("a file that can be written");
        } else if now != *expected {
            wrong.push(format!("── {}:\n{now}", rule.name));
        }
        let of_kept = said(kept, rule);
        if !of_kept.is_empty() {
            wrong.push(format!("── {}: the stack that keeps it is told\n{of_kept}", rule.name));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_CHECK=1 writes what is said now\n{}", wrong.join("\n"));
}

#[test]
fn what_is_accepted_is_set_apart_and_what_is_accepted_in_vain_is_told() {
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
                ("accepted-in-vain", "nothing breaks the rule `tls` that is accepted here"),
                ("unknown-rule", "there is no rule `single-leaver` to accept"),
                ("accepted-in-vain", "`residency` stops every command and cannot be accepted"),
            ]
        );
    });
}

#[test]
fn what_keeps_a_rule_is_in_its_one_form() {
    for rule in RULES {
        assert_eq!(drplan::hcl::format(rule.instead).expect("it can be read"), rule.instead, "{}", rule.name);
        assert!(rule.why.ends_with('.') || rule.why.ends_with(')'), "{}", rule.name);
    }
}

#[test]
fn sarif_says_where_what_and_why_and_keeps_what_was_accepted() {
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
    let log = |stack: &str| reviewed(stack, drplan::view::sarif::sarif);
    let first = log(stack);
    assert_eq!(first["version"], "2.1.0");
    let run = &first["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), RULES.len());
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
    // What only moves keeps its fingerprint, which is what a code scanner knows it by.
    let moved = log(&format!("\n\n# a comment\n{stack}"));
    let print = |log: &serde_json::Value| log["runs"][0]["results"][0]["partialFingerprints"].clone();
    assert_eq!(print(&first), print(&moved));
    let line = |log: &serde_json::Value| {
        log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"].clone()
    };
    assert_ne!(line(&first), line(&moved));
}

#[test]
fn the_stacks_to_start_from_keep_the_rules_or_say_why_not() {
    for dir in crate::stacks::stacks() {
        // That of the language reference is as it stands there.
        if dir.ends_with("web-geo") {
            continue;
        }
        let (lab, text) = crate::stacks::lab(&dir);
        let (program, _, sources) = lab.look(&text);
        let (stack, _) = program.evaluate(&Knowledge::default()).expect("a stack");
        let found = review(&stack).found;
        let said = anstream::adapter::strip_str(&render_all(&found, &sources)).to_string();
        assert!(found.is_empty(), "{}:\n{said}", dir.display());
    }
}

#[test]
fn groups_both_ways_do_not_accuse_each_other() {
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
    let rule = drplan::check::rule("leans-on-lost-site").expect("a rule");
    assert_eq!(said(&stack, rule), "");
}

//! `drplan check`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::loading::load;
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::check::{RULES, Review, review, rule};
use crate::diagnostic::{Severity, Sources, closest};
use crate::view;

/// Hold a stack to the rules of disaster recovery
///
/// Finds what would make a recovery fail or worse than promised, before an outage does: from the text alone, without state or cloud. A finding
/// that was looked at is accepted in the stack with `accept "rule" { reason = "…" }`. Exits 1 where a rule of severity error is broken, and with
/// `--strict` where any is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan check stacks/shop --vars stacks/shop/demo.vars.hcl
  drplan check --format sarif > drplan.sarif
  drplan check --explain single-lever")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Let warnings count as errors
    #[arg(long)]
    strict: bool,
    /// List the rules, and check nothing
    #[arg(long, conflicts_with_all = ["explain", "strict"])]
    list: bool,
    /// Say why a rule is one and what keeps it, and check nothing
    #[arg(long, value_name = "RULE", conflicts_with = "strict")]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    if args.list || args.explain.is_some() {
        return about(args, session);
    }
    let (loaded, stack) = match load(&args.stack, global, session).and_then(|loaded| Ok((loaded.look()?.0, loaded))) {
        Ok((stack, loaded)) => (loaded, stack),
        Err(Failure::Wrong(found, sources)) if args.format != Format::Text => {
            let review = Review { found, accepted: Vec::new() };
            session.print(&shown(&review, "", args.format, &sources))?;
            return Ok(ExitCode::StackWrong);
        }
        Err(other) => return Err(other),
    };
    let review = review(&stack);
    session.print(&shown(&review, &stack.name, args.format, &loaded.sources))?;
    let fails = |severity: Severity| args.strict || severity == Severity::Error;
    let failed = review.found.iter().any(|finding| fails(finding.severity));
    Ok(if failed { ExitCode::Failed } else { ExitCode::Done })
}

fn shown(review: &Review<'_>, stack: &str, format: Format, sources: &Sources) -> String {
    match format {
        Format::Text => view::check::text(review, stack, sources),
        Format::Json => pretty(&view::check::json(review, sources)),
        Format::Sarif => pretty(&view::sarif::sarif(review, sources)),
    }
}

fn about(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let wanted = match args.explain.as_deref() {
        None => RULES.to_vec(),
        Some(name) => vec![rule(name).ok_or_else(|| {
            let failure = Failure::failed(format!("there is no rule `{name}`"));
            match closest(name, RULES.iter().map(|rule| rule.name)) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help("`drplan check --list` lists them."),
            }
        })?],
    };
    session.print(&match (args.format, wanted.as_slice()) {
        (Format::Text, [rule]) => view::check::explained(rule),
        (Format::Text, rules) => view::check::list(rules),
        (Format::Json, rules) => pretty(&view::check::rules_json(rules)),
        (Format::Sarif, _) => {
            return Err(Failure::failed("there is no SARIF of rules alone")
                .help("Leave out `--list` and `--explain`: what is found comes with the rules."));
        }
    })?;
    Ok(ExitCode::Done)
}

//! `drplan check`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::help::page_width;
use super::loading::load_without_secrets;
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::check::CheckReport;
use crate::diagnostic::{Severity, Sources, closest};
use crate::providers::rules;
use crate::view;

/// Check a stack for configurations that would break or slow down a recovery
///
/// Checks the stack's files alone, without state or cloud; sensitive variables need no values. Accept a reviewed
/// finding in the stack with `accept "rule" { reason = "…" }`. Exits 1 if a rule of severity error is violated; with
/// `--strict`, if any rule is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan check stacks/shop --vars stacks/shop/demo.vars.hcl
  drplan check --format sarif > drplan.sarif
  drplan check --explain single-lever")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
    /// Treat warnings as errors
    #[arg(long)]
    strict: bool,
    /// List the rules, without checking a stack
    #[arg(long, conflicts_with_all = ["explain", "strict"])]
    list: bool,
    /// Explain a rule and how to comply with it, without checking a stack
    #[arg(long, value_name = "RULE", conflicts_with = "strict")]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For a terminal
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
    let (loaded, stack) =
        match load_without_secrets(&args.stack, global, session).and_then(|loaded| Ok((loaded.look()?.0, loaded))) {
            Ok((stack, loaded)) => (loaded, stack),
            Err(Failure::Wrong(found, sources)) if args.format != CheckFormat::Text => {
                let review = CheckReport { found, accepted: Vec::new() };
                session.print(&shown(&review, "", args.format, &sources, session.table_width()))?;
                return Ok(ExitCode::StackWrong);
            }
            Err(other) => return Err(other),
        };
    let review = rules().review(&stack);
    session.print(&shown(&review, &stack.name, args.format, &loaded.sources, session.table_width()))?;
    let fails = |severity: Severity| args.strict || severity == Severity::Error;
    let failed = review.found.iter().any(|finding| fails(finding.severity));
    Ok(if failed { ExitCode::Failed } else { ExitCode::Done })
}

fn shown(review: &CheckReport<'_>, stack: &str, format: CheckFormat, sources: &Sources, width: usize) -> String {
    match format {
        CheckFormat::Text => view::check::text(review, stack, sources, width),
        CheckFormat::Json => pretty(&view::check::json(review, sources)),
        CheckFormat::Sarif => pretty(&view::sarif::sarif(review, rules(), sources)),
    }
}

fn about(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let wanted = match args.explain.as_deref() {
        None => rules().iter().collect(),
        Some(name) => vec![rules().named(name).ok_or_else(|| {
            let failure = Failure::failed(format!("there is no rule `{name}`"));
            match closest(name, rules().iter().map(|rule| rule.name)) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help("List the rules: `drplan check --list`"),
            }
        })?],
    };
    let layout = view::Layout { width: page_width(session), ..view::Layout::default() };
    session.print(&match (args.format, wanted.as_slice()) {
        (CheckFormat::Text, [rule]) => view::check::explained(rule, layout),
        (CheckFormat::Text, rules) => view::check::list(rules, session.table_width()),
        (CheckFormat::Json, rules) => pretty(&view::check::rules_json(rules)),
        (CheckFormat::Sarif, _) => {
            return Err(Failure::failed("SARIF is a format of findings, not of rules")
                .help("Remove `--list` or `--explain`: findings contain their rules."));
        }
    })?;
    Ok(ExitCode::Done)
}

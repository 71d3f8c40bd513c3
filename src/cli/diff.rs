//! `drplan diff`.

use std::path::{Path, PathBuf};

use super::again::{again, withheld_hint, word};
use super::failover_group::ReviewFormat;
use super::loading::{StackText, given_variables, stack_text};
use super::reviewing::{before, declared, evaluate, given_to, require_objectives, sha256, text_at};
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::address::Address;
use crate::object::ObjectId;
use crate::review::compare;
use crate::stack::{Stack, VariableInput};
use crate::value::Seal;
use crate::view::plan_markdown::CommentCommands;
use crate::view::review::StackLabels;
use crate::view::{review, review_json, review_markdown};

/// Compare two versions of a stack, without state or cloud
///
/// Shows resources that would be created, updated, replaced or renamed, changes of failover groups and objectives,
/// the predicted recovery time before and after, and new risks. Needs no secrets, so pull requests from forks can be
/// reviewed: sensitive variables need no values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan diff --base origin/main                     changes of this branch to the stack here
  drplan diff stacks/web-geo --base HEAD~3 --vars prod.vars.hcl
  drplan diff old/web-geo new/web-geo --format json
  drplan diff --base origin/main --format markdown --require-objectives      a comment for a pull request")]
pub struct Args {
    /// Directory of the old version; with --base, directory of the stack [default: .]
    #[arg(value_name = "OLD")]
    first: Option<PathBuf>,
    /// Directory of the new version
    #[arg(value_name = "NEW", conflicts_with = "base")]
    second: Option<PathBuf>,
    /// Compare the stack's directory with this Git revision
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
    /// Exit 2 if there are differences
    #[arg(long)]
    detailed_exitcode: bool,
    /// Exit 1 if a failover of the new version is predicted to miss its objectives
    #[arg(long)]
    require_objectives: bool,
}

/// The two versions.
struct Versions {
    /// `None` if there was no stack.
    before: Option<StackText>,
    after: StackText,
    sides: StackLabels,
    /// The command that repeats the comparison: its words, the directory, and the words after all flags.
    command: (String, PathBuf, String),
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let Versions { before: old, after: new, sides, command } = compared(args, session)?;
    let given = given_variables(global, session)?;
    if let Some(old) = &old {
        tell_one_sided(&given, &declared(old), &declared(&new), session);
    }
    let given_after = old.as_ref().map_or_else(|| given.clone(), |old| given_to(&new, old, &given));
    let given_before = old.as_ref().map(|old| given_to(old, &new, &given)).unwrap_or_default();
    // An error of both versions is reported for the new one.
    let new = evaluate(new, given_after, Some(global))?;
    let (command, dir, base) = command;
    let command = again(&command, &dir, global) + &base;
    let old = old.map(|old| before(old, given_before, &sides.before, session)).transpose()?;
    let review = compare(old.as_ref(), &new, &Seal::new(session.ids.key()));
    let names = names(old.as_ref(), &new);
    let text = match args.format {
        ReviewFormat::Text => review::text(&review, &sides, &names, session.layout(global)),
        ReviewFormat::Json => pretty(&review_json::json(&review, &sides)),
        ReviewFormat::Markdown => {
            let digest = sha256(&pretty(&review_json::json(&review, &sides)));
            let digest = (format!("{command} --format json"), digest);
            let commands = CommentCommands { whole: command, digest, secrets: withheld_hint(global) };
            review_markdown::markdown(&review, &new, &sides, &names, commands)
        }
    };
    session.print(&text)?;
    if args.require_objectives {
        require_objectives(&review.outlooks)?;
    }
    let changes = args.detailed_exitcode && review.has_changes();
    Ok(if changes { ExitCode::Changes } else { ExitCode::Done })
}

fn compared(args: &Args, session: &Session) -> Result<Versions, Failure> {
    let path = |path: &Path| path.display().to_string();
    match (&args.first, &args.second, &args.base) {
        (stack, None, Some(base)) => {
            let stack = stack.as_deref().unwrap_or(Path::new("."));
            let after = stack_text(stack, session)?;
            let (before, words) = text_at(stack, base, session)?;
            let command = ("diff".to_owned(), stack.to_owned(), format!(" --base {}", word(Path::new(base))));
            Ok(Versions { before, after, sides: StackLabels { before: words, after: path(stack) }, command })
        }
        (Some(old), Some(new), _) => {
            let (before, after) = (Some(stack_text(old, session)?), stack_text(new, session)?);
            let command = (format!("diff {} {}", word(old), word(new)), PathBuf::from("."), String::new());
            Ok(Versions { before, after, sides: StackLabels { before: path(old), after: path(new) }, command })
        }
        (_, None, None) | (None, Some(_), _) => Err(Failure::failed("nothing to compare with")
            .help("Compare the stack here with a Git revision: `drplan diff --base REV`")
            .help("Compare two directories: `drplan diff OLD NEW`")),
    }
}

/// Prints which values are for one version only.
fn tell_one_sided(given: &[VariableInput], before: &[String], after: &[String], session: &mut Session) {
    for one in given.iter().filter(|one| !one.is_from_environment()) {
        let side = match (before.contains(&one.name), after.contains(&one.name)) {
            (true, false) => "old",
            (false, true) => "new",
            (true, true) | (false, false) => continue,
        };
        session.say(&format!("note: only the {side} version has the variable `{}`, given {}.\n", one.name, one.origin));
    }
}

/// The addresses of the ids of both versions; those of the new one count.
fn names(before: Option<&Stack>, after: &Stack) -> Vec<(ObjectId, Address)> {
    let of = |stack: &Stack| -> Vec<(ObjectId, Address)> {
        stack
            .resources
            .values()
            .filter(|one| !one.kind.place.is_property())
            .map(|resource| (resource.id.clone(), resource.address.clone()))
            .collect()
    };
    before.map(of).into_iter().flatten().chain(of(after)).collect()
}

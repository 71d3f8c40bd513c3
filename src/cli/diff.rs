//! `drplan diff`.

use std::path::{Path, PathBuf};

use super::again::{again, word};
use super::failover_group::Format;
use super::loading::{StackText, given_variables, stack_text};
use super::reviewing::{before, declared, evaluate, given_to, require_objectives, sha256, text_at};
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::address::{Address, ArmId};
use crate::review::compare;
use crate::stack::{GivenVariable, Stack};
use crate::value::Seal;
use crate::view::review::Sides;
use crate::view::{review, review_json, review_markdown};

/// Compare two stacks as they are written, without a state and without a cloud
///
/// What is told is what the change means: what would be created, updated or replaced, what only changes its label, what becomes of failover groups and
/// objectives, how long a failover is predicted to take before and after, and what becomes riskier. A pull request from a fork can be reviewed so, since
/// nothing secret is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan diff --base origin/main                     what this branch changes in the stack here
  drplan diff stacks/web-geo --base HEAD~3 --vars prod.vars.hcl
  drplan diff old/web-geo new/web-geo --format json
  drplan diff --base origin/main --format markdown --require-objectives      a comment for a pull request")]
pub struct Args {
    /// The directory of the stack before; with --base, that of the stack [default: .]
    #[arg(value_name = "OLD")]
    first: Option<PathBuf>,
    /// The directory of the stack after
    #[arg(value_name = "NEW", conflicts_with = "base")]
    second: Option<PathBuf>,
    /// Compare the stack's directory with what it was at this revision of its Git repository
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit 2 where anything differs
    #[arg(long)]
    detailed_exitcode: bool,
    /// Exit 1 where a failover is predicted to miss the objectives of the stack after
    #[arg(long)]
    require_objectives: bool,
}

/// The two texts that are compared.
struct Compared {
    /// `None` where there was no stack.
    before: Option<StackText>,
    after: StackText,
    sides: Sides,
    /// The command that compares them again.
    command: String,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let Compared { before: old, after: new, sides, command } = compared(args, global, session)?;
    let given = given_variables(global, session)?;
    if let Some(old) = &old {
        tell_one_sided(&given, &declared(old), &declared(&new), session);
    }
    let given_after = old.as_ref().map_or_else(|| given.clone(), |old| given_to(&new, old, &given));
    let given_before = old.as_ref().map(|old| given_to(old, &new, &given)).unwrap_or_default();
    // What is wrong on both sides is told of the one that is being written.
    let new = evaluate(new, given_after)?;
    let old = old.map(|old| before(old, given_before, &sides.before, session)).transpose()?;
    let review = compare(old.as_ref(), &new, &Seal::new(session.ids.key()));
    let names = names(old.as_ref(), &new);
    let text = match args.format {
        Format::Text => review::text(&review, &sides, &names),
        Format::Json => pretty(&review_json::json(&review, &sides)),
        Format::Markdown => {
            let digest = sha256(&pretty(&review_json::json(&review, &sides)));
            let digest = (format!("{command} --format json"), digest);
            review_markdown::markdown(&review, &new, &sides, &names, command, digest)
        }
    };
    session.print(&text)?;
    if args.require_objectives {
        require_objectives(&review.outlooks)?;
    }
    let changes = args.detailed_exitcode && review.has_changes();
    Ok(if changes { ExitCode::Changes } else { ExitCode::Done })
}

fn compared(args: &Args, global: &Global, session: &Session) -> Result<Compared, Failure> {
    let path = |path: &Path| path.display().to_string();
    match (&args.first, &args.second, &args.base) {
        (stack, None, Some(base)) => {
            let stack = stack.as_deref().unwrap_or(Path::new("."));
            let after = stack_text(stack, session)?;
            let (before, words) = text_at(stack, base, session)?;
            let command = format!("{} --base {}", again("diff", stack, global), word(Path::new(base)));
            Ok(Compared { before, after, sides: Sides { before: words, after: path(stack) }, command })
        }
        (Some(old), Some(new), _) => {
            let (before, after) = (Some(stack_text(old, session)?), stack_text(new, session)?);
            let command = again(&format!("diff {} {}", word(old), word(new)), Path::new("."), global);
            Ok(Compared { before, after, sides: Sides { before: path(old), after: path(new) }, command })
        }
        (_, None, None) | (None, Some(_), _) => Err(Failure::failed("nothing is said to compare with")
            .help("`drplan diff --base REV` compares the stack here with what it was at a revision of Git.")
            .help("`drplan diff OLD NEW` compares two directories.")),
    }
}

/// Says which of the values given are for one side only.
fn tell_one_sided(given: &[GivenVariable], before: &[String], after: &[String], session: &mut Session) {
    for one in given.iter().filter(|one| !one.is_from_environment()) {
        let side = match (before.contains(&one.name), after.contains(&one.name)) {
            (true, false) => "before",
            (false, true) => "after",
            (true, true) | (false, false) => continue,
        };
        session.say(&format!("note: only the stack {side} has the variable `{}`, given {}.\n", one.name, one.origin));
    }
}

/// What the ids of both stacks stand for: those of the stack after count.
fn names(before: Option<&Stack>, after: &Stack) -> Vec<(ArmId, Address)> {
    let of = |stack: &Stack| -> Vec<(ArmId, Address)> {
        stack.resources.values().map(|resource| (resource.id.clone(), resource.address.clone())).collect()
    };
    before.map(of).into_iter().flatten().chain(of(after)).collect()
}

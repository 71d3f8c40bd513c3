//! `drplan plan`.

use std::path::{Path, PathBuf};

use super::again::{again_for, again_recorded, completed, withheld_hint, word};
use super::cloud::with_cloud_beside;
use super::failover_group::{ReviewFormat, history};
use super::loading::{LoadedStack, load};
use super::planning::{PlanRequest, PlanResult, make_from, refuse_vanished, store_of};
use super::reviewing::{require_objectives, sha256, stack_at};
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::address::Address;
use crate::failover::History;
use crate::plan::file::{self, PlanFile, Rendered};
use crate::plan::{Action, Change, Plan, knowledge};
use crate::review::{PreviousStack, as_recorded, outlooks, risks};
use crate::stack::{CloudName, Stack};
use crate::store::read_bounded;
use crate::view;
use crate::view::plan_markdown::{Baseline, CommentCommands, PlanScope};
use crate::world::Store as _;

/// Show the changes that apply would make, and why
///
/// Compares the stack with the state and with the cloud. Destructive changes come first. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan plan stacks/web-geo --vars prod.vars.hcl
  drplan plan --target mssql_server.primary
  drplan plan --out today.plan && drplan apply today.plan
  drplan plan --detailed-exitcode --format json      for a pipeline: exit 2 if there are changes
  drplan plan --format markdown --base origin/main --require-objectives      a comment for a pull request")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// Plan the deletion of every resource in the state
    #[arg(long)]
    destroy: bool,
    /// Save the plan to this file, for `drplan show FILE` and `drplan apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
    /// Exit 2 if there are changes that apply would make
    #[arg(long)]
    detailed_exitcode: bool,
    /// Git revision to compare recovery with, in a comment (--format markdown)
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Exit 1 if a failover is predicted to miss the objectives of the stack
    #[arg(long, conflicts_with = "destroy")]
    require_objectives: bool,
}

/// Flags that `plan` and `apply` have in common.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Limits {
    /// Read the cloud before planning [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub refresh: Option<bool>,
    /// Limit the plan to this resource and its dependencies; repeatable
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<Address>,
    /// Import this resource, although its object exists and is not this stack's; repeatable
    #[arg(long = "adopt", value_name = "ADDRESS")]
    pub adopt: Vec<Address>,
    #[command(flatten)]
    pub accepted: AcceptMissing,
}

/// Accepted deletions outside drplan.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AcceptMissing {
    /// Continue although more than three resources of this site were deleted outside drplan at once; repeatable
    #[arg(long = "accept-vanished", value_name = "SITE")]
    pub sites: Vec<String>,
}

impl Limits {
    /// The plan that is wanted.
    pub fn wanted(&self, destroy: bool) -> PlanRequest {
        PlanRequest {
            targets: self.targets.clone(),
            destroy,
            refresh: self.refresh.unwrap_or(true),
            accept_vanished: self.accepted.sites.clone(),
            adopt: self.adopt.clone(),
        }
    }
}

impl Args {
    /// The command that makes the same plan, and saves it to this file.
    fn command(&self, out: Option<&Path>, global: &Global) -> String {
        let mut command = again_for("plan", &self.stack, &self.limits.targets, &self.limits.adopt, global);
        if self.destroy {
            command += " --destroy";
        }
        if self.limits.refresh == Some(false) {
            command += " --refresh=false";
        }
        if let Some(out) = out {
            command += &format!(" --out {}", word(out));
        }
        command
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let wanted = args.limits.wanted(args.destroy);
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let state = || store.load();
    let made = with_cloud_beside(&loaded.account, global, session, state, async |state, reached, session| {
        make_from(state?, &loaded, &wanted, &store, &reached, session).await
    })?;
    refuse_vanished(&made, &wanted, &args.command(args.out.as_deref(), global), global)?;
    let plan = &made.planned.plan;
    let markdown = match (args.format, &args.out) {
        (ReviewFormat::Markdown, _) | (_, Some(_)) => {
            comment(args, &loaded, &made, &history(&store)?, cloud, global, session)?
        }
        (ReviewFormat::Text | ReviewFormat::Json, None) => String::new(),
    };
    let layout = session.layout(global);
    session.print(&match args.format {
        ReviewFormat::Text => completed(&view::plan::text(plan, cloud, layout), &args.stack, global, layout.width),
        ReviewFormat::Json => pretty(&view::plan_json::json(plan, cloud)),
        ReviewFormat::Markdown => markdown.clone(),
    })?;
    if let Some(file) = &args.out {
        let rendered = Rendered {
            // A later command prints it on another terminal.
            text: completed(
                &view::plan::text(plan, cloud, view::Layout { width: view::WIDTH, ..layout }),
                &args.stack,
                global,
                view::WIDTH,
            ),
            json: view::plan_json::json(plan, cloud),
            markdown,
        };
        save(file, args, &wanted, &loaded, &made, rendered, global, session)?;
        let apply = again_recorded("apply", file, global);
        session.say(&format!("\nSaved as {}. To apply exactly this plan:\n    {apply}\n", file.display()));
        session.say(&withheld_hint(global));
    } else if args.format == ReviewFormat::Text && can_be_applied(&made) && !args.destroy {
        let apply = again_for("apply", &args.stack, &wanted.targets, &wanted.adopt, global);
        session.say(&format!("\nTo apply this plan:\n    {apply}\n{}", withheld_hint(global)));
    } else if args.format == ReviewFormat::Text && !importable(plan).is_empty() {
        let named: Vec<Address> = wanted.adopt.iter().cloned().chain(importable(plan)).collect();
        let import = again_for("plan", &args.stack, &wanted.targets, &named, global);
        session.say(&format!("\nTo plan the import of what exists and is not this stack's:\n    {import}\n"));
    }
    if args.require_objectives {
        require_objectives(&outlooks(PreviousStack::Unknown, &made.planned.stack, &history(&store)?))?;
    }
    let changes = args.detailed_exitcode && view::plan::has_changes(plan);
    // Before the exit code of changes: no apply would make them.
    let exit = match (plan.blocked.is_empty(), changes) {
        (false, _) => ExitCode::Refused,
        (true, true) => ExitCode::Changes,
        (true, false) => ExitCode::Done,
    };
    // The process ends here, and freeing a large plan piece by piece would take a sixth of its time.
    std::mem::forget((loaded, made));
    Ok(exit)
}

/// The plan as a comment of a pull request.
fn comment(
    args: &Args,
    loaded: &LoadedStack,
    made: &PlanResult,
    history: &History,
    cloud: CloudName,
    global: &Global,
    session: &mut Session,
) -> Result<String, Failure> {
    let (plan, stack) = (&made.planned.plan, &made.planned.stack);
    let before = args.base.as_deref().map(|base| stack_at(&args.stack, base, global, session)).transpose()?;
    let recorded = recorded(loaded, made, before.is_some())?;
    let earlier = match &before {
        None => recorded.as_ref().map_or(PreviousStack::Unknown, PreviousStack::Recorded),
        Some(at) => at.stack.as_ref().map_or(PreviousStack::Nothing, PreviousStack::Stack),
    };
    let scope = match (args.destroy, args.limits.targets.is_empty()) {
        (true, _) => PlanScope::Destroyed,
        (false, true) => PlanScope::Whole,
        (false, false) => PlanScope::Targets,
    };
    let outlooks = if args.destroy { Vec::new() } else { outlooks(earlier, stack, history) };
    let risks = risks(earlier, stack, plan.changes.iter(), &outlooks);
    let whole = args.command(None, global);
    let digest = sha256(&pretty(&view::plan_json::json(plan, cloud)));
    let beside = view::plan_markdown::CommentExtras {
        regions: view::plan_markdown::regions(stack),
        before: match &before {
            Some(at) => Baseline::Written(at.words.clone()),
            None if recorded.is_some() => Baseline::Recorded,
            None => Baseline::Unknown,
        },
        outlooks: &outlooks,
        risks: &risks,
        scope,
        from_history: *history != History::default(),
        commands: CommentCommands {
            digest: (format!("{whole} --format json"), digest),
            whole,
            secrets: withheld_hint(global),
        },
    };
    Ok(view::plan_markdown::markdown(plan, cloud, &beside))
}

/// The stack with its recorded values; `None` without a state, or if the version before is known.
fn recorded(loaded: &LoadedStack, made: &PlanResult, is_known: bool) -> Result<Option<Stack>, Failure> {
    let Some(state) = made.recorded.as_ref().filter(|_| !is_known) else { return Ok(None) };
    let evaluated = loaded.program.evaluate(&knowledge(loaded.program.catalog(), state, &|_| false));
    let (stack, _) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    Ok(Some(as_recorded(stack, state)))
}

/// True if `apply` would make changes now.
/// Resources that the plan would import, and that are blocked because nobody has named them.
fn importable(plan: &Plan) -> Vec<Address> {
    let is_blocked = |change: &&Change| plan.blocked.iter().any(|blocked| blocked.address == change.address);
    let imports = plan.changes.iter().filter(|change| change.action == Action::Adopt).filter(is_blocked);
    let can_be = imports.filter(|change| !change.arguments.iter().any(|argument| argument.forces_replace));
    can_be.map(|change| change.address.clone()).collect()
}

fn can_be_applied(made: &PlanResult) -> bool {
    let plan = &made.planned.plan;
    let is_held = |address: &Address| made.held.iter().any(|(_, resources)| resources.contains(address));
    let changes = || plan.changes.iter().filter(|change| change.action != Action::Keep);
    view::plan::has_changes(plan) && plan.blocked.is_empty() && !changes().any(|change| is_held(&change.address))
}

#[expect(clippy::too_many_arguments, reason = "one call, and each argument is another part of the file")]
fn save(
    file: &Path,
    args: &Args,
    wanted: &PlanRequest,
    loaded: &LoadedStack,
    made: &PlanResult,
    rendered: Rendered,
    global: &Global,
    session: &Session,
) -> Result<(), Failure> {
    let inputs = loaded.inputs(&args.stack, global, session);
    let saved = PlanFile {
        format_version: file::VERSION,
        directory: args.stack.display().to_string(),
        cloud: loaded.account.cloud.as_str().to_owned(),
        basis: made.planned.plan.basis.clone(),
        targets: wanted.targets.clone(),
        destroy: wanted.destroy,
        variables: inputs.values,
        sensitive: inputs.sensitive,
        withheld: inputs.withheld,
        variable_files: inputs.files,
        refresh: wanted.refresh,
        accept_vanished: wanted.accept_vanished.clone(),
        adopt: wanted.adopt.clone(),
        digest: file::digest(&made.planned.plan),
        rendered: Some(rendered),
    };
    let json = serde_json::to_value(&saved)
        .map_err(|error| Failure::failed(format!("the plan cannot be written as JSON: {error}")))?;
    session.write_file(file, pretty(&json).as_bytes())
}

/// Maximum size of a saved plan in bytes.
const MAX_PLAN_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a saved plan.
///
/// # Errors
/// A file that is no saved plan, or was saved by a newer version.
pub fn read(path: &Path, session: &Session) -> Result<PlanFile, Failure> {
    let wrong =
        |what: String| Failure::wrong_file(format!("{} cannot be read as a saved plan: {what}", path.display()));
    let bytes = read_bounded(&session.path(path), MAX_PLAN_BYTES).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
    PlanFile::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// The cloud of a saved plan.
///
/// # Errors
/// Another cloud in `--cloud`, or an unknown one in the file.
pub fn cloud_in(saved: &PlanFile, global: &Global, session: &Session) -> Result<CloudName, Failure> {
    let unknown = || Failure::wrong_file(format!("the saved plan is for an unknown cloud, `{}`", saved.cloud));
    let cloud = CloudName::named(&saved.cloud, session.catalog).ok_or_else(unknown)?;
    match global.cloud {
        Some(asked) if asked.is_local() != cloud.is_local() => {
            Err(Failure::refused(format!("the saved plan is for --cloud {}, not {}", cloud.as_str(), asked.as_str())))
        }
        _ => Ok(cloud),
    }
}

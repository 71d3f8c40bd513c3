//! `drplan plan`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::again::{again, again_for};
use super::cloud::with_cloud;
use super::failover_group::{Format, history};
use super::loading::{Loaded, load};
use super::planning::{Made, Wanted, make, refuse_vanished, store_of};
use super::reviewing::{require_objectives, sha256, stack_at};
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::address::Address;
use crate::failover::History;
use crate::plan::file::{self, PlanFile};
use crate::plan::{Plan, knowledge};
use crate::review::{Earlier, as_recorded, outlooks, risks};
use crate::stack::{CloudName, GivenVariable, Stack, Variable};
use crate::view;
use crate::view::plan_markdown::{Before, Scope};

/// Show what apply would do, and why
///
/// The stack is compared with what is recorded and with what stands. Destructive changes come first. Nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan plan stacks/web-geo --vars prod.vars.hcl
  drplan plan --target mssql_server.primary
  drplan plan --out today.plan && drplan apply today.plan
  drplan plan --detailed-exitcode --format json      for a pipeline: exit 2 where there are changes
  drplan plan --format markdown --base origin/main --require-objectives      a comment for a pull request")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    limits: Limits,
    /// Plan the deletion of everything that is recorded
    #[arg(long)]
    destroy: bool,
    /// Save the plan into this file, for `drplan apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit 2 where there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// The Git revision before, from which a comment (--format markdown) takes what recovery was like
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Exit 1 where a failover is predicted to miss the objectives of the stack
    #[arg(long, conflicts_with = "destroy")]
    require_objectives: bool,
}

/// What `plan` and `apply` take alike.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Limits {
    /// Whether to look at the cloud before planning [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub refresh: Option<bool>,
    /// Limit the plan to this resource and what it needs; may be given several times
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<Address>,
    #[command(flatten)]
    pub accepted: AcceptVanished,
}

/// What is accepted of that which has vanished.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AcceptVanished {
    /// Go on although more than three objects of this site have vanished at once; may be given several times
    #[arg(long = "accept-vanished", value_name = "SITE")]
    pub sites: Vec<String>,
}

impl Limits {
    /// The plan that is wanted.
    pub fn wanted(&self, destroy: bool) -> Wanted {
        Wanted {
            targets: self.targets.clone(),
            destroy,
            refresh: self.refresh.unwrap_or(true),
            accept_vanished: self.accepted.sites.clone(),
        }
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let wanted = args.limits.wanted(args.destroy);
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let made = with_cloud(&loaded.account, global, session, async |reached, session| {
        make(&loaded, &wanted, &store, &reached, session).await
    })?;
    refuse_vanished(&made, &wanted)?;
    let plan = &made.planned.plan;
    let text = match args.format {
        Format::Text => view::plan::text(plan, cloud),
        Format::Json => pretty(&view::plan_json::json(plan, cloud)),
        Format::Markdown => comment(args, &loaded, &made, &history(&store)?, cloud, global, session)?,
    };
    session.print(&text)?;
    if let Some(file) = &args.out {
        save(file, &args.stack, cloud, &wanted, &loaded, &made, session)?;
        let apply = again("apply", file, &Global { vars: Vec::new(), var_files: Vec::new(), ..global.clone() });
        session.say(&format!("\nSaved as {}. To do exactly this:\n    {apply}\n", file.display()));
        for name in sensitive_given(&loaded, &made) {
            session.say(&format!(
                "The value of {name} is sensitive, so it is not in the file and has to be given again.\n"
            ));
        }
    } else if args.format == Format::Text && can_be_applied(plan) && !args.destroy {
        session.say(&format!("\nTo do this:\n    {}\n", again_for("apply", &args.stack, &wanted.targets, global)));
    }
    if args.require_objectives {
        require_objectives(&outlooks(Earlier::Unknown, &made.planned.stack, &history(&store)?))?;
    }
    let changes = args.detailed_exitcode && view::plan::has_changes(plan);
    Ok(if changes { ExitCode::Changes } else { ExitCode::Done })
}

/// The plan as a comment of a pull request.
fn comment(
    args: &Args,
    loaded: &Loaded,
    made: &Made,
    history: &History,
    cloud: CloudName,
    global: &Global,
    session: &mut Session,
) -> Result<String, Failure> {
    let (plan, stack) = (&made.planned.plan, &made.planned.stack);
    let before = args.base.as_deref().map(|base| stack_at(&args.stack, base, global, session)).transpose()?;
    let recorded = recorded(loaded, made, before.is_some())?;
    let earlier = match &before {
        None => recorded.as_ref().map_or(Earlier::Unknown, Earlier::Recorded),
        Some(at) => at.stack.as_ref().map_or(Earlier::Nothing, Earlier::Stack),
    };
    let scope = match (args.destroy, args.limits.targets.is_empty()) {
        (true, _) => Scope::Destroyed,
        (false, true) => Scope::Whole,
        (false, false) => Scope::Targets,
    };
    let outlooks = if args.destroy { Vec::new() } else { outlooks(earlier, stack, history) };
    let risks = risks(earlier, stack, plan.changes.iter(), &outlooks);
    let mut whole = again_for("plan", &args.stack, &args.limits.targets, global);
    if args.destroy {
        whole += " --destroy";
    }
    if args.limits.refresh == Some(false) {
        whole += " --refresh=false";
    }
    let digest = sha256(&pretty(&view::plan_json::json(plan, cloud)));
    let beside = view::plan_markdown::Beside {
        regions: view::plan_markdown::regions(stack),
        before: match &before {
            Some(at) => Before::Written(at.words.clone()),
            None if recorded.is_some() => Before::Recorded,
            None => Before::Unknown,
        },
        outlooks: &outlooks,
        risks: &risks,
        scope,
        from_history: *history != History::default(),
        digest: (format!("{whole} --format json"), digest),
        whole,
    };
    Ok(view::plan_markdown::markdown(plan, cloud, &beside))
}

/// The stack with what is recorded of it; `None` where nothing is, or something better is known.
fn recorded(loaded: &Loaded, made: &Made, is_known: bool) -> Result<Option<Stack>, Failure> {
    let Some(state) = made.recorded.as_ref().filter(|_| !is_known) else { return Ok(None) };
    let evaluated = loaded.program.evaluate(&knowledge(state, &|_| false));
    let (stack, _) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    Ok(Some(as_recorded(stack, state)))
}

/// Whether `apply` would do something about it now.
fn can_be_applied(plan: &Plan) -> bool {
    view::plan::has_changes(plan) && plan.roles.open.is_none()
}

fn save(
    file: &Path,
    stack: &Path,
    cloud: CloudName,
    wanted: &Wanted,
    loaded: &Loaded,
    made: &Made,
    session: &Session,
) -> Result<(), Failure> {
    let is_plain = |one: &&GivenVariable| variable(one, made).is_some_and(|variable| !variable.sensitive);
    let given = loaded.given.iter().filter(is_plain).map(|one| (one.name.clone(), one.text.clone()));
    let saved = PlanFile {
        format_version: file::VERSION,
        directory: stack.display().to_string(),
        cloud: cloud.as_str().to_owned(),
        basis: made.planned.plan.basis.clone(),
        targets: wanted.targets.clone(),
        destroy: wanted.destroy,
        variables: given.collect(),
        sensitive: sensitive_given(loaded, made).into_iter().collect(),
        refresh: wanted.refresh,
        accept_vanished: wanted.accept_vanished.clone(),
        digest: file::digest(&made.planned.plan),
    };
    let json =
        serde_json::to_value(&saved).map_err(|error| Failure::failed(format!("the plan has no text: {error}")))?;
    session.write_file(file, pretty(&json).as_bytes())
}

/// The sensitive variables that were given a value.
fn sensitive_given(loaded: &Loaded, made: &Made) -> BTreeSet<String> {
    let sensitive = |one: &&GivenVariable| variable(one, made).is_some_and(|variable| variable.sensitive);
    loaded.given.iter().filter(sensitive).map(|one| one.name.clone()).collect()
}

/// The variable that a value was given to; `None` for what the environment holds for other stacks.
fn variable<'a>(given: &GivenVariable, made: &'a Made) -> Option<&'a Variable> {
    made.planned.stack.variables.get(given.name.as_str())
}

/// Reads a saved plan.
///
/// # Errors
/// Where it is none, or of a newer version.
pub fn read(path: &Path, session: &Session) -> Result<PlanFile, Failure> {
    let wrong = |what: String| Failure::wrong_file(format!("{} is no saved plan: {what}", path.display()));
    let text = std::fs::read_to_string(session.path(path)).map_err(|error| wrong(error.to_string()))?;
    PlanFile::parse(&text).map_err(|error| wrong(error.to_string()))
}

/// The cloud that a saved plan is for.
///
/// # Errors
/// Where `--cloud` says another, or there is none of that name.
pub fn cloud_in(saved: &PlanFile, global: &Global) -> Result<CloudName, Failure> {
    let cloud = super::Cloud::from_str(&saved.cloud, false).map(CloudName::from).map_err(|_| {
        Failure::wrong_file(format!("the saved plan is for the cloud `{}`, which there is none of", saved.cloud))
    })?;
    match global.cloud.map(CloudName::from) {
        Some(asked) if asked != cloud => {
            Err(Failure::refused(format!("the saved plan is for --cloud {}, not {}", cloud.as_str(), asked.as_str())))
        }
        _ => Ok(cloud),
    }
}

//! `drplan adopt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account::Account;
use super::again::again;
use super::cloud::{Reached, with_cloud};
use super::init::stack_name;
use super::loading::{Loaded, StackText, given_variables, load_text, stack_text};
use super::place::{holder, names_of_stack, read, shown};
use super::planning::{Wanted, make, refuse_open};
use super::{ExitCode, Failure, Global, Session};
use crate::address::{ArmId, is_identifier};
use crate::adopt::terraform::{self, MAX_BYTES, Managing};
use crate::adopt::{self, Draft, Survey, Text};
use crate::apply::{NotFound, discover_groups, discover_objects};
use crate::check;
use crate::diagnostic::{Diagnostics, Sources};
use crate::hcl::Files;
use crate::kinds::{self, Place};
use crate::plan::Plan;
use crate::stack::{CloudName, GivenVariable, Stack};
use crate::store::LocalStore;
use crate::view;
use crate::view::count;
use crate::world::Store;

/// Write what stands as a stack that plans empty, and record it
///
/// Resource groups are read with everything in them; every object that drplan has a kind for becomes a block, what it refers to a reference, each region a
/// site. It is recorded as it stands, so that a plan of the new stack has nothing to do. Nothing is changed in the cloud. What has no kind, and what
/// cannot be written as it stands, is listed with the reason. Children that drplan has no kind for are not seen.
///
/// Secrets cannot be read. Each that has to be written becomes a sensitive variable; the value that is given for it first is taken to be the one that stands, and
/// sent with the next change of that resource. Secrets that may be left out (what a machine ran when it first started) are left out.
///
/// With --terraform the objects are those that a Terraform state (version 4) manages in azurerm, under the names that they have there. Only their ids are taken
/// from the state; how they stand is read in the cloud.
///
/// What another stack records stays recorded there, too. Of two stacks that have one object, each undoes what the other changes: `drplan state forget` takes it
/// out of one.
///
/// It ends with the plan of the new stack, and exits 1 where that is not empty.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan adopt shop-east shop-west --out shop --cloud azure
  terraform state pull > shop.tfstate && drplan adopt --terraform shop.tfstate --out shop --cloud azure
  drplan plan shop")]
pub struct Args {
    /// The resource groups
    #[arg(value_name = "RESOURCE_GROUP", required_unless_present = "terraform", conflicts_with = "terraform")]
    groups: Vec<String>,
    /// A Terraform state whose objects are adopted
    #[arg(long, value_name = "STATE_FILE")]
    terraform: Option<PathBuf>,
    /// The directory to write the stack into
    #[arg(long, value_name = "DIR", default_value = "adopted")]
    out: PathBuf,
    /// The name of the stack [default: that of the directory]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write over a stack that is there, and over what is recorded of one of that name
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let cloud = global.cloud.map_or(CloudName::Local, CloudName::from);
    let account = Account::of(cloud, session);
    let name = match &args.name {
        Some(name) if is_identifier(name) => name.clone(),
        Some(name) => {
            return Err(Failure::failed(format!("`{name}` cannot be the name of a stack"))
                .help("Write a letter, then letters, digits, `_` and `-`."));
        }
        None => stack_name(&session.path(&args.out)),
    };
    let managing = args.terraform.as_deref().map(|file| managing(file, session)).transpose()?;
    refuse_stack(args, session)?;
    let store = LocalStore::open(&session.path(&global.state_root), &name, cloud.as_str())?;
    let _lock = store.lock(&holder("adopt", session))?;
    let recorded = store.load()?;
    refuse_open(recorded.as_ref(), &args.out, global)?;
    let serial = recorded.as_ref().map_or(0, |state| state.serial);
    if recorded.is_some_and(|state| !state.resources.is_empty()) && !args.force {
        return Err(Failure::refused(format!("resources are recorded of a stack {name} on {} already", cloud.as_str()))
            .help("Choose another --name, or say --force to record what is adopted instead of them. What stands stays as it is."));
    }
    let order = Order { args, name, managing, store, serial, global };
    with_cloud(&account, global, session, async |reached, session| order.carry_out(&account, &reached, session).await)
}

/// Reads a Terraform state.
fn managing(path: &Path, session: &Session) -> Result<Managing, Failure> {
    let wrong = |what: String| Failure::wrong_file(format!("{}: {what}", path.display()));
    let length = std::fs::metadata(session.path(path)).map_err(|error| wrong(error.to_string()))?.len();
    if length > MAX_BYTES as u64 {
        return Err(wrong(format!("it has {length} bytes, and at most {MAX_BYTES} are read")));
    }
    let (_, text) = read(path, session)?;
    terraform::read(&text)
        .map_err(|what| wrong(what).help("Give it the output of `terraform state pull`, or a terraform.tfstate."))
}

/// Nothing that somebody wrote is overwritten.
fn refuse_stack(args: &Args, session: &Session) -> Result<(), Failure> {
    let there: Vec<String> = files_of_stack(&args.out, session);
    match there.first() {
        Some(first) if !args.force => Err(Failure::refused(format!(
            "{} holds a stack already: {}",
            args.out.display(),
            shown(&args.out, first).display()
        ))
        .help("Name another directory with --out, or say --force to write the adopted stack in its place.")),
        _ => Ok(()),
    }
}

fn files_of_stack(dir: &Path, session: &Session) -> Vec<String> {
    std::fs::read_dir(session.path(dir)).map_or_else(|_| Vec::new(), names_of_stack)
}

/// What is to be adopted.
struct Order<'a> {
    args: &'a Args,
    name: String,
    managing: Option<Managing>,
    store: LocalStore,
    /// The serial of what is recorded; 0 where nothing ever was.
    serial: u64,
    global: &'a Global,
}

impl Order<'_> {
    async fn carry_out(
        &self,
        account: &Account,
        reached: &Reached,
        session: &mut Session,
    ) -> Result<ExitCode, Failure> {
        let owner = adopt::Account { subscription: account.subscription.clone(), tenant: account.tenant.clone() };
        let survey = self.survey(account, &owner, reached).await?;
        let managed = self.managing.as_ref().map(|managing| managing.objects.as_slice());
        let mut draft = Draft::of(&survey, managed, &owner);
        let (text, stack) = self.mended(&mut draft, account, session)?;
        if draft.resources().next().is_none() {
            self.tell_left(&draft, session)?;
            return Err(Failure::failed("there is nothing that drplan could adopt"));
        }
        self.write(&text, session)?;
        let seal = self.store.seal(&*reached.ids)?;
        let state = adopt::record(&stack, &survey.bodies, reached.ids.fresh(), self.serial, &seal);
        self.store.save(&state)?;
        self.tell_adopted(&draft, session)?;
        self.tell_left(&draft, session)?;
        self.tell_secrets(&text, session)?;
        self.plan(&text, account, reached, session).await
    }

    async fn survey(&self, account: &Account, owner: &adopt::Account, reached: &Reached) -> Result<Survey, Failure> {
        let found = match &self.managing {
            Some(managing) => {
                let is_own = |other: &str| other.eq_ignore_ascii_case(&account.subscription);
                let own = |id: &&ArmId| id.subscription().is_some_and(is_own);
                let ids: Vec<ArmId> = managing.objects.iter().map(|one| &one.id).filter(own).cloned().collect();
                discover_objects(&reached.cloud, &ids, owner).await
            }
            None => {
                let groups: Result<Vec<ArmId>, Failure> =
                    self.args.groups.iter().map(|name| group_id(name, account)).collect();
                let mut groups = groups?;
                groups.sort();
                groups.dedup();
                discover_groups(&reached.cloud, &groups, owner).await
            }
        };
        found.map_err(|error| match &error {
            NotFound::Group(_) => Failure::failed(error.to_string()).help(match account.cloud {
                CloudName::Local => "This is the embedded cloud; --cloud azure looks in Azure.".to_owned(),
                CloudName::Azure => format!("It was looked for in subscription {}.", account.subscription),
            }),
            NotFound::TooMany | NotFound::Cloud(_) => Failure::failed(error.to_string()),
        })
    }

    /// The text of the stack, and the stack: without what cannot be written as it stands.
    fn mended(&self, draft: &mut Draft, account: &Account, session: &Session) -> Result<(Text, Stack), Failure> {
        loop {
            let text = draft.write(&self.name, account.cloud);
            match self.evaluated(&text, account, session)? {
                Ok(stack) => return Ok((text, stack)),
                Err((found, sources)) => {
                    if !draft.mend(&found, &sources) {
                        return Err(Failure::Wrong(found, sources));
                    }
                }
            }
        }
    }

    /// The stack that a text is, or what is wrong with it.
    fn evaluated(
        &self,
        text: &Text,
        account: &Account,
        session: &Session,
    ) -> Result<Result<Stack, (Diagnostics, Sources)>, Failure> {
        let given = self.given(text, session)?;
        let files = text.files.iter().map(|(name, text)| (name.as_str().into(), text.as_str().into())).collect();
        let text = StackText { files, reader: Arc::new(NoFiles) };
        let loaded = match load_text(text, given, |_| account.clone()) {
            Ok(loaded) => loaded,
            Err(Failure::Wrong(found, sources)) => return Ok(Err((found, sources))),
            Err(other) => return Err(other),
        };
        Ok(match check::all(&loaded.program, Diagnostics::new()) {
            (Some(stack), found) if !found.has_errors() => Ok(stack),
            (_, found) => Err((found, loaded.sources)),
        })
    }

    /// The values that were given, and for all other secrets one that stands for them.
    fn given(&self, text: &Text, session: &Session) -> Result<Vec<GivenVariable>, Failure> {
        let mut given = given_variables(self.global, session)?;
        let told: BTreeSet<String> = given.iter().map(|one| one.name.clone()).collect();
        let untold = text.variables.iter().filter(|variable| !told.contains(&variable.name));
        given.extend(untold.map(|variable| GivenVariable {
            name: variable.name.clone(),
            text: adopt::STAND_IN.to_owned(),
            origin: "by adopt".to_owned(),
        }));
        Ok(given)
    }

    fn write(&self, text: &Text, session: &mut Session) -> Result<(), Failure> {
        let out = &self.args.out;
        std::fs::create_dir_all(session.path(out)).map_err(|error| Failure::file(out, &error))?;
        for name in files_of_stack(out, session).iter().filter(|name| !text.files.contains_key(*name)) {
            let path = out.join(name);
            std::fs::remove_file(session.path(&path)).map_err(|error| Failure::file(&path, &error))?;
        }
        for (name, text) in &text.files {
            session.write_file(&out.join(name), text.as_bytes())?;
            session.print(&format!("{}\n", shown(out, name).display()))?;
        }
        Ok(())
    }

    fn tell_adopted(&self, draft: &Draft, session: &mut Session) -> Result<(), Failure> {
        let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for (candidate, _) in draft.resources() {
            *of_kind.entry(candidate.kind.name).or_default() += 1;
        }
        let rows: String = of_kind.iter().map(|(kind, number)| format!("  {number:>5}  {kind}\n")).collect();
        let all = count(of_kind.values().sum(), "resource is adopted", "resources are adopted");
        session.print(&format!("\n{all} as stack {}; nothing was changed in the cloud.\n{rows}", self.name))
    }

    fn tell_left(&self, draft: &Draft, session: &mut Session) -> Result<(), Failure> {
        let (whole, parts): (Vec<_>, Vec<_>) = draft.left().into_iter().partition(|left| left.whole);
        let others = self.managing.iter().flat_map(|managing| &managing.others);
        let mut rows: String =
            whole.iter().map(|left| format!("  {}\n      {}: {}\n", left.id, left.type_, left.why)).collect();
        rows.extend(others.map(|(address, why)| format!("  {address}\n      {why}\n")));
        if !rows.is_empty() {
            session.print(&format!("\nNot adopted:\n{rows}"))?;
        }
        if !parts.is_empty() {
            let rows: String = parts.iter().map(|left| format!("  {}\n", left.why)).collect();
            session.print(&format!("\nNot written as it stands, and left alone from now on:\n{rows}"))?;
        }
        Ok(())
    }

    fn tell_secrets(&self, text: &Text, session: &mut Session) -> Result<(), Failure> {
        if text.variables.is_empty() {
            return Ok(());
        }
        let row = |variable: &adopt::Variable| {
            format!("  {}  `{}` of {}\n", variable.name, variable.argument, variable.address)
        };
        let rows: String = text.variables.iter().map(row).collect();
        session.print(&format!(
            "\nSecrets cannot be read. Each of these variables has to be given (--var, --vars or DRPLAN_VAR_...):\n{rows}What is given first is taken to be what stands.\n"
        ))
    }

    /// The plan of what was written, as `drplan plan` makes it.
    async fn plan(
        &self,
        text: &Text,
        account: &Account,
        reached: &Reached,
        session: &mut Session,
    ) -> Result<ExitCode, Failure> {
        let out = &self.args.out;
        let loaded = self.loaded(text, account, session)?;
        let wanted = Wanted { refresh: true, ..Wanted::default() };
        let made = make(&loaded, &wanted, &self.store, reached, session).await?;
        let plan = &made.planned.plan;
        if is_empty(plan) {
            session.print(&format!("\n{}\n", view::plan::verdict(plan)))?;
            let mut global = self.global.clone();
            let told: BTreeSet<&str> = global.vars.iter().filter_map(|given| Some(given.split_once('=')?.0)).collect();
            let untold = text.variables.iter().filter(|variable| !told.contains(&*variable.name));
            let untold: Vec<String> = untold.map(|variable| format!("{}=", variable.name)).collect();
            global.vars.extend(untold);
            session.say(&format!("\nTo look again:\n    {}\n", again("plan", out, &global)));
            return Ok(ExitCode::Done);
        }
        session.print(&format!("\n{}", view::plan::text(plan, account.cloud)))?;
        Err(Failure::failed(format!("the stack in {} was written, and its plan is not empty", out.display())).help(
            "The plan above says what differs. Mend the text where the cloud is right, or take the plan's word for what should be changed.",
        ))
    }

    fn loaded(&self, text: &Text, account: &Account, session: &Session) -> Result<Loaded, Failure> {
        let given = self.given(text, session)?;
        load_text(stack_text(&self.args.out, session)?, given, |_| account.clone())
    }
}

fn is_empty(plan: &Plan) -> bool {
    !view::plan::has_changes(plan) && plan.drift.is_empty()
}

/// The id of a resource group.
fn group_id(name: &str, account: &Account) -> Result<ArmId, Failure> {
    let plain = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if name.is_empty() || name.len() > 90 || !name.chars().all(plain) {
        return Err(Failure::failed(format!("`{name}` cannot be the name of a resource group"))
            .help("Write its name and not its id: letters, digits, `-`, `_`, `.`, `(` and `)`."));
    }
    let group = kinds::ALL.iter().find(|kind| kind.place == Place::Subscription);
    let id = group.and_then(|kind| kinds::body::id(kind, name, &account.subscription, &serde_json::Map::new()));
    id.ok_or_else(|| Failure::failed("no kind is a resource group; please report it"))
}

/// An adopted stack reads no files.
struct NoFiles;

impl Files for NoFiles {
    fn bytes(&self, _: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(None)
    }
}

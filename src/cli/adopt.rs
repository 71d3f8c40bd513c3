//! `drplan adopt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::account::Account;
use super::again::{again, again_recorded, withheld_hint};
use super::cloud::{CloudConnection, with_cloud};
use super::init::stack_name;
use super::loading::{LoadedStack, StackText, given_variables, load_text, stack_text};
use super::location::{holder, names_of_stack, shown, store_at};
use super::planning::{PlanRequest, make};
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty};
use crate::address::is_identifier;
use crate::adopt::terraform::{self, Inventory, MAX_BYTES};
use crate::adopt::{self, ImportSurvey, StackDraft, Text};
use crate::apply::{DiscoveryError, discover_groups, discover_lists, discover_objects};
use crate::diagnostic::{Diagnostics, Sources};
use crate::hcl::NoFiles;
use crate::kinds::{self, Catalog, RootLists, Tables};
use crate::object::{Collection, ObjectId};
use crate::plan::Plan;
use crate::providers::{self, rules};
use crate::stack::{CloudName, Secrets, Stack, VariableInput};
use crate::store::{LocalStore, read_bounded};
use crate::view;
use crate::view::count;
use crate::world::Store;

/// Import existing resources as a new stack
///
/// Reads resource groups with all their resources and writes them as a stack: a block per resource of a known kind,
/// references between them, a site per region. Records them in the state, so that a plan of the new stack is empty.
/// Changes nothing in the cloud. Resources and settings that cannot be imported are listed with the reason, settings
/// with their place in the body; children of an unknown kind are not detected.
///
/// Secrets cannot be read. A required secret becomes a sensitive variable: the first value that is given for it
/// counts as the existing one, and is sent with the next change of its resource. Optional secrets, such as custom
/// data of virtual machines, are omitted.
///
/// With --terraform, imports the resources of a Terraform state (version 4) under their Terraform names, with their
/// modules before them. Only ids are taken from the state, and names of inline subnets; settings are read from the
/// cloud.
///
/// A resource must be in one stack only, since two stacks would revert each other's changes: `drplan state forget`
/// removes it from a stack.
///
/// Ends with the plan of the new stack, and exits 1 if it is not empty.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  drplan adopt shop-east shop-west --out shop --cloud {cloud}
  terraform state pull > shop.tfstate && drplan adopt --terraform shop.tfstate --out shop --cloud {cloud}
  drplan plan shop", cloud = super::clouds::example()))]
pub struct Args {
    #[arg(
        value_name = "NAME",
        required_unless_present = "terraform",
        conflicts_with = "terraform",
        help = format!("Resource groups, or containers of another provider, such as {}", containers())
    )]
    names: Vec<String>,
    /// Import the resources of this Terraform state
    #[arg(long, value_name = "STATE_FILE")]
    terraform: Option<PathBuf>,
    #[arg(long, help = format!("Import resources of types without a kind as well, each as {}", any_type()))]
    any_type: bool,
    /// Directory to write the stack to
    #[arg(long, value_name = "DIR", default_value = "adopted")]
    out: PathBuf,
    /// Name of the stack [default: name of the directory]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Overwrite an existing stack, and the state of a stack of this name
    #[arg(long)]
    force: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let cloud = global.cloud.unwrap_or(CloudName::Local);
    let account = Account::of(cloud, session);
    let name = match &args.name {
        Some(name) if is_identifier(name) => name.clone(),
        Some(name) => {
            return Err(Failure::failed(format!("`{name}` is not a valid name of a stack"))
                .help("Start with a letter; letters, digits, `_` and `-` may follow."));
        }
        None => stack_name(&session.path(&args.out)),
    };
    let (tables, names) = named(session.catalog, &args.names)?;
    let managing = args.terraform.as_deref().map(|file| managing(file, tables, session)).transpose()?;
    refuse_stack(args, session)?;
    let store = store_at(&name, cloud, global, session)?;
    let _lock = store.lock(&holder("adopt", session))?;
    let recorded = store.load()?;
    if let Some(open) = recorded.as_ref().and_then(|state| state.roles.open.values().next()) {
        let again = |verb: &str| again_recorded(&format!("failover-group {verb}"), &args.out, global);
        return Err(Failure::refused(format!("{}; nothing was changed", crate::view::roles::of_run(open)))
            .help(format!("Resume it: `{}`", again("resume")))
            .help(format!("Abort it: `{}`", again("abort"))));
    }
    let serial = recorded.as_ref().map_or(0, |state| state.serial);
    if recorded.is_some_and(|state| !state.resources.is_empty()) && !args.force {
        return Err(Failure::refused(format!("stack {name} already has a state on {}", cloud.as_str())).help(
            "Choose another --name, or use --force to replace its state. Resources in the cloud stay as they are.",
        ));
    }
    let order = AdoptRequest { args, name, names, managing, store, serial, global, tables };
    with_cloud(&account, global, session, async |reached, session| order.carry_out(&account, &reached, session).await)
}

/// The kinds whose resources are of any type, with their articles.
fn any_type() -> String {
    let kinds = providers::catalog().kinds().filter(|kind| kind.typed.is_some());
    kinds.map(|kind| kinds::with_article(kind.name)).collect::<Vec<_>>().join(" or ")
}

/// Examples of containers.
fn containers() -> String {
    let lists = providers::catalog().providers().filter_map(|provider| Some((provider.name, provider.lists?.example)));
    lists.map(|(provider, example)| format!("{provider}:{example}")).collect::<Vec<_>>().join(", ")
}

/// The provider to import from, and the names of its resource groups or of its containers. A name with a provider,
/// `cloudflare:example.com`, is that of a container; the provider of a plain one is that with resource groups.
fn named(catalog: &Catalog, names: &[String]) -> Result<(&'static Tables, Vec<String>), Failure> {
    let has_groups = |provider: &&Tables| provider.kinds.iter().any(|kind| kind.place.collects());
    let plain = catalog.providers().find(has_groups);
    let mut found: Vec<(&'static Tables, String)> = Vec::new();
    for name in names {
        found.push(match (name.split_once(':'), plain) {
            (Some((provider, name)), _) => (listing(catalog, provider)?, name.to_owned()),
            (None, Some(plain)) => (plain, name.clone()),
            (None, None) => return Err(Failure::failed("no provider has resource groups")),
        });
    }
    let of = found.first().map(|(provider, _)| *provider).or(plain);
    let of = of.ok_or_else(|| Failure::failed("no provider has resource groups"))?;
    match found.iter().find(|(provider, _)| *provider != of) {
        Some((other, _)) => {
            let what = format!("the names are those of {} and of {}", of.title, other.title);
            Err(Failure::failed(what).help("Import from one provider at a time, each into a stack of its own."))
        }
        None => Ok((of, found.into_iter().map(|(_, name)| name).collect())),
    }
}

/// The provider with this name, if anything can be imported from it by a name.
fn listing(catalog: &Catalog, name: &str) -> Result<&'static Tables, Failure> {
    let provider = catalog.providers().find(|provider| provider.name.eq_ignore_ascii_case(name));
    provider.filter(|provider| provider.lists.is_some()).ok_or_else(|| {
        let known = catalog.providers().filter_map(|provider| Some((provider, provider.lists?)));
        let known: Vec<String> = known
            .map(|(provider, RootLists { container, example, .. })| {
                format!("`{}:{example}` for a {container} of {}", provider.name, provider.title)
            })
            .collect();
        Failure::failed(format!("nothing can be imported from `{name}:…`"))
            .help(format!("Give the names of resource groups, or {}.", known.join(", ")))
    })
}

/// Reads a Terraform state.
fn managing(path: &Path, of: &Tables, session: &Session) -> Result<Inventory, Failure> {
    let wrong = |what: String| Failure::wrong_file(format!("{}: {what}", path.display()));
    let text = read_bounded(&session.path(path), MAX_BYTES as u64).map_err(|error| wrong(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
    terraform::read(of, &text)
        .map_err(|what| wrong(what).help("Give the output of `terraform state pull`, or a terraform.tfstate."))
}

/// Refuses to overwrite a stack.
fn refuse_stack(args: &Args, session: &Session) -> Result<(), Failure> {
    let there: Vec<String> = files_of_stack(&args.out, session);
    match there.first() {
        Some(first) if !args.force => Err(Failure::refused(format!(
            "{} already contains a stack: {}",
            args.out.display(),
            shown(&args.out, first).display()
        ))
        .help("Choose another directory with --out, or use --force to replace the stack.")),
        _ => Ok(()),
    }
}

fn files_of_stack(dir: &Path, session: &Session) -> Vec<String> {
    std::fs::read_dir(session.path(dir)).map_or_else(|_| Vec::new(), names_of_stack)
}

/// An import.
struct AdoptRequest<'a> {
    args: &'a Args,
    name: String,
    /// The names of resource groups or containers to import.
    names: Vec<String>,
    managing: Option<Inventory>,
    store: LocalStore,
    /// The serial of the state; 0 without one.
    serial: u64,
    global: &'a Global,
    /// The provider to import from.
    tables: &'static Tables,
}

impl AdoptRequest<'_> {
    async fn carry_out(
        &self,
        account: &Account,
        reached: &CloudConnection,
        session: &mut Session,
    ) -> Result<ExitCode, Failure> {
        let owner = account.at(self.tables);
        let survey = self.survey(account, &owner, reached).await?;
        let managed = self.managing.as_ref().map(|managing| managing.objects.as_slice());
        let mut draft = StackDraft::of(&survey, managed, &owner);
        let (text, stack) = self.mended(&mut draft, account, session)?;
        if draft.resources().next().is_none() {
            self.tell_left(&draft, session)?;
            return Err(Failure::failed("no resource can be imported"));
        }
        self.write(&text, session)?;
        let seal = self.store.seal(&*reached.ids)?;
        let state = adopt::record(&stack, &survey.bodies, reached.ids.fresh(), self.serial, &seal);
        self.store.save(&state)?;
        self.tell_adopted(&draft, session)?;
        self.tell_left(&draft, session)?;
        self.tell_secrets(&text, session)?;
        self.plan(&draft, &text, account, reached, session).await
    }

    async fn survey(
        &self,
        account: &Account,
        owner: &crate::account::Account,
        reached: &CloudConnection,
    ) -> Result<ImportSurvey, Failure> {
        let found = match &self.managing {
            Some(managing) => {
                let is_own = |other: &str| other.eq_ignore_ascii_case(&owner.id);
                let own = |id: &&ObjectId| self.tables.grammar.account(id).is_some_and(is_own);
                let ids: Vec<ObjectId> = managing.objects.iter().map(|one| &one.id).filter(own).cloned().collect();
                discover_objects(&reached.cloud, self.tables, &ids, owner, self.args.any_type).await
            }
            None if let Some(RootLists { of, .. }) = self.tables.lists => {
                let lists: Vec<Collection> = self.names.iter().flat_map(|name| of(name, owner)).collect();
                discover_lists(&reached.cloud, self.tables, &lists, owner).await
            }
            None => {
                let groups: Result<Vec<ObjectId>, Failure> =
                    self.names.iter().map(|name| group_id(self.tables, name, account)).collect();
                let mut groups = groups?;
                groups.sort();
                groups.dedup();
                discover_groups(&reached.cloud, self.tables, &groups, owner, self.args.any_type).await
            }
        };
        found.map_err(|error| match &error {
            DiscoveryError::Group(_) => Failure::failed(error.to_string()).help(match account.cloud {
                CloudName::Local => {
                    let Tables { name, title, .. } = self.tables;
                    format!("This is the local simulator; use --cloud {name} to read {title}.")
                }
                CloudName::Providers(_) => {
                    let argument = self.tables.account.first().map_or("account", |argument| argument.name);
                    format!("The {argument} is {}.", owner.id)
                }
            }),
            DiscoveryError::TooMany | DiscoveryError::Cloud(_) => Failure::failed(error.to_string()),
        })
    }

    /// The text of the stack and the stack, without settings that cannot be imported.
    fn mended(&self, draft: &mut StackDraft, account: &Account, session: &Session) -> Result<(Text, Stack), Failure> {
        loop {
            let text = draft.write(&self.name, account.cloud);
            match self.evaluated(&text, account, session)? {
                Ok(stack) => return Ok((text, stack)),
                Err((found, sources)) => {
                    if !draft.remove_invalid(&found, &sources) {
                        return Err(Failure::Wrong(found, sources));
                    }
                }
            }
        }
    }

    /// The stack of a text, or its errors.
    fn evaluated(
        &self,
        text: &Text,
        account: &Account,
        session: &Session,
    ) -> Result<Result<Stack, (Diagnostics, Sources)>, Failure> {
        let given = self.given(text, session)?;
        let files = text.files.iter().map(|(name, text)| (name.as_str().into(), text.as_str().into())).collect();
        let text = StackText { files, auto: Vec::new(), reader: Arc::new(NoFiles), catalog: session.catalog };
        let loaded = match load_text(text, given, Secrets::Required, |_| account.clone()) {
            Ok(loaded) => loaded,
            Err(Failure::Wrong(found, sources)) => return Ok(Err((found, sources))),
            Err(other) => return Err(other),
        };
        Ok(match rules().all(&loaded.program, Diagnostics::new()) {
            (Some(stack), found) if !found.has_errors() => Ok(stack),
            (_, found) => Err((found, loaded.sources)),
        })
    }

    /// The values that were given, and a placeholder for every other secret.
    fn given(&self, text: &Text, session: &Session) -> Result<Vec<VariableInput>, Failure> {
        let mut given = given_variables(self.global, session)?;
        let told: BTreeSet<String> = given.iter().map(|one| one.name.clone()).collect();
        let untold = text.variables.iter().filter(|variable| !told.contains(&variable.name));
        given.extend(untold.map(|variable| VariableInput {
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
            self.tell(&format!("{}\n", shown(out, name).display()), session)?;
        }
        Ok(())
    }

    /// Prints a part of the report; where a JSON document follows, to stderr.
    fn tell(&self, text: &str, session: &mut Session) -> Result<(), Failure> {
        match self.args.format {
            OutputFormat::Text => session.print(text),
            OutputFormat::Json => {
                session.say(text);
                Ok(())
            }
        }
    }

    /// The report for scripts.
    ///
    /// ```json
    /// {
    ///   "format_version": 1, "stack": "shop", "cloud": "local", "files": ["shop/stack.hcl"],
    ///   "imported": [{ "address": "lb.web", "id": "/subscriptions/…" }],
    ///   "not_imported": [{ "id": "…", "type": "…", "terraform": "module.web.…", "reason": "…" }],
    ///   "settings_not_imported": ["…"],
    ///   "variables": [{ "name": "…", "address": "…", "argument": "…" }],
    ///   "plan": { … as `drplan plan --format json` … }
    /// }
    /// ```
    fn document(&self, draft: &StackDraft, text: &Text, plan: &Plan, cloud: CloudName) -> Json {
        let (whole, parts): (Vec<_>, Vec<_>) = draft.left().into_iter().partition(|left| left.whole);
        let others = self.managing.iter().flat_map(|managing| &managing.others);
        let other = |(address, why): &(String, String)| json!({ "id": address, "type": null, "terraform": address, "reason": why });
        let left = whole
            .iter()
            .map(|left| json!({ "id": left.id, "type": left.type_, "terraform": left.terraform, "reason": left.why }));
        let variables = text.variables.iter().map(
            |variable| json!({ "name": variable.name, "address": variable.address, "argument": variable.argument }),
        );
        json!({
            "format_version": 1,
            "stack": self.name,
            "cloud": cloud.as_str(),
            "files": text.files.keys().map(|name| shown(&self.args.out, name).display().to_string()).collect::<Vec<_>>(),
            "imported": draft.resources().map(|(one, address)| json!({ "address": address, "id": one.id })).collect::<Vec<_>>(),
            "not_imported": left.chain(others.map(other)).collect::<Vec<_>>(),
            "settings_not_imported": parts.iter().map(|left| left.why.clone()).collect::<Vec<_>>(),
            "variables": variables.collect::<Vec<_>>(),
            "plan": view::plan_json::json(plan, cloud),
        })
    }

    fn tell_adopted(&self, draft: &StackDraft, session: &mut Session) -> Result<(), Failure> {
        let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for (candidate, _) in draft.resources() {
            *of_kind.entry(candidate.kind.name).or_default() += 1;
        }
        let rows: String = of_kind.iter().map(|(kind, number)| format!("  {number:>5}  {kind}\n")).collect();
        let all = count(of_kind.values().sum(), "resource", "resources");
        self.tell(
            &format!("\nImported {all} as stack {}. Nothing was changed in the cloud.\n{rows}", self.name),
            session,
        )
    }

    fn tell_left(&self, draft: &StackDraft, session: &mut Session) -> Result<(), Failure> {
        let (whole, parts): (Vec<_>, Vec<_>) = draft.left().into_iter().partition(|left| left.whole);
        let others = self.managing.iter().flat_map(|managing| &managing.others);
        let row = |left: &&adopt::NotImported| match &left.terraform {
            Some(address) => format!("  {address}\n      {}\n      {}: {}\n", left.id, left.type_, left.why),
            None => format!("  {}\n      {}: {}\n", left.id, left.type_, left.why),
        };
        let mut rows: String = whole.iter().map(row).collect();
        rows.extend(others.map(|(address, why)| format!("  {address}\n      {why}\n")));
        if !rows.is_empty() {
            self.tell(&format!("\nNot imported:\n{rows}"), session)?;
        }
        if !self.args.any_type && whole.iter().any(|left| left.lacks_kind(self.tables)) {
            session.say("\nTo import resources of types without a kind as well: --any-type");
        }
        if !parts.is_empty() {
            let rows: String = parts.iter().map(|left| format!("  {}\n", left.why)).collect();
            self.tell(&format!("\nSettings that are not imported and will not be changed:\n{rows}"), session)?;
        }
        Ok(())
    }

    fn tell_secrets(&self, text: &Text, session: &mut Session) -> Result<(), Failure> {
        if text.variables.is_empty() {
            return Ok(());
        }
        let row = |variable: &adopt::SecretVariable| {
            format!("  {}  `{}` of {}\n", variable.name, variable.argument, variable.address)
        };
        let rows: String = text.variables.iter().map(row).collect();
        self.tell(&format!(
            "\nSecrets cannot be read. Set each of these variables with --var, --vars or DRPLAN_VAR_...:\n{rows}drplan records the first value given as the current one: give the existing secret.\n"
        ), session)
    }

    /// The plan of the new stack, as `drplan plan` shows it.
    async fn plan(
        &self,
        draft: &StackDraft,
        text: &Text,
        account: &Account,
        reached: &CloudConnection,
        session: &mut Session,
    ) -> Result<ExitCode, Failure> {
        let out = &self.args.out;
        let loaded = self.loaded(text, account, session)?;
        self.global.learn(&loaded.program);
        let wanted = PlanRequest { refresh: true, ..PlanRequest::default() };
        let made = make(&loaded, &wanted, &self.store, reached, session).await?;
        let plan = &made.planned.plan;
        if is_empty(plan) {
            match self.args.format {
                OutputFormat::Text => session.print(&format!("\n{}\n", verdict(plan, draft)))?,
                OutputFormat::Json => session.print(&pretty(&self.document(draft, text, plan, account.cloud)))?,
            }
            let set = if text.variables.is_empty() { "" } else { ", with the variables above set" };
            let plan = again("plan", out, self.global);
            session.say(&format!("\nTo plan it again{set}:\n    {plan}\n{}", withheld_hint(self.global)));
            return Ok(ExitCode::Done);
        }
        match self.args.format {
            OutputFormat::Text => {
                session.print(&format!("\n{}", view::plan::text(plan, account.cloud, session.layout(self.global))))?
            }
            OutputFormat::Json => session.print(&pretty(&self.document(draft, text, plan, account.cloud)))?,
        }
        Err(Failure::failed(format!("the stack was written to {}, but its plan is not empty", out.display())).help(
            "The plan above shows the differences. Fix the stack where the cloud is right, or apply the plan where the stack is.",
        ))
    }

    fn loaded(&self, text: &Text, account: &Account, session: &Session) -> Result<LoadedStack, Failure> {
        let given = self.given(text, session)?;
        load_text(stack_text(&self.args.out, session)?, given, Secrets::Required, |_| account.clone())
    }
}

/// The verdict about an empty plan. A stack without some settings matches no other configuration than this one.
fn verdict(plan: &Plan, draft: &StackDraft) -> String {
    match draft.left().iter().filter(|left| !left.whole).count() {
        0 => view::plan::verdict(plan),
        settings => format!(
            "The plan is empty, but {} above {} not in the stack: it would create other resources elsewhere.",
            count(settings, "setting", "settings"),
            if settings == 1 { "is" } else { "are" }
        ),
    }
}

fn is_empty(plan: &Plan) -> bool {
    !view::plan::has_changes(plan) && plan.drift.is_empty()
}

/// The id of a resource group.
fn group_id(of: &Tables, name: &str, account: &Account) -> Result<ObjectId, Failure> {
    let plain = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
    if name.is_empty() || name.len() > 90 || !name.chars().all(plain) {
        return Err(Failure::failed(format!("`{name}` is not a valid name of a resource group"))
            .help("Give its name, not its id: letters, digits, `-`, `_`, `.`, `(` and `)`."));
    }
    let group = of.kinds.iter().find(|kind| kind.place.collects());
    let id = group.and_then(|kind| kinds::body::id(kind, name, (&account.at(of), ""), &serde_json::Map::new()));
    id.ok_or_else(|| Failure::failed("internal error: a resource group has no id; please report it"))
}

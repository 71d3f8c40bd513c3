//! `drplan doctor`.

use std::path::{Path, PathBuf};

use super::account::Account;
use super::again::{again, quoted};
use super::cloud::{CloudConnection, with_cloud};
use super::loading::load_without_secrets;
use super::location::holder;
use super::planning::store_of;
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty, versioned};
use crate::account::{self, Realm};
use crate::apply::read_lists;
use crate::doctor::{DoctorInput, DoctorResult, DoctorStatus, ListAnswers, examine, lists};
use crate::kinds::Tables;
use crate::stack::Stack;
use crate::state::{State, StateError};
use crate::store::LocalStore;
use crate::view;
use crate::world::{Cloud, Store};

/// Clock skew in seconds that warns and that fails: providers accept a token within five minutes of their own time.
const SKEW: (i64, i64) = (60, 300);

/// Check credentials, permissions, quotas and state before an apply or a failover
///
/// Checks the sign-in and its permissions, the accounts and what is registered in them, sizes and quotas at each site,
/// the clock and the state, and prints how to fix each problem. Changes nothing; sensitive variables need no values.
/// Exits 1 if an apply or a failover would fail.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  drplan doctor stacks/web-geo --vars prod.vars.hcl --cloud {}
  drplan doctor --format json", super::clouds::example()))]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load_without_secrets(&args.stack, global, session)?;
    let stack = loaded.evaluate(session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let (state, mut kept) = recorded(&store, &args.stack, global, session);
    let mut findings = in_cloud(&loaded.account, DoctorInput { stack: &stack, state: state.as_ref() }, global, session);
    findings.append(&mut kept);
    session.print(&match args.format {
        OutputFormat::Text => {
            view::doctor::text(&format!("{} on {}", stack.name, cloud.as_str()), &findings, session.layout(global))
        }
        OutputFormat::Json => pretty(&versioned(view::doctor::json(Some(&stack.name), cloud.as_str(), &findings))),
    })?;
    let fails = findings.iter().any(|finding| finding.verdict == DoctorStatus::Fails);
    Ok(if fails { ExitCode::Failed } else { ExitCode::Done })
}

/// Findings in the cloud; if it cannot be reached, the reason.
fn in_cloud(account: &Account, subject: DoctorInput<'_>, global: &Global, session: &mut Session) -> Vec<DoctorResult> {
    let looked = with_cloud(account, global, session, async |reached, _| {
        let wanted = lists(subject);
        let answers = ListAnswers::to(&wanted, read_lists(&reached.cloud, &*reached.clock, &wanted).await);
        let signed_in = signed_in(account, subject.stack).into_iter();
        let mut found: Vec<_> = signed_in.map(|what| DoctorResult::passes("credentials", what)).collect();
        found.extend(examine(subject, &answers));
        found.extend(clock(&reached));
        Ok(found)
    });
    looked.unwrap_or_else(|failure| {
        let (what, help) = match failure {
            Failure::Message { exit: _, code: _, what, help } => (what, help.join(" ")),
            _ => ("cannot connect to the cloud".to_owned(), String::new()),
        };
        let ways = account.uses.iter().map(|provider| provider.sign_in).filter(|way| !way.is_empty());
        let help = if help.is_empty() { ways.collect::<Vec<_>>().join(" ") } else { help };
        vec![DoctorResult::of("credentials", DoctorStatus::Fails, what, help)]
    })
}

/// The accounts of the stack, a sentence for each provider.
fn signed_in(account: &Account, stack: &Stack) -> Vec<String> {
    if account.cloud.is_local() {
        return vec!["not needed by the local simulator".to_owned()];
    }
    let of_provider = |provider: &&Tables| {
        let own = stack.accounts.iter().filter(|(realm, _)| realm.provider == provider.name);
        let accounts: Vec<String> = own.filter_map(|(realm, account)| in_words(provider, realm, account)).collect();
        let accounts = if accounts.is_empty() { String::new() } else { format!(": {}", accounts.join("; ")) };
        format!("signed in to {} for {}{accounts}", provider.title, stack.name)
    };
    account.uses.iter().map(of_provider).collect()
}

/// The arguments of an account that are known: `subscription …, tenant …`.
fn in_words(provider: &Tables, realm: &Realm, account: &account::Account) -> Option<String> {
    let known = provider.account_texts(account).filter(|(argument, text)| *text != argument.unknown);
    let known: Vec<String> = known.map(|(argument, text)| format!("{} {text}", argument.name)).collect();
    let label = if realm.label.is_empty() { String::new() } else { format!("{}, ", realm.label) };
    (!known.is_empty()).then(|| format!("{label}{}", known.join(", ")))
}

/// The clock skew, if the cloud reports its time.
fn clock(reached: &CloudConnection) -> Option<DoctorResult> {
    let apart = reached.cloud.clock_skew()?.as_secs().abs();
    let what = format!("this machine's clock differs from the cloud's by {apart} s");
    let help = "Synchronise the clock with NTP: tokens and the times in journals and reports depend on it.";
    Some(match apart {
        _ if apart >= SKEW.1 => DoctorResult::of("clock", DoctorStatus::Fails, what, help),
        _ if apart >= SKEW.0 => DoctorResult::of("clock", DoctorStatus::Warns, what, help),
        _ => DoctorResult::passes("clock", what),
    })
}

/// The state, and problems with it.
fn recorded(store: &LocalStore, dir: &Path, global: &Global, session: &Session) -> (Option<State>, Vec<DoctorResult>) {
    const NAME: &str = "store";
    let folder = store.folder();
    let place = folder.strip_prefix(&session.cwd).unwrap_or(folder).display().to_string();
    let fails = |what: String, help: String| (None, vec![DoctorResult::of(NAME, DoctorStatus::Fails, what, help)]);
    if !store.folder().exists() {
        let what = format!("no state yet; apply will write it to {place}");
        return (None, vec![DoctorResult::passes(NAME, what)]);
    }
    let state = match store.load() {
        Ok(state) => state,
        Err(error) => {
            return fails(
                error.to_string(),
                "Restore the file from a backup, or move it away and import the existing resources with `drplan adopt`.".to_owned(),
            );
        }
    };
    let mut found = Vec::new();
    match store.lock(&holder("doctor", session)) {
        Ok(_) => {}
        Err(locked @ StateError::Locked(_)) => {
            let help = format!("`{}` clears the lock of a process that has ended.", again("unlock", dir, global));
            found.push(DoctorResult::of(NAME, DoctorStatus::Warns, locked.to_string(), help));
        }
        Err(error) => {
            return fails(error.to_string(), "The state must be writable before anything is changed.".to_owned());
        }
    }
    for open in state.iter().flat_map(|state| state.roles.open.values()) {
        let resume = format!("failover-group resume --group {}", quoted(&open.group));
        let help = format!("Resume it: `{}`", again(&resume, dir, global));
        found.push(DoctorResult::of(NAME, DoctorStatus::Warns, view::roles::of_run(open), help));
    }
    if found.is_empty() {
        let resources = state.as_ref().map_or(0, |state| state.resources.len());
        let what = format!("{} in {place}, on this machine", view::count(resources, "resource", "resources"));
        found.push(DoctorResult::of(
            NAME,
            DoctorStatus::Passes,
            what,
            "Keep a copy outside the regions that the stack protects.",
        ));
    }
    (state, found)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Sources;
    use crate::host::SeededIds;
    use crate::stack::{CloudName, Input, read};

    const STACK: &str = r#"
stack "shop" {}
provider "azure" "recovery" {
  subscription = "66666666-7777-4888-8999-aaaaaaaaaaaa"
}
site "east" {
  provider = "azure"
  location = "eastus"
}
site "west" {
  provider = provider.azure.recovery
  location = "westus"
}
resource_group "app" {
  site = site.east
}
cloudflare_dns_record "www" {
  name    = "www.example.com"
  zone    = "example.com"
  type    = "A"
  content = "192.0.2.10"
  ttl     = 300
}
"#;

    #[test]
    fn accounts_of_all_providers_of_the_stack_are_named() {
        let catalog = crate::providers::catalog();
        let nowhere = || Box::new(io::sink());
        let mut session = Session::detached(nowhere(), nowhere(), PathBuf::new(), Arc::new(SeededIds::new(1)), catalog);
        let own = "11111111-2222-4333-8444-555555555555";
        let set = [("AZURE_SUBSCRIPTION_ID", own), ("AZURE_TENANT_ID", own)];
        session.env = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let sentences = |cloud| {
            let account = Account::of(cloud, &session);
            let mut sources = Sources::default();
            let input = Input::in_memory(STACK, &mut sources, ("", ""), catalog);
            let program = read(input).unwrap().in_accounts(account.accounts.clone());
            let account = account.for_program(&program);
            let (stack, _) = Arc::new(program).evaluate(&Default::default()).unwrap();
            signed_in(&account, &stack)
        };
        assert_eq!(
            sentences(CloudName::Providers("azure")),
            [
                format!(
                    "signed in to Azure for shop: subscription {own}, tenant {own}; recovery, subscription \
                     66666666-7777-4888-8999-aaaaaaaaaaaa, tenant {own}"
                ),
                "signed in to Cloudflare for shop".to_owned(),
            ]
        );
        assert_eq!(sentences(CloudName::Local), ["not needed by the local simulator"]);
    }
}

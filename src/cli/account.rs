//! The accounts of a command, as its environment has them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::exit::ExitCode;
use super::{Failure, Session};
use crate::account::{self, Accounts, Realm};
use crate::kinds::{Catalog, Tables};
use crate::providers;
use crate::stack::{CloudName, Program};

/// A cloud with the accounts that the session has at its providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The cloud.
    pub cloud: CloudName,
    /// The accounts.
    pub accounts: Accounts,
    /// The directory of the stack, in which programs run.
    pub directory: PathBuf,
    /// The providers that the stack uses.
    pub uses: Vec<&'static Tables>,
    /// The providers whose account the stack needs, because its ids are in it.
    within: Vec<&'static Tables>,
    /// The variables of the environment that set an account: provider and argument, with name and value.
    set: BTreeMap<(&'static str, &'static str), (&'static str, String)>,
}

impl Account {
    /// The accounts of the local simulator.
    pub fn local(catalog: &'static Catalog) -> Self {
        let uses: Vec<&'static Tables> = catalog.providers().take(1).collect();
        let (cloud, within) = (CloudName::Local, uses.clone());
        Self {
            cloud,
            accounts: catalog.simulated_accounts(),
            directory: PathBuf::new(),
            uses,
            within,
            set: BTreeMap::new(),
        }
    }

    /// The accounts of a cloud: those of the environment, and where it has none those of the providers' own tools.
    pub fn of(cloud: CloudName, session: &Session) -> Self {
        let mut found = Self::local(session.catalog);
        match cloud {
            CloudName::Local => return found,
            CloudName::Providers(_) => found.cloud = cloud,
        }
        found.accounts = Accounts::default();
        for provider in session.catalog.providers() {
            for argument in provider.account {
                let set = argument.environment.iter().find_map(|variable| {
                    let value = session.env.get(*variable).filter(|value| !value.is_empty())?;
                    Some((*variable, value.clone()))
                });
                found.set.extend(set.map(|set| ((provider.name, argument.name), set)));
            }
            let is_set = |name| found.set.get(&(provider.name, name)).map(|(_, value)| value.clone());
            let is_complete = provider.account.iter().all(|argument| is_set(argument.name).is_some());
            let signed_in = if is_complete { None } else { providers::signed_in(provider, &session.env) };
            let account = provider.account_of(|argument| {
                let mut own = signed_in.iter().flat_map(|account| provider.account_texts(account));
                is_set(argument.name).or_else(|| Some(own.find(|(one, _)| one.name == argument.name)?.1.to_owned()))
            });
            found.accounts.insert(Realm::of(provider.name), account);
        }
        found
    }

    /// The same for what a program uses.
    #[must_use]
    pub fn for_program(self, program: &Program) -> Self {
        match program.providers() {
            uses if uses.is_empty() => self,
            uses => Self { within: program.providers_of_accounts(), uses, ..self },
        }
    }

    /// The account at a provider.
    pub fn at(&self, provider: &Tables) -> account::Account {
        let own = self.accounts.get(&Realm::of(provider.name));
        own.cloned().unwrap_or_else(|| provider.account_of(|_| None))
    }

    /// Requires a known account at each provider in use. The local simulator always has them.
    ///
    /// # Errors
    /// One is unknown; the help has the next step.
    pub fn is_known(&self) -> Result<(), Failure> {
        for provider in &self.within {
            let Some(account) = self.accounts.get(&Realm::of(provider.name)) else { continue };
            let unknown = provider.account_texts(account).find(|(argument, text)| *text == argument.unknown);
            if let Some((argument, _)) = unknown.filter(|(argument, _)| !argument.environment.is_empty()) {
                let what = format!("the {} {} is unknown", provider.title, argument.name);
                return Err(Failure::failed(what).help(provider.without_account));
            }
        }
        Ok(())
    }

    /// Requires that the environment names no other account than the stack, whose accounts are `declared`.
    ///
    /// # Errors
    /// The credentials are probably those of another account.
    pub fn agrees(&self, declared: &Accounts) -> Result<(), Failure> {
        for (realm, account) in declared.iter().filter(|_| !declared.fixed) {
            let Some(provider) = self.uses.iter().find(|provider| provider.name == realm.provider) else { continue };
            // One set of credentials may reach several accounts of one tenant.
            let skipped = usize::from(!realm.label.is_empty());
            for (argument, text) in provider.account_texts(account).skip(skipped) {
                let Some((variable, set)) = self.set.get(&(provider.name, argument.name)) else { continue };
                if !set.eq_ignore_ascii_case(text) {
                    return Err(Failure::Message {
                        exit: ExitCode::Refused,
                        code: None,
                        what: format!(
                            "the stack is for the {} {} {text}, and {variable} names {set}",
                            provider.title, argument.name
                        ),
                        help: vec![format!("Sign in to the account of the stack, and unset {variable}.")],
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Sources;
    use crate::doctor::{self, DoctorInput};
    use crate::host::SeededIds;
    use crate::stack::{Input, Stack, read};

    const OURS: &str = "11111111-2222-4333-8444-555555555555";
    const THEIRS: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";

    fn session(env: &[(&str, &str)]) -> Session {
        let ids = Arc::new(SeededIds::new(1));
        let nowhere = || Box::new(io::sink());
        let mut session = Session::detached(nowhere(), nowhere(), PathBuf::new(), ids, crate::providers::catalog());
        session.env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        session
    }

    /// The account of the environment, and the program of a stack in it.
    fn in_environment(text: &str, env: &[(&str, &str)]) -> (Account, Program) {
        let account = Account::of(CloudName::Providers("azure"), &session(env));
        let mut sources = Sources::default();
        let text = format!(
            "stack \"shop\" {{}}\n{text}\nsite \"east\" {{\n  provider = \"azure\"\n  location = \"eastus\"\n}}\n\
             resource_group \"app\" {{\n  site = site.east\n}}\n"
        );
        let input = Input::in_memory(&text, &mut sources, ("", ""), crate::providers::catalog());
        let program = read(input).expect("the stack reads").in_accounts(account.accounts.clone());
        (account.for_program(&program), program)
    }

    #[test]
    fn stack_is_refused_where_the_environment_names_another_account() {
        let own = format!("provider \"azure\" {{\n  subscription = \"{OURS}\"\n}}\n");
        let env = [("AZURE_SUBSCRIPTION_ID", THEIRS), ("AZURE_TENANT_ID", OURS)];
        let (account, program) = in_environment(&own, &env);
        let Err(Failure::Message { exit, what, .. }) = account.agrees(&program.accounts()) else {
            panic!("it is refused")
        };
        assert_eq!(exit, ExitCode::Refused);
        assert!(what.contains(OURS) && what.contains(THEIRS) && what.contains("AZURE_SUBSCRIPTION_ID"), "{what}");

        let (account, program) = in_environment("", &env);
        assert!(account.agrees(&program.accounts()).is_ok() && account.is_known().is_ok());
        // A further account is reached with the same credentials.
        let further = own.replace("\"azure\"", "\"azure\" \"recovery\"");
        let (account, program) = in_environment(&further, &env);
        assert!(account.agrees(&program.accounts()).is_ok());
        let ids: Vec<String> = program.accounts().iter().map(|(_, account)| account.id.to_string()).collect();
        assert!(ids.contains(&OURS.to_owned()) && ids.contains(&THEIRS.to_owned()), "{ids:?}");
    }

    /// A stack with a resource group in each of two accounts.
    fn in_two_accounts() -> Stack {
        let further = format!(
            "provider \"azure\" \"recovery\" {{\n  subscription = \"{THEIRS}\"\n}}\n\
             site \"west\" {{\n  provider = provider.azure.recovery\n  location = \"westus\"\n}}\n\
             resource_group \"dr\" {{\n  site = site.west\n}}\n"
        );
        let (_, program) = in_environment(&further, &[("AZURE_SUBSCRIPTION_ID", OURS), ("AZURE_TENANT_ID", OURS)]);
        Arc::new(program).evaluate(&Default::default()).expect("the stack evaluates").0
    }

    #[test]
    fn ids_at_a_site_have_its_account() {
        let stack = in_two_accounts();
        let id = |address: &str| {
            let found = stack.resources.values().find(|one| one.address.as_str() == address);
            found.expect("the resource is declared").id.to_string()
        };
        assert!(id("resource_group.dr").contains(THEIRS) && id("resource_group.app").contains(OURS));
    }

    #[test]
    fn checks_ask_every_account() {
        let stack = in_two_accounts();
        let lists = doctor::lists(DoctorInput { stack: &stack, state: None });
        let asked = |account: &str| lists.iter().any(|list| list.object.id.as_str().contains(account));
        assert!(asked(OURS) && asked(THEIRS));
    }

    #[test]
    fn account_of_a_provider_that_the_stack_does_not_use_may_be_unknown() {
        let env = [("AZURE_SUBSCRIPTION_ID", OURS), ("AZURE_TENANT_ID", OURS)];
        let (account, _) = in_environment("", &env);
        assert!(account.is_known().is_ok());
        let nobody = [("PATH", "")];
        let (account, _) = in_environment("", &nobody);
        let Err(Failure::Message { what, .. }) = account.is_known() else { panic!("it is unknown") };
        assert_eq!(what, "the Azure subscription is unknown");
    }
}

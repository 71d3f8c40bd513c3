//! Accounts in Terraform: one block of a Terraform provider for each, with an alias for those that sites name.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Realm;
use crate::hcl::quoted;
use crate::kinds::Tables;
use crate::kinds::emit::TerraformProvider;
use crate::object::ObjectId;
use crate::stack::{Resource, Stack};

/// The variable of a further account.
pub(super) struct AccountVariable {
    /// Its name.
    pub name: String,
    /// Its description.
    pub about: String,
    /// The account that the stack names, as an expression.
    pub default: Option<String>,
}

/// The variable with the account of a provider; `None` where Terraform needs none.
fn of_provider(provider: &Tables) -> Option<&'static str> {
    provider.terraform.iter().map(|one| one.account.0).find(|name| !name.is_empty())
}

/// The name of an account in Terraform.
fn alias(realm: &Realm) -> String {
    realm.label.replace('-', "_")
}

/// The variable with a further account.
fn of_alias(realm: &Realm, variable: &str) -> String {
    format!("{}_{variable}", alias(realm))
}

/// The names of the variables with the accounts of a stack.
pub(super) fn all_variables(stack: &Stack) -> Vec<String> {
    let of_providers = stack.catalog().providers().filter_map(of_provider).map(str::to_owned);
    let further = stack.account_blocks.keys().filter(|realm| !realm.label.is_empty()).filter_map(|realm| {
        let provider = stack.catalog().provider(realm.provider)?;
        Some(of_alias(realm, of_provider(provider)?))
    });
    of_providers.chain(further).collect()
}

/// The further account that a resource lies in.
pub(super) fn realm<'a>(stack: &'a Stack, resource: &Resource) -> Option<&'a Realm> {
    let realm = &stack.sites.get(&resource.site)?.realm;
    (!realm.label.is_empty() && realm.provider == resource.kind.provider().name).then_some(realm)
}

/// The resource that an object lies in.
pub(super) fn container<'a>(stack: &'a Stack, id: &ObjectId) -> Option<&'a Resource> {
    stack.by_id(&stack.catalog().grammar(id.as_str()).parent(id)?)
}

/// The further account that all of these resources lie in.
pub(super) fn common_realm<'a>(stack: &'a Stack, resources: &[&Resource]) -> Option<&'a Realm> {
    let mut realms = resources.iter().map(|one| realm(stack, one));
    let first = realms.next()??;
    realms.all(|realm| realm == Some(first)).then_some(first)
}

/// The variable with the account of a resource.
pub(super) fn variable(stack: &Stack, resource: &Resource) -> Option<String> {
    let variable = of_provider(resource.kind.provider())?;
    Some(realm(stack, resource).map_or_else(|| variable.to_owned(), |realm| of_alias(realm, variable)))
}

/// The account of the stack that an id lies in: the beginning of the id that names it, the account, and its
/// variable.
pub(super) fn prefix(stack: &Stack, id: &str) -> Option<(String, String, String)> {
    let grammar = stack.catalog().grammar(id);
    stack.accounts.iter().find_map(|(realm, account)| {
        let variable = of_provider(stack.catalog().provider(realm.provider)?)?;
        let variable = if realm.label.is_empty() { variable.to_owned() } else { of_alias(realm, variable) };
        let prefix = format!("{}/", grammar.of_account(&account.id)?);
        let is_own = id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&prefix));
        is_own.then(|| (prefix, account.id.to_string(), variable))
    })
}

/// The meta-argument of a resource whose provider block has an alias.
pub(super) fn provider_line(terraform: &str, realm: Option<&Realm>) -> Option<String> {
    Some(format!("provider = {terraform}.{}", alias(realm?)))
}

/// The further accounts of a provider, each with the resources in it.
fn further(stack: &Stack) -> BTreeMap<&Realm, Vec<&Resource>> {
    let mut found: BTreeMap<&Realm, Vec<&Resource>> = BTreeMap::new();
    for resource in stack.resources.values() {
        if let Some(realm) = realm(stack, resource) {
            found.entry(realm).or_default().push(resource);
        }
    }
    found
}

/// The block of a Terraform provider for each further account that has resources of it.
pub(super) fn provider_blocks(stack: &Stack, provider: &TerraformProvider, features: &str) -> String {
    let mut out = String::new();
    for (realm, resources) in further(stack) {
        let own: Vec<&&Resource> =
            resources.iter().filter(|one| one.kind.terraform_provider() == provider.name).collect();
        let variable = stack.catalog().provider(realm.provider).and_then(of_provider);
        let (false, Some(variable)) = (own.is_empty(), variable) else { continue };
        let types: BTreeSet<&str> = own.iter().map(|one| one.kind.type_.name).collect();
        let lines = (provider.block)(features, &types.into_iter().collect::<Vec<_>>());
        let lines = lines.replace(&format!("var.{variable}"), &format!("var.{}", of_alias(realm, variable)));
        out += &format!("\nprovider \"{}\" {{\n  alias = \"{}\"\n{lines}}}\n", provider.name, alias(realm));
    }
    out
}

/// The variables of the further accounts that have resources.
pub(super) fn further_variables(stack: &Stack) -> Vec<AccountVariable> {
    let variable = |realm: &Realm| {
        let provider = stack.catalog().provider(realm.provider)?;
        let argument = provider.account.first()?;
        let written = stack.account_blocks.get(realm).and_then(|written| written.get(argument.name));
        Some(AccountVariable {
            name: of_alias(realm, of_provider(provider)?),
            about: format!("The {} {} `{}`.", provider.title, argument.name, realm.label),
            default: written.map(|text| quoted(text)),
        })
    };
    further(stack).into_keys().filter_map(variable).collect()
}

/// True if these resources lie in several accounts.
pub(super) fn differ(stack: &Stack, resources: &[&Resource]) -> bool {
    resources.iter().map(|resource| realm(stack, resource)).collect::<BTreeSet<_>>().len() > 1
}

//! `provider` blocks: the accounts of a stack, and the one that a site names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::constants::ConstantReader;
use super::faults::provider_names;
use super::references;
use super::scope::Facts;
use crate::account::{Accounts, Realm};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl::ast::HclAttribute;
use crate::kinds::Tables;

/// The texts of the arguments of each `provider` block.
pub type AccountBlocks = BTreeMap<Realm, BTreeMap<&'static str, String>>;

/// Reads the `provider` blocks. An account that none of them names is that of the session.
pub(super) fn read(facts: &Facts<'_>, found: &mut Diagnostics) -> (Accounts, AccountBlocks) {
    let mut accounts = facts.program.accounts.clone();
    let mut blocks = AccountBlocks::new();
    let mut reader = ConstantReader::new(facts, found);
    for ((name, label), block) in &facts.program.providers {
        let Some(provider) = facts.program.catalog.provider(name) else { continue };
        let known: Vec<&str> = provider.account.iter().map(|argument| argument.name).collect();
        let what = format!("a block of {}", provider.title);
        let mut written: BTreeMap<&'static str, String> = BTreeMap::new();
        for attribute in &block.body.attributes {
            match provider.account.iter().find(|argument| argument.name == &*attribute.name.text) {
                None => reader.unknown(&what, &attribute.name, &known),
                Some(argument) => {
                    let Some(text) = reader.text(attribute) else { continue };
                    match (argument.form.fault)(&text) {
                        None => drop(written.insert(argument.name, text)),
                        Some(_) => reader.wrong(attribute, argument.form.wanted),
                    }
                }
            }
        }
        block.body.blocks.iter().for_each(|inner| reader.unknown_block(&what, &inner.ident, &known));
        let realm = Realm { provider: provider.name, label: Arc::clone(label) };
        let of_session = facts.program.accounts.get(&Realm::of(provider.name));
        let account = match (facts.program.accounts.fixed, of_session) {
            (true, Some(simulated)) => simulated.clone(),
            (_, of_session) => {
                let of_block = |name: &str| written.get(name).cloned();
                provider.account_of(|argument| {
                    let mut texts = of_session.into_iter().flat_map(|account| provider.account_texts(account));
                    let of_session = || Some(texts.find(|(one, _)| one.name == argument.name)?.1.to_owned());
                    of_block(argument.name).or_else(of_session)
                })
            }
        };
        accounts.insert(realm.clone(), account);
        blocks.insert(realm, written);
    }
    (accounts, blocks)
}

/// The provider and account that a site names: `"aws"`, or `provider.aws.dr`.
pub(super) fn of_site(reader: &mut ConstantReader<'_>, attribute: &HclAttribute) -> Option<(&'static Tables, Realm)> {
    let catalog = reader.catalog();
    let Some(label) = references::of_account(attribute) else {
        let name = reader.text(attribute);
        let provider = name.as_deref().and_then(|name| catalog.provider(name));
        if name.is_some() && provider.is_none() {
            reader.wrong(attribute, &provider_names(catalog, Tables::has_sites));
        }
        return provider.map(|provider| (provider, Realm::of(provider.name)));
    };
    let (name, label) = match label.as_slice() {
        [name] => (name, Arc::from("")),
        [name, label] => (name, Arc::clone(label)),
        _ => {
            reader.wrong(attribute, "the name of a provider, or `provider.NAME.LABEL`");
            return None;
        }
    };
    let declared = reader.program().providers.get_key_value(&(Arc::clone(name), Arc::clone(&label)));
    let provider = declared.and_then(|_| catalog.provider(name));
    if provider.is_none() {
        let written = if label.is_empty() { format!("{name}") } else { format!("{name}.{label}") };
        let more = if label.is_empty() { String::new() } else { format!(" \"{label}\"") };
        reader.report(
            Diagnostic::error("unknown-name", format!("reference to undeclared account `provider.{written}`"))
                .at(attribute.expr.span)
                .help(format!("Declare it: `provider \"{name}\"{more} {{ … }}`.")),
        );
    }
    provider.map(|provider| (provider, Realm { provider: provider.name, label }))
}

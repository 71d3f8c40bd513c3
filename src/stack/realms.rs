//! `provider` blocks: the accounts of a stack, and the one that a site names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::program::Program;
use super::references::plain_name;
use super::scope::Facts;
use super::settings::SettingsReader;
use crate::account::{Accounts, Realm};
use crate::address::is_identifier;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::hcl::ast::{HclAttribute, HclBlock};
use crate::kinds::{Catalog, Tables};

/// The word of the blocks, and the root of references to them.
const WORD: &str = "provider";

/// Takes a `provider` block in.
pub(super) fn sort_in(program: &mut Program, block: HclBlock, found: &mut Diagnostics) {
    let wrong = |what: &str| Diagnostic::error("wrong-labels", what.to_owned()).at(block.header);
    let (provider, label): (Arc<str>, Arc<str>) = match block.labels.as_slice() {
        [provider] => (Arc::clone(&provider.text), "".into()),
        [provider, label] if is_identifier(&label.text) => (Arc::clone(&provider.text), Arc::clone(&label.text)),
        [_, label] => {
            let problem = Diagnostic::error("wrong-labels", format!("invalid label \"{}\"", label.text)).at(label.span);
            found.push(problem.help("Start with a letter, and use letters, digits, `-` and `_`."));
            return;
        }
        [] => {
            let help = format!("Write the provider's name as a label, {}.", names(program.catalog));
            found.push(wrong("missing label of block `provider`").help(help));
            return;
        }
        _ => {
            let help = "Write `provider \"aws\" \"dr\" { … }` for a further account of a provider.";
            found.push(wrong("block `provider` takes two labels at most").help(help));
            return;
        }
    };
    if program.catalog.provider(&provider).is_none() {
        let span = block.labels.first().map_or(block.header, |label| label.span);
        let known = program.catalog.providers().map(|one| one.name);
        found.push(Diagnostic::error("wrong-labels", format!("unknown provider \"{provider}\"")).at(span).suggest(
            &provider,
            known,
            Some(format!("Supported: {}.", names(program.catalog))),
        ));
        return;
    }
    let key = (provider, label);
    if let Some(first) = program.providers.get(&key) {
        let (provider, label) = &key;
        let more = if label.is_empty() { String::new() } else { format!(" \"{label}\"") };
        found.push(
            Diagnostic::error("repeated-name", format!("duplicate block `provider \"{provider}\"{more}`"))
                .at(block.header)
                .and(first.header, "the first")
                .help(format!("Give a further account a label of its own: `provider \"{provider}\" \"dr\" {{ … }}`.")),
        );
        return;
    }
    program.providers.insert(key, Arc::new(block));
}

/// The names of all providers, as alternatives: `"azure" or "aws"`.
pub(super) fn names(catalog: &Catalog) -> String {
    let names: Vec<String> = catalog.providers().map(|provider| format!("\"{}\"", provider.name)).collect();
    names.join(" or ")
}

/// The texts of the arguments of each `provider` block.
pub type AccountBlocks = BTreeMap<Realm, BTreeMap<&'static str, String>>;

/// Reads the `provider` blocks. An account that none of them names is that of the session.
pub(super) fn read(facts: &Facts<'_>, found: &mut Diagnostics) -> (Accounts, AccountBlocks) {
    let mut accounts = facts.program.accounts.clone();
    let mut blocks = AccountBlocks::new();
    let mut reader = SettingsReader::new(facts, found);
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
                let texts = of_session.map(|one| [&one.id, &one.tenant]);
                provider.account_of(|argument| {
                    let at = provider.account.iter().position(|one| one.name == argument.name);
                    let of_session = || Some(texts?.get(at?)?.to_string());
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
pub(super) fn of_site(reader: &mut SettingsReader<'_>, attribute: &HclAttribute) -> Option<(&'static Tables, Realm)> {
    let catalog = reader.catalog();
    let Some(label) = reference(attribute) else {
        let name = reader.text(attribute);
        let provider = name.as_deref().and_then(|name| catalog.provider(name));
        if name.is_some() && provider.is_none() {
            reader.wrong(attribute, &names(catalog));
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

/// The names after `provider` in a reference to an account.
pub(super) fn reference(attribute: &HclAttribute) -> Option<Vec<Arc<str>>> {
    let names = plain_name(&attribute.expr)?;
    let (root, rest) = names.split_first()?;
    (&**root == WORD && !rest.is_empty()).then(|| rest.to_vec())
}

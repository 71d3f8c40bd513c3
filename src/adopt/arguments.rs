//! Reduction of read arguments to those worth writing: without defaults and empty values, with a variable for each
//! required secret.

use std::collections::HashMap;

use serde_json::{Map as JsonMap, Value as Json};

use super::candidates::Candidate;
use crate::account::Account;
use crate::address::Address;
use crate::kinds::{Arg, Block, Finding, Need, OtherResources, Subject, Ty, body};
use crate::object::ObjectId;
use crate::value::SealedValue;

/// Removes arguments whose values equal the defaults.
pub fn prune(table: &[Arg], args: &mut JsonMap<String, Json>) {
    args.retain(|name, value| {
        let Some(arg) = table.iter().find(|arg| arg.name == name) else { return false };
        if let Ty::Block(block) = arg.ty {
            each_block(value, &mut |inner| prune(block.args, inner));
            if let Json::Array(items) = value {
                items.retain(|item| says_something(block, item));
                return !items.is_empty();
            }
            return says_something(block, value);
        }
        let nothing = match value {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(map) => map.is_empty(),
            _ => false,
        };
        match arg.need {
            Need::Required => !value.is_null(),
            Need::Optional => !nothing,
            Need::Default(lit) => !nothing && *value != lit.json(),
        }
    });
}

/// True for a block that exists: a block without any of its required arguments in the answer does not.
fn says_something(block: &Block, value: &Json) -> bool {
    let musts = block.args.iter().filter(|arg| matches!(arg.need, Need::Required) && !arg.write_only);
    let Json::Object(inner) = value else { return false };
    musts.clone().next().is_none() || musts.into_iter().any(|arg| inner.contains_key(arg.name))
}

/// Adds a placeholder for each required secret, which cannot be read.
pub fn ask_required(table: &[Arg], args: &mut JsonMap<String, Json>) {
    for arg in table {
        match (arg.ty, args.get_mut(arg.name)) {
            (Ty::Block(block), Some(value)) => {
                each_block(value, &mut |inner| ask_required(block.args, inner));
            }
            (_, None) if arg.secret && matches!(arg.need, Need::Required) => {
                args.insert(arg.name.to_owned(), SealedValue::untold());
            }
            _ => {}
        }
    }
}

fn each_block(value: &mut Json, f: &mut dyn FnMut(&mut JsonMap<String, Json>)) {
    match value {
        Json::Object(map) => f(map),
        Json::Array(items) => items.iter_mut().for_each(|item| each_block(item, f)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// The arguments with their defaults.
fn filled(table: &[Arg], args: &JsonMap<String, Json>) -> JsonMap<String, Json> {
    let mut all = args.clone();
    for arg in table {
        match (arg.ty, all.get_mut(arg.name), arg.need) {
            (Ty::Block(block), Some(value), _) => {
                each_block(value, &mut |inner| *inner = filled(block.args, inner));
            }
            (_, None, Need::Default(lit)) => {
                all.insert(arg.name.to_owned(), lit.json());
            }
            _ => {}
        }
    }
    all
}

/// Adds a placeholder for each secret that a kind's own rules require: a login has a password, which cannot be read.
pub fn ask_needed(candidates: &mut [Candidate], account: &Account) {
    let known = KnownResources::of(candidates, account);
    let mut asked: Vec<(usize, &'static str)> = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let secrets = candidate.kind.args.iter().filter(|arg| arg.secret && !candidate.args.contains_key(arg.name));
        let mut args = filled(candidate.kind.args, &candidate.args);
        let mut broken = known.findings(candidate, &args);
        for secret in secrets {
            if broken == 0 {
                break;
            }
            args.insert(secret.name.to_owned(), SealedValue::untold());
            let now = known.findings(candidate, &args);
            if now < broken {
                broken = now;
                asked.push((at, secret.name));
            } else {
                args.remove(secret.name);
            }
        }
    }
    for (at, secret) in asked {
        if let Some(candidate) = candidates.get_mut(at) {
            candidate.args.insert(secret.to_owned(), SealedValue::untold());
        }
    }
}

/// All candidates, in the form in which a kind's rules see the resources of a stack.
pub struct KnownResources<'a> {
    account: &'a Account,
    by_id: HashMap<ObjectId, (Address, Candidate, JsonMap<String, Json>)>,
}

impl<'a> KnownResources<'a> {
    /// These candidates, with their defaults.
    pub fn of(candidates: &[Candidate], account: &'a Account) -> Self {
        let entry = |candidate: &Candidate| {
            let address = Address::new(candidate.kind.name, "found");
            let args = filled(candidate.kind.args, &candidate.args);
            (candidate.id.clone(), (address, candidate.clone(), args))
        };
        Self { account, by_id: candidates.iter().map(entry).collect() }
    }

    /// The bodies that a candidate's resource would write, one for each of its objects.
    pub fn bodies(&self, candidate: &Candidate) -> Vec<Json> {
        let address = Address::new(candidate.kind.name, "found");
        let args = filled(candidate.kind.args, &candidate.args);
        body::bodies(&self.subject(&address, candidate, &args))
    }

    fn findings(&self, candidate: &Candidate, args: &JsonMap<String, Json>) -> usize {
        let Some(check) = candidate.kind.odd.check else { return 0 };
        let mut findings: Vec<Finding> = Vec::new();
        let address = Address::new(candidate.kind.name, "found");
        check(&self.subject(&address, candidate, args), &mut findings);
        findings.len()
    }

    fn subject<'s>(
        &'s self,
        address: &'s Address,
        candidate: &'s Candidate,
        args: &'s JsonMap<String, Json>,
    ) -> Subject<'s> {
        Subject {
            kind: candidate.kind,
            address,
            name: &candidate.name,
            id: &candidate.id,
            location: candidate.region.as_deref().unwrap_or_default(),
            account: self.account,
            args,
            others: self,
            facts: Default::default(),
        }
    }
}

impl OtherResources for KnownResources<'_> {
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>)) {
        if let Some((address, candidate, args)) = self.by_id.get(id) {
            visit(&self.subject(address, candidate, args));
        }
    }
}

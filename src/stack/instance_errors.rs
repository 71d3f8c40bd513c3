//! Errors of the instances of a block, joined where they have one cause.

use std::collections::{HashMap, HashSet};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};

/// The errors of all instances of a block, each once: one expression that is wrong in forty instances has one cause.
#[derive(Default)]
pub(super) struct InstanceErrors {
    found: Vec<Diagnostic>,
    /// The positions of errors with this place and code.
    by_place: HashMap<(Option<Span>, &'static str), Vec<usize>>,
    /// For each error: the other instances that have it with another text.
    others: Vec<Vec<Address>>,
}

impl InstanceErrors {
    pub(super) fn add(&mut self, address: &Address, errors: Diagnostics) {
        let errors: Vec<Diagnostic> = errors.into_iter().collect();
        let own: HashSet<_> = errors.iter().map(|error| (error.span, error.code, error.summary.as_str())).collect();
        let known = self.found.len();
        for error in &errors {
            let same_place = self.by_place.entry((error.span, error.code)).or_default();
            if same_place.iter().any(|at| self.found[*at].summary == error.summary) {
                continue;
            }
            let is_own = |first: &Diagnostic| own.contains(&(first.span, first.code, first.summary.as_str()));
            match same_place.iter().copied().find(|at| *at < known && !is_own(&self.found[*at])) {
                Some(at) => self.others[at].push(address.clone()),
                None => {
                    same_place.push(self.found.len());
                    self.found.push(error.clone());
                    self.others.push(Vec::new());
                }
            }
        }
    }

    pub(super) fn finish(self) -> impl Iterator<Item = Diagnostic> {
        self.found.into_iter().zip(self.others).map(|(mut error, others)| {
            if !others.is_empty() {
                let also = format!("{} have the same error.", named(&others));
                error.why = Some(error.why.map_or_else(|| also.clone(), |why| format!("{why} {also}")));
            }
            error
        })
    }
}

/// The first addresses, and how many more there are.
pub(super) fn named(addresses: &[Address]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = addresses.iter().take(SHOWN).map(|address| format!("`{address}`")).collect();
    match addresses.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

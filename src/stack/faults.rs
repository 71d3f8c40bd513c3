//! Errors that the readers of blocks share.

use crate::diagnostic::Diagnostic;
use crate::hcl::ast::Ident;
use crate::kinds::{Catalog, Tables};

/// The error of an argument or block (`what`) that does not exist there.
pub(super) fn unsupported(what: &str, of: &str, name: &Ident, known: &[&str]) -> Diagnostic {
    let otherwise = match known {
        [] => format!("Remove it: {of} has no {what}s."),
        known => format!("Supported: {}.", known.join(", ")),
    };
    Diagnostic::error("unknown-argument", format!("unsupported {what} `{}` in {of}", name.text)).at(name.span).suggest(
        &name.text,
        known.iter().copied(),
        Some(otherwise),
    )
}

/// The error of a duration that cannot be read.
pub(super) fn duration_error(name: &Ident, why: &str) -> Diagnostic {
    Diagnostic::error("wrong-value", format!("invalid value for `{}`: {why}", name.text))
}

/// The names of these providers, as alternatives: `"aws" or "linode"`.
pub(super) fn provider_names(catalog: &Catalog, takes: impl Fn(&Tables) -> bool) -> String {
    let providers = catalog.providers().filter(|provider| takes(provider));
    let names: Vec<String> = providers.map(|provider| format!("\"{}\"", provider.name)).collect();
    names.join(" or ")
}

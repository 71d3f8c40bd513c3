//! The words of `--cloud`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::providers;
use crate::stack::CloudName;

/// The parser of `--cloud`: the local simulator, or any name of the providers of a stack.
pub fn parser() -> impl TypedValueParser<Value = CloudName> {
    let catalog = providers::catalog();
    let local = PossibleValue::new(CloudName::Local.as_str()).help("Local simulator, on simulated time");
    let real = catalog.clouds().map(|provider| {
        PossibleValue::new(provider.name).help(format!("{}, and the other providers of the stack", provider.title))
    });
    PossibleValuesParser::new(std::iter::once(local).chain(real).collect::<Vec<_>>())
        .try_map(|word| CloudName::named(&word, providers::catalog()).ok_or("it is no cloud"))
}

/// A name of the providers of a stack, for examples.
pub fn example() -> &'static str {
    providers::catalog().clouds().next().map_or(CloudName::Local.as_str(), |provider| provider.name)
}

//! References that stay in one region: a network interface and its subnet, a load balancer and its address.

use serde_json::{Map as JsonMap, Value as Json};

use super::grammar::Grammar;
use super::table::{Arg, Kind, Ty};

/// The ids in arguments that must be of the resource's own region, each with the path of its argument.
pub fn references<'a>(kind: &Kind, args: &'a JsonMap<String, Json>) -> Vec<(Vec<&'static str>, &'a str)> {
    let mut found = Vec::new();
    collect(kind.grammar(), kind.args, args, &[], &mut found);
    found
}

fn collect<'a>(
    grammar: &dyn Grammar,
    table: &'static [Arg],
    args: &'a JsonMap<String, Json>,
    above: &[&'static str],
    found: &mut Vec<(Vec<&'static str>, &'a str)>,
) {
    for arg in table {
        let Some(value) = args.get(arg.name) else { continue };
        let at = || above.iter().copied().chain([arg.name]).collect::<Vec<_>>();
        if let Ty::Block(block) = arg.ty {
            let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            elements
                .iter()
                .filter_map(Json::as_object)
                .for_each(|inner| collect(grammar, block.args, inner, &at(), found));
        } else if arg.near {
            let ids = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            found.extend(ids.iter().filter_map(Json::as_str).filter(|id| grammar.is_id(id)).map(|id| (at(), id)));
        }
    }
}

//! Texts that the provider refuses, beyond the rules of single arguments: tags together with those of the stack, and
//! rules that kinds with a common argument have apart from each other.

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::{Kind, Ty};
use crate::value::{Map, Value};

/// Reports such texts. `span_of` is the place of an argument.
pub(super) fn check(kind: &Kind, args: &Map, span_of: &dyn Fn(&str) -> Span, found: &mut Diagnostics) {
    for (name, form) in kind.forms {
        let Some(value) = args.get(*name) else { continue };
        let hidden = value.sensitive_within();
        for (_, text, why) in form.read_value(value).err().into_iter().flatten() {
            let problem = match hidden {
                true => format!("invalid value for `{name}`: the sensitive value is not {}", form.wanted),
                false => format!("invalid value for `{name}`: \"{}\" {why}", text.escape_debug()),
            };
            let problem = Diagnostic::error("wrong-value", problem).at(span_of(name));
            found.push(problem.help(format!("Write {}.", form.wanted)));
        }
    }
    let tagged = kind.args.iter().find_map(|arg| match arg.ty {
        Ty::Tags(rule) => Some((arg.name, rule, args.get(arg.name)?)),
        _ => None,
    });
    let Some((name, rule, Value::Map(tags))) = tagged else { return };
    let texts = tags.iter().map(|(key, value)| (&**key, value.as_str()));
    if let Some(why) = rule.fault(texts) {
        let problem = Diagnostic::error("wrong-value", format!("invalid value for `{name}`: {why}"));
        found.push(problem.at(span_of(name)).help("Change the tags here, or those in the `stack` block."));
    }
}

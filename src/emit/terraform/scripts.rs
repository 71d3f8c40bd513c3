//! Boot scripts: text that the stack contains becomes a file beside the code, as a person would keep it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::names::{SECRET_LENGTH, plain_text};
use super::resource::ResourceWriter;
use crate::hcl::ast::{Expr, ExprKind};
use crate::kinds::Arg;

/// Lines up to which a script stays in the code.
const INLINE: usize = 4;

impl ResourceWriter<'_, '_> {
    /// A script that is text in the stack: the file with it, or its expression if it is short. `None` if the
    /// argument is no script, or its text contains a secret of the stack.
    pub(super) fn script(&self, arg: &Arg, expr: &Expr, (path, place): (&str, &str)) -> Option<String> {
        let mut names = 0;
        expr.visit_references(&mut |_, _, _| names += 1);
        if !arg.is_script() || names > 0 || matches!(expr.kind, ExprKind::Null) {
            return None;
        }
        let text = match &expr.kind {
            ExprKind::Call { name, args, .. } if &*name.text == "base64encode" => args.first().and_then(plain_text),
            _ => plain_text(expr).and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok()),
        };
        let Some(text) = text else { return Some(self.scope().expr(expr)) };
        if self.has_secret(&text) {
            return None;
        }
        if text.lines().count() <= INLINE {
            return Some(self.scope().expr(expr));
        }
        let end = match &*text {
            script if script.starts_with("#!") => "sh",
            cloud if cloud.starts_with("#cloud-config") => "yaml",
            _ => "txt",
        };
        let path = self.emitter.names.script(&self.owner(path), place, end);
        self.emitter.scripts.borrow_mut().insert(path.clone(), text);
        Some(format!("filebase64(\"${{path.module}}/{path}\")"))
    }

    fn has_secret(&self, text: &str) -> bool {
        let variables = self.emitter.stack.variables.values().filter(|variable| variable.sensitive);
        let variables = variables.filter_map(|variable| variable.value.unmark().0.as_str());
        let mut all = self.emitter.secret_texts.keys().copied().chain(variables);
        all.any(|secret| secret.len() >= SECRET_LENGTH && text.contains(secret))
    }
}

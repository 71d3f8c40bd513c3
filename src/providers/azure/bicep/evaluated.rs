//! Values that are known already as code: what is clear as a literal, each secret part as a `@secure()` parameter.
//!
//! Expressions lead to inputs and never to values, so that this file is the only way from a value to a literal.

use super::code::{Code, FileInput, ListItem};
use super::emitter::BicepEmitter;
use super::express::{BicepScope, LoopEntry};
use crate::address::Address;
use crate::emit::Limitation;
use crate::hcl::ast::ExprKind;
use crate::stack::Resource;
use crate::value::Value;

impl BicepEmitter<'_> {
    /// A value as code. Block and path name the parameters for secret parts. An unknown part is null and listed.
    pub fn evaluated(&self, value: &Value, block: &Address, path: &str) -> Code {
        if let Some(clear) = value.clear() {
            return Code::json(clear.json());
        }
        match value {
            Value::Map(map) => Code::Object(
                map.iter()
                    .map(|(name, value)| (name.to_string(), self.evaluated(value, block, &format!("{path}.{name}"))))
                    .collect(),
            ),
            Value::List(items) => {
                let one =
                    |(at, item): (usize, &Value)| ListItem::One(self.evaluated(item, block, &format!("{path}.{at}")));
                Code::List(items.iter().enumerate().map(one).collect())
            }
            Value::Unknown(unknown) if !unknown.sensitive => {
                self.lose(Limitation {
                    what: format!("{block}: {path}"),
                    why: "Bicep cannot express the computation of its value; add it manually".to_owned(),
                });
                Code::Null
            }
            secret => {
                let input = Code::Input(FileInput::Secret(self.secret_name(block, path)));
                match secret.unmark().0 {
                    Value::Number(_) => Code::Call("int", vec![input]),
                    Value::Bool(_) => Code::Call("bool", vec![input]),
                    Value::List(_) | Value::Map(_) => Code::Call("json", vec![input]),
                    _ => input,
                }
            }
        }
    }

    /// The value of a loop's entry where the loop is written out.
    pub fn entry(&self, at: &LoopEntry, block: &Address, path: &str) -> Code {
        if at.value.as_str() != Some(&*at.key)
            && let scope = BicepScope::new(self, None)
            && matches!(scope.value(&at.written), Some(Value::Map(_)))
            && let Some(whole) = scope.express(&at.written)
            && !whole.is_constant()
        {
            return whole.get(&at.key);
        }
        if let (None, ExprKind::Object(entries)) = (at.value.clear(), &at.written.kind) {
            let is = |key: &crate::hcl::ast::Expr| matches!(&key.kind, ExprKind::String(text) if **text == *at.key);
            let own = entries.iter().find(|(key, _)| is(key));
            if let Some(code) = own.and_then(|(_, entry)| BicepScope::new(self, None).express(entry)) {
                return code;
            }
        }
        self.evaluated(&at.value, block, &format!("{path}.{}", at.key))
    }

    /// Key and value of a resource's entry in the loop of its block.
    pub fn turn_of(&self, resource: &Resource) -> (String, Code) {
        let key = resource.address.key().map(|key| key.into_owned()).unwrap_or_default();
        let code = self.at(resource).map_or(Code::Null, |at| self.entry(&at, &resource.address.block(), "each"));
        (key, code)
    }
}

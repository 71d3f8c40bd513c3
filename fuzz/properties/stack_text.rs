//! Any text as a stack file: it is parsed, formatted and evaluated, and the invariants of every text are checked.

use std::sync::Arc;

use drplan::diagnostic::{Diagnostic, Span};
use drplan::hcl::ast::{Body, Ident};
use drplan::hcl::{self, Files, ReferenceKey, Scope, evaluate, parse};
use drplan::value::{Map, Unknown, Value};

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    let Ok(body) = parse(text, 0) else {
        assert!(hcl::format(text).is_err(), "the formatter accepts a text that the parser refuses");
        return;
    };
    let formatted = hcl::format(text).expect("the parser accepts the text");
    assert_eq!(hcl::format(&formatted).as_ref(), Ok(&formatted), "formatting is idempotent");
    let read_again = parse(&formatted, 0).expect("formatted text can be parsed");
    assert_eq!(without_places(&read_again), without_places(&body), "formatting keeps the meaning");
    evaluate_all(&body);
}

/// The syntax tree as text, without source positions.
fn without_places(body: &Body) -> String {
    let text = format!("{body:?}");
    let mut parts = text.split("Span {");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('}').map_or("", |(_, rest)| rest))
}

fn evaluate_all(body: &Body) {
    for attribute in &body.attributes {
        let _ = evaluate(&attribute.expr, &Names);
    }
    for block in &body.blocks {
        evaluate_all(&block.body);
    }
}

/// A scope in which every name is a map with a value of each type.
struct Names;

impl Scope for Names {
    fn resolve(&self, root: &Ident, _: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let list: Value = vec![Value::from(1), Value::from("two"), Value::Null].into();
        let map = Map::from([
            ("a".into(), list),
            ("b".into(), Value::from("text").sensitive()),
            ("c".into(), Value::Unknown(Unknown::default())),
        ]);
        match &*root.text {
            "x" => Err(Diagnostic::error("unknown-name", "there is no `x`")),
            _ => Ok((map.into(), 0)),
        }
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for Names {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(Some(path.as_bytes().into()))
    }
}

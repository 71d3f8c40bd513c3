//! Any text as a file of a stack: it is read, formatted and evaluated, and what holds for every text is checked.

#![no_main]

use std::sync::Arc;

use drplan::diagnostic::{Diagnostic, Span};
use drplan::hcl::ast::{Body, Ident};
use drplan::hcl::{Files, Key, Scope, evaluate, format, parse};
use drplan::value::{Map, Unknown, Value};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(body) = parse(text, 0) else {
        assert!(format(text).is_err(), "the formatter reads what the parser refuses");
        return;
    };
    let formatted = format(text).expect("the parser reads it");
    assert_eq!(format(&formatted).as_ref(), Ok(&formatted), "formatting twice is formatting once");
    evaluate_all(&body);
});

fn evaluate_all(body: &Body) {
    for attribute in &body.attributes {
        let _ = evaluate(&attribute.expr, &Names);
    }
    for block in &body.blocks {
        evaluate_all(&block.body);
    }
}

/// Every name is a map with values of each sort in it.
struct Names;

impl Scope for Names {
    fn resolve(&self, root: &Ident, _: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
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

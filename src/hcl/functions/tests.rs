//! Tests of `functions`.

use std::sync::Arc;

use super::*;
use crate::hcl::eval::{Files, ReferenceKey, evaluate};
use crate::hcl::parse_expression;

struct NoFunctionScope;

impl Scope for NoFunctionScope {
    fn resolve(&self, root: &Ident, _: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        Err(Diagnostic::error("unknown-name", format!("there is no `{}`", root.text)))
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for NoFunctionScope {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        let text: &[u8] = match path {
            "t.tpl" => b"Hi ${name}!\n%{ for x in list ~}\n  - ${x}\n%{ endfor ~}\nend",
            "bad.tpl" => b"Hi ${name}!\n  ${nmae} ${1 / 0}",
            "raw.bin" => &[0xff, 0],
            _ => return Ok(None),
        };
        Ok(Some(text.into()))
    }
}

fn answer(text: &str) -> Result<String, String> {
    let told = |found: crate::diagnostic::Diagnostics| {
        let all: Vec<String> = found.iter().map(ToString::to_string).collect();
        all.join("; ")
    };
    let expr = parse_expression(text, 0).map_err(told)?;
    let value = evaluate(&expr, &NoFunctionScope).map_err(told)?;
    let mut json = String::new();
    encoding::write_json(&value, &mut json).map_err(|fault| fault.diagnostic.summary)?;
    Ok(json)
}

#[test]
fn functions_answer_as_terraform_does() {
    let table = include_str!("../../../tests/formats/functions.txt");
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (text, expected) = line.split_once('\t').unwrap();
        let found = answer(text);
        if found.as_deref().unwrap_or("error") != expected {
            wrong.push(format!("{text}\n  Terraform: {expected}\n  here:      {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_read_inside_the_stack_directory_only() {
    assert_eq!(
        answer("templatefile(\"./t.tpl\", {name = \"a\", list = [1, 2]})").unwrap(),
        r#""Hi a!\n  - 1\n  - 2\nend""#
    );
    assert_eq!(answer("[fileexists(\"t.tpl\"), fileexists(\"no\")]").unwrap(), "[true,false]");
    assert_eq!(answer("filebase64(\"raw.bin\")").unwrap(), "\"/wA=\"");
    for (text, expected) in [
        ("file(\"../secret\")", "bad-argument: `../secret` leads out of the stack directory"),
        ("file(\"a/../../secret\")", "bad-argument: `a/../../secret` leads out of the stack directory"),
        ("fileexists(\"/etc/passwd\")", "bad-argument: `/etc/passwd` is an absolute path"),
        ("file(\"C:\\\\x\")", "bad-argument: `C:\\x` is an absolute path"),
        ("file(\"raw.bin\")", "bad-argument: this file is not a text in UTF-8"),
        ("file(\"none\")", "bad-argument: no file `none` in the stack directory"),
        (
            "templatefile(\"bad.tpl\", {name = 1})",
            "bad-argument: invalid template: bad.tpl:2:5: reference to undeclared variable `nmae` in a template; \
             bad.tpl:2:15: division by zero",
        ),
    ] {
        assert_eq!(answer(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn function_results_have_size_limits() {
    for text in [
        "range(100001)",
        "setproduct(range(1000), range(1000))",
        "flatten([for a in range(400) : range(400)])",
        "join(join(\"\", [for a in range(50000) : \"0123456789\"]), range(100))",
        "replace(join(\"\", range(50000)), \"\", join(\"\", range(50000)))",
        "format(\"%9999999999d\", 1)",
        "pow(10, 400)",
        "indent(100000, \"a\")",
    ] {
        assert!(answer(text).is_err(), "{text}");
    }
}

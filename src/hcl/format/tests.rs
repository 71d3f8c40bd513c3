//! Tests of `format`.

use proptest::prelude::*;
use regex::Regex;

use super::format;
use crate::hcl::parse;

/// The tree without the places in it.
fn tree(text: &str) -> String {
    let body = parse(text, 0).unwrap();
    Regex::new(r"Span \{[^}]*\}").unwrap().replace_all(&format!("{body:?}"), "").into_owned()
}

fn comments(text: &str) -> Vec<String> {
    let tokens = super::scan(text).tokens;
    let comments = tokens.iter().filter(|token| token.kind == super::TokenKind::Comment);
    comments.map(|token| text[token.start..token.end].to_owned()).collect()
}

/// Formats and checks what must hold for every text.
fn checked(text: &str) -> String {
    let out = format(text).unwrap();
    assert_eq!(format(&out).unwrap(), out, "not idempotent");
    assert_eq!(tree(&out), tree(text), "another meaning:\n{out}");
    assert_eq!(comments(&out).concat().trim_end(), comments(text).concat().trim_end());
    out
}

#[test]
fn the_form_is_that_of_terraform_fmt() {
    let ugly = include_str!("../../../tests/formats/fmt/ugly.hcl");
    assert_eq!(checked(ugly), include_str!("../../../tests/formats/fmt/ugly.expected.hcl"));
}

#[test]
fn formatted_stack_is_unchanged() {
    let stack = include_str!("../../../stacks/web-geo/stack.hcl");
    assert_eq!(checked(stack), stack);
}

#[test]
fn a_block_on_one_line_keeps_its_line() {
    for (text, expected) in [
        ("a  \"x\" {b = 1 c= 2}\n", "a \"x\" { b = 1  c = 2 }\n"),
        ("a {\n  o { rto = \"1h\"  rpo = \"5m\" }\n}\n", "a {\n  o { rto = \"1h\"  rpo = \"5m\" }\n}\n"),
        ("a { b { c = [1,2] } d = e.f }\n", "a { b { c = [1, 2] }  d = e.f }\n"),
        (
            "site \"a\" { p = 1 l = 2 }\nsite \"bc\" { p = 1 l = 2 }\n",
            "site \"a\" { p = 1  l = 2 }\nsite \"bc\" { p = 1  l = 2 }\n",
        ),
    ] {
        assert_eq!(checked(text), expected);
    }
}

#[test]
fn formatter_changes_less_than_terraform_fmt() {
    for (text, expected) in [
        ("a = \"${\n  b\n}\"\n", "a = b\n"),
        ("a = \"${\"${b}\"}\"\n", "a = b\n"),
        ("a = \"${b +\n  c}\"\n", "a = \"${b +\nc}\"\n"),
        ("a = 1", "a = 1\n"),
        ("a = 1 . 5\n", "a = 1. 5\n"),
        ("\r\r\na = 1\r\n", "\r\na = 1\r\n"),
        ("a\u{31b} = b\u{31b}c\n", "a\u{31b} = b\u{31b}c\n"),
        ("a x /* c */ y {}\n", "a x /* c */ y {}\n"),
        ("variable \"v\" { type = \"string\" }\n", "variable \"v\" { type = \"string\" }\n"),
        ("a {\nb = <<-E\n ${c\n+ d}\n E\ne = 1\n}\n", "a {\n  b = <<-E\n ${c\n+ d}\n E\n  e = 1\n}\n"),
    ] {
        assert_eq!(checked(text), expected);
    }
}

#[test]
fn invalid_text_is_not_formatted() {
    assert!(format("a = [1,\nb = 2\n").is_err());
}

/// Expressions, written with spaces and line breaks where they may stand.
fn expression() -> impl Strategy<Value = String> {
    let space = || prop_oneof![Just(""), Just(" "), Just("  "), Just("\t"), Just(" /* c */ ")];
    let leaf = prop_oneof![
        "[a-z]{1,8}",
        "[0-9]{1,4}",
        Just("\"text\"".to_owned()),
        Just("\"${a}\"".to_owned()),
        Just("\"%{ if a }x%{ else }y%{ endif }$${z}\"".to_owned()),
        Just("null".to_owned()),
        Just("-1".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let operator = prop_oneof![Just("+"), Just("-"), Just("=="), Just("&&"), Just("<="), Just("%"), Just("/")];
        prop_oneof![
            (inner.clone(), space(), operator, space(), inner.clone())
                .prop_map(|(a, s, o, t, b)| format!("{a} {s}{o}{t} {b}")),
            (inner.clone(), space()).prop_map(|(a, s)| format!("({s}{a}{s})")),
            (inner.clone(), inner.clone(), space()).prop_map(|(a, b, s)| format!("[{s}{a}{s},{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[\n {a},  # c\n{b}\n\n]")),
            (inner.clone(), inner.clone(), space()).prop_map(|(a, b, s)| format!("{{{s}k={s}{a},longer:{b}}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{\nk={a} # c\n  longer   = {b}\n\n}}")),
            (inner.clone(), inner.clone(), space()).prop_map(|(a, b, s)| format!("f({s}{a},{s}{b}...)")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a})?{b}:{c}")),
            (inner.clone(), space()).prop_map(|(a, s)| format!("!{s}({a})")),
            (inner.clone(), space()).prop_map(|(a, s)| format!("-{s}x.y[ {a} ]{s}.z[*].w")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[for x in[{a}]:{b}if x]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{for k,v in {a}:(k)=>{b}...}}")),
            inner.clone().prop_map(|a| format!("\"p ${{ {a} }}s\"")),
            inner.clone().prop_map(|a| format!("f(<<-EOT\n    x ${{{a}}}\n      y\n  EOT\n)")),
        ]
    })
}

/// Files with attributes, blocks, comments and blank lines.
fn file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        ("[a-z]{1,9}", expression()).prop_map(|(name, value)| format!("{name}={value}\n")),
        ("[a-z]{1,9}", expression()).prop_map(|(name, value)| format!("   {name}   = {value} # c\n")),
        Just("\n".to_owned()),
        Just("\n\n\n".to_owned()),
        Just("// a comment\n".to_owned()),
        Just("/* one\n two */\n".to_owned()),
    ];
    let body = prop::collection::vec(line, 0..6).prop_map(|lines| lines.concat());
    let block = (body.clone(), "[a-z]{1,5}", prop_oneof![Just(""), Just("bare"), Just("\"quoted\"  ")])
        .prop_map(|(body, name, label)| format!("{name} {label} {{ # c\n{body}}}\n"));
    prop::collection::vec(prop_oneof![body, block], 0..5).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn formatting_keeps_the_meaning_and_every_comment_and_settles_at_once(text in file()) {
        // Names may repeat, which the parser refuses.
        if parse(&text, 0).is_ok() {
            checked(&text);
        }
    }

    #[test]
    fn no_text_makes_the_formatter_panic(text in "\\PC{0,60}|[a-z ={}\\[\\]()\"$%~<\\n.,:?#/*-]{0,60}") {
        if let Ok(out) = format(&text) {
            prop_assert_eq!(tree(&out), tree(&text));
        }
    }
}

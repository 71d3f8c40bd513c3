//! Tests of `parse`.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Sources;
use crate::hcl::ast::{ExprKind, Root, TraversalStep};

/// The errors, as `line:column summary`.
fn faults(text: &str) -> String {
    let Err(found) = parse(text, 0) else { return "fine".to_owned() };
    let mut sources = Sources::default();
    sources.add("f", text);
    let told = |fault: &Diagnostic| {
        let (_, line, column) = sources.position(fault.span.unwrap()).unwrap();
        assert!(fault.help.is_some(), "no help: {fault}");
        format!("{line}:{column} {}", fault.summary)
    };
    found.iter().map(told).collect::<Vec<_>>().join(" | ")
}

#[test]
fn a_fault_is_told_where_it_is_and_as_what_it_is() {
    for (text, expected) in [
        ("a = \n", "1:5 expected a value, found the end of the line"),
        ("a = [1 2]\n", "1:8 expected `,` or `]`, found `2`"),
        ("a = [1, 2\n", "1:5 unclosed `[`"),
        ("a = [1,,2]\n", "1:8 expected a value, found `,`"),
        ("a = f(1 2)\n", "1:9 expected `,` or `)`, found `2`"),
        ("a = f(,)\n", "1:7 expected a value or `)`, found `,`"),
        ("foo\n", "1:4 expected `=` or `{`, found the end of the line"),
        ("foo: 1\n", "1:4 expected `=` or `{`, found `:`"),
        ("foo bar = 1\n", "1:9 expected `{` or a label, found `=`"),
        ("x \"${a}\" {}\n", "1:3 expected `{` or a plain label, found `\"${a}\"`"),
        ("a = b c\n", "1:7 expected the end of the line, found `c`"),
        ("a { b = 1 2 }\n", "1:11 expected an argument, a block or `}`, found `2`"),
        ("a { b =  c = 2 }\n", "1:10 expected a value, found `c`"),
        ("a = {x = 1 y = 2}\n", "1:12 expected `,`, a new line or `}`, found `y`"),
        ("a = 1\na = 2\n", "2:1 duplicate argument `a`"),
        ("a = \"\\q\"\n", "1:7 invalid escape sequence"),
        ("a = b ? 1\n", "1:10 expected `:`, found the end of the line"),
        ("a = [for x of y : x]\n", "1:12 expected `in`, found `of`"),
        ("a = {for x in y : x}\n", "1:20 expected `=>`, found `}`"),
        ("a = x.\n", "1:6 missing name after `.`"),
        ("x {\n  a = y.\n}\n", "2:8 missing name after `.`"),
        ("a = \"%{ if x }y\"\n", "1:6 `%{ if }` without `%{ endif }`"),
        ("a = \"%{ else }\"\n", "1:6 unexpected `%{ else }`"),
        ("a = \"${x\"\n", "1:6 unclosed template"),
        ("a = \"x\ny = \"z\"\n", "1:5 unclosed quote"),
        ("a = \"x\ny\"\n", "1:5 unclosed quote: a string cannot span lines"),
        ("a \"b {\n}\n", "1:3 unclosed quote"),
        ("a = 'x'\n", "1:5 invalid character `'`"),
        ("\"a\" = 2\n", "1:1 name of an argument in quotes"),
        ("a = <<EOT\nx\n", "1:5 unclosed heredoc: no line contains only `EOT`"),
        ("a = 1 /* x\n", "1:7 unclosed comment"),
        ("a = 1)\n", "1:6 unexpected `)`"),
        ("a {\n  b = [\n    1\n}\n", "4:1 expected `]`, found `}`"),
        ("a {\n  b = 1\n", "1:3 unclosed `{`"),
        ("a {\n  b {\n    c = 1\n}\nd {\n}\n", "2:5 unclosed `{`"),
        ("a = {(b) = 1, c.d = 2}\n", "1:15 a reference as a key must stand in parentheses"),
    ] {
        assert_eq!(faults(text), expected, "{text}");
    }
}

#[test]
fn a_fault_does_not_hide_those_of_other_blocks() {
    let text = "a {\n  x = \n}\nb \"c\" {\n  y = [1\n}\nc {\n  z = 1\n}\nd {\n  q = \"x\n}\n";
    let expected = "2:7 expected a value, found the end of the line | 6:1 expected `]`, found `}` | \
                    11:7 unclosed quote";
    assert_eq!(faults(text), expected);
    let text = "a {\n  x = <<EOT\nb {\nEOT\n  y = \n}\n/*\nc {\n*/\n";
    assert_eq!(faults(text), "5:7 expected a value, found the end of the line");
    let text = "a {\n  x = <<EOT\nhello\n}\nb {\n y =\n}\n";
    let expected =
        "2:7 unclosed heredoc: no line contains only `EOT` | 6:5 expected a value, found the end of the line";
    assert_eq!(faults(text), expected);
}

#[test]
fn spans_point_into_the_text_as_given() {
    let text = "\u{feff}# é\nx \"l\" {\n  a = f(subnet.web[\"k\"].id, b[*].c)\n}\n";
    let body = parse(text, 7).unwrap();
    let written = |span: Span| &text[span.start as usize..span.end as usize];
    let block = &body.blocks[0];
    assert_eq!((written(block.header), block.header.file), ("x \"l\"", 7));
    let expr = &block.body.attribute("a").unwrap().expr;
    let ExprKind::Call { name, args, .. } = &expr.kind else { panic!("{expr:?}") };
    assert_eq!(written(name.span), "f");
    assert_eq!(written(args[0].span), "subnet.web[\"k\"].id");
    let ExprKind::Traversal { root: Root::Name(root), steps } = &args[0].kind else { panic!("{args:?}") };
    assert_eq!(written(root.span), "subnet");
    assert!(matches!(&steps[1], TraversalStep::Index(index) if written(index.span) == "\"k\""));
    let found = parse("\u{feff}a = \n", 0).unwrap_err();
    assert_eq!(found.iter().next().unwrap().span.unwrap().start, 7);
}

#[test]
fn a_block_on_one_line_may_have_several_arguments() {
    let text = "site \"a\" {provider = \"azure\" location = x.y}\nb { c = \"é\" d {e = 1 f = 2} }\n";
    let body = parse(text, 0).unwrap();
    let written = |span: Span| &text[span.start as usize..span.end as usize];
    let names = |body: &Body| body.attributes.iter().map(|a| written(a.name.span).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&body.blocks[0].body), ["provider", "location"]);
    assert_eq!(written(body.blocks[0].body.attributes[1].expr.span), "x.y");
    let inner = &body.blocks[1].body.blocks[0];
    assert_eq!((written(inner.header), names(&inner.body)), ("d", vec!["e".to_owned(), "f".to_owned()]));
    assert_eq!(written(inner.body.attributes[1].expr.span), "2");
}

#[test]
fn heredocs_and_templates_read_as_in_terraform() {
    // Each with what Terraform 1.11.4 makes of it.
    for (text, expected) in [
        ("<<-EOT\n    a\n      b\n\n    c\n  EOT\n", "a\n  b\n\nc\n"),
        ("<<EOT\nEOT\n", ""),
        ("<<EOT\n  a\n    EOT\n", "  a\n"),
        ("<<-EOT\n    $${x} %%{y} \"q\" \\n\n    EOT\n", "${x} %{y} \"q\" \\n\n"),
    ] {
        let body = parse(&format!("a = {text}"), 0).unwrap();
        assert_eq!(body.attributes[0].expr.kind, ExprKind::String(expected.into()), "{text}");
    }
}

#[test]
fn a_heredoc_without_a_line_ends_where_it_says() {
    let text = "a = <<-EOT\n    EOT\nb = <<EOT\nx\nEOT\nc = 1\n";
    let body = parse(text, 0).unwrap();
    let kinds: Vec<_> = body.attributes.iter().map(|attribute| attribute.expr.kind.clone()).collect();
    let number = ExprKind::Number(crate::value::Number::Int(1));
    assert_eq!(kinds, [ExprKind::String("".into()), ExprKind::String("x\n".into()), number]);
    assert_eq!(&text[body.attributes[2].name.span.start as usize..], "c = 1\n");
}

#[test]
fn limits_hold() {
    for (text, code) in [
        (" ".repeat(MAX_FILE_BYTES + 1), "file-too-large"),
        (format!("a = {}1{}", "[".repeat(70), "]".repeat(70)), "too-deep"),
        (format!("a = 1{}", " + 1".repeat(200)), "too-deep"),
        (format!("a = {{{}}}", (0..=MAX_ENTRIES).map(|at| format!("k{at} = 1, ")).collect::<String>()), "too-large"),
        (format!("a = b{}", ".c".repeat(MAX_STEPS + 1)), "syntax"),
        (format!("a = b{}", "[*]".repeat(100_000)), "syntax"),
    ] {
        let found = parse(&text, 0).unwrap_err();
        assert_eq!(found.iter().next().unwrap().code, code);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}|[a-z ={}\\[\\]()\"$%~<\\n.,:?#/*'\\\\-]{0,80}") {
        for found in [parse(&text, 0).err(), parse_expression(&text, 0).err(), parse_template(&text, 0).err()] {
            for fault in found.into_iter().flatten() {
                let span = fault.span.unwrap_or_default();
                prop_assert!(span.start <= span.end && span.start as usize <= text.len(), "{fault:?}");
            }
        }
    }
}

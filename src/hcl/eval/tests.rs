//! Tests of `eval`.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::address::Address;
use crate::hcl::parse_expression;
use crate::value::Unknown;

/// A scope in which `var.name` is one of these values, and `thing.one` is a block with the attributes `id` and `wait`.
struct Vars(Map);

impl Scope for Vars {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let address = Address::new("thing", "one");
        let unknown = Value::Unknown(Unknown::attribute(&address, "wait", false));
        match (&*root.text, keys) {
            ("var", [(ReferenceKey::Attr(name), span), ..]) => match self.0.get(name) {
                Some(value) => Ok((value.clone(), 1)),
                None => Err(Diagnostic::error("unknown-name", format!("there is no variable `{name}`")).at(*span)),
            },
            ("thing", [_, (ReferenceKey::Attr(name), _), ..]) if &**name == "id" => Ok(("/one".into(), 2)),
            ("thing", [_, (ReferenceKey::Attr(name), _), ..]) if &**name == "wait" => Ok((unknown, 2)),
            ("thing", [_]) => Ok((Value::Block(address), 1)),
            _ => Err(Diagnostic::error("unknown-name", format!("there is no `{}`", root.text))),
        }
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for Vars {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok((path == "t.tpl").then(|| b"Hi ${name},\n${missing}!"[..].into()))
    }
}

fn run(text: &str) -> Result<Value, Diagnostics> {
    let vars = Vars(Map::from([
        ("secret".into(), Value::from("s3cret").sensitive()),
        ("list".into(), vec![1.into(), 2.into()].into()),
        ("null".into(), Value::Null),
        ("map".into(), Map::from([("east".into(), "a".into()), ("west".into(), "b".into())]).into()),
    ]));
    evaluate(&parse_expression(text, 0)?, &vars)
}

fn shown(text: &str) -> String {
    match run(text) {
        Ok(Value::Unknown(unknown)) if unknown.sensitive => format!("(sensitive) {:?}", unknown.waits_for),
        Ok(Value::Unknown(unknown)) => format!("{:?}", unknown.waits_for),
        Ok(Value::Sensitive(inner)) => format!("(sensitive) {}", inner.reveal().unwrap()),
        Ok(value) => {
            value.reveal().map_or_else(|unknown| format!("within {:?}", unknown.waits_for), |json| json.to_string())
        }
        Err(found) => found.iter().map(|d| format!("{}@{}", d, d.span.unwrap().start)).collect::<Vec<_>>().join("; "),
    }
}

#[test]
fn expressions_mean_what_they_mean_in_terraform() {
    for (text, expected) in [
        ("1 + 2 * 3", "7"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3 * 3", "1"),
        ("-5 % 3", "-2"),
        ("\"3\" * 2", "6"),
        ("9223372036854775807 + 1 > 0", "true"),
        ("1 == \"1\"", "false"),
        ("[1, {a = null}] == [1, {a = null}]", "true"),
        ("false && 1 / 0 > 0", "false"),
        ("true ? 1 : 1 / 0", "1"),
        ("\"a${1}b${true}\"", "\"a1btrue\""),
        ("\"${[1]}\"", "[1]"),
        ("\"a$${x}%%{y}\\n\"", "\"a${x}%{y}\\n\""),
        ("[for k, v in {b = 1, a = 2} : \"${k}${v}\"]", "[\"a2\",\"b1\"]"),
        ("{for i, v in [\"x\", \"y\"] : v => i if i > 0}", "{\"y\":1}"),
        ("{for v in [\"x\", \"yy\", \"z\"] : length(v) => v...}", "{\"1\":[\"x\",\"z\"],\"2\":[\"yy\"]}"),
        ("var.list[*]", "[1,2]"),
        ("var.null[*]", "[]"),
        ("var.map[*].east", "[\"a\"]"),
        ("[{a = [1, 2]}, {a = [3, 4]}][*].a[0]", "[1,3]"),
        ("[{a = [1, 2]}, {a = [3, 4]}].*.a[0]", "[1,2]"),
        ("var.map[\"west\"]", "\"b\""),
        ("{\"a b\" = 1, (var.map.east) : 2}", "{\"a\":2,\"a b\":1}"),
        ("thing.one.id", "\"/one\""),
        ("[for t in [thing.one] : t.id]", "[\"/one\"]"),
        ("[thing.one][*].id", "[\"/one\"]"),
        ("\"%{if 1 < 2}yes%{else}no%{endif} %{for v in var.list ~} <${v}> %{~endfor}\"", "\"yes <1><2>\""),
        ("try(var.map.north, \"none\")", "\"none\""),
        ("can(var.map.north)", "false"),
        ("max([1, 5, 3]...)", "5"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn unknown_values_stay_unknown_and_name_their_source() {
    let waits = "{\"thing.one.wait\"}";
    for text in [
        "thing.one.wait",
        "thing.one.wait + 1",
        "\"a${thing.one.wait}\"",
        "thing.one.wait ? 1 : 2",
        "true && thing.one.wait",
        "thing.one.wait.x[0]",
        "upper(thing.one.wait)",
        "[for x in thing.one.wait : x]",
        "[for x in [1] : x if thing.one.wait]",
        "{(thing.one.wait) = 1}",
        "var.list[thing.one.wait]",
        "thing.one.wait[*].id",
        "try(thing.one.wait, 1)",
        "can(thing.one.wait)",
        "[1, thing.one.wait] == [1, 2]",
        "join(\",\", [\"a\", thing.one.wait])",
        "\"%{if thing.one.wait}a%{endif}\"",
    ] {
        assert_eq!(shown(text), waits, "{text}");
    }
    assert_eq!(shown("false && thing.one.wait"), "false");
    assert_eq!(shown("thing.one.wait || true"), "true");
    assert_eq!(shown("length([1, thing.one.wait])"), "2");
    assert_eq!(shown("[thing.one.wait]"), format!("within {waits}"));
    assert_eq!(shown("thing.one.wait == var.secret"), format!("(sensitive) {waits}"));
}

#[test]
fn sensitive_input_makes_the_result_sensitive() {
    for (text, expected) in [
        ("var.secret", "\"s3cret\""),
        ("\"a${var.secret}\"", "\"as3cret\""),
        ("var.secret == \"x\" ? 1 : 2", "2"),
        ("var.secret == \"x\" && true", "false"),
        ("upper(var.secret)", "\"S3CRET\""),
        ("[for x in sensitive([1]) : x]", "[1]"),
        ("[for x in [1] : x if var.secret != \"\"]", "[1]"),
        ("{(var.secret) = 1}", "{\"s3cret\":1}"),
        ("{s3cret = 1}[var.secret]", "1"),
        ("sensitive([{a = 1}])[*].a", "[1]"),
        ("join(\",\", [var.secret])", "\"s3cret\""),
        ("can(tonumber(var.secret))", "false"),
        ("try(tonumber(var.secret), 0)", "0"),
        ("-sensitive(1)", "-1"),
    ] {
        assert_eq!(shown(text), format!("(sensitive) {expected}"), "{text}");
    }
    assert_eq!(shown("nonsensitive(var.secret)"), "\"s3cret\"");
    assert_eq!(shown("issensitive(var.secret)"), "true");
    assert_eq!(shown("nonsensitive([for x in sensitive([1]) : x])"), "[1]");
    assert!(!run("nonsensitive([for x in sensitive([1]) : x])").unwrap().sensitive_within());
}

#[test]
fn every_fault_is_told_where_it_stands_and_none_shows_a_secret() {
    for (text, expected) in [
        (
            "[1 / 0, -\"x\", var.nope]",
            "division-by-zero: division by zero@3; \
          wrong-type: expected a number, found a string that is not a number@9; unknown-name: there is no variable `nope`@18",
        ),
        ("nope", "unknown-name: there is no `nope`@0"),
        (
            "var.list[2]",
            "index-out-of-range: index out of range: no element 2: the list has 2 elements, `[0]` to `[1]`@9",
        ),
        ("var.map.est", "unknown-attribute: unsupported attribute `est` of this value@8"),
        ("\"a${var.null}\"", "wrong-type: expected a string, found null@4"),
        ("thing.one == 1", "wrong-type: references cannot be compared@0"),
        ("\"a${thing.one}\"", "wrong-type: expected a string, found a reference@4"),
        ("lenght(1)", "unknown-function: call to unknown function `lenght`@0"),
        ("timestamp()", "unknown-function: unsupported function `timestamp`@0"),
        ("upper()", "bad-argument: wrong number of arguments: `upper` is called with no arguments@0"),
        ("upper(\"a\", 2)", "bad-argument: wrong number of arguments: `upper` is called with 2 arguments@11"),
        (
            "parseint(var.secret, 10)",
            "bad-argument: invalid argument of `parseint` (not shown, because it is sensitive)@9",
        ),
        ("{for v in [1, 1] : v => v}", "duplicate-key: two elements have the key `1`@19"),
        (
            "[for a in range(3000) : [for b in range(3000) : b]]",
            "too-large: this stack takes too much work to evaluate@34",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn the_deepest_nesting_that_is_read_can_be_evaluated() {
    let depth = crate::hcl::parse::MAX_NESTING - 1;
    for (open, close) in
        [("(", ")"), ("try(", ")"), ("[for x in [1] : ", "]"), ("true ? ", " : 0"), ("{a = ", "}"), ("\"${", "}\"")]
    {
        let text = (1..=depth).rev().find_map(|depth| {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            parse_expression(&text, 0).is_ok().then_some(text)
        });
        assert!(run(&text.unwrap()).is_ok(), "{open}");
    }
    let chain = format!("1{}", " + 1".repeat(crate::hcl::parse::MAX_OPERATORS));
    assert_eq!(shown(&chain), "129");
}

/// Expressions of every form, calls of every function with any arguments among them.
fn expression() -> impl Strategy<Value = String> {
    let names: Vec<String> = functions::all().into_iter().map(|(signature, _)| signature).collect();
    let names: Vec<String> =
        names.iter().filter_map(|signature| signature.split('(').next()).map(str::to_owned).collect();
    let names: Vec<String> = names.into_iter().filter(|name| name != "nonsensitive").collect();
    let leaf = prop::sample::select(vec![
        "0",
        "1",
        "-1",
        "2.5",
        "9223372036854775807",
        "-9223372036854775808",
        "1e300",
        "\"\"",
        "\"a\"",
        "\"12\"",
        "\"%s %v %05d\"",
        "\"/(.)a/\"",
        "\"10.0.0.0/8\"",
        "\"fd00::/120\"",
        "\"é☃\"",
        "null",
        "true",
        "[]",
        "{}",
        "[1, 2, 3]",
        "[\"b\", \"a\", \"b\"]",
        "{ a = 1, b = [2] }",
        "[[1], [[2, null]]]",
        "var.list",
        "var.map",
        "var.null",
        "var.secret",
        "[var.secret]",
        "{ k = var.secret }",
        "thing.one.wait",
        "[thing.one.wait]",
        "thing.one",
        "x",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"]);
        let call = (prop::sample::select(names.clone()), prop::collection::vec(inner.clone(), 0..4), any::<bool>());
        prop_oneof![
            4 => call.prop_map(|(name, args, expand)| {
                format!("{name}({}{})", args.join(", "), if expand && !args.is_empty() { "..." } else { "" })
            }),
            1 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => inner.clone().prop_map(|a| format!("({a})[*].a")),
            1 => inner.clone().prop_map(|a| format!("(!({a}))")),
            1 => inner.clone().prop_map(|a| format!("(-({a}))")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{ ({a}) = {b} }}")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("\"<${{{a}}}%{{ for x in {b} }}${{x}}%{{ endfor }}>\"")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("[for k, x in {a} : {b} if {c}]")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{{for x in {a} : ({b}) => {c}...}}")),
        ]
    })
}

/// The secret is anywhere without a mark on it.
fn leaks(value: &Value) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains("s3cret"),
        Value::List(items) => items.iter().any(leaks),
        Value::Map(map) => map.iter().any(|(key, item)| key.contains("s3cret") || leaks(item)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_expression_panics_or_shows_a_secret(text in expression()) {
        match run(&text) {
            Ok(value) => prop_assert!(!leaks(&value), "{value:?}"),
            Err(found) => {
                prop_assert!(!found.is_empty());
                for fault in found {
                    prop_assert!(!format!("{fault:?}").contains("s3cret"), "{fault:?}");
                    prop_assert!(fault.span.is_some(), "{fault:?}");
                }
            }
        }
    }
}

//! Texts that cost much: each is short, valid in form, and asks for as much work as its kind allows.

use std::fmt::Write as _;

/// A text, and what it does.
pub struct HostileText {
    /// A short name.
    pub name: &'static str,
    /// The only file of a stack.
    pub text: String,
}

/// Three megabytes in one string.
const LONG: &str =
    r#"  long = join("", [for at in range(60000) : "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"])"#;

/// The texts.
pub fn texts() -> Vec<HostileText> {
    let mut all = Vec::new();
    let mut add = |name, locals: &str, output: &str| {
        let text =
            format!("stack \"hostile\" {{}}\n\nlocals {{\n{locals}\n}}\n\noutput \"all\" {{\n  value = {output}\n}}\n");
        all.push(HostileText { name, text });
    };
    add("shared lists", &doubled(40), "local.level40");
    add("comparison of lists alike", "  a = range(90000)\n  b = range(90000)", &each("local.a == local.b"));
    add("digests", LONG, &each("sha256(local.long)"));
    add("characters", LONG, &each("substr(local.long, at, 1)"));
    add("copies in locals", &copies(2_000), "1");
    add("replacement", &replaced(), "length(replace(local.long, \"/([a-z]+)/\", local.groups))");
    add("patterns", "  one = 1", &each("can(regex(\"\\\\w{50}${at}\", \"a\"))"));
    add("matches to the end of a text", LONG, "length(regexall(\".*[^a-z]|[a-z]\", local.long))");
    add("loops", "  one = 1", &format!("length([for one in range(90000) : {}])", each("at")));
    add(
        "errors that are caught",
        "  map = { for at in range(5000) : \"name${at}\" => at }",
        &each("can(local.map[\"nam${at}\"])"),
    );
    add("sorted texts", LONG, &each("sort([local.long, local.long, local.long])"));
    add("unknown parts", &unknown_parts(3_000), "1");
    all.push(HostileText { name: "groups with the same members", text: groups(29, 2_000) });
    all
}

/// So many failover groups, each of which creates the same resources.
fn groups(count: usize, members: usize) -> String {
    let site = |name: &str, location: &str| {
        format!("site \"{name}\" {{\n  provider = \"azure\"\n  location = \"{location}\"\n}}\n\n")
    };
    let sites = site("home", "canadacentral") + &site("away", "canadaeast");
    format!(
        "stack \"hostile\" {{}}\n\n{sites}resource_group \"away\" {{\n  site     = site.away\n  presence = \
         \"failover\"\n}}\n\npublic_ip \"one\" {{\n  for_each          = {{ for at in range({members}) : \"a${{at}}\" \
         => at }}\n  name              = \"one${{each.key}}\"\n  resource_group    = resource_group.away\n  \
         allocation_method = \"Static\"\n}}\n\nfailover_group \"all\" {{\n  for_each = {{ for at in range({count}) : \
         \"g${{at}}\" => at }}\n  from     = site.home\n  to       = site.away\n  stand_up = \
         [resource_group.away]\n}}\n"
    )
}

/// A list in a list and so on, each with the one within it twice.
fn doubled(levels: usize) -> String {
    let mut text = "  level0 = [\"x\"]".to_owned();
    for level in 1..=levels {
        let inner = level - 1;
        let _ = write!(text, "\n  level{level} = [local.level{inner}, local.level{inner}]");
    }
    text
}

/// So many strings of three megabytes.
fn copies(count: usize) -> String {
    (0..count).fold(LONG.to_owned(), |text, at| text + &format!("\n  copy{at} = \"{at}${{local.long}}\""))
}

fn replaced() -> String {
    format!("{LONG}\n  groups = join(\"\", [for at in range(90000) : \"$${{1}}\"])")
}

fn each(value: &str) -> String {
    format!("length([for at in range(90000) : {value}])")
}

/// A chain of locals, each of which adds to what it depends on.
fn unknown_parts(count: usize) -> String {
    let mut text = "  sum0 = 0".to_owned();
    for at in 1..=count {
        let _ = write!(text, "\n  sum{at} = [for one in [local.sum{}, local.sum{}] : one]", at - 1, at / 2);
    }
    text
}

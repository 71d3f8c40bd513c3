//! Rules of Bicep's compiler and linter that can be checked on the text (source: Bicep's list of linter rules and its
//! error codes).

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::eval::BicepFiles;

/// Bicep functions that emitted code uses.
const FUNCTIONS: &[&str] = &[
    "items",
    "coalesce",
    "empty",
    "flatten",
    "guid",
    "intersection",
    "last",
    "padLeft",
    "shallowMerge",
    "skip",
    "sort",
    "take",
    "union",
    "concat",
    "length",
    "join",
    "split",
    "replace",
    "contains",
    "indexOf",
    "toUpper",
    "toLower",
    "trim",
    "startsWith",
    "endsWith",
    "substring",
    "base64",
    "base64ToString",
    "string",
    "int",
    "bool",
    "json",
    "range",
    "min",
    "max",
    "parseCidr",
    "cidrSubnet",
    "cidrHost",
    "map",
    "filter",
    "toObject",
    "resourceGroup",
    "subscription",
    "tenant",
    "environment",
    "resourceId",
    "subscriptionResourceId",
    "readEnvironmentVariable",
    "loadTextContent",
    "loadFileAsBase64",
];

/// Host names of one cloud (source: the rule `no-hardcoded-env-urls`).
const HOSTS: &[&str] = &[
    "management.core.windows.net",
    "gallery.azure.com",
    "management.azure.com",
    "database.windows.net",
    "core.windows.net",
    "login.microsoftonline.com",
    "graph.windows.net",
    "vault.azure.net",
    "batch.core.windows.net",
];

/// A declaration in a file.
struct Declaration<'t> {
    node: Node<'t>,
    word: &'t str,
    is_secure: bool,
    is_conditional: bool,
    has_default: bool,
}

struct LintedFile<'t> {
    name: &'t str,
    text: &'t str,
    root: Node<'t>,
    declared: BTreeMap<&'t str, Declaration<'t>>,
}

/// Faults of all files.
pub fn faults(files: &BicepFiles) -> Vec<String> {
    let all: BTreeMap<&str, LintedFile<'_>> =
        files.trees().map(|(name, text, root)| (name, LintedFile::new(name, text, root))).collect();
    let mut found = Vec::new();
    for file in all.values() {
        file.names(&mut found);
        file.texts(file.root, &mut found);
        file.resources(&mut found);
        file.limits(&mut found);
        file.modules(&all, &mut found);
        if file.name.ends_with("param") {
            file.parameters(&all, &mut found);
        }
    }
    found
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// Calls `f` with a node and all its descendants.
fn walk<'t>(node: Node<'t>, f: &mut dyn FnMut(Node<'t>)) {
    f(node);
    children(node).into_iter().for_each(|child| walk(child, f));
}

impl<'t> LintedFile<'t> {
    fn new(name: &'t str, text: &'t str, root: Node<'t>) -> Self {
        let mut file = Self { name, text, root, declared: BTreeMap::new() };
        let mut decorators = String::new();
        for node in children(root) {
            let word = match node.kind() {
                "decorators" => {
                    decorators = text[node.byte_range()].to_owned();
                    continue;
                }
                "parameter_declaration" => "param",
                "variable_declaration" => "var",
                "resource_declaration"
                    if file.of(node).lines().next().is_some_and(|line| line.contains(" existing =")) =>
                {
                    "existing"
                }
                "resource_declaration" => "resource",
                "module_declaration" => "module",
                "output_declaration" => "output",
                _ => {
                    decorators.clear();
                    continue;
                }
            };
            let called = children(node)
                .into_iter()
                .find(|child| child.kind() == "identifier")
                .map_or("", |child| file.of(child));
            // Outputs have a namespace of their own.
            let called = if word == "output" { "" } else { called };
            let is_conditional = children(node).iter().any(|child| child.kind() == "if_statement");
            let has_default = children(node).last().is_some_and(|last| last.kind() != "type");
            let is_secure = decorators.contains("@secure()");
            let one = Declaration { node, word, is_secure, is_conditional, has_default };
            if !called.is_empty() {
                assert!(file.declared.insert(called, one).is_none(), "{name}: `{called}` is declared twice");
            }
            decorators.clear();
        }
        file
    }

    fn of(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    fn fault(&self, found: &mut Vec<String>, rule: &str, what: &str) {
        found.push(format!("{}: {rule}: {what}", self.name));
    }

    /// Every name is declared, and every declaration is used.
    fn names(&self, found: &mut Vec<String>) {
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for node in children(self.root) {
            let own = children(node).into_iter().find(|child| child.kind() == "identifier").map(|child| child.id());
            self.uses(node, &mut Vec::new(), own, &mut used, found);
        }
        for (name, one) in &self.declared {
            if ["param", "var", "existing"].contains(&one.word) && !used.contains(name) && !self.name.ends_with("param")
            {
                self.fault(found, "no-unused", &format!("{} {name}", one.word));
            }
        }
    }

    fn uses(
        &self,
        node: Node<'t>,
        bound: &mut Vec<&'t str>,
        own: Option<usize>,
        used: &mut BTreeSet<&'t str>,
        found: &mut Vec<String>,
    ) {
        let before = bound.len();
        match node.kind() {
            "decorators" | "type" | "comment" => return,
            "identifier" if Some(node.id()) != own => {
                let name = self.of(node);
                if let Some((name, _)) = self.declared.get_key_value(name) {
                    used.insert(name);
                } else if !bound.contains(&name) && !FUNCTIONS.contains(&name) {
                    self.fault(found, "BCP057", &format!("`{name}` is not declared"));
                }
                return;
            }
            "object_property" => {
                // Keys are not references, except for what is interpolated in them.
                let is_used = |(at, child): &(usize, Node<'t>)| *at > 0 || child.kind() == "string";
                let parts = children(node).into_iter().enumerate().filter(is_used);
                parts.for_each(|(_, child)| self.uses(child, bound, own, used, found));
                return;
            }
            "for_statement" => {
                let parts = children(node);
                self.uses(parts[1], bound, own, used, found);
                match parts[0].kind() {
                    "for_loop_parameters" => bound.extend(children(parts[0]).into_iter().map(|name| self.of(name))),
                    _ => bound.push(self.of(parts[0])),
                }
                self.uses(parts[2], bound, own, used, found);
                bound.truncate(before);
                return;
            }
            _ => {}
        }
        // The grammar parses `one => one.key` as `(one => one).key`: the parameters of a lambda are bound in the whole
        // expression that begins with it.
        let mut first = Some(node);
        while let Some(one) = first {
            if one.kind() == "lambda_expression" {
                let head = children(one)[0];
                match head.kind() {
                    "parenthesized_expression" => bound.extend(children(head).into_iter().map(|name| self.of(name))),
                    _ => bound.push(self.of(head)),
                }
            }
            first = one.named_child(0);
        }
        children(node).into_iter().for_each(|child| self.uses(child, bound, own, used, found));
        bound.truncate(before);
    }

    /// Form of strings, keys and reads.
    fn texts(&self, root: Node<'t>, found: &mut Vec<String>) {
        walk(root, &mut |node| {
            let parts = children(node);
            let plain = |text: &str| {
                text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            match node.kind() {
                "object_property"
                    if parts
                        .first()
                        .is_some_and(|key| key.kind() == "string" && plain(self.of(*key).trim_matches('\''))) =>
                {
                    self.fault(found, "prefer-unquoted-property-names", self.of(parts[0]));
                }
                // A key that is an expression needs the quotes.
                "string"
                    if matches!(parts.as_slice(), [only] if only.kind() == "interpolation")
                        && node.next_sibling().is_none_or(|next| next.kind() != ":") =>
                {
                    self.fault(found, "simplify-interpolation", self.of(node));
                }
                "string_content" if HOSTS.iter().any(|host| self.of(node).contains(host)) => {
                    self.fault(found, "no-hardcoded-env-urls", self.of(node));
                }
                "call_expression" if self.of(parts[0]) == "substring" && self.of(node).contains("length(") => {
                    self.fault(found, "BCP329", self.of(node));
                }
                "subscript_expression" if self.of(parts[1]).contains("=>") => {
                    self.fault(found, "lambda in an index", self.of(node));
                }
                "object_property" if ["tags: {}", "zones: []"].contains(&self.of(node)) => {
                    self.fault(found, "says nothing", self.of(node));
                }
                "member_expression" => {
                    let of = self.declared.get(self.of(parts[0]));
                    let is_safe = self.of(node)[self.of(parts[0]).len()..].starts_with(".?");
                    // Ids and names are known before the deployment.
                    let is_runtime = !matches!(self.of(parts[1]), "id" | "name");
                    if of.is_some_and(|one| one.is_conditional) && is_runtime && !is_safe {
                        self.fault(found, "BCP318", self.of(node));
                    }
                }
                _ => {}
            }
        });
    }

    fn resources(&self, found: &mut Vec<String>) {
        for (name, one) in &self.declared {
            let secret = ["password", "pwd", "secret", "accountkey", "acctkey"]
                .iter()
                .any(|word| name.to_lowercase().contains(word));
            if one.word == "param" && secret && !one.is_secure && !self.name.ends_with("param") {
                self.fault(found, "secure-secrets-in-params", name);
            }
            if one.word == "param" && one.is_secure && one.has_default {
                self.fault(found, "secure-parameter-default", name);
            }
            if !["resource", "existing", "module"].contains(&one.word) {
                continue;
            }
            let mut waits = Vec::new();
            let mut named = BTreeSet::new();
            walk(one.node, &mut |node| {
                if node.kind() == "identifier" && !is_within(node, "dependsOn", self) {
                    named.insert(self.of(node));
                }
                let parts = children(node);
                let [key, value] = parts.as_slice() else { return };
                if node.kind() != "object_property" {
                    return;
                }
                match self.of(*key) {
                    "dependsOn" => waits.extend(children(*value).into_iter().map(|one| self.of(one))),
                    "location" if value.kind() == "string" && self.of(*value) != "'global'" => {
                        self.fault(found, "no-hardcoded-location", self.of(*value));
                    }
                    "adminUsername" if value.kind() == "string" => {
                        self.fault(found, "adminusername-should-not-be-literal", self.of(*value))
                    }
                    "name" if self.of(*value).contains(".properties") => self.fault(found, "BCP120", self.of(node)),
                    _ => {}
                }
            });
            for one in waits.into_iter().filter(|one| named.contains(one)) {
                self.fault(found, "no-unnecessary-dependson", &format!("{name}: {one}"));
            }
        }
        walk(self.root, &mut |node| {
            if node.kind() == "for_statement" && self.of(children(node)[1]).contains(".properties") {
                self.fault(found, "BCP178", self.of(children(node)[1]));
            }
            if node.kind() == "output_declaration"
                && (self.of(node).contains(".list") || self.of(node).to_lowercase().contains("password"))
            {
                self.fault(found, "outputs-should-not-contain-secrets", self.of(node));
            }
        });
    }

    fn limits(&self, found: &mut Vec<String>) {
        let limits = [("resource", 800), ("param", 256), ("var", 512)];
        for (word, most) in limits {
            if self.declared.values().filter(|one| one.word == word).count() > most {
                self.fault(found, "max", word);
            }
        }
        if children(self.root).iter().filter(|node| node.kind() == "output_declaration").count() > 64 {
            self.fault(found, "max", "outputs");
        }
    }

    /// Each module exists and gets exactly the parameters that it declares.
    fn modules(&self, all: &BTreeMap<&str, LintedFile<'_>>, found: &mut Vec<String>) {
        for (name, one) in self.declared.iter().filter(|(_, one)| one.word == "module") {
            let path = self.of(children(one.node)[1]).trim_matches('\'');
            let Some(module) = all.get(path) else {
                self.fault(found, "BCP091", path);
                continue;
            };
            let mut given = BTreeSet::new();
            walk(one.node, &mut |node| {
                let parts = children(node);
                if node.kind() == "object_property" && self.of(parts[0]) == "params" {
                    given.extend(children(parts[1]).into_iter().map(|param| self.of(children(param)[0])));
                }
            });
            for (param, of) in module.declared.iter().filter(|(_, one)| one.word == "param") {
                if !given.contains(param) {
                    self.fault(found, "BCP035", &format!("{name} has no value for {param}"));
                }
                let is_secure = self.declared.get(param).is_some_and(|own| own.is_secure);
                if is_secure && !of.is_secure {
                    self.fault(found, "secure-params-in-nested-deploy", param);
                }
            }
            for param in given.iter().filter(|param| !module.declared.contains_key(*param)) {
                self.fault(found, "BCP037", &format!("{name}: {param}"));
            }
        }
    }

    /// A file of parameters assigns the parameters of `main.bicep`.
    fn parameters(&self, all: &BTreeMap<&str, LintedFile<'_>>, found: &mut Vec<String>) {
        let Some(main) = all.get("main.bicep") else { return self.fault(found, "BCP091", "main.bicep") };
        for (name, one) in main.declared.iter().filter(|(_, one)| one.word == "param") {
            if !one.has_default && !self.declared.contains_key(name) {
                self.fault(found, "BCP258", name);
            }
        }
        for name in self.declared.keys().filter(|name| !main.declared.contains_key(*name)) {
            self.fault(found, "BCP259", name);
        }
    }
}

/// True for a node in the value of this property.
fn is_within(node: Node<'_>, key: &str, file: &LintedFile<'_>) -> bool {
    let mut at = node.parent();
    while let Some(one) = at {
        if one.kind() == "object_property" && one.named_child(0).is_some_and(|child| file.of(child) == key) {
            return true;
        }
        at = one.parent();
    }
    false
}

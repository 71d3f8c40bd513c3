//! Evaluation of expressions.

#![expect(clippy::panic, reason = "a construct that cannot be evaluated fails the test")]

use std::rc::Rc;

use serde_json::{Value as Json, json};
use tree_sitter::Node;

use super::{Bound, Evaluator, Val};

impl<'f> Evaluator<'f, '_> {
    /// Iterations of a loop: its bindings in each, and the body.
    pub(super) fn turns(&self, node: Node<'f>, bound: &Bound<'f>) -> Vec<(Bound<'f>, Node<'f>)> {
        let parts = Self::children(node);
        let names: Vec<&str> = match parts[0].kind() {
            "for_loop_parameters" => Self::children(parts[0]).into_iter().map(|name| self.of(name)).collect(),
            _ => vec![self.of(parts[0])],
        };
        let Json::Array(items) = self.json(parts[1], bound) else {
            panic!("{}: a loop over a value that is not a list", self.name)
        };
        let turn = |(at, item): (usize, Json)| {
            let mut inner = bound.clone();
            inner.insert(names[0].to_owned(), Val::Json(item));
            if let Some(index) = names.get(1) {
                inner.insert((*index).to_owned(), Val::Json(json!(at)));
            }
            (inner, parts[2])
        };
        items.into_iter().enumerate().map(turn).collect()
    }

    pub(super) fn json(&self, node: Node<'f>, bound: &Bound<'f>) -> Json {
        match self.value(node, bound) {
            Val::Json(json) => json,
            Val::Resource(_) | Val::Resources(_) | Val::Module(_) | Val::Lambda { .. } => {
                panic!("{}: `{}` is not a plain value", self.name, self.of(node))
            }
        }
    }

    pub(super) fn key(&self, node: Node<'f>, bound: &Bound<'f>) -> String {
        match node.kind() {
            "string" => self.json(node, bound).as_str().expect("a text").to_owned(),
            _ => self.of(node).to_owned(),
        }
    }

    pub(super) fn value(&self, node: Node<'f>, bound: &Bound<'f>) -> Val<'f> {
        let parts = Self::children(node);
        if let Some(lambda) = lambda_of(node)
            && !self.calling.borrow().contains(&lambda.id())
        {
            return Val::Lambda { root: node, lambda };
        }
        Val::Json(match node.kind() {
            "null" => Json::Null,
            "boolean" => json!(self.of(node) == "true"),
            "number" => json!(self.of(node).parse::<i64>().expect("a whole number")),
            "string" => self.text(node, bound),
            "array" => self.items(&parts, bound),
            "object" => {
                let entry = |property: Node<'f>| {
                    let parts = Self::children(property);
                    (self.key(parts[0], bound), self.json(parts[1], bound))
                };
                Json::Object(parts.into_iter().map(entry).collect())
            }
            "for_statement" => {
                self.turns(node, bound).into_iter().map(|(bound, body)| self.json(body, &bound)).collect()
            }
            "parenthesized_expression" => return self.value(parts[0], bound),
            "identifier" => return bound.get(self.of(node)).cloned().unwrap_or_else(|| self.name(self.of(node))),
            "lambda_expression" => return self.value(*parts.last().expect("a body"), bound),
            "member_expression" => return self.member(self.value(parts[0], bound), self.of(parts[1])),
            "subscript_expression" => match (self.value(parts[0], bound), self.json(parts[1], bound)) {
                (Val::Resources(all), Json::Number(at)) => {
                    return Val::Resource(Rc::clone(&all[at.as_u64().expect("a place") as usize]));
                }
                (of, Json::String(name)) => return self.member(of, &name),
                (Val::Json(Json::Array(items)), Json::Number(at)) => {
                    items[at.as_u64().expect("a place") as usize].clone()
                }
                _ => panic!("{}: `{}`", self.name, self.of(node)),
            },
            "unary_expression" => json!(self.json(parts[0], bound) != json!(true)),
            "ternary_expression" => {
                let chosen = if self.json(parts[0], bound) == json!(true) { parts[1] } else { parts[2] };
                return self.value(chosen, bound);
            }
            "binary_expression" => {
                let operator = node.child_by_field_name("operator").map_or("", |operator| self.of(operator));
                let left = self.value(parts[0], bound);
                match (operator, left) {
                    ("??", Val::Json(Json::Null) | Val::Module(None)) => return self.value(parts[1], bound),
                    ("??", left) => return left,
                    (operator, Val::Json(left)) => operate(operator, &left, &self.json(parts[1], bound)),
                    _ => panic!("{}: `{}`", self.name, self.of(node)),
                }
            }
            // The grammar parses `9 + int(one)` as `(9 + int)(one)`.
            "call_expression" if parts[0].kind() == "binary_expression" => {
                let sides = Self::children(parts[0]);
                let operator = parts[0].child_by_field_name("operator").map_or("", |operator| self.of(operator));
                match self.invoke(sides[1], parts[1], bound) {
                    Val::Json(right) => operate(operator, &self.json(sides[0], bound), &right),
                    _ => panic!("{}: `{}`", self.name, self.of(node)),
                }
            }
            "call_expression" => return self.call(node, bound),
            other => panic!("{}: {other} `{}`", self.name, self.of(node)),
        })
    }

    fn member(&self, of: Val<'f>, name: &str) -> Val<'f> {
        match of {
            Val::Resource(resource) => Val::Json(match name {
                "id" => json!(resource.id.as_str()),
                "name" => json!(resource.name),
                other => {
                    let body = (self.inputs.cloud)(&resource.id);
                    body.and_then(|body| body.get(other).cloned()).unwrap_or_default()
                }
            }),
            Val::Module(Some(outputs)) if name == "outputs" => Val::Json(Json::Object((*outputs).clone())),
            Val::Module(None) => Val::Module(None),
            Val::Json(json) => Val::Json(json.get(name).cloned().unwrap_or_default()),
            Val::Module(Some(_)) | Val::Resources(_) | Val::Lambda { .. } => panic!("{}: .{name}", self.name),
        }
    }

    fn text(&self, node: Node<'f>, bound: &Bound<'f>) -> Json {
        if let Some(raw) = self.of(node).strip_prefix("'''") {
            let raw = raw.strip_suffix("'''").unwrap_or(raw);
            return json!(raw.strip_prefix('\n').unwrap_or(raw));
        }
        let mut out = String::new();
        for part in Self::children(node) {
            match part.kind() {
                "string_content" => out.push_str(self.of(part)),
                "escape_sequence" => out.push_str(match self.of(part) {
                    "\\n" => "\n",
                    "\\r" => "\r",
                    "\\t" => "\t",
                    "\\$" => "$",
                    other => &other[1..],
                }),
                "interpolation" => match self.json(Self::children(part)[0], bound) {
                    Json::String(text) => out.push_str(&text),
                    Json::Number(number) => out.push_str(&number.to_string()),
                    other => panic!("{}: unsupported {other} in a string", self.name),
                },
                other => panic!("{}: unsupported {other} in a string", self.name),
            }
        }
        json!(out)
    }

    /// Calls a lambda with these values.
    fn lambda(&self, of: &Val<'f>, values: &[Json], bound: &Bound<'f>) -> Json {
        let Val::Lambda { root, lambda } = of else { panic!("{}: no lambda", self.name) };
        let names: Vec<&str> = match Self::children(*lambda)[0] {
            several if several.kind() == "parenthesized_expression" => {
                Self::children(several).into_iter().map(|name| self.of(name)).collect()
            }
            one => vec![self.of(one)],
        };
        let mut inner = bound.clone();
        for (name, value) in names.into_iter().zip(values) {
            inner.insert(name.to_owned(), Val::Json(value.clone()));
        }
        self.calling.borrow_mut().push(lambda.id());
        let out = self.json(*root, &inner);
        self.calling.borrow_mut().pop();
        out
    }

    /// Items of a list. The grammar parses a call with several arguments in a one-line list as a name and a value in
    /// parentheses.
    fn items(&self, parts: &[Node<'f>], bound: &Bound<'f>) -> Json {
        let mut out = Vec::new();
        let mut left = parts.iter();
        while let Some(item) = left.next() {
            // `[nets['a'].range]` is parsed as the items `nets` and `['a'].range`.
            let accessed = left.as_slice().first().filter(|next| {
                item.kind() == "identifier" && self.of(**next).starts_with('[') && next.start_byte() == item.end_byte()
            });
            if let Some(next) = accessed {
                let next = *next;
                left.next();
                match self.accessed(self.value(*item, bound), next, bound) {
                    Val::Json(json) => out.push(json),
                    _ => panic!("{}: `{}`", self.name, self.of(*item)),
                }
                continue;
            }
            let call = left.as_slice().first().filter(|next| {
                item.kind() == "identifier"
                    && next.kind() == "parenthesized_expression"
                    && next.start_byte() == item.end_byte()
            });
            out.push(match call {
                Some(args) => {
                    let args = *args;
                    left.next();
                    match self.invoke(*item, args, bound) {
                        Val::Json(json) => json,
                        _ => panic!("{}: `{}`", self.name, self.of(*item)),
                    }
                }
                None => self.json(*item, bound),
            });
        }
        Json::Array(out)
    }

    /// A part of a value, by a subscript that is parsed as a list.
    fn accessed(&self, of: Val<'f>, node: Node<'f>, bound: &Bound<'f>) -> Val<'f> {
        let parts = Self::children(node);
        match node.kind() {
            "array" => match self.json(parts[0], bound) {
                Json::String(name) => self.member(of, &name),
                _ => panic!("{}: `{}`", self.name, self.of(node)),
            },
            "member_expression" => self.member(self.accessed(of, parts[0], bound), self.of(parts[1])),
            other => panic!("{}: {other} `{}`", self.name, self.of(node)),
        }
    }

    fn call(&self, node: Node<'f>, bound: &Bound<'f>) -> Val<'f> {
        let parts = Self::children(node);
        self.invoke(parts[0], parts[1], bound)
    }

    fn invoke(&self, function: Node<'f>, arguments: Node<'f>, bound: &Bound<'f>) -> Val<'f> {
        let (node, parts) = (function, [function, arguments]);
        let args: Vec<Val<'f>> = Self::children(parts[1]).into_iter().map(|arg| self.value(arg, bound)).collect();
        if parts[0].kind() == "member_expression" {
            // Result of `listKeys`.
            return Val::Json(json!("?key"));
        }
        let function = self.of(parts[0]);
        let json = |at: usize| match args.get(at) {
            Some(Val::Json(json)) => json.clone(),
            _ => panic!("{}: `{}`", self.name, self.of(node)),
        };
        let each = |at: usize, item: &Json, place: usize| self.lambda(&args[at], &[item.clone(), json!(place)], bound);
        let list = |at: usize| match json(at) {
            Json::Array(items) => items,
            _ => panic!("{}: `{}` takes a list", self.name, self.of(node)),
        };
        let text =
            |at: usize| json(at).as_str().unwrap_or_else(|| panic!("{}: `{}`", self.name, self.of(node))).to_owned();
        let subscription = format!("/subscriptions/{}", self.inputs.subscription);
        Val::Json(match function {
            "map" => list(0).iter().enumerate().map(|(at, item)| each(1, item, at)).collect(),
            "sort" => {
                let mut items = list(0);
                let is_less = |a: &Json, b: &Json| self.lambda(&args[1], &[a.clone(), b.clone()], bound) == json!(true);
                items.sort_by(|a, b| is_less(b, a).cmp(&is_less(a, b)));
                Json::Array(items)
            }
            "subscription" => json!({ "id": subscription, "subscriptionId": self.inputs.subscription }),
            "filter" => list(0).into_iter().filter(|item| each(1, item, 0) == json!(true)).collect(),
            "toObject" => {
                let entry = |item: &Json| {
                    let key = each(1, item, 0).as_str().expect("a key").to_owned();
                    (key, if args.len() > 2 { each(2, item, 0) } else { item.clone() })
                };
                Json::Object(list(0).iter().map(entry).collect())
            }
            "resourceGroup" if args.is_empty() => json!({ "id": self.group.as_ref().expect("a group").as_str() }),
            "resourceGroup" if args.len() == 1 => json!(format!("{subscription}/resourceGroups/{}", text(0))),
            "resourceGroup" => json!(format!("/subscriptions/{}/resourceGroups/{}", text(0), text(1))),
            "tenant" => json!({ "tenantId": self.inputs.tenant }),
            "environment" => json!({ "suffixes": {
                "sqlServerHostname": ".database.windows.net", "keyvaultDns": ".vault.azure.net", "storage": "core.windows.net",
            } }),
            "resourceId" | "subscriptionResourceId" => {
                // Subscription and group may stand before the type.
                let first = (0..args.len()).find(|at| text(*at).contains('/')).expect("a type");
                let type_ = text(first);
                let (provider, types) = type_.split_once('/').expect("a type");
                let names = (first + 1..args.len()).map(text);
                let pairs: String =
                    types.split('/').zip(names).map(|(type_, name)| format!("/{type_}/{name}")).collect();
                let root = match function {
                    "resourceId" if first == 2 => format!("/subscriptions/{}/resourceGroups/{}", text(0), text(1)),
                    "resourceId" => self.group.as_ref().expect("a group").to_string(),
                    _ => subscription,
                };
                match type_.as_str() {
                    "Microsoft.Resources/resourceGroups" => json!(format!("{root}/resourceGroups/{}", text(1))),
                    _ => json!(format!("{root}/providers/{provider}{pairs}")),
                }
            }
            "readEnvironmentVariable" => json!((self.inputs.environment)(&text(0))),
            "loadTextContent" => {
                let path = text(0);
                let path = match self.name.starts_with("modules/") {
                    true => path.strip_prefix("../").unwrap_or_else(|| panic!("{path} is outside the emitted files")),
                    false => &path,
                };
                json!(self.files.texts.get(path).unwrap_or_else(|| panic!("no file {path}")))
            }
            other => super::super::functions::call(
                other,
                &args
                    .iter()
                    .map(|arg| match arg {
                        Val::Json(json) => json.clone(),
                        _ => panic!("{}: `{}`", self.name, self.of(node)),
                    })
                    .collect::<Vec<_>>(),
            ),
        })
    }
}

/// The lambda that an expression begins with: the grammar parses `one => one.key` as `(one => one).key`.
fn lambda_of(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "lambda_expression" => Some(node),
        "member_expression" | "subscript_expression" | "binary_expression" | "ternary_expression" => {
            node.named_child(0).and_then(lambda_of)
        }
        _ => None,
    }
}

fn operate(operator: &str, left: &Json, right: &Json) -> Json {
    let numbers = || (left.as_i64().expect("a number"), right.as_i64().expect("a number"));
    match operator {
        "==" => json!(left == right),
        "!=" => json!(left != right),
        "&&" => json!(*left == json!(true) && *right == json!(true)),
        "||" => json!(*left == json!(true) || *right == json!(true)),
        "+" => json!(numbers().0 + numbers().1),
        "-" => json!(numbers().0 - numbers().1),
        "*" => json!(numbers().0 * numbers().1),
        "/" => json!(numbers().0 / numbers().1),
        "%" => json!(numbers().0 % numbers().1),
        "<" if left.is_string() => json!(left.as_str() < right.as_str()),
        "<" => json!(numbers().0 < numbers().1),
        "<=" => json!(numbers().0 <= numbers().1),
        ">" => json!(numbers().0 > numbers().1),
        ">=" => json!(numbers().0 >= numbers().1),
        other => panic!("unsupported operator {other}"),
    }
}

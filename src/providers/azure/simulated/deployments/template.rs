//! A template expanded into resources: parameters applied, loops unrolled, each resource with its id and dependencies.
//! Writes nothing, and does not read existing resources.

use crate::providers::azure::ids::AzureId;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map as JsonMap, Value as Json};

use super::evaluate::{Frame, TemplateEnvironment, TemplateError, kind_of, weight};
use super::expression::{TemplateString, parse, written};
use super::functions;
use super::parameters::Definitions;
use crate::object::ObjectId;
use crate::simulator::request::ErrorResponse;

/// The maximum size of a template with all loops and expressions expanded, in bytes (source: Azure's limits of
/// templates, which apply to the final state of the template).
const EXPANDED_LIMIT: usize = 4 << 20;
/// The maximum number of resources in a template (source: Azure's limits of templates).
const MOST_RESOURCES: usize = 800;
/// The maximum number of parameters.
const MOST_PARAMETERS: usize = 256;
/// The maximum number of outputs.
const MOST_OUTPUTS: usize = 64;
/// The type of a deployment.
pub(in crate::providers::azure::simulated) const DEPLOYMENT: &str = "Microsoft.Resources/deployments";

/// A template with its parameter values.
#[derive(Debug, Clone)]
pub(in crate::providers::azure::simulated) struct Template {
    /// The scope that it is deployed to.
    scope: ObjectId,
    /// The values of the parameters, by folded name.
    parameters: JsonMap<String, Json>,
    variables: JsonMap<String, Json>,
    /// The functions of its own.
    functions: Vec<Json>,
    /// The types of its own.
    definitions: JsonMap<String, Json>,
    outputs: JsonMap<String, Json>,
    resources: Json,
    /// True if it holds no expressions any more.
    literal: bool,
    /// Amount evaluated so far.
    spent: Cell<usize>,
}

/// One resource of a template.
#[derive(Debug, Clone)]
pub(in crate::providers::azure::simulated) struct TemplateResource {
    pub(in crate::providers::azure::simulated) id: ObjectId,
    pub(in crate::providers::azure::simulated) type_: String,
    pub(in crate::providers::azure::simulated) api: String,
    /// The source, and its index in a loop.
    written: Json,
    turn: Option<(String, i64)>,
    /// True for an `existing` resource, which is only referenced.
    pub(in crate::providers::azure::simulated) existing: bool,
    /// True if its condition holds.
    pub(in crate::providers::azure::simulated) wanted: bool,
    /// The positions of its dependencies.
    pub(in crate::providers::azure::simulated) needs: BTreeSet<usize>,
    /// The names by which others reference it: symbolic name and loop name.
    called: Vec<String>,
}

impl Template {
    /// Reads a template. `given` is the `parameters` of a request.
    ///
    /// # Errors
    /// `InvalidTemplate`, with the reason.
    pub(in crate::providers::azure::simulated) fn read(
        written: &Json,
        given: &JsonMap<String, Json>,
        scope: ObjectId,
        literal: bool,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<Self, ErrorResponse> {
        let section = |name: &str| match written.get(name) {
            None | Some(Json::Null) => Ok(JsonMap::new()),
            Some(Json::Object(map)) => Ok(map.clone()),
            Some(other) => Err(wrong(format!("its `{name}` must be an object, but is {}", kind_of(other)))),
        };
        let declared = section("parameters")?;
        let limits =
            [("parameters", declared.len(), MOST_PARAMETERS), ("outputs", section("outputs")?.len(), MOST_OUTPUTS)];
        for (what, has, most) in limits {
            if has > most {
                return Err(wrong(format!("the number of {what}, {has}, exceeds the limit of {most}")));
            }
        }
        if let Some(name) = given.keys().find(|name| !declared.keys().any(|other| other.eq_ignore_ascii_case(name))) {
            return Err(wrong(format!("the request sets the parameter '{name}', which the template does not declare")));
        }
        let mut template = Self {
            scope,
            parameters: JsonMap::new(),
            variables: section("variables")?,
            functions: written.get("functions").and_then(Json::as_array).cloned().unwrap_or_default(),
            definitions: section("definitions")?,
            outputs: section("outputs")?,
            resources: written.get("resources").cloned().unwrap_or_default(),
            literal,
            spent: Cell::default(),
        };
        for (name, declaration) in &declared {
            let own = given.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            let value = match (own, declaration.get("defaultValue")) {
                (Some(own), _) => own.get("value").cloned().ok_or_else(|| {
                    wrong(format!("the parameter '{name}' has no `value`; Key Vault references are not supported"))
                })?,
                (None, Some(default)) => {
                    let frame = Frame { default_of: Some(name.as_str()), ..template.frame(surroundings) };
                    frame.value(default).map_err(|miss| at(name, miss))?
                }
                (None, None) if declaration.get("nullable") == Some(&Json::Bool(true)) => Json::Null,
                (None, None) => {
                    return Err(wrong(format!("the value for the template parameter '{name}' is not provided")));
                }
            };
            Definitions::of(written).check(name, declaration, &value).map_err(wrong)?;
            template.parameters.insert(name.to_ascii_lowercase(), value);
        }
        Ok(template)
    }

    /// The values of its parameters, as a request gives them.
    pub(in crate::providers::azure::simulated) fn given(&self) -> JsonMap<String, Json> {
        let given = self.parameters.iter();
        given.map(|(name, value)| (name.clone(), serde_json::json!({ "value": value }))).collect()
    }

    /// The names of secure parameters, whose values must not be stored.
    pub(in crate::providers::azure::simulated) fn secure(written: &Json) -> BTreeSet<String> {
        let declared = written.get("parameters").and_then(Json::as_object).into_iter().flatten();
        let definitions = Definitions::of(written);
        let secure = declared.filter(|(_, declaration)| definitions.type_of(declaration).starts_with("secure"));
        secure.map(|(name, _)| name.to_ascii_lowercase()).collect()
    }

    pub(in crate::providers::azure::simulated) fn frame<'a>(
        &'a self,
        surroundings: &'a dyn TemplateEnvironment,
    ) -> Frame<'a> {
        Frame {
            parameters: &self.parameters,
            variables: &self.variables,
            turns: Vec::new(),
            functions: &self.functions,
            default_of: None,
            bound: Vec::new(),
            surroundings,
            depth: 0,
            spent: &self.spent,
        }
    }

    /// The evaluation scope of an item.
    fn frame_of<'a>(&'a self, item: &TemplateResource, surroundings: &'a dyn TemplateEnvironment) -> Frame<'a> {
        let frame = self.frame(surroundings);
        match &item.turn {
            Some((name, at)) => frame.turn(name, *at),
            None => frame,
        }
    }

    /// The evaluated source of an item. The template of a nested deployment with inner scope stays as written.
    pub(in crate::providers::azure::simulated) fn body(
        &self,
        item: &TemplateResource,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<Json, TemplateError> {
        self.evaluated(item, surroundings, |frame, written| frame.value(written))
    }

    /// The same, as far as it is known before any resource of the template exists.
    pub(in crate::providers::azure::simulated) fn body_so_far(
        &self,
        item: &TemplateResource,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<Json, TemplateError> {
        self.evaluated(item, surroundings, |frame, written| frame.value_so_far(written))
    }

    fn evaluated(
        &self,
        item: &TemplateResource,
        surroundings: &dyn TemplateEnvironment,
        value: impl Fn(&Frame<'_>, &Json) -> Result<Json, TemplateError>,
    ) -> Result<Json, TemplateError> {
        let mut written = item.written.clone();
        if self.literal {
            return Ok(written);
        }
        let inner = is_inner(&written).then(|| written.pointer_mut("/properties/template").map(Json::take)).flatten();
        let mut body = value(&self.frame_of(item, surroundings), &written)?;
        if let (Some(inner), Some(place)) = (inner, body.pointer_mut("/properties/template")) {
            *place = inner;
        }
        Ok(body)
    }

    /// The outputs, each with its type.
    pub(in crate::providers::azure::simulated) fn outputs(
        &self,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<Json, TemplateError> {
        let mut outputs = JsonMap::new();
        for (name, output) in &self.outputs {
            let frame = self.frame(surroundings);
            if !output.get("condition").map_or(Ok(true), |condition| functions::truth(&frame.value(condition)?))? {
                continue;
            }
            let type_ = output.get("type").cloned().unwrap_or_default();
            let mut said = JsonMap::from_iter([("type".to_owned(), type_)]);
            if !Definitions(Some(&self.definitions)).type_of(output).starts_with("secure") {
                let written = output.get("value").unwrap_or(&Json::Null);
                let value = match output.get("copy") {
                    _ if self.literal => written.clone(),
                    Some(copy) => {
                        let input = copy.get("input").unwrap_or(&Json::Null);
                        let count = frame.count(copy.get("count").unwrap_or(&Json::Null))?;
                        (0..count).map(|at| frame.turn(name, at).value(input)).collect::<Result<_, _>>()?
                    }
                    None => frame.value(written)?,
                };
                said.insert("value".to_owned(), value);
            }
            outputs.insert(name.clone(), Json::Object(said));
        }
        Ok(Json::Object(outputs))
    }

    /// Its resources, in source order.
    ///
    /// # Errors
    /// `InvalidTemplate`.
    pub(in crate::providers::azure::simulated) fn items(
        &self,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<Vec<TemplateResource>, ErrorResponse> {
        let mut items = Vec::new();
        match &self.resources {
            Json::Null => {}
            Json::Array(resources) => {
                for resource in resources {
                    self.expand(resource, None, None, surroundings, &mut items)?;
                }
            }
            Json::Object(resources) => {
                for (symbol, resource) in resources {
                    self.expand(resource, Some(symbol), None, surroundings, &mut items)?;
                }
            }
            other => return Err(wrong(format!("its `resources` must be an array, but is {}", kind_of(other)))),
        }
        if items.len() > MOST_RESOURCES {
            let count = items.len();
            return Err(wrong(format!(
                "the number of template resources, '{count}', exceeds the limit of '{MOST_RESOURCES}'"
            )));
        }
        let mut seen = BTreeMap::new();
        for (at, item) in items.iter().enumerate().filter(|(_, item)| !item.existing && item.wanted) {
            if seen.insert(item.id.folded(), at).is_some() {
                return Err(wrong(format!("the resource '{}' is defined multiple times in the template", item.id)));
            }
        }
        self.connect(&mut items, surroundings)?;
        self.check_expanded(&items, surroundings)?;
        Ok(items)
    }

    /// Refuses a template whose resources are too large once loops and expressions are expanded. Each body counts as
    /// far as it is known before the deployment begins.
    fn check_expanded(
        &self,
        items: &[TemplateResource],
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<(), ErrorResponse> {
        let mut expanded = 0_usize;
        for item in items {
            let known = (!self.literal).then(|| self.frame_of(item, surroundings).value_so_far(&item.written).ok());
            expanded = expanded.saturating_add(weight(known.flatten().as_ref().unwrap_or(&item.written)));
            if expanded > EXPANDED_LIMIT {
                return Err(wrong(format!("its resources exceed the limit of {EXPANDED_LIMIT} bytes when expanded")));
            }
        }
        Ok(())
    }

    /// Adds a resource, each iteration of its loop, and its nested resources. `above` is the type and the name of the
    /// parent.
    fn expand(
        &self,
        written: &Json,
        symbol: Option<&str>,
        above: Option<(&str, &str)>,
        surroundings: &dyn TemplateEnvironment,
        items: &mut Vec<TemplateResource>,
    ) -> Result<(), ErrorResponse> {
        let name = written.get("copy").and_then(|copy| copy.get("name")?.as_str()).unwrap_or_default();
        let turns = match written.get("copy").filter(|copy| copy.is_object()) {
            None => vec![None],
            Some(copy) => {
                let count = self.frame(surroundings).count(copy.get("count").unwrap_or(&Json::Null));
                let count = count.map_err(|miss| at(name, miss))?;
                (0..count).map(|at| Some((name.to_owned(), at))).collect()
            }
        };
        for turn in turns {
            let called =
                symbol.map(str::to_owned).into_iter().chain(turn.iter().map(|(name, _)| name.clone())).collect();
            let item = self.item(written, turn, called, above, surroundings)?;
            let (type_, name) = (item.type_.clone(), named(&item.id, &item.type_));
            items.push(item);
            if items.len() > MOST_RESOURCES {
                break;
            }
            for inner in written.get("resources").and_then(Json::as_array).into_iter().flatten() {
                self.expand(inner, None, Some((&type_, &name)), surroundings, items)?;
            }
        }
        Ok(())
    }

    fn item(
        &self,
        written: &Json,
        turn: Option<(String, i64)>,
        called: Vec<String>,
        above: Option<(&str, &str)>,
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<TemplateResource, ErrorResponse> {
        let mut frame = self.frame(surroundings);
        if let Some((name, at)) = &turn {
            frame = frame.turn(name, *at);
        }
        let value = |name: &str| match written.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(value) if self.literal => Ok(Some(value.clone())),
            Some(value) => match frame.value(value) {
                Ok(value) => Ok(Some(value)),
                Err(TemplateError::Later) => Err(wrong(format!(
                    "the `{name}` of a resource must be known before the deployment begins: {value}"
                ))),
                Err(miss) => Err(at(name, miss)),
            },
        };
        let text =
            |name: &str| Ok::<_, ErrorResponse>(value(name)?.and_then(|value| value.as_str().map(str::to_owned)));
        let needed = |name: &str| text(name)?.ok_or_else(|| wrong(format!("a resource has no `{name}`")));
        let (mut type_, mut name) = (needed("type")?, needed("name")?);
        if let Some((outer, above)) = above {
            type_ = format!("{outer}/{type_}");
            name = format!("{above}/{name}");
        }
        let wanted = value("condition")?.map_or(Ok(true), |condition| functions::truth(&condition));
        let scope = match (text("scope")?, text("resourceGroup")?) {
            (Some(scope), _) if scope.starts_with('/') => ObjectId::new(scope.trim_end_matches('/')),
            (Some(scope), _) => ObjectId::new(format!("{}/providers/{scope}", self.scope)),
            (None, Some(group)) => {
                let own = self.scope.subscription().unwrap_or_default();
                let subscription = text("subscriptionId")?.unwrap_or_else(|| own.to_owned());
                ObjectId::new(format!("/subscriptions/{subscription}/resourceGroups/{group}"))
            }
            (None, None) => self.scope.clone(),
        };
        Ok(TemplateResource {
            id: id_below(scope.as_str(), &type_, &name.split('/').collect::<Vec<_>>()).ok_or_else(|| {
                wrong(format!(
                    "the resource of type '{type_}' is called '{name}': a name must have as many segments as its type has after the namespace"
                ))
            })?,
            api: needed("apiVersion")?,
            type_,
            written: written.clone(),
            turn,
            existing: written.get("existing").and_then(Json::as_bool) == Some(true),
            wanted: wanted.map_err(|miss| at("condition", miss))?,
            needs: BTreeSet::new(),
            called,
        })
    }

    /// Finds the dependencies of each item: `dependsOn`, and resources whose state it reads.
    fn connect(
        &self,
        items: &mut [TemplateResource],
        surroundings: &dyn TemplateEnvironment,
    ) -> Result<(), ErrorResponse> {
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            let short = format!("{}/{}", item.type_, named(&item.id, &item.type_));
            let name = named(&item.id, &item.type_);
            let turn = item.turn.as_ref().map(|(_, at)| at);
            let indexed = item.called.iter().filter_map(|word| turn.map(|at| format!("{word}[{at}]")));
            let words = item.called.iter().cloned().chain(indexed).chain([item.id.to_string(), short, name]);
            for word in words {
                found.entry(word.to_ascii_lowercase()).or_default().push(at);
            }
        }
        for at_item in 0..items.len() {
            let Some(item) = items.get(at_item) else { break };
            let frame = self.frame_of(item, surroundings);
            let mut words = Vec::new();
            for need in item.written.get("dependsOn").and_then(Json::as_array).into_iter().flatten() {
                let need = need.as_str().unwrap_or_default();
                let word = if self.literal {
                    need.to_owned()
                } else {
                    frame.string(need).map_err(|miss| at("dependsOn", miss))?
                };
                if !found.contains_key(&word.to_ascii_lowercase()) {
                    return Err(wrong(format!(
                        "the resource '{word}' that '{}' depends on is not defined in the template",
                        item.id
                    )));
                }
                words.push(word);
            }
            if !self.literal {
                asked(&item.written, &frame, &mut words);
            }
            let needs = words.iter().filter_map(|word| found.get(&word.to_ascii_lowercase())).flatten();
            let needs = needs.copied().filter(|need| *need != at_item).collect();
            if let Some(item) = items.get_mut(at_item) {
                item.needs = needs;
            }
        }
        acyclic(items)
    }

    /// The ids by symbolic name.
    pub(in crate::providers::azure::simulated) fn symbols(items: &[TemplateResource]) -> BTreeMap<String, ObjectId> {
        let of = |item: &TemplateResource| {
            let name = named(&item.id, &item.type_);
            let turn = item.turn.as_ref().map(|(_, at)| at);
            let one = |word: &String| turn.map(|at| format!("{word}[{at}]"));
            let indexed: Vec<String> = item.called.iter().filter_map(one).collect();
            item.called
                .iter()
                .cloned()
                .chain(indexed)
                .chain([name])
                .map(|word| (word.to_ascii_lowercase(), item.id.clone()))
                .collect::<Vec<_>>()
        };
        items.iter().flat_map(of).collect()
    }
}

/// The arguments of `reference` in a resource.
fn asked(written: &Json, frame: &Frame<'_>, words: &mut Vec<String>) {
    match written {
        Json::String(text) => {
            let TemplateString::Expression(source) = self::written(text) else { return };
            let Ok(expression) = parse(source) else { return };
            expression.visit(&mut |name, args| {
                let is_read = ["reference", "references"].iter().any(|own| name.eq_ignore_ascii_case(own));
                let first = args.first().filter(|_| is_read);
                if let Some(Json::String(word)) = first.and_then(|of| frame.evaluate(of).ok()) {
                    words.push(word);
                }
            });
        }
        Json::Array(items) => items.iter().for_each(|item| asked(item, frame, words)),
        Json::Object(map) => map.values().for_each(|value| asked(value, frame, words)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Refuses circular dependencies.
fn acyclic(items: &[TemplateResource]) -> Result<(), ErrorResponse> {
    let mut left: Vec<usize> = items.iter().map(|item| item.needs.len()).collect();
    let mut free: Vec<usize> = (0..items.len()).filter(|at| left.get(*at) == Some(&0)).collect();
    let mut users: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        item.needs.iter().for_each(|need| users.entry(*need).or_default().push(at));
    }
    let mut done = 0;
    while let Some(at) = free.pop() {
        done += 1;
        for user in users.get(&at).into_iter().flatten() {
            if let Some(left) = left.get_mut(*user) {
                *left -= 1;
                if *left == 0 {
                    free.push(*user);
                }
            }
        }
    }
    if done == items.len() {
        Ok(())
    } else {
        Err(wrong("circular dependency detected: resources depend on each other"))
    }
}

/// True if a nested deployment evaluates its own template.
pub(in crate::providers::azure::simulated) fn is_inner(written: &Json) -> bool {
    let scope = written.pointer("/properties/expressionEvaluationOptions/scope").and_then(Json::as_str);
    scope.is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

/// The id with this type and these names below a scope; `None` if the number of names differs from the number of type
/// segments after the namespace.
pub(in crate::providers::azure::simulated) fn id_below(scope: &str, type_: &str, names: &[&str]) -> Option<ObjectId> {
    let (namespace, kinds) = type_.split_once('/')?;
    let kinds: Vec<&str> = kinds.split('/').collect();
    if kinds.len() != names.len() || names.iter().any(|name| name.is_empty()) {
        return None;
    }
    let pairs: String = kinds.iter().zip(names).map(|(kind, name)| format!("/{kind}/{name}")).collect();
    Some(ObjectId::new(if type_.eq_ignore_ascii_case("Microsoft.Resources/resourceGroups") {
        // Groups are not nested: a deployment to a group that reads one means that of its subscription.
        format!("/subscriptions/{}{pairs}", ObjectId::new(scope).subscription()?)
    } else {
        format!("{scope}/providers/{namespace}{pairs}")
    }))
}

/// The name of a resource with its parents, `vnet/subnet`.
fn named(id: &ObjectId, type_: &str) -> String {
    let segments: Vec<&str> = id.as_str().split('/').collect();
    let count = type_.matches('/').count();
    let from = segments.len().saturating_sub(2 * count);
    segments.get(from..).unwrap_or_default().iter().skip(1).step_by(2).copied().collect::<Vec<_>>().join("/")
}

/// 400 `InvalidTemplate`.
pub(in crate::providers::azure::simulated) fn wrong(what: impl std::fmt::Display) -> ErrorResponse {
    ErrorResponse::gateway(400, "InvalidTemplate", format!("Deployment template validation failed: '{what}'."))
}

/// An error about a named part of the template.
pub(in crate::providers::azure::simulated) fn at(name: &str, miss: TemplateError) -> ErrorResponse {
    match miss {
        TemplateError::Wrong(why) => wrong(format!("`{name}`: {why}")),
        TemplateError::Later => {
            wrong(format!("`{name}` refers to a resource that does not exist before the deployment"))
        }
    }
}

//! Emitted Terraform, evaluated with the values of the stack: the same resources with the same arguments as the stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drplan::diagnostic::{Diagnostic, Span};
use drplan::hcl::ast::{Body, Expr, HclBlock, Ident};
use drplan::hcl::{Files, ReferenceKey, Scope, evaluate};
use drplan::kinds::{Arg, TerraformShape, Ty, body};
use drplan::object::ObjectId;
use drplan::stack::{Presence, Resource, Stack};
use drplan::value::{Map, Unknown, Value};
use serde_json::Value as Json;

use super::{Case, emitted, evaluated, terraform_cases, terraform_sources, trees};
use crate::lab::{failures, simulated, unmarked};

/// Scope in which emitted code is evaluated: existing resources have the arguments of the stack.
struct EmittedScope<'a> {
    case: &'a Case,
    /// Failover-only resources exist.
    active: bool,
    /// No resource exists yet: only configured arguments are known.
    before: bool,
    files: &'a BTreeMap<String, String>,
    locals: BTreeMap<String, Arc<Expr>>,
    each: Option<(String, Value, Value)>,
}

/// True if emitted code gives a resource this label, following the rule for labels that two kinds share.
fn is_labelled(resource: &Resource, label: &str) -> bool {
    let name = resource.address.name().replace('-', "_");
    label == name || label == format!("{name}_{}", resource.address.kind())
}

fn azurerm(resource: &Resource) -> String {
    let of = resource.kind.terraform.resource;
    format!("{}_{}", resource.kind.terraform_provider(), if of.is_empty() { resource.kind.name } else { of })
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

impl EmittedScope<'_> {
    fn stack(&self) -> &Stack {
        &self.case.stack
    }

    fn variable(&self, name: &str) -> Option<Value> {
        if let Some(variable) = self.stack().variables.get(name) {
            return Some(variable.value.clone());
        }
        let site = self.stack().sites.values().find(|site| format!("{}_location", site.name.replace('-', "_")) == name);
        if name.ends_with("_password") {
            // Variables for which the stack has a plain-text secret.
            let mut clear =
                self.stack().resources.values().filter(|one| name.starts_with(&one.address.name().replace('-', "_")));
            return clear.find_map(|one| {
                one.args.get(name.strip_prefix(&format!("{}_", one.address.name().replace('-', "_")))?).cloned()
            });
        }
        match (name, site) {
            // Local value for which the stack has a secret.
            ("spare", _) => Some(text("written-1n-clear, too")),
            (_, Some(site)) => Some(text(&site.location)),
            ("subscription_id", _) => Some(text(&self.stack().account.id)),
            ("failover_active", _) => Some(Value::Bool(self.active)),
            _ => None,
        }
    }

    /// Readable attributes of a resource; those that only the cloud knows are unknown.
    fn attribute(&self, resource: &Resource, name: &str) -> Value {
        let id = resource.id.as_str();
        let after = |word: &str| id.split('/').skip_while(|part| !part.eq_ignore_ascii_case(word)).nth(1).map(text);
        let found = match name {
            "id" if self.before => None,
            "id" => Some(text(id)),
            "name" => Some(text(&resource.name)),
            "location" => Some(text(&resource.location)),
            "resource_group_name" => after("resourceGroups"),
            "gallery_name" => after("galleries"),
            "account_name" => after("databaseAccounts"),
            other => resource.args.get(other).cloned(),
        };
        found.unwrap_or_else(|| Value::Unknown(Unknown::attribute(&resource.address, name, false)))
    }

    fn whole(&self, resource: &Resource) -> Value {
        let names = ["id", "name", "location", "resource_group_name"].map(str::to_owned).into_iter();
        let names = names.chain(resource.args.keys().map(|name| name.to_string()));
        let map: Map = names.map(|name| (Arc::from(&*name), self.attribute(resource, &name))).collect();
        Value::from(map)
    }
}

impl Scope for EmittedScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let name = |at: usize| match keys.get(at) {
            Some((ReferenceKey::Attr(name), _)) => name.to_string(),
            Some((ReferenceKey::Index(Value::String(key)), _)) => key.to_string(),
            _ => String::new(),
        };
        let missing = || Diagnostic::error("missing", format!("{}.{} does not exist", root.text, name(0)));
        match &*root.text {
            "var" => Ok((self.variable(&name(0)).ok_or_else(missing)?, 1)),
            "path" => Ok((text("."), 1)),
            // Identity that Terraform is signed in with.
            "data" if name(0) == "azurerm_client_config" => Ok((text(&self.stack().account.tenant), 3)),
            // An object that is looked up by its name stands for that name in the stack.
            "data" => {
                let named = |one: &Resource| {
                    let lookup = one.kind.terraform.lookup.as_ref().filter(|lookup| lookup.source == name(0))?;
                    one.args.get(lookup.argument).cloned()
                };
                let mut labelled = self.stack().resources.values().filter(|one| is_labelled(one, &name(1)));
                Ok((labelled.find_map(named).ok_or_else(missing)?, 3))
            }
            "local" => {
                let expr = self.locals.get(&name(0)).ok_or_else(missing)?;
                let outside = EmittedScope { each: None, locals: self.locals.clone(), ..*self };
                Ok((evaluate(expr, &outside).map_err(|why| why.iter().next().cloned().unwrap_or_else(missing))?, 1))
            }
            word if self.each.as_ref().is_some_and(|(each, ..)| each == word) => {
                let (_, key, value) = self.each.as_ref().expect("a resource with `each`");
                Ok((if name(0) == "key" { key.clone() } else { value.clone() }, 1))
            }
            kind => {
                let label = name(0);
                let is = |one: &&Resource| azurerm(one) == kind && is_labelled(one, &label);
                let all: Vec<&Resource> = self.stack().resources.values().filter(is).collect();
                let first = *all.first().ok_or_else(missing)?;
                let of_key = |key: &str| all.iter().copied().find(|one| one.address.key().as_deref() == Some(key));
                match (first.address.key().is_some(), keys.get(1)) {
                    (true, None) => {
                        let map: Map = all
                            .iter()
                            .filter_map(|one| Some((Arc::from(&*one.address.key()?), self.whole(one))))
                            .collect();
                        Ok((Value::from(map), 1))
                    }
                    (true, Some(_)) => {
                        let one = of_key(&name(1)).ok_or_else(missing)?;
                        match keys.get(2) {
                            Some((ReferenceKey::Attr(attribute), _)) => Ok((self.attribute(one, attribute), 3)),
                            _ => Ok((self.whole(one), 2)),
                        }
                    }
                    (false, Some((ReferenceKey::Index(_), _))) => match keys.get(2) {
                        Some((ReferenceKey::Attr(attribute), _)) => Ok((self.attribute(first, attribute), 3)),
                        _ => Ok((self.whole(first), 2)),
                    },
                    (false, Some((ReferenceKey::Attr(attribute), _))) => Ok((self.attribute(first, attribute), 2)),
                    (false, None) => Ok((self.whole(first), 1)),
                }
            }
        }
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for EmittedScope<'_> {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(self.files.get(path.trim_start_matches("./")).map(|text| text.as_bytes().into()))
    }
}

/// Comparable values, without irrelevant differences.
fn plain(json: &Json, ty: &Ty) -> Json {
    match (json, ty) {
        (Json::String(text), Ty::Ref(_)) => Json::from(text.to_ascii_lowercase()),
        (Json::String(text), Ty::Duration) => match drplan::duration::parse(text) {
            Ok(duration) => Json::from(duration.as_secs()),
            Err(_) => json.clone(),
        },
        (Json::Array(items), Ty::List(of)) => Json::Array(items.iter().map(|item| plain(item, of)).collect()),
        (Json::Array(items), Ty::Set(of)) => {
            let mut items: Vec<Json> = items.iter().map(|item| plain(item, of)).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        (Json::Number(number), _) => number.as_f64().map_or_else(|| json.clone(), Json::from),
        _ => json.clone(),
    }
}

struct Reading<'a> {
    scope: &'a EmittedScope<'a>,
    faults: &'a mut Vec<String>,
    what: String,
}

impl Reading<'_> {
    /// Compares a body with the arguments of the stack.
    fn level(
        &mut self,
        resource: &Resource,
        prefix: &str,
        args: &[Arg],
        body: &Body,
        wanted: &serde_json::Map<String, Json>,
    ) {
        let of = &resource.kind.terraform;
        for arg in args
            .iter()
            .filter(|arg| !matches!(arg.ty, Ty::Site) && arg.name != "resource_group" && arg.name != "presence")
        {
            let path = format!("{prefix}{}", arg.name);
            let fixed = of.fixed.iter().any(|(name, _)| *name == arg.name);
            if prefix.is_empty() && (fixed || of.said.contains(&arg.name)) {
                continue;
            }
            let name = of.name_of(&path, arg);
            let found = match name.split_once('.').filter(|_| prefix.is_empty()) {
                Some((block, inner)) => body.blocks(block).next().and_then(|block| block.body.attribute(inner)),
                None => {
                    let name = name.rsplit('.').next().unwrap_or(&name);
                    body.attribute(name).or_else(|| body.attribute(&format!("{name}_wo")))
                }
            };
            // Terraform makes no backups.
            if matches!(arg.ty, Ty::Backup | Ty::List(Ty::Backup)) {
                continue;
            }
            let Some(wanted) = wanted.get(arg.name).filter(|json| !json.is_null()) else {
                if let Some(found) = found {
                    let null = evaluate(&found.expr, self.scope)
                        .is_ok_and(|value| value.is_null() || value.unknown_within().is_some());
                    if !null {
                        self.faults.push(format!("{}: {path} is emitted, but not set in the stack", self.what));
                    }
                }
                continue;
            };
            match (&arg.ty, found) {
                (Ty::Block(table), _) => self.blocks(resource, &path, table, body, (arg.name, wanted)),
                (_, Some(found)) => match evaluate(&found.expr, self.scope) {
                    Ok(value) if value.unknown_within().is_some() => {}
                    Ok(value) => {
                        let mut now = value.reveal().expect("the value is known");
                        if arg.name == "tags" && of.tags.contains("{own_name}") {
                            // A stack has the name beside the tags.
                            let name = now.as_object_mut().and_then(|tags| tags.remove("Name"));
                            if name != Some(Json::from(&*resource.name)) {
                                self.faults.push(format!("{}: the tag `Name` is {name:?}", self.what));
                            }
                        }
                        if let (Some(tags), true) = (now.as_array(), arg.name == "tags") {
                            // A provider that has words has `name:value` for a tag.
                            let pair = |tag: &Json| tag.as_str().and_then(|tag| tag.split_once(':')).map(owned);
                            now = tags.iter().filter_map(pair).collect();
                        }
                        if let (Some(form), Json::String(text)) = (arg.form, &now) {
                            now = Json::from((form.normal)(text));
                        }
                        let name_only = name.ends_with("_name") && matches!(arg.ty, Ty::Ref(_));
                        let wanted = match wanted.as_str().filter(|_| name_only) {
                            Some(id) => Json::from(id.rsplit('/').next().unwrap_or_default()),
                            None => wanted.clone(),
                        };
                        if plain(&now, &arg.ty) != plain(&wanted, &arg.ty) {
                            self.faults.push(format!("{}: {path} is {now} instead of {wanted}", self.what));
                        }
                    }
                    Err(why) => self.faults.push(format!("{}: {path}: {why:?}", self.what)),
                },
                // An omitted argument has the provider's default, which is also the table's.
                (_, None) if matches!(arg.need, drplan::kinds::Need::Default(lit) if lit.json() == *wanted) => {}
                (_, None) => self.faults.push(format!("{}: {path} is not emitted; the stack has {wanted}", self.what)),
            }
        }
    }

    /// The same where blocks are an attribute with objects.
    fn objects(&mut self, path: &str, table: &drplan::kinds::Block, body: &Body, (word, wanted): (&str, &[&Json])) {
        let written = body.attribute(word).and_then(|one| evaluate(&one.expr, self.scope).ok()?.reveal().ok());
        let written = match written {
            Some(Json::Array(items)) => items,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        if written.len() != wanted.len() {
            let (what, count) = (&self.what, written.len());
            self.faults.push(format!("{what}: {count} objects in {path}, but {} in the stack", wanted.len()));
        }
        for (written, wanted) in written.iter().zip(wanted) {
            for arg in table.args {
                let is_default =
                    matches!(arg.need, drplan::kinds::Need::Default(lit) if Some(&lit.json()) == wanted.get(arg.name));
                match (written.get(arg.name), wanted.get(arg.name)) {
                    (None, Some(_)) if is_default => {}
                    (found, wanted) if found == wanted => {}
                    (found, wanted) => {
                        self.faults
                            .push(format!("{}: {path}.{} is {found:?} instead of {wanted:?}", self.what, arg.name));
                    }
                }
            }
        }
    }

    fn blocks(
        &mut self,
        resource: &Resource,
        path: &str,
        table: &drplan::kinds::Block,
        body: &Body,
        (word, wanted): (&str, &Json),
    ) {
        let wanted: Vec<&Json> = match wanted {
            Json::Array(items) => items.iter().collect(),
            one => vec![one],
        };
        if resource.kind.provider().terraform.iter().any(|provider| provider.objects) {
            return self.objects(path, table, body, (word, &wanted));
        }
        let mut written: Vec<(Option<(Value, Value)>, &Body)> =
            body.blocks(word).map(|block| (None, &block.body)).collect();
        for dynamic in body.blocks("dynamic").filter(|block| &*block.labels[0].text == word) {
            let each = dynamic.body.attribute("for_each").expect("for_each");
            let content = dynamic.body.blocks("content").next().expect("content");
            let entries = entries(&evaluate(&each.expr, self.scope).expect("the expression can be evaluated"));
            written.extend(entries.into_iter().map(|entry| (Some(entry), &content.body)));
        }
        if written.len() != wanted.len() {
            self.faults.push(format!(
                "{}: {} blocks {path}, but {} in the stack",
                self.what,
                written.len(),
                wanted.len()
            ));
            return;
        }
        let mut wanted = wanted;
        if !table.key.is_empty() {
            let key = |entry: &Option<(Value, Value)>, inner: &Body| {
                let each =
                    entry.clone().map(|(key, value)| (word.to_owned(), key, value)).or_else(|| self.scope.each.clone());
                let scope = EmittedScope { each, locals: self.scope.locals.clone(), ..*self.scope };
                let found = inner.attribute(table.key).and_then(|one| evaluate(&one.expr, &scope).ok()?.reveal().ok());
                found.unwrap_or_default().to_string()
            };
            written.sort_by_cached_key(|(entry, inner)| key(entry, inner));
            wanted.sort_by_cached_key(|one| one.get(table.key).cloned().unwrap_or_default().to_string());
        }
        for ((entry, inner), wanted) in written.into_iter().zip(wanted) {
            let Some(wanted) = wanted.as_object() else { continue };
            let each = entry.map(|(key, value)| (word.to_owned(), key, value)).or_else(|| self.scope.each.clone());
            let scope = EmittedScope { each, locals: self.scope.locals.clone(), ..*self.scope };
            let mut reading = Reading { scope: &scope, faults: self.faults, what: self.what.clone() };
            reading.level(resource, &format!("{path}."), table.args, inner, wanted);
        }
    }
}

fn entries(value: &Value) -> Vec<(Value, Value)> {
    match value {
        Value::Map(map) => map.iter().map(|(key, value)| (Value::String(Arc::clone(key)), value.clone())).collect(),
        Value::List(items) => items.iter().map(|item| (item.clone(), item.clone())).collect(),
        _ => Vec::new(),
    }
}

/// Instances of a resource block, each with its value of `each`.
fn instances(block: &HclBlock, scope: &EmittedScope<'_>) -> Vec<Option<(Value, Value)>> {
    let count = block.body.attribute("count").map(|count| evaluate(&count.expr, scope));
    match block.body.attribute("for_each") {
        None if matches!(count, Some(Ok(Value::Number(number))) if number.as_i64() == Some(0)) => Vec::new(),
        None => vec![None],
        Some(each) => {
            let value = evaluate(&each.expr, scope).unwrap_or_else(|why| panic!("{}: {why:?}", scope.case.name));
            entries(&value).into_iter().map(Some).collect()
        }
    }
}

/// Resources that are two in azurerm and one in the stack: each half is an object of the stack.
fn halves(case: &Case, trees: &[(String, Body)], scope: &EmittedScope<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for resource in case.stack.resources.values() {
        let TerraformShape::Halves { own, .. } = resource.kind.terraform.shape else { continue };
        for (half, object) in ["_there", "_back"].into_iter().zip(&resource.objects) {
            let label = format!("{}{half}", resource.address.name().replace('-', "_"));
            let mut blocks = trees.iter().flat_map(|(_, body)| body.blocks("resource"));
            let is = |block: &&HclBlock| *block.labels[0].text == azurerm(resource) && *block.labels[1].text == *label;
            let Some(block) = blocks.find(is) else {
                faults.push(format!("{}: {} is not emitted", case.name, resource.address));
                continue;
            };
            let key = resource.address.key();
            let entry = instances(block, scope).into_iter().find(|entry| {
                entry.as_ref().and_then(|(key, _)| key.as_str().map(str::to_owned)).as_deref() == key.as_deref()
            });
            let each = entry.flatten().map(|(key, value)| ("each".to_owned(), key, value));
            let scope = EmittedScope { each, locals: scope.locals.clone(), ..*scope };
            let text = |name: &str| {
                let value = block.body.attribute(name).map(|one| evaluate(&one.expr, &scope));
                match value {
                    Some(Ok(value)) => value.as_str().unwrap_or_default().to_owned(),
                    other => format!("{other:?}"),
                }
            };
            let wanted: Vec<&str> = object.id.as_str().rsplit('/').collect();
            if text("name") != wanted[0] || text(own) != wanted[2] {
                faults.push(format!(
                    "{}: {label} is {} in {} instead of {}",
                    case.name,
                    text("name"),
                    text(own),
                    object.id
                ));
            }
        }
    }
    faults
}

/// Arguments of a resource as its objects in the simulator have them, over those that no response contains.
fn applied(resource: &Resource, standing: &BTreeMap<ObjectId, Json>) -> serde_json::Map<String, Json> {
    let known = resource.args.iter().filter(|(_, value)| value.unknown_within().is_none());
    let mut args: serde_json::Map<String, Json> =
        known.filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?))).collect();
    let answers: Option<Vec<Json>> =
        resource.objects.iter().map(|object| body::part(object, standing.get(&object.id)?).cloned()).collect();
    let shown = answers.map(|answers| body::read(resource.kind, &answers)).unwrap_or_default();
    for (name, value) in shown {
        // The provider set arguments that the stack does not configure.
        if args.contains_key(&name) && !has_block(&value) {
            args.insert(name, value);
        }
    }
    args
}

/// A tag as a name and its value.
fn owned((name, value): (&str, &str)) -> (String, Json) {
    (name.to_owned(), Json::from(value))
}

/// True for a value with nested blocks, of which the provider returns only a part.
fn has_block(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(Json::is_object),
        other => other.is_object(),
    }
}

#[test]
fn emitted_terraform_matches_the_applied_stack() {
    let mut faults = Vec::new();
    for source in terraform_sources() {
        let case = evaluated(&source.lab, &source.text, &source.name);
        let standing = simulated(async {
            let applied = source.lab.apply(&source.text).await.expect("the state can be written");
            failures(&applied, &source.name).unwrap_or_else(|why| panic!("{why}"));
            unmarked(source.lab.simulator.show().objects)
        });
        for active in [false, true] {
            faults.extend(read_back(&case, &standing, active));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

/// Differences between emitted code and existing resources. Failover-only resources are compared with the stack itself.
fn read_back(case: &Case, standing: &BTreeMap<ObjectId, Json>, active: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let emitted = emitted(case);
    let trees = trees(&emitted);
    let locals = trees.iter().flat_map(|(_, body)| body.blocks("locals")).flat_map(|block| &block.body.attributes);
    let locals = locals.map(|one| (one.name.text.to_string(), Arc::clone(&one.expr))).collect();
    let scope = EmittedScope { case, active, before: false, files: &emitted.files, locals, each: None };
    let mut said: BTreeSet<String> = BTreeSet::new();
    for block in trees.iter().flat_map(|(_, body)| body.blocks("resource")) {
        let (kind, label) = (&*block.labels[0].text, &*block.labels[1].text);
        for entry in instances(block, &scope) {
            let key = entry.as_ref().and_then(|(key, _)| key.as_str().map(str::to_owned));
            let is = |one: &&Resource| {
                azurerm(one) == kind && is_labelled(one, label) && one.address.key().as_deref() == key.as_deref()
            };
            let Some(resource) = case.stack.resources.values().find(is) else { continue };
            if resource.kind.terraform.shape != TerraformShape::Resource {
                continue;
            }
            said.insert(resource.address.to_string());
            let each = entry.map(|(key, value)| ("each".to_owned(), key, value));
            let scope = EmittedScope { each, locals: scope.locals.clone(), ..scope };
            let what = format!("{}: {}", case.name, resource.address);
            let mut reading = Reading { scope: &scope, faults: &mut faults, what };
            let wanted = applied(resource, standing);
            reading.level(resource, "", resource.kind.args, &block.body, &wanted);
            for (name, wanted) in [("name", &resource.name), ("location", &resource.location)] {
                let Some(found) = block.body.attribute(name) else { continue };
                match evaluate(&found.expr, &scope) {
                    Ok(value) if value.as_str() == Some(wanted) => {}
                    other => reading.faults.push(format!("{}: {name} is {other:?} instead of {wanted}", reading.what)),
                }
            }
        }
    }
    faults.extend(halves(case, &trees, &scope));
    for resource in case.stack.resources.values() {
        let stands = resource.kind.terraform.shape == TerraformShape::Resource
            && (active || resource.presence == Presence::Permanent);
        if !stands && said.contains(resource.address.as_str()) {
            faults.push(format!("{}: {} is emitted, but does not exist", case.name, resource.address));
        }
        if stands && !said.contains(resource.address.as_str()) {
            faults.push(format!(
                "{}: {} is not emitted ({:?})",
                case.name,
                resource.address,
                Presence::as_str(resource.presence)
            ));
        }
    }
    faults
}

/// Terraform has to know the instances of every block before anything exists.
#[test]
fn keys_of_every_block_are_known_before_anything_exists() {
    for case in terraform_cases() {
        let emitted = emitted(&case);
        let trees = trees(&emitted);
        let locals = trees.iter().flat_map(|(_, body)| body.blocks("locals")).flat_map(|block| &block.body.attributes);
        let locals = locals.map(|one| (one.name.text.to_string(), Arc::clone(&one.expr))).collect();
        let scope = EmittedScope { case: &case, active: true, before: true, files: &emitted.files, locals, each: None };
        for block in trees.iter().flat_map(|(_, body)| body.blocks("resource")) {
            let Some(each) = block.body.attribute("for_each") else { continue };
            let value = evaluate(&each.expr, &scope).unwrap_or_else(|why| panic!("{}: {why:?}", case.name));
            let is_known = match &value {
                Value::Map(_) => true,
                Value::List(items) => items.iter().all(|item| !matches!(item, Value::Unknown(_))),
                _ => false,
            };
            assert!(is_known, "{}: {} has {value:?}", case.name, block.labels[1].text);
        }
    }
}

//! Functions of template expressions that read from outside of the template: ids, the scope, and the state of
//! resources.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::evaluate::{TemplateEnvironment, TemplateError};
use super::functions::text;
use super::template::id_below;
use super::{DeploymentMode, dates};
use crate::object::ObjectId;
use crate::providers::azure::simulated::deployments::shown;
use crate::providers::azure::simulated::{SUBSCRIPTION, TENANT, fill, lists, places, registrations, state, types};
use crate::simulator::world::World;

/// The simulated world during a deployment.
pub(in crate::providers::azure::simulated) struct WorldEnvironment<'a> {
    world: &'a World,
    scope: &'a ObjectId,
    /// The name of the deployment.
    name: &'a str,
    /// Its mode.
    mode: DeploymentMode,
    /// Resource ids by symbolic name; `None` before the deployment, when resource state is not available.
    symbols: Option<&'a BTreeMap<String, ObjectId>>,
}

impl<'a> WorldEnvironment<'a> {
    /// The environment before the deployment begins.
    pub(in crate::providers::azure::simulated) fn before(
        world: &'a World,
        scope: &'a ObjectId,
        name: &'a str,
        mode: DeploymentMode,
    ) -> Self {
        Self { world, scope, name, mode, symbols: None }
    }

    /// The environment while the deployment runs.
    pub(in crate::providers::azure::simulated) fn during(
        world: &'a World,
        scope: &'a ObjectId,
        name: &'a str,
        mode: DeploymentMode,
        symbols: &'a BTreeMap<String, ObjectId>,
    ) -> Self {
        Self { world, scope, name, mode, symbols: Some(symbols) }
    }

    /// The object that an id or a symbolic name refers to.
    fn id(&self, word: &str) -> ObjectId {
        let meant = self.symbols.and_then(|symbols| symbols.get(&word.to_ascii_lowercase()));
        meant.cloned().unwrap_or_else(|| ObjectId::new(word))
    }

    fn body(&self, id: &ObjectId) -> Result<Json, TemplateError> {
        let folded = id.folded();
        if let Some(deployment) = state::of(self.world).deployments.get(&folded) {
            return Ok(shown::shown_deployment(self.world, deployment));
        }
        if let Some(failure) =
            places::own_region(self.world, &folded).and_then(|region| self.world.rest.faults.reach(&region).err())
        {
            return Err(TemplateError::Wrong(failure.message));
        }
        let object = self.world.standing(&folded);
        object
            .map(|object| lists::whole_body(self.world, object).into_owned())
            .ok_or_else(|| TemplateError::Wrong(format!("the resource '{id}' in `reference` was not found")))
    }

    /// The id that `resourceId` and similar functions build. Arguments before the type set the scope.
    fn resource_id(&self, function: &str, args: &[Json]) -> Result<Json, TemplateError> {
        let words: Vec<String> = args.iter().map(text).collect::<Result<_, _>>()?;
        let (base, words) = match function {
            "extensionresourceid" => (words.first().cloned().unwrap_or_default(), words.get(1..).unwrap_or_default()),
            _ => (String::new(), &words[..]),
        };
        let at = words.iter().position(|word| word.contains('/'));
        let at = at.ok_or_else(|| TemplateError::Wrong(format!("`{function}` has no resource type argument")))?;
        let (before, rest) = words.split_at(at);
        let own = self.scope.subscription().unwrap_or(SUBSCRIPTION);
        let scope = match (function, before) {
            ("extensionresourceid", _) => base,
            ("tenantresourceid", _) => String::new(),
            ("subscriptionresourceid", []) => format!("/subscriptions/{own}"),
            ("subscriptionresourceid", [subscription, ..]) => format!("/subscriptions/{subscription}"),
            (_, []) => self.scope.to_string(),
            (_, [group]) => format!("/subscriptions/{own}/resourceGroups/{group}"),
            (_, [subscription, group, ..]) => format!("/subscriptions/{subscription}/resourceGroups/{group}"),
        };
        let (type_, names) = rest.split_first().map_or(("", &[][..]), |(type_, names)| (type_.as_str(), names));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let id = id_below(&scope, type_, &names);
        id.map(|id| Json::from(id.as_str())).ok_or_else(|| {
            TemplateError::Wrong(format!(
                "`{function}` has the wrong number of names for the type '{type_}': {}",
                names.len()
            ))
        })
    }

    fn reference(&self, args: &[Json]) -> Result<Json, TemplateError> {
        if self.symbols.is_none() {
            return Err(TemplateError::Later);
        }
        let id = self.id(&text(args.first().unwrap_or(&Json::Null))?);
        let mut body = self.body(&id)?;
        let full = args.get(2).and_then(Json::as_str).is_some_and(|word| word.eq_ignore_ascii_case("full"));
        Ok(if full { body } else { body.get_mut("properties").map(Json::take).unwrap_or_default() })
    }

    /// The state of every resource of a loop, by its symbolic name.
    fn references(&self, args: &[Json]) -> Result<Json, TemplateError> {
        let Some(symbols) = self.symbols else { return Err(TemplateError::Later) };
        let name = text(args.first().unwrap_or(&Json::Null))?.to_ascii_lowercase();
        let full = args.get(1).and_then(Json::as_str).is_some_and(|word| word.eq_ignore_ascii_case("full"));
        let turns = (0..).map_while(|at| symbols.get(&format!("{name}[{at}]")));
        let bodies = turns.map(|id| {
            let mut body = self.body(id)?;
            Ok(if full { body } else { body.get_mut("properties").map(Json::take).unwrap_or_default() })
        });
        bodies.collect()
    }

    /// A provider's types, or one of its types. The newest version comes first.
    fn providers(&self, args: &[Json]) -> Result<Json, TemplateError> {
        let namespace = text(args.first().unwrap_or(&Json::Null))?;
        let provider =
            registrations::provider(self.world, &namespace).map_err(|failure| TemplateError::Wrong(failure.message))?;
        let Some(type_) = args.get(1) else { return Ok(provider) };
        let type_ = text(type_)?;
        let types = provider.get("resourceTypes").and_then(Json::as_array).into_iter().flatten();
        let mut types =
            types.filter(|one| one["resourceType"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&type_)));
        types.next().cloned().ok_or_else(|| TemplateError::Wrong(format!("`{namespace}` has no type `{type_}`")))
    }

    /// The answer of a read-only action such as `listKeys`.
    fn list(&self, function: &str, args: &[Json]) -> Result<Json, TemplateError> {
        if self.symbols.is_none() {
            return Err(TemplateError::Later);
        }
        let id = self.id(&text(args.first().unwrap_or(&Json::Null))?);
        let object = self.world.standing(&id.folded());
        let type_ = object.and_then(|object| types::find(&object.type_));
        let answer =
            object.zip(type_).and_then(|(object, type_)| fill::action(self.world, &object.id, type_, function)?.ok());
        answer.ok_or_else(|| TemplateError::Wrong(format!("'{id}' does not support `{function}`")))
    }
}

impl TemplateEnvironment for WorldEnvironment<'_> {
    fn answer(&self, function: &str, args: &[Json]) -> Option<Result<Json, TemplateError>> {
        Some(match (function, args.len()) {
            ("resourceid" | "subscriptionresourceid" | "extensionresourceid" | "tenantresourceid", _) => {
                self.resource_id(function, args)
            }
            ("reference", _) => self.reference(args),
            ("resourcegroup", 0) => {
                match self.scope.resource_group().and_then(|_| self.world.standing(&self.scope.folded())) {
                    Some(group) => Ok(group.body.to_json()),
                    None if self.scope.resource_group().is_some() => Err(TemplateError::Later),
                    None => Err(TemplateError::Wrong(
                        "`resourceGroup` is not available in a deployment to a subscription".to_owned(),
                    )),
                }
            }
            ("subscription", 0) => Ok(json!({
                "id": format!("/subscriptions/{SUBSCRIPTION}"), "subscriptionId": SUBSCRIPTION, "tenantId": TENANT,
                "displayName": "Simulated subscription",
            })),
            ("providers", 1 | 2) => self.providers(args),
            ("tenant", 0) => Ok(json!({ "tenantId": TENANT })),
            ("deployment", 0) => Ok(json!({ "name": self.name, "properties": {
                "mode": self.mode.word(), "provisioningState": "Accepted", "template": { "contentVersion": "1.0.0.0" },
            } })),
            ("deployer", 0) => Ok(json!({ "objectId": self.world.seed.guid(&["deployer"]), "tenantId": TENANT })),
            ("utcnow", _) => dates::now(self.world.now, args.get(1..).unwrap_or_default()),
            ("newguid", 1) => text(&args[0]).map(|parameter| {
                let now = self.world.now.to_string();
                Json::from(self.world.seed.guid(&["newGuid", self.scope.as_str(), self.name, &parameter, &now]))
            }),
            ("references", 1 | 2) => self.references(args),
            ("environment", 0) => Ok(json!({
                "name": "AzureCloud",
                "resourceManager": "https://management.azure.com/",
                "suffixes": {
                    "storage": "core.windows.net", "sqlServerHostname": ".database.windows.net", "keyvaultDns": ".vault.azure.net",
                },
            })),
            (list, 1..) if list.starts_with("list") => self.list(function, args),
            _ => return None,
        })
    }
}

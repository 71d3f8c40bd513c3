//! What the expressions of a template ask of the world: ids, the scope, and the state of resources.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::evaluate::{Miss, Surroundings};
use super::functions::text;
use super::template::id_below;
use crate::address::ArmId;
use crate::simulator::types;
use crate::simulator::world::World;
use crate::simulator::{SUBSCRIPTION, TENANT, fill};

/// The world around a template.
pub(super) struct Around<'a> {
    world: &'a World,
    scope: &'a ArmId,
    /// The name of the deployment.
    name: &'a str,
    /// What the names in the template stand for; `None` before it is deployed, when nothing can be asked of resources.
    symbols: Option<&'a BTreeMap<String, ArmId>>,
}

impl<'a> Around<'a> {
    /// Before the deployment.
    pub(super) fn before(world: &'a World, scope: &'a ArmId, name: &'a str) -> Self {
        Self { world, scope, name, symbols: None }
    }

    /// While it goes on.
    pub(super) fn during(
        world: &'a World,
        scope: &'a ArmId,
        name: &'a str,
        symbols: &'a BTreeMap<String, ArmId>,
    ) -> Self {
        Self { world, scope, name, symbols: Some(symbols) }
    }

    /// The object that is meant by an id or by a name in the template.
    fn id(&self, word: &str) -> ArmId {
        let meant = self.symbols.and_then(|symbols| symbols.get(&word.to_ascii_lowercase()));
        meant.cloned().unwrap_or_else(|| ArmId::new(word))
    }

    fn body(&self, id: &ArmId) -> Result<Json, Miss> {
        let folded = id.folded();
        if let Some(deployment) = self.world.deployments.get(&folded) {
            return Ok(self.world.shown_deployment(deployment));
        }
        if let Some(failure) =
            self.world.own_region(&folded).and_then(|region| self.world.rest.faults.reach(&region).err())
        {
            return Err(Miss::Wrong(failure.message));
        }
        let object = self.world.standing(&folded);
        object
            .map(|object| self.world.whole_body(object).into_owned())
            .ok_or_else(|| Miss::Wrong(format!("the resource '{id}' that `reference` asks for was not found")))
    }

    /// The id that `resourceId` and its like make: what comes before the type says where.
    fn resource_id(&self, function: &str, args: &[Json]) -> Result<Json, Miss> {
        let words: Vec<String> = args.iter().map(text).collect::<Result<_, _>>()?;
        let (base, words) = match function {
            "extensionresourceid" => (words.first().cloned().unwrap_or_default(), words.get(1..).unwrap_or_default()),
            _ => (String::new(), &words[..]),
        };
        let at = words.iter().position(|word| word.contains('/'));
        let at = at.ok_or_else(|| Miss::Wrong(format!("`{function}` names no type")))?;
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
        id.map(|id| Json::from(id.as_str()))
            .ok_or_else(|| Miss::Wrong(format!("`{function}` has {} names for the type '{type_}'", names.len())))
    }

    fn reference(&self, args: &[Json]) -> Result<Json, Miss> {
        if self.symbols.is_none() {
            return Err(Miss::Later);
        }
        let id = self.id(&text(args.first().unwrap_or(&Json::Null))?);
        let mut body = self.body(&id)?;
        let full = args.get(2).and_then(Json::as_str).is_some_and(|word| word.eq_ignore_ascii_case("full"));
        Ok(if full { body } else { body.get_mut("properties").map(Json::take).unwrap_or_default() })
    }

    /// What a provider offers, or what there is of one of its types. Its newest version comes first.
    fn providers(&self, args: &[Json]) -> Result<Json, Miss> {
        let namespace = text(args.first().unwrap_or(&Json::Null))?;
        let provider = self.world.provider(&namespace).map_err(|failure| Miss::Wrong(failure.message))?;
        let Some(type_) = args.get(1) else { return Ok(provider) };
        let type_ = text(type_)?;
        let types = provider.get("resourceTypes").and_then(Json::as_array).into_iter().flatten();
        let mut types =
            types.filter(|one| one["resourceType"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&type_)));
        types.next().cloned().ok_or_else(|| Miss::Wrong(format!("`{namespace}` has no type `{type_}`")))
    }

    /// What an action that changes nothing answers, `listKeys` say.
    fn list(&self, function: &str, args: &[Json]) -> Result<Json, Miss> {
        if self.symbols.is_none() {
            return Err(Miss::Later);
        }
        let id = self.id(&text(args.first().unwrap_or(&Json::Null))?);
        let object = self.world.standing(&id.folded());
        let type_ = object.and_then(|object| types::find(&object.type_));
        let answer =
            object.zip(type_).and_then(|(object, type_)| fill::action(self.world, &object.id, type_, function));
        answer.ok_or_else(|| Miss::Wrong(format!("`{function}` cannot be asked of '{id}'")))
    }
}

impl Surroundings for Around<'_> {
    fn answer(&self, function: &str, args: &[Json]) -> Option<Result<Json, Miss>> {
        Some(match (function, args.len()) {
            ("resourceid" | "subscriptionresourceid" | "extensionresourceid" | "tenantresourceid", _) => {
                self.resource_id(function, args)
            }
            ("reference", _) => self.reference(args),
            ("resourcegroup", 0) => {
                match self.scope.resource_group().and_then(|_| self.world.standing(&self.scope.folded())) {
                    Some(group) => Ok(group.body.clone()),
                    None if self.scope.resource_group().is_some() => Err(Miss::Later),
                    None => {
                        Err(Miss::Wrong("`resourceGroup` has no meaning in a deployment to a subscription".to_owned()))
                    }
                }
            }
            ("subscription", 0) => Ok(json!({
                "id": format!("/subscriptions/{SUBSCRIPTION}"), "subscriptionId": SUBSCRIPTION, "tenantId": TENANT,
                "displayName": "Simulated subscription",
            })),
            ("providers", 1 | 2) => self.providers(args),
            ("tenant", 0) => Ok(json!({ "tenantId": TENANT })),
            ("deployment", 0) => Ok(json!({ "name": self.name })),
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

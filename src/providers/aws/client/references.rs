//! References between objects: ids that follow from names above the port, ids and names of AWS below it; and documents,
//! which are texts above it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::PoisonError;

use serde_json::Value as Json;

use super::control::{ALIAS, Type};
use super::described::Described;
use super::found::Found;
use super::handle::Aws;
use super::names::{FIRST_GROUP, Named, Of};
use super::tags::{alias, is_marked};
use super::xml::text;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// The word for a security group in its own rules.
const OWN: &str = "self";
/// Properties with a document, which is an object below the port.
const DOCUMENTS: [&str; 4] = ["AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy", "Policy"];
/// Lists of rules, with the property for a group at the other end.
const RULES: [(&str, &str); 2] =
    [("SecurityGroupIngress", "SourceSecurityGroupId"), ("SecurityGroupEgress", "DestinationSecurityGroupId")];

/// Calls `change` with every text of a body and the name of its property.
fn each(value: &mut Json, name: &str, change: &mut impl FnMut(&str, &str) -> Option<Json>) {
    match value {
        Json::Object(map) => map.iter_mut().for_each(|(name, value)| each(value, name, change)),
        Json::Array(items) => items.iter_mut().for_each(|item| each(item, name, change)),
        Json::String(text) => {
            if let Some(other) = change(name, text) {
                *value = other;
            }
        }
        _ => {}
    }
}

/// The names and texts of a body for which `pick` has something.
fn picked<T>(body: &Json, mut pick: impl FnMut(&str, &str) -> Option<T>) -> Vec<(String, T)> {
    let mut all = Vec::new();
    each(&mut body.clone(), "", &mut |name, text| {
        all.extend(pick(name, text).map(|found| (text.to_owned(), found)));
        None
    });
    all
}

/// The type of the names in a property; `None` for a property without names.
fn of_names(of: Of, property: &str) -> Option<Of> {
    match property {
        "KeyName" if of != Of::KeyPair => Some(Of::KeyPair),
        "LaunchTemplateName" if of != Of::LaunchTemplate => Some(Of::LaunchTemplate),
        "IamInstanceProfile" => Some(Of::InstanceProfile),
        "Roles" if of == Of::InstanceProfile => Some(Of::Role),
        _ => None,
    }
}

impl Aws {
    /// A wanted body with AWS's id or name of each object that it refers to. `own`: the id of the object, where it
    /// exists; without it, rules that name the object itself are left for later.
    ///
    /// # Errors
    /// A reference to an object that does not exist, or by an id that reads would show as another one.
    pub(super) async fn resolved(
        &self,
        Named { of, region, .. }: &Named,
        own: Option<&str>,
        mut body: Json,
    ) -> Result<Json, CloudError> {
        if let Some((given, id)) = self.shown(self.region_of(region), own, &body).await?.into_iter().next() {
            let message = format!("AWS has a name for `{given}`, so that drplan calls it `{id}`. Write that instead");
            return Err(refused(Reason::Invalid, "GivenId", message));
        }
        let of = *of;
        let mut ids = BTreeMap::new();
        for (text, named) in picked(&body, |_, text| Named::read(text)) {
            if let Entry::Vacant(free) = ids.entry(text) {
                let id = self.given(free.key(), &named).await?;
                free.insert(id);
            }
        }
        each(&mut body, "", &mut |property, text| {
            let id = ids.get(text)?;
            let is_name = property == "LaunchTemplateName" || property == "Name";
            match (is_name, Named::read(text)) {
                (true, Some(named)) if named.of.name_property().is_some() => Some(Json::from(named.name)),
                _ => Some(Json::from(id.as_str())),
            }
        });
        if of == Of::SecurityGroup {
            for (list, property) in RULES {
                let Some(rules) = body.get_mut(list).and_then(Json::as_array_mut) else { continue };
                let is_own = |rule: &Json| rule.get(property).and_then(Json::as_str) == Some(OWN);
                match own {
                    Some(id) => {
                        rules.iter_mut().filter(|rule| is_own(rule)).for_each(|rule| rule[property] = Json::from(id))
                    }
                    None => rules.retain(|rule| !is_own(rule)),
                }
            }
        }
        if Type::of(of).is_some() {
            documents(&mut body, false);
        }
        Ok(body)
    }

    /// AWS's id of the object that an id above the port names; its name, where that is its id.
    async fn given(&self, text: &str, named: &Named) -> Result<String, CloudError> {
        let absent = || refused(Reason::Absent, "Absent", format!("`{text}` does not exist"));
        let region = self.region_of(&named.region);
        match (named.of, Described::of(named.of)) {
            (_, Some(by)) => {
                let item = self.one(by, region, &named.name).await?.ok_or_else(absent)?;
                Ok(super::xml::text(&item, by.id).unwrap_or_default().to_owned())
            }
            // A run must not need Cloud Control: an alias serves as well where it does not answer.
            (Of::Key, None) => match self.look(named).await {
                Ok(found) => {
                    let arn = found.ok_or_else(absent)?.body.get("Arn").and_then(Json::as_str).map(str::to_owned);
                    Ok(arn.unwrap_or_else(|| alias(&named.name)))
                }
                Err(_) => Ok(alias(&named.name)),
            },
            _ => Ok(named.name.clone()),
        }
    }

    /// The body of an object with an id above the port for each object with a name that it refers to. All others keep
    /// the id that AWS gave them, which stacks write as well.
    pub(super) async fn named(&self, of: Of, region: &str, found: Found) -> Result<Json, CloudError> {
        let Found { id: own, mut body, hidden: _ } = found;
        let mut ids = self.shown(region, Some(&own), &body).await?;
        for (text, ()) in picked(&body, |_, text| text.starts_with("arn:aws").then_some(())) {
            if text.contains(":kms:")
                && let Some(name) = self.alias_of(region, &text).await
            {
                ids.insert(text, Of::Key.id(region, &name).to_string());
            }
        }
        let is_group = of == Of::SecurityGroup;
        each(&mut body, "", &mut |property, text| {
            if is_group && text == own && RULES.iter().any(|(_, end)| *end == property) {
                return Some(Json::from(OWN));
            }
            if let Some(named) = of_names(of, property) {
                return Some(Json::from(named.id(region, text).as_str()));
            }
            // The id of an object itself stays AWS's.
            ids.get(text).filter(|_| property != "Arn").map(|id| Json::from(id.as_str()))
        });
        if let Some(Json::String(name)) = body.pointer_mut("/LaunchTemplateData/IamInstanceProfile/Name") {
            *name = Of::InstanceProfile.id(region, name).to_string();
        }
        documents(&mut body, true);
        Ok(body)
    }

    /// The ids of AWS in a body, each with the id above the port that stands for it, where the object has one. `own`:
    /// the id of the object itself, which stays.
    async fn shown(
        &self,
        region: &str,
        own: Option<&str>,
        body: &Json,
    ) -> Result<BTreeMap<String, String>, CloudError> {
        let source = body.get("SourceRegion").and_then(Json::as_str);
        let is_given = |property: &str, text: &str| {
            let by = Described::of_id(text).filter(|_| Some(text) != own)?;
            Some((by, property.starts_with("Source") && by.of != Of::SecurityGroup))
        };
        let mut ids = BTreeMap::new();
        for (text, (by, elsewhere)) in picked(body, is_given) {
            let place = if elsewhere { source.unwrap_or(region) } else { region };
            if let Some(name) = self.name_of(by, place, &text).await? {
                ids.insert(text, by.of.id(place, &name).to_string());
            }
        }
        Ok(ids)
    }

    /// The name by which drplan calls an object, by the id that AWS gave it. Images and snapshots of somebody else keep
    /// their ids, which stacks write, and so does an object whose name others have as well.
    async fn name_of(&self, by: &Described, region: &str, id: &str) -> Result<Option<String>, CloudError> {
        let key = (region.to_owned(), id.to_owned());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let item = match self.of_id(by, region, id).await {
            Ok(item) => item,
            // The object of another account, such as a public image, may not be readable.
            Err(CloudError::Refused(refusal)) if matches!(refusal.reason, Reason::Invalid | Reason::Forbidden) => None,
            Err(error) => return Err(error),
        };
        let mut name = None;
        if let Some(item) = item
            && let Some(text) = by.name_of(&item).filter(|text| !text.is_empty())
        {
            let is_literal = matches!(by.of, Of::Image | Of::Snapshot) || text == FIRST_GROUP;
            if is_marked(&item) || !is_literal && self.of_name(by, region, Some(text)).await?.len() == 1 {
                name = Some(text.to_owned());
            }
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, name.clone());
        Ok(name)
    }

    /// Forgets the names of objects: a write may have marked one.
    pub(super) fn forget(&self) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The name of a key, by its ARN. `None` where it has none, or where that cannot be read: the key is shown as AWS
    /// names it then.
    async fn alias_of(&self, region: &str, arn: &str) -> Option<String> {
        let id = arn.rsplit('/').next()?;
        let key = (region.to_owned(), id.to_owned());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        let aliases = self.identifiers(region, ALIAS).await.ok()?;
        let mut name = None;
        for alias in aliases.iter().filter(|alias| !alias.starts_with("alias/aws/")) {
            let found = self.properties(region, ALIAS, alias).await.ok().flatten();
            if found.is_some_and(|found| text(&found, "TargetKeyId") == Some(id)) {
                name = alias.strip_prefix("alias/").map(str::to_owned);
                break;
            }
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, name.clone());
        name
    }
}

/// Writes documents as texts (`above`), or as the objects that they are.
fn documents(value: &mut Json, above: bool) {
    match value {
        Json::Object(map) => {
            for (name, value) in map.iter_mut() {
                match (above, &value) {
                    (true, Json::Object(_)) if DOCUMENTS.contains(&name.as_str()) => {
                        *value = Json::from(value.to_string())
                    }
                    (false, Json::String(text)) if DOCUMENTS.contains(&name.as_str()) => {
                        if let Ok(document) = serde_json::from_str(text) {
                            *value = document;
                        }
                    }
                    _ => documents(value, above),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| documents(item, above)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_texts_above_and_objects_below() {
        let below = json!({ "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Version": "2012-10-17" } }] });
        let mut body = below.clone();
        documents(&mut body, true);
        assert_eq!(body["Policies"][0]["PolicyDocument"], r#"{"Version":"2012-10-17"}"#);
        documents(&mut body, false);
        assert_eq!(body, below);
    }
}

//! Finding objects by their names: every id that AWS gives is read anew before a write.

use serde_json::{Value as Json, json};

use super::control::{ALIAS, Type};
use super::described::{Described, state};
use super::found::Found;
use super::handle::Aws;
use super::names::{GLOBAL, Named, Of};
use super::tags;
use super::xml::{list, text};
use super::{images, volumes};
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

impl Aws {
    /// The region of requests for objects of an id: that of the environment for those that lie in none.
    pub(super) fn region_of<'a>(&'a self, region: &'a str) -> &'a str {
        if region == GLOBAL { self.transport.home() } else { region }
    }

    /// The object of a name; `None` where AWS has none.
    ///
    /// # Errors
    /// Several objects of this name.
    pub(super) async fn look(&self, named: &Named) -> Result<Option<Found>, CloudError> {
        let region = self.region_of(&named.region);
        match (named.of, Described::of(named.of)) {
            (Of::Object, _) => self.object(named).await,
            (Of::Record, _) => self.record(named).await,
            (Of::Key, _) => self.key(region, &named.name).await,
            (_, Some(by)) => match self.one(by, region, &named.name).await? {
                Some(item) => self.found(by, region, item).await,
                None => Ok(None),
            },
            (of, None) => self.of_identifier(of, region, &named.name).await,
        }
    }

    /// The object of EC2 with a name, as EC2 describes it.
    pub(super) async fn one(&self, by: &Described, region: &str, name: &str) -> Result<Option<Json>, CloudError> {
        let mut all = self.of_name(by, region, Some(name)).await?;
        if all.len() > 1 {
            // What is about to end has given its name away.
            all.retain(|item| !matches!(state(item), Some("shutting-down" | "deleting")));
        }
        if all.len() > 1 {
            let ids: Vec<&str> = all.iter().filter_map(|item| text(item, by.id)).collect();
            let message = format!(
                "{region} has several {} named `{name}`: {}. Rename or delete all but one",
                by.of.word(),
                ids.join(", ")
            );
            return Err(refused(Reason::Invalid, "Ambiguous", message));
        }
        Ok(all.pop())
    }

    /// The whole of an object that EC2 describes; `None` where it is gone meanwhile.
    pub(super) async fn found(&self, by: &Described, region: &str, item: Json) -> Result<Option<Found>, CloudError> {
        let Some(id) = text(&item, by.id).map(str::to_owned) else { return Ok(None) };
        if let Some(of) = Type::of(by.of) {
            let Some(mut body) = self.properties(region, of.name, &id).await? else { return Ok(None) };
            let hidden = completed(by.of, &item, &mut body);
            return Ok(Some(Found { id, body, hidden }));
        }
        let found = match by.of {
            Of::Instance => self.machine(region, &item).await?,
            Of::LaunchTemplate => match self.template(region, &item).await? {
                Some(found) => found,
                None => return Ok(None),
            },
            Of::Image => images::image(&item),
            Of::Snapshot => images::snapshot(&item),
            Of::Volume => volumes::volume(&item),
            _ => volumes::address(&item),
        };
        Ok(Some(found))
    }

    /// The object of a type whose name is its id.
    pub(super) async fn of_identifier(&self, of: Of, region: &str, name: &str) -> Result<Option<Found>, CloudError> {
        let Some(type_) = Type::of(of) else { return Ok(None) };
        let Some(mut body) = self.properties(region, type_.name, name).await? else { return Ok(None) };
        if let Some(tags) = body.get_mut("Tags").filter(|tags| tags.is_object()) {
            *tags = tags::listed(tags);
        }
        if of == Of::Bucket
            && let Some(policy) = self.policy(region, name).await?
        {
            body["Policy"] = policy;
        }
        Ok(Some(Found::new(name, body)))
    }

    /// A key, by its alias.
    async fn key(&self, region: &str, name: &str) -> Result<Option<Found>, CloudError> {
        let alias = tags::alias(name);
        let Some(found) = self.properties(region, ALIAS, &alias).await? else { return Ok(None) };
        let Some(id) = found.get("TargetKeyId").and_then(Json::as_str) else { return Ok(None) };
        let Some(type_) = Type::of(Of::Key) else { return Ok(None) };
        let Some(mut body) = self.properties(region, type_.name, id).await? else { return Ok(None) };
        body["AliasName"] = Json::from(alias);
        Ok(Some(Found::new(id, body)))
    }
}

/// Adds to a body what Cloud Control does not have: properties of other types, and tags that it does not return.
fn completed(of: Of, item: &Json, body: &mut Json) -> Json {
    match of {
        Of::InternetGateway => {
            let network = list(item, "attachmentSet").into_iter().find_map(|attachment| text(attachment, "vpcId"));
            if let Some(network) = network {
                body["VpcId"] = Json::from(network);
            }
            Json::Null
        }
        Of::RouteTable => {
            body["Routes"] = super::routes::routes(item);
            let associations = super::routes::associations(item);
            body["SubnetIds"] = associations.iter().map(|(subnet, _)| Json::from(*subnet)).collect();
            associations.into_iter().map(|(subnet, id)| json!({ "SubnetId": subnet, "Id": id })).collect()
        }
        Of::CapacityReservation => {
            if let Json::Object(map) = body {
                map.remove("TagSpecifications");
                map.insert("Tags".to_owned(), tags::of_item(item));
            }
            Json::Null
        }
        _ => Json::Null,
    }
}

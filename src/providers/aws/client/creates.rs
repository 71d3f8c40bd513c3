//! Creations, so that a repetition makes nothing twice: with a token that follows from the object, or found again by
//! its name.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::control::{ALIAS, Type};
use super::error::CallError;
use super::handle::Aws;
use super::names::{Named, Of};
use super::tokens::token;
use super::xml::text;
use super::{images, machines, templates, volumes};
use crate::world::CloudError;

/// Seconds before a request from which the time of an object shows that an earlier request has made it.
const EARLIER: i64 = 60;

/// The outcome of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// The object is new.
    Now,
    /// An earlier request with the same token has made the object, which may have been deleted since.
    Before,
    /// The answer does not say.
    Perhaps,
}

impl Made {
    /// Compares a time of an answer with that of the request.
    fn at(time: Option<Timestamp>, request: Timestamp) -> Self {
        match time {
            None => Self::Perhaps,
            Some(time) if request.duration_since(time).as_secs() > EARLIER => Self::Before,
            Some(_) => Self::Now,
        }
    }
}

/// True for types whose creation has neither a token nor a name that only one object can have: after a lost answer the
/// object has to be looked for until it would be seen.
pub(super) fn is_unprotected(of: Of) -> bool {
    matches!(of, Of::Address | Of::Snapshot)
}

impl Aws {
    /// Creates an object. The inner error is that of the request.
    pub(super) async fn create(
        &self,
        named: &Named,
        wanted: &Json,
        generation: u32,
    ) -> Result<Result<Made, CallError>, CloudError> {
        let (region, token) = (self.region_of(&named.region), token(named, wanted, generation));
        let began = self.transport.now();
        let (action, form) = match named.of {
            Of::Object => return Ok(self.put_object(named, wanted, None).await.map(|()| Made::Now)),
            Of::Record => return self.create_record(named, wanted).await,
            Of::Instance => match self.root_device(region, wanted).await {
                Ok(root) => ("RunInstances", machines::started(wanted, &root, &token)),
                Err(error) => return Ok(Err(error)),
            },
            Of::LaunchTemplate => ("CreateLaunchTemplate", templates::created(&named.name, wanted, &token)),
            Of::Volume => ("CreateVolume", volumes::created(wanted, &token)),
            Of::Address => {
                let tags = super::tags::specification("elastic-ip", wanted);
                ("AllocateAddress", json!({ "Domain": "vpc", "TagSpecification": tags }))
            }
            Of::Image => images::image_created(region, &named.name, wanted, &token),
            Of::Snapshot => match self.snapshot_created(region, wanted).await {
                Ok(made) => made,
                Err(error) => return Ok(Err(error)),
            },
            of => return self.create_controlled(of, region, wanted, &token).await,
        };
        match self.ec2(region, action, &form).await {
            Ok(answer) => Ok(Ok(made(named.of, &answer, began))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Leads the alias of a key, by which it is found, to the key. The token follows from that of the key, so that a
    /// repetition after a kill makes neither twice; AWS refuses one token for two requests.
    async fn lead(
        &self,
        region: &str,
        alias: &Json,
        key: &str,
        token: &str,
    ) -> Result<Result<(), CallError>, CloudError> {
        let name = alias.as_str().unwrap_or_default();
        let Some(found) = self.properties(region, ALIAS, name).await? else {
            let properties = json!({ "AliasName": alias, "TargetKeyId": key });
            let token = format!("{token}-alias");
            return Ok(self.control_create(region, (ALIAS, Some(&token)), &properties).await?.map(drop));
        };
        if text(&found, "TargetKeyId") == Some(key) {
            return Ok(Ok(()));
        }
        // The alias of a key that somebody has deleted stays until the end of that key.
        let patch = json!([{ "op": "add", "path": "/TargetKeyId", "value": key }]);
        self.control_update(region, (ALIAS, name), &patch).await
    }

    async fn create_record(&self, named: &Named, wanted: &Json) -> Result<Result<Made, CallError>, CloudError> {
        let changed = self.change_record(named, "CREATE", wanted).await?;
        Ok(changed.map(|()| Made::Now))
    }

    async fn create_controlled(
        &self,
        of: Of,
        region: &str,
        wanted: &Json,
        token: &str,
    ) -> Result<Result<Made, CallError>, CloudError> {
        let Some(type_) = Type::of(of) else {
            return Ok(Err(CallError::NotSent(format!("drplan creates no {}", of.word()))));
        };
        let began = self.transport.now();
        let properties = type_.created(wanted);
        let made = match self.control_create(region, (type_.name, Some(token)), &properties).await? {
            Ok(made) => made,
            Err(error) => return Ok(Err(error)),
        };
        let (time, identifier) = made;
        if let (Of::Key, Some(id), Some(alias)) = (of, &identifier, wanted.get("AliasName")) {
            // An earlier key of the same body, which is to be deleted: its alias would be of no use.
            if self.properties(region, type_.name, id).await?.is_none() {
                return Ok(Ok(Made::Before));
            }
            if let Err(error) = self.lead(region, alias, id, token).await? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(Made::at(time, began)))
    }
}

/// The outcome of a creation by EC2.
fn made(of: Of, answer: &Json, began: Timestamp) -> Made {
    let time = |name: &str| text(answer, name).and_then(|time| time.parse::<Timestamp>().ok());
    match of {
        Of::Instance => {
            let machine = super::xml::list(answer, "instancesSet").into_iter().next().cloned().unwrap_or_default();
            let ended =
                super::described::state(&machine).is_some_and(|state| ["terminated", "shutting-down"].contains(&state));
            match ended {
                true => Made::Before,
                false => Made::at(text(&machine, "launchTime").and_then(|time| time.parse().ok()), began),
            }
        }
        Of::Volume => Made::at(time("createTime"), began),
        Of::LaunchTemplate => {
            let time = answer.pointer("/launchTemplate/createTime").and_then(Json::as_str);
            Made::at(time.and_then(|time| time.parse().ok()), began)
        }
        Of::Address | Of::Snapshot => Made::Now,
        _ => Made::Perhaps,
    }
}

//! A call of EC2: its parameters, and what it may do.

use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::form;
use super::super::handler::check_tags;
use super::super::tokens::{self, TokenUse};
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::World;

/// The parameters of each action, those with `!` required (source: the model of EC2, version 2016-11-15).
static PARAMETERS: LazyLock<Vec<(&str, Vec<&str>)>> = LazyLock::new(|| {
    let lines = include_str!("../facts/ec2.txt").lines();
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, rest)| (name, rest.split_whitespace().collect()))
        .collect()
});

/// A call.
pub(in super::super) struct Call<'a> {
    pub(in super::super) region: &'a str,
    pub(in super::super) action: String,
    pub(in super::super) form: Map<String, Json>,
    /// The error with which its operation is to end.
    pub(in super::super) fails: Option<ErrorResponse>,
}

impl<'a> Call<'a> {
    /// Reads a call from the form of a request.
    ///
    /// # Errors
    /// An action or a parameter that EC2 does not have, or that is missing.
    pub(in super::super) fn read(region: &'a str, bytes: &[u8], fails: Option<ErrorResponse>) -> Result<Self, Refused> {
        let mut form = form::tree(bytes);
        let mut taken = |name: &str| match form.shift_remove(name) {
            Some(Json::String(text)) => text,
            _ => String::new(),
        };
        let (action, version) = (taken("Action"), taken("Version"));
        let known = PARAMETERS.iter().find(|(name, _)| *name == action).filter(|_| version == "2016-11-15");
        let Some((_, parameters)) = known else {
            let why = format!("The action {action} is not valid for this web service.");
            return Err(Refused::bad("InvalidAction", why));
        };
        let is_own = |name: &str| parameters.iter().any(|own| own.trim_end_matches('!') == name);
        if let Some(other) = form.keys().find(|name| !is_own(name)) {
            let why = format!("The parameter {other} is not recognized");
            return Err(Refused::bad("UnknownParameter", why));
        }
        let mut required = parameters.iter().filter_map(|name| name.strip_suffix('!'));
        if let Some(missing) = required.find(|name| !form.contains_key(*name)) {
            return Err(absent(missing));
        }
        Ok(Self { region, action, form, fails })
    }

    /// A text; empty where it is not given.
    pub(in super::super) fn text(&self, name: &str) -> &str {
        self.form.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// A text that must be given.
    pub(in super::super) fn needs(&self, name: &str) -> Result<&str, Refused> {
        let text = self.text(name);
        if text.is_empty() { Err(absent(name)) } else { Ok(text) }
    }

    pub(in super::super) fn flag(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// A number, if it is given.
    pub(in super::super) fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refused::bad("InvalidParameterValue", format!("Value ({text}) for parameter {name} is invalid."))
            }),
        }
    }

    /// The texts of a list.
    pub(in super::super) fn list(&self, name: &str) -> Vec<String> {
        let list = self.form.get(name).and_then(Json::as_array).into_iter().flatten();
        list.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    /// The tags for objects of a type that the call creates.
    pub(in super::super) fn tags(&self, of: &str) -> Result<Json, Refused> {
        let specifications = self.form.get("TagSpecification").and_then(Json::as_array).into_iter().flatten();
        let own = specifications.filter(|one| one["ResourceType"] == of).filter_map(|one| one["Tag"].as_array());
        let tags = Json::Array(own.flatten().map(whole_tag).collect());
        check_tags(Some(&tags))?;
        Ok(tags)
    }

    /// Refuses a call whose write is complete when it is answered, and which is to fail.
    pub(in super::super) fn at_once(&self) -> Result<(), Refused> {
        self.fails.as_ref().map_or(Ok(()), |failure| Err(Refused::of(failure)))
    }

    /// Everything that a token binds.
    fn bound(&self) -> Json {
        let own = self.form.iter().filter(|(name, _)| *name != "ClientToken" && *name != "DryRun");
        Json::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Carries out a creation once for each token, and returns its result, the ids of what it created.
    pub(in super::super) fn once(
        &self,
        world: &mut World,
        create: impl FnOnce(&mut World) -> Result<Vec<String>, Refused>,
    ) -> Result<Vec<String>, Refused> {
        let token = self.text("ClientToken");
        if token.is_empty() {
            return create(world);
        }
        if token.len() > 64 || !token.is_ascii() {
            return Err(Refused::bad("InvalidParameterValue", "Invalid client token: at most 64 ASCII characters."));
        }
        let bound = self.bound();
        match tokens::used(world, self.region, &self.action, token, &bound) {
            TokenUse::Same(ids) => {
                let ids = ids.as_array().map(Vec::as_slice).unwrap_or_default();
                Ok(ids.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            }
            TokenUse::Other => {
                let why =
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
                Err(Refused::bad("IdempotentParameterMismatch", why))
            }
            TokenUse::New => {
                let ids = create(world)?;
                tokens::keep(world, self.region, &self.action, token, (&bound, json!(ids)));
                Ok(ids)
            }
        }
    }
}

/// A tag of a form, whose value may be left out.
pub(in super::super) fn whole_tag(tag: &Json) -> Json {
    let text = |name: &str| tag[name].as_str().unwrap_or_default();
    json!({ "Key": text("Key"), "Value": text("Value") })
}

/// A parameter that is missing.
pub(in super::super) fn absent(name: &str) -> Refused {
    Refused::bad("MissingParameter", format!("The request must contain the parameter {name}"))
}

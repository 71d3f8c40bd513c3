//! The surroundings in which keys are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::endpoint::Endpoints;
use super::session::Session;
use crate::wire::HttpBackend;
use crate::wire::sigv4::Keys;
use crate::world::{Clock, Workstation};

/// Surroundings in which keys are found.
pub(in super::super) struct Surroundings {
    pub(in super::super) environment: BTreeMap<String, String>,
    pub(in super::super) workstation: Option<Arc<dyn Workstation>>,
    pub(in super::super) endpoints: Endpoints,
    pub(in super::super) wire: HttpBackend,
    pub(in super::super) clock: Arc<dyn Clock>,
}

impl Surroundings {
    pub(super) fn set(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(super) fn file(&self, path: &str) -> Result<Option<String>, String> {
        self.workstation.as_ref().map_or(Ok(None), |workstation| workstation.file(path))
    }

    /// The keys in the variables of the environment.
    pub(super) fn of_environment(&self) -> Result<Option<Session>, String> {
        let (id, secret) = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        match (self.set(id), self.set(secret)) {
            (Some(id), Some(secret)) => {
                let token = self.set("AWS_SESSION_TOKEN").map(str::to_owned);
                Ok(Some(Session::lasting(Keys { id: id.to_owned(), secret: secret.to_owned(), token })))
            }
            (None, None) => Ok(None),
            (Some(_), None) => Err(format!("{id} is set, but {secret} is not")),
            (None, Some(_)) => Err(format!("{secret} is set, but {id} is not")),
        }
    }
}

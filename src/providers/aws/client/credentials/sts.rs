//! Keys of a role, from the service that gives them for a web identity or for other keys.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method};
use serde_json::{Value as Json, json};

use super::super::endpoint::{Encoding, Service};
use super::super::error::ApiError;
use super::super::form;
use super::super::xml;
use super::session::Session;
use super::surroundings::Surroundings;
use crate::wire::WireRequest;
use crate::wire::sigv4::{Keys, Scope, sign};

/// Time limit for the answer.
const WITHIN: Duration = Duration::from_secs(30);
/// The name of sessions that nobody names.
const NAME: &str = "drplan";

/// A role of a profile.
#[derive(Debug)]
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) external: Option<&'a str>,
    pub(super) seconds: Option<&'a str>,
    /// The region of the service, where the profile names one.
    pub(super) region: Option<&'a str>,
}

impl Surroundings {
    /// The keys of a role for the token in a file.
    pub(super) async fn with_web_identity(
        &self,
        file: &str,
        role: &str,
        name: Option<&str>,
    ) -> Result<Session, String> {
        let token = self.file(file)?.ok_or_else(|| format!("there is no file {file}"))?;
        let parameters = json!({
            "RoleArn": role,
            "RoleSessionName": name.unwrap_or(NAME),
            "WebIdentityToken": token.trim(),
        });
        self.ask("AssumeRoleWithWebIdentity", &parameters, None, None).await
    }

    /// The keys of a role for other keys.
    pub(super) async fn with_role(&self, role: &Role<'_>, keys: &Keys) -> Result<Session, String> {
        let parameters = json!({
            "RoleArn": role.arn,
            "RoleSessionName": role.name.unwrap_or(NAME),
            "ExternalId": role.external,
            "DurationSeconds": role.seconds,
        });
        self.ask("AssumeRole", &parameters, Some(keys), role.region).await
    }

    async fn ask(
        &self,
        action: &str,
        parameters: &Json,
        keys: Option<&Keys>,
        region: Option<&str>,
    ) -> Result<Session, String> {
        let Encoding::Query(version) = Service::Sts.encoding() else { return Err("STS takes no forms".to_owned()) };
        let region = region.filter(|_| self.set("AWS_REGION").is_none()).unwrap_or(self.endpoints.home());
        let url = self.endpoints.url(Service::Sts, region, "/")?;
        let mut request = WireRequest::new(Method::POST, url);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        request.headers.insert(CONTENT_TYPE, kind);
        request.body = form::form(action, version, parameters).into();
        if let Some(keys) = keys {
            sign(&mut request, keys, &Scope { region, service: Service::Sts.name(), at: self.clock.now() })?;
        }
        let answer = self.wire.send_within(request, &*self.clock, WITHIN).await;
        let answer = answer.map_err(|error| format!("{action}: {error}"))?;
        if answer.status != 200 {
            return Err(format!("{action}: {}", ApiError::read(&answer)));
        }
        let body = xml::read(&answer.body).unwrap_or_default();
        let object = body.pointer(&format!("/{action}Result/Credentials")).cloned().unwrap_or_default();
        Session::read(&object).map_err(|why| format!("{action}: {why}"))
    }
}

//! JSON over HTTP at one address with a bearer token, as most providers have it: the dependencies of such a client, the
//! addresses of its requests, and their signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use axum::http::{HeaderValue, Method};
use serde_json::Value as Json;
use url::Url;

use super::carrier::{HttpBackend, WireRequest};
use super::reach::Reach;
use super::token::{BearerToken, Credential, FixedToken};
use crate::world::{Clock, Notices};

/// Dependencies of a client.
pub struct ApiConfig {
    /// The address of the API, with a `/` at its end.
    pub endpoint: Url,
    /// The carrier of requests.
    pub wire: HttpBackend,
    /// The source of the token.
    pub credential: Arc<dyn Credential>,
    /// The clock of every wait.
    pub clock: Arc<dyn Clock>,
    /// The receiver of notices during long waits.
    pub notices: Arc<dyn Notices>,
}

/// Reads a token from an environment, or says why there is none.
type FindToken = fn(&BTreeMap<String, String>) -> Result<BearerToken, String>;

impl ApiConfig {
    /// The API at this address, with the token of the environment. The local simulator needs none.
    ///
    /// # Errors
    /// The environment has no token.
    pub fn reach(reach: Reach, endpoint: &str, token: FindToken) -> Result<Self, String> {
        let Reach { wire, network, environment, workstation: _, entrances: _, clock, ids: _, notices } = reach;
        let endpoint = Url::parse(endpoint).map_err(|error| format!("{endpoint}: {error}"))?;
        let token = match network {
            None => BearerToken::new("embedded"),
            Some(_) => token(&environment)?,
        };
        Ok(Self { endpoint, wire, credential: Arc::new(FixedToken(token)), clock, notices })
    }
}

/// A request to a path of an API. Paths may come from answers: one that leads to another server is refused.
///
/// # Errors
/// The reason why the request must not be sent.
pub(crate) fn request(
    endpoint: &Url,
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<&Json>,
) -> Result<WireRequest, String> {
    let mut url = endpoint.join(path).map_err(|error| format!("`{path}`: {error}"))?;
    if url.origin() != endpoint.origin() {
        return Err(format!("`{path}` leads to another server; drplan sends credentials to one only"));
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let request = WireRequest::new(method, url);
    Ok(match body {
        Some(body) => request.json(body),
        None => request,
    })
}

/// Adds the token of a provider, by its name in sentences.
///
/// # Errors
/// The reason why there is no token.
pub(crate) async fn sign(
    request: &mut WireRequest,
    credential: &dyn Credential,
    refused: bool,
    provider: &str,
) -> Result<(), String> {
    let no_token = |why: String| format!("no token for {provider}: {why}");
    let token = credential.token(refused).await.map_err(no_token)?;
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.text()))
        .map_err(|_| no_token("it holds characters that are invalid in a header".to_owned()))?;
    bearer.set_sensitive(true);
    let headers = &mut request.headers;
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("drplan/", env!("CARGO_PKG_VERSION"))));
    Ok(())
}

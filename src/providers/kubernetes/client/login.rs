//! The credentials of a cluster's user for each request: a token, a certificate, a file, a plugin, or a token of the
//! cluster's provider.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::kubeconfig::{Exec, KubeConfig, User, decoded};
use crate::object::ObjectId;
use crate::wire::{BearerToken, Credential};
use crate::world::{Clock, CloudError, Entrances, Workstation};

/// The time for which the text of a token file counts.
const FILE_AGE: SignedDuration = SignedDuration::from_secs(60);
/// A plugin's token is renewed this long before it expires.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// Where a cluster's credentials are from, to ask there again.
#[derive(Clone)]
pub(super) enum Origin {
    /// The provider of the cluster, which is this object.
    Provider(Weak<dyn Entrances>, ObjectId),
    /// This machine.
    Machine,
}

/// A way to sign requests.
enum Way {
    /// Nothing: a certificate is shown by the connection.
    Certificate,
    Fixed(BearerToken),
    File(String),
    /// A token of the provider for this audience.
    Audience(String),
    Plugin(Exec),
}

/// A user of a cluster.
pub(super) struct Login {
    way: Way,
    origin: Origin,
    workstation: Option<Arc<dyn Workstation>>,
    clock: Arc<dyn Clock>,
    /// The last token, and the time until which it counts.
    kept: Mutex<Option<(BearerToken, Timestamp)>>,
}

impl Login {
    /// The login of a user.
    pub(super) fn new(
        user: &User,
        origin: Origin,
        workstation: Option<Arc<dyn Workstation>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // The plugin of clusters whose users are those of their provider signs in to that provider a second time.
        let audience = |exec: &Exec| {
            let is_provider = matches!(origin, Origin::Provider(..));
            exec.option("--server-id").filter(|_| is_provider && exec.command.ends_with("kubelogin")).map(str::to_owned)
        };
        let way = match user {
            User { exec: Some(exec), .. } => audience(exec).map_or_else(|| Way::Plugin(exec.clone()), Way::Audience),
            User { token: Some(token), .. } => Way::Fixed(BearerToken::new(token.clone())),
            User { token_file: Some(path), .. } => Way::File(path.clone()),
            User { certificate: _, token: None, token_file: None, exec: None } => Way::Certificate,
        };
        Self { way, origin, workstation, clock, kept: Mutex::default() }
    }

    /// True if the connection shows who calls, so that a request needs no token.
    pub(super) const fn is_by_certificate(&self) -> bool {
        matches!(self.way, Way::Certificate)
    }

    fn kept(&self) -> Option<BearerToken> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(_, until)| self.clock.now() < *until).map(|(token, _)| token.clone())
    }

    fn keep(&self, token: &BearerToken, until: Timestamp) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((token.clone(), until));
    }

    fn machine(&self) -> Result<&dyn Workstation, String> {
        self.workstation.as_deref().ok_or_else(|| "no files and programs of this machine are used here".to_owned())
    }

    /// The token that the provider's credentials hold now.
    async fn given_again(&self) -> Result<Option<BearerToken>, String> {
        let Origin::Provider(entrances, cluster) = &self.origin else { return Ok(None) };
        let Some(entrances) = entrances.upgrade() else { return Ok(None) };
        let Some(text) = entrances.credentials(cluster).await.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let access = KubeConfig::read(&decoded(&text)?, "")?.access(None, None)?;
        Ok(access.user.token.map(BearerToken::new))
    }

    async fn of_audience(&self, audience: &str) -> Result<BearerToken, String> {
        let Origin::Provider(entrances, cluster) = &self.origin else {
            return Err("the cluster is of no provider".to_owned());
        };
        let entrances = entrances.upgrade().ok_or_else(|| "the provider of the cluster is gone".to_owned())?;
        let token = entrances.token(cluster, audience).await.map_err(|error: CloudError| error.to_string())?;
        Ok(BearerToken::new(token.text()))
    }

    /// The token that a plugin prints, with the time until which it counts.
    async fn printed(&self, exec: &Exec) -> Result<(BearerToken, Timestamp), String> {
        if exec.interactive {
            return Err(format!("`{}` wants to talk to a person, who may not be there in a run", exec.command));
        }
        let asked = json!({ "apiVersion": exec.api, "kind": "ExecCredential", "spec": { "interactive": false } });
        // `env` passes the variables on: programs of this machine otherwise run in the environment of this process.
        let variables = [("KUBERNETES_EXEC_INFO".to_owned(), asked.to_string())].into_iter().chain(exec.env.clone());
        let mut arguments: Vec<String> = variables.map(|(name, value)| format!("{name}={value}")).collect();
        arguments.push(exec.command.clone());
        arguments.extend(exec.args.iter().cloned());
        let text = self.machine()?.output("env", &arguments).await?;
        let answer: Json =
            serde_json::from_str(&text).map_err(|_| format!("`{}` printed no credentials in JSON", exec.command))?;
        let of_status = |name: &str| answer.pointer(&format!("/status/{name}")).and_then(Json::as_str);
        let token = of_status("token").ok_or_else(|| format!("`{}` printed no token", exec.command))?;
        let ends = of_status("expirationTimestamp").and_then(|text| text.parse::<Timestamp>().ok());
        let until = ends.map_or(Timestamp::MAX, |ends| ends - MARGIN);
        Ok((BearerToken::new(token), until))
    }
}

#[async_trait]
impl Credential for Login {
    async fn token(&self, refused: bool) -> Result<BearerToken, String> {
        if let Some(token) = self.kept().filter(|_| !refused) {
            return Ok(token);
        }
        let (token, until) = match &self.way {
            Way::Certificate => return Err("the user has a certificate and no token".to_owned()),
            Way::Fixed(token) if !refused => return Ok(token.clone()),
            Way::Fixed(token) => (self.given_again().await?.unwrap_or_else(|| token.clone()), Timestamp::MAX),
            Way::File(path) => {
                let text = self.machine()?.file(path)?.ok_or_else(|| format!("{path} does not exist"))?;
                (BearerToken::new(text.trim()), self.clock.now() + FILE_AGE)
            }
            // The provider's own credential keeps its tokens, and renews them.
            Way::Audience(audience) => return self.of_audience(audience).await,
            Way::Plugin(exec) => self.printed(exec).await?,
        };
        self.keep(&token, until);
        Ok(token)
    }
}

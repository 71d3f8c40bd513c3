//! Access keys, as AWS's own tools find them: in the environment, by a web identity, in a profile, of a container, or
//! of a machine of EC2.
//!
//! The first place that has any decides: keys of another place could belong to another account. Secrets are in memory
//! only, and in no error.

mod machine;
mod profile;
mod session;
mod sts;
mod surroundings;
#[cfg(test)]
mod tests;

use std::fmt;

use tokio::sync::Mutex;

use crate::wire::sigv4::Keys;

use session::Session;
pub(super) use surroundings::Surroundings;

/// A source of keys.
pub(super) enum Credentials {
    /// Keys that the local simulator accepts.
    Fixed(Keys),
    /// Keys that are found, and found again before they end.
    Found(Box<Surroundings>, Mutex<Option<Session>>),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

impl Credentials {
    /// Keys of these surroundings.
    pub(super) fn of(surroundings: Surroundings) -> Self {
        Self::Found(Box::new(surroundings), Mutex::default())
    }

    /// Keys that are valid now. `refused`: the last ones were rejected, so that they must not be returned again.
    ///
    /// # Errors
    /// The reason why there are none.
    pub(super) async fn keys(&self, refused: bool) -> Result<Keys, String> {
        let (surroundings, kept) = match self {
            Self::Fixed(keys) => return Ok(keys.clone()),
            Self::Found(surroundings, kept) => (surroundings, kept),
        };
        let mut kept = kept.lock().await;
        let now = surroundings.clock.now();
        if let Some(session) = kept.as_ref().filter(|session| !refused && session.is_fresh(now)) {
            return Ok(session.keys.clone());
        }
        let session = surroundings.found().await?;
        let keys = session.keys.clone();
        *kept = Some(session);
        Ok(keys)
    }
}

impl Surroundings {
    /// The keys of the first place that has any.
    async fn found(&self) -> Result<Session, String> {
        if let Some(session) = self.of_environment()? {
            return Ok(session);
        }
        if let (Some(file), Some(role)) = (self.set("AWS_WEB_IDENTITY_TOKEN_FILE"), self.set("AWS_ROLE_ARN")) {
            let name = self.set("AWS_ROLE_SESSION_NAME");
            let session = self.with_web_identity(file, role, name).await;
            return session.map_err(|why| format!("web identity: {why}"));
        }
        if let Some(session) = self.of_profile().await? {
            return Ok(session);
        }
        if let Some(session) = self.of_container().await? {
            return Ok(session);
        }
        if let Some(session) = self.of_machine().await? {
            return Ok(session);
        }
        Err("neither the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE) nor a file, container or machine of EC2 has any"
            .to_owned())
    }
}

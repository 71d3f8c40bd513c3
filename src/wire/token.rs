//! Bearer tokens of requests. No code here depends on the destination.

use std::fmt;

use async_trait::async_trait;

/// A bearer token. Only the transport reads its text, and it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// A token from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// A source of tokens for one provider.
#[async_trait]
pub trait Credential: Send + Sync {
    /// A token that is valid now. `refused`: the last token was rejected, so a cached one must not be returned again.
    ///
    /// # Errors
    /// The reason why there is no token.
    async fn token(&self, refused: bool) -> Result<BearerToken, String>;

    /// A token for another audience: an API beside that of the provider.
    ///
    /// # Errors
    /// The reason why there is no token.
    async fn token_for(&self, _audience: &str) -> Result<BearerToken, String> {
        Err("this sign-in issues no tokens for other services".to_owned())
    }
}

/// A constant token, as the local simulator accepts it.
#[derive(Debug, Clone)]
pub struct FixedToken(pub BearerToken);

#[async_trait]
impl Credential for FixedToken {
    async fn token(&self, _refused: bool) -> Result<BearerToken, String> {
        Ok(self.0.clone())
    }

    async fn token_for(&self, _audience: &str) -> Result<BearerToken, String> {
        Ok(self.0.clone())
    }
}

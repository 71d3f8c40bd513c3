//! Who asks: the bearer token of a request. Knows nothing of where it is sent.

use std::fmt;

use async_trait::async_trait;

/// A bearer token. Its text is seen by the transport only, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// A source of tokens for Resource Manager.
#[async_trait]
pub trait Credential: Send + Sync {
    /// A token that is valid now. `refused` says that the last one was not taken, so that a kept one must not be answered again.
    ///
    /// # Errors
    /// Words that say why there is none.
    async fn token(&self, refused: bool) -> Result<Token, String>;
}

/// The same token for ever: what the local cloud takes.
#[derive(Debug, Clone)]
pub struct FixedToken(pub Token);

#[async_trait]
impl Credential for FixedToken {
    async fn token(&self, _refused: bool) -> Result<Token, String> {
        Ok(self.0.clone())
    }
}

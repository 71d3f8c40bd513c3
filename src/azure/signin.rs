//! The credentials that people have, in the order in which they are tried: a client secret and a workload's identity from the environment, the
//! machine's own identity, and who is signed in with Azure's command line.
//!
//! The credentials themselves are Azure's library's. Here is decided which are tried and what is said where none is taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential,
    ClientSecretCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};

use super::credential::{Credential, Token};
use super::surroundings::{Surroundings, first_set};

/// A way to sign in: what it is called where it fails, and the credential, or why it cannot be tried.
type Way = (&'static str, Result<Arc<dyn TokenCredential>, String>);

/// Signs in with whatever the environment offers.
pub struct SignIn {
    environment: BTreeMap<String, String>,
    surroundings: Surroundings,
    client: reqwest::Client,
    /// The way that was taken, which is asked again.
    taken: Mutex<Option<(&'static str, Arc<dyn TokenCredential>)>>,
}

impl SignIn {
    /// Signs in to this Azure over this client.
    pub fn new(environment: BTreeMap<String, String>, surroundings: Surroundings, client: reqwest::Client) -> Self {
        Self { environment, surroundings, client, taken: Mutex::default() }
    }

    fn value(&self, names: [&str; 2]) -> Option<String> {
        first_set(&self.environment, names)
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.surroundings.authority.as_str().trim_end_matches('/').to_owned();
        ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            transport: Some(Transport::new(Arc::new(self.client.clone()))),
            ..ClientOptions::default()
        }
    }

    /// The ways that the environment offers, in order.
    fn ways(&self) -> Vec<Way> {
        let tenant = self.value(["AZURE_TENANT_ID", "ARM_TENANT_ID"]);
        let client = self.value(["AZURE_CLIENT_ID", "ARM_CLIENT_ID"]);
        let secret = self.value(["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"]);
        let file = self.value(["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"]);
        let mut ways: Vec<Way> = Vec::new();
        if let (Some(tenant), Some(client), Some(secret)) = (&tenant, &client, secret) {
            let options = ClientSecretCredentialOptions { client_options: self.options() };
            let made = ClientSecretCredential::new(tenant, client.clone(), Secret::new(secret), Some(options));
            ways.push(("a client secret from the environment", said(made)));
        }
        if let Some(file) = file {
            let options = WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options: self.options() },
                client_id: client.clone(),
                tenant_id: tenant.clone(),
                token_file_path: Some(file.into()),
            };
            ways.push(("a workload's identity", said(WorkloadIdentityCredential::new(Some(options)))));
        }
        let machine = || {
            let options = ManagedIdentityCredentialOptions {
                user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                client_options: self.options(),
            };
            ("a managed identity", said(ManagedIdentityCredential::new(Some(options))))
        };
        let cli = || {
            let options = AzureCliCredentialOptions { tenant_id: tenant.clone(), ..Default::default() };
            ("Azure's command line", said(AzureCliCredential::new(Some(options))))
        };
        // A machine that says that it has an identity is believed; any other is asked last, for the question takes time where nobody answers.
        match self.value(["IDENTITY_ENDPOINT", "ARM_USE_MSI"]) {
            Some(_) => ways.extend([machine(), cli()]),
            None => ways.extend([cli(), machine()]),
        }
        ways
    }

    async fn ask(&self, credential: &Arc<dyn TokenCredential>) -> Result<Token, String> {
        let token = credential.get_token(&[&self.surroundings.scope], None).await;
        token.map(|token| Token::new(token.token.secret())).map_err(|error| first_line(&error.to_string()))
    }
}

#[async_trait]
impl Credential for SignIn {
    async fn token(&self, refused: bool) -> Result<Token, String> {
        let taken = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            // What was refused is not kept: its credential would answer the same token again.
            if refused {
                *taken = None;
            }
            taken.clone()
        };
        if let Some((way, credential)) = taken {
            return self.ask(&credential).await.map_err(|why| format!("{way}: {why}"));
        }
        let mut failed = Vec::new();
        for (way, credential) in self.ways() {
            let asked = match &credential {
                Ok(credential) => self.ask(credential).await.map(|token| (token, Arc::clone(credential))),
                Err(why) => Err(why.clone()),
            };
            match asked {
                Ok((token, credential)) => {
                    tracing::info!(way, "signed in");
                    *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some((way, credential));
                    return Ok(token);
                }
                Err(why) => failed.push(format!("{way}: {why}")),
            }
        }
        Err(format!(
            "nobody is signed in. Tried were {}. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run `az login`",
            failed.join("; ")
        ))
    }
}

fn said<T: TokenCredential + 'static>(made: azure_core::Result<Arc<T>>) -> Result<Arc<dyn TokenCredential>, String> {
    match made {
        Ok(credential) => Ok(credential),
        Err(error) => Err(first_line(&error.to_string())),
    }
}

/// The rest of such a message is a link.
fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

//! Sign-in with the credentials of the environment, in this order: client secret, workload identity, then Azure CLI and
//! managed identity.
//!
//! The credentials come from Azure's library. This module decides which are tried, and composes the error when all
//! fail.

use std::collections::BTreeMap;
use std::error::Error;
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

use super::environment::{AzureEnvironment, first_set};
use super::innermost;
use crate::wire::{BearerToken, Credential};

/// The methods that send a credential to the sign-in server.
const CLIENT_SECRET: &str = "client secret from the environment";
const WORKLOAD_IDENTITY: &str = "workload identity";

/// A sign-in method: its name in errors, and the credential or the reason why it cannot be tried.
type SignInMethod = (&'static str, Result<Arc<dyn TokenCredential>, String>);

/// Signs in with the first credential of the environment that works.
pub struct SignIn {
    environment: BTreeMap<String, String>,
    cloud_environment: AzureEnvironment,
    client: reqwest::Client,
    /// The method that worked; it is used again.
    chosen: Mutex<Option<(&'static str, Arc<dyn TokenCredential>)>>,
}

impl SignIn {
    /// Signs in to this cloud over this client.
    pub fn new(
        environment: BTreeMap<String, String>,
        cloud_environment: AzureEnvironment,
        client: reqwest::Client,
    ) -> Self {
        Self { environment, cloud_environment, client, chosen: Mutex::default() }
    }

    fn value(&self, names: [&str; 2]) -> Option<String> {
        first_set(&self.environment, names)
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.cloud_environment.authority.as_str().trim_end_matches('/').to_owned();
        ClientOptions {
            cloud: Some(Arc::new(cloud.into())),
            transport: Some(Transport::new(Arc::new(self.client.clone()))),
            ..ClientOptions::default()
        }
    }

    /// The methods that the environment offers, in order.
    fn methods(&self) -> Vec<SignInMethod> {
        let tenant = self.value(["AZURE_TENANT_ID", "ARM_TENANT_ID"]);
        let client = self.value(["AZURE_CLIENT_ID", "ARM_CLIENT_ID"]);
        let secret = self.value(["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"]);
        let file = self.value(["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"]);
        let mut methods: Vec<SignInMethod> = Vec::new();
        if let (Some(tenant), Some(client), Some(secret)) = (&tenant, &client, secret) {
            let options = ClientSecretCredentialOptions { client_options: self.options() };
            let made = ClientSecretCredential::new(tenant, client.clone(), Secret::new(secret), Some(options));
            methods.push((CLIENT_SECRET, credential_or_reason(made)));
        }
        if let Some(file) = file {
            let options = WorkloadIdentityCredentialOptions {
                credential_options: ClientAssertionCredentialOptions { client_options: self.options() },
                client_id: client.clone(),
                tenant_id: tenant.clone(),
                token_file_path: Some(file.into()),
            };
            methods.push((WORKLOAD_IDENTITY, credential_or_reason(WorkloadIdentityCredential::new(Some(options)))));
        }
        let machine = || {
            let options = ManagedIdentityCredentialOptions {
                user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                client_options: self.options(),
            };
            ("managed identity", credential_or_reason(ManagedIdentityCredential::new(Some(options))))
        };
        let cli = || {
            let options = AzureCliCredentialOptions { tenant_id: tenant.clone(), ..Default::default() };
            ("Azure CLI", credential_or_reason(AzureCliCredential::new(Some(options))))
        };
        // A machine that declares a managed identity tries it first. Others try it last, because the attempt times out
        // where no endpoint answers.
        match self.value(["IDENTITY_ENDPOINT", "ARM_USE_MSI"]) {
            Some(_) => methods.extend([machine(), cli()]),
            None => methods.extend([cli(), machine()]),
        }
        methods
    }

    async fn ask(&self, way: &str, credential: &Arc<dyn TokenCredential>, scope: &str) -> Result<BearerToken, String> {
        let token = credential.get_token(&[scope], None).await;
        let why = |error: azure_core::Error| match way {
            CLIENT_SECRET | WORKLOAD_IDENTITY => refusal(&error),
            _ => first_line(&error.to_string()),
        };
        token.map(|token| BearerToken::new(token.token.secret())).map_err(why)
    }
}

#[async_trait]
impl Credential for SignIn {
    async fn token(&self, refused: bool) -> Result<BearerToken, String> {
        let chosen = {
            let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
            // A rejected token is not reused: its credential would return the same token again.
            if refused {
                *chosen = None;
            }
            chosen.clone()
        };
        if let Some((way, credential)) = chosen {
            return self
                .ask(way, &credential, &self.cloud_environment.scope)
                .await
                .map_err(|why| format!("{way}: {why}"));
        }
        let mut failed = Vec::new();
        for (way, credential) in self.methods() {
            let asked = match &credential {
                Ok(credential) => {
                    let token = self.ask(way, credential, &self.cloud_environment.scope).await;
                    token.map(|token| (token, Arc::clone(credential)))
                }
                Err(why) => Err(why.clone()),
            };
            match asked {
                Ok((token, credential)) => {
                    tracing::info!(way, "signed in");
                    *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some((way, credential));
                    return Ok(token);
                }
                Err(why) => failed.push(format!("{way}: {why}")),
            }
        }
        Err(format!(
            "not signed in to Azure. Methods tried: {}. Run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
            failed.join("; ")
        ))
    }

    /// The same way of signing in issues it: a first token shows which one works.
    async fn token_for(&self, audience: &str) -> Result<BearerToken, String> {
        self.token(false).await?;
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (way, credential) = chosen.ok_or_else(|| "not signed in to Azure".to_owned())?;
        let scope = format!("{audience}/.default");
        self.ask(way, &credential, &scope).await.map_err(|why| format!("{way}: {why}"))
    }
}

fn credential_or_reason<T: TokenCredential + 'static>(
    made: azure_core::Result<Arc<T>>,
) -> Result<Arc<dyn TokenCredential>, String> {
    match made {
        Ok(credential) => Ok(credential),
        Err(error) => Err(first_line(&error.to_string())),
    }
}

/// The reason why a credential was not accepted: the code in the answer, or the error of the network or of a file. The
/// text of an answer is not shown, because a server may repeat the request with the credential.
fn refusal(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let code = text
        .split("AADSTS")
        .nth(1)
        .map(|rest| rest.chars().take(9).take_while(char::is_ascii_digit).collect::<String>());
    if let Some(code) = code.filter(|code| !code.is_empty()) {
        return format!("Microsoft Entra answered AADSTS{code}");
    }
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<reqwest::Error>().is_some() || cause.downcast_ref::<std::io::Error>().is_some() {
            return innermost(cause);
        }
        source = cause.source();
    }
    "the sign-in server did not accept it; its answer is hidden, because it may repeat the credential".to_owned()
}

/// The first line of a message; the rest is a link.
fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use azure_core::error::ErrorKind;

    use super::*;

    #[test]
    fn refusal_quotes_nothing_of_an_answer() {
        let refused = |text: &str| refusal(&azure_core::Error::with_message(ErrorKind::Credential, text.to_owned()));
        let echo = "invalid_client: AADSTS7000215: wrong secret in client_secret=hunter2";
        assert_eq!(refused(echo), "Microsoft Entra answered AADSTS7000215");
        assert!(!refused("your request was client_secret=hunter2").contains("hunter2"));
        let cause = std::io::Error::other("no route to host");
        let cut = azure_core::Error::with_error(ErrorKind::Io, cause, "sending client_secret=hunter2");
        assert_eq!(refused("AADSTS of hunter2"), refused(""));
        assert_eq!(refusal(&cut), "no route to host");
    }
}

//! Keys of every place, without a network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Cell};

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;

use super::super::endpoint::Endpoints;
use super::profile::{Profiles, words};
use super::*;
use crate::host::SimClock;
use crate::wire::HttpBackend;
use crate::world::Workstation;

/// A machine with these files, and a program that prints one text.
#[derive(Default)]
struct Desk {
    files: BTreeMap<String, String>,
    printed: String,
    ran: Cell<Vec<String>>,
}

#[async_trait]
impl Workstation for Desk {
    fn file(&self, path: &str) -> Result<Option<String>, String> {
        Ok(self.files.get(path).cloned())
    }

    async fn output(&self, program: &str, arguments: &[String]) -> Result<String, String> {
        self.ran.lock().unwrap().push(format!("{program} {}", arguments.join("|")));
        Ok(self.printed.clone())
    }
}

/// A service that gives keys of a role, with the action and the credential of the request in them.
fn sts() -> Router {
    Router::new().fallback(|request: Request| async {
        let signed =
            request.headers().get("authorization").and_then(|text| text.to_str().ok()).unwrap_or("").to_owned();
        let by =
            signed.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("nobody").to_owned();
        let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let action = body.split('&').next().unwrap().trim_start_matches("Action=").to_owned();
        let session = body.split("RoleSessionName=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        format!(
            "<{action}Response><{action}Result><Credentials><AccessKeyId>{session}-of-{by}</AccessKeyId>\
             <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
        )
    })
}

fn surroundings(variables: &[(&str, &str)], desk: Desk) -> Surroundings {
    let mut environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.insert("HOME".to_owned(), "/home/op".to_owned());
    environment.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
    Surroundings {
        endpoints: Endpoints::of(&environment).unwrap(),
        environment,
        workstation: Some(Arc::new(desk)),
        wire: HttpBackend::InProcess(sts()),
        clock: Arc::new(SimClock::new(crate::simulator::START)),
    }
}

fn desk(files: &[(&str, &str)]) -> Desk {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Desk { files, ..Desk::default() }
}

const CONFIG: &str = "[default]\nregion = eu-west-1\n\n[profile admin]\nrole_arn = arn:aws:iam::1:role/admin\n\
                      source_profile = base\nrole_session_name = me # a comment\ns3 =\n  aws_access_key_id = no\n\
                      [profile tool]\ncredential_process = /opt/keys 'a b' --x\n\
                      [profile loop]\nrole_arn = r\nsource_profile = loop\n[profile sso]\nsso_start_url = https://x\n";
const SHARED: &str = "[base]\naws_access_key_id = BASE\naws_secret_access_key = sb\n";

fn files() -> [(&'static str, &'static str); 2] {
    [("/home/op/.aws/config", CONFIG), ("/home/op/.aws/credentials", SHARED)]
}

async fn id(variables: &[(&str, &str)], desk: Desk) -> Result<String, String> {
    surroundings(variables, desk).found().await.map(|session| session.keys.id)
}

#[tokio::test]
async fn keys_are_found_in_the_order_of_the_provider_s_own_tools() {
    let variables = [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "base")];
    assert_eq!(id(&variables, desk(&files())).await.unwrap(), "ENV");
    assert_eq!(id(&[("AWS_PROFILE", "base")], desk(&files())).await.unwrap(), "BASE");
    assert_eq!(id(&[("AWS_PROFILE", "admin")], desk(&files())).await.unwrap(), "me-of-BASE");
    let token = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "r"), ("AWS_PROFILE", "base")];
    assert_eq!(id(&token, desk(&[("/token", "jwt\n")])).await.unwrap(), "drplan-of-nobody");
    let printed = r#"{"Version":1,"AccessKeyId":"TOOL","SecretAccessKey":"hunter2"}"#.to_owned();
    let tool = Desk { printed, ..desk(&files()) };
    assert_eq!(id(&[("AWS_PROFILE", "tool")], tool).await.unwrap(), "TOOL");
}

#[tokio::test]
async fn missing_keys_are_explained_without_secrets() {
    let half = id(&[("AWS_ACCESS_KEY_ID", "ENV")], Desk::default()).await.unwrap_err();
    assert!(half.contains("AWS_SECRET_ACCESS_KEY"), "{half}");
    let none = id(&[], Desk::default()).await.unwrap_err();
    assert!(none.contains("AWS_ACCESS_KEY_ID"), "{none}");
    for (profile, part) in [("loop", "circle"), ("sso", "export-credentials"), ("absent", "no keys")] {
        let why = id(&[("AWS_PROFILE", profile)], desk(&files())).await.unwrap_err();
        assert!(why.contains(part), "{why}");
    }
    let printed = r#"{"Version":2,"AccessKeyId":"TOOL","SecretAccessKey":"hunter2"}"#.to_owned();
    let why = id(&[("AWS_PROFILE", "tool")], Desk { printed, ..desk(&files()) }).await.unwrap_err();
    assert!(why.contains("version") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn keys_are_kept_until_they_end_or_are_refused() {
    let printed = r#"{"Version":1,"AccessKeyId":"TOOL","SecretAccessKey":"s"}"#.to_owned();
    let tool = Arc::new(Desk { printed, ..desk(&files()) });
    let mut surroundings = surroundings(&[("AWS_PROFILE", "tool")], Desk::default());
    surroundings.workstation = Some(Arc::clone(&tool) as Arc<dyn Workstation>);
    let credentials = Credentials::of(surroundings);
    for refused in [false, false, true] {
        credentials.keys(refused).await.unwrap();
    }
    assert_eq!(*tool.ran.lock().unwrap(), ["/opt/keys a b|--x", "/opt/keys a b|--x"]);
    assert_eq!(format!("{credentials:?}{:?}", credentials.keys(false).await.unwrap()).matches("redacted").count(), 2);
}

#[test]
fn files_and_command_lines_are_read_as_the_provider_s_own_tools_read_them() {
    assert_eq!(words(r#"/a "b c" 'd"e' f"#), ["/a", "b c", "d\"e", "f"]);
    let mut profiles = Profiles::default();
    profiles.add("[nobody]\nregion = x\n[profile one]\nregion = y\nbroken\n", true);
    assert_eq!(format!("{profiles:?}"), r#"Profiles({"one": {"region": "y"}})"#);
}

//! A logical server of Azure SQL: the name and the administrators under which databases live.

use serde_json::{Map as JsonMap, Value as Json};

use super::regions::region;
use super::table::*;
use super::{identity, path};
use crate::address::ArmId;

static ADMINISTRATOR: Block = Block::one(&[
    arg("login_username", Ty::String, "login", "The name of the user, group or application that administers.")
        .required(),
    arg("object_id", Ty::String, "sid", "The object id of that principal.").required().any_case(),
    arg("tenant_id", Ty::String, "tenantId", "The tenant of that principal; the subscription's without it.").any_case(),
    arg(
        "azuread_authentication_only",
        Ty::Bool,
        "azureADOnlyAuthentication",
        "Whether nobody may sign in with a SQL password.",
    ),
]);

/// The rule for names of servers and failover groups, which share the domain `database.windows.net`.
pub(super) const SERVER_NAME: NameRule = NameRule::new(
    1,
    63,
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "lower-case letters, digits and hyphens, and neither starts nor ends with a hyphen",
)
.global();

/// What a server or database says of alerts that nobody asked for.
pub(super) const SECURITY_ALERTS: &str =
    r#"{"state":"Disabled","disabledAlerts":[],"emailAddresses":[],"emailAccountAdmins":false,"retentionDays":0}"#;

/// The table.
pub static KIND: Kind = Kind {
    name: "mssql_server",
    about: "A logical server of Azure SQL: the name and the administrators under which databases live.",
    arm: Arm { type_: "Microsoft.Sql/servers", api: "2025-01-01" },
    names: SERVER_NAME,
    args: &[
        RESOURCE_GROUP,
        arg("version", Ty::Enum(&["2.0", "12.0"]), "properties.version", "The version of the engine.")
            .required()
            .replace(),
        arg(
            "administrator_login",
            Ty::String,
            "properties.administratorLogin",
            "The login of the administrator who signs in with a password.",
        )
        .replace(),
        arg(
            "administrator_login_password",
            Ty::String,
            "properties.administratorLoginPassword",
            "The password of that administrator.",
        )
        .secret(),
        arg(
            "azuread_administrator",
            Ty::Block(&ADMINISTRATOR),
            "properties.administrators",
            "The administrator who signs in with Microsoft Entra ID; Azure may leave a change after creation aside.",
        ),
        arg(
            "minimum_tls_version",
            Ty::Enum(&["1.0", "1.1", "1.2", "1.3"]),
            "properties.minimalTlsVersion",
            "The oldest version of TLS that clients may speak.",
        )
        .default(Lit::Str("1.2")),
        arg("public_network_access_enabled", Ty::Bool, "", "Whether the server answers from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        arg(
            "outbound_network_restriction_enabled",
            Ty::Bool,
            "",
            "Whether the server may reach only the outbound names that are allowed.",
        )
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("properties.restrictOutboundNetworkAccess", ENABLED)),
        arg(
            "transparent_data_encryption_key_vault_key_id",
            Ty::String,
            "properties.keyId",
            "The URL of the Key Vault key that encrypts its databases; Microsoft's own key without it.",
        ),
        arg(
            "primary_user_assigned_identity",
            Ty::Ref(&["user_assigned_identity"]),
            "properties.primaryUserAssignedIdentityId",
            "The identity, of those in `identity`, with which the server reads that key.",
        ),
        identity::IDENTITY_UNSPACED,
        TAGS,
    ],
    attributes: &[
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
        named(
            "fully_qualified_domain_name",
            "{name}.database.windows.net",
            "The DNS name of this server. It does not follow a failover; a failover group's listener does.",
        ),
    ],
    durations: Durations { create: 60, update: 30, delete: 60 },
    answers: Answers::AsyncBoth,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    odd: Odd { encode: Some(encode), decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &[
            identity::ACCEPTS,
            "kind",
            "properties.state",
            "properties.fullyQualifiedDomainName",
            "properties.administrators.administratorType",
            "properties.externalGovernanceStatus",
        ],
        // Azure's command line writes the administrators with nothing in them, and leaves the version to the service.
        spared: &["properties.administrators.login", "properties.administrators.sid", "properties.version"],
        always: &[
            always("connectionPolicies", "default", r#"{"connectionType":"Default"}"#),
            always("sqlVulnerabilityAssessments", "default", r#"{"state":"Disabled"}"#),
            always(
                "encryptionProtector",
                "current",
                r#"{"serverKeyName":"ServiceManaged","serverKeyType":"ServiceManaged"}"#,
            ),
            always("securityAlertPolicies", "Default", SECURITY_ALERTS),
            empty_list("restorableDroppedDatabases"),
        ],
        ..Simulated::NONE
    },
    // Every server has one database of its own, which nobody makes or deletes.
    adoption: Adoption { brings: Some(|found| vec![found.id.child("databases", "master")]), ..Adoption::BY_TABLE },
    example: r#"
resource_group "example" {
  site = site.east
}

mssql_server "example" {
  name                         = "drplan-example-sql"
  resource_group               = resource_group.example
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}
"#,
    left_out: &[
        (
            "administrator_login_password_wo",
            "a secret never reaches the state, so `administrator_login_password` is that",
        ),
        ("administrator_login_password_wo_version", "a changed password is seen by its digest"),
        ("connection_policy", "an object of its own (`connectionPolicies/default`); Azure's default is azurerm's"),
        ("express_vulnerability_assessment_enabled", "an object of its own (`sqlVulnerabilityAssessments/default`)"),
    ],
    ..Kind::EMPTY
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        identity::encode(subject, body);
        if path::borrow(body, "properties.administrators").is_some() {
            path::put(body, "properties.administrators.administratorType", Json::from("ActiveDirectory"));
        }
    }
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(body) = bodies.first() {
        identity::decode(body, args);
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    let written = |argument: &str| subject.args.contains_key(argument);
    if !written("administrator_login") && !written("azuread_administrator") {
        findings.push(Finding {
            argument: "administrator_login",
            summary: "the server has neither an `administrator_login` nor an `azuread_administrator`".to_owned(),
            why: "Azure refuses a server that nobody can sign in to.".to_owned(),
            help:
                "Write `administrator_login` and `administrator_login_password`, or an `azuread_administrator` block."
                    .to_owned(),
        });
    }
    if written("administrator_login") && !written("administrator_login_password") {
        findings.push(Finding {
            argument: "administrator_login",
            summary: "the administrator has no password".to_owned(),
            why: "Azure makes no server with a login that has none.".to_owned(),
            help: "Write `administrator_login_password = var.…`, with a variable that is sensitive.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let refuse = |code, message: String| Err(Refusal { status: 400, code, message });
    if let Some(standing) = cloud.get(id) {
        let login = "properties.administratorLogin";
        return match (path::text(standing, login), path::text(body, login)) {
            (Some(old), Some(new)) if old != new => refuse(
                "ServerAdministratorLoginCannotBeChanged",
                format!("The administrator login of server '{}' cannot be changed.", id.name()),
            ),
            _ => Ok(()),
        };
    }
    let password = path::borrow(body, "properties.administratorLogin").is_some()
        && path::borrow(body, "properties.administratorLoginPassword").is_some();
    if !password && path::text(body, "properties.administrators.login").is_none() {
        return refuse(
            "InvalidParameterValue",
            "Invalid value given for parameter AdministratorLogin. Specify a valid parameter value.".to_owned(),
        );
    }
    if path::text(body, "location").and_then(region).is_none() {
        return refuse("LocationNotAvailableForResourceType", "The provided location is not a region.".to_owned());
    }
    Ok(())
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    identity::settle(cloud, id);
    let name = id.name().to_owned();
    if let Some(body) = cloud.get_mut(id) {
        path::put(body, "kind", Json::from("v12.0"));
        path::put(body, "properties.state", Json::from("Ready"));
        path::put(body, "properties.fullyQualifiedDomainName", Json::from(format!("{name}.database.windows.net")));
        path::fill(body, "properties.externalGovernanceStatus", "Disabled");
        path::fill(body, "properties.version", "12.0");
    }
}

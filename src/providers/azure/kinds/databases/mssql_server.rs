//! Logical server of Azure SQL: the name and the administrators of its databases.

use crate::providers::azure::forms;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::regions::region;
use crate::providers::azure::tags::TAGS;

static ADMINISTRATOR: Block = Block::one(&[
    arg("login_username", Ty::String, "login", "Name of the user, group or application that administers the server.")
        .required(),
    arg("object_id", Ty::String, "sid", "Object ID of the administrator.").form(&form::GUID).required().any_case(),
    arg("tenant_id", Ty::String, "tenantId", "Tenant of the administrator. Defaults to the subscription's tenant.")
        .form(&form::GUID)
        .any_case(),
    arg("azuread_authentication_only", Ty::Bool, "azureADOnlyAuthentication", "Disable logins with a SQL password."),
]);

/// Name rule of servers and failover groups, which share the domain `database.windows.net`.
pub(super) const SERVER_NAME: NameRule = NameRule::new(
    1,
    63,
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "lower-case letters, digits and hyphens, and neither starts nor ends with a hyphen",
)
.global();

/// Default alert policy of a server or database.
pub(super) const SECURITY_ALERTS: &str =
    r#"{"state":"Disabled","disabledAlerts":[],"emailAddresses":[],"emailAccountAdmins":false,"retentionDays":0}"#;

/// Table of `mssql_server`.
pub static KIND: Kind = Kind {
    name: "mssql_server",
    about: "Azure SQL logical server: the name and the administrators of its databases.",
    type_: KindType { name: "Microsoft.Sql/servers", version: "2025-01-01" },
    names: SERVER_NAME,
    args: &[
        RESOURCE_GROUP,
        arg("version", Ty::Enum(&["2.0", "12.0"]), "properties.version", "Version of the engine.").required().replace(),
        arg(
            "administrator_login",
            Ty::String,
            "properties.administratorLogin",
            "Login of the administrator with a password.",
        )
        .form(&forms::login::SQL_LOGIN)
        .chosen(),
        arg(
            "administrator_login_password",
            Ty::String,
            "properties.administratorLoginPassword",
            "Password of `administrator_login`.",
        )
        .form(&forms::login::SERVER_PASSWORD)
        .secret(),
        arg(
            "azuread_administrator",
            Ty::Block(&ADMINISTRATOR),
            "properties.administrators",
            "Administrator with a Microsoft Entra ID login. Azure may ignore changes after creation.",
        ),
        arg(
            "minimum_tls_version",
            Ty::Enum(&["1.0", "1.1", "1.2", "1.3"]),
            "properties.minimalTlsVersion",
            "Minimum TLS version of clients.",
        )
        .default(Lit::Str("1.2")),
        arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        arg(
            "outbound_network_restriction_enabled",
            Ty::Bool,
            "",
            "Restrict outbound connections to the server's allowed names.",
        )
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("properties.restrictOutboundNetworkAccess", ENABLED)),
        arg(
            "transparent_data_encryption_key_vault_key_id",
            Ty::String,
            "properties.keyId",
            "URL of the Key Vault key that encrypts the databases. Microsoft's own key if absent.",
        )
        .form(&forms::HTTPS_URL),
        arg(
            "primary_user_assigned_identity",
            Ty::Ref(&["user_assigned_identity"]),
            "properties.primaryUserAssignedIdentityId",
            "Identity, one of `identity`, with which the server reads the key.",
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
            "DNS name of the server. It does not follow a failover; use a failover group's listener for that.",
        ),
    ],
    durations: Durations { create: 60, update: 30, delete: 60 },
    answers: AnswerStyle::AsyncBoth,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        hosts: Some(|server| hosts_at(server, &["properties.fullyQualifiedDomainName"])),
        accepts: &[
            "properties.administrators.principalType",
            "properties.createMode",
            identity::ACCEPTS,
            "kind",
            "properties.state",
            "properties.fullyQualifiedDomainName",
            "properties.administrators.administratorType",
            "properties.externalGovernanceStatus",
        ],
        // Azure's command line writes an empty administrators object, and leaves the version to the service.
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
        ..SimulatedBehaviour::NONE
    },
    // Every server has a `master` database, which no client creates or deletes.
    adoption: Adoption {
        brings: Some(|found| vec![found.id.child("databases", "master")]),
        others: &[ChildList::all("dnsAliases"), ChildList::all("outboundFirewallRules")],
        chosen: &[
            ("properties.isIPv6Enabled", Lit::Str("Disabled")),
            ("properties.retentionDays", Lit::Int(-1)),
            ("properties.retentionDays", Lit::Int(0)),
        ],
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        earlier: &["sql_server"],
        written_only: &["administrator_login_password"],
        ..Terraform::BY_RULE
    },
    uncovered: &["properties.federatedClientId", "properties.isIPv6Enabled", "properties.retentionDays"],
    combinations: &[Combination::new(
        "InvalidParameterValue",
        &[("primary_user_assigned_identity", Test::Set), ("identity", Test::Absent)],
        "`primary_user_assigned_identity` is none of the server's identities",
        "Add an `identity` block that contains it.",
    )],
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
            "secrets never reach the state, so `administrator_login_password` has the same effect",
        ),
        ("administrator_login_password_wo_version", "drplan detects a changed password by its digest"),
        (
            "connection_policy",
            "a separate child resource (`connectionPolicies/default`); Azure and azurerm have the same default",
        ),
        (
            "express_vulnerability_assessment_enabled",
            "a separate child resource (`sqlVulnerabilityAssessments/default`)",
        ),
    ],
    ..crate::providers::azure::KIND
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
            why: "Azure rejects a server without an administrator.".to_owned(),
            help:
                "Set `administrator_login` and `administrator_login_password`, or add an `azuread_administrator` block."
                    .to_owned(),
        });
    }
    if written("administrator_login") && !written("administrator_login_password") {
        findings.push(Finding {
            argument: "administrator_login",
            summary: "the administrator has no password".to_owned(),
            why: "Azure rejects a login without a password.".to_owned(),
            help: "Set `administrator_login_password = var.…`, with a sensitive variable.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
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

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
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

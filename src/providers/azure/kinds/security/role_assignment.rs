//! Role assignment: grants a principal the permissions of a role on a scope and everything in it.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};
use uuid::Uuid;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_profile::finding;

const DEFINITION: &str = "properties.roleDefinitionId";

/// Built-in roles and their ids, which are the same in every tenant (source: Azure's list of built-in roles).
const ROLES: [(&str, &str); 36] = [
    ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d"),
    ("AcrPush", "8311e382-0749-4cb8-b61a-304f252e45ec"),
    ("Azure Event Hubs Data Owner", "f526a384-b230-433a-b45c-95f59c4a2dec"),
    ("Azure Event Hubs Data Receiver", "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"),
    ("Azure Event Hubs Data Sender", "2b629674-e913-4c01-ae53-ef4638d8f975"),
    ("Azure Service Bus Data Owner", "090c5cfd-751d-490a-894a-3ce6f1109419"),
    ("Azure Service Bus Data Receiver", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"),
    ("Azure Service Bus Data Sender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"),
    ("Backup Contributor", "5e467623-bb1f-42f4-a55d-6e525e11384b"),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    ("DNS Zone Contributor", "befefa01-2a29-4197-83a8-272ff33ce314"),
    ("DocumentDB Account Contributor", "5bd9cd88-fe45-4216-938b-f97437e15450"),
    ("Key Vault Administrator", "00482a5a-887f-4fb3-b363-3b7fe8e74483"),
    ("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6"),
    ("Key Vault Secrets Officer", "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),
    ("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6"),
    ("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830"),
    ("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb"),
    ("Monitoring Reader", "43d0d8ad-25c7-4714-9337-8ba259a9fe05"),
    ("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7"),
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ("Private DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f"),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    ("SQL DB Contributor", "9b7fa17d-e63e-47b0-bb0a-15c516ac86ec"),
    ("SQL Server Contributor", "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437"),
    ("Site Recovery Contributor", "6670b86e-a3f7-4917-ac9b-5d6ab1be4567"),
    ("Site Recovery Operator", "494ae006-db33-4328-bf46-533a6560a3ca"),
    ("Storage Account Contributor", "17d1049b-9a84-46fb-8f53-869881c3d3ab"),
    ("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    ("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
    ("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"),
    ("Storage File Data SMB Share Contributor", "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb"),
    ("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"),
    ("Traffic Manager Contributor", "a4b10055-b0c7-44c2-b00f-c7b5b3550cf7"),
    ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
    ("Virtual Machine Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
];

/// Definitions of these roles. The simulator grants every permission, so their permissions do not matter.
fn definitions() -> Vec<(&'static str, Json)> {
    let of = |name: &str| {
        json!({
            "roleName": name,
            "type": "BuiltInRole",
            "description": "",
            "assignableScopes": ["/"],
            "permissions": [{ "actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": [] }],
        })
    };
    ROLES.iter().map(|(name, guid)| (*guid, of(name))).collect()
}

static ROLE_NAMES: [&str; ROLES.len()] = {
    let mut names = [""; ROLES.len()];
    let mut at = 0;
    while at < ROLES.len() {
        names[at] = ROLES[at].0;
        at += 1;
    }
    names
};

/// Table of `role_assignment`.
pub static KIND: Kind = Kind {
    name: "role_assignment",
    about: "Role assignment: grants a principal the permissions of a role on a scope and everything in it.",
    type_: KindType { name: "Microsoft.Authorization/roleAssignments", version: "2022-04-01" },
    place: Place::Extension("scope"),
    location: Location::None,
    names: NameRule {
        min: 36,
        max: 36,
        pattern: "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        words: "a GUID",
        ..NameRule::DERIVED
    },
    args: &[
        place("scope", &[], "Scope of the assignment: any resource, a resource group, or the ID of a subscription."),
        arg(
            "principal_id",
            Ty::String,
            "properties.principalId",
            "Object ID of the principal, as in `user_assigned_identity.….principal_id`.",
        )
        .form(&form::GUID)
        .required()
        .replace()
        .any_case(),
        arg(
            "principal_type",
            Ty::Enum(&["User", "Group", "ServicePrincipal"]),
            "properties.principalType",
            "Type of the principal. A managed identity is a service principal.",
        )
        .default(Lit::Str("ServicePrincipal"))
        .replace(),
        arg(
            "role_definition_name",
            Ty::Enum(&ROLE_NAMES),
            "",
            "Name of a built-in role. Conflicts with `role_definition`.",
        )
        .wire(Wire::Odd)
        .chosen(),
        arg(
            "role_definition",
            Ty::Ref(&[]),
            DEFINITION,
            "ID of a role: `/subscriptions/…/providers/Microsoft.Authorization/roleDefinitions/…`.",
        )
        .chosen(),
        arg("description", Ty::String, "properties.description", "Description of the assignment.").replace(),
        arg(
            "condition",
            Ty::String,
            "properties.condition",
            "Condition that limits the assignment (attribute-based access control).",
        )
        .replace(),
        arg(
            "condition_version",
            Ty::Enum(&["1.0", "2.0"]),
            "properties.conditionVersion",
            "Version of the language of `condition`.",
        )
        .chosen(),
        arg(
            "delegated_managed_identity",
            Ty::Ref(&["user_assigned_identity"]),
            "properties.delegatedManagedIdentityResourceId",
            "Managed identity of another tenant that the assignment is for.",
        )
        .replace(),
    ],
    durations: Durations { create: 2, update: 2, delete: 2 },
    answers: AnswerStyle::Sync,
    in_use: "",
    odd: Overrides {
        name: Some(name),
        encode: Some(encode),
        decode: Some(decode),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &["properties.scope"],
        catalog: Some(BuiltInObjects {
            type_: "Microsoft.Authorization/roleDefinitions",
            entries: definitions,
            filter: "roleName",
        }),
        ..SimulatedBehaviour::NONE
    },
    // A built-in role is imported by its name.
    adoption: Adoption {
        arguments: Some(|_, args| {
            if args.contains_key("role_definition_name") {
                args.remove("role_definition");
            }
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        named: false,
        renamed: &[("scope", "scope"), ("delegated_managed_identity", "delegated_managed_identity_resource_id")],
        ..Terraform::BY_RULE
    },
    apart: &[Exclusive::among_siblings(
        "RoleAssignmentExists",
        "scope, role and principal",
        "assignments of a role",
        &["scope", "role_definition", "principal_id"],
    )
    .read("role_definition", role)
    .within(ExclusiveWithin::Everywhere)],
    example: r#"
resource_group "example" {
  site = site.east
}

user_assigned_identity "example" {
  resource_group = resource_group.example
}

role_assignment "example" {
  scope                = resource_group.example
  role_definition_name = "Reader"
  principal_id         = user_assigned_identity.example.principal_id
}
"#,
    left_out: &[(
        "skip_service_principal_aad_check",
        "`principal_type` has the same effect: with it, Azure does not look up a new principal in the directory",
    )],
    ..crate::providers::azure::KIND
};

/// A GUID that follows from the scope, the role and the address. The principal is left out because Azure may create
/// it during apply: the name would be unknown before, or would change afterwards.
fn name(subject: &Subject<'_>) -> String {
    let role = definition(subject).unwrap_or_default();
    let scope = subject.text("scope").unwrap_or_default();
    let text = format!("{scope}|{role}|{}", subject.address).to_ascii_lowercase();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}

fn definition(subject: &Subject<'_>) -> Option<String> {
    if let Some(id) = subject.text("role_definition") {
        return Some(id.to_owned());
    }
    let role = subject.text("role_definition_name")?;
    let (_, guid) = ROLES.iter().find(|(name, _)| *name == role)?;
    let subscription = &subject.account.id;
    Some(format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"))
}

/// The GUID of the role, however the stack writes it: the id of a definition may begin with a subscription or not.
fn role(args: &JsonMap<String, Json>) -> Option<Json> {
    let text = |name: &str| args.get(name).and_then(Json::as_str);
    match text("role_definition") {
        Some(id) => Some(Json::from(guid(id))),
        None => {
            let wanted = text("role_definition_name")?;
            ROLES.iter().find(|(name, _)| *name == wanted).map(|(_, guid)| Json::from(*guid))
        }
    }
}

/// The GUID in the id of a role definition.
fn guid(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    if let (Some(body), Some(definition)) = (bodies.first_mut(), definition(subject)) {
        path::put(body, DEFINITION, Json::from(definition));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let id = answers.first().and_then(|body| path::text(body, DEFINITION)).map(ObjectId::new);
    let role = id.and_then(|id| ROLES.iter().find(|(_, guid)| guid.eq_ignore_ascii_case(id.name())));
    if let Some((name, _)) = role {
        args.insert("role_definition_name".to_owned(), Json::from(*name));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let help = "Set one of `role_definition_name` and `role_definition`.";
    match (has("role_definition_name"), has("role_definition")) {
        (true, true) => findings.push(finding("role_definition", "the role is set twice", help)),
        (false, false) => findings.push(finding("role_definition_name", "the role is not set", help)),
        _ => {}
    }
    if has("condition") && !has("condition_version") {
        let help = "Set `condition_version = \"2.0\"`.";
        findings.push(finding("condition", "`condition` needs a `condition_version`", help));
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let scope = id.scope();
    if let (Some(scope), Some(body)) = (scope, cloud.get_mut(id)) {
        path::put(body, "properties.scope", Json::from(scope.as_str()));
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some((scope, _)) = id.as_str().split_once("/providers/Microsoft.Authorization/roleAssignments/") else {
        return Ok(());
    };
    let says = |body: &Json, other: &Json, at: &str| match (path::text(body, at), path::text(other, at)) {
        (Some(one), Some(other)) => guid(one).eq_ignore_ascii_case(guid(other)),
        _ => false,
    };
    let twin = |other: &Json| says(body, other, DEFINITION) && says(body, other, "properties.principalId");
    let others = cloud.below(&ObjectId::new(scope)).into_iter().filter(|other| other != id);
    if others.filter_map(|other| cloud.get(&other)).any(twin) {
        return Err(Refusal {
            status: 409,
            code: "RoleAssignmentExists",
            message: "The role assignment already exists.".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_one_guid() {
        for (at, (name, guid)) in ROLES.iter().enumerate() {
            assert!(guid.parse::<Uuid>().is_ok(), "{name} has the id {guid}");
            assert!(ROLES.iter().skip(at + 1).all(|(other, of)| other != name && of != guid), "{name} twice");
        }
    }
}

//! The block `identity`, which many kinds share: the identities under which a resource calls other services.
//!
//! Azure keeps the user-assigned ones as a map whose keys are their ids, which a path cannot say; so a kind that has the block calls
//! [`encode`], [`decode`] and [`settle`] from its own functions of these names, and lists [`ACCEPTS`]. This module knows no kind.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::path;
use super::table::*;
use crate::address::ArmId;

const ASSIGNED: &str = "identity.userAssignedIdentities";

/// What a body may hold beside the block's own paths.
pub(super) const ACCEPTS: &str = ASSIGNED;

/// The block.
pub(super) const IDENTITY: Arg = arg(
    "identity",
    Ty::Block(&BLOCK),
    "identity",
    "The identities under which it calls other services; role assignments say what they may do.",
);

/// The block, for providers that write both types without a blank between them.
pub(super) const IDENTITY_UNSPACED: Arg = Arg { ty: Ty::Block(&BLOCK_UNSPACED), ..IDENTITY };

/// The block, for providers that know user-assigned identities only.
pub(super) const IDENTITY_ASSIGNED: Arg = Arg { ty: Ty::Block(&BLOCK_ASSIGNED), ..IDENTITY };

const TYPE: Arg = arg(
    "type",
    Ty::Enum(&["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"]),
    "type",
    "Whether Azure makes an identity that lives as long as the resource, or those in `identities` are used, or both.",
)
.required();

const IDENTITIES: Arg =
    arg("identities", Ty::Set(&Ty::Ref(&["user_assigned_identity"])), "", "The user-assigned identities.")
        .wire(Wire::Odd);

static BLOCK: Block = Block::one(&[TYPE, IDENTITIES]);

static BLOCK_UNSPACED: Block = Block::one(&[
    TYPE.wire(Wire::Mapped(
        "type",
        &[(Lit::Str("SystemAssigned, UserAssigned"), Lit::Str("SystemAssigned,UserAssigned"))],
    )),
    IDENTITIES,
]);

static BLOCK_ASSIGNED: Block = Block::one(&[Arg { ty: Ty::Enum(&["UserAssigned"]), ..TYPE }, IDENTITIES.required()]);

/// The principal of the system-assigned identity.
pub(super) const PRINCIPAL_ID: Attribute = attribute(
    "identity_principal_id",
    "identity.principalId",
    Fake::Nothing,
    "The object id of its system-assigned identity, for role assignments.",
);

/// The tenant of the system-assigned identity.
pub(super) const TENANT_ID: Attribute =
    named("identity_tenant_id", "{tenant}", "The tenant of its system-assigned identity.");

/// Puts the user-assigned identities of the block into the body.
pub(super) fn encode(subject: &Subject<'_>, body: &mut Json) {
    let Some(ids) = subject.args.get("identity").and_then(|block| block.get("identities")) else { return };
    let map: JsonMap<String, Json> =
        ids.as_array().into_iter().flatten().filter_map(Json::as_str).map(|id| (id.to_owned(), json!({}))).collect();
    if !map.is_empty() {
        path::put(body, ASSIGNED, Json::Object(map));
    }
}

/// Reads the user-assigned identities of an answer back into the block.
pub(super) fn decode(body: &Json, args: &mut JsonMap<String, Json>) {
    if path::text(body, "identity.type").is_none_or(|type_| type_.eq_ignore_ascii_case("None")) {
        args.remove("identity");
        return;
    }
    let Some(map) = path::borrow(body, ASSIGNED).and_then(Json::as_object).filter(|map| !map.is_empty()) else {
        return;
    };
    if let Some(block) = args.get_mut("identity") {
        path::put(block, "identities", map.keys().map(|id| Json::from(id.as_str())).collect());
    }
}

/// Says what is wrong with the block: a type that asks for identities has some, and the other has none.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(block) = subject.args.get("identity") else { return };
    let Some(type_) = path::text(block, "type") else { return };
    let wanted = type_.contains("UserAssigned");
    let given = block.get("identities").is_some();
    if wanted != given {
        let (summary, help) = if wanted {
            (
                format!("an identity of type `{type_}` names no `identities`"),
                "Write `identities = [user_assigned_identity.…]`.",
            )
        } else {
            (
                format!("an identity of type `{type_}` takes no `identities`"),
                "Write the type \"UserAssigned\" or \"SystemAssigned, UserAssigned\", or leave `identities` out.",
            )
        };
        findings.push(Finding { argument: "identity", summary, why: String::new(), help: help.to_owned() });
    }
}

/// Fills the ids that Azure gives: of the system-assigned identity, and of each user-assigned one as it stands.
pub(super) fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let principal = cloud.guid(&format!("{}#principal", id.folded()));
    let Some(body) = cloud.get(id) else { return };
    let own = path::text(body, "identity.type").is_some_and(|type_| type_.contains("SystemAssigned"));
    let assigned: Vec<String> =
        path::borrow(body, ASSIGNED).and_then(Json::as_object).into_iter().flat_map(JsonMap::keys).cloned().collect();
    let mut map = JsonMap::new();
    for key in assigned {
        let properties = cloud.get(&ArmId::new(key.as_str())).and_then(|identity| identity.get("properties"));
        let value = |name| properties.and_then(|properties| properties.get(name)).cloned().unwrap_or_default();
        map.insert(key, json!({ "principalId": value("principalId"), "clientId": value("clientId") }));
    }
    let Some(body) = cloud.get_mut(id) else { return };
    if own {
        path::fill(body, "identity.principalId", principal);
    }
    if !map.is_empty() {
        path::put(body, ASSIGNED, Json::Object(map));
    }
}

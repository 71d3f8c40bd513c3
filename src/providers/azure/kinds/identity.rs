//! The block `identity`, which many kinds share: managed identities of a resource.
//!
//! Azure keeps user-assigned identities as a map with their ids as keys, which a path cannot express. A kind with
//! this block therefore calls [`encode`], [`decode`] and [`settle`] from its own functions of these names, and lists
//! [`ACCEPTS`]. Independent of kinds.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;

const ASSIGNED: &str = "identity.userAssignedIdentities";

/// Path of the body in addition to the block's own paths.
pub(super) const ACCEPTS: &str = ASSIGNED;

/// The block.
pub(super) const IDENTITY: Arg = arg(
    "identity",
    Ty::Block(&BLOCK),
    "identity",
    "Managed identities with which the resource calls other services. Role assignments grant their \
     permissions.",
);

/// The block, for providers that write both types without a space between them.
pub(super) const IDENTITY_UNSPACED: Arg = Arg { ty: Ty::Block(&BLOCK_UNSPACED), ..IDENTITY };

/// The block, for providers that support one of both types at a time.
pub(super) const IDENTITY_ONE: Arg = Arg { ty: Ty::Block(&BLOCK_ONE), ..IDENTITY };

/// The block, for providers that support user-assigned identities only.
pub(super) const IDENTITY_ASSIGNED: Arg = Arg { ty: Ty::Block(&BLOCK_ASSIGNED), ..IDENTITY };

const TYPE: Arg = arg(
    "type",
    Ty::Enum(&["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"]),
    "type",
    "Type of identity: one that Azure creates and deletes with the resource, the ones in `identities`, \
     or both.",
)
.required();

const IDENTITIES: Arg = arg(
    "identities",
    Ty::Set(&Ty::Ref(&["user_assigned_identity"])),
    "",
    "User-assigned identities of the resource. Required with a type that contains `UserAssigned`.",
)
.wire(Wire::Odd);

static BLOCK: Block = Block::one(&[TYPE, IDENTITIES]);

static BLOCK_UNSPACED: Block = Block::one(&[
    TYPE.wire(Wire::Mapped(
        "type",
        &[(Lit::Str("SystemAssigned, UserAssigned"), Lit::Str("SystemAssigned,UserAssigned"))],
    )),
    IDENTITIES,
]);

static BLOCK_ONE: Block = Block::one(&[
    Arg {
        doc: "Type of identity: one that Azure creates and deletes with the resource, or those in `identities`.",
        ty: Ty::Enum(&["SystemAssigned", "UserAssigned"]),
        ..TYPE
    },
    IDENTITIES,
]);

static BLOCK_ASSIGNED: Block = Block::one(&[Arg { ty: Ty::Enum(&["UserAssigned"]), ..TYPE }, IDENTITIES.required()]);

/// Principal of the system-assigned identity.
pub(super) const PRINCIPAL_ID: Attribute = attribute(
    "identity_principal_id",
    "identity.principalId",
    FakeValue::Nothing,
    "Object ID of the system-assigned identity, for role assignments.",
);

/// Tenant of the system-assigned identity.
pub(super) const TENANT_ID: Attribute =
    named("identity_tenant_id", "{tenant}", "Tenant ID of the system-assigned identity.");

/// Writes the block's user-assigned identities into the body.
pub(super) fn encode(subject: &Subject<'_>, body: &mut Json) {
    let Some(ids) = subject.args.get("identity").and_then(|block| block.get("identities")) else { return };
    let map: JsonMap<String, Json> =
        ids.as_array().into_iter().flatten().filter_map(Json::as_str).map(|id| (id.to_owned(), json!({}))).collect();
    if !map.is_empty() {
        path::put(body, ASSIGNED, Json::Object(map));
    }
}

/// Reads the user-assigned identities of a response back into the block.
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

/// Checks that `identities` is set exactly when the type needs it.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(block) = subject.args.get("identity") else { return };
    let Some(type_) = path::text(block, "type") else { return };
    let wanted = type_.contains("UserAssigned");
    let given = block.get("identities").is_some();
    if wanted != given {
        let (summary, help) = if wanted {
            (
                format!("an identity of type `{type_}` has no `identities`"),
                "Set `identities = [user_assigned_identity.…]`.",
            )
        } else {
            (
                format!("an identity of type `{type_}` must not have `identities`"),
                "Set `type` to \"UserAssigned\" or \"SystemAssigned, UserAssigned\", or remove `identities`.",
            )
        };
        findings.push(Finding { argument: "identity", summary, why: String::new(), help: help.to_owned() });
    }
}

/// Fills the ids that Azure assigns: of the system-assigned identity, and of each user-assigned one that exists.
pub(super) fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let principal = cloud.guid(&format!("{}#principal", id.folded()));
    let Some(body) = cloud.get(id) else { return };
    let own = path::text(body, "identity.type").is_some_and(|type_| type_.contains("SystemAssigned"));
    let assigned: Vec<String> =
        path::borrow(body, ASSIGNED).and_then(Json::as_object).into_iter().flat_map(JsonMap::keys).cloned().collect();
    let mut map = JsonMap::new();
    for key in assigned {
        let properties = cloud.get(&ObjectId::new(key.as_str())).and_then(|identity| identity.get("properties"));
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

//! Security groups and key pairs.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::answers::Refused;
use super::handler::{Handler, Seconds, check_tags, default, plain, string, with, within};
use super::network::{has_endpoint, machines};
use super::store::{Place, give, text};
use super::types::{GROUP, KEY_PAIR, VPC};
use crate::ranges::Range;
use crate::simulator::world::World;

/// Quotas (source: AWS's quotas of VPC).
const GROUPS: usize = 2500;
const RULES: usize = 60;

pub(super) static HANDLERS: &[Handler] = &[
    Handler { update: update_group, delete: delete_group, ..plain(&GROUP, Seconds(8, 6, 6), create_group) },
    plain(&KEY_PAIR, Seconds(5, 5, 5), create_key),
];

fn create_group(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let of = string(model, "VpcId");
    if of.is_empty() {
        return Err(Refused::bad("VPCIdNotSpecified", "No default VPC for this user"));
    }
    Place::new(&VPC, region).get(world, &of)?;
    let all = Place::new(&GROUP, region);
    within(all.all(world).len(), GROUPS, "SecurityGroupLimitExceeded")?;
    let id = give(world, GROUP.prefix);
    default(model, "GroupName", format!("group-{id}"));
    let name = string(model, "GroupName");
    if name.starts_with("sg-") || name == "default" {
        return Err(Refused::bad("InvalidParameterValue", format!("Group name '{name}' is reserved")));
    }
    if with(world, all, "VpcId", &of).iter().any(|group| text(group, "GroupName") == name) {
        let why = format!("The security group '{name}' already exists for VPC '{of}'");
        return Err(Refused::bad("InvalidGroup.Duplicate", why));
    }
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    let description = string(model, "GroupDescription");
    if description.is_empty() || description.len() > 255 || !description.chars().all(is_letter) {
        return Err(Refused::bad("InvalidParameterValue", "Invalid security group description"));
    }
    model.insert("Id".to_owned(), json!(id));
    model.insert("GroupId".to_owned(), json!(id));
    default(model, "SecurityGroupIngress", json!([]));
    default(model, "SecurityGroupEgress", json!([{ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0" }]));
    rules(world, region, &Json::Object(model.clone()))?;
    Ok(id)
}

/// Refuses rules that EC2 refuses.
fn rules(world: &World, region: &str, group: &Json) -> Result<(), Refused> {
    for list in ["SecurityGroupIngress", "SecurityGroupEgress"] {
        let rules = group[list].as_array().map(Vec::as_slice).unwrap_or_default();
        if rules.len() > RULES {
            let why = "The maximum number of rules per security group has been reached.";
            return Err(Refused::bad("RulesPerSecurityGroupLimitExceeded", why));
        }
        for (at, rule) in rules.iter().enumerate() {
            let alike = |other: &&Json| without_description(other) == without_description(rule);
            if rules.iter().take(at).any(|other| alike(&other)) {
                let why = format!("the specified rule \"{rule}\" already exists");
                return Err(Refused::bad("InvalidPermission.Duplicate", why));
            }
            one_rule(world, region, group, rule)?;
        }
    }
    Ok(())
}

fn without_description(rule: &Json) -> Json {
    let mut rule = rule.clone();
    if let Json::Object(fields) = &mut rule {
        fields.shift_remove("Description");
    }
    rule
}

fn one_rule(world: &World, region: &str, group: &Json, rule: &Json) -> Result<(), Refused> {
    let invalid = |why: String| Refused::bad("InvalidParameterValue", why);
    for name in ["CidrIp", "CidrIpv6"] {
        let range = text(rule, name);
        if !range.is_empty() && Range::parse(range).is_none_or(|range| range.is_v6() != (name == "CidrIpv6")) {
            return Err(invalid(format!("CIDR block {range} is malformed")));
        }
    }
    for name in ["SourceSecurityGroupId", "DestinationSecurityGroupId"] {
        let other = text(rule, name);
        if !other.is_empty() && group["Id"] != other {
            Place::new(&GROUP, region).get(world, other)?;
        }
    }
    let protocol = text(rule, "IpProtocol");
    let known = ["-1", "tcp", "udp", "icmp", "icmpv6"].contains(&protocol) || protocol.parse::<u8>().is_ok();
    if !known {
        return Err(invalid(format!("Invalid value '{protocol}' for IP protocol. Unknown protocol.")));
    }
    let (from, to) = (rule["FromPort"].as_i64(), rule["ToPort"].as_i64());
    if ["tcp", "udp", "6", "17"].contains(&protocol) {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(invalid(format!(
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for {rule}"
            )));
        };
        if !(0..=65535).contains(&from) || !(0..=65535).contains(&to) || from > to {
            return Err(invalid(format!("Invalid port range {from}-{to}")));
        }
    }
    Ok(())
}

fn update_group(world: &World, region: &str, _: &Json, after: &mut Json) -> Result<(), Refused> {
    rules(world, region, after)
}

fn delete_group(world: &World, region: &str, body: &Json) -> Result<(), Refused> {
    let id = text(body, "Id");
    if text(body, "GroupName") == "default" {
        return Err(Refused::bad("CannotDelete", format!("the specified group: \"{id}\" cannot be deleted by a user")));
    }
    let is_in = |list: &Json| list.as_array().is_some_and(|all| all.iter().any(|one| one == id));
    let of_machines = machines(world, region, "VpcId", text(body, "VpcId"));
    let names =
        |rule: &Json| ["SourceSecurityGroupId", "DestinationSecurityGroupId"].iter().any(|name| text(rule, name) == id);
    let is_named = |other: &Json| {
        let lists = ["SecurityGroupIngress", "SecurityGroupEgress"].into_iter();
        other["Id"] != id && lists.filter_map(|list| other[list].as_array()).flatten().any(names)
    };
    let is_used = of_machines.iter().any(|machine| is_in(&machine["SecurityGroupIds"]))
        || has_endpoint(world, region, "SecurityGroupIds", id)
        || Place::new(&GROUP, region).all(world).iter().any(|other| is_named(&other.body));
    if is_used {
        return Err(Refused::bad("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    Ok(())
}

/// The body of a new key pair, for both of its APIs.
pub(super) fn key(
    world: &mut World,
    region: &str,
    (name, material, tags): (&str, &str, Option<&Json>),
) -> Result<Json, Refused> {
    if Place::new(&KEY_PAIR, region).find(world, name).is_some() {
        let why = format!("The keypair '{name}' already exists.");
        return Err(Refused::bad("InvalidKeyPair.Duplicate", why));
    }
    if name.is_empty() || name.len() > 255 {
        return Err(Refused::bad("InvalidParameterValue", "Invalid value for parameter KeyName"));
    }
    check_tags(tags)?;
    let format = || Refused::bad("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let mut words = material.split_whitespace();
    let kind = match words.next() {
        Some("ssh-ed25519") => "ed25519",
        Some("ssh-rsa") => "rsa",
        _ => return Err(format()),
    };
    let encoded = words.next().filter(|text| !text.is_empty()).ok_or_else(format)?;
    // Anything after the algorithm is accepted, so that examples need no real key.
    let decoded = BASE64_STANDARD.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
    let digest = Sha256::digest(&decoded);
    // AWS has the MD5 of an RSA key; the simulator has no MD5, and gives a digest of the same form.
    let fingerprint = match kind {
        "ed25519" => BASE64_STANDARD_NO_PAD.encode(digest),
        _ => digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
    };
    let id = give(world, "key-");
    Ok(json!({
        "KeyName": name, "KeyPairId": id, "KeyType": kind, "KeyFingerprint": fingerprint, "KeyFormat": "pem",
        "PublicKeyMaterial": material.trim(), "Tags": tags.cloned().unwrap_or_else(|| json!([])),
    }))
}

fn create_key(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let (name, material) = (string(model, "KeyName"), string(model, "PublicKeyMaterial"));
    let tags = model.get("Tags").cloned();
    let material = if material.is_empty() {
        // AWS would make the key, and keep the private half.
        let kind = if string(model, "KeyType") == "ed25519" { "ssh-ed25519" } else { "ssh-rsa" };
        format!("{kind} {}", BASE64_STANDARD.encode(world.seed.guid(&["aws", "key", &name])))
    } else {
        material
    };
    let made = key(world, region, (&name, &material, tags.as_ref()))?;
    if let Json::Object(made) = made {
        made.into_iter().for_each(|(name, value)| default(model, &name, value));
    }
    Ok(name)
}

//! Security group: the traffic that machines accept and start.
//!
//! A rule of AWS has one range or group at its other end; a block has several, as in Terraform. Blocks are told apart
//! by protocol, ports and description, and so are the rules that are read back.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{IN_USE, INVALID, TAGS_ARG, VPC};
use crate::providers::aws::terraform::REGION;

/// The arguments by which blocks are told apart.
const KEY: &str = "protocol from_port to_port description";

static RULE: Block = Block {
    max: 60,
    ..Block::many(
        KEY,
        &[
            arg("protocol", Ty::String, "", "Protocol: `tcp`, `udp`, `icmp`, `icmpv6`, or `-1` for all.")
                .form(&PROTOCOL)
                .required(),
            arg("from_port", Ty::Integer(-1, 65_535), "", "First port, or type of ICMP; `0` with all protocols.")
                .required(),
            arg("to_port", Ty::Integer(-1, 65_535), "", "Last port, or code of ICMP; `0` with all protocols.")
                .required(),
            arg("cidr_blocks", Ty::Set(&Ty::Cidr), "", "Ranges at the other end."),
            arg("ipv6_cidr_blocks", Ty::Set(&Ty::Cidr), "", "Ranges of IPv6 at the other end."),
            Arg {
                near: true,
                ..arg("security_groups", Ty::Set(&Ty::Ref(&["aws_security_group"])), "", "Groups at the other end.")
            },
            arg("self", Ty::Bool, "", "The group itself is at the other end.").default(Lit::Bool(false)),
            arg("description", Ty::String, "", "Description, for people.").form(&DESCRIPTION),
        ],
    )
};

/// Table of `aws_security_group`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_security_group",
    about: "Security group: the traffic that machines of a network accept and start.",
    type_: KindType { name: "AWS::EC2::SecurityGroup", version: VERSION },
    place: Place::Beside("vpc", "aws:{region}/security-groups/{name}"),
    names: NameRule::new(
        1,
        255,
        r"^[A-Za-z0-9._:/()#,@\[\]+=&;{}!$*-]([A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*[A-Za-z0-9._:/()#,@\[\]+=&;{}!$*-])?$",
        "letters, digits, inner spaces, and `. _ - : / ( ) # , @ [ ] + = & ; { } ! $ *`",
    ),
    args: &[
        VPC,
        arg("description", Ty::String, "GroupDescription", "Description, which cannot change.")
            .form(&DESCRIPTION)
            .default(Lit::Str("Managed by drplan"))
            .replace(),
        arg("ingress", Ty::Block(&RULE), "", "Traffic that machines accept. Without a rule, none.").wire(Wire::Odd),
        arg("egress", Ty::Block(&RULE), "", "Traffic that machines start. Without a rule, none.").wire(Wire::Odd),
        TAGS_ARG,
    ],
    attributes: &[attribute("group_id", "GroupId", FakeValue::Nothing, "Id that AWS gave the group.")],
    durations: Durations { create: 10, update: 5, delete: 10 },
    in_use: IN_USE,
    combinations: &[END.each("ingress"), END.each("egress")],
    odd: Overrides { encode: Some(encode), decode: Some(decode), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &["SecurityGroupIngress", "SecurityGroupEgress"],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        resource: "security_group",
        renamed: &[
            REGION,
            ("ingress.security_groups", "ingress.security_groups"),
            ("egress.security_groups", "egress.security_groups"),
        ],
        fixed: &[("description", "\"Managed by drplan\"")],
        exported: &[("group_id", "id")],
        given_id: "GROUP_ID",
        sets: &["ingress", "egress"],
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_security_group "example" {
  vpc         = aws_vpc.example
  description = "HTTPS from everywhere"

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"#,
    left_out: &[
        ("name_prefix", "write the whole name"),
        ("revoke_rules_on_delete", "drplan removes references before it deletes a group"),
        ("ingress.prefix_list_ids", "write the ranges"),
        ("egress.prefix_list_ids", "write the ranges"),
    ],
    ..crate::providers::aws::KIND
};

const END: Combination = Combination::new(
    INVALID,
    &[
        ("cidr_blocks", Test::Absent),
        ("ipv6_cidr_blocks", Test::Absent),
        ("security_groups", Test::Absent),
        ("self", Test::Not(&[Lit::Bool(true)])),
    ],
    "a rule has nothing at its other end",
    "Set `cidr_blocks`, `ipv6_cidr_blocks`, `security_groups` or `self`.",
);

/// Protocols by name, or by number for others.
static PROTOCOL: Form =
    Form::new("a protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` or a number", &["tcp", "udp"], INVALID, |text| {
        let is_known = ["tcp", "udp", "icmp", "icmpv6", "-1"].contains(&text) || text.parse::<u8>().is_ok();
        (!is_known).then(|| "is not a protocol".to_owned())
    })
    .normal(|text| match text {
        "all" => "-1".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        other => other.to_lowercase(),
    });

/// The description of a group or rule (source: the pattern of the type's schema).
static DESCRIPTION: Form = Form::new(
    "a text of at most 255 letters, digits, spaces, and `. _ - : / ( ) # , @ [ ] + = & ; { } ! $ *`",
    &["from the proxy", "from everywhere"],
    INVALID,
    |text| {
        let is_one = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
        (text.len() > 255 || !text.chars().all(is_one)).then(|| "has other characters, or more than 255".to_owned())
    },
);

/// The list of rules of an argument, and the property with a group at the other end.
const LISTS: [(&str, &str, &str); 2] = [
    ("ingress", "SecurityGroupIngress", "SourceSecurityGroupId"),
    ("egress", "SecurityGroupEgress", "DestinationSecurityGroupId"),
];

/// The group itself, which has no id before it exists: the client names it.
const OWN: &str = "self";

/// The protocol for which ports mean nothing.
const ALL: &str = "-1";

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    for (argument, list, group) in LISTS {
        let blocks = subject.args.get(argument).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let rules = blocks.iter().flat_map(|block| rules(block, group));
        path::put(body, list, rules.collect());
    }
}

/// The rules of a block: one for each end.
fn rules(block: &Json, group: &str) -> Vec<Json> {
    let mut ends: Vec<(&str, &str)> = Vec::new();
    for (argument, property) in
        [("cidr_blocks", "CidrIp"), ("ipv6_cidr_blocks", "CidrIpv6"), ("security_groups", group)]
    {
        ends.extend(path::items(block, argument).iter().filter_map(Json::as_str).map(|end| (property, end)));
    }
    if block.get("self").and_then(Json::as_bool) == Some(true) {
        ends.push((group, OWN));
    }
    let protocol = path::text(block, "protocol").unwrap_or(ALL);
    let rule = |(property, end): (&str, &str)| {
        let mut rule = json!({ "IpProtocol": protocol, property: end });
        for (argument, property) in [("from_port", "FromPort"), ("to_port", "ToPort")] {
            if let Some(port) = block.get(argument).filter(|_| protocol != ALL) {
                path::put(&mut rule, property, port.clone());
            }
        }
        if let Some(text) = block.get("description") {
            path::put(&mut rule, "Description", text.clone());
        }
        rule
    };
    ends.into_iter().map(rule).collect()
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.last() else { return };
    for (argument, list, group) in LISTS {
        let mut blocks: Vec<Json> = Vec::new();
        for rule in path::items(body, list) {
            let head = head(rule);
            let is_same = |block: &&mut Json| {
                KEY.split(' ')
                    .all(|name| block.get(name).unwrap_or(&Json::Null) == head.get(name).unwrap_or(&Json::Null))
            };
            let at = match blocks.iter_mut().find(is_same) {
                Some(block) => block,
                None => {
                    blocks.push(head);
                    let Some(block) = blocks.last_mut() else { continue };
                    block
                }
            };
            add_end(at, rule, group);
        }
        if !blocks.is_empty() {
            args.insert(argument.to_owned(), Json::Array(blocks));
        }
    }
}

/// The block of a rule without its end.
fn head(rule: &Json) -> Json {
    let protocol = PROTOCOL.read(path::text(rule, "IpProtocol").unwrap_or(ALL)).unwrap_or_default();
    let port = |name: &str| match rule.get(name).and_then(Json::as_i64) {
        Some(port) if protocol != ALL => port,
        _ => 0,
    };
    let mut head =
        json!({ "protocol": protocol, "from_port": port("FromPort"), "to_port": port("ToPort"), "self": false });
    if let Some(text) = path::text(rule, "Description").filter(|text| !text.is_empty()) {
        path::put(&mut head, "description", Json::from(text));
    }
    head
}

fn add_end(block: &mut Json, rule: &Json, group: &str) {
    for (argument, property) in
        [("cidr_blocks", "CidrIp"), ("ipv6_cidr_blocks", "CidrIpv6"), ("security_groups", group)]
    {
        let Some(end) = path::text(rule, property) else { continue };
        if property == group && end == OWN {
            path::put(block, "self", Json::from(true));
            continue;
        }
        let mut ends = path::items(block, argument).to_vec();
        ends.push(Json::from(end));
        ends.sort_by_key(Json::to_string);
        ends.dedup();
        path::put(block, argument, Json::Array(ends));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_any_order_are_the_blocks_that_made_them() {
        let block = json!({
            "protocol": "tcp", "from_port": 443, "to_port": 443, "self": false,
            "cidr_blocks": ["10.0.0.0/8", "192.0.2.0/24"], "description": "web",
        });
        let all = json!({
            "protocol": "-1", "from_port": 0, "to_port": 0, "self": true, "ipv6_cidr_blocks": ["::/0"],
        });
        let mut list: Vec<Json> =
            [&block, &all].iter().flat_map(|block| rules(block, "SourceSecurityGroupId")).collect();
        assert_eq!(list.len(), 4);
        assert!(list[2].get("FromPort").is_none(), "{list:?}");
        list.reverse();
        let mut args = JsonMap::new();
        decode(&[json!({ "SecurityGroupIngress": list })], &mut args);
        assert_eq!(args["ingress"], json!([all, block]));
    }
}

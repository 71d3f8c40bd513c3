//! A cold site at AWS as a stack: ids, sites and presence of its resources, the rules of its tables, and its code.

use std::sync::Arc;

use drplan::emit::{Options, terraform};
use drplan::stack::{Knowledge, Presence, Stack};

use crate::lab::Lab;

const STACK: &str = r#"
stack "cold" {
  tags = { product = "saas" }
}

site "cold" {
  provider = "aws"
  location = "us-west-2"
  tier     = 2
}

aws_s3_bucket "vault" {
  site       = site.cold
  bucket     = "backups-of-a-product"
  versioning = true

  object_lock {
    mode = "GOVERNANCE"
    days = 14
  }

  public_access_block = true
}

aws_vpc "cold" {
  site       = site.cold
  cidr_block = "10.80.0.0/16"
}

aws_subnet "cold" {
  vpc        = aws_vpc.cold
  cidr_block = "10.80.1.0/24"
}

aws_internet_gateway "cold" {
  vpc = aws_vpc.cold
}

aws_route_table "cold" {
  vpc     = aws_vpc.cold
  subnets = [aws_subnet.cold]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.cold
  }
}

aws_security_group "web" {
  vpc         = aws_vpc.cold
  description = "HTTPS from the proxy"

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["173.245.48.0/20", "103.21.244.0/22"]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

aws_key_pair "operators" {
  site       = site.cold
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
}

aws_eip "cold" {
  site   = site.cold
  domain = "vpc"
}

aws_instance "cold" {
  presence            = "failover"
  subnet              = aws_subnet.cold
  ami                 = "ami-0123456789abcdef0"
  instance_type       = "c7i.2xlarge"
  key                 = aws_key_pair.operators
  vpc_security_groups = [aws_security_group.web]
  eip                 = aws_eip.cold

  root_block_device {
    volume_type = "gp3"
    volume_size = 200
    encrypted   = true
  }

  metadata_options {
    http_tokens = "required"
  }
}

output "cold_site" {
  value = aws_eip.cold.public_ip
}
"#;

fn read(text: &str) -> Result<Stack, String> {
    let program = Lab::new(1).read(text)?;
    Ok(Arc::clone(&program).evaluate(&Knowledge::default()).map_err(|found| format!("{found:?}"))?.0)
}

fn refused(text: &str) -> String {
    read(text).err().expect("the stack has an error")
}

fn stack() -> Stack {
    read(STACK).expect("the stack evaluates")
}

#[test]
fn ids_name_the_region_that_a_resource_has_by_its_network() {
    let stack = stack();
    let of = |address: &str| stack.resources.values().find(|one| one.address.as_str() == address).expect("declared");
    let ids = ["aws_subnet.cold", "aws_instance.cold", "aws_eip.cold", "aws_s3_bucket.vault"]
        .map(|one| of(one).id.to_string());
    assert_eq!(
        ids,
        [
            "aws:us-west-2/subnets/cold",
            "aws:us-west-2/instances/cold",
            "aws:us-west-2/addresses/cold",
            "aws:us-west-2/buckets/backups-of-a-product",
        ]
    );
    let group = of("aws_security_group.web");
    assert_eq!((&*group.site, &*group.location), ("cold", "us-west-2"));
    assert_eq!(group.presence, Presence::Permanent);
    assert_eq!(of("aws_instance.cold").presence, Presence::Failover);
    let failover =
        read(&STACK.replace("aws_vpc \"cold\" {", "aws_vpc \"cold\" {\n  presence = \"failover\"")).expect("a stack");
    let with_it = failover.resources.values().filter(|one| one.presence == Presence::Failover);
    let names: Vec<&str> = with_it.map(|one| one.address.as_str()).collect();
    assert_eq!(names.len(), 6, "what lies in a network shares its presence, and a machine has its own: {names:?}");
}

#[test]
fn reference_may_be_an_id_of_aws_and_not_any_text() {
    let with = |subnet: &str| {
        let own = "subnet              = aws_subnet.cold";
        read(&STACK.replace(own, &format!("site = site.cold\n  subnet = {subnet}")))
    };
    assert!(with("\"subnet-0123456789abcdef0\"").is_ok());
    let why = with("\"web\"").err().expect("it is no id");
    assert!(why.contains("subnet"), "{why}");
}

#[test]
fn two_rules_of_one_protocol_and_port_are_one_block() {
    let rule = "  ingress {\n    protocol    = \"tcp\"\n    from_port   = 443\n    to_port     = 443\n    self = true\n  }\n\n  egress {";
    let why = refused(&STACK.replacen("  egress {", rule, 1));
    assert!(
        why.contains("two `ingress` blocks have the same `protocol`, `from_port`, `to_port`, `description`"),
        "{why}"
    );
}

#[test]
fn object_lock_needs_versions_and_a_time() {
    let why = refused(&STACK.replace("  versioning = true\n", ""));
    assert!(why.contains("`object_lock` needs `versioning`"), "{why}");
    let why = refused(&STACK.replace("    days = 14\n", ""));
    assert!(why.contains("`object_lock` has no time"), "{why}");
}

#[test]
fn subnets_of_one_network_share_no_address() {
    let other = "aws_subnet \"other\" {\n  vpc = aws_vpc.cold\n  cidr_block = \"10.80.1.128/25\"\n}\n";
    let why = refused(&format!("{STACK}{other}"));
    assert!(why.contains("10.80.1."), "{why}");
}

#[test]
fn terraform_divides_what_is_one_object_for_a_stack() {
    let emitted = terraform(&stack(), Options::default());
    let all: String =
        emitted.files.iter().filter(|(name, _)| name.ends_with(".tf")).map(|(_, text)| text.as_str()).collect();
    for text in [
        "resource \"aws_route_table_association\" \"cold_1\"",
        "resource \"aws_eip_association\" \"cold\"",
        "resource \"aws_s3_bucket_object_lock_configuration\" \"vault\"",
        "depends_on = [aws_s3_bucket_versioning.vault]",
        "bucket = \"backups-of-a-product\"",
        "key_name               = aws_key_pair.operators.key_name",
        "tags                   = merge(local.tags, { Name = \"cold\" })",
        "instance_id   = aws_instance.cold[0].id",
    ] {
        assert!(all.contains(text), "{text} is not in\n{all}");
    }
}

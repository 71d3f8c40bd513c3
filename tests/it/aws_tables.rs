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

/// Further resources of a cold site, for tests of code in other languages.
const MORE: &str = r##"
aws_kms_key "vault" {
  site = site.cold
}

aws_s3_bucket "logs" {
  site    = site.cold
  kms_key = aws_kms_key.vault
  policy  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:DeleteBucket", Resource = "*" }] })

  lifecycle_rule {
    id     = "old"
    status = "Enabled"

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
}

aws_iam_role "web" {
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
  managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]

  inline_policy {
    name   = "read"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
  }
}

aws_iam_instance_profile "web" {
  role = aws_iam_role.web
}

aws_launch_template "web" {
  site                 = site.cold
  image                = "ami-0123456789abcdef0"
  instance_type        = "c7i.large"
  key                  = aws_key_pair.operators
  vpc_security_groups  = [aws_security_group.web]
  iam_instance_profile = aws_iam_instance_profile.web
  user_data            = "#cloud-config\n"

  block_device_mappings {
    device_name = "/dev/sdf"

    ebs {
      volume_size = 100
      kms_key     = aws_kms_key.vault
    }
  }
}

aws_security_group "peers" {
  vpc = aws_vpc.cold

  ingress {
    protocol        = "tcp"
    from_port       = 5432
    to_port         = 5432
    self            = true
    security_groups = [aws_security_group.web]
  }
}

aws_vpc_endpoint "s3" {
  vpc          = aws_vpc.cold
  service_name = "com.amazonaws.us-west-2.s3"
  route_tables = [aws_route_table.cold]
}

aws_ssm_parameter "manifest" {
  site  = site.cold
  name  = "/cold/manifest"
  type  = "String"
  value = "web"
}

aws_ec2_capacity_reservation "web" {
  site              = site.cold
  instance_type     = "c7i.2xlarge"
  availability_zone = "us-west-2a"
  instance_count    = 1
}

aws_ebs_volume "data" {
  site              = site.cold
  presence          = "failover"
  availability_zone = "us-west-2a"
  size              = 40
  instance          = aws_instance.cold
  device            = "/dev/sdg"
}
"##;

/// A cold site with all that these tables have.
pub fn wide() -> Stack {
    read(&format!("{STACK}{MORE}")).unwrap_or_else(|why| panic!("{why}"))
}

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
        "= aws_key_pair.operators.key_name",
        "= merge(local.tags, { Name = \"cold\" })",
        "instance_id   = aws_instance.cold[0].id",
    ] {
        assert!(all.contains(text), "{text} is not in\n{all}");
    }
}

#[test]
fn cloudformation_has_what_exists_in_peace_time_and_no_machine() {
    let emitted = drplan::providers::aws::cloudformation::emit(&wide()).expect("a template");
    if let Some(folder) = std::env::var_os("CLOUDFORMATION") {
        for (name, text) in &emitted.files {
            std::fs::write(std::path::Path::new(&folder).join(name), text).expect("a file");
        }
    }
    let template: serde_json::Value =
        serde_json::from_str(&emitted.files["us-west-2.template.json"]).expect("a template of JSON");
    let of = |name: &str| &template["Resources"][name];
    assert_eq!(of("VpcCold")["Properties"]["CidrBlock"], "10.80.0.0/16");
    assert_eq!(of("InternetGatewayColdAttachment")["Properties"]["VpcId"]["Ref"], "VpcCold");
    assert_eq!(of("RouteTableColdRoute1")["DependsOn"][0], "InternetGatewayColdAttachment");
    assert_eq!(of("SecurityGroupWeb")["Properties"]["SecurityGroupIngress"].as_array().map(Vec::len), Some(2));
    assert_eq!(of("SecurityGroupPeersOwnIngress1")["Properties"]["GroupId"]["Fn::GetAtt"][0], "SecurityGroupPeers");
    assert_eq!(of("S3BucketVault")["DeletionPolicy"], "Retain");
    assert_eq!(template["Outputs"]["ColdSite"]["Value"]["Fn::GetAtt"][0], "EipCold");
    let is_left = |what: &str| emitted.limitations.iter().any(|one| one.what == what);
    assert!(of("InstanceCold").is_null() && is_left("aws_instance.cold") && is_left("aws_ebs_volume.data"));
}

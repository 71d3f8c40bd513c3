//! A network, an address, a bucket, a key and a machine at two regions of AWS: creation, changes, lost answers, and
//! objects that somebody else has made.

use drplan::kinds::mark::is_mark;
use drplan::object::{Object, ObjectId};
use drplan::providers::aws::TABLES;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::state::Status;
use drplan::world::{Cloud as _, Store as _};
use serde_json::{Value as Json, json};

use crate::adopt::{adopt_lists, is_whole};
use crate::lab::{Lab, changes, failures, simulated};

const STACK: &str = r#"
stack "hosted" {
  tags = { product = "saas" }

  objectives {
    rto = "30m"
  }
}

site "main" {
  provider = "aws"
  location = "eu-west-1"
}

site "standby" {
  provider = "aws"
  location = "us-west-2"
}

aws_vpc "main" {
  site       = site.main
  cidr_block = "10.10.0.0/16"
}

aws_subnet "main" {
  vpc               = aws_vpc.main
  cidr_block        = "10.10.1.0/24"
  availability_zone = "eu-west-1a"
}

aws_internet_gateway "main" {
  vpc = aws_vpc.main
}

aws_route_table "main" {
  vpc     = aws_vpc.main
  subnets = [aws_subnet.main]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.main
  }
}

aws_security_group "web" {
  vpc         = aws_vpc.main
  description = "HTTPS"

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
    self        = true
  }
}

aws_key_pair "ops" {
  site       = site.main
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"
}

aws_eip "web" {
  site = site.main
}

aws_kms_key "disks" {
  site = site.main
}

aws_launch_template "web" {
  site          = site.main
  instance_type = "m7i.large"

  metadata_options {
    http_tokens = "required"
  }
}

aws_ebs_volume "data" {
  site              = site.main
  availability_zone = "eu-west-1a"
  size              = 40
  encrypted         = true
  kms_key           = aws_kms_key.disks
}

aws_ebs_snapshot "data" {
  volume = aws_ebs_volume.data
}

aws_s3_bucket "drplan-test-vault" {
  site       = site.standby
  versioning = true
}

aws_instance "web" {
  subnet              = aws_subnet.main
  ami                 = "ami-0123456789abcdef0"
  instance_type       = "m7i.large"
  key                 = aws_key_pair.ops
  vpc_security_groups = [aws_security_group.web]
  eip                 = aws_eip.web
  user_data           = "echo web"

  root_block_device {
    volume_size = 20
    encrypted   = true
  }
}
"#;

const MACHINE: &str = "aws:eu-west-1/instances/web";

fn body(lab: &Lab, id: &str) -> Json {
    lab.simulator.body(&ObjectId::new(id)).unwrap_or_else(|| panic!("{id} does not exist"))
}

/// The object as a client reads it.
async fn read(lab: &Lab, id: &str) -> Json {
    let object = Object::whole(ObjectId::new(id), "2026-10-20");
    let found = lab.cloud.get(&object).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    found.unwrap_or_else(|| panic!("{id} does not exist")).body
}

/// The bodies of the objects of a type that exist in the world.
fn of_word(lab: &Lab, word: &str) -> Vec<Json> {
    let is_one = |id: &ObjectId| id.as_str().contains(&format!("/{word}/"));
    let ended = |body: &Json| body.pointer("/State/Name").is_some_and(|state| state == "terminated");
    let all = lab.simulator.show().objects.into_iter();
    all.filter(|(id, body)| is_one(id) && !ended(body)).map(|(_, body)| body).collect()
}

async fn applied(lab: &Lab, text: &str) {
    failures(&lab.apply(text).await.unwrap(), "apply").unwrap();
    assert_eq!(changes(&lab.plan(text, false).await.0), Vec::<String>::new());
}

#[test]
fn resources_come_and_change() {
    simulated(async {
        let lab = Lab::new(7);
        applied(&lab, STACK).await;
        let machine = body(&lab, MACHINE);
        let tags = machine["Tags"].to_string();
        for part in [r#""Key":"Name","Value":"web""#, r#""Key":"product","Value":"saas""#, "drplan-lineage"] {
            assert!(tags.contains(part), "{tags}");
        }
        let address = read(&lab, "aws:eu-west-1/addresses/web").await;
        assert_eq!(read(&lab, MACHINE).await["PublicIp"], address["PublicIp"]);

        // Type, rules, routes, the size of a volume, a tag: all of it in place.
        let changed = STACK.replace("m7i.large", "m7i.xlarge").replace("volume_size = 20", "volume_size = 40");
        let changed = changed.replace("[\"173.245.48.0/20\", \"103.21.244.0/22\"]", "[\"0.0.0.0/0\"]");
        let changed = changed.replace("cidr_block = \"0.0.0.0/0\"", "ipv6_cidr_block = \"::/0\"");
        let changed = changed.replace("[aws_subnet.main]\n\n", "[]\n\n").replace("product = \"saas\"", "team = \"a\"");
        applied(&lab, &changed).await;
        let after = read(&lab, MACHINE).await;
        assert_eq!(after["InstanceId"], machine["InstanceId"], "the machine is the same one");
        assert_eq!((&after["InstanceType"], &after["State"]["Name"]), (&json!("m7i.xlarge"), &json!("running")));
        assert_eq!((&after["RootBlockDevice"]["VolumeSize"], &after["tags"]["team"]), (&json!(40), &json!("a")));
        assert_eq!(after["tags"].get("product"), None);
        assert_eq!(after["PublicIp"], address["PublicIp"], "the address stays");
        let table = read(&lab, "aws:eu-west-1/route-tables/main").await;
        let route =
            json!([{ "DestinationIpv6CidrBlock": "::/0", "GatewayId": "aws:eu-west-1/internet-gateways/main" }]);
        assert_eq!((&table["Routes"], &table["SubnetIds"]), (&route, &json!([])));
        let group = read(&lab, "aws:eu-west-1/security-groups/web").await;
        assert_eq!(group["SecurityGroupIngress"].as_array().map(Vec::len), Some(1), "{group}");
        let template = read(&lab, "aws:eu-west-1/launch-templates/web").await;
        assert_eq!((&template["LatestVersionNumber"], &template["DefaultVersionNumber"]), (&json!(2), &json!(2)));

        // What AWS cannot change needs another machine.
        let other = changed.replace("    encrypted   = true\n  }\n}\n", "    encrypted   = false\n  }\n}\n");
        applied(&lab, &other).await;
        assert_ne!(read(&lab, MACHINE).await["InstanceId"], machine["InstanceId"]);
    });
}

/// The number of objects of each type that the stack has.
fn counted(lab: &Lab) {
    for (word, count) in [
        ("vpcs", 1),
        ("subnets", 1),
        ("internet-gateways", 1),
        ("instances", 1),
        ("addresses", 1),
        // That of the stack, and that of the machine.
        ("volumes", 2),
        ("snapshots", 1),
        ("launch-templates", 1),
        ("keys", 1),
        ("buckets", 1),
    ] {
        let all = of_word(lab, word);
        assert_eq!(all.len(), count, "{word}: {all:#?}");
    }
    let versions = of_word(lab, "launch-templates").first().map(|template| template["LatestVersionNumber"].clone());
    assert_eq!(versions, Some(json!(1)));
}

#[test]
fn lost_answers_make_nothing_twice() {
    for when in [Moment::Before, Moment::After] {
        simulated(async {
            let lab = Lab::new(7);
            let on = RequestMatch {
                provider: Some("aws".to_owned()),
                verb: Some(HttpMethod::Post),
                times: Some(40),
                ..RequestMatch::default()
            };
            lab.simulator.add_fault(Fault::Drop { when, on }).unwrap();
            applied(&lab, STACK).await;
            let state = lab.store.load().unwrap().expect("a state");
            assert!(state.resources.values().all(|one| one.status == Status::Standing));
            counted(&lab);
        });
    }
}

/// Answers are lost at random during several applies; each goes on where the one before has failed.
#[test]
fn answers_lost_at_any_time_make_nothing_twice() {
    for (seed, when) in [(7, Moment::Before), (8, Moment::After), (9, Moment::After)] {
        simulated(async {
            let lab = Lab::new(seed);
            let on = RequestMatch {
                provider: Some("aws".to_owned()),
                verb: Some(HttpMethod::Post),
                probability: Some(0.3),
                ..RequestMatch::default()
            };
            lab.simulator.add_fault(Fault::Drop { when, on }).unwrap();
            for _ in 0..3 {
                lab.apply(STACK).await.unwrap();
            }
            lab.simulator.clear_faults().unwrap();
            applied(&lab, STACK).await;
            counted(&lab);
        });
    }
}

/// Takes the marks of drplan from everything in the world, as if somebody else had made it.
fn disown(lab: &Lab) {
    for (id, body) in lab.simulator.show().objects {
        let kept = match &body["Tags"] {
            Json::Array(tags) => tags.iter().filter(|tag| !tag["Key"].as_str().is_some_and(is_mark)).cloned().collect(),
            _ => continue,
        };
        lab.simulator.edit(&id, "Tags", kept).unwrap();
    }
}

#[test]
fn objects_without_marks_are_imported_with_the_references_between_them() {
    simulated(async {
        let mut lab = Lab::new(7);
        applied(&lab, &STACK.replace("eu-west-1", "af-south-1")).await;
        disown(&lab);
        let adopted = adopt_lists(&mut lab, &TABLES).await.unwrap();
        for part in
            ["= aws_vpc.main", "= aws_subnet.main", "aws_security_group.web", "aws_eip.web", "aws_kms_key.disks"]
        {
            assert!(adopted.text.contains(part), "{part} is not in {}", adopted.text);
        }
        is_whole(&lab, &adopted).await.unwrap();
        // A write marks what it changes, which changes no reference.
        let changed = adopted.text.replace("\"saas\"", "\"other\"");
        assert_ne!(changed, adopted.text);
        applied(&lab, &changed).await;
    });
}

#[test]
fn id_that_aws_gave_a_named_object_is_refused_with_the_id_to_write() {
    simulated(async {
        let lab = Lab::new(7);
        applied(&lab, STACK).await;
        let group = body(&lab, "aws:eu-west-1/security-groups/web")["GroupId"].as_str().unwrap().to_owned();
        let given = STACK.replace("[aws_security_group.web]", &format!("[\"{group}\"]"));
        let why = failures(&lab.apply(&given).await.unwrap(), "apply").unwrap_err();
        assert!(why.contains("`aws:eu-west-1/security-groups/web`. Write that instead"), "{why}");
    });
}

/// AWS keeps the alias of a key that somebody has deleted, and knows the request that has made it.
#[test]
fn key_that_somebody_deleted_comes_back_under_its_alias() {
    const KEY: &str = "stack \"k\" {}\n\nsite \"main\" {\n  provider = \"aws\"\n  location = \"eu-west-1\"\n}\n\n\
        aws_kms_key \"disks\" {\n  site = site.main\n}\n";
    simulated(async {
        let lab = Lab::new(7);
        applied(&lab, KEY).await;
        let first = read(&lab, "aws:eu-west-1/keys/disks").await["KeyId"].clone();
        let objects = lab.simulator.show().objects;
        let key = objects.keys().find(|id| id.as_str().contains("/keys/")).unwrap();
        lab.simulator.delete_object(key).unwrap();
        applied(&lab, KEY).await;
        assert_ne!(read(&lab, "aws:eu-west-1/keys/disks").await["KeyId"], first);
    });
}

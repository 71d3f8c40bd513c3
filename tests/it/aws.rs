//! A network, an address, a bucket and a machine at two regions of AWS: creation, changes, and lost answers.

use drplan::object::ObjectId;
use drplan::simulator::{Fault, HttpMethod, Moment, RequestMatch};
use drplan::state::Status;
use drplan::world::Store as _;
use serde_json::Value as Json;

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

#[test]
fn resources_come_and_change() {
    simulated(async {
        let lab = Lab::new(7);
        failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        let machine = body(&lab, MACHINE);
        let tags = machine["Tags"].to_string();
        for part in [r#""Key":"Name","Value":"web""#, r#""Key":"product","Value":"saas""#, "drplan-lineage"] {
            assert!(tags.contains(part), "{tags}");
        }

        // Type, rules, routes, the size of a volume.
        let changed = STACK.replace("m7i.large", "m7i.xlarge").replace("volume_size = 20", "volume_size = 40");
        let changed = changed.replace("[\"173.245.48.0/20\", \"103.21.244.0/22\"]", "[\"0.0.0.0/0\"]");
        let changed = changed.replace("cidr_block = \"0.0.0.0/0\"", "ipv6_cidr_block = \"::/0\"");
        let changed = changed.replace("[aws_subnet.main]\n\n", "[]\n\n");
        failures(&lab.apply(&changed).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(&changed, false).await.0), Vec::<String>::new());
        assert_eq!(body(&lab, MACHINE)["InstanceType"], "m7i.xlarge");
    });
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
            failures(&lab.apply(STACK).await.unwrap(), "apply").unwrap();
            assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
            let state = lab.store.load().unwrap().expect("a state");
            assert!(state.resources.values().all(|one| one.status == Status::Standing));
            let objects = lab.simulator.show().objects;
            let words = ["vpcs", "subnets", "internet-gateways", "instances", "addresses", "volumes", "buckets"];
            for word in words {
                let is_one = |id: &&ObjectId| id.as_str().contains(&format!("/{word}/"));
                assert_eq!(objects.keys().filter(is_one).count(), 1, "{word}: {objects:#?}");
            }
        });
    }
}

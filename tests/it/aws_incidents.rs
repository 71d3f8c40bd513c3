//! A machine at AWS in bad hours: kills after any entry, no capacity, refused and late requests, and addresses that are
//! given away.

use std::collections::BTreeMap;
use std::time::Duration;

use drplan::kinds::mark::is_mark;
use drplan::object::{Object, ObjectId};
use drplan::simulator::{Fault, HttpMethod, Request, RequestMatch};
use drplan::world::{Clock as _, Cloud as _};
use serde_json::Value as Json;
use url::Url;

use crate::lab::{Lab, changes, failures, in_parallel, simulated};

const STACK: &str = r#"
stack "hosted" {}

site "main" {
  provider = "aws"
  location = "eu-west-1"
}

aws_vpc "web" {
  site       = site.main
  cidr_block = "10.10.0.0/16"
}

aws_subnet "a" {
  vpc               = aws_vpc.web
  cidr_block        = "10.10.1.0/24"
  availability_zone = "eu-west-1a"
}

aws_subnet "b" {
  vpc               = aws_vpc.web
  cidr_block        = "10.10.2.0/24"
  availability_zone = "eu-west-1b"
}

aws_internet_gateway "web" {
  vpc = aws_vpc.web
}

aws_security_group "web" {
  vpc = aws_vpc.web

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
}

aws_instance "web" {
  subnet                      = aws_subnet.a
  ami                         = "ami-0123456789abcdef0"
  instance_type               = "m7i.large"
  vpc_security_groups         = [aws_security_group.web]
  associate_public_ip_address = true
}

aws_eip "web" {
  site     = site.main
  instance = aws_instance.web
}

aws_ebs_volume "data" {
  site              = site.main
  availability_zone = "eu-west-1a"
  size              = 40
  instance          = aws_instance.web
  device            = "/dev/sdf"
}

aws_s3_bucket "manifests" {
  site   = site.main
  bucket = "manifests-of-a-product"
}

aws_s3_object "web" {
  bucket  = aws_s3_bucket.manifests
  key     = "web.json"
  content = "{}"
}
"#;

/// Everything that bears the mark of the stack after an apply, by type and name.
const MARKED: [&str; 9] = [
    "addresses/web",
    "buckets/manifests-of-a-product",
    "instances/web",
    "internet-gateways/web",
    "security-groups/web",
    "subnets/a",
    "subnets/b",
    "volumes/data",
    "vpcs/web",
];

/// The objects with the mark of a stack, as a sweep by tag finds them. A machine that has ended is none.
fn swept(lab: &Lab) -> Vec<String> {
    let mut found = Vec::new();
    for (id, body) in lab.simulator.show().objects {
        let tags: Vec<&Json> = body["Tags"].as_array().into_iter().flatten().collect();
        let is_ended = body.pointer("/State/Name").is_some_and(|state| state == "terminated");
        if is_ended || !tags.iter().any(|tag| tag["Key"].as_str().is_some_and(is_mark)) {
            continue;
        }
        let tag = tags.iter().find(|tag| tag["Key"] == "Name").map(|tag| &tag["Value"]);
        let own = ["GroupName", "BucketName"].iter().find_map(|name| body.get(*name));
        let name = tag.or(own).and_then(Json::as_str).unwrap_or_else(|| panic!("{id} has no name: {body}"));
        found.push(format!("{}/{name}", id.as_str().split('/').nth(1).unwrap_or_default()));
    }
    found.sort();
    found
}

async fn run(lab: &Lab, destroys: bool) -> Result<(), String> {
    let done = if destroys { lab.destroy(STACK).await } else { lab.apply(STACK).await };
    failures(&done.map_err(|error| error.to_string())?, "run")
}

/// Kills a run after each of its entries, and finishes it.
fn killed_after_any_entry(destroys: bool) {
    let (begun, now) = simulated(async {
        let lab = Lab::new(7);
        if destroys {
            run(&lab, false).await.unwrap();
        }
        let now = lab.clock.now();
        (lab, now)
    });
    let entries = simulated(async {
        let lab = begun.fork(now);
        let before = lab.store.entries().len();
        run(&lab, destroys).await.unwrap();
        lab.store.entries().len() - before
    });
    assert!(entries > 20, "{entries}");
    let wrong = in_parallel(0..entries as u64, |cut| {
        simulated(async {
            let lab = begun.fork(now);
            lab.store.stop_after(cut as usize);
            if run(&lab, destroys).await.is_ok() {
                return vec![format!("{cut}: the run was not killed")];
            }
            lab.store.go_on();
            if let Err(why) = run(&lab, destroys).await {
                return vec![format!("{cut} of {entries}: {why}")];
            }
            let left = changes(&lab.plan(STACK, destroys).await.0);
            let found = swept(&lab);
            let is_whole = if destroys { found.is_empty() } else { found == MARKED };
            if left.is_empty() && is_whole {
                Vec::new()
            } else {
                vec![format!("{cut} of {entries}: {left:?} {found:?}")]
            }
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn apply_killed_after_any_entry_makes_nothing_twice() {
    killed_after_any_entry(false);
}

#[test]
fn destroy_killed_after_any_entry_leaves_nothing() {
    killed_after_any_entry(true);
}

fn object(id: &str) -> Object {
    Object::whole(ObjectId::new(id), "2026-10-20")
}

const MACHINE: &str = "aws:eu-west-1/instances/web";

/// The own public address of a machine is gone while it is stopped, or has another one.
#[test]
fn machine_keeps_its_wish_for_a_public_address_while_it_has_none() {
    simulated(async {
        let lab = Lab::new(7);
        run(&lab, false).await.unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new(), "it has the address of `aws_eip`");
        let alone = STACK.replace("  instance = aws_instance.web\n}", "}");
        failures(&lab.apply(&alone).await.unwrap(), "apply").unwrap();
        assert_eq!(changes(&lab.plan(&alone, false).await.0), Vec::<String>::new(), "AWS lends it another one");
        lab.cloud.post(&object(MACHINE), "stop", &[], None).await.unwrap();
        let (planned, _) = lab.plan(&alone, false).await;
        assert_eq!(changes(&planned), Vec::<String>::new());
        assert!(planned.plan.drift.is_empty(), "{:?}", planned.plan.drift);
    });
}

#[test]
fn machine_without_capacity_starts_in_another_zone_or_as_another_type() {
    for (late, from, to) in [
        (false, "subnet                      = aws_subnet.a", "subnet                      = aws_subnet.b"),
        (false, "m7i.large", "m7i.xlarge"),
        (true, "m7i.large", "m7i.xlarge"),
    ] {
        simulated(async {
            let lab = Lab::new(7);
            let text =
                STACK.replace("  instance          = aws_instance.web\n  device            = \"/dev/sdf\"\n", "");
            let (location, size) = ("eu-west-1a".to_owned(), "m7i.large".to_owned());
            lab.simulator.add_fault(Fault::Capacity { location, size, late, instances: None }).unwrap();
            let why = failures(&lab.apply(&text).await.unwrap(), "apply").unwrap_err();
            assert!(why.contains("InsufficientInstanceCapacity"), "{why}");
            let other = text.replace(from, to);
            assert_ne!(other, text);
            failures(&lab.apply(&other).await.unwrap(), "apply").unwrap();
            assert_eq!(changes(&lab.plan(&other, false).await.0), Vec::<String>::new());
            assert_eq!(swept(&lab), MARKED);
        });
    }
}

/// The stack with other zones and types for its machine, whose volume then cannot follow.
fn with_fallbacks() -> String {
    let text = STACK.replace("  instance          = aws_instance.web\n  device            = \"/dev/sdf\"\n", "");
    let own = "  instance_type               = \"m7i.large\"\n";
    let more = "  fallback_types              = [\"m7i.xlarge\", \"c7i.xlarge\"]\n  \
                fallback_subnets            = [aws_subnet.b]\n";
    text.replace(own, &format!("{own}{more}"))
}

/// No capacity for this type in this zone.
fn without_capacity(lab: &Lab, zone: &str, size: &str, late: bool) {
    let (location, size) = (zone.to_owned(), size.to_owned());
    lab.simulator.add_fault(Fault::Capacity { location, size, late, instances: None }).unwrap();
}

/// The type and the zone of the machine.
fn made_as(lab: &Lab) -> Vec<(String, String)> {
    let text = |body: &Json, name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let objects = lab.simulator.show().objects.into_iter();
    let machines = objects.filter(|(id, body)| {
        id.as_str().contains("/instances/") && body.pointer("/State/Name").is_some_and(|state| state != "terminated")
    });
    machines.map(|(_, body)| (text(&body, "InstanceType"), text(&body, "AvailabilityZone"))).collect()
}

#[test]
fn machine_without_capacity_takes_the_next_zone_and_then_the_next_type_of_the_stack() {
    let (a, b) = ("eu-west-1a", "eu-west-1b");
    for late in [false, true] {
        simulated(async {
            let lab = Lab::new(7);
            let text = with_fallbacks();
            without_capacity(&lab, a, "m7i.large", late);
            without_capacity(&lab, b, "m7i.large", late);
            without_capacity(&lab, a, "m7i.xlarge", late);
            failures(&lab.apply(&text).await.unwrap(), "apply").unwrap();
            assert_eq!(made_as(&lab), [("m7i.xlarge".to_owned(), b.to_owned())], "late: {late}");
            let said = lab.store.entries().iter().map(|entry| format!("{entry:?}")).collect::<String>();
            for tried in ["m7i.large in aws_subnet.a: m7i.large in aws_subnet.b", "m7i.xlarge in aws_subnet.b is tried"]
            {
                assert!(said.contains(tried), "{tried}");
            }
            let (planned, _) = lab.plan(&text, false).await;
            assert_eq!(changes(&planned), Vec::<String>::new());
            assert!(planned.plan.drift.is_empty(), "{:?}", planned.plan.drift);
            assert_eq!(swept(&lab), MARKED);

            // Another change leaves the machine where it is, and without the lists it is not what the stack says.
            let tagged = text.replace("  vpc_security_groups ", "  tags = { team = \"a\" }\n  vpc_security_groups ");
            failures(&lab.apply(&tagged).await.unwrap(), "apply").unwrap();
            assert_eq!(made_as(&lab), [("m7i.xlarge".to_owned(), b.to_owned())]);
            assert!(!changes(&lab.plan(&STACK.replace("m7i.large", "m7i.2xlarge"), false).await.0).is_empty());
        });
    }
}

#[test]
fn machine_without_any_capacity_is_refused_as_before() {
    simulated(async {
        let lab = Lab::new(7);
        for size in ["m7i.large", "m7i.xlarge", "c7i.xlarge"] {
            without_capacity(&lab, "eu-west-1", size, false);
        }
        let why = failures(&lab.apply(&with_fallbacks()).await.unwrap(), "apply").unwrap_err();
        assert!(why.contains("InsufficientInstanceCapacity"), "{why}");
        assert_eq!(made_as(&lab), []);
    });
}

#[test]
fn machine_of_another_type_is_made_once_whatever_the_kill() {
    let begun = || {
        let lab = Lab::new(7);
        without_capacity(&lab, "eu-west-1a", "m7i.large", false);
        without_capacity(&lab, "eu-west-1b", "m7i.large", false);
        lab
    };
    let text = with_fallbacks();
    let entries = simulated(async {
        let lab = begun();
        failures(&lab.apply(&text).await.unwrap(), "apply").unwrap();
        lab.store.entries().len()
    });
    let wrong = in_parallel(0..entries as u64, |cut| {
        simulated(async {
            let lab = begun();
            lab.store.stop_after(cut as usize);
            if lab.apply(&text).await.is_ok_and(|done| failures(&done, "apply").is_ok()) {
                return vec![format!("{cut}: the run was not killed")];
            }
            lab.store.go_on();
            // Capacity comes back, and the machine stays what it is if it was made before.
            let before = made_as(&lab);
            lab.simulator.clear_faults().unwrap();
            let ended = lab.apply(&text).await.map_err(|error| error.to_string());
            if let Err(why) = ended.and_then(|done| failures(&done, "apply")) {
                return vec![format!("{cut} of {entries}: {why}")];
            }
            let (now, left) = (made_as(&lab), changes(&lab.plan(&text, false).await.0));
            let stays = now.len() == 1 && (before.is_empty() || before == now);
            if stays && left.is_empty() { Vec::new() } else { vec![format!("{cut}: {before:?} {now:?} {left:?}")] }
        })
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reads that follow writes by up to a minute, and requests beyond the limits.
#[test]
fn late_reads_and_refused_requests_make_nothing_twice() {
    simulated(async {
        let lab = Lab::new(7);
        lab.simulator.add_fault(Fault::Stale { seconds: 60.0 }).unwrap();
        let on = RequestMatch { provider: Some("aws".to_owned()), probability: Some(0.2), ..RequestMatch::default() };
        lab.simulator.add_fault(Fault::Answer { status: 429, code: None, retry_after: None, on }).unwrap();
        run(&lab, false).await.unwrap();
        lab.simulator.clear_faults().unwrap();
        assert_eq!(changes(&lab.plan(STACK, false).await.0), Vec::<String>::new());
        assert_eq!(swept(&lab), MARKED);
    });
}

/// The status of the answer to an address, and its body.
fn fetched(lab: &Lab, verb: HttpMethod, address: &str, body: &str) -> (u16, String) {
    let url: Url = address.parse().unwrap();
    let host = url.host_str().unwrap_or_default().to_owned();
    let answer = lab.simulator.handle(&Request {
        verb,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: BTreeMap::from([("host".to_owned(), host)]),
        body: Ok(None),
        bytes: body.to_owned().into(),
    });
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[test]
fn address_of_an_object_is_valid_as_it_was_signed_until_it_expires() {
    simulated(async {
        let lab = Lab::new(7);
        run(&lab, false).await.unwrap();
        let at = object("aws:eu-west-1/buckets/manifests-of-a-product/objects/web.json");
        let signed = async |method: &'static str| {
            let query = [("seconds", "600"), ("method", method)];
            lab.cloud.post(&at, "presign", &query, None).await.unwrap()["url"].as_str().unwrap().to_owned()
        };
        let (read, write) = (signed("GET").await, signed("PUT").await);
        assert_eq!(fetched(&lab, HttpMethod::Get, &read, ""), (200, "{}".to_owned()));
        assert_eq!(fetched(&lab, HttpMethod::Put, &write, "{\"restored\":true}").0, 200);
        assert_eq!(fetched(&lab, HttpMethod::Get, &read, "").1, "{\"restored\":true}");
        for (verb, url) in [
            (HttpMethod::Put, read.clone()),
            (HttpMethod::Get, write.clone()),
            (HttpMethod::Get, read.replace("web.json", "other.json")),
            (HttpMethod::Get, read.replace("Expires=600", "Expires=6000")),
            (HttpMethod::Get, format!("{read}&versionId=null")),
        ] {
            let (status, text) = fetched(&lab, verb, &url, "");
            assert!(status == 403 && text.contains("SignatureDoesNotMatch"), "{url}: {status} {text}");
        }
        lab.clock.sleep(Duration::from_secs(601)).await;
        let (status, text) = fetched(&lab, HttpMethod::Get, &read, "");
        assert!(status == 403 && text.contains("expired"), "{status} {text}");
    });
}

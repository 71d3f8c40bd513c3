//! The client of AWS against moto, a simulator by others: that requests are encoded, and answers read, as another
//! implementation of AWS's services does it.
//!
//! Runs on request (`DRPLAN_MOTO=1`): a pinned version is installed once into `target/moto`. moto has no Cloud Control,
//! so that what goes through it is made beforehand by AWS's own library for Python. It knows neither tokens nor
//! dependencies, so that nothing here is about repetition or order.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use drplan::host::{SeededIds, SimClock};
use drplan::object::{Object, ObjectId};
use drplan::sight::Phase;
use drplan::wire::{HttpBackend, Reach};
use drplan::world::{Cloud, NoNotices, WriteCondition};
use serde_json::{Value as Json, json};

/// The version of moto.
const VERSION: &str = "5.2.5";
/// Makes what goes through Cloud Control, with the mark of a stack, and prints the id of an image.
const SETUP: &str = r#"
import boto3, sys
region = "eu-west-1"
tags = [{"Key": "Name", "Value": "web"}, {"Key": "drplan-lineage", "Value": "l-1"}]
ec2 = boto3.client("ec2", region, endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="b")
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])["Vpc"]["VpcId"]
ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=[{"ResourceType": "subnet", "Tags": tags}])
ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc,
                          TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}])
ec2.import_key_pair(KeyName="ops", PublicKeyMaterial=b"ssh-ed25519 "
                    b"AAAAC3NzaC1lZDI1NTE5AAAAIE8oXEUBWvFwC7Hm6VfxSrJRt0JnBNDbFCkNVVMGYh4r example")
place = {"LocationConstraint": region}
for service, make in (("s3", lambda c: c.create_bucket(Bucket="vault", CreateBucketConfiguration=place)),
                      ("route53", lambda c: c.create_hosted_zone(Name="example.com", CallerReference="1"))):
    make(boto3.client(service, region, endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="b"))
print(ec2.describe_images()["Images"][0]["ImageId"])
"#;

/// moto in another process, which ends with this value.
struct Moto(Child, String);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder of moto's programs, installed if missing.
pub fn programs() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/moto").join(VERSION);
    let bin = home.join("bin");
    if !bin.join("moto_server").exists() {
        let ran = |command: &mut Command| {
            assert!(command.status().expect("the command runs").success(), "{command:?}");
        };
        ran(Command::new("python3").arg("-m").arg("venv").arg(&home));
        ran(Command::new(bin.join("pip")).args(["install", "--quiet", &format!("moto[server]=={VERSION}")]));
    }
    bin
}

async fn begin(bin: &std::path::Path) -> Moto {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let server = Command::new(bin.join("moto_server")).args(["-H", "127.0.0.1", "-p", &port.to_string()]).spawn();
    let moto = Moto(server.expect("moto runs"), format!("http://127.0.0.1:{port}"));
    for _ in 0..300 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return moto;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("moto does not answer");
}

/// A client of moto at this address.
pub async fn client(address: &str) -> Arc<dyn Cloud> {
    let network = HttpBackend::client().expect("a client");
    let variables = [
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let environment: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let reach = Reach {
        wire: HttpBackend::Net(network.clone()),
        network: Some(network),
        environment,
        workstation: None,
        entrances: None,
        clock: Arc::new(SimClock::sped(jiff::Timestamp::now(), 10)),
        ids: Arc::new(SeededIds::new(1)),
        notices: Arc::new(NoNotices),
    };
    drplan::providers::aws::client::connect(reach).await.expect("a connection")
}

fn object(id: &str) -> Object {
    Object::whole(ObjectId::new(id), "2026-10-20")
}

/// Writes an object, reads it, and writes what was read, which changes nothing.
async fn put(cloud: &dyn Cloud, id: &str, body: Json) -> Json {
    let object = object(id);
    let made = cloud.put(&object, &body, WriteCondition::Always).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    let read = cloud.get(&object).await.unwrap().unwrap_or_else(|| panic!("{id} does not exist"));
    assert_eq!((&read.body, &read.phase), (&made.body, &Phase::Settled), "{id}");
    let condition = read.version.as_ref().map_or(WriteCondition::Always, WriteCondition::Unchanged);
    let again = cloud.put(&object, &read.body, condition).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(again.body, read.body, "{id}");
    for (name, value) in body.as_object().unwrap() {
        // moto shows neither the source of a copied image nor the tags with which the copy was requested.
        let is_copy = id.contains("/images/") && name.starts_with("Source");
        let is_hidden = is_copy || ["RootBlockDevice", "NoReboot"].contains(&name.as_str());
        assert!(is_hidden || read.body.get(name) == Some(value), "{id}: {name} is {:?}", read.body.get(name));
    }
    read.body
}

fn body(location: &str, own: Json) -> Json {
    let mut body = json!({ "location": location, "tags": { "team": "a b", "drplan-lineage": "l-1" } });
    own.as_object().unwrap().iter().for_each(|(name, value)| body[name.as_str()] = value.clone());
    body
}

#[test]
fn native_requests_and_answers_are_those_of_another_implementation() {
    if std::env::var_os("DRPLAN_MOTO").is_none() {
        crate::skipped("the client of AWS was NOT run against moto; set DRPLAN_MOTO=1 to run it");
        return;
    }
    let bin = programs();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let moto = begin(&bin).await;
        let setup = Command::new(bin.join("python")).args(["-c", SETUP, &moto.1]).output().expect("Python runs");
        assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
        let image = String::from_utf8(setup.stdout).unwrap().trim().to_owned();
        let cloud = client(&moto.1).await;
        let own = |own: Json| body("eu-west-1", own);
        let at = |word: &str| format!("aws:eu-west-1/{word}");

        let identity = cloud.get_with(&object(&at("identity")), &[]).await.unwrap().unwrap();
        assert_eq!(identity["Account"], "123456789012");
        assert_eq!(cloud.get_with(&object(&at("dry-run")), &[]).await.unwrap(), Some(json!({ "allowed": true })));
        cloud.answers(&object(&at("instances"))).await.unwrap();

        // An address, a template, and a machine of both; another type restarts it.
        let address = put(&*cloud, &at("addresses/web"), own(json!({ "Domain": "vpc" }))).await;
        let data = json!({ "InstanceType": "t3.small", "KeyName": at("key-pairs/ops"),
            "BlockDeviceMappings": [{ "DeviceName": "/dev/sdg", "Ebs": { "VolumeSize": 9 } }] });
        let template = own(json!({ "LaunchTemplateData": { "InstanceType": "t3.micro" } }));
        put(&*cloud, &at("launch-templates/web"), template).await;
        let template = put(&*cloud, &at("launch-templates/web"), own(json!({ "LaunchTemplateData": data }))).await;
        assert_eq!(template["DefaultVersionNumber"], template["LatestVersionNumber"]);
        let wanted = own(json!({
            "ImageId": image,
            "InstanceType": "t3.micro",
            "SubnetId": at("subnets/web"),
            "SecurityGroupIds": [at("security-groups/web")],
            "KeyName": at("key-pairs/ops"),
            "AllocationId": at("addresses/web"),
            "UserData": "IyEvYmluL3NoCg==",
            "RootBlockDevice": { "VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": true },
            "SourceDestCheck": true,
        }));
        let machine = put(&*cloud, &at("instances/web"), wanted.clone()).await;
        assert_eq!((&machine["PublicIp"], &machine["State"]["Name"]), (&address["PublicIp"], &json!("running")));
        let mut changed = wanted.clone();
        changed["InstanceType"] = json!("t3.large");
        changed["SourceDestCheck"] = json!(false);
        changed["tags"] = json!({ "drplan-lineage": "l-1" });
        let machine = put(&*cloud, &at("instances/web"), changed).await;
        assert_eq!((&machine["InstanceType"], &machine["State"]["Name"]), (&json!("t3.large"), &json!("running")));
        for (action, state) in [("stop", "stopped"), ("start", "running")] {
            let after = cloud.post(&object(&at("instances/web")), action, &[], None).await.unwrap();
            assert_eq!(after["State"]["Name"], state);
        }

        // A volume that moves and grows, its snapshot, and copies of it and of the machine elsewhere.
        let zone = machine["AvailabilityZone"].clone();
        let volume = |size: u32, attachment: Json| {
            let mut wanted = own(json!({ "AvailabilityZone": zone, "Size": size, "VolumeType": "gp3" }));
            if attachment.is_object() {
                wanted["Attachment"] = attachment;
            }
            wanted
        };
        let attached = json!({ "InstanceId": at("instances/web"), "Device": "/dev/sdf" });
        put(&*cloud, &at("volumes/data"), volume(8, attached)).await;
        put(&*cloud, &at("volumes/data"), volume(16, Json::Null)).await;
        let snapshot = own(json!({ "VolumeId": at("volumes/data"), "Description": "before" }));
        put(&*cloud, &at("snapshots/data"), snapshot).await;
        let copy =
            json!({ "SourceSnapshotId": at("snapshots/data"), "SourceRegion": "eu-west-1", "Description": "copy" });
        put(&*cloud, "aws:us-west-2/snapshots/data", body("us-west-2", copy)).await;
        put(&*cloud, &at("images/web"), own(json!({ "InstanceId": at("instances/web"), "NoReboot": true }))).await;
        let copy = json!({ "SourceImageId": at("images/web"), "SourceRegion": "eu-west-1", "Description": "copy" });
        put(&*cloud, "aws:us-west-2/images/web", body("us-west-2", copy)).await;
        let images = cloud.get_with(&object(&at("images")), &[("name", "w*")]).await.unwrap().unwrap();
        assert_eq!(images["images"][0]["Name"], "web");
        let tagged = cloud.get_with(&object(&at("tagged")), &[("drplan-lineage", "l-1")]).await.unwrap().unwrap();
        assert!(tagged["names"].as_array().unwrap().len() >= 5, "{tagged}");

        // Objects and records.
        let manifest = at("buckets/vault/objects/manifests%2Fa b.json");
        let text = |content: &str| {
            json!({ "location": "eu-west-1", "Content": content, "ContentType": "application/json",
            "Metadata": { "run": "1" } })
        };
        put(&*cloud, &manifest, text("{}")).await;
        put(&*cloud, &manifest, text("[]")).await;
        let url = cloud.post(&object(&manifest), "presign", &[("seconds", "60")], None).await.unwrap();
        let read = reqwest::get(url["url"].as_str().unwrap()).await.unwrap().text().await.unwrap();
        assert_eq!(read, "[]");
        let record = "aws:global/zones/example.com/records/A/www.example.com";
        let to = |address: &str| json!({ "location": "global", "TTL": "60", "ResourceRecords": [address] });
        put(&*cloud, record, to("192.0.2.1")).await;
        put(&*cloud, record, to("192.0.2.2")).await;

        for id in [
            record.to_owned(),
            manifest,
            "aws:us-west-2/images/web".to_owned(),
            "aws:us-west-2/snapshots/data".to_owned(),
            at("images/web"),
            at("snapshots/data"),
            at("volumes/data"),
            at("instances/web"),
            at("addresses/web"),
            at("launch-templates/web"),
        ] {
            cloud.delete(&object(&id)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(cloud.get(&object(&id)).await.unwrap(), None, "{id}");
        }
    });
}

//! S3 and Route 53.

use serde_json::json;

use super::{Account, account, all, first, get, network};
use crate::simulator::Fault;
use crate::world::{Web as _, WebAnswer};

#[tokio::test]
async fn object_is_written_under_its_conditions() {
    let account = account();
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    let created =
        account.s3("PUT", "states/a/b%20c", &[("if-none-match", "*"), ("content-type", "text/plain")], "one").await;
    assert_eq!(created.status, 200, "{created:?}");
    let tag = created.header("etag").to_owned();
    assert_eq!(
        account.s3("PUT", "states/a/b%20c", &[("if-none-match", "*")], "two").await.code(),
        "PreconditionFailed"
    );
    let read = account.s3("GET", "states/a/b%20c", &[], "").await;
    assert_eq!(
        (read.text.as_str(), read.header("etag"), read.header("content-type")),
        ("one", tag.as_str(), "text/plain")
    );
    assert_eq!(account.s3("GET", "states/a/b%20c", &[("if-none-match", &tag)], "").await.status, 304);
    assert_eq!(account.s3("PUT", "states/a/b%20c", &[("if-match", "\"other\"")], "two").await.status, 412);
    assert_eq!(account.s3("PUT", "states/a/b%20c", &[("if-match", &tag)], "two").await.status, 200);
    let head = account.s3("HEAD", "states/a/b%20c", &[], "").await;
    assert_eq!((head.status, head.header("content-length"), head.text.as_str()), (200, "3", ""));
    assert_eq!(account.s3("HEAD", "states/none", &[], "").await.status, 404);
    assert_eq!(account.s3("PUT", "states/none", &[("if-match", &tag)], "x").await.code(), "NoSuchKey");
    let list = account.s3("GET", "states?list-type=2&prefix=a/", &[], "").await.xml();
    assert_eq!(all(&list, "Key"), ["a/b c"]);
    let folders = account.s3("GET", "states?list-type=2&delimiter=/", &[], "").await.xml();
    assert_eq!((all(&folders, "Prefix")[1].as_str(), all(&folders, "Key").len()), ("a/", 0));
    assert_eq!(account.deleted("AWS::S3::Bucket", "states").await["ErrorCode"], "ResourceConflict");
    assert_eq!(account.s3("DELETE", "states/a/b%20c", &[], "").await.status, 204);
    assert_eq!(account.s3("GET", "states/a/b%20c", &[], "").await.code(), "NoSuchKey");
    assert_eq!(account.deleted("AWS::S3::Bucket", "states").await["OperationStatus"], "SUCCESS");
}

#[tokio::test]
async fn locked_versions_stay_and_need_checksums() {
    let account = account();
    let rule = json!({ "DefaultRetention": { "Mode": "COMPLIANCE", "Days": 7 } });
    let bucket = json!({
        "BucketName": "backups", "ObjectLockEnabled": true,
        "ObjectLockConfiguration": { "ObjectLockEnabled": "Enabled", "Rule": rule },
    });
    account.made("AWS::S3::Bucket", bucket).await;
    assert_eq!(account.s3("PUT", "backups/Dump", &[], "one").await.code(), "InvalidRequest");
    let checked = [("x-amz-checksum-crc32", "AAAAAA==")];
    let made = account.s3("PUT", "backups/Dump", &checked, "one").await;
    let version = made.header("x-amz-version-id").to_owned();
    account.s3("PUT", "backups/Dump", &checked, "two").await;
    let at = format!("backups/Dump?versionId={version}");
    assert_eq!(account.s3("GET", &at, &[], "").await.text, "one");
    assert_eq!(account.s3("DELETE", &at, &[], "").await.code(), "AccessDenied");
    let marked = account.s3("DELETE", "backups/Dump", &[], "").await;
    assert_eq!((marked.status, marked.header("x-amz-delete-marker")), (204, "true"));
    assert_eq!(account.s3("GET", "backups/Dump", &[], "").await.status, 404);
    let versions = account.s3("GET", "backups?versions", &[], "").await.xml();
    assert_eq!((all(&versions, "Version").len(), all(&versions, "DeleteMarker").len()), (2, 1));
    account.pass(8 * 24 * 3600);
    assert_eq!(account.s3("DELETE", &at, &[], "").await.status, 204);
    let read = account.s3("GET", "backups?versioning", &[], "").await.xml();
    assert_eq!(first(&read, "Status"), "Enabled");
    assert_eq!(account.s3("GET", "backups?lifecycle", &[], "").await.code(), "NoSuchLifecycleConfiguration");
    assert_eq!(account.s3("GET", "backups?policy", &[], "").await.code(), "NoSuchBucketPolicy");
    let own = account.s3("GET", "backups?encryption", &[], "").await.xml();
    assert_eq!(first(&own, "SSEAlgorithm"), "AES256");
}

#[tokio::test]
async fn bucket_is_found_by_host_and_in_its_region_only() {
    let account = account();
    let body =
        "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(account.s3("PUT", "states", &[], "").await.code(), "IllegalLocationConstraintException");
    assert_eq!(account.s3("PUT", "states", &[], body).await.status, 200);
    assert_eq!(account.s3("PUT", "states", &[], body).await.code(), "BucketAlreadyOwnedByYou");
    let of = async |host: &str, region: &str| {
        let mut headers = account.signed("s3", region).to_vec();
        headers.push(("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned()));
        account.send("PUT", &format!("https://{host}/key"), &headers, "x").await
    };
    assert_eq!(of("states.s3.eu-west-1.amazonaws.com", "eu-west-1").await.status, 200);
    assert_eq!(of("states.s3.eu-central-1.amazonaws.com", "eu-central-1").await.code(), "PermanentRedirect");
    assert_eq!(of("other.s3.eu-west-1.amazonaws.com", "eu-west-1").await.code(), "NoSuchBucket");
    assert_eq!(account.s3("GET", "states/key", &[], "").await.text, "x");
    let chunked =
        [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-decoded-content-length", "5")];
    let put = account.s3("PUT", "states/chunks", &chunked[1..], "").await;
    assert_eq!(put.code(), "IncompleteBody");
}

async fn route53(account: &Account, verb: &str, path: &str, body: &str) -> super::Answer {
    let url = format!("https://route53.amazonaws.com/2013-04-01/{path}");
    account.send(verb, &url, &account.signed("route53", "us-east-1"), body.to_owned()).await
}

fn batch(action: &str, name: &str, of: &str, value: &str) -> String {
    format!(
        "<ChangeResourceRecordSetsRequest \
            xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>\
         <Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>{of}</Type><TTL>60</TTL>\
         <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords>\
         </ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
}

#[tokio::test]
async fn record_leads_to_a_machine_when_its_change_is_in_sync() {
    let account = account();
    let (_, subnet, group) = network(&account).await;
    let form = [
        ("ImageId", "ami-0123456789abcdef0"),
        ("InstanceType", "t3.micro"),
        ("SubnetId", subnet.as_str()),
        ("SecurityGroupId.1", group.as_str()),
        ("MinCount", "1"),
        ("MaxCount", "1"),
    ];
    let machine = first(&account.ec2("RunInstances", &form).await, "instanceId");
    let allocated = account.ec2("AllocateAddress", &[]).await;
    account.pass(60);
    let (address, id) = (first(&allocated, "publicIp"), first(&allocated, "allocationId"));
    account.ec2("AssociateAddress", &[("AllocationId", &id), ("InstanceId", &machine)]).await;

    let zones = route53(&account, "GET", "hostedzonesbyname?dnsname=example.com", "").await.xml();
    let zone = first(&zones, "Id").trim_start_matches("/hostedzone/").to_owned();
    let path = format!("hostedzone/{zone}/rrset/");
    let made = route53(&account, "POST", &path, &batch("UPSERT", "www.example.com", "A", &address)).await;
    assert_eq!(made.status, 200, "{made:?}");
    let change = first(&made.xml(), "Id");
    let status = async || first(&route53(&account, "GET", change.trim_start_matches('/'), "").await.xml(), "Status");
    assert_eq!(status().await, "PENDING");
    let url = "https://www.example.com/";
    assert!(!matches!(account.simulator.fetch(&get(url)).await, Ok(WebAnswer::Status(200))));
    account.pass(60);
    assert_eq!(status().await, "INSYNC");
    assert!(matches!(account.simulator.fetch(&get(url)).await, Ok(WebAnswer::Status(200))));

    for (action, name, of, value) in [
        ("CREATE", "www.example.com", "A", address.as_str()),
        ("DELETE", "www.example.com", "A", "192.0.2.250"),
        ("DELETE", "none.example.com", "A", "192.0.2.1"),
        ("UPSERT", "www.example.com", "CNAME", "other.example.com"),
        ("UPSERT", "example.com", "CNAME", "other.example.com"),
        ("UPSERT", "a.example.com", "A", "not an address"),
        ("UPSERT", "www.example.org", "A", "192.0.2.1"),
    ] {
        let refused = route53(&account, "POST", &path, &batch(action, name, of, value)).await;
        assert_eq!(refused.code(), "InvalidChangeBatch", "{action} {name} {of} {value}");
    }
    let list = format!("{path}?name=www.example.com&type=A&maxitems=1");
    let found = route53(&account, "GET", &list, "").await.xml();
    assert_eq!((first(&found, "Name").as_str(), first(&found, "Value")), ("www.example.com.", address.clone()));
    let gone = route53(&account, "POST", &path, &batch("DELETE", "www.example.com", "A", &address)).await;
    assert_eq!(gone.status, 200);
    assert_eq!(route53(&account, "GET", "hostedzone/ZNONE", "").await.code(), "NoSuchHostedZone");
}

#[tokio::test]
async fn object_has_its_class_and_the_texts_beside_it() {
    let account = account();
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    let own = [("x-amz-meta-owner", "ops"), ("x-amz-storage-class", "STANDARD_IA")];
    assert_eq!(account.s3("PUT", "states/key", &own, "one").await.status, 200);
    for verb in ["GET", "HEAD"] {
        let read = account.s3(verb, "states/key", &[], "").await;
        assert_eq!((read.header("x-amz-meta-owner"), read.header("x-amz-storage-class")), ("ops", "STANDARD_IA"));
    }
    let list = account.s3("GET", "states?list-type=2", &[], "").await.xml();
    assert_eq!(first(&list, "StorageClass"), "STANDARD_IA");
    account.s3("PUT", "states/key", &[], "two").await;
    let read = account.s3("GET", "states/key", &[], "").await;
    assert_eq!((read.header("x-amz-meta-owner"), read.header("x-amz-storage-class")), ("", ""));
    let long = "x".repeat(2048);
    for (name, value, code) in
        [("x-amz-storage-class", "FAST", "InvalidStorageClass"), ("x-amz-meta-a", &*long, "MetadataTooLarge")]
    {
        assert_eq!(account.s3("PUT", "states/other", &[(name, value)], "one").await.code(), code);
    }
    account.s3("PUT", "states/old", &[("x-amz-storage-class", "GLACIER")], "one").await;
    assert_eq!(account.s3("GET", "states/old", &[], "").await.code(), "InvalidObjectState");
    assert_eq!(account.s3("HEAD", "states/old", &[], "").await.status, 200);
}

#[tokio::test]
async fn policy_of_a_bucket_is_set_read_and_removed() {
    let account = account();
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    let policy = |principal: &str| {
        let statement =
            json!({ "Effect": "Allow", "Principal": principal, "Action": "s3:*", "Resource": "arn:aws:s3:::states" });
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    };
    let own = policy("arn:aws:iam::111122223333:root");
    assert_eq!(account.s3("PUT", "states?policy", &[], &own).await.status, 204);
    assert_eq!(account.s3("GET", "states?policy", &[], "").await.text, own);
    for (body, code) in [
        (json!(own).to_string(), "MalformedPolicy"),
        ("{}".to_owned(), "MalformedPolicy"),
        (policy("*"), "AccessDenied"),
    ] {
        assert_eq!(account.s3("PUT", "states?policy", &[], &body).await.code(), code, "{body}");
    }
    account.simulator.add_fault(Fault::Forbid { action: "s3:DeleteBucketPolicy".to_owned() }).unwrap();
    assert_eq!(account.s3("DELETE", "states?policy", &[], "").await.code(), "AccessDenied");
    account.simulator.clear_faults().unwrap();
    assert_eq!(account.s3("DELETE", "states?policy", &[], "").await.status, 204);
    assert_eq!(account.s3("GET", "states?policy", &[], "").await.code(), "NoSuchBucketPolicy");
    assert_eq!(account.s3("GET", "states", &[], "").await.status, 200, "the bucket stays");
}

//! Signatures, identities, limits, lost regions, and the names by which drplan knows objects.

use serde_json::json;

use super::super::types::ACCOUNT;
use super::{REGION, account, all, first, network};
use crate::object::ObjectId;
use crate::providers::aws::TABLES;
use crate::simulator::signature::{Signed, signature};
use crate::simulator::{Fault, HttpMethod, Plane, Request, RequestMatch};

#[tokio::test]
async fn signature_needs_form_scope_and_time() {
    let account = account();
    let url = format!("https://ec2.{REGION}.amazonaws.com/");
    let body = "Action=DescribeRegions&Version=2016-11-15";
    let good = account.signed("ec2", REGION);
    assert_eq!(account.send("POST", &url, &good, body).await.status, 200);
    assert_eq!(account.send("POST", &url, &[], body).await.code(), "AuthFailure");
    for (from, to) in [
        ("/eu-west-1/", "/eu-west-2/"),
        ("/ec2/", "/s3/"),
        ("SignedHeaders=host;x-amz-date", "SignedHeaders=host"),
        ("Signature=0123", "Signature=zzzz"),
    ] {
        let [(name, header), date] = good.clone();
        let wrong = [(name, header.replace(from, to)), date];
        assert_eq!(account.send("POST", &url, &wrong, body).await.code(), "AuthFailure", "{to}");
    }
    account.pass(290);
    assert_eq!(account.send("POST", &url, &good, body).await.status, 200);
    account.pass(20);
    let late = account.send("POST", &url, &good, body).await;
    assert_eq!(late.code(), "RequestExpired");
    assert!(late.header("date").starts_with("Mon, 05 Jan 2026"), "a client learns the time: {late:?}");
    let s3 = account.signed("s3", REGION);
    account.pass(600);
    let mut s3 = s3.to_vec();
    s3.push(("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned()));
    let late = account.send("GET", &format!("https://s3.{REGION}.amazonaws.com/"), &s3, "").await;
    assert_eq!((late.status, late.code().as_str()), (403, "RequestTimeTooSkewed"));
}

#[tokio::test]
async fn presigned_address_is_valid_until_it_expires() {
    let account = account();
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    account.s3("PUT", "states/key", &[], "content").await;
    let now = account.signed("s3", REGION)[1].1.clone();
    let scope = format!("AKIAIOSFODNN7EXAMPLE%2F{}%2F{REGION}%2Fs3%2Faws4_request", &now[..8]);
    let url = format!(
        "https://s3.{REGION}.amazonaws.com/states/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}\
         &X-Amz-Date={now}&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "a".repeat(64)
    );
    assert_eq!(account.send("GET", &url, &[], "").await.text, "content");
    account.pass(601);
    assert_eq!(account.send("GET", &url, &[], "").await.code(), "AccessDenied");
}

#[tokio::test]
async fn role_is_assumed_and_its_keys_expire() {
    let account = account();
    assert_eq!(TABLES.account[0].simulated, ACCOUNT);
    let document = json!({ "Statement": [] });
    account.made("AWS::IAM::Role", json!({ "RoleName": "break-glass", "AssumeRolePolicyDocument": document })).await;
    let sts = format!("https://sts.{REGION}.amazonaws.com/");
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    let own = account.send("POST", &sts, &account.signed("sts", REGION), who).await.xml();
    assert_eq!(
        (first(&own, "Account").as_str(), first(&own, "Arn").as_str()),
        (ACCOUNT, "arn:aws:iam::111122223333:user/drplan")
    );
    let assume = |role: &str, action: &str| {
        format!(
            "Action={action}&Version=2011-06-15&RoleSessionName=run&RoleArn=arn:aws:iam::{ACCOUNT}:role/{role}\
             &DurationSeconds=900&WebIdentityToken=a.b.c"
        )
    };
    let refused = account.send("POST", &sts, &account.signed("sts", REGION), assume("none", "AssumeRole")).await;
    assert_eq!(refused.code(), "AccessDenied");
    let made = account.send("POST", &sts, &[], assume("break-glass", "AssumeRoleWithWebIdentity")).await.xml();
    let (key, token) = (first(&made, "AccessKeyId"), first(&made, "SessionToken"));
    let secret = first(&made, "SecretAccessKey");
    let with_token = |account: &super::Account| {
        let [(name, header), date] = account.signed("sts", REGION);
        let names = "host;x-amz-date;x-amz-security-token";
        let host = ("host", format!("sts.{REGION}.amazonaws.com"));
        let sent = [host, date.clone(), ("x-amz-security-token", token.clone())];
        let request = Request {
            verb: HttpMethod::Post,
            path: "/".to_owned(),
            query: Default::default(),
            headers: sent.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: Ok(None),
            bytes: who.into(),
        };
        let scope = [&date.1[..8], REGION, "sts", "aws4_request"];
        let own = signature(&request, &secret, &Signed { scope, date: &date.1, headers: names, is_presigned: false });
        let header = header
            .replace("AKIAIOSFODNN7EXAMPLE", &key)
            .replace("host;x-amz-date", names)
            .replace(&"0123456789abcdef".repeat(4), &own);
        [(name, header), date, ("x-amz-security-token", token.clone())]
    };
    let own = account.send("POST", &sts, &with_token(&account), who).await.xml();
    assert!(first(&own, "Arn").ends_with("assumed-role/break-glass/run"), "{own:?}");
    account.pass(901);
    assert_eq!(account.send("POST", &sts, &with_token(&account), who).await.code(), "ExpiredToken");
}

#[tokio::test]
async fn requests_beyond_a_bucket_are_refused_until_it_fills() {
    let account = account();
    let (_, subnet, _) = network(&account).await;
    account.pass(60);
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(account.refused("RunInstances", &[("SubnetId", &subnet)]).await);
    }
    assert_eq!(codes[4], "MissingParameter", "parameters are read first: {codes:?}");
    let run = [("MinCount", "1"), ("MaxCount", "1")];
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(account.refused("RunInstances", &run).await);
    }
    assert_eq!((codes[4].as_str(), codes[5].as_str()), ("MissingParameter", "RequestLimitExceeded"));
    account.pass(1);
    assert_eq!(account.refused("RunInstances", &run).await, "MissingParameter");
}

#[tokio::test]
async fn lost_region_answers_nothing_and_its_neighbours_work() {
    let account = account();
    account.simulator.add_fault(Fault::Lose { location: REGION.to_owned(), plane: Plane::Both }).unwrap();
    let lost = account.ec2_in(REGION, "DescribeVpcs", &[]).await;
    assert_eq!((lost.status, lost.code().as_str()), (503, "ServiceUnavailable"));
    assert_eq!(account.ec2_in("eu-central-1", "DescribeVpcs", &[]).await.status, 200);
    let zones = |account: &super::Account| account.signed("route53", "us-east-1");
    let url = "https://route53.amazonaws.com/2013-04-01/hostedzone";
    assert_eq!(account.send("GET", url, &zones(&account), "").await.status, 200);
    account.simulator.add_fault(Fault::Lose { location: "us-east-1".to_owned(), plane: Plane::Control }).unwrap();
    assert_eq!(account.send("GET", url, &zones(&account), "").await.status, 503, "its control plane is in one region");
    account.simulator.clear_faults().unwrap();
    account.simulator.add_fault(Fault::Lose { location: "provider:aws".to_owned(), plane: Plane::Both }).unwrap();
    let lost = account.ec2_in("eu-central-1", "DescribeVpcs", &[]).await;
    assert_eq!((lost.status, all(&lost.xml(), "Code")), (503, vec!["ServiceUnavailable".to_owned()]));
}

#[tokio::test]
async fn objects_are_found_by_the_names_of_drplan() {
    let account = account();
    let tags = json!([{ "Key": "Name", "Value": "web" }]);
    account.made("AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16", "Tags": tags })).await;
    account.made("AWS::EC2::KeyPair", json!({ "KeyName": "Ops", "PublicKeyMaterial": "ssh-ed25519 AAAA x" })).await;
    account.made("AWS::SSM::Parameter", json!({ "Name": "/web/url", "Type": "String", "Value": "x" })).await;
    account.made("AWS::IAM::Role", json!({ "RoleName": "Web", "AssumeRolePolicyDocument": { "Statement": [] } })).await;
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    account.s3("PUT", "states/a/B", &[], "content").await;
    for (id, property, value) in [
        ("aws:eu-west-1/vpcs/web", "CidrBlock", "10.0.0.0/16"),
        ("aws:eu-west-1/key-pairs/Ops", "KeyType", "ed25519"),
        ("aws:eu-west-1/parameters/%2Fweb%2Furl", "Value", "x"),
        ("aws:global/roles/Web", "RoleName", "Web"),
        ("aws:eu-west-1/buckets/states", "BucketName", "states"),
        ("aws:eu-west-1/buckets/states/objects/a%2FB", "Key", "a/B"),
    ] {
        let body = account.simulator.body(&ObjectId::new(id));
        assert_eq!(body.map(|body| body[property].clone()), Some(json!(value)), "{id}");
    }
    assert_eq!(account.simulator.body(&ObjectId::new("aws:eu-west-1/key-pairs/ops")), None, "names have a case");
    account.simulator.delete_object(&ObjectId::new("aws:eu-west-1/vpcs/web")).unwrap();
    assert!(all(&account.ec2("DescribeRouteTables", &[]).await, "routeTableId").is_empty());
}

#[tokio::test]
async fn parameters_tags_and_quotas_are_read_by_their_own_services() {
    let account = account();
    let secret = json!({ "Name": "/web/password", "Type": "SecureString", "Value": "hunter2" });
    assert_eq!(account.json_of("ssm", "AmazonSSM.PutParameter", secret.clone()).await.json()["Version"], 1);
    let again = account.json_of("ssm", "AmazonSSM.PutParameter", secret).await;
    assert_eq!(again.code(), "ParameterAlreadyExists");
    let get = json!({ "Name": "/web/password" });
    let hidden = account.json_of("ssm", "AmazonSSM.GetParameter", get).await.json();
    assert_ne!(hidden["Parameter"]["Value"], "hunter2");
    let get = json!({ "Name": "/web/password", "WithDecryption": true });
    assert_eq!(account.json_of("ssm", "AmazonSSM.GetParameter", get).await.json()["Parameter"]["Value"], "hunter2");
    let tags = json!([{ "Key": "drplan:stack", "Value": "web" }]);
    let vpc = account.made("AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16", "Tags": tags })).await;
    let find = json!({ "TagFilters": [{ "Key": "drplan:stack", "Values": ["web"] }] });
    let found = account.json_of("tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", find).await.json();
    let arn = format!("arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{vpc}");
    assert_eq!(found["ResourceTagMappingList"][0]["ResourceARN"], arn.as_str());
    let quota = json!({ "ServiceCode": "ec2", "QuotaCode": "L-1216C47A" });
    let found = account.json_of("servicequotas", "ServiceQuotasV20190624.GetServiceQuota", quota).await.json();
    assert_eq!(found["Quota"]["Value"], 32.0);
}

#[tokio::test]
async fn too_many_requests_are_refused_with_the_code_of_the_service() {
    let account = account();
    account.made("AWS::S3::Bucket", json!({ "BucketName": "states" })).await;
    let fault = Fault::Answer { status: 429, code: None, retry_after: None, on: RequestMatch::default() };
    account.simulator.add_fault(fault).unwrap();
    let ec2 = account.ec2_in(REGION, "DescribeVpcs", &[]).await;
    let s3 = account.s3("GET", "states/key", &[], "").await;
    let control = account.control_raw("ListResources", &json!({ "TypeName": "AWS::EC2::VPC" })).await;
    for (answer, status, code) in
        [(ec2, 503, "RequestLimitExceeded"), (s3, 503, "SlowDown"), (control, 400, "ThrottlingException")]
    {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
    }
}

#[tokio::test]
async fn signature_of_a_known_key_is_verified() {
    let account = account();
    let url = format!("https://ec2.{REGION}.amazonaws.com/");
    let [(name, header), date] = account.signed("ec2", REGION);
    let wrong = [(name, header.replace("AKIAIOSFODNN7EXAMPLE", "AKIAEMBEDDED00000000")), date];
    let answer = account.send("POST", &url, &wrong, "Action=DescribeVpcs&Version=2016-11-15").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "AuthFailure"));
}

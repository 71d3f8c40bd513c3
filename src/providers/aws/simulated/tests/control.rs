//! Cloud Control: the life of objects, tokens, and what a handler refuses.

use serde_json::json;

use super::{REGION, account, network};
use crate::simulator::{Fault, RequestMatch};

const VPC: &str = "AWS::EC2::VPC";

#[tokio::test]
async fn network_is_created_read_changed_and_deleted() {
    let account = account();
    let model = json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "Name", "Value": "web" }] });
    let vpc = account.made(VPC, model).await;
    let read = account.read(VPC, &vpc).await;
    assert_eq!((&read["CidrBlock"], &read["EnableDnsSupport"]), (&json!("10.0.0.0/16"), &json!(true)));
    assert!(read["DefaultSecurityGroup"].as_str().unwrap().starts_with("sg-"), "{read}");
    let update =
        |patch: serde_json::Value| json!({ "TypeName": VPC, "Identifier": vpc, "PatchDocument": patch.to_string() });
    let changed = json!([{ "op": "replace", "path": "/EnableDnsHostnames", "value": true }]);
    assert_eq!(account.ended("UpdateResource", update(changed)).await["OperationStatus"], "SUCCESS");
    assert_eq!(account.read(VPC, &vpc).await["EnableDnsHostnames"], true);
    let moved = json!([{ "op": "replace", "path": "/CidrBlock", "value": "10.1.0.0/16" }]);
    assert_eq!(account.ended("UpdateResource", update(moved)).await["ErrorCode"], "NotUpdatable");
    let subnet = account.made("AWS::EC2::Subnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24" })).await;
    assert_eq!(account.deleted(VPC, &vpc).await["ErrorCode"], "ResourceConflict");
    assert_eq!(account.deleted("AWS::EC2::Subnet", &subnet).await["OperationStatus"], "SUCCESS");
    assert_eq!(account.deleted(VPC, &vpc).await["OperationStatus"], "SUCCESS");
    let gone = account.control_raw("GetResource", &json!({ "TypeName": VPC, "Identifier": vpc })).await;
    assert_eq!((gone.status, gone.code().as_str()), (400, "ResourceNotFoundException"));
    let groups = account.ec2("DescribeSecurityGroups", &[]).await;
    assert!(super::all(&groups, "groupId").is_empty(), "the default group goes with its network");
}

#[tokio::test]
async fn token_binds_one_request_to_one_object_for_36_hours() {
    let account = account();
    let create = |block: &str| {
        let model = json!({ "CidrBlock": block }).to_string();
        json!({ "TypeName": VPC, "DesiredState": model, "ClientToken": "once" })
    };
    let begun = account.control("CreateResource", create("10.0.0.0/16")).await;
    let again = account.control("CreateResource", create("10.0.0.0/16")).await;
    assert_eq!(begun["ProgressEvent"]["RequestToken"], again["ProgressEvent"]["RequestToken"]);
    account.pass(60);
    let again = account.control("CreateResource", create("10.0.0.0/16")).await;
    assert_eq!(again["ProgressEvent"]["OperationStatus"], "SUCCESS");
    let other = account.control_raw("CreateResource", &create("10.1.0.0/16")).await;
    assert_eq!(other.code(), "ClientTokenConflictException");
    let all = account.control("ListResources", json!({ "TypeName": VPC })).await;
    assert_eq!(all["ResourceDescriptions"].as_array().unwrap().len(), 1);
    account.pass(36 * 3600 + 60);
    let later = account.control("CreateResource", create("10.1.0.0/16")).await;
    assert_ne!(later["ProgressEvent"]["RequestToken"], begun["ProgressEvent"]["RequestToken"]);
}

#[tokio::test]
async fn one_operation_at_a_time_and_cancelling_takes_nothing_back() {
    let account = account();
    let create = json!({ "TypeName": VPC, "DesiredState": "{\"CidrBlock\": \"10.0.0.0/16\"}" });
    let begun = account.control("CreateResource", create).await["ProgressEvent"].clone();
    let body = json!({ "TypeName": VPC, "Identifier": begun["Identifier"] });
    let refused = account.control_raw("DeleteResource", &body).await;
    assert_eq!(refused.code(), "ConcurrentOperationException");
    let token = json!({ "RequestToken": begun["RequestToken"] });
    let cancelled = account.control("CancelResourceRequest", token.clone()).await;
    assert_eq!(cancelled["ProgressEvent"]["OperationStatus"], "CANCEL_COMPLETE");
    account.pass(60);
    assert_eq!(account.read(VPC, begun["Identifier"].as_str().unwrap()).await["CidrBlock"], "10.0.0.0/16");
    let status = account.control("GetResourceRequestStatus", token).await;
    assert_eq!(status["ProgressEvent"]["OperationStatus"], "CANCEL_COMPLETE");
    let unknown = account.control_raw("GetResourceRequestStatus", &json!({ "RequestToken": "none" })).await;
    assert_eq!(unknown.code(), "RequestTokenNotFoundException");
}

#[tokio::test]
async fn model_that_aws_refuses_is_refused() {
    let account = account();
    let (vpc, subnet, group) = network(&account).await;
    let rules = |rule: serde_json::Value| {
        let rules = json!([rule]);
        json!({ "GroupName": "other", "GroupDescription": "other", "VpcId": vpc, "SecurityGroupIngress": rules })
    };
    for (of, model, code) in [
        (VPC, json!({ "CidrBlock": "10.0.0.0/8" }), "InvalidRequest"),
        (VPC, json!({ "CidrBlock": "10.0.0.0/16", "VpcId": "vpc-1" }), "InvalidRequest"),
        (VPC, json!({ "CidrBlock": "10.0.0.0/16", "Color": "red" }), "InvalidRequest"),
        (VPC, json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "aws:x", "Value": "" }] }), "InvalidRequest"),
        ("AWS::EC2::Subnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.1.128/25" }), "InvalidRequest"),
        ("AWS::EC2::Subnet", json!({ "VpcId": vpc, "CidrBlock": "10.9.0.0/24" }), "InvalidRequest"),
        ("AWS::EC2::Subnet", json!({ "VpcId": "vpc-00000000", "CidrBlock": "10.0.2.0/24" }), "NotFound"),
        (
            "AWS::EC2::SecurityGroup",
            json!({ "GroupName": "web", "GroupDescription": "x", "VpcId": vpc }),
            "AlreadyExists",
        ),
        ("AWS::EC2::SecurityGroup", rules(json!({ "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0" })), "InvalidRequest"),
        ("AWS::EC2::SecurityGroup", rules(json!({ "IpProtocol": "-1", "SourceSecurityGroupId": "sg-00" })), "NotFound"),
        ("AWS::EC2::KeyPair", json!({ "KeyName": "ops", "PublicKeyMaterial": "not a key" }), "InvalidRequest"),
        ("AWS::IAM::Role", json!({ "RoleName": "web", "AssumeRolePolicyDocument": {} }), "InvalidRequest"),
        ("AWS::IAM::InstanceProfile", json!({ "InstanceProfileName": "web", "Roles": ["none"] }), "NotFound"),
        ("AWS::S3::Bucket", json!({ "BucketName": "Has_Capitals" }), "InvalidRequest"),
        ("AWS::SSM::Parameter", json!({ "Type": "SecureString", "Value": "x" }), "InvalidRequest"),
    ] {
        assert_eq!(account.not_made(of, model.clone()).await, code, "{of} {model}");
    }
    assert_eq!(account.deleted("AWS::EC2::Subnet", &subnet).await["OperationStatus"], "SUCCESS");
    assert_eq!(account.deleted("AWS::EC2::SecurityGroup", &group).await["OperationStatus"], "SUCCESS");
    let unknown = account.control_raw("ListResources", &json!({ "TypeName": "AWS::EC2::Moon" })).await;
    assert_eq!(unknown.code(), "TypeNotFoundException");
}

#[tokio::test]
async fn gateway_and_table_are_deleted_after_what_uses_them() {
    let account = account();
    let (vpc, _, _) = network(&account).await;
    let first = |all: serde_json::Value| all["ResourceDescriptions"][0]["Identifier"].as_str().unwrap().to_owned();
    let list = |of: &'static str| account.control("ListResources", json!({ "TypeName": of }));
    let gateway = first(list("AWS::EC2::InternetGateway").await);
    assert_eq!(account.deleted("AWS::EC2::InternetGateway", &gateway).await["ErrorCode"], "ResourceConflict");
    let association = first(list("AWS::EC2::SubnetRouteTableAssociation").await);
    let table = account.read("AWS::EC2::SubnetRouteTableAssociation", &association).await["RouteTableId"].clone();
    let table = table.as_str().unwrap();
    assert_eq!(account.deleted("AWS::EC2::RouteTable", table).await["ErrorCode"], "ResourceConflict");
    for (of, id) in [
        ("AWS::EC2::SubnetRouteTableAssociation", association.as_str()),
        ("AWS::EC2::RouteTable", table),
        ("AWS::EC2::VPCGatewayAttachment", &format!("IGW|{vpc}")),
        ("AWS::EC2::InternetGateway", &gateway),
    ] {
        assert_eq!(account.deleted(of, id).await["OperationStatus"], "SUCCESS", "{of} {id}");
    }
    assert!(list("AWS::EC2::Route").await["ResourceDescriptions"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn quota_and_permission_and_fault_end_a_request() {
    let account = account();
    for number in 0..5 {
        account.made(VPC, json!({ "CidrBlock": format!("10.{number}.0.0/16") })).await;
    }
    assert_eq!(account.not_made(VPC, json!({ "CidrBlock": "10.9.0.0/16" })).await, "ServiceLimitExceeded");
    account.simulator.add_fault(Fault::Forbid { action: "ec2:CreateSubnet".to_owned() }).unwrap();
    let subnet = json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24" });
    assert_eq!(account.not_made("AWS::EC2::Subnet", subnet).await, "AccessDenied");
    account.simulator.clear_faults().unwrap();
    let on = RequestMatch::default();
    account.simulator.add_fault(Fault::Fail { code: "InternalError".to_owned(), message: String::new(), on }).unwrap();
    let role = json!({ "RoleName": "web", "AssumeRolePolicyDocument": { "Statement": [] } });
    let create = json!({ "TypeName": "AWS::IAM::Role", "DesiredState": role.to_string() });
    let begun = account.control("CreateResource", create).await["ProgressEvent"].clone();
    account.simulator.clear_faults().unwrap();
    account.pass(60);
    let token = json!({ "RequestToken": begun["RequestToken"] });
    let event = account.control("GetResourceRequestStatus", token).await["ProgressEvent"].clone();
    assert_eq!((&event["OperationStatus"], &event["ErrorCode"]), (&json!("FAILED"), &json!("ServiceInternalError")));
    account.made("AWS::IAM::Role", role).await;
}

#[tokio::test]
async fn roles_keys_and_buckets_follow_their_own_rules() {
    let account = account();
    let document = json!({ "Version": "2012-10-17", "Statement": [] });
    account.made("AWS::IAM::Role", json!({ "RoleName": "Web", "AssumeRolePolicyDocument": document })).await;
    account.made("AWS::IAM::InstanceProfile", json!({ "InstanceProfileName": "Web", "Roles": ["Web"] })).await;
    let again = json!({ "RoleName": "web", "AssumeRolePolicyDocument": document });
    assert_eq!(account.not_made("AWS::IAM::Role", again).await, "AlreadyExists", "IAM ignores case");
    assert_eq!(account.deleted("AWS::IAM::Role", "Web").await["ErrorCode"], "ResourceConflict");
    let key = account.made("AWS::KMS::Key", json!({ "Description": "backups" })).await;
    account.made("AWS::KMS::Alias", json!({ "AliasName": "alias/backups", "TargetKeyId": key })).await;
    assert_eq!(account.deleted("AWS::KMS::Key", &key).await["OperationStatus"], "SUCCESS");
    let aliases = account.control("ListResources", json!({ "TypeName": "AWS::KMS::Alias" })).await;
    assert_eq!(aliases["ResourceDescriptions"], json!([]));
    let bucket = json!({ "BucketName": "backups-of-web", "ObjectLockEnabled": true });
    account.made("AWS::S3::Bucket", bucket.clone()).await;
    assert_eq!(account.not_made("AWS::S3::Bucket", bucket).await, "AlreadyExists");
    let read = account.read("AWS::S3::Bucket", "backups-of-web").await;
    assert_eq!(read["VersioningConfiguration"]["Status"], "Enabled", "a lock needs versions");
    let patch = json!([{ "op": "replace", "path": "/VersioningConfiguration/Status", "value": "Suspended" }]);
    let update = json!({
        "TypeName": "AWS::S3::Bucket", "Identifier": "backups-of-web", "PatchDocument": patch.to_string(),
    });
    assert_eq!(account.ended("UpdateResource", update).await["ErrorCode"], "InvalidRequest");
}

#[tokio::test]
async fn subnet_and_group_of_an_endpoint_stay() {
    let account = account();
    let (vpc, subnet, group) = network(&account).await;
    let endpoint = json!({
        "VpcId": vpc, "ServiceName": format!("com.amazonaws.{REGION}.ssm"), "VpcEndpointType": "Interface",
        "SubnetIds": [subnet], "SecurityGroupIds": [group],
    });
    let endpoint = account.made("AWS::EC2::VPCEndpoint", endpoint).await;
    for (of, id) in [("AWS::EC2::Subnet", &subnet), ("AWS::EC2::SecurityGroup", &group), ("AWS::EC2::VPC", &vpc)] {
        assert_eq!(account.deleted(of, id).await["ErrorCode"], "ResourceConflict", "{of}");
    }
    assert_eq!(account.deleted("AWS::EC2::VPCEndpoint", &endpoint).await["OperationStatus"], "SUCCESS");
    assert_eq!(account.deleted("AWS::EC2::SecurityGroup", &group).await["OperationStatus"], "SUCCESS");
}

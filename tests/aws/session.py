"""Calls of botocore, the core of AWS's own client, against the local simulator, each with its outcome on a line."""

import json
import os
import ssl
import time
import urllib.request

import botocore.exceptions
import botocore.session
from botocore.config import Config

session = botocore.session.get_session()
session.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret")


def client(service, region="eu-west-1", **options):
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, **options)
    place = {"region_name": region, "endpoint_url": os.environ["SIMULATOR"], "verify": os.environ["SSL_CERT_FILE"]}
    return session.create_client(service, config=config, **place)


def refused(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        answer = error.response
        return f"{answer['ResponseMetadata']['HTTPStatusCode']} {answer['Error']['Code']}"
    return "accepted"


def until(read, wanted):
    for _ in range(200):
        found = read()
        if found in wanted:
            return found
        time.sleep(0.05)
    return f"{found}, not {wanted}"


def found(call, **arguments):
    """A new object may be missing in reads for seconds."""
    for _ in range(100):
        try:
            return call(**arguments)
        except botocore.exceptions.ClientError as error:
            if not error.response["Error"]["Code"].endswith("NotFound"):
                raise
            time.sleep(0.02)
    return call(**arguments)


sts = client("sts")
print("caller", sts.get_caller_identity()["Arn"])
control = client("cloudcontrol")


def ended(answer):
    token = answer["ProgressEvent"]["RequestToken"]
    read = lambda: control.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    until(lambda: read()["OperationStatus"], ["SUCCESS", "FAILED"])
    return read()


def made(type_name, model, **more):
    event = ended(control.create_resource(TypeName=type_name, DesiredState=json.dumps(model), **more))
    print("create", type_name, event["OperationStatus"], event.get("ErrorCode", ""))
    return event.get("Identifier")


vpc = made("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, ClientToken="vpc-1")
print("token repeated", made("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, ClientToken="vpc-1") == vpc)
other = {"TypeName": "AWS::EC2::VPC", "DesiredState": '{"CidrBlock": "10.1.0.0/16"}', "ClientToken": "vpc-1"}
print("token of another", refused(control.create_resource, **other))
described = control.get_resource(TypeName="AWS::EC2::VPC", Identifier=vpc)["ResourceDescription"]
print("read", described["Identifier"] == vpc, '"CidrBlock":"10.0.0.0/16"' in described["Properties"])
patch = '[{"op": "replace", "path": "/EnableDnsHostnames", "value": true}]'
event = ended(control.update_resource(TypeName="AWS::EC2::VPC", Identifier=vpc, PatchDocument=patch))
print("update", event["OperationStatus"])
listed = control.list_resources(TypeName="AWS::EC2::VPC")["ResourceDescriptions"]
print("listed", [one["Identifier"] == vpc for one in listed])
subnet = made("AWS::EC2::Subnet", {"VpcId": vpc, "CidrBlock": "10.0.1.0/24"})
gateway = made("AWS::EC2::InternetGateway", {})
made("AWS::EC2::VPCGatewayAttachment", {"VpcId": vpc, "InternetGatewayId": gateway})
rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
group = {"GroupName": "web", "GroupDescription": "web", "VpcId": vpc, "SecurityGroupIngress": [rule]}
group = made("AWS::EC2::SecurityGroup", group)
made("AWS::EC2::Subnet", {"VpcId": vpc, "CidrBlock": "10.0.1.128/25"})
print("in use", ended(control.delete_resource(TypeName="AWS::EC2::VPC", Identifier=vpc))["ErrorCode"])

ec2 = client("ec2")
print("vpcs", [(one["CidrBlock"], one["State"]) for one in ec2.describe_vpcs()["Vpcs"]])
groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])["SecurityGroups"]
print("rules", [(one["FromPort"], one["IpRanges"][0]["CidrIp"]) for one in groups[0]["IpPermissions"]])
launch = {
    "ImageId": "ami-0123456789abcdef0",
    "InstanceType": "t3.micro",
    "MinCount": 1,
    "MaxCount": 1,
    "SubnetId": subnet,
    "SecurityGroupIds": [group],
    "ClientToken": "run-1",
    "UserData": "#!/bin/sh\ntrue\n",
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
}
print("dry run", refused(ec2.run_instances, DryRun=True, **launch))
machine = ec2.run_instances(**launch)["Instances"][0]["InstanceId"]
print("launch repeated", ec2.run_instances(**launch)["Instances"][0]["InstanceId"] == machine)
print("launch of another", refused(ec2.run_instances, **{**launch, "InstanceType": "t3.small"}))


def instance():
    return found(ec2.describe_instances, InstanceIds=[machine])["Reservations"][0]["Instances"][0]


state = until(lambda: instance()["State"]["Name"], ["running"])
print("state", state, instance()["Tags"], instance()["LaunchTime"].year)
status = lambda: ec2.describe_instance_status(InstanceIds=[machine])["InstanceStatuses"][0]["InstanceStatus"]["Status"]
print("checks", until(status, ["ok"]))
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
found(ec2.associate_address, AllocationId=address, InstanceId=machine)
print("led", ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["InstanceId"] == machine)
print("release in use", refused(ec2.release_address, AllocationId=address))
association = ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["AssociationId"]
ec2.disassociate_address(AssociationId=association)
print("release", refused(ec2.release_address, AllocationId=address))
image = ec2.create_image(InstanceId=machine, Name="web 1", NoReboot=True)["ImageId"]
state = lambda: found(ec2.describe_images, ImageIds=[image])["Images"][0]["State"]
print("image", until(state, ["available"]))
central = client("ec2", "eu-central-1")
copy = {"Name": "web 1", "SourceImageId": image, "SourceRegion": "eu-west-1", "ClientToken": "copy-1"}
copied = central.copy_image(**copy)["ImageId"]
print("copy repeated", central.copy_image(**copy)["ImageId"] == copied)
data = {"ImageId": image, "InstanceType": "t3.micro", "SecurityGroupIds": [group]}
ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
versions = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
print("template", [(one["VersionNumber"], one["LaunchTemplateData"]["SecurityGroupIds"] == [group]) for one in versions])
tagging = client("resourcegroupstaggingapi")
filters = [{"Key": "Name", "Values": ["web"]}]
print("tagged", len(tagging.get_resources(TagFilters=filters)["ResourceTagMappingList"]))
ec2.terminate_instances(InstanceIds=[machine])
print("terminated", until(lambda: instance()["State"]["Name"], ["terminated"]))
print("missing", refused(ec2.describe_instances, InstanceIds=["i-00000000000000000"]))
print("zones", [one["ZoneId"] for one in ec2.describe_availability_zones()["AvailabilityZones"]])

s3 = client("s3", signature_version="s3v4")
place = {"LocationConstraint": "eu-west-1"}
s3.create_bucket(Bucket="states-of-web", CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
print("versions", s3.get_bucket_versioning(Bucket="states-of-web")["Status"])
put = {"Bucket": "states-of-web", "Key": "a/State file+1.json", "Body": b"{}"}
tag = s3.put_object(**put, IfNoneMatch="*")["ETag"]
print("exists", refused(s3.put_object, **put, IfNoneMatch="*"))
print("changed", refused(s3.put_object, **put, IfMatch='"other"'))
print("matches", refused(s3.put_object, **{**put, "Body": b"[1]"}, IfMatch=tag))
read = s3.get_object(Bucket="states-of-web", Key=put["Key"])
print("content", read["Body"].read(), read["ContentLength"])
print("keys", [one["Key"] for one in s3.list_objects_v2(Bucket="states-of-web", Prefix="a/")["Contents"]])
print("head", refused(s3.head_object, Bucket="states-of-web", Key="none"))
print("not empty", refused(s3.delete_bucket, Bucket="states-of-web"))
presigned = s3.generate_presigned_url("get_object", {"Bucket": "states-of-web", "Key": put["Key"]}, ExpiresIn=600)
trusted = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
print("presigned", urllib.request.urlopen(presigned, context=trusted).read())

route53 = client("route53", "us-east-1")
zone = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"][0]["Id"]
record = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}


def change(action, **more):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": {**record, **more}}]}
    return {"HostedZoneId": zone, "ChangeBatch": batch}


info = route53.change_resource_record_sets(**change("UPSERT"))["ChangeInfo"]
print("change", info["Status"], until(lambda: route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"], ["INSYNC"]))
print("create again", refused(route53.change_resource_record_sets, **change("CREATE")))
records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
print("records", [(one["Name"], one["Type"]) for one in records])

ssm = client("ssm")
ssm.put_parameter(Name="/web/url", Type="String", Value="https://www.example.com")
print("parameter", ssm.get_parameter(Name="/web/url")["Parameter"]["Value"])
print("no parameter", refused(ssm.get_parameter, Name="/web/none"))
quotas = client("service-quotas")
print("quota", quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"])
document = '{"Version": "2012-10-17", "Statement": []}'
made("AWS::IAM::Role", {"RoleName": "break-glass", "AssumeRolePolicyDocument": document})
role = {"RoleArn": "arn:aws:iam::111122223333:role/break-glass", "RoleSessionName": "run"}
keys = sts.assume_role_with_web_identity(**role, WebIdentityToken="a.b.c")["Credentials"]
print("assumed", keys["AccessKeyId"][:4], refused(sts.assume_role, **{**role, "RoleArn": role["RoleArn"] + "s"}))
iam = client("iam", "us-east-1")
print("role", iam.get_role(RoleName="break-glass")["Role"]["AssumeRolePolicyDocument"])

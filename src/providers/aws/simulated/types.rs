//! The types of objects in the world: their CloudFormation names, the words of their ids, and how EC2 says that one
//! does not exist.

/// The name of the provider.
pub(super) const NAME: &str = "aws";
/// The simulated account.
pub(super) const ACCOUNT: &str = "111122223333";
/// The region of objects that lie in none.
pub(super) const GLOBAL: &str = "global";

/// A type of objects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// Its name in CloudFormation, or one in the same spirit.
    pub(super) name: &'static str,
    /// The word in ids of the world.
    pub(super) word: &'static str,
    /// Beginning of the ids that AWS gives; empty where the name is the id.
    pub(super) prefix: &'static str,
    /// The property with the id.
    pub(super) id: &'static str,
    /// The code of EC2 for an object that does not exist.
    pub(super) absent: &'static str,
}

const fn of(
    name: &'static str,
    word: &'static str,
    prefix: &'static str,
    id: &'static str,
    absent: &'static str,
) -> Type {
    Type { name, word, prefix, id, absent }
}

pub(super) static VPC: Type = of("AWS::EC2::VPC", "vpcs", "vpc-", "VpcId", "InvalidVpcID.NotFound");
pub(super) static SUBNET: Type = of("AWS::EC2::Subnet", "subnets", "subnet-", "SubnetId", "InvalidSubnetID.NotFound");
pub(super) static GATEWAY: Type = of(
    "AWS::EC2::InternetGateway",
    "internet-gateways",
    "igw-",
    "InternetGatewayId",
    "InvalidInternetGatewayID.NotFound",
);
/// Its id is the type of the gateway and the network, joined by `|`.
pub(super) static GATEWAY_ATTACHMENT: Type =
    of("AWS::EC2::VPCGatewayAttachment", "gateway-attachments", "", "", "Gateway.NotAttached");
pub(super) static ROUTE_TABLE: Type =
    of("AWS::EC2::RouteTable", "route-tables", "rtb-", "RouteTableId", "InvalidRouteTableID.NotFound");
/// Its id is the table and the destination, joined by `|`.
pub(super) static ROUTE: Type = of("AWS::EC2::Route", "routes", "", "", "InvalidRoute.NotFound");
pub(super) static ASSOCIATION: Type = of(
    "AWS::EC2::SubnetRouteTableAssociation",
    "route-table-associations",
    "rtbassoc-",
    "Id",
    "InvalidAssociationID.NotFound",
);
pub(super) static GROUP: Type = of("AWS::EC2::SecurityGroup", "security-groups", "sg-", "Id", "InvalidGroup.NotFound");
pub(super) static KEY_PAIR: Type = of("AWS::EC2::KeyPair", "key-pairs", "", "KeyName", "InvalidKeyPair.NotFound");
pub(super) static ADDRESS: Type =
    of("AWS::EC2::EIP", "addresses", "eipalloc-", "AllocationId", "InvalidAllocationID.NotFound");
pub(super) static VOLUME: Type = of("AWS::EC2::Volume", "volumes", "vol-", "VolumeId", "InvalidVolume.NotFound");
pub(super) static RESERVATION: Type =
    of("AWS::EC2::CapacityReservation", "capacity-reservations", "cr-", "Id", "InvalidCapacityReservationId.NotFound");
pub(super) static ENDPOINT: Type =
    of("AWS::EC2::VPCEndpoint", "vpc-endpoints", "vpce-", "Id", "InvalidVpcEndpointId.NotFound");
pub(super) static INSTANCE: Type =
    of("AWS::EC2::Instance", "instances", "i-", "InstanceId", "InvalidInstanceID.NotFound");
pub(super) static IMAGE: Type = of("AWS::EC2::Image", "images", "ami-", "ImageId", "InvalidAMIID.NotFound");
pub(super) static SNAPSHOT: Type =
    of("AWS::EC2::Snapshot", "snapshots", "snap-", "SnapshotId", "InvalidSnapshot.NotFound");
pub(super) static TEMPLATE: Type =
    of("AWS::EC2::LaunchTemplate", "launch-templates", "lt-", "LaunchTemplateId", "InvalidLaunchTemplateId.NotFound");
pub(super) static ROLE: Type = of("AWS::IAM::Role", "roles", "", "RoleName", "NoSuchEntity");
pub(super) static PROFILE: Type =
    of("AWS::IAM::InstanceProfile", "instance-profiles", "", "InstanceProfileName", "NoSuchEntity");
/// AWS gives its id in the form of a UUID.
pub(super) static KEY: Type = of("AWS::KMS::Key", "keys", "", "KeyId", "NotFoundException");
pub(super) static ALIAS: Type = of("AWS::KMS::Alias", "aliases", "", "AliasName", "NotFoundException");
pub(super) static PARAMETER: Type = of("AWS::SSM::Parameter", "parameters", "", "Name", "ParameterNotFound");
pub(super) static BUCKET: Type = of("AWS::S3::Bucket", "buckets", "", "BucketName", "NoSuchBucket");
pub(super) static BUCKET_POLICY: Type =
    of("AWS::S3::BucketPolicy", "bucket-policies", "", "Bucket", "NoSuchBucketPolicy");
/// An object lies below its bucket.
pub(super) static OBJECT: Type = of("AWS::S3::Object", "objects", "", "Key", "NoSuchKey");
pub(super) static ZONE: Type = of("AWS::Route53::HostedZone", "zones", "", "Id", "NoSuchHostedZone");
/// A record lies below its zone; its id is the type and the name.
pub(super) static RECORD: Type = of("AWS::Route53::RecordSet", "records", "", "", "InvalidChangeBatch");

/// Tokens of requests, requests of Cloud Control and changes of Route 53: no list and no user sees them.
pub(super) static TOKEN: Type = of("client-token", "client-tokens", "", "", "");
pub(super) static REQUEST: Type = of("request", "requests", "", "RequestToken", "RequestTokenNotFoundException");
pub(super) static CHANGE: Type = of("change", "changes", "", "Id", "NoSuchChange");

/// The types that an id of drplan can name.
pub(super) static NAMED: &[&Type] = &[
    &VPC,
    &SUBNET,
    &GATEWAY,
    &ROUTE_TABLE,
    &GROUP,
    &KEY_PAIR,
    &ADDRESS,
    &VOLUME,
    &RESERVATION,
    &ENDPOINT,
    &INSTANCE,
    &IMAGE,
    &SNAPSHOT,
    &TEMPLATE,
    &ROLE,
    &PROFILE,
    &KEY,
    &PARAMETER,
    &BUCKET,
];

/// The type whose ids begin like this one.
pub(super) fn of_id(id: &str) -> Option<&'static Type> {
    NAMED.iter().copied().filter(|of| !of.prefix.is_empty()).find(|of| id.starts_with(of.prefix))
}

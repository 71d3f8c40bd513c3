//! Cloud Control: creation, reads, changes and deletion of any type by its CloudFormation properties.
//!
//! AWS works on a request after its answer; the progress is read until the end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::endpoint::Service;
use super::error::{ApiError, CallError};
use super::handle::Aws;
use super::names::Of;
use super::tags;
use crate::reason::Reason;
use crate::wire::elapsed;
use crate::world::{CloudError, CloudRefusal};

/// The time between two reads of a request, where AWS names none.
const POLL: Duration = Duration::from_secs(3);
const LONGEST_POLL: Duration = Duration::from_secs(60);
/// The time since the end of a request after which its object may be of an earlier write.
const REPEATED: Duration = Duration::from_secs(60);
/// The longest wait for the end of a request.
const LONGEST: Duration = Duration::from_secs(3600);
/// The most pages of a list.
const PAGE_LIMIT: usize = 200;

/// Facts about a type (source: the schemas of the CloudFormation registry).
#[derive(Debug)]
pub(super) struct Type {
    pub(super) of: Of,
    pub(super) name: &'static str,
    /// Properties that only AWS writes.
    pub(super) read_only: &'static [&'static str],
    /// Properties that no read returns.
    pub(super) write_only: &'static [&'static str],
    /// Properties above the port that the type does not have: they are of other objects.
    pub(super) others: &'static [&'static str],
    /// True for a type whose tags Cloud Control cannot change.
    pub(super) keeps_tags: bool,
}

const BARE: Type = Type { of: Of::Vpc, name: "", read_only: &[], write_only: &[], others: &[], keeps_tags: false };

static TYPES: &[Type] = &[
    Type {
        of: Of::Vpc,
        name: "AWS::EC2::VPC",
        read_only: &["CidrBlockAssociations", "DefaultNetworkAcl", "DefaultSecurityGroup", "Ipv6CidrBlocks", "VpcId"],
        write_only: &["Ipv4IpamPoolId", "Ipv4NetmaskLength"],
        ..BARE
    },
    Type {
        of: Of::Subnet,
        name: "AWS::EC2::Subnet",
        read_only: &["BlockPublicAccessStates", "Ipv6CidrBlocks", "NetworkAclAssociationId", "SubnetId"],
        write_only: &["EnableLniAtDeviceIndex", "Ipv4IpamPoolId", "Ipv4NetmaskLength"],
        ..BARE
    },
    Type {
        of: Of::InternetGateway,
        name: "AWS::EC2::InternetGateway",
        read_only: &["InternetGatewayId"],
        others: &["VpcId"],
        ..BARE
    },
    Type {
        of: Of::RouteTable,
        name: "AWS::EC2::RouteTable",
        read_only: &["RouteTableId"],
        others: &["Routes", "SubnetIds"],
        ..BARE
    },
    Type { of: Of::SecurityGroup, name: "AWS::EC2::SecurityGroup", read_only: &["GroupId", "Id"], ..BARE },
    Type {
        of: Of::KeyPair,
        name: "AWS::EC2::KeyPair",
        read_only: &["KeyFingerprint", "KeyPairId"],
        write_only: &["KeyFormat"],
        keeps_tags: true,
        ..BARE
    },
    Type {
        of: Of::CapacityReservation,
        name: "AWS::EC2::CapacityReservation",
        read_only: &[
            "AvailableInstanceCount",
            "CapacityAllocationSet",
            "CapacityReservationArn",
            "CapacityReservationFleetId",
            "CommitmentInfo",
            "CreateDate",
            "DeliveryPreference",
            "Id",
            "OwnerId",
            "ReservationType",
            "StartDate",
            "State",
            "TotalInstanceCount",
        ],
        write_only: &["UnusedReservationBillingOwnerId"],
        keeps_tags: true,
        ..BARE
    },
    Type {
        of: Of::VpcEndpoint,
        name: "AWS::EC2::VPCEndpoint",
        read_only: &["CreationTimestamp", "DnsEntries", "Id", "NetworkInterfaceIds"],
        ..BARE
    },
    Type { of: Of::Role, name: "AWS::IAM::Role", read_only: &["Arn", "RoleId"], ..BARE },
    Type { of: Of::InstanceProfile, name: "AWS::IAM::InstanceProfile", read_only: &["Arn"], ..BARE },
    Type {
        of: Of::Bucket,
        name: "AWS::S3::Bucket",
        read_only: &["Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"],
        write_only: &["AccessControl", "BucketNamePrefix", "BucketNamespace"],
        others: &["Policy"],
        ..BARE
    },
    Type {
        of: Of::Parameter,
        name: "AWS::SSM::Parameter",
        read_only: &["Arn"],
        write_only: &["Description", "Tier", "AllowedPattern", "Policies"],
        ..BARE
    },
    Type {
        of: Of::Key,
        name: "AWS::KMS::Key",
        read_only: &["Arn", "KeyId"],
        write_only: &["PendingWindowInDays", "BypassPolicyLockoutSafetyCheck", "RotationPeriodInDays"],
        others: &["AliasName"],
        ..BARE
    },
];

/// The type of the alias by which a key has its name.
pub(super) const ALIAS: &str = "AWS::KMS::Alias";

impl Type {
    /// The type of objects that go through Cloud Control; `None` for the others.
    pub(super) fn of(of: Of) -> Option<&'static Self> {
        TYPES.iter().find(|one| one.of == of)
    }

    /// The properties of a wanted body with which an object is created.
    pub(super) fn created(&self, wanted: &Json) -> Json {
        let is_own = |name: &str| !self.read_only.contains(&name) && !self.others.contains(&name);
        let all = wanted.as_object().into_iter().flatten().filter(|(name, _)| is_own(name));
        let mut made: Map<String, Json> = all.map(|(name, value)| (name.clone(), value.clone())).collect();
        if self.of == Of::CapacityReservation {
            let tags = made.remove("Tags").unwrap_or_default();
            let specification = json!([{ "ResourceType": "capacity-reservation", "Tags": tags }]);
            made.insert("TagSpecifications".to_owned(), specification);
        }
        if made.get("Tags").and_then(Json::as_array).is_some_and(Vec::is_empty) {
            made.remove("Tags");
        }
        if let Some(tags) = made.get_mut("Tags").filter(|_| self.of == Of::Parameter) {
            *tags = tags::by_name(tags);
        }
        Json::Object(made)
    }

    /// The change from one body to another, as a patch; `None` where nothing differs. `made`: the object is new, so
    /// that what nobody wrote is AWS's choice. `first`: no request of the write was sent yet, so that a property that
    /// no read returns may be what is to change.
    pub(super) fn patch(&self, now: &Json, wanted: &Json, made: bool, first: bool) -> Option<Json> {
        if self.of == Of::KeyPair {
            return None;
        }
        let is_own = |name: &str| {
            !self.read_only.contains(&name)
                && !self.others.contains(&name)
                && (name != "Tags" || !self.keeps_tags)
                && name != "TagSpecifications"
        };
        let mut changes = Vec::new();
        let mut hidden = Vec::new();
        for (name, value) in wanted.as_object().into_iter().flatten().filter(|(name, _)| is_own(name)) {
            let sent = if self.of == Of::Parameter && name == "Tags" { tags::by_name(value) } else { value.clone() };
            let change = json!({ "op": "add", "path": format!("/{name}"), "value": sent });
            match self.write_only.contains(&name.as_str()) {
                true => hidden.push(change),
                false if same(now.get(name).unwrap_or(&Json::Null), value) => {}
                false => changes.push(change),
            }
        }
        for (name, value) in now.as_object().into_iter().flatten().filter(|(name, _)| is_own(name)) {
            let is_kept = wanted.get(name).is_some() || value.is_null() || self.write_only.contains(&name.as_str());
            if !made && !is_kept {
                changes.push(json!({ "op": "remove", "path": format!("/{name}") }));
            }
        }
        if first || !changes.is_empty() {
            changes.extend(hidden);
        }
        (!changes.is_empty()).then(|| Json::Array(changes))
    }
}

/// True for values that mean the same: AWS changes the order of lists, and texts of numbers, and keeps nothing empty.
pub(super) fn same(one: &Json, other: &Json) -> bool {
    fn is_nothing(value: &Json) -> bool {
        match value {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(map) => map.is_empty(),
            _ => false,
        }
    }
    fn normal(value: &Json) -> Json {
        match value {
            Json::Array(items) => {
                let mut items: Vec<Json> = items.iter().map(normal).collect();
                items.sort_by_key(Json::to_string);
                Json::Array(items)
            }
            Json::Object(map) => {
                let mut all: Vec<(String, Json)> =
                    map.iter().map(|(name, value)| (name.clone(), normal(value))).collect();
                all.retain(|(_, value)| !is_nothing(value));
                all.sort_by(|(one, _), (other, _)| one.cmp(other));
                Json::Object(all.into_iter().collect())
            }
            Json::Number(_) | Json::Bool(_) => Json::from(value.to_string()),
            other => other.clone(),
        }
    }
    let (one, other) = (normal(one), normal(other));
    one == other || is_nothing(&one) && is_nothing(&other)
}

/// The time of the first answer to a request, and the id of its object.
pub(super) type Ended = (Option<Timestamp>, Option<String>);

/// A time as seconds since 1970, or as a text.
fn time(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => text.parse().ok(),
        other => Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(other.as_f64()?).ok()?).ok(),
    }
}

/// The progress of a request.
struct Progress {
    token: String,
    status: String,
    identifier: Option<String>,
    event: Json,
}

fn progress(answer: &Json) -> Result<Progress, CallError> {
    let event = answer.get("ProgressEvent").cloned().unwrap_or_default();
    let text = |name: &str| event.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let lost = || CallError::Lost("the answer has no progress of the request".to_owned());
    Ok(Progress {
        token: text("RequestToken").ok_or_else(lost)?,
        status: text("OperationStatus").ok_or_else(lost)?,
        identifier: text("Identifier"),
        event,
    })
}

/// The refusal of a request that ended without success.
fn failed(event: &Json) -> CloudError {
    let text = |name: &str| event.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (code, message) = (text("ErrorCode"), text("StatusMessage"));
    let reason = match &*code {
        // The handler of a type puts the code of the service into the message.
        "" | "GeneralServiceException" | "InternalFailure" | "NotStabilized" | "ServiceLimitExceeded" => None,
        known => super::codes::reason(known, &message),
    };
    let inner = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let reason = reason.or_else(|| {
        inner.filter(|word| word.len() > 8).find_map(|word| super::codes::reason(word.trim_matches('.'), ""))
    });
    let reason = reason.or_else(|| super::codes::reason(&code, &message)).unwrap_or(Reason::Other);
    let message = if message.is_empty() { "AWS gave no reason".to_owned() } else { message };
    CloudError::Refused(CloudRefusal {
        reason,
        has_begun: true,
        answer: format!("the request of Cloud Control ended as {}", text("OperationStatus")),
        code: if code.is_empty() { "Failed".to_owned() } else { code },
        message,
        correlation: Some(text("RequestToken")).filter(|token| !token.is_empty()),
    })
}

/// A refusal after which another look, or another attempt, may help, as the error of the request itself.
fn passing<T>(ended: Result<T, CloudError>) -> Result<Result<T, CallError>, CloudError> {
    match ended {
        Ok(ended) => Ok(Ok(ended)),
        Err(CloudError::Refused(refusal)) if matches!(refusal.reason, Reason::Changed | Reason::Busy) => {
            let CloudRefusal { code, message, correlation: request, .. } = refusal;
            Ok(Err(ApiError { status: 409, code, message, request, retry_after: None }.into()))
        }
        Err(error) => Err(error),
    }
}

impl Aws {
    async fn control(&self, region: &str, operation: &str, parameters: &Json) -> Result<Json, CallError> {
        self.transport.act(Service::CloudControl, region, operation, parameters).await
    }

    /// Waits for the end of a request, and returns its time and the id of its object.
    async fn ended(&self, region: &str, answer: Json) -> Result<Ended, CloudError> {
        let began = self.transport.now();
        let lost = |error: CallError| CloudError::OutcomeUnknown(format!("the request cannot be read: {error}"));
        let mut now = progress(&answer).map_err(lost)?;
        // A request that has ended already repeats an earlier one, whose object may be gone since: a recent time does
        // not show that the object is new.
        let is_earlier = |time: &Timestamp| now.status != "SUCCESS" || elapsed(*time, began) > REPEATED;
        let first = now.event.get("EventTime").and_then(time).filter(is_earlier);
        loop {
            match &*now.status {
                "SUCCESS" => return Ok((first, now.identifier)),
                "PENDING" | "IN_PROGRESS" | "CANCEL_IN_PROGRESS" => {}
                _ => return Err(failed(&now.event)),
            }
            if elapsed(began, self.transport.now()) >= LONGEST {
                let message = format!("the request is still `{}` after an hour", now.status);
                return Err(CloudError::OutcomeUnknown(message));
            }
            // The time at which AWS wants to be asked again.
            let next = now.event.get("RetryAfter").and_then(time);
            let wait = next.map(|next| elapsed(self.transport.now(), next)).unwrap_or_default();
            let wait = wait.clamp(POLL, LONGEST_POLL);
            self.transport.sleep(wait).await;
            let parameters = json!({ "RequestToken": now.token });
            let answer = self.control(region, "GetResourceRequestStatus", &parameters).await.map_err(lost)?;
            now = progress(&answer).map_err(lost)?;
        }
    }

    /// The properties of an object; `None` where it does not exist.
    pub(super) async fn properties(
        &self,
        region: &str,
        of: &str,
        identifier: &str,
    ) -> Result<Option<Json>, CloudError> {
        let parameters = json!({ "TypeName": of, "Identifier": identifier });
        let answer = match self.control(region, "GetResource", &parameters).await {
            Ok(answer) => answer,
            Err(error) if error.is(Reason::Absent) => return Ok(None),
            Err(error) => return Err(error.of_read()),
        };
        let text = answer.pointer("/ResourceDescription/Properties").and_then(Json::as_str).unwrap_or_default();
        match serde_json::from_str(text) {
            Ok(properties @ Json::Object(_)) => Ok(Some(properties)),
            _ => Err(CloudError::Unreachable(format!("the properties of {of} `{identifier}` cannot be read"))),
        }
    }

    /// The ids of all objects of a type.
    pub(super) async fn identifiers(&self, region: &str, of: &str) -> Result<Vec<String>, CloudError> {
        let mut all = Vec::new();
        let mut parameters = json!({ "TypeName": of });
        for _ in 0..PAGE_LIMIT {
            let answer = self.control(region, "ListResources", &parameters).await.map_err(CallError::of_read)?;
            let items = answer.get("ResourceDescriptions").and_then(Json::as_array).into_iter().flatten();
            all.extend(items.filter_map(|item| item.get("Identifier")?.as_str().map(str::to_owned)));
            match answer.get("NextToken").and_then(Json::as_str).filter(|token| !token.is_empty()) {
                Some(next) => parameters["NextToken"] = Json::from(next),
                None => return Ok(all),
            }
        }
        Err(CloudError::Unreachable(format!("the list of {of} does not end after {PAGE_LIMIT} pages")))
    }

    /// Creates an object and waits for it. The inner error is that of the request.
    pub(super) async fn control_create(
        &self,
        region: &str,
        (of, token): (&str, Option<&str>),
        properties: &Json,
    ) -> Result<Result<Ended, CallError>, CloudError> {
        let mut parameters = json!({ "TypeName": of, "DesiredState": properties.to_string() });
        if let Some(token) = token {
            parameters["ClientToken"] = Json::from(token);
        }
        match self.control(region, "CreateResource", &parameters).await {
            Ok(answer) => passing(self.ended(region, answer).await),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Changes an object and waits for the end. The inner error is that of the request.
    pub(super) async fn control_update(
        &self,
        region: &str,
        (of, identifier): (&str, &str),
        patch: &Json,
    ) -> Result<Result<(), CallError>, CloudError> {
        let parameters = json!({ "TypeName": of, "Identifier": identifier, "PatchDocument": patch.to_string() });
        match self.control(region, "UpdateResource", &parameters).await {
            Ok(answer) => passing(self.ended(region, answer).await.map(drop)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Deletes an object and waits for the end. The inner error is that of the request.
    pub(super) async fn control_delete(
        &self,
        region: &str,
        (of, identifier): (&str, &str),
    ) -> Result<Result<(), CallError>, CloudError> {
        let parameters = json!({ "TypeName": of, "Identifier": identifier });
        match self.control(region, "DeleteResource", &parameters).await {
            Ok(answer) => match self.ended(region, answer).await {
                Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Absent => Ok(Ok(())),
                other => passing(other.map(drop)),
            },
            Err(error) if error.is(Reason::Absent) => Ok(Ok(())),
            Err(error) => Ok(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(now: &Json, wanted: &Json, made: bool) -> Option<Json> {
        Type::of(Of::Vpc)?.patch(now, wanted, made, false)
    }

    #[test]
    fn patch_has_what_differs_and_nothing_that_only_aws_writes() {
        let now = json!({ "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true, "Tags": [
            { "Key": "b", "Value": "2" }, { "Key": "a", "Value": "1" }] });
        let mut wanted = json!({ "VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16", "Tags": [
            { "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }] });
        assert_eq!(patch(&now, &wanted, true), None);
        let removed = json!([{ "op": "remove", "path": "/EnableDnsSupport" }]);
        assert_eq!(patch(&now, &wanted, false), Some(removed));
        wanted["EnableDnsSupport"] = json!(false);
        let changed = json!([{ "op": "add", "path": "/EnableDnsSupport", "value": false }]);
        assert_eq!(patch(&now, &wanted, false), Some(changed));
    }

    #[test]
    fn values_without_content_mean_the_same_at_any_depth() {
        let plain = json!({ "a": "1", "of": { "list": [2, 1] } });
        assert!(same(&plain, &json!({ "a": 1, "of": { "list": ["1", "2"], "none": {} }, "options": {}, "all": [] })));
        assert!(!same(&plain, &json!({ "a": 1, "of": { "list": [1, 2, 3] } })));
    }

    #[test]
    fn reason_of_a_handler_is_in_its_message() {
        let event = |code: &str, message: &str| json!({ "ErrorCode": code, "StatusMessage": message });
        for (code, message, reason) in [
            ("GeneralServiceException", "The vpc has dependencies (Service: Ec2, DependencyViolation)", Reason::InUse),
            ("ServiceLimitExceeded", "m (VpcLimitExceeded)", Reason::Quota),
            ("NotUpdatable", "CidrBlock", Reason::Invalid),
            ("AccessDenied", "no", Reason::Forbidden),
        ] {
            let CloudError::Refused(refusal) = failed(&event(code, message)) else { panic!("{code}") };
            assert_eq!((refusal.reason, refusal.has_begun), (reason, true), "{code}");
        }
    }
}

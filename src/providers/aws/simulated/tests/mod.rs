//! The dialect, asked over its router.

mod compute;
mod control;
mod protocol;
mod storage;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use super::xml::{self, Element};
use crate::simulator::{START, Simulator};
use crate::world::{Clock, WebRequest};

const REGION: &str = "eu-west-1";

/// A clock that only the test advances.
struct ManualClock(AtomicI64);

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// A world, and requests to it that are signed as a client signs them.
struct Account {
    simulator: Simulator,
    clock: Arc<ManualClock>,
}

/// An answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn xml(&self) -> Element {
        xml::parse(&self.text).unwrap_or_else(|| panic!("{self:?}"))
    }

    /// The code of an error, in whichever protocol.
    fn code(&self) -> String {
        let json: Option<Json> = serde_json::from_str(&self.text).ok();
        if let Some(code) = json.as_ref().and_then(|body| body["__type"].as_str()) {
            return code.to_owned();
        }
        all(&self.xml(), "Code").first().cloned().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// The texts of all elements with this name.
fn all(element: &Element, name: &str) -> Vec<String> {
    let own = (element.name == name).then(|| element.text.trim().to_owned());
    own.into_iter().chain(element.children.iter().flat_map(|child| all(child, name))).collect()
}

/// The text of the first element with this name.
fn first(element: &Element, name: &str) -> String {
    all(element, name).first().cloned().unwrap_or_else(|| panic!("no {name} in {element:?}"))
}

fn account() -> Account {
    let clock = Arc::new(ManualClock(AtomicI64::new(START.as_second())));
    Account { simulator: Simulator::new(crate::providers::dialects(), 7, clock.clone()), clock }
}

impl Account {
    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The headers of a signature, without those that a service adds.
    fn signed(&self, service: &str, region: &str) -> [(&'static str, String); 2] {
        let now = self.clock.now();
        let (date, day) = (now.strftime("%Y%m%dT%H%M%SZ").to_string(), now.strftime("%Y%m%d").to_string());
        let signed = if service == "s3" { "host;x-amz-content-sha256;x-amz-date" } else { "host;x-amz-date" };
        let scope = format!("AKIAIOSFODNN7EXAMPLE/{day}/{region}/{service}/aws4_request");
        let signature = "0123456789abcdef".repeat(4);
        let header = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature={signature}");
        [("authorization", header), ("x-amz-date", date)]
    }

    async fn send(&self, verb: &str, url: &str, headers: &[(&str, String)], body: impl Into<Body>) -> Answer {
        let mut request = HttpRequest::builder().method(verb).uri(url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = self.simulator.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn control_raw(&self, action: &str, body: &Json) -> Answer {
        let mut headers = self.signed("cloudcontrolapi", REGION).to_vec();
        headers.push(("x-amz-target", format!("CloudApiService.{action}")));
        let url = format!("https://cloudcontrolapi.{REGION}.amazonaws.com/");
        self.send("POST", &url, &headers, body.to_string()).await
    }

    async fn control(&self, action: &str, body: Json) -> Json {
        let answer = self.control_raw(action, &body).await;
        assert_eq!(answer.status, 200, "{action} {body}: {answer:?}");
        answer.json()
    }

    /// The last event of a mutation.
    async fn ended(&self, action: &str, body: Json) -> Json {
        let begun = self.control(action, body).await["ProgressEvent"].clone();
        assert_eq!(begun["OperationStatus"], "IN_PROGRESS", "{begun}");
        self.pass(120);
        let status = self.control("GetResourceRequestStatus", json!({ "RequestToken": begun["RequestToken"] })).await;
        status["ProgressEvent"].clone()
    }

    /// Creates an object, and returns its identifier.
    async fn made(&self, of: &str, model: Json) -> String {
        let event = self.ended("CreateResource", json!({ "TypeName": of, "DesiredState": model.to_string() })).await;
        assert_eq!(event["OperationStatus"], "SUCCESS", "{of} {model}: {event}");
        event["Identifier"].as_str().unwrap().to_owned()
    }

    /// The error of a creation.
    async fn not_made(&self, of: &str, model: Json) -> String {
        let event = self.ended("CreateResource", json!({ "TypeName": of, "DesiredState": model.to_string() })).await;
        assert_eq!(event["OperationStatus"], "FAILED", "{of} {model}: {event}");
        event["ErrorCode"].as_str().unwrap().to_owned()
    }

    async fn read(&self, of: &str, identifier: &str) -> Json {
        let found = self.control("GetResource", json!({ "TypeName": of, "Identifier": identifier })).await;
        serde_json::from_str(found["ResourceDescription"]["Properties"].as_str().unwrap()).unwrap()
    }

    async fn deleted(&self, of: &str, identifier: &str) -> Json {
        self.ended("DeleteResource", json!({ "TypeName": of, "Identifier": identifier })).await
    }

    async fn ec2_in(&self, region: &str, action: &str, form: &[(&str, &str)]) -> Answer {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.append_pair("Action", action).append_pair("Version", "2016-11-15").extend_pairs(form);
        let url = format!("https://ec2.{region}.amazonaws.com/");
        self.send("POST", &url, &self.signed("ec2", region), text.finish()).await
    }

    async fn ec2(&self, action: &str, form: &[(&str, &str)]) -> Element {
        let answer = self.ec2_in(REGION, action, form).await;
        assert_eq!(answer.status, 200, "{action} {form:?}: {answer:?}");
        answer.xml()
    }

    async fn refused(&self, action: &str, form: &[(&str, &str)]) -> String {
        let answer = self.ec2_in(REGION, action, form).await;
        assert!(answer.status >= 400, "{action} {form:?}: {answer:?}");
        answer.code()
    }

    async fn s3(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = self.signed("s3", REGION).to_vec();
        all.push(("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned()));
        all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.send(verb, &format!("https://s3.{REGION}.amazonaws.com/{path}"), &all, body.to_owned()).await
    }

    async fn json_of(&self, service: &str, target: &str, body: Json) -> Answer {
        let mut headers = self.signed(service, REGION).to_vec();
        headers.push(("x-amz-target", target.to_owned()));
        let url = format!("https://{service}.{REGION}.amazonaws.com/");
        self.send("POST", &url, &headers, body.to_string()).await
    }
}

/// A network that is reachable: its id and that of a subnet and a group.
async fn network(account: &Account) -> (String, String, String) {
    let vpc = account.made("AWS::EC2::VPC", json!({ "CidrBlock": "10.0.0.0/16" })).await;
    let subnet = account.made("AWS::EC2::Subnet", json!({ "VpcId": vpc, "CidrBlock": "10.0.1.0/24" })).await;
    let gateway = account.made("AWS::EC2::InternetGateway", json!({})).await;
    let attached = json!({ "VpcId": vpc, "InternetGatewayId": gateway });
    account.made("AWS::EC2::VPCGatewayAttachment", attached).await;
    let table = account.made("AWS::EC2::RouteTable", json!({ "VpcId": vpc })).await;
    let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
    account.made("AWS::EC2::Route", route).await;
    let association = json!({ "RouteTableId": table, "SubnetId": subnet });
    account.made("AWS::EC2::SubnetRouteTableAssociation", association).await;
    let rule = json!({ "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0" });
    let group = json!({
        "GroupName": "web", "GroupDescription": "web", "VpcId": vpc, "SecurityGroupIngress": [rule],
    });
    let group = account.made("AWS::EC2::SecurityGroup", group).await;
    (vpc, subnet, group)
}

fn get(url: &str) -> WebRequest {
    WebRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        address: None,
        marker: None,
        hoped: 200,
        within: Duration::from_secs(5),
    }
}

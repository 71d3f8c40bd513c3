//! Records of Route 53.

use std::time::Duration;

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::endpoint::Service;
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::names::{GLOBAL, Named};
use super::transport::Call;
use super::xml::{list, read, text};
use crate::reason::Reason;
use crate::wire::{Backoff, RetryPolicy, refused};
use crate::world::CloudError;

/// The version of the API, at the beginning of paths.
const API: &str = "/2013-04-01";
/// For the end of a change, which takes up to a minute.
const SYNC: RetryPolicy = RetryPolicy::new(2, 10, 60, 600);
/// The most pages of a list.
const PAGE_LIMIT: usize = 100;

fn call<'a>((operation, method): (&'a str, Method), path: String, query: &[(&str, &str)]) -> Call<'a> {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let repeats = method == Method::GET;
    let (headers, body) = (Vec::new(), Bytes::new());
    Call { service: Service::Route53, region: GLOBAL, operation, method, path, query, headers, body, repeats }
}

/// A name as Route 53 has it: with a dot at its end, and in lower case.
fn full(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}

/// A name of an answer without its dot; an octal escape is a character.
fn bare(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*")
}

/// Text within an element of XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A record as Route 53 lists it, with the properties of CloudFormation.
fn properties(item: &Json) -> Json {
    let mut body = json!({
        "Name": bare(text(item, "Name").unwrap_or_default()),
        "Type": text(item, "Type"),
    });
    if let Some(ttl) = text(item, "TTL") {
        body["TTL"] = Json::from(ttl);
    }
    let values = item.get("ResourceRecords").cloned().unwrap_or_default();
    let values: Vec<&str> =
        list(&values, "ResourceRecord").into_iter().filter_map(|value| text(value, "Value")).collect();
    if !values.is_empty() {
        body["ResourceRecords"] = json!(values);
    }
    if let Some(alias) = item.get("AliasTarget").filter(|alias| alias.is_object()) {
        body["AliasTarget"] = json!({
            "DNSName": bare(text(alias, "DNSName").unwrap_or_default()),
            "HostedZoneId": text(alias, "HostedZoneId"),
            "EvaluateTargetHealth": text(alias, "EvaluateTargetHealth") == Some("true"),
        });
    }
    for name in ["SetIdentifier", "HealthCheckId", "Weight", "Failover", "Region"] {
        if let Some(value) = text(item, name) {
            body[name] = Json::from(value);
        }
    }
    body
}

/// A record as requests have it.
fn set(named: &Named, body: &Json) -> String {
    let text = |name: &str| {
        body.get(name).and_then(|value| match value {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let element = |name: &str, value: Option<String>| {
        value.map(|value| format!("<{name}>{}</{name}>", escaped(&value))).unwrap_or_default()
    };
    let mut made = element("Name", Some(full(&named.name))) + &element("Type", Some(named.record.clone()));
    for name in ["SetIdentifier", "Weight", "Region", "Failover"] {
        made += &element(name, text(name));
    }
    made += &element("TTL", text("TTL").filter(|_| body.get("AliasTarget").is_none()));
    let values = body.get("ResourceRecords").and_then(Json::as_array).into_iter().flatten();
    let values: String = values
        .filter_map(Json::as_str)
        .map(|value| format!("<ResourceRecord>{}</ResourceRecord>", element("Value", Some(value.to_owned()))))
        .collect();
    if !values.is_empty() {
        made += &format!("<ResourceRecords>{values}</ResourceRecords>");
    }
    if let Some(alias) = body.get("AliasTarget") {
        let text = |name: &str| alias.get(name).and_then(Json::as_str).map(str::to_owned);
        let checks = alias.get("EvaluateTargetHealth").and_then(Json::as_bool).unwrap_or_default();
        made += &format!(
            "<AliasTarget>{}{}{}</AliasTarget>",
            element("HostedZoneId", text("HostedZoneId")),
            element("DNSName", text("DNSName")),
            element("EvaluateTargetHealth", Some(checks.to_string()))
        );
    }
    made += &element("HealthCheckId", text("HealthCheckId"));
    format!("<ResourceRecordSet>{made}</ResourceRecordSet>")
}

impl Aws {
    /// The id of a zone, by its domain. A zone is also named by its id.
    async fn zone(&self, name: &str) -> Result<String, CloudError> {
        if name.starts_with('Z') && !name.contains('.') {
            return Ok(name.to_owned());
        }
        let path = format!("{API}/hostedzonesbyname");
        let call = call(("ListHostedZonesByName", Method::GET), path, &[("dnsname", &full(name)), ("maxitems", "10")]);
        let answer = self.transport.send(&call).await.map_err(CallError::of_read)?;
        let answer = read(&answer.body).unwrap_or_default();
        let zones = answer.get("HostedZones").cloned().unwrap_or_default();
        let is_public = |zone: &&Json| zone.pointer("/Config/PrivateZone").and_then(Json::as_str) != Some("true");
        let mut ids: Vec<String> = list(&zones, "HostedZone")
            .into_iter()
            .filter(|zone| text(zone, "Name") == Some(&*full(name)))
            .filter(is_public)
            .filter_map(|zone| text(zone, "Id")?.rsplit('/').next().map(str::to_owned))
            .collect();
        match (ids.pop(), ids.is_empty()) {
            (Some(id), true) => Ok(id),
            (None, _) => Err(refused(Reason::Absent, "NoSuchHostedZone", format!("Route 53 has no zone `{name}`"))),
            (Some(_), false) => {
                let message = format!("Route 53 has several zones `{name}`. Write the id of one in place of the name");
                Err(refused(Reason::Invalid, "Ambiguous", message))
            }
        }
    }

    /// A record; `None` where it does not exist.
    pub(super) async fn record(&self, named: &Named) -> Result<Option<Found>, CloudError> {
        let zone = match self.zone(&named.within).await {
            Ok(zone) => zone,
            Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = full(&named.name);
        let query = [("name", &*name), ("type", &named.record), ("maxitems", "2")];
        let call = call(("ListResourceRecordSets", Method::GET), format!("{API}/hostedzone/{zone}/rrset"), &query);
        let answer = self.transport.send(&call).await.map_err(CallError::of_read)?;
        let answer = read(&answer.body).unwrap_or_default();
        let mut all = of_page(&answer);
        let is_it = |body: &Json| {
            text(body, "Name").is_some_and(|other| other.eq_ignore_ascii_case(named.name.trim_end_matches('.')))
                && text(body, "Type") == Some(&named.record)
        };
        all.retain(is_it);
        if all.len() > 1 {
            let message =
                format!("`{}` has several records of type {}, told apart by routing", named.name, named.record);
            return Err(refused(Reason::Invalid, "Ambiguous", message));
        }
        Ok(all.pop().map(|body| Found { id: named.name.clone(), body, hidden: json!({ "Zone": zone }) }))
    }

    /// Asks Route 53 for anything.
    pub(super) async fn records_answer(&self) -> Result<(), CallError> {
        let path = format!("{API}/hostedzonesbyname");
        self.transport.send(&call(("ListHostedZonesByName", Method::GET), path, &[("maxitems", "1")])).await.map(drop)
    }

    /// The types and names of all records of a zone.
    pub(super) async fn records(&self, zone: &str) -> Result<Vec<Json>, CloudError> {
        let path = format!("{API}/hostedzone/{}/rrset", self.zone(zone).await?);
        let mut call = call(("ListResourceRecordSets", Method::GET), path, &[]);
        let mut all = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let answer = self.transport.send(&call).await.map_err(CallError::of_read)?;
            let answer = read(&answer.body).unwrap_or_default();
            all.extend(of_page(&answer));
            if text(&answer, "IsTruncated") != Some("true") {
                return Ok(all);
            }
            let next = [("name", "NextRecordName"), ("type", "NextRecordType"), ("identifier", "NextRecordIdentifier")];
            let next = next
                .iter()
                .filter_map(|(name, element)| Some(((*name).to_owned(), text(&answer, element)?.to_owned())));
            call.query = next.collect();
        }
        Err(CloudError::Unreachable(format!("the records of `{zone}` do not end after {PAGE_LIMIT} pages")))
    }

    /// Creates, changes or deletes (`UPSERT`, `DELETE`) a record, and waits until all servers of Route 53 have it. The
    /// inner error is that of the request.
    pub(super) async fn change_record(
        &self,
        named: &Named,
        action: &str,
        body: &Json,
    ) -> Result<Result<(), CallError>, CloudError> {
        let zone = self.zone(&named.within).await?;
        let path = format!("{API}/hostedzone/{zone}/rrset/");
        let mut call = call(("ChangeResourceRecordSets", Method::POST), path, &[]);
        call.body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>\
             <Changes><Change><Action>{action}</Action>{}</Change></Changes></ChangeBatch>\
             </ChangeResourceRecordSetsRequest>",
            set(named, body)
        )
        .into();
        let answer = match self.transport.send(&call).await {
            Ok(answer) => read(&answer.body).unwrap_or_default(),
            Err(error) => return Ok(Err(error)),
        };
        let mut info = answer.get("ChangeInfo").cloned().unwrap_or_default();
        let mut reads = Backoff::new(SYNC, self.transport.now());
        while text(&info, "Status") == Some("PENDING") {
            let Some(wait) = reads.next(self.transport.now(), None::<Duration>) else {
                return Err(CloudError::OutcomeUnknown("the change of the record is still pending".to_owned()));
            };
            self.transport.sleep(wait).await;
            let id = text(&info, "Id").and_then(|id| id.rsplit('/').next()).unwrap_or_default().to_owned();
            let call = self::call(("GetChange", Method::GET), format!("{API}/change/{id}"), &[]);
            let lost = |error: CallError| CloudError::OutcomeUnknown(format!("the change cannot be read: {error}"));
            let answer = self.transport.send(&call).await.map_err(lost)?;
            info = read(&answer.body).unwrap_or_default().get("ChangeInfo").cloned().unwrap_or_default();
        }
        Ok(Ok(()))
    }
}

/// The records of a page.
fn of_page(answer: &Json) -> Vec<Json> {
    let sets = answer.get("ResourceRecordSets").cloned().unwrap_or_default();
    list(&sets, "ResourceRecordSet").into_iter().map(properties).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_written_as_it_is_read() {
        let named = Named::read("aws:global/zones/example.com/records/A/*.example.com").unwrap();
        let body =
            json!({ "Name": "*.example.com", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1", "192.0.2.2"] });
        let text = set(&named, &body);
        assert!(text.contains("<Name>*.example.com.</Name><Type>A</Type><TTL>60</TTL>"), "{text}");
        let answer = format!("<R><ResourceRecordSets>{}</ResourceRecordSets></R>", text.replace('*', "\\052"));
        assert_eq!(of_page(&read(answer.as_bytes()).unwrap()), [body]);
    }
}

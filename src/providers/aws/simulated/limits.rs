//! The request limits: buckets of tokens for each account, region and operation (source: AWS's documentation of API
//! throttling of EC2 and Route 53). Those of Cloud Control are not published: the numbers are an assumption.

use super::answers::{Refused, limit};
use super::hosts::Service;
use super::state::AwsState;
use crate::simulator::world::World;

/// The size of the bucket of an operation, and its tokens for each second.
fn bucket(service: Service, operation: &str) -> Option<(f64, f64)> {
    match service {
        Service::Ec2 if operation == "RunInstances" => Some((5.0, 2.0)),
        Service::Ec2 if operation.starts_with("Describe") || operation == "TerminateInstances" => Some((100.0, 20.0)),
        Service::Ec2 => Some((50.0, 5.0)),
        Service::Route53 => Some((50.0, 10.0)),
        Service::Control => Some((40.0, 10.0)),
        Service::Iam | Service::Ssm | Service::Quotas | Service::Tagging => Some((100.0, 20.0)),
        // S3 and STS have limits that no client of one stack meets.
        Service::S3 | Service::Sts => None,
    }
}

/// Takes a token for a request.
///
/// # Errors
/// The refusal of the service where its bucket is empty.
pub(super) fn admit(world: &mut World, service: Service, region: &str, operation: &str) -> Result<(), Refused> {
    let Some((size, refill)) = bucket(service, operation) else { return Ok(()) };
    if world.rest.faults.unthrottled() {
        return Ok(());
    }
    // Route 53 has one bucket for all operations.
    let operation = if service == Service::Route53 { "" } else { operation };
    let now = world.now;
    let state: &mut AwsState = world.parts.get_mut();
    let key = format!("{}/{region}/{operation}", service.name());
    let (left, since) = state.buckets.entry(key).or_insert((size, now));
    let filled = (*left + now.duration_since(*since).as_secs_f64() * refill).min(size);
    (*left, *since) = (filled, now);
    if filled >= 1.0 {
        *left = filled - 1.0;
        return Ok(());
    }
    let (status, code, message) = limit(service);
    Err(Refused::new(status, code, message))
}

//! The hosts of AWS: which service a request is for, in which region, and which bucket a host of S3 names.

/// A service with an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Control,
    Ec2,
    Iam,
    Sts,
    S3,
    Route53,
    Ssm,
    Tagging,
    Quotas,
}

/// The services by the name in their hosts, which is also the name in the scope of a signature.
const SERVICES: &[(&str, Service)] = &[
    ("cloudcontrolapi", Service::Control),
    ("ec2", Service::Ec2),
    ("iam", Service::Iam),
    ("sts", Service::Sts),
    ("s3", Service::S3),
    ("route53", Service::Route53),
    ("ssm", Service::Ssm),
    ("tagging", Service::Tagging),
    ("servicequotas", Service::Quotas),
];

/// The region of the control plane of services that have one for the world, and of hosts that name none.
pub(super) const HOME: &str = "us-east-1";

impl Service {
    /// Its name in hosts and scopes.
    pub(super) fn name(self) -> &'static str {
        SERVICES.iter().find(|(_, service)| *service == self).map_or("", |(name, _)| name)
    }

    /// True for a service with one control plane for the world.
    pub(super) fn is_global(self) -> bool {
        matches!(self, Self::Iam | Self::Route53)
    }
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) service: Service,
    /// The region that answers.
    pub(super) region: String,
    /// The bucket that the host names.
    pub(super) bucket: Option<String>,
}

/// The part of a host before the domain of AWS.
fn own(host: &str) -> Option<&str> {
    [".amazonaws.com", ".amazonaws.com.cn"].into_iter().find_map(|domain| host.strip_suffix(domain))
}

/// True for a host of AWS.
pub(super) fn is_own(host: &str) -> bool {
    own(host).is_some()
}

/// The endpoint of a host; `None` for a service that is not simulated.
pub(super) fn endpoint(host: &str) -> Option<Endpoint> {
    let parts: Vec<&str> = own(host)?.split('.').collect();
    let named = |name: &str| SERVICES.iter().find(|(own, _)| *own == name).map(|(_, service)| *service);
    let at = |service, region: &str| Endpoint { service, region: region.to_owned(), bucket: None };
    match parts.as_slice() {
        [name] => named(name).map(|service| at(service, HOME)),
        [name, region] if named(name).is_some() => named(name).map(|service| at(service, region)),
        // A bucket, whose name may have dots, before the service.
        [bucket @ .., "s3"] => Some(Endpoint { bucket: Some(bucket.join(".")), ..at(Service::S3, HOME) }),
        [bucket @ .., "s3", region] => Some(Endpoint { bucket: Some(bucket.join(".")), ..at(Service::S3, region) }),
        _ => None,
    }
}

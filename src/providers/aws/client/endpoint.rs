//! Services of AWS: their protocols, their addresses in a region, and the names under which requests are signed.

use std::collections::BTreeMap;

use url::Url;

/// The region that global services are signed for, outside of China.
pub(super) const HOME: &str = "us-east-1";

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    CloudControl,
    Ec2,
    Route53,
    S3,
    Ssm,
    Sts,
    Tagging,
}

/// How requests of a service are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// JSON with this version, and this prefix of the action in the header of the target.
    Json(&'static str, &'static str),
    /// A form with this version of the service; XML in answers.
    Query(&'static str),
    /// Paths and XML.
    Rest,
}

impl Service {
    pub(super) const fn encoding(self) -> Encoding {
        match self {
            Self::CloudControl => Encoding::Json("1.0", "CloudApiService"),
            Self::Ssm => Encoding::Json("1.1", "AmazonSSM"),
            Self::Tagging => Encoding::Json("1.1", "ResourceGroupsTaggingAPI_20170126"),
            Self::Ec2 => Encoding::Query("2016-11-15"),
            Self::Sts => Encoding::Query("2011-06-15"),
            Self::S3 | Self::Route53 => Encoding::Rest,
        }
    }

    /// The name in addresses and in signatures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CloudControl => "cloudcontrolapi",
            Self::Ec2 => "ec2",
            Self::Route53 => "route53",
            Self::S3 => "s3",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::Tagging => "tagging",
        }
    }

    /// The end of the variable with another address.
    const fn variable(self) -> &'static str {
        match self {
            Self::CloudControl => "CLOUDCONTROL",
            Self::Ec2 => "EC2",
            Self::Route53 => "ROUTE_53",
            Self::S3 => "S3",
            Self::Ssm => "SSM",
            Self::Sts => "STS",
            Self::Tagging => "RESOURCE_GROUPS_TAGGING_API",
        }
    }

    /// True for a service with one address for all regions.
    const fn is_global(self) -> bool {
        matches!(self, Self::Route53)
    }
}

/// The addresses of an environment.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    /// Addresses that the environment names, instead of AWS's.
    others: BTreeMap<Service, Url>,
    /// The region of requests that belong to none.
    home: String,
}

impl Endpoints {
    /// The addresses of an environment.
    ///
    /// # Errors
    /// A variable that holds no address.
    pub(super) fn of(environment: &BTreeMap<String, String>) -> Result<Self, String> {
        let set = |name: &str| environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let mut others = BTreeMap::new();
        let is_ignored = set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == Some("true");
        for service in [
            Service::CloudControl,
            Service::Ec2,
            Service::Route53,
            Service::S3,
            Service::Ssm,
            Service::Sts,
            Service::Tagging,
        ] {
            let own = format!("AWS_ENDPOINT_URL_{}", service.variable());
            let named = [own.as_str(), "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((name, set(name)?)));
            if let Some((name, text)) = named.filter(|_| !is_ignored) {
                let url = Url::parse(text).ok().filter(|url| url.has_host());
                others.insert(service, url.ok_or_else(|| format!("{name} is `{text}`, which is no address"))?);
            }
        }
        let home = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).unwrap_or(HOME).to_owned();
        Ok(Self { others, home })
    }

    /// The region of requests that belong to none: the one of the environment.
    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// The region for which requests to a service in a region are signed.
    pub(super) fn signed_for<'a>(&'a self, service: Service, region: &'a str) -> &'a str {
        match (service.is_global(), self.home.starts_with("cn-")) {
            (true, true) => "cn-northwest-1",
            (true, false) => HOME,
            (false, _) => region,
        }
    }

    /// The address of a service in a region, with a path that is encoded.
    ///
    /// # Errors
    /// A region, or a path, of which no address can be made.
    pub(super) fn url(&self, service: Service, region: &str, path: &str) -> Result<Url, String> {
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if region.is_empty() || !is_word(region) {
            return Err(format!("`{region}` is no region"));
        }
        let base = match self.others.get(&service) {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => {
                let home = if service.is_global() { &self.home } else { region };
                let suffix = if home.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                match service.is_global() {
                    true => format!("https://{}.{suffix}", service.name()),
                    false => format!("https://{}.{region}.{suffix}", service.name()),
                }
            }
        };
        let text = format!("{base}{path}");
        let url = Url::parse(&text).map_err(|error| format!("`{text}`: {error}"))?;
        // An address loses the segments `.` and `..`, which names of objects may have: another object would be meant.
        match url.as_str().ends_with(path) {
            true => Ok(url),
            false => Err(format!("`{path}` cannot be the path of an address")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(variables: &[(&str, &str)]) -> Result<Endpoints, String> {
        Endpoints::of(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn addresses_are_regional_global_or_of_the_environment() {
        let own = endpoints(&[]).unwrap();
        let url = |of: &Endpoints, service, region| of.url(service, region, "/").unwrap().to_string();
        assert_eq!(url(&own, Service::Ec2, "eu-west-1"), "https://ec2.eu-west-1.amazonaws.com/");
        assert_eq!(url(&own, Service::Sts, "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn/");
        assert_eq!(url(&own, Service::Route53, "eu-west-1"), "https://route53.amazonaws.com/");
        assert_eq!(own.signed_for(Service::Route53, "eu-west-1"), "us-east-1");
        let other = endpoints(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000/"),
            ("AWS_ENDPOINT_URL_S3", "https://s3.example.com"),
            ("AWS_REGION", "eu-central-1"),
        ]);
        let other = other.unwrap();
        assert_eq!(url(&other, Service::Ec2, "eu-west-1"), "http://127.0.0.1:5000/");
        assert_eq!(url(&other, Service::S3, "eu-west-1"), "https://s3.example.com/");
        assert_eq!(other.home(), "eu-central-1");
        assert!(endpoints(&[("AWS_ENDPOINT_URL_EC2", "nowhere")]).unwrap_err().contains("AWS_ENDPOINT_URL_EC2"));
    }

    #[test]
    fn regions_and_paths_lead_to_no_other_host() {
        let own = endpoints(&[]).unwrap();
        for region in ["", "eu-west-1.example.com/", "a@b", "a/b"] {
            assert!(own.url(Service::Ec2, region, "/").is_err(), "{region}");
        }
        assert!(own.url(Service::S3, "eu-west-1", "/bucket/../other").is_err());
    }
}

//! Forms of texts and arguments that the kinds of Linode share.

use crate::kinds::form::unless;
use crate::kinds::table::*;

/// Linode has no codes of errors: the field of a refusal stands for one.
pub(super) const NO_CODE: &str = "400";

/// A plan of machines.
pub(super) static PLAN: Form =
    Form::new("a plan, as in \"g6-standard-2\"", &["g6-standard-2", "g6-dedicated-4"], NO_CODE, |text| {
        let mut parts = text.split('-');
        let is_generation = parts.next().is_some_and(|part| {
            part.strip_prefix('g')
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        unless(is_generation && parts.clone().count() >= 2 && parts.all(is_word), "is not the name of a plan")
    });

/// An image: one of Linode's, of the account, or shared with it.
pub(super) static IMAGE: Form = Form::new(
    "an image, as in \"linode/debian12\" or \"private/12345\"",
    &["linode/debian12", "linode/ubuntu24.04"],
    NO_CODE,
    |text| {
        let is_own = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_image = match text.split_once('/') {
            Some(("private" | "shared", id)) => is_own(id),
            Some(("linode", name)) => !name.is_empty() && !name.contains('/'),
            _ => false,
        };
        unless(is_image, "is neither `linode/…` nor `private/…`")
    },
);

/// A public key, as `authorized_keys` of a machine has it.
pub(super) static SSH_KEY: Form = Form::new(
    "an SSH public key, as in \"ssh-ed25519 AAAA… operator\"",
    &[
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE another",
    ],
    NO_CODE,
    |text| {
        let mut words = text.split_whitespace();
        let types = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"];
        let is_type = words.next().is_some_and(|word| types.iter().any(|start| word.starts_with(start)));
        unless(is_type && words.next().is_some_and(|data| data.starts_with("AAAA")), "is no SSH public key")
    },
)
.normal(|text| text.trim().to_owned());

/// The password of `root` (source: Linode's API: 7 to 128 characters, and a strength that it measures itself).
pub(super) static PASSWORD: Form = Form::new(
    "a password of 7 to 128 characters",
    &["Gr33n-fields-far-away", "Wide-riv3rs-run-deep"],
    NO_CODE,
    |text| unless((7..=128).contains(&text.chars().count()), "has not 7 to 128 characters"),
);

/// The data that a machine reads at its first start: base64 of at most 16 384 bytes (source: Linode's documentation of
/// its Metadata service).
pub(super) static USER_DATA: Form = Form::new(
    "text in base64 of at most 16384 bytes before encoding",
    &["IyEvYmluL3NoCg==", "IyEvYmluL2Jhc2gK"],
    NO_CODE,
    |text| {
        use base64::Engine as _;
        match base64::engine::general_purpose::STANDARD.decode(text) {
            Ok(data) => unless(data.len() <= 16_384, "has more than 16384 bytes"),
            Err(_) => Some("is not base64".to_owned()),
        }
    },
)
.script();

/// Ports of a rule of a firewall: numbers and ranges, separated by commas.
pub(super) static PORTS: Form =
    Form::new("ports, as in \"443\" or \"80, 8000-8080\"", &["443", "80,8000-8080"], NO_CODE, |text| {
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        let is_part = |part: &str| match part.split_once('-') {
            Some((from, to)) => is_port(from) && is_port(to),
            None => is_port(part),
        };
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        unless(parts.len() <= 15 && parts.into_iter().all(is_part), "are neither ports nor ranges of ports")
    })
    .normal(|text| text.split(',').map(str::trim).collect::<Vec<_>>().join(", "));

/// The argument `tags`.
pub(super) const TAGS_ARG: Arg = arg(
    "tags",
    Ty::Tags(&crate::providers::linode::TAGS),
    "tags",
    "Tags, added to those of the stack. Linode shows each as `name:value`.",
)
.default(Lit::EmptyMap);

/// A label: letters and digits, with single hyphens, underscores or dots between them (source: Linode's API).
pub(super) const fn label(min: usize, max: usize) -> NameRule {
    NameRule::new(
        min,
        max,
        "^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$",
        "letters and digits, with single hyphens, underscores and dots between them",
    )
}

/// A name of the DNS in lower case, with at least two labels.
const HOSTS: &str = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])$";

/// The name of a domain.
pub(super) const DOMAIN: NameRule =
    NameRule::new(3, 253, HOSTS, "a domain in lower case, as in `example.com`; other scripts in Punycode (`xn--…`)");

/// The name of a record below its domain, or `@` for the domain itself.
pub(super) const RECORD_NAME: NameRule = NameRule::new(
    1,
    100,
    r"^(@|(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*|\*)$",
    "a name below the domain in lower case, as in `www`, or `@` for the domain itself",
);

/// The name of a bucket (source: S3's rules for names).
pub(super) const BUCKET: NameRule = NameRule::new(
    3,
    63,
    "^[a-z0-9]([a-z0-9.-]*[a-z0-9])$",
    "lower-case letters, digits, hyphens and dots, and starts and ends with a letter or digit",
);

/// The domain of a record, from which its id follows.
pub(super) const DOMAIN_OF: Arg = Arg {
    need: Need::Required,
    wire: Wire::Nowhere,
    change: ChangeEffect::Replace,
    form: Some(&DOMAIN_FORM),
    ..arg("domain", Ty::String, "", "Domain that has the record, as in `example.com`.")
};

static DOMAIN_FORM: Form =
    Form::new("a domain, as in \"example.com\"", &["example.com", "example.org"], NO_CODE, |text| {
        let is_label = |label: &str| {
            let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && label.bytes().all(is_inner)
        };
        unless(text.contains('.') && text.split('.').all(is_label), "is no domain in lower case")
    });

/// A mail address.
pub(super) static EMAIL: Form =
    Form::new("a mail address, as in \"ops@example.com\"", &["ops@example.com", "dns@example.com"], NO_CODE, |text| {
        let is_address = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
        unless(is_address && !text.contains(char::is_whitespace), "is no mail address")
    });

/// The name of a region.
pub(super) static REGION_NAME: Form =
    Form::new("a region, as in \"us-east\"", &["us-east", "eu-west"], NO_CODE, |text| {
        let regions = crate::providers::linode::TABLES.regions;
        unless(regions.iter().any(|region| region.name == text), "is no region of Linode")
    });

/// The argument `ttl_sec` of a record.
pub(super) const TTL: Arg =
    arg("ttl_sec", Ty::Integer(0, 2_419_200), "ttl_sec", "Time to live, in seconds. `0` means that of the domain.")
        .default(Lit::Int(0));

//! The certificates of the local simulator: a certificate authority that clients must trust, and a server certificate
//! for its addresses.
//!
//! Trusting the authority must cost a client little: it can vouch for loopback and private addresses only, and for a
//! year.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;

/// The only host name that the authority vouches for.
const HOST: &str = "localhost";
/// The only addresses that the authority vouches for: loopback, private and link-local ones (source: RFC 1918, RFC
/// 4193, RFC 3927), and those that mean every address of this machine.
const ADDRESSES: [(IpAddr, u8); 9] = [
    (IpAddr::V4(Ipv4Addr::LOCALHOST), 8),
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 32),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 127),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];
/// Lifetime of the authority and of its server certificates.
const LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Validity before the first use, for clients whose clock is behind.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);
/// The line before the certificate in its file, which says until when it is valid.
const UNTIL: &str = "drplan simulator authority, valid until ";

/// A certificate authority: certificate and key as PEM. The key never leaves the directory of the simulated world.
#[derive(Clone)]
pub struct Authority {
    /// The certificate, after a line with the end of its validity.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new authority, valid from now.
    ///
    /// # Errors
    /// The reason why key or certificate cannot be generated.
    pub fn new(now: Timestamp) -> Result<Self, String> {
        let until = now + LIFETIME;
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = parameters(now)?.self_signed(&key).map_err(|error| error.to_string())?;
        Ok(Self { certificate: format!("{UNTIL}{until}\n{}", certificate.pem()), key: key.serialize_pem() })
    }

    /// The authority of these files; `None` where it is no longer valid a month from now, or was made without limits.
    pub fn read(certificate: String, key: String, now: Timestamp) -> Option<Self> {
        let until: Timestamp = certificate.lines().next()?.strip_prefix(UNTIL)?.parse().ok()?;
        (until.duration_since(now) > SignedDuration::from_hours(30 * 24)).then_some(Self { certificate, key })
    }

    /// True if the authority vouches for this address.
    pub fn covers(address: IpAddr) -> bool {
        let is_within = |(net, prefix): &(IpAddr, u8)| match (net, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                (net.to_bits() ^ address.to_bits()).leading_zeros() >= (*prefix).into()
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                (net.to_bits() ^ address.to_bits()).leading_zeros() >= (*prefix).into()
            }
            _ => false,
        };
        ADDRESSES.iter().any(is_within)
    }

    /// A TLS acceptor for these names and addresses, valid from now.
    ///
    /// # Errors
    /// The authority or a name is invalid.
    pub fn acceptor(&self, names: &[String], now: Timestamp) -> Result<TlsAcceptor, String> {
        let authority_key = KeyPair::from_pem(&self.key).map_err(|error| error.to_string())?;
        // The authority's certificate has the same parameters, its time aside.
        let issuer = Issuer::new(parameters(now)?, authority_key);
        let mut params = CertificateParams::new(names.to_vec()).map_err(|error| error.to_string())?;
        (params.not_before, params.not_after) = validity(now)?;
        params.distinguished_name.push(DnType::CommonName, "drplan simulator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = params.signed_by(&key, &issuer).map_err(|error| error.to_string())?;
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn parameters(now: Timestamp) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = validity(now)?;
    params.distinguished_name.push(DnType::CommonName, "drplan simulator authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let addresses = ADDRESSES.iter().map(|(net, prefix)| CidrSubnet::from_addr_prefix(*net, *prefix));
    let mut permitted: Vec<_> = addresses.map(GeneralSubtree::IpAddress).collect();
    permitted.push(GeneralSubtree::DnsName(HOST.to_owned()));
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    Ok(params)
}

fn validity(now: Timestamp) -> Result<(OffsetDateTime, OffsetDateTime), String> {
    let at = |time: Timestamp| OffsetDateTime::from_unix_timestamp(time.as_second()).map_err(|error| error.to_string());
    Ok((at(now - MARGIN)?, at(now + LIFETIME)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authority_is_kept_until_a_month_before_its_end() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let Authority { certificate, key } = Authority::new(now).unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let is_kept = |at| Authority::read(certificate.clone(), key.clone(), at).is_some();
        assert!(is_kept(now) && is_kept(days(300)));
        assert!(!is_kept(days(340)) && !is_kept(days(4000)));
        let without_limits = certificate.lines().skip(1).collect::<Vec<_>>().join("\n");
        assert!(Authority::read(without_limits, key.clone(), now).is_none());
    }

    #[test]
    fn authority_covers_private_addresses_only() {
        for address in ["127.0.0.1", "0.0.0.0", "10.9.8.7", "172.31.255.1", "192.168.1.1", "::1", "::", "fd00::1"] {
            assert!(Authority::covers(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "172.32.0.1", "11.0.0.1", "0.0.0.1", "2001:db8::1", "::2"] {
            assert!(!Authority::covers(address.parse().unwrap()), "{address}");
        }
    }
}

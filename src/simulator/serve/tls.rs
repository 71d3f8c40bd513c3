//! The certificates of the embedded cloud: an authority of its own, which clients are told to trust, and a certificate for where it listens.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate authority: its certificate and key as PEM texts. The key never leaves the directory of the world.
#[derive(Clone)]
pub struct Authority {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// Words that say why none can be made.
    pub fn new() -> Result<Self, String> {
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = parameters().self_signed(&key).map_err(|error| error.to_string())?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// What greets clients at these names and addresses.
    ///
    /// # Errors
    /// Words that say what is wrong with the authority or with a name.
    pub fn acceptor(&self, names: &[String]) -> Result<TlsAcceptor, String> {
        let authority_key = KeyPair::from_pem(&self.key).map_err(|error| error.to_string())?;
        // Its certificate was made of the same parameters.
        let issuer = Issuer::new(parameters(), authority_key);
        let mut params = CertificateParams::new(names.to_vec()).map_err(|error| error.to_string())?;
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

fn parameters() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "drplan simulator authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

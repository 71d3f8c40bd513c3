//! Shared access signatures of blobs (source: Azure's page "Create a service SAS").

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use url::Url;

/// The version of the service whose string is signed.
const VERSION: &str = "2026-10-06";

/// A blob, and what the holder of an address may do with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlobGrant<'a> {
    pub(super) account: &'a str,
    pub(super) container: &'a str,
    pub(super) blob: &'a str,
    /// Letters in the order of the service: `r`, `cw`, `rcwd`.
    pub(super) permissions: &'a str,
    pub(super) until: Timestamp,
}

impl BlobGrant<'_> {
    /// The address of the blob at this endpoint, with its signature.
    ///
    /// # Errors
    /// A key that is not base64, or an endpoint that is no address.
    pub(super) fn address(&self, endpoint: &str, key: &str) -> Result<Url, String> {
        let mut url = Url::parse(endpoint).map_err(|error| format!("`{endpoint}`: {error}"))?;
        url.path_segments_mut()
            .map_err(|()| format!("`{endpoint}` is no address"))?
            .clear()
            .push(self.container)
            .extend(self.blob.split('/'));
        let until = self.until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let signature = signature(key, &self.signed_text(&until))?;
        url.query_pairs_mut().extend_pairs([
            ("se", until.as_str()),
            ("sp", self.permissions),
            ("spr", "https"),
            ("sv", VERSION),
            ("sr", "b"),
            ("sig", &signature),
        ]);
        Ok(url)
    }

    /// The string that is signed: a value on each line, most of them empty.
    fn signed_text(&self, until: &str) -> String {
        let Self { account, container, blob, permissions, until: _ } = self;
        let resource = format!("/blob/{account}/{container}/{blob}");
        // Start, identifier and addresses before; snapshot, scope and headers of the answer behind.
        let lines = [permissions, "", until, &resource, "", "", "https", VERSION, "b", "", "", "", "", "", "", ""];
        lines.join("\n")
    }
}

/// The signature of a text with the key of an account.
///
/// # Errors
/// A key that is not base64.
fn signature(key: &str, text: &str) -> Result<String, String> {
    let key = BASE64_STANDARD.decode(key).map_err(|_| "the key of the storage account is not base64".to_owned())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(text.as_bytes());
    Ok(BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of Azure's storage emulator, and signatures that Azure's own library made with it.
    const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    #[test]
    fn signatures_are_those_of_the_library_of_azure() {
        let text = "r\n2026-01-01T00:00:00Z\n2026-01-02T00:00:00Z\n/blob/acct1/c1/d/b.txt\n\n\nhttps\n2026-10-06\nb\n\n\n\n\
                    inline\n\n\ntext/plain";
        assert_eq!(signature(KEY, text).unwrap(), "SC7LW87Za2IZLELUqfKf1kmPBUagsRSrTatXMwtiVTY=");
        let text =
            "rwdl\n2026-01-01T00:00:00Z\n2026-01-02T00:00:00Z\n/blob/acct1/c1\n\n\nhttps\n2026-10-06\nc\n\n\n\n\n\n\n";
        assert_eq!(signature(KEY, text).unwrap(), "U2clGw8rr2gswQZTJfL7wQIeUPRmaa0zTwB9vS/THNs=");
    }

    #[test]
    fn address_signs_the_blob_the_permissions_and_the_end() {
        let grant = BlobGrant {
            account: "acct1",
            container: "c1",
            blob: "d/b.txt",
            permissions: "r",
            until: "2026-01-02T00:00:00Z".parse().unwrap(),
        };
        let with_answer = "r\n2026-01-01T00:00:00Z\n2026-01-02T00:00:00Z\n/blob/acct1/c1/d/b.txt\n\n\nhttps\n2026-10-06\nb\n\n\n\n\
                           inline\n\n\ntext/plain";
        let plain = with_answer.replace("2026-01-01T00:00:00Z", "").replace("inline", "").replace("text/plain", "");
        assert_eq!(grant.signed_text("2026-01-02T00:00:00Z"), plain);
        let url = grant.address("https://acct1.blob.core.windows.net/", KEY).unwrap();
        assert_eq!(url.path(), "/c1/d/b.txt");
        let signature = url.query_pairs().find(|(name, _)| name == "sig").unwrap().1.into_owned();
        assert_eq!(signature, super::signature(KEY, &plain).unwrap());
        assert!(grant.address("https://acct1.blob.core.windows.net/", "no base64!").is_err());
    }
}

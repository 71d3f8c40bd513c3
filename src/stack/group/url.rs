//! URLs as they may be shown and kept: without user info and query, which often hold credentials.

use url::Url;

use crate::value::{Map, Value};

/// A URL for messages. Text that is no URL is not quoted, because it may be anything.
pub fn shown_url(text: &str) -> String {
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else { return "(invalid URL)".to_owned() };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if !has_user && url.query().is_none() && url.fragment().is_none() {
        return text.to_owned();
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}://{}{port}{}{query}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// A URL as it is kept: sensitive as a whole where a part of it is not shown.
pub fn guarded_url(url: &Value) -> Value {
    match url.as_str() {
        Some(text) if shown_url(text) != text => url.clone().sensitive(),
        _ => url.clone(),
    }
}

/// Arguments of a step or probe as they are kept.
pub fn with_guarded_url(args: &Map) -> Map {
    let guarded = |(name, value): (&std::sync::Arc<str>, &Value)| {
        (name.clone(), if &**name == "url" { guarded_url(value) } else { value.clone() })
    };
    args.iter().map(guarded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_shown_without_user_and_query() {
        let cases = [
            ("https://example.org/a", "https://example.org/a"),
            ("https://ann:pw@example.org:8443/a?sig=x#f", "https://example.org:8443/a?…"),
            ("https://token@example.org", "https://example.org/"),
            ("not a url with a secret", "(invalid URL)"),
        ];
        for (url, shown) in cases {
            assert_eq!(shown_url(url), shown);
            assert_eq!(guarded_url(&Value::from(url)).as_str().is_some(), url == shown, "{url}");
        }
    }
}

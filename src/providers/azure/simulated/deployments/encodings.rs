//! Template functions of encodings, JSON and addresses of the web.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::evaluate::TemplateError;
use super::functions::{FunctionResult, missing, plain, text};

/// The result of a function by its folded name; `None` for any other function.
pub(in crate::providers::azure::simulated) fn call(name: &str, args: &[Json]) -> FunctionResult {
    let of = |at: usize| args.get(at).map_or_else(|| Err(missing(name)), text);
    let made = |text: Result<String, TemplateError>| Some(text.map(Json::from));
    let decoded = |text: String| {
        let bytes = STANDARD.decode(text).map_err(|_| TemplateError::Wrong("the string is not base64".to_owned()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match (name, args.len()) {
        ("base64", 1) => made(of(0).map(|text| STANDARD.encode(text))),
        ("base64tostring", 1) => made(of(0).and_then(decoded)),
        ("base64tojson", 1) => Some(of(0).and_then(decoded).and_then(|text| json_of(&text))),
        ("datauri", 1) => made(Ok(format!("data:text/plain;charset=utf8;base64,{}", STANDARD.encode(plain(&args[0]))))),
        ("datauritostring", 1) => made(of(0).and_then(|uri| {
            let (_, data) = uri.split_once(',').ok_or_else(|| missing("dataUriToString"))?;
            decoded(data.to_owned())
        })),
        ("uricomponent", 1) => made(of(0).map(|text| percent_encoded(&text))),
        ("uricomponenttostring", 1) => made(of(0).map(|text| percent_decoded(&text))),
        ("uri", 2) => made(of(0).and_then(|base| {
            let base = url::Url::parse(&base).map_err(|_| TemplateError::Wrong(format!("`{base}` is not a URI")))?;
            let part = of(1)?;
            let whole = base.join(&part).map_err(|_| TemplateError::Wrong(format!("`{part}` is not part of a URI")))?;
            Ok(whole.to_string())
        })),
        _ => None,
    }
}

/// A text in which every character but the unreserved ones is encoded.
fn percent_encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { String::from(char::from(byte)) } else { format!("%{byte:02X}") })
        .collect()
}

/// The text behind an encoded one.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of a JSON text.
pub(in crate::providers::azure::simulated) fn json_of(text: &str) -> Result<Json, TemplateError> {
    serde_json::from_str(text)
        .map_err(|error| TemplateError::Wrong(format!("`json` cannot parse its argument: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn encodings_give_azures_results() {
        for (name, args, expected) in [
            ("uri", json!(["https://a.example/b/", "c.json"]), json!("https://a.example/b/c.json")),
            ("uriComponent", json!(["a b/c"]), json!("a%20b%2Fc")),
            ("uriComponentToString", json!(["a%20b"]), json!("a b")),
            ("base64ToJson", json!(["eyJhIjoxfQ=="]), json!({ "a": 1 })),
            ("dataUriToString", json!(["data:;base64,YQ=="]), json!("a")),
        ] {
            let given = call(&name.to_ascii_lowercase(), args.as_array().unwrap());
            assert_eq!(given.unwrap().unwrap(), expected, "{name}");
        }
    }
}

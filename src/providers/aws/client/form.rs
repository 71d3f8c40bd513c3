//! Bodies of query requests: a tree of names and values as the pairs of a form.

use serde_json::Value as Json;

use crate::wire::sigv4::encoded;

/// The form of an action with these parameters. The elements of a list are `Name.1`, `Name.2`, …; nothings are left
/// out.
pub(super) fn form(action: &str, version: &str, parameters: &Json) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name, false), encoded(value, false));
    pairs(action, version, parameters).iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The pairs of a form, for a request in the query of an address.
pub(super) fn pairs(action: &str, version: &str, parameters: &Json) -> Vec<(String, String)> {
    let mut pairs = vec![("Action".to_owned(), action.to_owned()), ("Version".to_owned(), version.to_owned())];
    collect(String::new(), parameters, &mut pairs);
    pairs
}

fn collect(name: String, value: &Json, pairs: &mut Vec<(String, String)>) {
    let inner = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Json::Null => {}
        Json::Object(map) => map.iter().for_each(|(part, value)| collect(inner(part), value, pairs)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| collect(inner(&(at + 1).to_string()), value, pairs));
        }
        Json::String(text) => pairs.push((name, text.clone())),
        plain => pairs.push((name, plain.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_flat_and_values_encoded() {
        let parameters = json!({
            "Filter": [{ "Name": "tag:Name", "Value": ["a b"] }],
            "DryRun": true,
            "Nothing": null,
            "TagSpecification": [{ "ResourceType": "instance", "Tag": [{ "Key": "k", "Value": "ü" }] }],
        });
        let wanted = "Action=Describe&Version=1&Filter.1.Name=tag%3AName&Filter.1.Value.1=a%20b&DryRun=true\
                      &TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k\
                      &TagSpecification.1.Tag.1.Value=%C3%BC";
        assert_eq!(form("Describe", "1", &parameters), wanted);
    }
}

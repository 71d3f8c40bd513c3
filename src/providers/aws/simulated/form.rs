//! The query protocols: `Filter.1.Value.2=x` as a tree of objects and lists.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// A node under construction.
#[derive(Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

/// The tree of a form. `member` between a list and its numbers, which the older of the protocols has, is left out.
pub(super) fn tree(text: &[u8]) -> Map<String, Json> {
    let mut root = Node::default();
    for (name, value) in url::form_urlencoded::parse(text) {
        let mut node = &mut root;
        for part in name.split('.').filter(|part| *part != "member").take(16) {
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.value = Some(value.into_owned());
    }
    match root.finished() {
        Json::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl Node {
    fn finished(self) -> Json {
        if self.children.is_empty() {
            return self.value.map_or(Json::Null, Json::String);
        }
        let numbers: Option<Vec<u32>> = self.children.keys().map(|key| key.parse().ok()).collect();
        if numbers.is_some() {
            let mut items: Vec<(u32, Self)> =
                self.children.into_iter().filter_map(|(key, node)| Some((key.parse().ok()?, node))).collect();
            items.sort_by_key(|(number, _)| *number);
            return Json::Array(items.into_iter().map(|(_, node)| node.finished()).collect());
        }
        Json::Object(self.children.into_iter().map(|(key, node)| (key, node.finished())).collect())
    }
}

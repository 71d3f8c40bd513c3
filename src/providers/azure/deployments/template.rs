//! Writes as a template, and the limits of one. Values that may be secret are secure parameters, which Azure does not
//! keep.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::PendingWrite;
use crate::kinds::{Arg, Catalog, Ty};
use crate::object::{Object, ObjectId};

/// The API version of deployments.
pub(super) const API: &str = "2025-04-01";
/// The maximum number of resources in a template (source: Azure's limits of templates).
const MOST: usize = 800;
/// The maximum size of a request, with room for the rest of it: Azure accepts 4 MB.
const MOST_BYTES: usize = 7 * 512 * 1024;
/// The parameter that holds possible secrets.
const SECRETS: &str = "secrets";

/// Splits writes into portions that one deployment can hold.
pub(super) fn portions(writes: Vec<PendingWrite>) -> Vec<Vec<PendingWrite>> {
    let mut portions: Vec<Vec<PendingWrite>> = Vec::new();
    let mut bytes = 0;
    for write in writes {
        let own = write.body.to_string().len() + write.object.id.as_str().len() + 200;
        match portions.last_mut().filter(|portion| portion.len() < MOST && bytes + own <= MOST_BYTES) {
            Some(portion) => {
                portion.push(write);
                bytes += own;
            }
            None => {
                portions.push(vec![write]);
                bytes = own;
            }
        }
    }
    portions
}

/// The body of a request to deploy these, or of its what-if.
pub(super) fn request(catalog: &Catalog, scope: &ObjectId, writes: &[PendingWrite], what_if: bool) -> Json {
    let mut secrets = JsonMap::new();
    let resources: Vec<Json> = writes.iter().map(|write| resource(catalog, scope, write, &mut secrets)).collect();
    let mut template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": resources,
    });
    let mut properties = json!({ "mode": "Incremental" });
    if !secrets.is_empty() {
        template["parameters"] = json!({ SECRETS: { "type": "secureObject" } });
        properties["parameters"] = json!({ SECRETS: { "value": secrets } });
    }
    properties["template"] = template;
    if what_if {
        properties["whatIfSettings"] = json!({ "resultFormat": "ResourceIdOnly" });
    }
    json!({ "properties": properties })
}

fn resource(catalog: &Catalog, scope: &ObjectId, write: &PendingWrite, secrets: &mut JsonMap<String, Json>) -> Json {
    let Object { id, of, within: _ } = &write.object;
    let Parts { extends, type_, name } = parts(scope, id);
    let mut resource = JsonMap::new();
    resource.insert("type".to_owned(), Json::from(type_));
    resource.insert("apiVersion".to_owned(), Json::from(&*of.version));
    resource.insert("name".to_owned(), Json::from(name));
    if let Some(extends) = extends {
        resource.insert("scope".to_owned(), Json::from(extends));
    }
    // A block that names its type may have a secret anywhere in the body. Where a table of the type has a secret
    // argument, the body is kept out of the deployment history, which shows templates.
    let tables = || catalog.of_object(&write.object);
    let generic = !tables().any(|kind| *kind.type_.version == *of.version);
    let secret = generic || tables().any(|kind| has_secret(kind.args));
    for (at, value) in write.body.as_object().into_iter().flatten() {
        let value = match at.as_str() {
            // The id determines these fields.
            "id" | "name" | "type" | "etag" => continue,
            "location" | "tags" => escaped(value),
            name if generic || (secret && name == "properties") => {
                let key = format!("r{}", secrets.len());
                secrets.insert(key.clone(), value.clone());
                Json::from(format!("[parameters('{SECRETS}').{key}]"))
            }
            _ => escaped(value),
        };
        resource.insert(at.clone(), value);
    }
    Json::Object(resource)
}

/// The parts of an id in a template.
struct Parts {
    /// The extended object, where that is not the resource group.
    extends: Option<String>,
    type_: String,
    name: String,
}

fn parts(scope: &ObjectId, id: &ObjectId) -> Parts {
    let marker = "/providers/";
    let folded = id.folded();
    let at = folded.rfind(marker).unwrap_or(0);
    let (above, own) =
        (id.as_str().get(..at).unwrap_or_default(), id.as_str().get(at + marker.len()..).unwrap_or_default());
    let mut segments = own.split('/');
    let mut type_ = segments.next().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    while let (Some(kind), Some(name)) = (segments.next(), segments.next()) {
        type_ = format!("{type_}/{kind}");
        names.push(name);
    }
    let extends = above.get(scope.as_str().len()..).and_then(|below| below.strip_prefix(marker));
    Parts { extends: extends.map(str::to_owned), type_, name: names.join("/") }
}

/// A value in which no text is read as an expression.
fn escaped(value: &Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('[') && text.ends_with(']') => Json::from(format!("[{text}")),
        Json::Array(items) => items.iter().map(escaped).collect(),
        Json::Object(map) => map.iter().map(|(name, value)| (escaped_name(name), escaped(value))).collect(),
        other => other.clone(),
    }
}

fn escaped_name(name: &str) -> String {
    if name.starts_with('[') && name.ends_with(']') { format!("[{name}") } else { name.to_owned() }
}

fn has_secret(args: &[Arg]) -> bool {
    args.iter().any(|arg| {
        arg.secret
            || match arg.ty {
                Ty::Block(block) => has_secret(block.args),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use futures::channel::oneshot;

    use super::*;
    use crate::providers::azure::TABLES;

    fn write(path: &str, body: Json) -> PendingWrite {
        let id = ObjectId::new(format!("/subscriptions/s/resourceGroups/Rg/providers/{path}"));
        PendingWrite { object: Object::whole(id, "2021-01-01"), body, unseen: true, answer: oneshot::channel().0 }
    }

    #[test]
    fn an_id_is_told_as_templates_tell_it() {
        let scope = ObjectId::new("/subscriptions/s/resourceGroups/Rg");
        let told = |path: &str| {
            let request = request(&Catalog::new([&TABLES]), &scope, &[write(path, json!({}))], false);
            let resource = &request["properties"]["template"]["resources"][0];
            let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
            (text("type"), text("name"), text("scope"))
        };
        let own = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let net = "Microsoft.Network/virtualNetworks";
        assert_eq!(told(&format!("{net}/n/subnets/s")), own(&format!("{net}/subnets"), "n/s", ""));
        let lock = "Microsoft.Authorization/locks";
        assert_eq!(told(&format!("{lock}/l")), own(lock, "l", ""));
        assert_eq!(told(&format!("{net}/n/providers/{lock}/l")), own(lock, "l", &format!("{net}/n")));
    }

    #[test]
    fn secrets_are_parameters_and_texts_are_no_expressions() {
        let scope = ObjectId::new("/subscriptions/s/resourceGroups/Rg");
        let server = write(
            "Microsoft.Sql/servers/a",
            json!({ "tags": { "[a]": "[b]" }, "properties": { "administratorLoginPassword": "hunter2" } }),
        );
        let request = request(&Catalog::new([&TABLES]), &scope, &[server], false);
        let template = &request["properties"]["template"];
        assert!(!template.to_string().contains("hunter2"));
        assert_eq!(template["parameters"]["secrets"]["type"], "secureObject");
        assert_eq!(template["resources"][0]["tags"], json!({ "[[a]": "[[b]" }));
        assert_eq!(
            request["properties"]["parameters"]["secrets"]["value"]["r0"]["administratorLoginPassword"],
            "hunter2"
        );
    }

    #[test]
    fn no_portion_is_more_than_azure_takes() {
        let many = (0..1700).map(|n| write(&format!("Microsoft.Network/publicIPAddresses/{n}"), json!({}))).collect();
        assert_eq!(portions(many).iter().map(Vec::len).collect::<Vec<_>>(), [800, 800, 100]);
        let large = || write("Microsoft.Network/publicIPAddresses/a", json!({ "tags": "x".repeat(2 * 1024 * 1024) }));
        assert_eq!(portions(vec![large(), large(), large()]).len(), 3);
    }
}

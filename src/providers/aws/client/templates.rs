//! Launch templates: the data of the default version, and the next request that changes it.

use serde_json::{Map, Value as Json, json};

use super::cfn::{copy, parameters, properties};
use super::control::same;
use super::error::CallError;
use super::found::Found;
use super::handle::Aws;
use super::step::Step;
use super::tags;
use super::tokens::token_of;
use super::xml::{list, text};
use crate::reason::Reason;
use crate::sight::Version;
use crate::world::CloudError;

impl Aws {
    /// A launch template as EC2 describes it, with its default version; `None` where it is gone meanwhile.
    pub(super) async fn template(&self, region: &str, item: &Json) -> Result<Option<Found>, CloudError> {
        let Some(id) = text(item, "launchTemplateId") else { return Ok(None) };
        let query = json!({ "LaunchTemplateId": id, "LaunchTemplateVersion": ["$Default", "$Latest"] });
        let answer = match self.ec2(region, "DescribeLaunchTemplateVersions", &query).await {
            Ok(answer) => answer,
            Err(error) if error.is(Reason::Absent) => return Ok(None),
            Err(error) => return Err(CallError::of_read(error)),
        };
        let mut body = Map::new();
        let names = [
            ("LaunchTemplateName", "launchTemplateName"),
            ("LaunchTemplateId", "launchTemplateId"),
            ("LatestVersionNumber", "latestVersionNumber"),
            ("DefaultVersionNumber", "defaultVersionNumber"),
        ];
        copy(item, &names, &mut body);
        let versions = list(&answer, "launchTemplateVersionSet");
        let data = |number: Option<&str>| {
            let version = versions.iter().find(|version| number.is_some() && text(version, "versionNumber") == number);
            version.and_then(|version| version.get("launchTemplateData")).map(without_nothings).unwrap_or_default()
        };
        let default = data(text(item, "defaultVersionNumber"));
        body.insert("LaunchTemplateData".to_owned(), default);
        body.insert("Tags".to_owned(), tags::of_item(item));
        let number = text(item, "latestVersionNumber");
        let hidden = json!({ "Number": number, "Data": data(number) });
        Ok(Some(Found { id: id.to_owned(), body: Json::Object(body), hidden }))
    }
}

/// The data of a version, without empty lists.
fn without_nothings(data: &Json) -> Json {
    let mut data = properties(data);
    if let Json::Object(map) = &mut data {
        map.retain(|_, value| !(value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("")));
        // The progress of the options is no option.
        if let Some(Json::Object(options)) = map.get_mut("MetadataOptions") {
            options.remove("State");
        }
    }
    data
}

/// The next step of a template; `None` where nothing is left. A change makes a version, which then becomes the default
/// one.
pub(super) fn next(found: &Found, wanted: &Json) -> Option<Step> {
    let data = wanted.get("LaunchTemplateData")?;
    if same(found.body.get("LaunchTemplateData").unwrap_or(&Json::Null), data) {
        return None;
    }
    let id = Json::from(found.id.as_str());
    if same(found.hidden.get("Data").unwrap_or(&Json::Null), data) {
        let number = found.hidden.get("Number").cloned().unwrap_or_default();
        return Some(Step::Ec2("ModifyLaunchTemplate", json!({ "LaunchTemplateId": id, "SetDefaultVersion": number })));
    }
    // A repetition is the same request until the version has become the default one.
    let number = found.body.get("DefaultVersionNumber").map(Json::to_string).unwrap_or_default();
    let token = token_of(&["launch-template-version", &found.id, &number, Version::of_body(data, &[]).as_str()]);
    let form = json!({ "LaunchTemplateId": id, "ClientToken": token, "LaunchTemplateData": parameters(data) });
    Some(Step::Ec2("CreateLaunchTemplateVersion", form))
}

/// The parameters that create a template.
pub(super) fn created(name: &str, wanted: &Json, token: &str) -> Json {
    json!({
        "LaunchTemplateName": name,
        "ClientToken": token,
        "LaunchTemplateData": parameters(wanted.get("LaunchTemplateData").unwrap_or(&Json::Null)),
        "TagSpecification": tags::specification("launch-template", wanted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_a_version_that_becomes_the_default() {
        let data = |kind: &str| json!({ "InstanceType": kind });
        let found = |default: &str, latest: &str| Found {
            id: "lt-1".to_owned(),
            body: json!({ "LaunchTemplateData": data(default) }),
            hidden: json!({ "Number": "2", "Data": data(latest) }),
        };
        let wanted = json!({ "LaunchTemplateData": data("m7i.large") });
        let action = |found: &Found| match next(found, &wanted) {
            Some(Step::Ec2(action, _)) => action,
            _ => "none",
        };
        assert_eq!(action(&found("t3.micro", "t3.micro")), "CreateLaunchTemplateVersion");
        assert_eq!(action(&found("t3.micro", "m7i.large")), "ModifyLaunchTemplate");
        assert_eq!(action(&found("m7i.large", "m7i.large")), "none");
    }
}

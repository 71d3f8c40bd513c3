//! Launch templates and their versions. Nothing of a template is checked before a launch.

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::store::{MADE, Place, give, text, time};
use super::super::types::{ACCOUNT, TEMPLATE};
use super::call::Call;
use super::list::{filtered, page};
use super::shapes::{lowered, tags};
use super::specification::{find, typed, version_of};
use crate::simulator::world::{Lifecycle, World};

fn shown(body: &Json) -> Json {
    json!({
        "launchTemplateId": body["LaunchTemplateId"],
        "launchTemplateName": body["LaunchTemplateName"],
        "createTime": body[MADE],
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:user/drplan"),
        "defaultVersionNumber": body["DefaultVersionNumber"],
        "latestVersionNumber": body["LatestVersionNumber"],
        "tagSet": tags(body),
    })
}

fn shown_version(template: &Json, version: &Json) -> Json {
    json!({
        "launchTemplateId": template["LaunchTemplateId"],
        "launchTemplateName": template["LaunchTemplateName"],
        "versionNumber": version["VersionNumber"],
        "versionDescription": version["VersionDescription"],
        "createTime": version["CreateTime"],
        "createdBy": format!("arn:aws:iam::{ACCOUNT}:user/drplan"),
        "defaultVersion": version["VersionNumber"] == template["DefaultVersionNumber"],
        "launchTemplateData": lowered(&version["LaunchTemplateData"]),
    })
}

fn field(name: &str, value: Json) -> Map<String, Json> {
    std::iter::once((name.to_owned(), value)).collect()
}

fn version(world: &World, call: &Call<'_>, number: u64) -> Json {
    json!({
        "VersionNumber": number,
        "VersionDescription": call.form.get("VersionDescription"),
        "CreateTime": time(world),
        "LaunchTemplateData": typed(call.form.get("LaunchTemplateData").unwrap_or(&Json::Null)),
    })
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let name = call.needs("LaunchTemplateName")?.to_owned();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "().-/_".contains(letter);
    if !(3..=128).contains(&name.len()) || !name.chars().all(is_letter) {
        let why = "Launch template name must be between 3 and 128 characters in length";
        return Err(Refused::bad("InvalidLaunchTemplateName.MalformedException", why));
    }
    let place = Place::new(&TEMPLATE, call.region);
    let tags = call.tags("launch-template")?;
    // EC2 says so of a token with other parameters, too.
    let mismatch = |why: Refused| match why.code.as_str() {
        "IdempotentParameterMismatch" => already_exists(),
        _ => why,
    };
    let ids = call.once(world, |world| {
        call.at_once()?;
        if place.all(world).iter().any(|object| text(&object.body, "LaunchTemplateName") == name) {
            return Err(already_exists());
        }
        let id = give(world, TEMPLATE.prefix);
        let first = version(world, call, 1);
        let body = json!({
            "LaunchTemplateId": id,
            "LaunchTemplateName": name,
            "LaunchTemplateData": first["LaunchTemplateData"],
            "DefaultVersionNumber": 1,
            "LatestVersionNumber": 1,
            "Versions": [first],
            "Tags": tags,
        });
        place.insert(world, &id, body, Lifecycle::Standing);
        Ok(vec![id])
    });
    let ids = ids.map_err(mismatch)?;
    let id = ids.first().map(String::as_str).unwrap_or_default();
    Ok(field("launchTemplate", shown(&place.get_at_once(world, id)?.body)))
}

fn already_exists() -> Refused {
    Refused::bad("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
}

pub(super) fn create_version(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let form = Json::Object(call.form.clone());
    let id = text(find(world, call.region, &form)?, "LaunchTemplateId").to_owned();
    let place = Place::new(&TEMPLATE, call.region);
    let numbers = call.once(world, |world| {
        call.at_once()?;
        let template = find(world, call.region, &form)?;
        let number = template["LatestVersionNumber"].as_u64().unwrap_or_default() + 1;
        let source = call.text("SourceVersion").to_owned();
        let base = if source.is_empty() { None } else { Some(version_of(template, &source)?.clone()) };
        let mut made = version(world, call, number);
        if let (Some(Json::Object(mut all)), Json::Object(own)) =
            (base.map(|base| base["LaunchTemplateData"].clone()), made["LaunchTemplateData"].clone())
        {
            all.extend(own);
            made["LaunchTemplateData"] = Json::Object(all);
        }
        place.change(world, &id, |body| {
            body["LatestVersionNumber"] = json!(number);
            if let Some(versions) = body["Versions"].as_array_mut() {
                versions.push(made);
            }
        });
        Ok(vec![number.to_string()])
    })?;
    let template = find(world, call.region, &form)?;
    let number = numbers.first().map(String::as_str).unwrap_or_default();
    Ok(field("launchTemplateVersion", shown_version(template, version_of(template, number)?)))
}

pub(super) fn modify(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let form = Json::Object(call.form.clone());
    let template = find(world, call.region, &form)?;
    let id = text(template, "LaunchTemplateId").to_owned();
    let version = match call.text("SetDefaultVersion") {
        "" => None,
        version => Some(version_of(template, version)?.clone()),
    };
    let place = Place::new(&TEMPLATE, call.region);
    if let Some(version) = version {
        place.change(world, &id, |body| {
            body["DefaultVersionNumber"] = version["VersionNumber"].clone();
            body["LaunchTemplateData"] = version["LaunchTemplateData"].clone();
        });
    }
    Ok(field("launchTemplate", shown(find(world, call.region, &form)?)))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let template = find(world, call.region, &Json::Object(call.form.clone()))?.clone();
    Place::new(&TEMPLATE, call.region).remove(world, text(&template, "LaunchTemplateId"));
    Ok(field("launchTemplate", shown(&template)))
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let all = Place::new(&TEMPLATE, call.region).all(world);
    let (ids, names) = (call.list("LaunchTemplateId"), call.list("LaunchTemplateName"));
    for (key, wanted) in [("LaunchTemplateId", &ids), ("LaunchTemplateName", &names)] {
        for value in wanted {
            find(world, call.region, &json!({ key: value }))?;
        }
    }
    let is_wanted = |body: &Json| {
        let any = |wanted: &[String], name: &str| wanted.iter().any(|one| one == text(body, name));
        ids.is_empty() && names.is_empty() || any(&ids, "LaunchTemplateId") || any(&names, "LaunchTemplateName")
    };
    let own = all.into_iter().map(|object| &*object.body).filter(|body| is_wanted(body)).map(shown).collect();
    let filters = [("launch-template-name", "launchTemplateName"), ("create-time", "createTime")];
    page(filtered(own, call, &filters)?, call, "launchTemplates", !ids.is_empty() || !names.is_empty())
}

pub(super) fn versions(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let template = find(world, call.region, &Json::Object(call.form.clone()))?;
    let wanted = call.list("LaunchTemplateVersion");
    let shown: Vec<Json> = match wanted.is_empty() {
        // The newest comes first.
        true => template["Versions"]
            .as_array()
            .into_iter()
            .flatten()
            .rev()
            .map(|one| shown_version(template, one))
            .collect(),
        false => {
            let found = wanted.iter().map(|version| version_of(template, version));
            found.map(|one| one.map(|one| shown_version(template, one))).collect::<Result<_, _>>()?
        }
    };
    page(shown, call, "launchTemplateVersionSet", false)
}

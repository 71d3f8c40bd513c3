//! Cloud Control: one protocol for all types, whose requests end after their answer.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::handler::{Handler, check_tags};
use super::offers;
use super::patch::patched;
use super::schema::{self, Facts};
use super::store::{Begun, MADE, Place, begin, give_uuid, text};
use super::tokens::{self, TokenUse};
use super::types::{ADDRESS, REQUEST};
use super::{compute, groups, identity, kept, network};
use crate::simulator::operations::OperationKind;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The action of an operation that ends a request of Cloud Control; its body has the token of the request.
pub(super) const ACTION: &str = "control";
/// The action of an operation that ends a request whose handler refused it.
pub(super) const REFUSAL: &str = "control_refusal";
/// Seconds after which a refusal is reported.
const REFUSED_AFTER: u32 = 3;

fn handlers() -> impl Iterator<Item = &'static Handler> {
    [network::HANDLERS, groups::HANDLERS, identity::HANDLERS, kept::HANDLERS, compute::HANDLERS].into_iter().flatten()
}

/// The handler of the type with this name.
pub(super) fn handler(name: &str) -> Option<&'static Handler> {
    handlers().find(|handler| handler.of.name == name)
}

/// A request with its body.
struct Call<'a> {
    region: &'a str,
    body: &'a Map<String, Json>,
    fails: Option<ErrorResponse>,
}

impl Call<'_> {
    fn text(&self, name: &str) -> Result<&str, Refused> {
        let found = self.body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        found.ok_or_else(|| invalid(format!("1 validation error detected: Value at '{name}' must not be null")))
    }

    fn type_(&self) -> Result<(&'static Handler, &'static Facts), Refused> {
        let name = self.text("TypeName")?;
        let found = handler(name).zip(schema::facts(name));
        found.ok_or_else(|| Refused::bad("TypeNotFoundException", format!("The type '{name}' cannot be found.")))
    }
}

fn invalid(why: impl Into<String>) -> Refused {
    Refused::bad("ValidationException", why)
}

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    region: &str,
    request: &Request,
    fails: Option<ErrorResponse>,
) -> Result<Response, Refused> {
    let target = request.header("x-amz-target").unwrap_or_default();
    let action = target.strip_prefix("CloudApiService.").unwrap_or_default();
    let Ok(Some(Json::Object(body))) = &request.body else {
        return Err(Refused::bad("SerializationException", "The request body is not valid JSON."));
    };
    if !offers::permitted(world, &format!("cloudformation:{action}")) {
        let why = format!("User is not authorized to perform: cloudformation:{action}");
        return Err(Refused::bad("AccessDeniedException", why));
    }
    let call = Call { region, body, fails };
    let answer = match action {
        "CreateResource" => json!({ "ProgressEvent": repeated(world, &call, action, create)? }),
        "UpdateResource" => json!({ "ProgressEvent": repeated(world, &call, action, update)? }),
        "DeleteResource" => json!({ "ProgressEvent": repeated(world, &call, action, delete)? }),
        "GetResource" => get(world, &call)?,
        "ListResources" => list(world, &call)?,
        "GetResourceRequestStatus" => json!({ "ProgressEvent": event(request_of(world, &call)?) }),
        "ListResourceRequests" => list_requests(world, region),
        "CancelResourceRequest" => json!({ "ProgressEvent": cancel(world, &call)? }),
        _ => return Err(Refused::bad("UnknownOperationException", "")),
    };
    Ok(Response::json(200, &answer))
}

/// Carries out a mutation once for each token.
fn repeated(
    world: &mut World,
    call: &Call<'_>,
    action: &str,
    act: fn(&mut World, &Call<'_>) -> Result<String, Refused>,
) -> Result<Json, Refused> {
    let place = Place::new(&REQUEST, call.region);
    let shown = |world: &World, token: &str| world.object(&place.key(token)).map(|request| event(&request.body));
    let Some(client) = call.body.get("ClientToken").and_then(Json::as_str) else {
        let token = act(world, call)?;
        return Ok(shown(world, &token).unwrap_or_default());
    };
    if !tokens::is_valid(client, 128) {
        return Err(invalid("Value at 'clientToken' failed to satisfy constraint: [-A-Za-z0-9+/=]+"));
    }
    let mut rest = call.body.clone();
    rest.shift_remove("ClientToken");
    let rest = json!([action, rest]);
    // The token of a request binds across operations.
    let token = match tokens::used(world, call.region, ACTION, client, &rest) {
        TokenUse::Same(token) => token.as_str().unwrap_or_default().to_owned(),
        TokenUse::Other => {
            let why = "The specified client token has already been used in another resource request.";
            return Err(Refused::bad("ClientTokenConflictException", why));
        }
        TokenUse::New => {
            let token = act(world, call)?;
            tokens::keep(world, call.region, ACTION, client, (&rest, json!(token)));
            token
        }
    };
    Ok(shown(world, &token).unwrap_or_default())
}

/// The identifier of an object: the values of its properties, joined.
fn identifier(facts: &Facts, body: &Json) -> String {
    let parts: Vec<&str> = facts.identifier.iter().map(|name| text(body, name)).collect();
    parts.join("|")
}

/// The name in the world of an identifier.
fn name<'a>(handler: &Handler, identifier: &'a str) -> &'a str {
    match *handler.of == ADDRESS {
        true => identifier.rsplit('|').next().unwrap_or_default(),
        false => identifier,
    }
}

/// The object that a request names.
fn object<'w>(
    world: &'w World,
    call: &Call<'_>,
) -> Result<(&'static Handler, &'static Facts, &'w SimulatedObject), Refused> {
    let (handler, facts) = call.type_()?;
    let wanted = call.text("Identifier")?;
    let found = handler.place(call.region).find(world, name(handler, wanted));
    let found = found.filter(|object| identifier(facts, &object.body) == wanted);
    let absent = || {
        let why = format!("Resource of type '{}' with identifier '{wanted}' was not found.", facts.name);
        Refused::bad("ResourceNotFoundException", why)
    };
    Ok((handler, facts, found.ok_or_else(absent)?))
}

fn get(world: &World, call: &Call<'_>) -> Result<Json, Refused> {
    let (_, facts, object) = object(world, call)?;
    let properties = Json::Object(facts.readable(&object.body)).to_string();
    let description = json!({ "Identifier": identifier(facts, &object.body), "Properties": properties });
    Ok(json!({ "TypeName": facts.name, "ResourceDescription": description }))
}

/// A list has the identifying properties only.
fn list(world: &World, call: &Call<'_>) -> Result<Json, Refused> {
    let (handler, facts) = call.type_()?;
    let most = call.body.get("MaxResults").and_then(Json::as_u64).unwrap_or(20).clamp(1, 100);
    let most = usize::try_from(most).unwrap_or(20);
    let from: usize = match call.body.get("NextToken").and_then(Json::as_str) {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The next token is not valid."))?,
    };
    let all = handler.place(call.region).all(world);
    let shown = |object: &&SimulatedObject| {
        let own = facts.identifier.iter().map(|name| (name.clone(), object.body[name.as_str()].clone()));
        let properties = Json::Object(own.collect()).to_string();
        json!({ "Identifier": identifier(facts, &object.body), "Properties": properties })
    };
    let page: Vec<Json> = all.iter().skip(from).take(most).map(shown).collect();
    let next = from.saturating_add(most);
    let mut answer = json!({ "TypeName": facts.name, "ResourceDescriptions": page });
    if next < all.len() {
        answer["NextToken"] = json!(next.to_string());
    }
    Ok(answer)
}

/// A new request, whose operation is about to begin.
fn record(world: &mut World, call: &Call<'_>, operation: &str, facts: &Facts, identifier: Option<&str>) -> String {
    let token = give_uuid(world);
    let mut body = json!({
        "TypeName": facts.name,
        "RequestToken": token,
        "Operation": operation,
        "OperationStatus": "IN_PROGRESS",
        "EventTime": seconds(world),
    });
    if let Some(identifier) = identifier.filter(|text| !text.is_empty()) {
        body["Identifier"] = json!(identifier);
    }
    // Only who has its token finds a request.
    Place::new(&REQUEST, call.region).insert(world, &token, body, Lifecycle::Hidden);
    token
}

fn seconds(world: &World) -> f64 {
    world.now.as_millisecond() as f64 / 1000.0
}

/// A request whose handler refuses it: the error arrives with the next poll.
fn refuse(world: &mut World, call: &Call<'_>, token: &str, code: &str, why: String) {
    let fails = ErrorResponse::service(400, code, why);
    let begun = Begun {
        action: REFUSAL,
        act: OperationKind::Post,
        seconds: REFUSED_AFTER,
        body: json!({ "request": token }),
        fails: Some(fails),
        before: None,
    };
    begin(world, Place::new(&REQUEST, call.region), token, begun);
}

/// The code of Cloud Control for an error of a service.
pub(super) fn code(service: &str) -> &'static str {
    let ends = |ends: &[&str]| ends.iter().any(|end| service.ends_with(end));
    match service {
        "NotUpdatable" => "NotUpdatable",
        "InvalidBucketState" => "InvalidRequest",
        _ if ends(&["LimitExceeded"]) => "ServiceLimitExceeded",
        _ if ends(&["NotFound", "NotFoundException", "NoSuchEntity", "NoSuchBucket", "NotAttached"]) => "NotFound",
        _ if ends(&["Duplicate", "AlreadyExists", "AlreadyExistsException", "AlreadyAssociated", "OwnedByYou"]) => {
            "AlreadyExists"
        }
        _ if ends(&["DependencyViolation", "InUse", "DeleteConflict", "BucketNotEmpty"]) => "ResourceConflict",
        "UnauthorizedOperation" | "AccessDenied" => "AccessDenied",
        "InsufficientInstanceCapacity" | "Server.InsufficientInstanceCapacity" => "GeneralServiceException",
        "ServiceUnavailable" | "InternalError" => "ServiceInternalError",
        _ => "InvalidRequest",
    }
}

/// Begins the operation of a request, or the report of its refusal. Returns the token of the request.
fn start(
    world: &mut World,
    call: &Call<'_>,
    token: &str,
    (handler, name): (&Handler, &str),
    (act, seconds): (OperationKind, u32),
    before: Option<SimulatedObject>,
) {
    let begun = Begun {
        action: ACTION,
        act,
        seconds,
        body: json!({ "request": token, "region": call.region }),
        fails: call.fails.clone(),
        before: before.map(Box::new),
    };
    begin(world, handler.place(call.region), name, begun);
}

/// Refuses what the caller may not do, as the handler meets it.
fn permitted(world: &World, handler: &Handler, verb: &str) -> Result<(), Refused> {
    let mut parts = handler.of.name.split("::").skip(1);
    let (service, noun) = (parts.next().unwrap_or_default().to_ascii_lowercase(), parts.next().unwrap_or_default());
    let action = format!("{service}:{verb}{noun}");
    match offers::permitted(world, &action) {
        true => Ok(()),
        false => {
            let why = format!("You are not authorized to perform this operation: {action}");
            Err(Refused::new(403, "UnauthorizedOperation", why))
        }
    }
}

fn create(world: &mut World, call: &Call<'_>) -> Result<String, Refused> {
    let (handler, facts) = call.type_()?;
    let text = call.text("DesiredState")?;
    let Ok(Json::Object(mut model)) = serde_json::from_str::<Json>(text) else {
        return Err(Refused::bad("InvalidRequestException", "The desired state is not an object of JSON."));
    };
    let refused = |why: String| Refused::bad("InvalidRequest", why);
    let checked = facts
        .check(&model)
        .and_then(|()| match facts.written_read_only(&model) {
            Some(name) => Err(format!("#: the property [{name}] is read-only")),
            None => Ok(()),
        })
        .map_err(|why| refused(format!("Model validation failed ({why})")));
    let made = checked
        .and_then(|()| check_tags(facts.tags.as_ref().and_then(|name| model.get(name))))
        .and_then(|()| permitted(world, handler, "Create"))
        .and_then(|()| (handler.create)(world, call.region, &mut model));
    match made {
        Ok(name) => {
            let body = Json::Object(model);
            let token = record(world, call, "CREATE", facts, Some(&identifier(facts, &body)));
            handler.place(call.region).insert(world, &name, body, Lifecycle::Creating);
            start(world, call, &token, (handler, &name), (OperationKind::Create, handler.seconds.0), None);
            Ok(token)
        }
        Err(why) => {
            let token = record(world, call, "CREATE", facts, None);
            refuse(world, call, &token, &why.code, why.message);
            Ok(token)
        }
    }
}

/// One operation at a time for each object.
fn free(world: &World, call: &Call<'_>, handler: &Handler, name: &str) -> Result<(), Refused> {
    match handler.place(call.region).is_busy(world, name) {
        true => {
            let why = "The resource is currently being modified by another operation.";
            Err(Refused::bad("ConcurrentOperationException", why))
        }
        false => Ok(()),
    }
}

fn update(world: &mut World, call: &Call<'_>) -> Result<String, Refused> {
    let patch = call.text("PatchDocument")?;
    let (handler, facts, before) = object(world, call)?;
    let before = before.clone();
    let wanted = call.text("Identifier")?;
    let name = name(handler, wanted).to_owned();
    if !facts.updates {
        let why = format!("Resource type {} does not support UPDATE action", facts.name);
        return Err(Refused::bad("UnsupportedActionException", why));
    }
    free(world, call, handler, &name)?;
    let token = record(world, call, "UPDATE", facts, Some(wanted));
    match updated(world, call, (handler, facts), &before.body, patch) {
        Ok(body) => {
            handler.place(call.region).change(world, &name, |object| *object = body);
            let (act, lasts) = (OperationKind::Update, handler.seconds.1);
            start(world, call, &token, (handler, &name), (act, lasts), Some(before));
        }
        Err(why) => refuse(world, call, &token, &why.code, why.message),
    }
    Ok(token)
}

/// The body of an object after a patch.
fn updated(
    world: &World,
    call: &Call<'_>,
    (handler, facts): (&Handler, &Facts),
    before: &Json,
    patch: &str,
) -> Result<Json, Refused> {
    let refused = |why: String| Refused::bad("InvalidRequest", why);
    let shown = facts.readable(before);
    let after = patched(&shown, patch).map_err(refused)?;
    let mut writable = after.clone();
    // What only AWS writes is dropped from the model that the handler gets.
    facts.read_only.iter().for_each(|name| drop(writable.shift_remove(name)));
    facts.check(&writable).map_err(|why| refused(format!("Model validation failed ({why})")))?;
    if let Some(name) = facts.changed_create_only(&shown, &after) {
        let why = format!("Invalid patch update: createOnlyProperties [/properties/{name}] cannot be updated");
        return Err(Refused::bad("NotUpdatable", why));
    }
    check_tags(facts.tags.as_ref().and_then(|name| writable.get(name)))?;
    permitted(world, handler, "Update").and_then(|()| permitted(world, handler, "Modify"))?;
    let mut body = before.clone();
    if let Json::Object(fields) = &mut body {
        let is_own = |name: &String| {
            facts.properties.contains_key(name) && !facts.read_only.contains(name) && !facts.write_only.contains(name)
        };
        fields.retain(|name, _| !is_own(name));
        fields.extend(writable);
    }
    (handler.update)(world, call.region, before, &mut body)?;
    Ok(body)
}

fn delete(world: &mut World, call: &Call<'_>) -> Result<String, Refused> {
    let (handler, facts, found) = object(world, call)?;
    let (body, wanted) = (found.body.to_json(), call.text("Identifier")?);
    let name = name(handler, wanted).to_owned();
    free(world, call, handler, &name)?;
    let token = record(world, call, "DELETE", facts, Some(wanted));
    match permitted(world, handler, "Delete").and_then(|()| (handler.delete)(world, call.region, &body)) {
        Ok(()) => {
            world.change(&handler.place(call.region).key(&name), |object| object.stage = Lifecycle::Deleting);
            let (act, lasts) = (OperationKind::Delete, handler.seconds.2);
            start(world, call, &token, (handler, &name), (act, lasts), None);
        }
        Err(why) => refuse(world, call, &token, &why.code, why.message),
    }
    Ok(token)
}

fn request_of<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Json, Refused> {
    let token = call.text("RequestToken")?;
    let found = world.object(&Place::new(&REQUEST, call.region).key(token));
    let absent = || Refused::bad("RequestTokenNotFoundException", format!("Request token '{token}' was not found."));
    found.map(|object| &*object.body).ok_or_else(absent)
}

/// A request, as its event shows it.
fn event(body: &Json) -> Json {
    let mut shown = body.clone();
    if let Json::Object(fields) = &mut shown {
        fields.shift_remove(MADE);
    }
    shown
}

fn list_requests(world: &World, region: &str) -> Json {
    let all = world.objects().filter(|object| object.type_ == REQUEST.name);
    let own = all.filter(|object| super::store::region(object).as_deref() == Some(region));
    json!({ "ResourceRequestStatusSummaries": own.map(|object| event(&object.body)).collect::<Vec<_>>() })
}

/// Cancels a request, which takes nothing back: the object stays as it is.
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Json, Refused> {
    let status = text(request_of(world, call)?, "OperationStatus").to_owned();
    if status != "IN_PROGRESS" {
        let why = format!("The request has the status {status} and cannot be cancelled.");
        return Err(invalid(why));
    }
    let token = call.text("RequestToken")?.to_owned();
    let now = seconds(world);
    world.change(&Place::new(&REQUEST, call.region).key(&token), |request| {
        request.body["OperationStatus"] = json!("CANCEL_COMPLETE");
        request.body["EventTime"] = json!(now);
    });
    request_of(world, call).map(event)
}

/// Reports the end of a request.
pub(super) fn ended(
    world: &mut World,
    region: &str,
    token: &str,
    failure: Option<&ErrorResponse>,
    model: Option<&Json>,
) {
    let now = seconds(world);
    world.change(&Place::new(&REQUEST, region).key(token), |request| {
        let body = &mut request.body;
        if body["OperationStatus"] != "IN_PROGRESS" {
            return;
        }
        body["EventTime"] = json!(now);
        let facts = schema::facts(text(body, "TypeName"));
        match failure {
            Some(failure) => {
                body["OperationStatus"] = json!("FAILED");
                body["StatusMessage"] = json!(failure.message);
                body["ErrorCode"] = json!(code(&failure.code));
            }
            None => {
                body["OperationStatus"] = json!("SUCCESS");
                if let Some((facts, model)) = facts.zip(model) {
                    body["ResourceModel"] = json!(Json::Object(facts.readable(model)).to_string());
                }
            }
        }
    });
}

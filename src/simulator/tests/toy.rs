//! A provider of two routes: `POST /widgets` makes a widget, which takes half a minute, and `GET /widgets/{id}` reads
//! it. The world gives the ids.

use axum::Router;
use axum::routing::get;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use crate::kinds::Lead;
use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, Part, ProviderName};
use crate::simulator::fields::StoredFields;
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::serve::ServedWorld;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

const NAME: &str = "toy";
const DOMAIN: &str = "toy.example";

#[derive(Debug)]
pub(super) struct Toy;

/// The number of widgets ever made.
#[derive(Debug, Clone, Default)]
struct Made(u64);

impl Part for Made {
    fn copied(&self) -> Box<dyn Part> {
        Box::new(self.clone())
    }

    fn write_details(&self, into: &mut StoredFields) -> serde_json::Result<()> {
        into.put("toy", &json!({ "made": self.0 }))
    }

    fn clear_details(&mut self) {
        self.0 = 0;
    }

    fn read_detail(&mut self, field: &str, value: &Json) -> serde_json::Result<bool> {
        if field != "toy" {
            return Ok(false);
        }
        self.0 = u64::deserialize(&value["made"])?;
        Ok(true)
    }
}

impl Toy {
    fn make(world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Result<Response, ErrorResponse> {
        let body = request.body.as_ref().ok().and_then(Option::as_ref);
        let region = body.and_then(|body| body["region"].as_str()).unwrap_or("moon").to_owned();
        world.rest.faults.reach_region(NAME, &region)?;
        let made: &mut Made = world.parts.get_mut();
        made.0 += 1;
        let number = made.0.to_string();
        let id = format!("w-{}", world.seed.guid(&[NAME, &number]));
        let key = format!("op-{number}");
        let object = SimulatedObject {
            id: ObjectId::new(&*id),
            provider: ProviderName::of(NAME),
            type_: "widget".to_owned(),
            body: json!({ "id": id, "region": region }).into(),
            stage: Lifecycle::Creating,
            version: 0,
            refers: Default::default(),
            operation: Some(key.clone()),
            hollow: false,
        };
        let operation = Operation {
            key,
            id: object.id.clone(),
            provider: ProviderName::of(NAME),
            act: OperationKind::Create,
            began: world.now,
            due: world.now + world.lasts(&id, "create", 30),
            progress: OperationState::Running,
            location: region,
            service: "widgets".to_owned(),
            api: String::new(),
            serial: Vec::new(),
            fails,
            before: None,
            posted: None,
            leaving: None,
        };
        let answer = Response::json(202, &Self::shown(&object));
        world.insert(object);
        world.keep_operation(operation);
        Ok(answer)
    }

    fn read(world: &World, id: &str) -> Result<Response, ErrorResponse> {
        let key = world.key(&ObjectId::new(id));
        let absent = || ErrorResponse::gateway(404, "Absent", "there is no such widget");
        let object = world.standing(&key).ok_or_else(absent)?;
        if let Some(region) = object.body["region"].as_str() {
            world.rest.faults.reach_region(NAME, region)?;
        }
        Ok(Response::json(200, &Self::shown(object)))
    }

    fn shown(object: &SimulatedObject) -> Json {
        let mut body = object.body.to_json();
        body["state"] = json!(if object.stage == Lifecycle::Standing { "ready" } else { "building" });
        body
    }
}

impl Dialect for Toy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn endpoint(&self) -> &'static str {
        "https://api.toy.example"
    }

    /// A page for everybody, whatever the host.
    fn serve(&self, served: &ServedWorld, world: Router) -> Router {
        let base = served.base.clone();
        Router::new().route("/about", get(async || base)).fallback_service(world)
    }

    fn part(&self) -> Option<Box<dyn Part>> {
        Some(Box::new(Made::default()))
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        Response::json(failure.status, &json!({ "code": failure.code, "why": failure.message }))
    }

    fn answer(&self, world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Response {
        let answer = match (request.verb, request.path.strip_prefix("/widgets/")) {
            (HttpMethod::Post, None) => Self::make(world, request, fails),
            (HttpMethod::Get, Some(id)) => Self::read(world, id),
            _ => Err(ErrorResponse::gateway(404, "Absent", "there is no such route")),
        };
        answer.unwrap_or_else(|failure| self.refuse(&failure))
    }

    fn region(&self, _: &World, object: &SimulatedObject) -> Option<String> {
        object.body["region"].as_str().map(str::to_owned)
    }

    fn is_public(&self, _: &SimulatedObject) -> bool {
        true
    }

    fn hosts(&self, object: &SimulatedObject) -> Vec<String> {
        object.body["region"].as_str().map(|region| format!("{region}.{DOMAIN}")).into_iter().collect()
    }

    fn domains(&self) -> &'static [&'static str] {
        &[DOMAIN]
    }

    fn leads(&self, world: &World, object: &SimulatedObject, _: &str) -> Lead {
        Lead::to_region(world.working(&object.key()).and_then(|_| self.region(world, object)))
    }
}

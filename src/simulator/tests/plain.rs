//! A provider of things that exist at once: `PUT /{name}` makes one, `GET /{name}` reads it. As the first of a world,
//! it gives its objects keys and files without a name of a provider.

use serde_json::json;

use crate::object::ObjectId;
use crate::simulator::dialect::{Dialect, ProviderName};
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

#[derive(Debug)]
pub(super) struct Plain;

impl Dialect for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn endpoint(&self) -> &'static str {
        "https://api.plain.example"
    }

    fn refuse(&self, failure: &ErrorResponse) -> Response {
        let response = Response::json(failure.status, &json!({ "error": { "code": failure.code } }));
        failure.retry_after.iter().fold(response, |response, seconds| response.with("retry-after", seconds.to_string()))
    }

    fn answer(&self, world: &mut World, request: &Request, _: Option<ErrorResponse>) -> Response {
        let id = ObjectId::new(request.path.trim_start_matches('/'));
        match (request.verb, world.standing(&world.key(&id))) {
            (HttpMethod::Get, Some(object)) => Response::json(200, &object.body),
            (HttpMethod::Put, _) => {
                let body = json!({ "id": id });
                world.insert(SimulatedObject {
                    id,
                    provider: ProviderName::default(),
                    type_: "thing".to_owned(),
                    body: body.clone().into(),
                    stage: Lifecycle::Standing,
                    version: 0,
                    refers: Default::default(),
                    operation: None,
                    hollow: false,
                });
                Response::json(201, &body)
            }
            _ => self.refuse(&ErrorResponse::gateway(404, "Absent", "there is no such thing")),
        }
    }

    fn region(&self, _: &World, _: &SimulatedObject) -> Option<String> {
        None
    }
}

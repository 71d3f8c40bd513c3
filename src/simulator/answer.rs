//! From a request to its response: counting, faults, throttling, then dispatch by path and verb. Also holds all reads.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::catalog;
use super::deployments;
use super::entries::{above_computed, asked_action, entry, locations, subscription};
use super::faults::Moment;
use super::filter::Filter;
use super::images::{self, IMAGES};
use super::metrics::METRICS;
use super::offers::{PERMISSIONS, SIZES, USAGES};
use super::request::{ErrorResponse, HttpMethod, Request, Response};
use super::tags::TAGS;
use super::target::{self, GROUP, LOCK, ResourcePath, Target, group_of};
use super::throttle::RequestClass;
use super::types::{self, ProviderType};
use super::world::{SimulatedObject, StaleRead, World};
use crate::address::ArmId;
use crate::kinds::{SimulatedWorld as _, path};

/// Entries in a page of a list, unless `$top` is smaller.
const PAGE: usize = 250;

/// A parsed and admitted request, with the failure that a fault injects into its operation.
pub(super) struct AdmittedRequest<'a> {
    pub(super) request: &'a Request,
    /// The API version.
    pub(super) api: &'a str,
    /// The error with which the operation will end, if a fault injects one.
    pub(super) fails: Option<ErrorResponse>,
}

impl World {
    /// Answers a request at this time.
    pub fn handle(&mut self, now: Timestamp, request: &Request) -> Response {
        self.advance(now);
        let number = self.count(request.verb);
        let strike = self.rest.faults.strike(request, self.seed, number);
        let refused = match strike {
            _ if strike.drops == Some(Moment::Before) => Some(Response::empty(502)),
            super::faults::FaultEffect { answer: Some(ref failure), .. } => Some(failure.response()),
            _ => None,
        };
        let mut response = refused.unwrap_or_else(|| {
            self.throttled(request, strike.fails).unwrap_or_else(|failure: ErrorResponse| failure.response())
        });
        response.delay += strike.delay;
        response.dropped = strike.drops.is_some();
        self.sign(response, request, number)
    }

    fn count(&mut self, verb: HttpMethod) -> u64 {
        *self.rest.counters.entry(verb.name().to_owned()).or_default() += 1;
        self.rest.counters.values().sum()
    }

    /// Adds the headers that every response has.
    fn sign(&self, mut response: Response, request: &Request, number: u64) -> Response {
        let guid = self.seed.guid(&["request", &number.to_string()]);
        let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&guid).to_owned();
        let routing = format!("WESTUS:{}:{guid}", self.now.strftime("%Y%m%dT%H%M%SZ"));
        response.headers.extend([
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("cache-control", "no-cache".to_owned()),
            ("x-ms-request-id", guid),
            ("x-ms-correlation-request-id", correlation),
            ("x-ms-routing-request-id", routing),
        ]);
        response
    }

    fn throttled(&mut self, request: &Request, fails: Option<ErrorResponse>) -> Result<Response, ErrorResponse> {
        let target = target::parse(&request.path, SUBSCRIPTION)?;
        let class = match target {
            Target::Status(_) | Target::Outcome(_) => RequestClass::Poll,
            _ => RequestClass::of(request.verb),
        };
        let left = if self.rest.faults.unthrottled() { None } else { Some(self.rest.buckets.take(class, self.now)?) };
        let api = request.query.get("api-version").map(String::as_str).filter(|api| !api.is_empty());
        let api = api.ok_or_else(|| {
            ErrorResponse::gateway(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            )
        })?;
        if !well_formed(api) {
            return Err(ErrorResponse::gateway(
                400,
                "InvalidApiVersionParameter",
                format!("The api-version '{api}' is invalid. The supported versions are dates such as '2021-04-01'."),
            ));
        }
        let response = self.dispatch(target, AdmittedRequest { request, api, fails })?;
        Ok(match (class.header(), left) {
            (Some(header), Some(left)) => response.with(header, left.to_string()),
            _ => response,
        })
    }

    pub(super) fn dispatch(&mut self, target: Target, ask: AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        if let Some((action, scope)) = asked_action(ask.request.verb, &target) {
            self.rest.faults.permit(&action, &scope)?;
        }
        if let Some(asked) = deployments::asked(&target) {
            return self.deployments(asked, &ask);
        }
        if let Target::Resource(named) = &target
            && named.type_ == TAGS
        {
            return self.tags(named, &ask);
        }
        if let (HttpMethod::Put | HttpMethod::Patch, Target::Resource(named)) = (ask.request.verb, &target) {
            self.registered_for(&named.type_)?;
        }
        match (ask.request.verb, target) {
            (HttpMethod::Get | HttpMethod::Head, target) => self.read(target, &ask),
            (HttpMethod::Put | HttpMethod::Patch, Target::Resource(named)) if self.always(&named).is_some() => {
                self.write_always(&named, &ask)
            }
            (HttpMethod::Put, Target::Resource(named)) if Self::is_alone(&named) => self.put_part(&named, &ask),
            (HttpMethod::Delete, Target::Resource(named)) if Self::is_alone(&named) => self.delete_part(&named, &ask),
            (HttpMethod::Put, Target::Resource(named)) => self.put(&named, &ask),
            (HttpMethod::Patch, Target::Resource(named)) => self.patch(&named, &ask),
            (HttpMethod::Delete, Target::Resource(named)) if self.computed_one(&named).is_some() => {
                let (owner, segment) = above_computed(named);
                self.post(&owner, &format!("{segment}/delete"), &ask)
            }
            (HttpMethod::Delete, Target::Resource(named)) => self.delete(&named, &ask),
            (HttpMethod::Post, Target::Action(named, action)) if Self::is_of_bin(&named) => {
                self.purge(&named, &action, &ask)
            }
            (HttpMethod::Post, Target::Action(named, action)) if self.computed_one(&named).is_some() => {
                let (owner, segment) = above_computed(named);
                self.post(&owner, &format!("{segment}/{action}"), &ask)
            }
            (HttpMethod::Post, Target::Action(named, action)) if named.type_ == GROUP => {
                self.post_group(&named, &action, &ask)
            }
            (HttpMethod::Post, Target::Action(named, action)) => match self.act_always(&named, &action) {
                Some(response) => Ok(response),
                None => self.post(&named, &action, &ask),
            },
            (HttpMethod::Post, Target::NameCheck) => Ok(Response::json(200, &self.name_check(&ask))),
            (HttpMethod::Post, Target::Register(namespace)) => self.register(&namespace),
            (HttpMethod::Post, Target::Unregister(namespace)) => self.unregister(&namespace),
            (verb, _) => Err(method_not_allowed(verb)),
        }
    }

    /// `checkNameAvailability`: a globally unique name is available while no object of its type has it.
    fn name_check(&self, ask: &AdmittedRequest<'_>) -> Json {
        let asked = |name: &str| ask.request.body.as_ref().ok().and_then(|body| body.as_ref()?.get(name)?.as_str());
        let (name, type_) = (asked("name").unwrap_or_default(), asked("type").unwrap_or_default());
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        // Some types have their unique name as a label of a host, beside the name of the object.
        let label = format!("{}.", name.to_ascii_lowercase());
        let is_it = |object: &SimulatedObject| {
            object.type_.eq_ignore_ascii_case(type_)
                && (object.id.name().eq_ignore_ascii_case(name)
                    || self.hosts_of(&object.id.folded()).iter().any(|host| host.starts_with(&label)))
        };
        let taken = self.below(&whole).any(|(_, object)| is_it(object));
        match taken {
            false => json!({ "nameAvailable": true, "available": true, "name": name }),
            true => json!({
                "nameAvailable": false, "available": false, "name": name, "reason": "AlreadyExists",
                "message": format!("The name '{name}' is already taken."),
            }),
        }
    }

    fn read(&self, target: Target, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        let body = match target {
            Target::Status(key) => return self.status(&key),
            Target::Outcome(key) => return self.outcome(&key),
            Target::Resource(named) if Self::is_of_bin(&named) => self.deleted(&named)?.clone(),
            Target::Resource(named) if named.type_ == IMAGES => images::version(&named),
            Target::Resource(named) => return self.read_resource(&named, ask),
            Target::Action(named, word) if format!("{}/{word}", named.type_).eq_ignore_ascii_case(IMAGES) => {
                images::versions(&named)
            }
            Target::Action(named, word) if format!("{}/{word}", named.type_).eq_ignore_ascii_case(USAGES) => {
                return self.usages(&named.id);
            }
            Target::Action(named, word) => match self.inside(&named, &word, ask) {
                Some(all) => all,
                None => {
                    let type_ = format!("{}/{}", named.type_, word.to_ascii_lowercase());
                    self.collection(&named.id, &type_, ask)?
                }
            },
            Target::Collection { scope, type_ } if type_ == METRICS => return self.metrics(&scope, ask),
            Target::Collection { type_, .. } if type_ == PERMISSIONS => return Ok(self.permissions()),
            Target::Collection { type_, .. } if type_ == SIZES => {
                return Ok(self.sizes(ask.request.query.get("$filter").map_or("", String::as_str)));
            }
            Target::Collection { scope, type_ } => {
                let catalog = catalog::find(&type_);
                let all = catalog.map(|catalog| catalog::list(catalog, ask.request.query.get("$filter")));
                match all.or_else(|| self.all_deleted(&type_)) {
                    Some(all) => all,
                    None => self.collection(&scope, &type_, ask)?,
                }
            }
            Target::Resources(scope) => self.tracked(scope.as_deref(), ask)?,
            Target::Groups => {
                let filter = Filter::read(ask.request.query.get("$filter").map(String::as_str))?;
                let found = self.groups().filter(|group| filter.takes(group));
                self.page(found.filter_map(|group| Some((group.id.folded(), self.listed(group)?))), ask)
            }
            Target::Subscriptions => json!({ "value": [subscription()] }),
            Target::Subscription => subscription(),
            Target::Locations => locations(),
            Target::Providers(None) => self.providers(),
            Target::Providers(Some(namespace)) => self.provider(&namespace)?,
            Target::Register(_) | Target::Unregister(_) | Target::NameCheck => {
                return Err(method_not_allowed(ask.request.verb));
            }
        };
        Ok(Response::json(200, &body))
    }

    fn read_resource(&self, named: &ResourcePath, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        if ask.request.verb == HttpMethod::Head {
            let found = self.standing(&named.id).is_some();
            return Ok(Response::empty(if found { 204 } else { 404 }));
        }
        if let Some(region) = self.own_region(&named.id) {
            self.rest.faults.reach(&region)?;
        }
        if let Some(stale) = self.rest.stale.get(&named.id).filter(|stale| stale.until > self.now) {
            return stale.body.as_ref().map(|body| Response::json(200, body)).ok_or_else(|| self.absent(named));
        }
        if let Some(object) = self.standing(&named.id) {
            self.known_type(&named.type_, ask.api)?;
            let response = Response::json(200, &self.expanded(object, ask));
            return Ok(match object.etag() {
                Some(etag) => response.with("etag", etag),
                None => response,
            });
        }
        if let Some(entry) = catalog::find(&named.type_).and_then(|catalog| catalog::one(catalog, named.name())) {
            return Ok(Response::json(200, &entry));
        }
        if let Some(child) = self.always(named).or_else(|| self.computed_one(named)) {
            return Ok(Response::json(200, &child));
        }
        match self.element(&named.id).or_else(|| self.leaving_part(named)) {
            Some(element) => Ok(Response::json(200, element)),
            None if Self::part(named).is_some() => Err(self.absent(named)),
            None => {
                self.known_type(&named.type_, ask.api)?;
                Err(self.absent(named))
            }
        }
    }

    /// Values at a segment below an object that are no objects: implicit children, parts, a view of the object, or the
    /// offers of a region.
    fn inside(&self, named: &ResourcePath, segment: &str, ask: &AdmittedRequest<'_>) -> Option<Json> {
        let listed = self.always_listed(&named.id, segment).or_else(|| self.parts_listed(&named.id, segment));
        listed.or_else(|| self.view_of(&named.id, segment)).or_else(|| self.offered(named, segment, &ask.request.query))
    }

    /// A view of an object that `$expand` also adds to it.
    fn view_of(&self, id: &str, segment: &str) -> Option<Json> {
        let object = self.standing(id)?;
        let kinds = types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
        let mut views = kinds.flat_map(|kind| kind.simulated.expands);
        let (_, make) = views.find(|(name, _)| name.eq_ignore_ascii_case(segment))?;
        make(self, &object.id)
    }

    /// The body with the properties that `$expand` requests.
    fn expanded<'a>(&'a self, object: &'a SimulatedObject, ask: &AdmittedRequest<'_>) -> Cow<'a, Json> {
        let mut body = self.whole_body(object);
        let Some(asked) = ask.request.query.get("$expand") else { return body };
        let kinds = || types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
        let is_asked = |name: &str| asked.split(',').any(|word| word.trim().eq_ignore_ascii_case(name));
        for (name, make) in kinds().flat_map(|kind| kind.simulated.expands).filter(|(name, _)| is_asked(name)) {
            if let Some(more) = make(self, &object.id) {
                path::put(body.to_mut(), &format!("properties.{name}"), more);
            }
        }
        for (name, at) in kinds().flat_map(|kind| kind.simulated.told).filter(|(name, _)| is_asked(name)) {
            if let Some(value) = self.noted(&object.id, name) {
                path::put(body.to_mut(), at, value.clone());
            }
        }
        body
    }

    /// The body, including the children that Azure embeds in it.
    pub(super) fn whole_body<'a>(&'a self, object: &'a SimulatedObject) -> Cow<'a, Json> {
        let Some(type_) = types::find(&object.type_) else { return Cow::Borrowed(&object.body) };
        let embeds = &type_.embeds;
        let data: &[&str] = if self.lenient { &type_.data } else { &[] };
        if embeds.is_empty() && data.is_empty() {
            return Cow::Borrowed(&object.body);
        }
        let (mut body, id) = (object.body.clone(), object.id.folded());
        for at in data {
            let url = path::borrow(&body, at).and_then(Json::as_str).and_then(|url| url.strip_prefix("https://"));
            if let Some(place) = url.map(|rest| format!("{}/data/{rest}", self.base)) {
                path::put(&mut body, at, Json::from(place));
            }
        }
        for segment in embeds {
            let type_ = format!("{}/{}", object.type_, segment.to_ascii_lowercase());
            let children = self.below(&id).map(|(_, child)| child).filter(|child| child.seen() && child.type_ == type_);
            let children: Vec<Json> = children.map(|child| child.body.clone()).collect();
            path::put(&mut body, &format!("properties.{segment}"), Json::Null);
            path::put(&mut body, &format!("properties.{segment}"), Json::Array(children));
        }
        Cow::Owned(body)
    }

    /// The type, checked for support of this API version.
    pub(super) fn known_type(&self, type_: &str, api: &str) -> Result<&'static ProviderType, ErrorResponse> {
        let Some(table) = types::known(type_) else {
            let namespace = type_.split('/').next().unwrap_or_default();
            return Err(ErrorResponse::gateway(
                404,
                "InvalidResourceNamespace",
                format!("The resource namespace '{namespace}' is invalid."),
            ));
        };
        let today = self.now.strftime("%Y-%m-%d").to_string();
        if !self.lenient && api.get(..10) > Some(table.api.max(&today)).and_then(|newest| newest.get(..10)) {
            let (namespace, rest) = table.name.split_once('/').unwrap_or((table.name, ""));
            return Err(ErrorResponse::gateway(
                400,
                "NoRegisteredProviderFound",
                format!(
                    "No registered resource provider found for location '' and API version '{api}' for type '{rest}' of '{namespace}'. The supported api-versions are '{}' and earlier.",
                    table.api
                ),
            ));
        }
        Ok(table)
    }

    /// The 404 error of a read: resource group, parent or resource not found.
    pub(super) fn absent(&self, named: &ResourcePath) -> ErrorResponse {
        if let Some(group) = named.group() {
            let standing = group_of(&named.id).is_some_and(|id| self.standing(id).is_some());
            if named.type_ == GROUP || !standing {
                return group_not_found(group);
            }
        }
        if let Ok(type_) = self.known_type(&named.type_, "0000-00-00")
            && named.type_.matches('/').count() > 1
        {
            let parent = self.parent_id(named, type_);
            if self.standing(&parent).is_none() {
                return parent_not_found(&parent);
            }
        }
        let at = named.provider().map_or(0, |at| at + 1);
        let what = named.segments.get(at..).unwrap_or_default();
        let (namespace, pairs) = what.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let kinds = pairs.iter().step_by(2).map(String::as_str);
        let names = pairs.iter().skip(1).step_by(2).map(String::as_str);
        let path: Vec<&str> = std::iter::once(namespace).chain(kinds).chain(names).collect();
        ErrorResponse::gateway(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
                path.join("/"),
                named.group().unwrap_or("<null>")
            ),
        )
    }

    /// The folded id of the parent of a named resource.
    pub(super) fn parent_id(&self, named: &ResourcePath, type_: &ProviderType) -> String {
        let nested = named.type_.matches('/').count() > 1;
        match type_.segment {
            Some(segment) => named.above(segment.split('/').count() + 1),
            None if nested => named.above(2),
            None if named.type_ == GROUP => named.above(2),
            None => named.above(4),
        }
    }

    fn collection(&self, scope: &str, type_: &str, ask: &AdmittedRequest<'_>) -> Result<Json, ErrorResponse> {
        let table = self.known_type(type_, ask.api)?;
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        // Segments that are no objects may come between a parent and its children: `blobServices/default`.
        let words = table.segment.map_or(0, |segment| segment.split('/').count().saturating_sub(1));
        let parent = scope.rmatch_indices('/').nth(words.wrapping_sub(1)).and_then(|(at, _)| scope.get(..at));
        if scope != whole && self.standing(parent.unwrap_or(scope)).is_none() {
            return Err(match group_of(scope).filter(|group| self.standing(group).is_none()) {
                Some(group) => group_not_found(group.rsplit('/').next().unwrap_or_default()),
                None => parent_not_found(scope),
            });
        }
        // With this filter: locks that apply to the scope itself, from there and from above.
        let at_scope = type_ == LOCK && ask.request.query.get("$filter").is_some_and(|filter| filter == "atScope()");
        let applies = |object: &SimulatedObject| {
            let around = |at: ArmId| at.folded() == scope || at.contains(&ArmId::new(scope));
            !at_scope || object.id.scope().is_some_and(around)
        };
        let found = self.below(if at_scope { &whole } else { scope }).map(|(_, object)| object);
        let found = found.filter(|object| object.seen() && object.type_ == type_ && applies(object));
        Ok(self.page(found.filter_map(|object| Some((object.id.folded(), self.listed(object)?))), ask))
    }

    /// The body of an object as a list shows it, equal to that of a read. As in Azure, a list silently omits objects
    /// that a read would not find and objects in a lost region.
    pub(super) fn listed(&self, object: &SimulatedObject) -> Option<Json> {
        let id = object.id.folded();
        if self.own_region(&id).is_some_and(|region| self.rest.faults.reach(&region).is_err()) {
            return None;
        }
        match self.rest.stale.get(&id).filter(|stale| stale.until > self.now) {
            Some(stale) => stale.body.clone(),
            None => Some(self.whole_body(object).into_owned()),
        }
    }

    /// Tracked resources (those with a location), in a group or in the subscription: the envelope
    /// without the properties.
    fn tracked(&self, scope: Option<&str>, ask: &AdmittedRequest<'_>) -> Result<Json, ErrorResponse> {
        if let Some(group) = scope.filter(|group| self.standing(group).is_none()) {
            return Err(group_not_found(group.rsplit('/').next().unwrap_or_default()));
        }
        let whole = format!("/subscriptions/{SUBSCRIPTION}");
        let state = ask.request.query.get("$expand").is_some_and(|expand| expand.contains("provisioningState"));
        let found = self.below(scope.unwrap_or(&whole)).map(|(_, object)| object);
        let filter = Filter::read(ask.request.query.get("$filter").map(String::as_str))?;
        let found = found.filter(|object| {
            object.seen() && object.type_ != GROUP && object.location().is_some() && filter.takes(object)
        });
        Ok(self.page(found.map(|object| (object.id.folded(), entry(object, state))), ask))
    }

    /// One page of a list, with the link to the next.
    pub(super) fn page(&self, found: impl Iterator<Item = (String, Json)>, ask: &AdmittedRequest<'_>) -> Json {
        let query = &ask.request.query;
        let top = query.get("$top").and_then(|top| top.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
        let token = query.get("$skipToken").and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        let after = token.and_then(|token| String::from_utf8(token).ok());
        let mut found = found.skip_while(|(id, _)| after.as_ref().is_some_and(|after| id <= after));
        let mut last = String::new();
        let value: Vec<Json> = found
            .by_ref()
            .take(top)
            .map(|(id, body)| {
                last = id;
                body
            })
            .collect();
        let mut page = json!({ "value": value });
        if found.next().is_some() {
            let others = query.iter().filter(|(name, _)| *name != "$skipToken");
            let query: String = others.map(|(name, value)| format!("{name}={}&", encode(value))).collect();
            let token = URL_SAFE_NO_PAD.encode(&last);
            page["nextLink"] = json!(format!("{}{}?{query}$skipToken={token}", self.base, ask.request.path));
        }
        page
    }

    /// The region of an object, or of its nearest ancestor that has one; `None` for a global object.
    pub(super) fn own_region(&self, id: &str) -> Option<String> {
        let mut at = id;
        loop {
            if let Some((object, location)) = self.object(at).and_then(|object| Some((object, object.location()?))) {
                let own = (!location.eq_ignore_ascii_case("global")).then(|| location.to_owned());
                return self.serving(object).or(own);
            }
            let (cut, _) = at.rmatch_indices('/').nth(1)?;
            at = at.get(..cut)?;
        }
    }

    /// For an object that several regions serve: a region that is available, or else the first. `None` for
    /// any other object.
    pub(super) fn serving(&self, object: &SimulatedObject) -> Option<String> {
        let served = types::find(&object.type_)?.writers().find_map(|kind| kind.served)?;
        let regions = served(&object.body);
        let answers = regions.iter().find(|region| self.rest.faults.reach(region).is_ok());
        answers.or(regions.first()).cloned()
    }

    /// The region that serves requests about an object: its own, or that of its resource group.
    pub(super) fn region(&self, id: &str) -> Option<String> {
        self.own_region(id).or_else(|| self.own_region(group_of(id)?))
    }

    /// Rejects a write while the object's region is lost, or the region of the resource group that holds its metadata.
    pub(super) fn reach_to_write(&self, id: &str, location: Option<&str>) -> Result<(), ErrorResponse> {
        let served = self.object(id).and_then(|object| self.serving(object));
        let own = served.or_else(|| location.map(str::to_owned)).or_else(|| self.own_region(id));
        let group = group_of(id).and_then(|group| self.own_region(group));
        own.into_iter().chain(group).try_for_each(|region| self.rest.faults.reach(&region))
    }

    /// Keeps the current body for stale reads, while reads lag.
    pub(super) fn remember(&mut self, id: &str) {
        let Some(lag) = self.rest.faults.lag() else { return };
        let now = self.now;
        if self.rest.stale.get(id).is_some_and(|stale| stale.until > now) {
            return;
        }
        let body = self.standing(id).map(|object| object.body.clone());
        let part = self.seed.stream(&[id, "lag", &now.to_string()]).unit();
        let until = now + lag.mul_f64(part);
        self.rest.stale.retain(|_, stale| stale.until > now);
        self.rest.stale.insert(id.to_owned(), StaleRead { until, body });
        self.changes.rest = true;
    }
}

pub(super) fn method_not_allowed(verb: HttpMethod) -> ErrorResponse {
    ErrorResponse::gateway(
        405,
        "MethodNotAllowed",
        format!("The request method '{}' is not allowed here.", verb.name()),
    )
}

pub(super) fn group_not_found(name: &str) -> ErrorResponse {
    ErrorResponse::gateway(404, "ResourceGroupNotFound", format!("Resource group '{name}' could not be found."))
}

pub(super) fn parent_not_found(parent: &str) -> ErrorResponse {
    ErrorResponse::gateway(
        404,
        "ParentResourceNotFound",
        format!("Can not perform requested operation on nested resource. Parent resource '{parent}' not found."),
    )
}

/// An API version such as `2021-04-01`, with or without a suffix.
fn well_formed(api: &str) -> bool {
    let (date, rest) = api.split_at_checked(10).unwrap_or((api, ""));
    date.parse::<jiff::civil::Date>().is_ok() && (rest.is_empty() || rest.starts_with('-'))
}

fn encode(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

//! Reads of replicas, regions and endpoints, each with a time limit, so that a site that does not answer delays
//! nobody for long. Silence counts against the limit; a refusal by the cloud's request limits is an answer, and its
//! `Retry-After` is waited for.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{Either, select};
use futures::stream;
use serde_json::Value as Json;

use super::observe::is_outage;
use super::programs;
use crate::duration::spoken;
use crate::failover::{EndpointRequest, ListRequest, SurveyRequest, SurveyResult};
use crate::kinds::{ReadRequest, ReadResult, ReadResults, ReadTarget};
use crate::object::{Object, ObjectId};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::world::{Clock, Cloud, CloudError, CloudRefusal, Commands, Web, WebAnswer, WebRequest};

/// The number of concurrent reads.
const WIDTH: usize = 64;
/// The longest silence of the cloud during a read before a procedure is computed.
const LIMIT: Duration = Duration::from_secs(20);
/// The time limit of a read that the cloud's request limits delay: a throttled control plane is no silent one.
const THROTTLED: Duration = Duration::from_secs(600);
/// The time limit for an answer of the lost site: it is part of the recovery time.
const LOST: Duration = Duration::from_secs(5);
/// The time limit for the answer of an endpoint.
const FRONT: Duration = Duration::from_secs(10);

/// The time limits of a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest silence of the cloud during a read.
    pub silence: Duration,
    /// The longest delay of a read by the cloud's request limits.
    pub throttled: Duration,
}

impl Patience {
    /// Before a procedure is computed: every read counts.
    pub const PROCEDURE: Self = Self { silence: LIMIT, throttled: THROTTLED };
    /// For a status: an operator waits for it, and reads it again.
    pub const STATUS: Self = Self { silence: LOST, throttled: LOST };
}

/// The ports that reads need.
#[derive(Clone, Copy)]
pub struct ReadPorts<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The programs that report on replicas.
    pub commands: &'a dyn Commands,
    /// The clock of that cloud.
    pub clock: &'a dyn Clock,
}

/// Reads everything that a procedure is computed from. An object that does not answer in time counts as not read.
pub async fn look_around(survey: &SurveyRequest, ports: ReadPorts<'_>, web: &dyn Web) -> SurveyResult {
    look_around_within(survey, Patience::PROCEDURE, ports, web).await
}

/// The same within other time limits.
pub async fn look_around_within(
    survey: &SurveyRequest,
    patience: Patience,
    ports: ReadPorts<'_>,
    web: &dyn Web,
) -> SurveyResult {
    let ReadPorts { cloud, clock, .. } = ports;
    let mut around = SurveyResult { at: Some(clock.now()), ..SurveyResult::default() };
    let replicas = stream::iter(&survey.replicas)
        .map(|(address, wanted)| async move { (address, wanted, look(ports, patience, wanted).await) })
        .buffer_unordered(WIDTH);
    let powers = stream::iter(&survey.powers)
        .map(|asked| async move { (asked, look(ports, patience, &asked.read).await) })
        .buffer_unordered(WIDTH);
    let volumes = stream::iter(&survey.volumes)
        .map(|(address, wanted)| async move { (address, look(ports, patience, wanted).await) })
        .buffer_unordered(WIDTH);
    let objects = stream::iter(&survey.objects)
        .map(|object| async move { (object, read(cloud, clock, patience, object).await) })
        .buffer_unordered(WIDTH);
    let regions = stream::iter(&survey.regions)
        .map(|(region, sample)| async move { (region, ask(cloud, clock, patience, sample).await) })
        .buffer_unordered(WIDTH);
    let lost = stream::iter(&survey.lost)
        .map(|(site, sample)| async move {
            let patience = Patience { silence: LOST, ..patience };
            (site, ask(cloud, clock, patience, sample).await)
        })
        .buffer_unordered(WIDTH);
    let lists = read_lists(cloud, clock, &survey.lists);
    let fronts = stream::iter(&survey.fronts)
        .map(|(front_of, url)| async move {
            (front_of.clone(), web.fetch(&WebRequest { within: LOST, ..front(url) }).await)
        })
        .buffer_unordered(WIDTH);
    let (replicas, volumes, powers, objects, regions, lost, lists, fronts) = futures::join!(
        replicas.collect::<Vec<_>>(),
        volumes.collect::<Vec<_>>(),
        powers.collect::<Vec<_>>(),
        objects.collect::<Vec<_>>(),
        regions.collect::<Vec<_>>(),
        lost.collect::<Vec<_>>(),
        lists,
        fronts.collect::<Vec<_>>()
    );
    let now = clock.now();
    for (address, look, sight) in replicas {
        around.replicas.entry(address.clone()).or_insert_with(|| ReadResults::at(now)).keep(look, sight);
    }
    around.volumes = volumes.into_iter().map(|(address, sight)| (address.clone(), sight)).collect();
    for (asked, sight) in powers {
        if let ReadResult::There(body) = &sight
            && let Some(state) = (asked.power.state)(body)
        {
            around.powers.insert(asked.address.clone(), state);
        }
    }
    around.lists = survey.lists.iter().map(|list| list.object.id.clone()).zip(lists).collect();
    for (object, body) in objects {
        match body {
            Ok(body) => drop(around.observed.objects.insert(object.id.clone(), body)),
            Err(why) => drop(around.observed.unread.insert(object.id.clone(), why.to_string())),
        }
    }
    let mut asked: BTreeMap<&String, (usize, Vec<String>)> = BTreeMap::new();
    for (region, answer) in regions {
        let (count, silent) = asked.entry(region).or_default();
        *count += 1;
        if matches!(&answer, Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Throttled) {
            around.throttled.insert(region.clone());
        }
        silent.extend(answer.err().filter(is_outage).map(reason));
    }
    // Some services answer for a region from elsewhere: a region counts as not answering once half of its reads fail.
    let silent = asked.into_iter().filter(|(_, (count, silent))| 2 * silent.len() >= *count);
    around.silent =
        silent.filter_map(|(region, (_, silent))| Some((region.clone(), silent.into_iter().next()?))).collect();
    // As above: half of the reads decide.
    let mut answers: BTreeMap<&String, (usize, usize)> = BTreeMap::new();
    for (site, read) in &lost {
        let (asked, answering) = answers.entry(site).or_default();
        *asked += 1;
        *answering += usize::from(!read.as_ref().is_err_and(is_outage));
    }
    let answers = answers.into_iter().map(|(site, (asked, answering))| (site.clone(), 2 * answering > asked));
    around.lost_answers = answers.collect();
    around.fronts = fronts.into_iter().collect();
    around
}

/// The request that shows whether users are served.
pub(super) fn front(url: &str) -> WebRequest {
    WebRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        address: None,
        marker: None,
        hoped: 200,
        within: FRONT,
    }
}

/// One read of a replica. A program has a time limit of its own.
pub(super) async fn look(ports: ReadPorts<'_>, patience: Patience, look: &ReadRequest) -> ReadResult {
    let ReadPorts { cloud, commands, clock } = ports;
    if look.what == ReadTarget::Output {
        return programs::output(commands, look.line.as_deref()).await;
    }
    let seen = async {
        match look.what {
            ReadTarget::Body => cloud.get(&look.object).await.map(|seen| seen.map(|seen| seen.body)),
            ReadTarget::Expanded(what) => cloud.get_expanded(&look.object, what).await,
            ReadTarget::Metric(name) => cloud.metric(&look.object, name).await.map(|value| value.map(Json::from)),
            ReadTarget::Output => Ok(None),
        }
    };
    match answered(cloud, clock, &look.object.id, patience, seen).await {
        Ok(Some(body)) => ReadResult::There(body),
        Ok(None) => ReadResult::Absent,
        Err(why) => ReadResult::Unseen(reason(why)),
    }
}

/// The answer for each of these lists, in order, or the reason why there is none.
pub async fn read_lists(cloud: &dyn Cloud, clock: &dyn Clock, lists: &[ListRequest]) -> Vec<Result<Json, String>> {
    let read = stream::iter(lists).map(|list| async move { read_list(cloud, clock, list).await });
    read.buffered(WIDTH).collect().await
}

/// One list, or the reason why it cannot be read.
async fn read_list(cloud: &dyn Cloud, clock: &dyn Clock, list: &ListRequest) -> Result<Json, String> {
    let query: Vec<(&str, &str)> = list.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match answered(cloud, clock, &list.object.id, Patience::PROCEDURE, cloud.get_with(&list.object, &query)).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err("the list does not exist".to_owned()),
        Err(why) => Err(reason(why)),
    }
}

/// One whole object; one that does not answer in time counts as unreachable.
async fn read(
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    patience: Patience,
    object: &Object,
) -> Result<Option<Sight>, CloudError> {
    answered(cloud, clock, &object.id, patience, cloud.get(&object.to_whole())).await
}

/// Asks the control plane of a region: any answer shows that it responds.
async fn ask(cloud: &dyn Cloud, clock: &dyn Clock, patience: Patience, object: &Object) -> Result<(), CloudError> {
    answered(cloud, clock, &object.id, patience, cloud.answers(object)).await
}

/// The answer of each endpoint, in order, or the reason why there is none within this time.
pub async fn fetch_endpoints(
    web: &dyn Web,
    endpoints: &[EndpointRequest],
    within: Duration,
) -> Vec<Result<WebAnswer, String>> {
    let fetched = stream::iter(endpoints).map(|endpoint| async move {
        let request = WebRequest { within, hoped: endpoint.status.unwrap_or(200), ..front(&endpoint.url) };
        web.fetch(&request).await
    });
    fetched.buffered(WIDTH).collect().await
}

/// Checks that the control plane answers.
pub(super) async fn answers(cloud: &dyn Cloud, clock: &dyn Clock, object: &Object) -> bool {
    !ask(cloud, clock, Patience::PROCEDURE, object).await.is_err_and(|why| is_outage(&why))
}

/// The reason of a failed read, for a sentence that reports the failure itself.
fn reason(error: CloudError) -> String {
    match error {
        CloudError::Unreachable(why) | CloudError::OutcomeUnknown(why) => why,
        CloudError::Refused(refusal) => refusal.to_string(),
    }
}

/// The answer to a read of this object. Silence of the cloud beyond the limit counts as unreachable; a delay by its
/// request limits does not, and is waited for with patience.
async fn answered<T>(
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    id: &ObjectId,
    patience: Patience,
    work: impl Future<Output = Result<T, CloudError>>,
) -> Result<T, CloudError> {
    let mut work = pin!(work);
    let began = clock.now();
    let Patience { silence: limit, throttled } = patience;
    let mut pause = limit;
    loop {
        if let Either::Left((done, _)) = select(work.as_mut(), pin!(clock.sleep(pause))).await {
            return done;
        }
        let now = clock.now();
        let Some(until) = cloud.delayed_until(id) else {
            return Err(CloudError::Unreachable(format!("no answer within {}", spoken(limit))));
        };
        pause = Duration::try_from((until + limit).duration_since(now)).unwrap_or_default();
        if pause.is_zero() {
            return Err(CloudError::Unreachable(format!("no answer within {}", spoken(limit))));
        }
        if (now + pause).duration_since(began).unsigned_abs() > throttled {
            return Err(CloudError::Refused(CloudRefusal {
                reason: Reason::Throttled,
                has_begun: false,
                answer: "HTTP 429".to_owned(),
                code: "TooManyRequests".to_owned(),
                message: format!("throttled for {}", spoken(now.duration_since(began).unsigned_abs())),
                correlation: None,
            }));
        }
    }
}

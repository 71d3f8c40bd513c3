//! The sites of failover groups as `status` checks them: a few reads in each region.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{Failure, Global, Session};
use crate::apply::look_around;
use crate::cli::account::Account;
use crate::cli::cloud::with_cloud;
use crate::failover::{SurveyRequest, samples};
use crate::stack::CloudName;
use crate::state::State;

/// The sites that were checked.
pub struct CheckedSites {
    /// The region of each site, and the error where its control plane does not respond.
    pub sites: BTreeMap<String, (String, Option<String>)>,
    /// The sites without a recorded resource to read.
    pub empty: Vec<String>,
    /// The reason why none was checked.
    pub unchecked: Option<String>,
}

impl CheckedSites {
    /// Checks the sites of these names. A cloud that cannot be reached leaves them unchecked: that is no failure of
    /// `status`.
    pub fn of(
        regions: &BTreeMap<String, String>,
        state: &State,
        cloud: CloudName,
        global: &Global,
        session: &mut Session,
    ) -> Self {
        let unchecked = |why: String| Self { sites: BTreeMap::new(), empty: Vec::new(), unchecked: Some(why) };
        let samples = regions
            .values()
            .flat_map(|region| samples(state, region).into_iter().map(move |object| (region.clone(), object)));
        let survey = SurveyRequest { regions: samples.collect(), ..SurveyRequest::default() };
        if survey.regions.is_empty() {
            return unchecked("no resource is recorded there".to_owned());
        }
        let account = Account::of(cloud, session);
        let seen = with_cloud(&account, global, session, async |reached, _| {
            Ok(look_around(&survey, &reached.cloud, &*reached.web, &*reached.clock).await)
        });
        match seen {
            Ok(seen) => {
                let silent = |region: &String| {
                    seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(region)).map(|(_, why)| why.clone())
                };
                let asked: BTreeSet<&String> = survey.regions.iter().map(|(region, _)| region).collect();
                let (read, empty): (Vec<_>, Vec<_>) = regions.iter().partition(|(_, region)| asked.contains(region));
                let sites = read.into_iter().map(|(site, region)| (site.clone(), (region.clone(), silent(region))));
                let empty = empty.into_iter().map(|(site, _)| site.clone()).collect();
                Self { sites: sites.collect(), empty, unchecked: None }
            }
            Err(Failure::Message { what, .. }) => unchecked(what),
            Err(_) => unchecked("the cloud cannot be reached".to_owned()),
        }
    }

    /// The sites whose control plane does not respond.
    pub fn silent(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().filter(|(_, (_, why))| why.is_some()).map(|(site, _)| site.as_str())
    }

    /// A line for each site.
    pub fn text(&self) -> String {
        let line = |(site, (region, why)): (&String, &(String, Option<String>))| match why {
            Some(why) => format!("  {site} ({region}) does not respond: {why}\n"),
            None => format!("  {site} ({region}) responds\n"),
        };
        match &self.unchecked {
            Some(why) => format!("Sites were not checked: {why}\n"),
            None => {
                let empty = |site: &String| format!("  {site} was not checked: no resource is recorded there\n");
                let lines = self.sites.iter().map(line).chain(self.empty.iter().map(empty));
                format!("Sites:\n{}", lines.collect::<String>())
            }
        }
    }

    /// The same for scripts.
    pub fn json(&self) -> Json {
        let one = |(site, (region, why)): (&String, &(String, Option<String>))| json!({ "site": site, "region": region, "responds": why.is_none(), "why": why });
        self.sites.iter().map(one).collect()
    }
}

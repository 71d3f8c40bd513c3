//! Any text as the output of each tool for backups: it is refused or read, and a point that counts as usable is
//! complete with all of its chain.

use drplan::backup::{BackupSet, Level, RateSource, Rates, RestoreRequest, Selection, TOOLS, data_age, predict};

/// Panics unless the property holds for this input.
pub fn holds(text: &str) {
    for tool in TOOLS {
        let verdict = (tool.verdict)(text, Some(0));
        let Ok(catalogue) = (tool.catalogue)(&Selection::default(), text) else { continue };
        let mut set = BackupSet::from(catalogue);
        set.judge(&verdict);
        for id in set.usable() {
            let chain = set.chain(id);
            assert!(chain.iter().all(|id| set.point(id).is_some_and(|point| point.is_complete())));
            assert!(set.point(id).is_some_and(|point| point.needs.iter().all(|need| chain.contains(need.as_str()))));
        }
        let Some(data) = data_age(&set, Level::Complete) else { continue };
        assert!(data.as_of >= data.point.at);
        let selection = Selection::default();
        let request = RestoreRequest { point: data.point, until: Some(data.as_of), selection, target: "/data" };
        let _ = (tool.restore_plan)(&request);
        if let Some(predicted) = predict(&data, tool.form, &Rates::ESTIMATES) {
            assert!(predicted.largest().is_some_and(|phase| phase.time <= predicted.total()));
            assert_eq!(predicted.source(), Some(RateSource::Estimate));
        }
    }
}

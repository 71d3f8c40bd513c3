//! A resource as the state records it, for the rollback of a run whose stack is not at hand.

use super::refresh::kind_of;
use crate::address::Address;
use crate::diagnostic::Span;
use crate::kinds::Catalog;
use crate::stack::Resource;
use crate::state::Recorded;
use crate::value::{SealedValue, Value};

/// The resource at this address; `None` for a kind that this version does not know. Sensitive arguments are absent.
pub fn recorded_resource(catalog: &Catalog, address: &Address, recorded: &Recorded) -> Option<Resource> {
    let kind = kind_of(catalog, address, recorded)?;
    let known = recorded
        .arguments
        .iter()
        .filter(|(_, value)| !SealedValue::is_sensitive(value) && SealedValue::waits_for(value).is_none());
    Some(Resource {
        address: address.clone(),
        kind,
        variant: None,
        name: recorded.name.clone(),
        id: recorded.id.clone(),
        objects: recorded.objects.clone(),
        site: recorded.site.as_str().into(),
        location: recorded.location.clone(),
        metadata_location: recorded.location.clone(),
        group: None,
        presence: recorded.presence,
        args: known.map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect(),
        needs: recorded.needs.clone(),
        uses: Vec::new(),
        prevent_destroy: recorded.prevent_destroy,
        ignore_changes: Default::default(),
        span: Span::default(),
        spans: Default::default(),
        host: kind.host.and_then(|attribute| Some(recorded.attributes.get(attribute)?.as_str()?.to_owned())),
        each: None,
        stack_tags: Default::default(),
    })
}

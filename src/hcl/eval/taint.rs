//! Propagation of unknown and sensitive operands to a result.

use std::borrow::Cow;

use crate::value::{Map, Unknown, Value};

/// The marks that operands leave on a result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taint {
    /// An operand was sensitive.
    pub(crate) sensitive: bool,
    /// The attributes that the operands depend on, joined.
    pub(crate) unknown: Option<Unknown>,
}

impl Taint {
    /// The operand without its mark, noting the mark and whether it is unknown as a whole.
    pub(crate) fn take<'v>(&mut self, value: &'v Value) -> &'v Value {
        let (plain, sensitive) = value.unmark();
        self.sensitive |= sensitive;
        if let Value::Unknown(unknown) = plain {
            self.join(unknown);
        }
        plain
    }

    /// Notes all marks within an operand and all that is unknown within it.
    pub(crate) fn note_within(&mut self, value: &Value) {
        if let Some(unknown) = value.unknown_within() {
            self.join(&unknown);
        }
        self.sensitive |= value.sensitive_within();
    }

    /// The operand without any mark within, noting all marks and all that is unknown within.
    pub(crate) fn take_within<'v>(&mut self, value: &'v Value) -> Cow<'v, Value> {
        self.note_within(value);
        if value.sensitive_within() {
            return Cow::Owned(bare(value));
        }
        Cow::Borrowed(value)
    }

    fn join(&mut self, unknown: &Unknown) {
        self.sensitive |= unknown.sensitive;
        match &mut self.unknown {
            Some(known) => known.join(unknown),
            None => self.unknown = Some(unknown.clone()),
        }
    }

    /// The result with the marks on it: unknown where an operand was.
    pub(crate) fn mark(self, value: Value) -> Value {
        let value = match self.unknown {
            Some(unknown) => Value::Unknown(unknown),
            None => value,
        };
        if self.sensitive { value.sensitive() } else { value }
    }

    /// The result with the marks on it; a mark on the whole stands for all marks within.
    pub(super) fn mark_whole(self, value: Value) -> Value {
        let value = if self.sensitive { bare(&value) } else { value };
        self.mark(value)
    }
}

/// The value without any mark of sensitivity within.
fn bare(value: &Value) -> Value {
    match value {
        clear if !clear.sensitive_within() => clear.clone(),
        Value::Sensitive(inner) => bare(inner),
        Value::List(items) => items.iter().map(bare).collect::<Vec<_>>().into(),
        Value::Map(map) => map.iter().map(|(key, item)| (key.clone(), bare(item))).collect::<Map>().into(),
        plain => plain.clone(),
    }
}

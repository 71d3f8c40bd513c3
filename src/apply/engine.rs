//! The ways in which an apply writes resources: each by its own request, or by an engine of a provider.

use std::fmt;

use crate::kinds::Catalog;
use crate::object::ObjectId;
use crate::world::{Clock, Cloud, Ids};

/// The way resources are written.
#[derive(Debug, Clone, Copy, Default)]
pub enum Engine {
    /// Each by its own request.
    #[default]
    Direct,
    /// By an engine that writes many of them at once.
    Bulk(&'static BulkEngine),
}

/// An engine of a provider, in the shape of a cloud: a run that uses it is executed, journaled and resumed like any
/// other.
pub struct BulkEngine {
    /// Its name, as in `--engine deployments`.
    pub name: &'static str,
    /// Its description in the help, without a full stop.
    pub about: &'static str,
    /// The maximum number of concurrent steps.
    pub width: usize,
    /// Wraps a cloud. What the engine cannot write goes to that cloud directly.
    pub wrap: for<'a> fn(EngineInput<'a>) -> Box<dyn Cloud + 'a>,
}

/// The input of an engine.
pub struct EngineInput<'a> {
    /// The cloud.
    pub cloud: &'a dyn Cloud,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// New ids.
    pub ids: &'a dyn Ids,
    /// The providers.
    pub catalog: &'static Catalog,
    /// The objects that the plan creates because it found none.
    pub absent: Vec<ObjectId>,
}

impl fmt::Debug for BulkEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

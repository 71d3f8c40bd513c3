//! A world on a port: its router, with what each provider has in front of its API for clients that sign in.

use std::sync::Arc;

use axum::Router;
use axum::middleware;

use super::retry::convert_retry_after;
use crate::simulator::Simulator;
use crate::world::Clock;

/// A world that is served to other clients.
pub struct ServedWorld {
    /// The simulator.
    pub simulator: Simulator,
    /// Its own base URL, such as `https://localhost:8443`.
    pub base: String,
    /// Simulated seconds per real second.
    pub speed: u32,
    /// The key that signs the tokens of its providers.
    pub key: [u8; 32],
    /// Real time, because clients compare tokens with their own clocks.
    pub clock: Arc<dyn Clock>,
}

impl ServedWorld {
    /// The router of all paths of all hosts.
    pub fn router(&self) -> Router {
        let world = self.simulator.clone().based_at(&self.base).for_others().router();
        let world = world.layer(middleware::from_fn_with_state(self.speed, convert_retry_after));
        self.simulator.dialects().iter().fold(world, |world, dialect| dialect.serve(self, world))
    }
}

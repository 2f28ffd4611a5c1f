//! The Gy face: packet gateways connect by Diameter (RFC 6733), ask for quota and report use (RFC 8506, TS 32.299).
//!
//! [`serve`] takes connections. One task has each of them: it reads requests, hands them to the engine without waiting for
//! the one before, and writes each answer when the batch that holds it is durable. `peer` is the base protocol and `control`
//! the mapping, both without sockets; `directory` knows which gateway has which session, for what we ask by ourselves.

mod connection;
mod control;
mod directory;
mod listener;
mod peer;
mod requests;
mod settings;

use std::sync::Arc;

use basis::{Env, SECOND_MS};

use crate::Charging;
use directory::Directory;
pub use listener::{Door, serve};
use peer::Us;
pub use settings::{Limits, PeerRule, Profile, Settings, UnknownProfile};

/// What all connections share.
struct Face {
    us: Arc<Us>,
    charging: Charging,
    directory: Directory,
}

impl Face {
    fn new(settings: Settings, charging: Charging, env: Env) -> Self {
        // Grows with every start that is a second or more after the last, until 2106.
        let state_id = u32::try_from(env.now().as_ms() / SECOND_MS).unwrap_or(1);
        Self { us: Arc::new(Us { settings, state_id, env }), charging, directory: Directory::default() }
    }
}

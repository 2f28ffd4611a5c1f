//! Shared pools: who shares, who used what, and the ways in and out.

mod chart;
mod confirm;
mod describe;
mod form;
mod invite;
mod join;
mod member;
mod new;
mod notes;
mod pool;

use axum::{
    Router,
    routing::{get, post},
};
use basis::{Id, Invitation, Line, Pool, Problem};

use crate::App;

/// The routes of shared pools.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/pools", get(new::list))
        .route("/pools/new", get(new::show).post(new::send))
        .route("/pools/{pool}", get(pool::show))
        .route("/pools/{pool}/now", get(pool::now))
        .route("/pools/{pool}/name", post(pool::rename))
        .route("/pools/{pool}/give", post(pool::give))
        .route("/pools/{pool}/lines", post(pool::add_line))
        .route("/pools/{pool}/invite", post(invite::send))
        .route("/pools/{pool}/invitations/{invitation}", get(invite::show).post(invite::withdraw))
        .route("/pools/{pool}/members/{line}", get(member::show).post(member::cap))
        .route("/pools/{pool}/members/{line}/pause", post(member::pause))
        .route("/pools/{pool}/members/{line}/role", post(member::role))
        .route("/pools/{pool}/members/{line}/remove", get(confirm::remove).post(confirm::remove_now))
        .route("/pools/{pool}/members/{line}/owner", get(confirm::hand_over).post(confirm::hand_over_now))
        .route("/pools/{pool}/members/{line}/leave", get(confirm::leave).post(confirm::leave_now))
        .route("/pools/{pool}/dissolve", get(confirm::dissolve).post(confirm::dissolve_now))
        .route("/join", get(join::show).post(join::send))
}

/// An id that cannot be read names nothing.
fn pool_id(text: &str) -> Result<Id<Pool>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn line_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn invitation_id(text: &str) -> Result<Id<Invitation>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

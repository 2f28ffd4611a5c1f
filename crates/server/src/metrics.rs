//! What Prometheus reads, on a listener that the public does not reach.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, sync::watch};

const PAID_TO_ACTIVE: &str = "paid_to_active_seconds";
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts collecting; once per process.
///
/// # Errors
/// If something else collects already.
pub fn collect() -> Result<PrometheusHandle> {
    let buckets = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(buckets, &SECONDS)?.install_recorder()?;
    metrics::describe_histogram!(
        PAID_TO_ACTIVE,
        metrics::Unit::Seconds,
        "From the payment's capture to data that can be used."
    );
    metrics::describe_gauge!("gy_peers_connected", "Connections of packet gateways.");
    metrics::describe_gauge!("gy_requests_in_flight", "Gateways' requests that are not answered yet.");
    metrics::describe_counter!(
        "gy_requests_total",
        "Gateways' requests, by type and Result-Code; our own to them."
    );
    metrics::describe_histogram!(
        "gy_request_seconds",
        metrics::Unit::Seconds,
        "From a request to its durable answer."
    );
    metrics::describe_histogram!(
        "topup_to_first_grant_seconds",
        metrics::Unit::Seconds,
        "From new data for an open session to the quota that knows of it."
    );
    metrics::describe_gauge!(
        "charging_shards_damaged",
        "Shards that this node cannot serve because their log is damaged: an operator must repair them."
    );
    metrics::describe_gauge!(
        "payment_flags_open",
        "Payments and messages that somebody must look at, differences from the providers' lists among them; counted every hour."
    );
    metrics::describe_counter!(
        "push_messages_total",
        "Notifications by what came of them: taken, gone (the device is no more), later, silent, refused, stale, unwanted."
    );
    metrics::describe_counter!(
        "payments_signatures_total",
        "Signatures of providers' protocols, made and checked, by kind."
    );
    metrics::describe_counter!("store_statements_total", "Statements that were run.");
    metrics::describe_counter!("store_transactions_total", "Transactions that were begun.");
    metrics::describe_counter!("store_commits_total", "Commits; on SQLite several transactions share one.");
    Ok(handle)
}

/// Answers `/metrics` until `stop`; returns where.
///
/// # Errors
/// If the address is taken.
pub async fn serve(
    address: SocketAddr,
    handle: PrometheusHandle,
    mut stop: watch::Receiver<bool>,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("metrics_listen {address}"))?;
    let bound = listener.local_addr()?;
    tokio::spawn(upkeep(handle.clone(), stop.clone()));
    let router = Router::new().route("/metrics", get(move || std::future::ready(handle.render())));
    let ended = async move { drop(stop.wait_for(|stop| *stop).await) };
    tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(ended).into_future());
    Ok(bound)
}

/// Folds what histograms have gathered, or they would only grow between two reads.
async fn upkeep(handle: PrometheusHandle, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(UPKEEP, stop.changed()).await.is_err() {
        handle.run_upkeep();
    }
}

//! A running shop: listeners, the worker, the admin socket, and how all of it stops.

use std::{net::SocketAddr, net::TcpListener, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinHandle,
};

use crate::{admin, gy, http, metrics, nodes::share_news, shop::Shop};

/// A shop that serves.
pub struct Running {
    /// Where the pages are.
    pub web: SocketAddr,
    /// Where the metrics are, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Where packet gateways connect by TCP, if anywhere.
    pub gy: Option<SocketAddr>,
    shop: Arc<Shop>,
    halt: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts everything on the listener that is bound already.
    ///
    /// # Errors
    /// If an address is taken or the admin socket cannot be made.
    pub async fn start(shop: Shop, listener: TcpListener, tls: Option<RustlsConfig>) -> Result<Self> {
        let shop = Arc::new(shop);
        let (halt, stopped) = watch::channel(false);
        let web = listener.local_addr()?;
        let metrics = serve_metrics(&shop, &stopped).await?;
        let gy = gy::serve(&shop, stopped.clone())?;
        let asked = shop.clone();
        let handler = move |request| {
            let shop = asked.clone();
            async move { admin::carry_out(&shop, request).await }
        };
        admin::listen(shop.data.path(), handler, stopped.clone())?;
        tokio::spawn(shop.live.clone().follow_charging(shop.charging.changes()));
        tokio::spawn(shop.live.clone().follow_orders(shop.desk.changes()));
        tokio::spawn(shop.live.clone().follow_wallets(shop.desk.wallet_changes()));
        if let Some(nodes) = &shop.nodes {
            share_news(nodes, &shop.desk, &shop.live);
        }
        tokio::spawn(shop.live.clone().follow_pools(shop.desk.pools.changes()));
        tokio::spawn(tell_notices(shop.desk.pools.clone(), stopped.clone()));
        let worker = tokio::spawn(shop.worker().run(stopped.clone()));
        let served = http::serve(listener, tls, shop.router()?, stopped)?;
        let web_task = tokio::spawn(async move {
            if let Ok(Err(error)) = served.await {
                tracing::error!(%error, "the listener ended");
            }
        });
        let (gy, gy_task) = gy.map_or((None, None), |gy| (gy.tcp, Some(gy.task)));
        let tasks = [web_task, worker].into_iter().chain(gy_task).collect();
        Ok(Self { web, metrics, gy, shop, halt, tasks })
    }

    /// Serves the same on one more listener, without TLS: the demo's sandbox does not know the demo's certificate.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub fn serve_too(&self, listener: TcpListener) -> Result<()> {
        drop(http::serve(listener, None, self.shop.router()?, self.halt.subscribe())?);
        Ok(())
    }

    /// The shop.
    pub fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Stops accepting, lets what runs finish up to the deadline, then closes the data.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.halt.send_replace(true);
        self.shop.live.close();
        let patience = Duration::from_secs(self.shop.settings.deadlines.shutdown_seconds.into());
        let all = async {
            for task in self.tasks {
                drop(task.await);
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("some work did not finish in time; it goes on at the next start");
        }
        self.shop.close().await;
        tracing::info!("stopped");
    }
}

/// Listens for SIGTERM and SIGINT from now on; what comes back ends at the first of them. Called before anyone can
/// hear that we are ready, so that whoever stops us right then stops us in order.
///
/// # Errors
/// If signals cannot be received.
pub fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// How long a notice waits at most before it is told.
const NOTICES_EACH: Duration = Duration::from_secs(5);

/// Tells people how much is used, until `stop`.
async fn tell_notices(desk: pools::Desk, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let more = pools::tell_notices(&desk).await.unwrap_or_else(|problem| {
            tracing::warn!(%problem, "notices are not told now");
            false
        });
        let pause = if more { Duration::ZERO } else { NOTICES_EACH };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn serve_metrics(shop: &Shop, stopped: &watch::Receiver<bool>) -> Result<Option<SocketAddr>> {
    let address = &shop.settings.metrics_listen;
    if address.is_empty() {
        return Ok(None);
    }
    let address = address.parse().with_context(|| format!("metrics_listen: {address}"))?;
    metrics::serve(address, metrics::collect()?, stopped.clone()).await.map(Some)
}

//! Taking connections: by TCP or TLS, so many and no more, and good-bye to all of them at the end.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use basis::Env;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        broadcast::{Receiver, error::RecvError},
        watch,
    },
    task::JoinSet,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Face, Settings,
    connection::Connection,
    directory::{LinkId, What},
};
use crate::{Charging, Hint};

/// How often sessions that have lapsed are forgotten.
const SWEEP_PERIOD: Duration = Duration::from_mins(1);
/// How long to wait when the system has no more sockets.
const BREATH: Duration = Duration::from_millis(100);

/// One door of the Gy face.
pub struct Door {
    /// Bound already.
    pub listener: TcpListener,
    /// For TLS from the first byte.
    pub tls: Option<TlsAcceptor>,
}

/// Serves gateways at these doors until `stop`, says good-bye to them, and returns when all connections have ended.
pub async fn serve(
    doors: Vec<Door>,
    settings: Settings,
    charging: Charging,
    env: Env,
    stop: watch::Receiver<bool>,
) {
    let face = Arc::new(Face::new(settings, charging, env));
    let crowd = Arc::new(Crowd::default());
    let mut tasks = JoinSet::new();
    for door in doors {
        tasks.spawn(accept(door, face.clone(), crowd.clone(), stop.clone()));
    }
    let mut beside = JoinSet::new();
    beside.spawn(sweep(face.clone()));
    beside.spawn(follow(face.charging.hints(), face));
    while tasks.join_next().await.is_some() {}
}

/// Asks gateways about their sessions when something has changed for them.
async fn follow(mut hints: Receiver<Hint>, face: Arc<Face>) {
    loop {
        let (session, what) = match hints.recv().await {
            Ok(Hint::ReAuth { session, .. }) => (session, What::ReAuth),
            Ok(Hint::Abort { session, .. }) => (session, What::Abort),
            // Only hints: the validity of what these sessions hold brings the same about.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        face.directory.tell(session, what, Instant::now());
    }
}

async fn sweep(face: Arc<Face>) {
    loop {
        tokio::time::sleep(SWEEP_PERIOD).await;
        face.directory.sweep(Instant::now());
    }
}

async fn accept(door: Door, face: Arc<Face>, crowd: Arc<Crowd>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = door.listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, from)) => {
                let place = crowd.admit(from.ip(), &face);
                let Some(place) = place else { continue };
                connections.spawn(attend(
                    stream,
                    from,
                    place,
                    door.tls.clone(),
                    face.clone(),
                    stopped.clone(),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Serves one connection.
async fn attend(
    stream: TcpStream,
    from: SocketAddr,
    place: Place,
    tls: Option<TlsAcceptor>,
    face: Arc<Face>,
    stop: watch::Receiver<bool>,
) {
    let Ok(addresses) = prepare(&stream, from) else { return };
    let link = place.link;
    match tls {
        None => Connection::new(face, link, stream, addresses, stop).run().await,
        Some(tls) => {
            let hello = face.us.limits().hello;
            match tokio::time::timeout(hello, tls.accept(stream)).await {
                Ok(Ok(stream)) => Connection::new(face, link, stream, addresses, stop).run().await,
                Ok(Err(error)) => tracing::info!(%from, %error, "a TLS handshake failed"),
                Err(_) => tracing::info!(%from, "a TLS handshake took too long"),
            }
        }
    }
    drop(place);
}

/// Ours and the gateway's address.
fn prepare(stream: &TcpStream, from: SocketAddr) -> io::Result<(IpAddr, IpAddr)> {
    stream.set_nodelay(true)?;
    Ok((stream.local_addr()?.ip().to_canonical(), from.ip().to_canonical()))
}

/// Who is connected.
#[derive(Debug, Default)]
struct Crowd {
    by_address: Mutex<HashMap<IpAddr, usize>>,
    links: AtomicU64,
}

/// A place among the connected, given back when this is dropped.
struct Place {
    link: LinkId,
    address: IpAddr,
    crowd: Arc<Crowd>,
}

impl Crowd {
    /// A place, if there is one.
    fn admit(self: &Arc<Self>, address: IpAddr, face: &Face) -> Option<Place> {
        let limits = face.us.limits();
        let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let links: usize = all.values().sum();
        let here = all.entry(address).or_default();
        if links >= limits.links || *here >= limits.links_per_address {
            tracing::warn!(%address, links, "too many connections: one was closed");
            return None;
        }
        *here = here.saturating_add(1);
        let link = LinkId(self.links.fetch_add(1, Ordering::Relaxed));
        Some(Place { link, address, crowd: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.crowd.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = all.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                all.remove(&self.address);
            }
        }
    }
}

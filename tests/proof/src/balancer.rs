//! What stands in front of several nodes: each new connection goes to the next node that takes one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How often all are tried before the caller is turned away.
const ROUNDS: usize = 20;
/// A killed node is back soon; another may be here now.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens on a port of loopback and spreads over these others; ends with what comes back.
///
/// # Errors
/// If the port is taken.
pub async fn spread(port: u16, over: Vec<u16>) -> Result<JoinSet<()>> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut caller, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            let (over, next) = (over.clone(), next.clone());
            connections.spawn(async move {
                if let Some(mut node) = connect(&over, &next).await {
                    // Broken off when the node dies, as the caller sees.
                    drop(copy_bidirectional(&mut caller, &mut node).await);
                }
            });
        }
    });
    Ok(tasks)
}

async fn connect(over: &[u16], next: &AtomicUsize) -> Option<TcpStream> {
    for _ in 0..ROUNDS {
        for _ in over {
            let nth = next.fetch_add(1, Ordering::Relaxed) % over.len();
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", *over.get(nth)?)).await {
                return Some(stream);
            }
        }
        sleep(PAUSE).await;
    }
    None
}

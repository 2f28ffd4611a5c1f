//! The internal port: other nodes connect, show that they know the secret, ask and tell.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream, tcp::OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::Shared;
use crate::frame::{self, Frame, Seal, What};
use crate::shake::{self, Seals};

/// How many connections at once, strangers' included.
const CONNECTIONS_MAX: usize = 256;
/// How many questions of one node are under way at once; more wait in the connection.
const ANSWERING_MAX: usize = 8192;
/// How long a stranger has to show that it is none.
const SHAKE_TIME_MAX: Duration = Duration::from_secs(3);

/// Serves for ever.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, from)) if connections.len() < CONNECTIONS_MAX => {
                let shared = shared.clone();
                connections.spawn(async move {
                    if let Err(error) = serve(stream, &shared).await {
                        tracing::debug!(%from, %error, "a connection to the internal port ended");
                    }
                });
            }
            Ok(_) => tracing::warn!("too many connections to the internal port"),
            Err(error) => {
                tracing::warn!(%error, "the internal port");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let shaken =
        tokio::time::timeout(SHAKE_TIME_MAX, shake::be_called(&mut stream, &shared.secret, &shared.env));
    let Seals { sending, mut hearing } = shaken.await??;
    let (from, to) = stream.into_split();
    let (answers, answered) = mpsc::channel(ANSWERING_MAX);
    let mut tasks = JoinSet::new();
    tasks.spawn(write(to, sending, answered));
    let mut from = BufReader::new(from);
    let room = Arc::new(Semaphore::new(ANSWERING_MAX));
    loop {
        let frame = frame::read(&mut from, &mut hearing).await.inspect_err(|_| shared.missed_news())?;
        while tasks.try_join_next().is_some() {}
        match frame.what {
            What::News => {
                if let Some(listener) = shared.listener(frame.topic) {
                    listener(&frame.body);
                }
            }
            What::Question => {
                let room = room.clone().acquire_owned().await.map_err(io::Error::other)?;
                let (shared, answers) = (shared.clone(), answers.clone());
                tasks.spawn(async move {
                    let answer = answer(&shared, frame).await;
                    // Whoever asked may have gone.
                    drop(answers.send(answer).await);
                    drop(room);
                });
            }
            What::Answer | What::NoAnswer => return Err(io::Error::other("an answer to no question")),
        }
    }
}

async fn answer(shared: &Shared, question: Frame) -> Frame {
    let Frame { topic, number, body, .. } = question;
    match shared.answerer(topic) {
        Some(answerer) => Frame { what: What::Answer, topic, number, body: answerer(body).await },
        None => Frame { what: What::NoAnswer, topic, number, body: Vec::new() },
    }
}

/// Writes answers as they come, those that come together in one go.
async fn write(to: OwnedWriteHalf, mut seal: Seal, mut answers: mpsc::Receiver<Frame>) {
    let mut to = BufWriter::new(to);
    while let Some(frame) = answers.recv().await {
        let mut next = Some(frame);
        while let Some(frame) = next {
            if frame::write(&mut to, &mut seal, &frame).await.is_err() {
                return;
            }
            next = answers.try_recv().ok();
        }
        if to.flush().await.is_err() {
            return;
        }
    }
}

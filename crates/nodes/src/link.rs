//! The way to one other node: one connection that is made again whenever it breaks, and the questions under way on it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use basis::{Env, Problem, SecretKey};
use tokio::io::{AsyncWriteExt as _, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::Topic;
use crate::frame::{self, Frame, Seal, What};
use crate::shake::{self, Seals};

/// How much may wait for a node; more is refused.
const WAITING_MAX: usize = 8192;
/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(4);
/// How long it may take to connect.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// How long to wait before it is tried again.
const CONNECT_AGAIN: Duration = Duration::from_millis(100);

/// What it takes to get there.
pub(crate) struct Way {
    pub(crate) secret: SecretKey,
    pub(crate) env: Env,
}

type Answer = oneshot::Sender<Result<Vec<u8>, Problem>>;

/// What waits to be sent, and who waits for its answer.
struct Waiting {
    topic: Topic,
    body: Vec<u8>,
    answer: Option<Answer>,
}

/// See the module; cheap to clone. It ends with the last clone.
#[derive(Clone)]
pub(crate) struct Link {
    queue: mpsc::Sender<Waiting>,
    _task: Arc<JoinSet<()>>,
}

impl Link {
    pub(crate) fn to(address: String, way: Way) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let mut task = JoinSet::new();
        task.spawn(keep(address, way, waiting));
        Self { queue, _task: Arc::new(task) }
    }

    pub(crate) async fn ask(&self, topic: Topic, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { topic, body, answer: Some(answer) };
        self.queue.try_send(waiting).map_err(|_| Problem::unavailable("too much waits for another node"))?;
        match tokio::time::timeout(ANSWER_TIME_MAX, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(lost()),
            Err(_) => Err(Problem::unavailable("another node does not answer in time")),
        }
    }

    pub(crate) fn tell(&self, topic: Topic, body: Vec<u8>) {
        if self.queue.try_send(Waiting { topic, body, answer: None }).is_err() {
            metrics::counter!("nodes_news_lost_total").increment(1);
        }
    }
}

fn lost() -> Problem {
    Problem::unavailable("the connection to another node broke")
}

/// Connects, serves until it breaks, and again, for ever.
async fn keep(address: String, way: Way, mut waiting: mpsc::Receiver<Waiting>) {
    loop {
        match tokio::time::timeout(CONNECT_TIME_MAX, connect(&address, &way)).await {
            Ok(Ok((stream, seals))) => {
                let Err(error) = serve(stream, seals, &mut waiting).await else { return };
                tracing::info!(address, %error, "the connection to another node broke");
            }
            Ok(Err(error)) => tracing::debug!(address, %error, "another node cannot be reached"),
            Err(_) => tracing::debug!(address, "another node is silent"),
        }
        // Those who wait are told now, instead of when their time is over.
        while let Ok(waiting) = waiting.try_recv() {
            waiting.answer.into_iter().for_each(|answer| drop(answer.send(Err(lost()))));
        }
        tokio::time::sleep(CONNECT_AGAIN).await;
    }
}

async fn connect(address: &str, way: &Way) -> io::Result<(TcpStream, Seals)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let seals = shake::call(&mut stream, &way.secret, &way.env).await?;
    Ok((stream, seals))
}

/// Ends well when nobody can ask any more. Whoever waits for an answer when it breaks is told so.
async fn serve(stream: TcpStream, seals: Seals, waiting: &mut mpsc::Receiver<Waiting>) -> io::Result<()> {
    let Seals { mut sending, hearing } = seals;
    let (from, to) = stream.into_split();
    let (heard, mut answers) = mpsc::channel(WAITING_MAX);
    let mut reader = JoinSet::new();
    reader.spawn(hear(BufReader::new(from), hearing, heard));
    let mut to = BufWriter::new(to);
    let mut asked: HashMap<u64, Answer> = HashMap::new();
    let mut number = 0_u64;
    loop {
        tokio::select! {
            next = waiting.recv() => {
                let Some(next) = next else { return Ok(()) };
                send(&mut to, &mut sending, next, &mut number, &mut asked).await?;
                while let Ok(more) = waiting.try_recv() {
                    send(&mut to, &mut sending, more, &mut number, &mut asked).await?;
                }
                to.flush().await?;
                // Who has given up waiting is not kept.
                if asked.len() > WAITING_MAX {
                    asked.retain(|_, answer| !answer.is_closed());
                }
            }
            answer = answers.recv() => {
                let Frame { what, number, body, .. } = answer.ok_or(io::ErrorKind::ConnectionReset)?;
                if let Some(to) = asked.remove(&number) {
                    let none = || Problem::unavailable("another node does not answer this");
                    drop(to.send(if what == What::Answer { Ok(body) } else { Err(none()) }));
                }
            }
        }
    }
}

async fn send(
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    seal: &mut Seal,
    Waiting { topic, body, answer }: Waiting,
    last: &mut u64,
    asked: &mut HashMap<u64, Answer>,
) -> io::Result<()> {
    let (what, number) = match answer {
        None => (What::News, 0),
        Some(answer) => {
            *last = last.wrapping_add(1);
            asked.insert(*last, answer);
            (What::Question, *last)
        }
    };
    frame::write(to, seal, &Frame { what, topic, number, body }).await
}

/// Reads answers until the connection breaks.
async fn hear(mut from: impl tokio::io::AsyncRead + Unpin, mut seal: Seal, heard: mpsc::Sender<Frame>) {
    while let Ok(frame) = frame::read(&mut from, &mut seal).await {
        if heard.send(frame).await.is_err() {
            return;
        }
    }
}

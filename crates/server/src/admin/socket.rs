//! The admin socket: a Unix socket in the data directory that only the directory's owner can open. One request
//! and one reply per connection, each a line of JSON.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
};

use super::{Reply, Request};

const SOCKET: &str = "admin.sock";
/// The largest request or reply, in bytes; a catalogue or a batch of cards fits well within.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;
/// How long a client may take to send its request.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);

/// Asks the server that runs on this data directory; `None` if none does.
///
/// # Errors
/// If the server goes away before it answers: the command may or may not have been carried out.
pub async fn ask(data: &Path, request: &Request) -> Result<Option<Reply>> {
    let Ok(mut stream) = UnixStream::connect(data.join(SOCKET)).await else { return Ok(None) };
    stream.write_all(&line(request)?).await?;
    let mut answer = String::new();
    BufReader::new(stream.take(MESSAGE_BYTES_MAX)).read_line(&mut answer).await?;
    let lost = "the server went away before it answered; look before you repeat the command";
    serde_json::from_str(&answer).context(lost).map(Some)
}

/// Answers requests on the data directory's socket until `stop`. Whoever calls owns the directory's lock, so a
/// socket that is there already is a dead server's.
///
/// # Errors
/// If the socket cannot be made; its path may be at most about 100 bytes long.
pub fn listen<H, R>(data: &Path, handler: H, stop: watch::Receiver<bool>) -> Result<()>
where
    H: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Reply> + Send + 'static,
{
    let path = data.join(SOCKET);
    drop(fs::remove_file(&path));
    let listener = UnixListener::bind(&path).with_context(|| format!("cannot make {}", path.display()))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    tokio::spawn(accept(listener, path, Arc::new(handler), stop));
    Ok(())
}

async fn accept<H, R>(listener: UnixListener, path: PathBuf, handler: Arc<H>, mut stop: watch::Receiver<bool>)
where
    H: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Reply> + Send + 'static,
{
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let handler = handler.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, &*handler).await {
                        tracing::warn!(%error, "an admin command got no answer");
                    }
                });
            }
        }
    }
    drop(fs::remove_file(path));
}

async fn answer<H, R>(mut stream: UnixStream, handler: &H) -> Result<()>
where
    H: Fn(Request) -> R,
    R: Future<Output = Reply>,
{
    let (read, mut write) = stream.split();
    let mut asked = String::new();
    let mut reader = BufReader::new(read.take(MESSAGE_BYTES_MAX));
    tokio::time::timeout(REQUEST_TIME_MAX, reader.read_line(&mut asked)).await??;
    let reply = match serde_json::from_str::<Request>(&asked) {
        Ok(request) => handler(request).await,
        Err(error) => Reply::failed(format!("this server does not understand the command: {error}")),
    };
    write.write_all(&line(&reply)?).await.context("the client went away")
}

fn line(message: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Command;

    #[tokio::test]
    async fn a_command_reaches_the_running_server_and_its_answer_comes_back() {
        let place = tempfile::tempdir().unwrap();
        let request = Request { actor: "operator:li".into(), command: Command::JobsList };
        assert_eq!(ask(place.path(), &request).await.unwrap(), None, "no server");

        let (stop, stopped) = watch::channel(false);
        let handler = |request: Request| async move { Reply::done([format!("{} asked", request.actor)]) };
        listen(place.path(), handler, stopped).unwrap();
        let mode = fs::metadata(place.path().join(SOCKET)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let reply = ask(place.path(), &request).await.unwrap().unwrap();
        assert_eq!(reply.lines, ["operator:li asked"]);

        stop.send(true).unwrap();
        while place.path().join(SOCKET).exists() {
            tokio::task::yield_now().await;
        }
    }
}

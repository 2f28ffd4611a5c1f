//! A mail server for the tests: the real protocol over TCP (RFC 5321, AUTH PLAIN of RFC 4954), as kind or unkind as told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

/// Who may send: `heyon` with the password `secret`, as AUTH PLAIN says it.
const CREDENTIALS: &str = "AGhleW9uAHNlY3JldA==";

/// A mail that the server took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Headers and body, the dots unstuffed, lines ended by `\r\n`.
    pub(crate) data: String,
}

/// What the server does, and what came of it.
#[derive(Default)]
pub(crate) struct Books {
    /// Answers to the next recipients; when they are used up each one is taken.
    pub(crate) recipients: VecDeque<&'static str>,
    /// Says nothing at all to whoever connects.
    pub(crate) mute: bool,
    pub(crate) taken: Vec<Taken>,
    pub(crate) connections: usize,
}

#[derive(Clone)]
pub(crate) struct MailServer {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

impl MailServer {
    /// Listens on loopback until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), books: Arc::default() };
        let clerk = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                clerk.books().connections += 1;
                let clerk = clerk.clone();
                tokio::spawn(async move { clerk.serve(stream).await });
            }
        });
        server
    }

    pub(crate) fn url(&self, password: &str) -> String {
        format!("smtp://heyon:{password}@{}?tls=none", self.address)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// One connection, to its end; `None` when the client is gone.
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        if self.books().mute {
            return std::future::pending().await;
        }
        let (mut from, mut to, mut known) = (String::new(), String::new(), false);
        write.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
        loop {
            let line = lines.next_line().await.ok()??;
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let answer = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                "AUTH" if rest == format!("PLAIN {CREDENTIALS}") => {
                    known = true;
                    "235 2.7.0 welcome"
                }
                "AUTH" => "535 5.7.8 authentication failed",
                _ if !known => "530 5.7.0 authentication required",
                "MAIL" => {
                    from = address(rest);
                    "250 2.1.0 ok"
                }
                "RCPT" => {
                    to = address(rest);
                    self.books().recipients.pop_front().unwrap_or("250 2.1.5 ok")
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    let data = read_data(&mut lines).await?;
                    self.books().taken.push(Taken { from: from.clone(), to: to.clone(), data });
                    "250 2.0.0 taken"
                }
                "QUIT" => "221 2.0.0 bye",
                _ => "502 5.5.2 what?",
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }
}

/// `FROM:<a@b> BODY=8BITMIME` is about `a@b`.
fn address(rest: &str) -> String {
    rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

async fn read_data(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> Option<String> {
    let mut data = String::new();
    loop {
        let line = lines.next_line().await.ok()??;
        if line == "." {
            return Some(data);
        }
        data += line.strip_prefix('.').unwrap_or(&line);
        data += "\r\n";
    }
}

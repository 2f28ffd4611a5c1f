//! A browser with a page open at one node: it looks when it is told to, and only then.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};

/// How long a page may wait for what happened elsewhere; a busy machine is slow, news that are lost never come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Someone's browser, signed in.
pub(super) struct Browser {
    client: Client,
    node: SocketAddr,
    cookie: String,
}

/// The events of an open page.
pub(super) struct Live {
    stream: Response,
    heard: String,
}

impl Browser {
    pub(super) fn at(node: SocketAddr, session: &str) -> Self {
        Self { client: Client::new(), node, cookie: format!("session={session}; lang=en") }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.node)).header("cookie", &self.cookie)
    }

    /// What a page, or a part of one, shows.
    pub(super) async fn see(&self, path: &str) -> String {
        let answer = self.get(path).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    /// Opens a page's events.
    pub(super) async fn live(&self) -> Live {
        let stream = self.get("/live").send().await.unwrap();
        assert!(stream.status().is_success(), "{}", stream.status());
        Live { stream, heard: String::new() }
    }
}

impl Live {
    /// Looks after each event of this name until the page shows it.
    pub(super) async fn until(&mut self, event: &str, shows: impl AsyncFn() -> bool) {
        let turning = async {
            loop {
                self.next(event).await;
                if shows().await {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, turning).await.expect("the page was never told");
    }

    async fn next(&mut self, event: &str) {
        let line = format!("event: {event}\n");
        loop {
            if let Some((_, rest)) = self.heard.split_once(&line) {
                self.heard = rest.to_owned();
                return;
            }
            let chunk = self.stream.chunk().await.unwrap().expect("the stream has ended");
            self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

//! The meter's process, from outside.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, Command},
};

use crate::meter::{Meter, Ready};

/// A meter that serves; it ends when this is dropped.
pub(crate) struct Running {
    pub(crate) ready: Ready,
    words: ChildStdin,
    child: Child,
}

impl Running {
    /// Starts one, and waits until gateways may come.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) async fn start(meter: &Meter) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("meter").arg("--data").arg(&meter.data).arg("--lines").arg(meter.lines.to_string());
        if let Some(url) = &meter.postgres {
            command.args(["--postgres", url]);
        }
        for (set, flag) in
            [(meter.one_pool, "--one-pool"), (meter.little, "--little"), (meter.fresh, "--fresh")]
        {
            command.args(set.then_some(flag));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let words = child.stdin.take().context("no standard input")?;
        let mut said = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let ready = said.next_line().await?.context("the meter ended by itself")?;
        Ok(Self { ready: serde_json::from_str(&ready)?, words, child })
    }

    /// Its process.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.id().context("the meter has ended")
    }

    /// Tops a line up.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) async fn top_up(&mut self, line: u32) -> Result<()> {
        Ok(self.words.write_all(format!("{line}\n").as_bytes()).await?)
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// If it does not end well.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.words);
        let status = self.child.wait().await?;
        ensure!(status.success(), "the meter ended with {status}");
        Ok(())
    }
}

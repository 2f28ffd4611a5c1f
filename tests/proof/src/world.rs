//! The processes: heyon, paysim and netsim, with ports that stay the same when one of them is started again.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Signs the sandbox's messages.
pub const SECRET: &str = "whsec_proof";
const API_KEY: &str = "sk_proof";
/// How long a process may take until it serves.
const READY_TIME_MAX: Duration = Duration::from_secs(20);
/// How often it is asked.
const READY_PAUSE: Duration = Duration::from_millis(3);

/// A place on disk, the ports, and where the programs are.
pub struct World {
    place: TempDir,
    programs: PathBuf,
    web: u16,
    gy: u16,
    /// The sandbox's address.
    pub paysim: String,
    /// The sandbox; it lives as long as this.
    _paysim: Child,
}

/// A card that was made.
#[derive(Debug, Clone)]
pub struct Card {
    /// It binds alone.
    pub serial: String,
    /// The network knows it by this.
    pub imsi: String,
}

impl World {
    /// Starts paysim, writes heyon's settings (with these lines added, `DATA` in them being the data directory), fills
    /// the catalogue and makes cards.
    ///
    /// # Errors
    /// If a program is missing or does not start.
    pub async fn make(programs: &Path, settings: &str, cards: u32) -> Result<(Self, Vec<Card>)> {
        let place = TempDir::with_prefix("heyon-proof-")?;
        let (web, gy) = (free_port()?, free_port()?);
        let (paysim, child) = start_paysim(programs, place.path(), web).await?;
        let world = Self { place, programs: programs.to_owned(), web, gy, paysim, _paysim: child };
        fs::write(world.config(), world.settings(settings))?;
        let plans = world.path("plans.toml");
        fs::write(&plans, include_str!("../../../crates/catalog/demo/plans.toml"))?;
        world.operator(&["catalog", "apply", &plans.to_string_lossy()]).await?;
        let made = world.operator(&["cards", "make", &cards.to_string()]).await?;
        let cards = made.lines().skip(1).map(card).collect::<Result<_>>()?;
        Ok((world, cards))
    }

    fn settings(&self, more: &str) -> String {
        let (web, gy, data) = (self.web, self.gy, self.data().display().to_string());
        let (paysim, more) = (&self.paysim, more.replace("DATA", &data));
        format!(
            "public_url = \"http://127.0.0.1:{web}\"\nlisten = \"127.0.0.1:{web}\"\nmetrics_listen = \"\"\n\
             data = \"{data}\"\ntrusted_proxies = [\"127.0.0.1\"]\n{more}\n\
             [gy]\nlisten = \"127.0.0.1:{gy}\"\n\
             peers = [{{ origin_host = \"*\", addresses = [\"127.0.0.1\"], profile = \"generic\" }}]\n\
             [sandbox]\nurl = \"{paysim}\"\napi_key = \"{API_KEY}\"\nwebhook_secrets = [\"{SECRET}\"]\n\
             [log]\nlevel = \"warn\"\n"
        )
    }

    /// A file of this world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Heyon's data directory.
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn config(&self) -> PathBuf {
        self.path("heyon.toml")
    }

    /// Heyon's address.
    pub fn web(&self) -> String {
        format!("http://127.0.0.1:{}", self.web)
    }

    /// Where packet gateways connect.
    pub fn gy(&self) -> String {
        format!("127.0.0.1:{}", self.gy)
    }

    /// The program with these arguments and this world's settings, not started; killed when dropped.
    pub fn heyon(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("heyon"));
        command.arg("--config").arg(self.config()).args(args).kill_on_drop(true);
        command
    }

    /// What an operator does: standard output of a command that must end well.
    ///
    /// # Errors
    /// With all that it said, if it did not.
    pub async fn operator(&self, args: &[&str]) -> Result<String> {
        let done =
            self.heyon(args).output().await.context("heyon cannot be started: build it with --release")?;
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(done.status.success(), "heyon {}: {out}{err}", args.join(" "));
        Ok(out.into_owned())
    }

    /// Starts serving and waits until it is ready.
    ///
    /// # Errors
    /// If it ends, or is not ready in time.
    pub async fn serve(&self) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.path("heyon.log"))?;
        let mut child = self.heyon(&["serve"]).stdout(Stdio::null()).stderr(log).spawn()?;
        self.answers(&mut child, "/readyz").await?;
        Ok(child)
    }

    /// As [`World::serve`], with what it asks of the kernel written to the file `trace`. Asks only whether it lives:
    /// a shop that does not sync its writes is never ready.
    ///
    /// # Errors
    /// As [`World::serve`]; also if there is no strace.
    pub async fn serve_traced(&self, trace: &str) -> Result<Child> {
        let calls = "trace=fsync,fdatasync,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg";
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-s", "64", "-e", calls, "-o"]).arg(self.path(trace));
        command.arg(self.programs.join("heyon")).arg("--config").arg(self.config()).arg("serve");
        let log = File::options().create(true).append(true).open(self.path("heyon.log"))?;
        let mut child = command.stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn()?;
        self.answers(&mut child, "/healthz").await?;
        Ok(child)
    }

    /// Waits until this path answers well.
    async fn answers(&self, child: &mut Child, path: &str) -> Result<()> {
        let client = reqwest::Client::new();
        let url = format!("{}{path}", self.web());
        let ready = async {
            loop {
                if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                if let Some(status) = child.try_wait()? {
                    let log = fs::read_to_string(self.path("heyon.log")).unwrap_or_default();
                    bail!("heyon ended by itself: {status}\n{log}");
                }
                sleep(READY_PAUSE).await;
            }
        };
        timeout(READY_TIME_MAX, ready).await.context("heyon is not ready in time")?
    }

    /// A gateway on whose road these subscribers are, with books of its own in `netsim.books`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn netsim(&self, imsis: &[String], country: &str) -> Result<Child> {
        let log = File::create(self.path("netsim.log"))?;
        let mut command = Command::new(self.programs.join("netsim"));
        command.args(["roam", "--peer", &self.gy(), "--imsi", &imsis.join(","), "--country", country]);
        command.args([
            "--rate",
            "2000000",
            "--report-ms",
            "200",
            "--retry-ms",
            "100",
            "--session-octets",
            "3000000",
        ]);
        command.arg("--noisy").arg("--books").arg(self.path("netsim.books")).kill_on_drop(true);
        command.stdout(Stdio::null()).stderr(log).spawn().context("netsim cannot be started")
    }
}

/// Ends a process in good order.
///
/// # Errors
/// If it does not end in time, or badly.
pub async fn terminate(mut child: Child) -> Result<()> {
    let id = child.id().context("it has ended already")?;
    Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
    let status = timeout(READY_TIME_MAX, child.wait()).await.context("it does not end")??;
    ensure!(status.success(), "it ended badly: {status}");
    Ok(())
}

async fn start_paysim(programs: &Path, place: &Path, web: u16) -> Result<(String, Child)> {
    let mut command = Command::new(programs.join("paysim"));
    command.args(["--listen", "127.0.0.1:0", "--json", "--secret", SECRET, "--api-key", API_KEY]);
    command.args(["--webhook-url", &format!("http://127.0.0.1:{web}/hooks/sandbox")]);
    command.args(["--retry-ms", "50,100,200,400,800,1600,3200,6400"]);
    command.arg("--data").arg(place.join("paysim.books")).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(File::create(place.join("paysim.log"))?);
    let mut child = command.spawn().context("paysim cannot be started: build it with --release")?;
    let out = child.stdout.take().context("no pipe")?;
    let mut first = String::new();
    timeout(READY_TIME_MAX, BufReader::new(out).read_line(&mut first)).await??;
    let said: serde_json::Value = serde_json::from_str(&first).context("paysim said nothing")?;
    let url =
        said.pointer("/paysim").and_then(serde_json::Value::as_str).context("paysim named no address")?;
    Ok((url.to_owned(), child))
}

fn card(line: &str) -> Result<Card> {
    let columns: Vec<&str> = line.split(',').collect();
    let [serial, _, _, _, imsi] = columns.as_slice() else { bail!("not a card: {line}") };
    Ok(Card { serial: (*serial).to_owned(), imsi: (*imsi).to_owned() })
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

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
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    balancer,
    providers::{self, API_KEY, MERCHANT},
};

/// Signs messages of the sandbox and of Stripe.
pub const SECRET: &str = "whsec_proof";
/// How long a process may take until it serves, on a machine that is not asked for more than it has.
const READY_TIME_MAX: Duration = Duration::from_secs(20);
/// A machine that is asked for more may take so many times as long.
const OVERLOAD_MAX: u32 = 8;
/// How often it is asked.
const READY_PAUSE: Duration = Duration::from_millis(3);
/// An answer that takes longer is none.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// So much of its log is shown if it does not.
const LOG_LINES_SHOWN: usize = 40;

/// A place on disk, the ports, and where the programs are.
pub struct World {
    place: TempDir,
    programs: PathBuf,
    /// Where everyone goes: the one node, or what stands in front of several.
    front: Ports,
    nodes: Vec<Ports>,
    _balancers: Vec<JoinSet<()>>,
    /// Where the providers are.
    pub paysim: String,
    /// All of them in one process; it lives as long as this.
    sim: Child,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    web: u16,
    gy: u16,
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
        Self::make_nodes(programs, settings, cards, 1).await
    }

    /// The same with several nodes, on one PostgreSQL that the settings name, and something in front that spreads
    /// connections over those that take them.
    ///
    /// # Errors
    /// As [`World::make`].
    pub async fn make_nodes(
        programs: &Path,
        settings: &str,
        cards: u32,
        nodes: usize,
    ) -> Result<(Self, Vec<Card>)> {
        let place = TempDir::with_prefix("heyon-proof-")?;
        let nodes: Vec<Ports> = (0..nodes).map(|_| free_ports()).collect::<Result<_>>()?;
        let (front, balancers) = in_front_of(&nodes).await?;
        let (paysim, child) = start_paysim(programs, place.path(), front.web).await?;
        providers::set_webhooks(&paysim, front.web).await?;
        let more = format!("{settings}\n{}", providers::settings(&paysim, place.path(), SECRET)?);
        let programs = programs.to_owned();
        let world = Self { place, programs, front, nodes, _balancers: balancers, paysim, sim: child };
        for (node, ports) in world.nodes.iter().enumerate() {
            fs::write(world.config(node), world.settings(node, *ports, &more))?;
        }
        let plans = world.path("plans.toml");
        fs::write(&plans, include_str!("../../../crates/catalog/demo/plans.toml"))?;
        world.operator(&["catalog", "apply", &plans.to_string_lossy()]).await?;
        let made = world.operator(&["cards", "make", &cards.to_string()]).await?;
        let cards = made.lines().skip(1).map(card).collect::<Result<_>>()?;
        for node in 1..world.nodes.len() {
            fs::create_dir_all(world.data_of(node))?;
            fs::copy(world.data().join("secret.key"), world.data_of(node).join("secret.key"))?;
        }
        Ok((world, cards))
    }

    fn settings(&self, node: usize, Ports { web, gy }: Ports, more: &str) -> String {
        let (front, data) = (self.front.web, self.data_of(node).display().to_string());
        let more = more.replace("DATA", &data);
        format!(
            "public_url = \"http://127.0.0.1:{front}\"\nlisten = \"127.0.0.1:{web}\"\nmetrics_listen = \"\"\n\
             data = \"{data}\"\ntrusted_proxies = [\"127.0.0.1\"]\n{more}\n\
             [gy]\nlisten = \"127.0.0.1:{gy}\"\n\
             peers = [{{ origin_host = \"*\", addresses = [\"127.0.0.1\"], profile = \"generic\", slow_filter = \"slow\" }}]\n\
             [log]\nlevel = \"warn\"\n[node]\nname = \"node-{node}\"\n"
        )
    }

    /// The process of all providers.
    ///
    /// # Errors
    /// If it has ended.
    pub fn paysim_pid(&self) -> Result<u32> {
        self.sim.id().context("paysim has ended")
    }

    /// A file of this world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Heyon's data directory; with several nodes the first one's.
    pub fn data(&self) -> PathBuf {
        self.data_of(0)
    }

    fn data_of(&self, node: usize) -> PathBuf {
        self.path(&format!("data-{node}"))
    }

    fn config(&self, node: usize) -> PathBuf {
        self.path(&format!("heyon-{node}.toml"))
    }

    /// Heyon's address.
    pub fn web(&self) -> String {
        format!("http://127.0.0.1:{}", self.front.web)
    }

    /// Where packet gateways connect.
    pub fn gy(&self) -> String {
        format!("127.0.0.1:{}", self.front.gy)
    }

    /// The program with these arguments and this world's settings, not started; killed when dropped.
    pub fn heyon(&self, args: &[&str]) -> Command {
        self.heyon_of(0, args)
    }

    fn heyon_of(&self, node: usize, args: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("heyon"));
        command.arg("--config").arg(self.config(node)).args(args).kill_on_drop(true);
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
        self.serve_node(0).await
    }

    /// As [`World::serve`], one node of several, from 0.
    ///
    /// # Errors
    /// As [`World::serve`].
    pub async fn serve_node(&self, node: usize) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.path("heyon.log"))?;
        let mut child = self.heyon_of(node, &["serve"]).stdout(Stdio::null()).stderr(log).spawn()?;
        self.answers(&mut child, node, "/readyz").await?;
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
        command.arg(self.programs.join("heyon")).arg("--config").arg(self.config(0)).arg("serve");
        let log = File::options().create(true).append(true).open(self.path("heyon.log"))?;
        let mut child = command.stdout(Stdio::null()).stderr(log).kill_on_drop(true).spawn()?;
        self.answers(&mut child, 0, "/healthz").await?;
        Ok(child)
    }

    /// Waits until this path of a node answers well.
    async fn answers(&self, child: &mut Child, node: usize, path: &str) -> Result<()> {
        let client = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).build()?;
        let web = self.nodes.get(node).context("there is no such node")?.web;
        let url = format!("http://127.0.0.1:{web}{path}");
        let mut said = String::new();
        let ready = async {
            loop {
                if let Ok(answer) = client.get(&url).send().await {
                    if answer.status().is_success() {
                        return Ok(());
                    }
                    said = answer.text().await.unwrap_or_default();
                }
                if let Some(status) = child.try_wait()? {
                    let log = fs::read_to_string(self.path("heyon.log")).unwrap_or_default();
                    bail!("heyon ended by itself: {status}\n{log}");
                }
                sleep(READY_PAUSE).await;
            }
        };
        let patience = READY_TIME_MAX.saturating_mul(overload());
        let outcome = timeout(patience, ready).await;
        outcome.unwrap_or_else(|_| {
            let log = fs::read_to_string(self.path("heyon.log")).unwrap_or_default();
            bail!("node {node} is not ready in {patience:?}: {said}\n{}", last_lines(&log, LOG_LINES_SHOWN))
        })
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
    command.args(["--merchant", MERCHANT]);
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

/// One node is its own front.
async fn in_front_of(nodes: &[Ports]) -> Result<(Ports, Vec<JoinSet<()>>)> {
    if let [only] = nodes {
        return Ok((*only, Vec::new()));
    }
    let front = free_ports()?;
    let web = balancer::spread(front.web, nodes.iter().map(|node| node.web).collect()).await?;
    let gy = balancer::spread(front.gy, nodes.iter().map(|node| node.gy).collect()).await?;
    Ok((front, vec![web, gy]))
}

/// How many processes want each processor, as the kernel has counted over the last minute; 1 if one has time for all.
fn overload() -> u32 {
    let said = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let running = said.split('.').next().and_then(|whole| whole.parse::<u32>().ok()).unwrap_or(0);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    running.div_ceil(u32::try_from(processors).unwrap_or(1)).clamp(1, OVERLOAD_MAX)
}

fn free_ports() -> Result<Ports> {
    Ok(Ports { web: free_port()?, gy: free_port()? })
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn last_lines(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.lines().rev().take(count).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

//! A PostgreSQL cluster of the test's own: made empty, gone at the end.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{
    machine::am_root,
    shell::{program, read, run, succeeds},
};

const START_TRIES: u32 = 150;

/// A running cluster; dropping it stops the server and removes its files, also while a panic unwinds.
pub(crate) struct TemporaryPostgres {
    server: Child,
    directory: PathBuf,
    port: u16,
}

impl TemporaryPostgres {
    /// Makes and starts one on a spare port of the loopback address. PostgreSQL refuses to run as root, so
    /// there it runs as the user `postgres` that its package makes.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is not installed")?;
        let directory = std::env::temp_dir().join(format!("heyon-test-postgres-{}", std::process::id()));
        fs::create_dir(&directory)?;
        if am_root() {
            run(program("chown", ["postgres:postgres"]).arg(&directory))?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Self::launch(&programs, &directory, port);
        if started.is_err() {
            let _ = fs::remove_dir_all(&directory);
        }
        let mut cluster = Self { server: started?, directory, port };
        cluster.wait(&programs)?;
        Ok(cluster)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The server's first process, whose children do the work.
    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    fn launch(programs: &Path, directory: &Path, port: u16) -> Result<Child> {
        let data = directory.join("data");
        let mut initdb = as_postgres(&programs.join("initdb"));
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--pgdata",
        ]);
        run(initdb.arg(&data).stdout(Stdio::null()))?;
        let mut server = as_postgres(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(directory).args(["-p", &port.to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "max_connections=300", "fsync=on", "log_min_messages=fatal"]
        {
            server.args(["-c", setting]);
        }
        println!("PostgreSQL on port {port}");
        server.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("cannot start postgres")
    }

    fn wait(&mut self, programs: &Path) -> Result<()> {
        let port = self.port.to_string();
        for _ in 0..START_TRIES {
            let mut ask = Command::new(programs.join("pg_isready"));
            if succeeds(ask.args(["-q", "-h", "127.0.0.1", "-p", &port])) {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                bail!("postgres ended: {status}");
            }
            sleep(Duration::from_millis(200));
        }
        bail!("postgres did not come up");
    }
}

impl Drop for TemporaryPostgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; it takes its own children along.
        succeeds(&mut program("kill", ["-INT", &self.server.id().to_string()]));
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The directory of the newest installed PostgreSQL's programs.
pub(crate) fn programs() -> Option<PathBuf> {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = packaged
        .filter_map(|entry| {
            entry.file_name().to_str()?.parse::<u32>().ok().map(|version| (version, entry.path()))
        })
        .map(|(version, path)| (version, path.join("bin")))
        .filter(|(_, path)| path.join("initdb").exists())
        .max();
    let on_path =
        || read(&mut program("pg_config", ["--bindir"])).ok().map(|path| PathBuf::from(path.trim()));
    newest.map(|(_, path)| path).or_else(on_path)
}

/// The program as a user that PostgreSQL accepts, ended with us even if we are killed.
fn as_postgres(binary: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if am_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    command.arg(binary).current_dir(std::env::temp_dir());
    command
}

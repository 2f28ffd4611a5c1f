//! Running other programs, with what they say shown and, where a stage needs it, kept.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, ensure};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// A program with its arguments, started in the workspace's root.
pub(crate) fn program<const N: usize>(name: &str, args: [&str; N]) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(root());
    command
}

/// The cargo that runs us, with its arguments.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    program(&cargo, args)
}

/// Runs it; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let said = describe(command);
    println!("$ {said}");
    let status = command.status().with_context(|| format!("cannot start {said}"))?;
    ensure!(status.success(), "{said}: {status}");
    Ok(())
}

/// Runs it silently and returns what it wrote to standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let said = describe(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {said}"))?;
    ensure!(output.status.success(), "{said}: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether it can be started and ends well; says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Which stream a program reports its results on.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Runs it, showing one stream line by line while keeping it; the other goes straight through.
pub(crate) fn tee(command: &mut Command, stream: Stream) -> Result<(ExitStatus, Vec<String>)> {
    let said = describe(command);
    println!("$ {said}");
    match stream {
        Stream::Out => command.stdout(Stdio::piped()),
        Stream::Err => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().with_context(|| format!("cannot start {said}"))?;
    let kept = match stream {
        Stream::Out => show_and_keep(child.stdout.take().context("no pipe")?),
        Stream::Err => show_and_keep(child.stderr.take().context("no pipe")?),
    };
    Ok((child.wait()?, kept?))
}

fn show_and_keep(pipe: impl Read) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for line in BufReader::new(pipe).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        kept.push(line);
    }
    Ok(kept)
}

fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    command.get_args().fold(name, |said, arg| said + " " + &arg.to_string_lossy())
}

//! From the command line to an [`admin`](crate::admin) request, and to the terminal with what came of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};

use crate::{
    admin::{self, Command, Reply, Request},
    cli::{Cards, Catalog, Cli, Jobs, Lines, Orders, Review, Verb},
    nodes::Role,
    settings::Settings,
    shop::Shop,
};

/// Has the running server do it, or does it here if none runs.
pub(crate) async fn run(cli: &Cli, settings: Settings) -> Result<ExitCode> {
    let request = Request { actor: actor(cli), command: command(&cli.verb)? };
    let reply = match admin::ask(&settings.data, &request).await? {
        Some(reply) => reply,
        None => Box::pin(alone(settings, request)).await?,
    };
    Ok(show(&reply))
}

/// Without a server: takes the lock, so that none can start meanwhile, and does the same.
async fn alone(settings: Settings, request: Request) -> Result<Reply> {
    let shop = Shop::open(settings, Role::Visits).await?;
    let reply = admin::carry_out(&shop, request).await;
    shop.close().await;
    Ok(reply)
}

fn show(reply: &Reply) -> ExitCode {
    for line in &reply.lines {
        println!("{line}");
    }
    match &reply.failure {
        None => ExitCode::SUCCESS,
        Some(why) => {
            eprintln!("heyon: {why}");
            ExitCode::FAILURE
        }
    }
}

fn actor(cli: &Cli) -> String {
    let user = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
    let name = cli.actor.clone().or_else(user).unwrap_or_else(|| "unnamed".to_owned());
    format!("operator:{name}")
}

fn command(verb: &Verb) -> Result<Command> {
    Ok(match verb {
        Verb::Cards(Cards::Import { file, dry_run }) => {
            Command::CardsImport { csv: read(file)?, dry_run: *dry_run }
        }
        Verb::Cards(Cards::Make { cards: Some(file), .. }) => Command::CardsMake { csv: read(file)? },
        Verb::Cards(Cards::Make { count, .. }) => Command::CardsMakeTest { count: count.unwrap_or(0) },
        Verb::Catalog(Catalog::Apply { file, dry_run }) => {
            Command::CatalogApply { toml: read(file)?, dry_run: *dry_run }
        }
        Verb::Audit => Command::Audit,
        Verb::Backup { to } => Command::Backup { to: absolute(to)? },
        Verb::Repair { discard_from: (shard, seq), yes } => {
            Command::Repair { shard: *shard, seq: *seq, dry_run: !yes }
        }
        Verb::Review(Review::List) => Command::ReviewList,
        Verb::Review(Review::Show { id }) => Command::ReviewShow { id: id.clone() },
        Verb::Review(Review::Resolve { id, decision, note }) => {
            Command::ReviewResolve { id: id.clone(), decision: decision.clone(), note: note.clone() }
        }
        Verb::Orders(Orders::Show { id }) => Command::OrdersShow { id: id.clone() },
        Verb::Orders(Orders::Refund { id, note }) => {
            Command::OrdersRefund { id: id.clone(), note: note.clone() }
        }
        Verb::Jobs(Jobs::List) => Command::JobsList,
        Verb::Jobs(Jobs::Retry { id }) => Command::JobsRetry { id: id.clone() },
        Verb::Jobs(Jobs::Drop { id, why }) => Command::JobsDrop { id: id.clone(), why: why.clone() },
        Verb::Lines(Lines::Bar { id }) => Command::LinesBar { id: id.clone() },
        Verb::Lines(Lines::Unbar { id }) => Command::LinesUnbar { id: id.clone() },
        Verb::Serve | Verb::Demo(_) | Verb::Migrate | Verb::Move { .. } | Verb::Restore { .. } => {
            bail!("not a command for a running server")
        }
    })
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is not a path", path.display()))
}

//! Telling people how much is used.
//!
//! Of a plan with an allowance in all: at 80, 95 and 100 per cent. Of one that comes anew every day, and of a cap for 24
//! hours: only when it is used up, and only the first time, because it happens every day to whoever uses it well.

use std::collections::BTreeMap;

use accounts::mail::{Letterhead, NewMail};
use basis::{Account, Allowance, DAY_MS, DataVolume, HOUR_MS, Id, Line, Order, Pool, Problem};
use charging::{BundleView, CapKind, Notice, PoolView, Subject};
use push::News;
use store::{Conn, in_tx};
use texts::Texts;

use crate::{Desk, letters, rows};

/// So many notices are told in one transaction.
const AT_ONCE: u32 = 50;

/// What cannot be looked at for so long is not told any more.
const PATIENCE_MS: i64 = HOUR_MS;

/// A bundle that a notice is about, where and as it stands now.
struct Standing {
    pool: Id<Pool>,
    /// Whose own it is; of a shared one the pool's first line, for when nobody shares that pool any more.
    line: Option<Id<Line>>,
    bundle: BundleView,
}

type Bundles = BTreeMap<Id<Order>, Standing>;

/// Queues the mails for what waits to be told, each once; true if there may be more.
///
/// # Errors
/// If the database fails; then nothing was told.
pub async fn tell_notices(desk: &Desk) -> Result<bool, Problem> {
    let waiting = charging::waiting_notices(&mut desk.db.read().await?, AT_ONCE).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let (ready, bundles) = look(desk, &waiting).await?;
    in_tx!(desk.db, |tx| {
        let mut taken = Vec::with_capacity(ready.len());
        for notice in &ready {
            if charging::take_notice(tx, desk.env.now(), notice).await? {
                taken.push(*notice);
            }
        }
        for notice in highest(&taken) {
            tell(tx, desk, &bundles, &notice).await?;
        }
        Ok(())
    })?;
    Ok(ready.len() >= usize::try_from(AT_ONCE).unwrap_or(usize::MAX))
}

/// Which of these can be told now, and the bundles that they are about; nothing is told of one that is gone. The engine
/// is asked here, outside the transaction that tells.
async fn look(desk: &Desk, waiting: &[Notice]) -> Result<(Vec<Notice>, Bundles), Problem> {
    let (mut ready, mut bundles) = (Vec::with_capacity(waiting.len()), Bundles::new());
    for notice in waiting {
        if let Subject::Bundle { bundle: id, .. } = notice.subject {
            let row = charging::bundle(&mut desk.db.read().await?, id).await?;
            let pool = row.map_or(notice.pool, |row| row.pool);
            match desk.charging.view(pool).await {
                Some(view) => bundles.extend(Standing::of(pool, id, view).map(|standing| (id, standing))),
                // Its node does not answer: later.
                None if desk.env.now().since(notice.at) < PATIENCE_MS => continue,
                None => {}
            }
        }
        ready.push(*notice);
    }
    Ok((ready, bundles))
}

/// Of several marks of one thing that wait together, the highest says it all.
fn highest(taken: &[Notice]) -> Vec<Notice> {
    let mut by_subject: BTreeMap<_, Notice> = BTreeMap::new();
    for notice in taken {
        let key = match notice.subject {
            Subject::Bundle { bundle, .. } => (Some(bundle), None),
            Subject::Cap { line, cap } => (None, Some((notice.pool, line, cap))),
        };
        by_subject
            .entry(key)
            .and_modify(|there| there.percent = there.percent.max(notice.percent))
            .or_insert(*notice);
    }
    by_subject.into_values().collect()
}

async fn tell(tx: &mut Conn, desk: &Desk, bundles: &Bundles, notice: &Notice) -> Result<(), Problem> {
    match notice.subject {
        Subject::Bundle { bundle, .. } => match bundles.get(&bundle) {
            Some(standing) => tell_bundle(tx, desk, standing, notice.percent).await,
            None => Ok(()),
        },
        Subject::Cap { line, cap } => tell_cap(tx, desk, (notice.pool, line), cap, notice.percent).await,
    }
}

async fn tell_bundle(
    tx: &mut Conn,
    desk: &Desk,
    Standing { pool, line, bundle }: &Standing,
    percent: u8,
) -> Result<(), Problem> {
    if !is_worth_telling(tx, desk, bundle, percent).await? {
        return Ok(());
    }
    let is_gone = percent >= 100;
    let of = bundle.window.map_or(bundle.total, |window| window.total);
    let said = &Said { percent, of, about: format!("bundle:{}", bundle.bundle) };
    let shared = rows::pool(tx, *pool).await?.filter(|_| bundle.line.is_none());
    if let Some(pool) = shared {
        let texts = if is_gone { &letters::SHARED_GONE } else { &letters::SHARED_USED };
        let path = format!("/pools/{}", pool.id);
        return write(tx, desk, pool.owner, texts, &path, &pool.name, said).await;
    }
    let Some(line) = line else { return Ok(()) };
    let line = cards::line_of_id(tx, *line).await?;
    let texts = if is_gone { &letters::OWN_GONE } else { &letters::OWN_USED };
    let path = format!("/lines/{}", line.id);
    write(tx, desk, line.account, texts, &path, &line.name(), said).await
}

impl Standing {
    fn of(pool: Id<Pool>, bundle: Id<Order>, view: PoolView) -> Option<Self> {
        let first = view.lines.first().map(|line| line.line);
        let bundle = view.bundles.into_iter().find(|there| there.bundle == bundle)?;
        Some(Self { pool, line: bundle.line.or(first), bundle })
    }
}

async fn is_worth_telling(
    tx: &mut Conn,
    desk: &Desk,
    bundle: &BundleView,
    percent: u8,
) -> Result<bool, Problem> {
    match bundle.terms.allowance {
        Allowance::Fixed { .. } => Ok(true),
        Allowance::PerDay { .. } | Allowance::Unlimited { .. } if percent < 100 => Ok(false),
        Allowance::PerDay { .. } | Allowance::Unlimited { .. } => {
            rows::tell_once(tx, &format!("bundle:{}", bundle.bundle), desk.env.now()).await
        }
    }
}

async fn tell_cap(
    tx: &mut Conn,
    desk: &Desk,
    (pool, line): (Id<Pool>, Id<Line>),
    cap: CapKind,
    percent: u8,
) -> Result<(), Problem> {
    // Whoever has left meanwhile, perhaps for another pool with caps of its own, is told nothing.
    let member = rows::member(tx, line).await?.filter(|member| member.pool == pool);
    let Some(member) = member else { return Ok(()) };
    let Some(pool) = rows::pool(tx, pool).await? else { return Ok(()) };
    let (limit, daily) = match cap {
        CapKind::PerDay => (member.caps.per_day, true),
        CapKind::Per30Days => (member.caps.per_30_days, false),
        CapKind::InAll => (member.caps.in_all, false),
    };
    let Some(limit) = limit else { return Ok(()) };
    let is_reached = percent >= 100;
    if daily && (!is_reached || !rows::tell_once(tx, &format!("cap:{line}"), desk.env.now()).await?) {
        return Ok(());
    }
    let said = &Said { percent, of: DataVolume(limit), about: format!("cap:{line}:{cap:?}") };
    let texts = if is_reached { &letters::CAP_REACHED } else { &letters::CAP_USED };
    let path = format!("/pools/{}", pool.id);
    write(tx, desk, member.account, texts, &path, &pool.name, said).await?;
    if is_reached && pool.owner != member.account {
        let path = format!("/pools/{}/members/{line}", pool.id);
        write(tx, desk, pool.owner, &letters::MEMBERS_CAP, &path, &member.name, said).await?;
    }
    Ok(())
}

/// How much of how much, and what that is, for devices to show the latest only.
struct Said {
    percent: u8,
    of: DataVolume,
    about: String,
}

/// For so long it is news.
const NEWS_MS: i64 = DAY_MS;

async fn write(
    tx: &mut Conn,
    desk: &Desk,
    to: Id<Account>,
    texts: &Letterhead,
    path: &str,
    what: &str,
    said: &Said,
) -> Result<(), Problem> {
    let to = accounts::account(tx, to).await?;
    let amount = Texts::of(to.language).volume(said.of);
    let letter = NewMail::new(&to.email, to.language, texts);
    let letter = letter.with("what", what).with("percent", said.percent).with("amount", amount);
    let until = desk.env.now().plus_ms(NEWS_MS);
    let news = News { about: said.about.clone(), until, urgent: said.percent >= 100 };
    push::tell(tx, &desk.env, to.id, letter.with_link(path), news).await
}

#[cfg(test)]
mod tests {
    use basis::Timestamp;

    use super::*;

    #[test]
    fn of_marks_that_wait_together_the_highest_is_told() {
        let mark = |bundle: u128, percent| Notice {
            pool: Id::from_u128(1),
            subject: Subject::Bundle { bundle: Id::from_u128(bundle), line: None },
            percent,
            at: Timestamp(0),
        };
        let told = highest(&[mark(1, 80), mark(2, 80), mark(1, 100), mark(1, 95)]);
        assert_eq!(told.iter().map(|notice| notice.percent).collect::<Vec<_>>(), [100, 80]);
    }
}

//! Work at a steady pace or as fast as it goes, and how long each piece took.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use basis::{Clock, SystemClock};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How long pieces of work took, in microseconds, shortest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    /// Of these, in microseconds.
    pub(crate) fn of(mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        Self(micros)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// What so many of a thousand stay within, in milliseconds.
    pub(crate) fn at(&self, thousandths: usize) -> f64 {
        let nth = (self.0.len() * thousandths).div_ceil(1000).saturating_sub(1);
        float(self.0.get(nth).copied().unwrap_or(0)) / 1000.0
    }
}

/// A count as a number to divide; exact up to 2^32.
pub(crate) fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The length of a list as a number to divide.
pub(crate) fn amount(count: usize) -> f64 {
    float(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Does `count` pieces of work, `workers` at once, as fast as it goes; each must end well. Seconds taken, and the times.
///
/// # Errors
/// The first that does not end well.
pub(crate) async fn hurry<F, R>(workers: usize, count: usize, work: F) -> Result<(f64, Times)>
where
    F: Fn(usize) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let (clock, work) = (Arc::new(SystemClock::start()), Arc::new(work));
    let mut all = JoinSet::new();
    for worker in 0..workers {
        let (clock, work) = (clock.clone(), work.clone());
        all.spawn(async move {
            let mut micros = Vec::new();
            for nth in (worker..count).step_by(workers) {
                let began = clock.monotonic_ns();
                work(nth).await?;
                micros.push((clock.monotonic_ns() - began) / 1000);
            }
            anyhow::Ok(micros)
        });
    }
    let mut micros = Vec::with_capacity(count);
    while let Some(done) = all.join_next().await {
        micros.extend(done??);
    }
    Ok((float(clock.monotonic_ns() / 1_000_000) / 1000.0, Times::of(micros)))
}

/// Begins a piece of work at each beat, whether or not earlier ones have ended; a time counts from its beat, so a
/// server that falls behind cannot hide it.
///
/// # Errors
/// The first that does not end well, or if this machine cannot keep the pace.
pub(crate) async fn steady<F, R>(per_second: u32, count: usize, work: F) -> Result<Times>
where
    F: Fn(usize) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    let work = Arc::new(work);
    let began = Instant::now();
    let mut all = JoinSet::new();
    for nth in 0..count {
        let beat = began + Duration::from_secs(1) * u32::try_from(nth)? / per_second;
        sleep_until(beat).await;
        let work = work.clone();
        all.spawn(async move {
            work(nth).await?;
            anyhow::Ok(u64::try_from(beat.elapsed().as_micros())?)
        });
    }
    let behind = began.elapsed().as_secs_f64() - amount(count) / f64::from(per_second);
    ensure!(behind < 0.5, "the generator fell {behind:.1} s behind");
    let mut micros = Vec::with_capacity(count);
    while let Some(done) = all.join_next().await {
        micros.push(done.context("a piece of work fell over")??);
    }
    Ok(Times::of(micros))
}

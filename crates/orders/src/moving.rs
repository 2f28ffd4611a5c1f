//! Lines that move between pools, and orders that are being delivered to them.

use basis::SECOND_MS;
use store::jobs::{JobRun, Next};

use crate::{Desk, rows};

/// Handles the job [`pools::CARRY`]: a line moves when nothing is being delivered to it. What is paid meanwhile waits,
/// and takes the pool that the line has then (see [`crate::fulfil`]).
pub(crate) async fn carry_line(desk: &Desk, run: &JobRun) -> Result<Next, basis::Problem> {
    let job: pools::LineJob = run.read()?;
    if rows::is_in_delivery(&mut desk.db.read().await?, job.line).await? {
        return Ok(Next::At(desk.env.now().plus_ms(SECOND_MS)));
    }
    pools::carry(&desk.pools, run).await
}

//! `heyon repair`: what a damaged log loses, said first, and cut only by somebody with a name.

use std::{collections::BTreeSet, fmt::Display};

use charging::{Loss, ShardId};
use serde_json::json;
use store::audit::Entry;

use super::carry_out::{Lines, note};
use crate::shop::Shop;

/// How many of a kind are named.
const NAMED_MAX: usize = 20;

pub(super) async fn repair(shop: &Shop, actor: &str, (shard, seq): (u32, u64), dry_run: bool) -> Lines {
    let loss = shop.charging.look_at_damage(ShardId(shard), seq).await?;
    let mut lines = what_is_lost(&loss, seq);
    if dry_run {
        lines.push("nothing has been done: make a backup, then say --yes and --actor NAME".to_owned());
        return Ok(lines);
    }
    // The trail first: so that nothing is ever discarded by nobody.
    let subject = format!("shard {shard}:{seq}");
    let detail = json!({
        "damage": loss.damage,
        "rows": loss.rows,
        "unreadable": loss.unreadable,
        "octets": loss.octets,
        "delivered": names(&loss.delivered),
        "voided": names(&loss.voided),
        "lines": names(&loss.lines),
    });
    note(shop, Entry { actor, action: "charging.discard", subject: &subject, detail }).await?;
    shop.charging.discard_from(ShardId(shard), seq).await?;
    lines.push(format!(
        "shard {shard} is cut from {seq} on. Now run `heyon audit`: it names orders without their data"
    ));
    Ok(lines)
}

fn what_is_lost(loss: &Loss, seq: u64) -> Vec<String> {
    let Loss { damage, kept_until, rows, unreadable, pools, delivered, voided, lines, octets } = loss;
    let mut said = vec![
        damage.clone(),
        format!(
            "discarding from {seq} on loses {rows} rows: all that happened after {} ms",
            kept_until.as_ms()
        ),
    ];
    if *unreadable > 0 {
        said.push(format!("{unreadable} of them cannot be read: what they held nobody can say. The others:"));
    }
    said.push(format!("{octets} octets used, in {} pools", pools.len()));
    said.extend(some("delivered orders, whose data is lost", delivered));
    said.extend(some("voided orders, whose void is lost", voided));
    said.extend(some("lines that joined, came or left", lines));
    said
}

fn some<T: Display>(what: &str, of: &BTreeSet<T>) -> Option<String> {
    let shown = of.iter().take(NAMED_MAX).map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let more = if of.len() > NAMED_MAX { " …" } else { "" };
    (!of.is_empty()).then(|| format!("{} {what}: {shown}{more}", of.len()))
}

fn names<T: Display>(of: &BTreeSet<T>) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

//! Who takes which shard: the rule, without IO. Each node follows it by itself, from nearly the same picture; where two
//! pictures differ the log lets only one of them write.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::log::ShardId;

/// How many shards one node asks another for at a time: slowly, so that few wait at any moment.
const ASKED_AT_ONCE: usize = 4;
/// A shard that nobody has for so long is anyone's, whosever turn it was.
const ANYONES_AFTER: Duration = Duration::from_secs(2);

/// What one node sees.
pub(super) struct Picture<'a> {
    /// Itself.
    pub(super) me: &'a str,
    /// Who takes a share of the work, each once, in the order of their names; `me` among them if it does.
    pub(super) servers: &'a [String],
    /// Every shard with the state of its ownership.
    pub(super) shards: &'a [(ShardId, Held<'a>)],
}

/// Who has a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held<'a> {
    /// One who lives.
    By(&'a str),
    /// Nobody who lives, for so long.
    Nobody(Duration),
}

/// What to do about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// These are nobody's, and our turn.
    pub(super) take: Vec<ShardId>,
    /// These we ask their owners for, who have more than their share.
    pub(super) ask: Vec<(ShardId, String)>,
}

pub(super) fn plan(picture: &Picture<'_>) -> Plan {
    let mut counts: BTreeMap<&str, usize> = picture.servers.iter().map(|name| (name.as_str(), 0)).collect();
    if counts.is_empty() {
        // Only commands run, which come and go: this one does what servers would.
        counts.insert(picture.me, 0);
    }
    for (_, held) in picture.shards {
        if let Held::By(owner) = held {
            *counts.entry(owner).or_default() += 1;
        }
    }
    let take = take(picture, &mut counts);
    let all_owned = picture.shards.iter().all(|(_, held)| matches!(held, Held::By(_)));
    let ask = if all_owned { ask(picture, &counts) } else { Vec::new() };
    Plan { take, ask }
}

/// Each shard that nobody has goes to the server with the fewest.
fn take(picture: &Picture<'_>, counts: &mut BTreeMap<&str, usize>) -> Vec<ShardId> {
    let mut ours = Vec::new();
    for (shard, held) in picture.shards {
        let Held::Nobody(since) = held else { continue };
        let serves = |name: &str| picture.servers.is_empty() || picture.servers.iter().any(|s| s == name);
        let fewest = counts.iter_mut().filter(|(name, _)| serves(name)).min_by_key(|(_, count)| **count);
        let Some((next, count)) = fewest else { continue };
        *count += 1;
        if *next == picture.me || *since >= ANYONES_AFTER && serves(picture.me) {
            ours.push(*shard);
        }
    }
    ours
}

/// A server with less than its share asks the one with most, until they differ by less than two.
fn ask(picture: &Picture<'_>, counts: &BTreeMap<&str, usize>) -> Vec<(ShardId, String)> {
    if !picture.servers.iter().any(|name| name == picture.me) {
        return Vec::new();
    }
    let ours = counts.get(picture.me).copied().unwrap_or(0);
    let share = picture.shards.len() / picture.servers.len().max(1);
    let Some((richest, theirs)) = counts.iter().max_by_key(|(_, count)| **count) else { return Vec::new() };
    let wanted = share.saturating_sub(ours).min(theirs.saturating_sub(ours) / 2).min(ASKED_AT_ONCE);
    let of_richest = picture.shards.iter().filter(|(_, held)| *held == Held::By(richest));
    of_richest.take(wanted).map(|(shard, _)| (*shard, (*richest).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATELY: Duration = Duration::ZERO;

    /// What everyone does by themselves, again and again, until nobody does anything.
    fn settle(servers: &[&str], mut owners: Vec<Option<String>>) -> (Vec<Option<String>>, usize) {
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        for round in 0.. {
            let before = owners.clone();
            for me in &names {
                let shards: Vec<_> =
                    (0..).map(ShardId).zip(owners.iter().map(|owner| held(owner.as_deref()))).collect();
                let Plan { take, ask } = plan(&Picture { me, servers: &names, shards: &shards });
                let gained: Vec<_> =
                    take.into_iter().chain(ask.into_iter().map(|(shard, _)| shard)).collect();
                for shard in gained {
                    owners[usize::try_from(shard.0).unwrap()] = Some(me.clone());
                }
            }
            if owners == before {
                return (owners, round);
            }
        }
        unreachable!()
    }

    fn held(owner: Option<&str>) -> Held<'_> {
        owner.map_or(Held::Nobody(LATELY), Held::By)
    }

    fn counts(owners: &[Option<String>]) -> Vec<usize> {
        let mut counts = BTreeMap::<_, usize>::new();
        owners.iter().flatten().for_each(|owner| *counts.entry(owner).or_default() += 1);
        counts.into_values().collect()
    }

    #[test]
    fn the_first_takes_all_and_those_who_come_later_get_their_share_slowly() {
        let (owners, _) = settle(&["a"], vec![None; 64]);
        assert_eq!(counts(&owners), [64]);
        let (owners, rounds) = settle(&["a", "b"], owners);
        assert_eq!(counts(&owners), [32, 32]);
        assert_eq!(rounds, 8, "four at a time");
        let (owners, _) = settle(&["a", "b", "c"], owners);
        assert_eq!(counts(&owners), [22, 21, 21]);
    }

    #[test]
    fn what_a_dead_node_had_is_shared_by_those_who_live() {
        let (mut owners, _) = settle(&["a", "b", "c"], vec![None; 64]);
        owners.iter_mut().filter(|owner| owner.as_deref() == Some("b")).for_each(|owner| *owner = None);
        let (owners, rounds) = settle(&["a", "c"], owners);
        assert_eq!((counts(&owners), rounds), (vec![32, 32], 1), "in one go, and nobody asks for more");
    }

    #[test]
    fn nothing_moves_once_it_is_fair() {
        for servers in [&["a"][..], &["a", "b"], &["a", "b", "c"], &["a", "b", "c", "d", "e", "f", "g"]] {
            let (owners, _) = settle(servers, vec![None; 64]);
            assert_eq!(settle(servers, owners).1, 0, "{servers:?}");
        }
    }

    #[test]
    fn a_shard_whose_turn_nobody_takes_is_anyones() {
        let servers = ["a".to_owned(), "b".to_owned()];
        let of = |since| {
            let shards = [(ShardId(0), Held::Nobody(since)), (ShardId(1), Held::By("b"))];
            plan(&Picture { me: "b", servers: &servers, shards: &shards }).take
        };
        assert_eq!(of(LATELY), [], "it is a's turn, who has none");
        assert_eq!(of(Duration::from_secs(3)), [ShardId(0)]);
    }

    #[test]
    fn a_command_takes_only_what_no_server_is_there_to_take() {
        let shards = [(ShardId(0), Held::Nobody(LATELY)), (ShardId(1), Held::By("a"))];
        let command = |servers: &[String]| plan(&Picture { me: "z", servers, shards: &shards });
        assert_eq!(command(&["a".to_owned()]), Plan::default());
        assert_eq!(command(&[]).take, [ShardId(0)]);
        let shards = [(ShardId(0), Held::By("z")), (ShardId(1), Held::By("z"))];
        let servers = ["a".to_owned()];
        let server = plan(&Picture { me: "a", servers: &servers, shards: &shards });
        assert_eq!(server.ask, [(ShardId(0), "z".to_owned())], "a server that comes takes over from it");
    }
}

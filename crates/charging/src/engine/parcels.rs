//! Many requests at once: those that one shard of ours can carry out go to it in one piece, and their answers come back
//! in one piece, so that what each costs beside its own work is shared by all.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Asking, Charging, MAX_SERVICES};
use crate::log::ShardId;
use crate::pool::{Answer, Command, Reply, Verdict};
use crate::shard::{Orders, Shard};

/// Requests for one shard, each with whatever whoever asks wants to remember of it.
pub(crate) struct Parcel<T> {
    shard: Arc<Shard>,
    requests: Vec<(Asking, T)>,
    orders: Orders,
}

/// What has come of a parcel.
pub(crate) struct Delivered<T> {
    /// Durable.
    pub(crate) answered: Vec<(Answer, T)>,
    /// To be asked one by one: the pool does not know it (any more), or there was no room.
    pub(crate) again: Vec<(Asking, T)>,
}

impl Charging {
    /// Sorts requests by the shards that carry them out; gives back those that have to be asked one by one as well.
    pub(crate) fn pack<T>(&self, requests: Vec<(Asking, T)>) -> (Vec<Parcel<T>>, Vec<(Asking, T)>) {
        let mut parcels: HashMap<ShardId, Parcel<T>> = HashMap::new();
        let mut apart = Vec::new();
        for (asking, tag) in requests {
            let found = self.0.signals.routes.find(&asking.wanted());
            let known = found.pool.filter(|_| asking.services.len() <= MAX_SERVICES);
            let place = known.and_then(|pool| Some((pool, self.0.serving_well(self.0.shard_of(pool))?)));
            let Some((pool, shard)) = place else {
                apart.push((asking, tag));
                continue;
            };
            let fresh = || Parcel { shard: shard.clone(), requests: Vec::new(), orders: Vec::new() };
            let parcel = parcels.entry(shard.id).or_insert_with(fresh);
            parcel.orders.push((pool, Command::Control(asking.control(found.line))));
            parcel.requests.push((asking, tag));
        }
        (parcels.into_values().collect(), apart)
    }
}

impl<T> Parcel<T> {
    /// Hands it in, and waits until it is durable.
    pub(crate) async fn deliver(self) -> Delivered<T> {
        let Self { shard, requests, orders } = self;
        let Ok(replies) = shard.apply_many(orders).await else {
            return Delivered { answered: Vec::new(), again: requests };
        };
        let mut answered = Vec::with_capacity(requests.len());
        let mut again = Vec::new();
        for ((asking, tag), reply) in requests.into_iter().zip(replies) {
            match reply {
                Ok(Reply::Control(answer)) if is_known(&answer) => answered.push((answer, tag)),
                // It was not carried out, or it may have been and its repeat is harmless.
                _ => again.push((asking, tag)),
            }
        }
        Delivered { answered, again }
    }
}

const fn is_known(answer: &Answer) -> bool {
    !matches!(answer.verdict, Verdict::UnknownSession | Verdict::UnknownLine)
}

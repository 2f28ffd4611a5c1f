//! Lists, newest first, with cursors and windows; and what a request wants to see whole.

use basis::Timestamp;
use serde_json::{Value, json};

use super::objects::{self, View, has_intent, is_session, tail};
use super::params::Params;
use super::{NAME, request::Desk};
use crate::books::Books;
use crate::wire::{ApiError, Payment};

/// What answers are made from.
pub(super) struct Scene<'a> {
    pub(super) books: &'a Books,
    pub(super) now: Timestamp,
    pub(super) view: View,
    pub(super) desk: &'a Desk,
}

impl Scene<'_> {
    /// The payment that a session, an intent or a charge of this name belongs to.
    pub(super) fn payment(&self, id: &str) -> Option<Payment> {
        let name = tail(id);
        let fronts = ["cs_test", "cs_live", "pi"];
        let found = fronts.iter().find_map(|front| self.books.get(self.now, &format!("{front}_{name}")).ok());
        found.filter(|payment| payment.face == NAME)
    }

    /// The payments that a list is about: one if it names a charge or an intent, else all.
    pub(super) fn payments(&self, params: &Params) -> Vec<Payment> {
        match params.get("charge").or_else(|| params.get("payment_intent")) {
            Some(named) => self.payment(named).into_iter().collect(),
            None => {
                let all = self.books.all().filter(|payment| payment.face == NAME);
                all.filter_map(|payment| self.books.get(self.now, &payment.id).ok()).collect()
            }
        }
    }

    /// Shows an object of this name wherever it stands.
    fn whole(&self, id: &str) -> Option<Value> {
        let payment = || self.payment(id);
        match id.split('_').next()? {
            "cs" => Some(self.view.session(&payment()?)),
            "pi" => Some(self.view.intent(&payment()?)),
            "ch" => Some(self.view.charge(&payment()?)),
            "re" => self.refund(id),
            "dp" => self.dispute(id),
            "pm" => self.method(id),
            _ => self.desk.shelf().get(id).cloned(),
        }
    }

    pub(super) fn refund(&self, id: &str) -> Option<Value> {
        let wanted = tail(id);
        self.books.all().filter(|payment| payment.face == NAME).find_map(|payment| {
            let refund = payment.refunds.iter().find(|refund| tail(&refund.id) == wanted)?;
            Some(View::refund(payment, refund))
        })
    }

    pub(super) fn dispute(&self, id: &str) -> Option<Value> {
        let of_id = |payment: &&Payment| payment.dispute.as_ref().is_some_and(|dispute| dispute.id == id);
        self.view.dispute(self.books.all().filter(|payment| payment.face == NAME).find(of_id)?)
    }

    /// A card that was kept, or one on the shelf.
    pub(super) fn method(&self, id: &str) -> Option<Value> {
        let kept =
            self.books.was_kept_by(&format!("sm_{}", tail(id))).and_then(|by| self.view.kept_method(by));
        kept.or_else(|| self.desk.shelf().get(id).cloned())
    }

    /// Puts whole objects in the place of their names, as the request asks: `data.payment_intent.latest_charge`.
    pub(super) fn expand(&self, mut object: Value, params: &Params) -> Value {
        for path in params.list("expand") {
            self.expand_one(&mut object, &path.split('.').collect::<Vec<_>>());
        }
        object
    }

    fn expand_one(&self, object: &mut Value, path: &[&str]) {
        let Some((first, rest)) = path.split_first() else { return };
        if *first == "data"
            && let Some(items) = object.get_mut("data").and_then(Value::as_array_mut)
        {
            for item in items {
                self.expand_one(item, rest);
            }
            return;
        }
        let refunds = (*first == "refunds").then(|| self.refunds_of(object)).flatten();
        let named = object.get(*first).and_then(Value::as_str).and_then(|id| self.whole(id));
        let Some(fields) = object.as_object_mut() else { return };
        if let Some(whole) = refunds.or(named) {
            fields.insert((*first).to_owned(), whole);
        }
        if let Some(inner) = fields.get_mut(*first) {
            self.expand_one(inner, rest);
        }
    }

    fn refunds_of(&self, charge: &Value) -> Option<Value> {
        let payment = self.payment(charge.get("id")?.as_str()?)?;
        let refunds = payment.refunds.iter().rev().map(|refund| View::refund(&payment, refund));
        Some(list("/v1/refunds", &refunds.collect::<Vec<_>>(), false))
    }

    /// Sessions, intents, charges or disputes, as the request asks.
    pub(super) fn page(&self, path: &str, params: &Params) -> Result<Value, ApiError> {
        let mut all = Vec::new();
        for payment in self.payments(params) {
            match path {
                "/v1/checkout/sessions" if is_session(&payment) => all.push(self.view.session(&payment)),
                "/v1/payment_intents" if has_intent(&payment) => all.push(self.view.intent(&payment)),
                "/v1/charges" if objects::tried(&payment) => all.push(self.view.charge(&payment)),
                "/v1/disputes" => all.extend(self.view.dispute(&payment)),
                "/v1/refunds" => {
                    all.extend(payment.refunds.iter().map(|refund| View::refund(&payment, refund)));
                }
                _ => {}
            }
        }
        cut(path, all, params)
    }
}

/// Whether a time fits a bound.
type Holds = fn(i64, i64) -> bool;

/// The part of all objects that a request asks for: in its window, after its cursor, no more than its limit.
pub(super) fn cut(path: &str, mut all: Vec<Value>, params: &Params) -> Result<Value, ApiError> {
    for name in ["customer", "status", "type", "currency"] {
        if let Some(wanted) = params.get(name) {
            all.retain(|object| object.get(name).and_then(Value::as_str) == Some(wanted));
        }
    }
    let made = |object: &Value| object.get("created").and_then(Value::as_i64).unwrap_or(0);
    let windows: [(&str, Holds); 4] = [
        ("created[gte]", |at, bound| at >= bound),
        ("created[gt]", |at, bound| at > bound),
        ("created[lte]", |at, bound| at <= bound),
        ("created[lt]", |at, bound| at < bound),
    ];
    for (name, holds) in windows {
        if let Some(bound) = params.number(name)? {
            all.retain(|object| holds(made(object), bound));
        }
    }
    let name = |object: &Value| object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    all.sort_by_key(|object| std::cmp::Reverse((made(object), name(object))));
    if let Some(after) = params.get("starting_after") {
        let known = all.iter().position(|object| name(object) == after);
        all = all.split_off(known.map_or(all.len(), |at| at + 1));
    }
    let limit = params.number("limit")?.unwrap_or(10);
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    let limit = limit.ok_or_else(|| ApiError::invalid("parameter_invalid_integer", "limit is 1 to 100"))?;
    let more = all.len() > limit;
    all.truncate(limit);
    Ok(list(path, &all, more))
}

pub(super) fn list(path: &str, data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more, "url": path })
}

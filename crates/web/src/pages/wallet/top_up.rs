//! Filling the wallet: the form's answer, and the page to which the payer comes back.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use basis::{Currency, Id, Kind, Money, Problem};
use payments::{Method, Payment, PaymentState, Purpose, TopUp};
use serde::Deserialize;
use store::in_tx;

use super::{Older, Typed, load};
use crate::pages::checkout::{Method as Choice, method_name, methods};
use crate::pages::payments::pay_url;
use crate::{App, Page, PageProblem, PageResult, Payer, Reader, Shell, SignedIn, Tab, see_other};

/// No form's key is longer.
const KEY_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
pub(super) struct Wish {
    amount: String,
    currency: String,
    method: String,
    key: String,
}

pub(super) async fn send(
    State(app): State<App>,
    who: SignedIn,
    Payer(payer): Payer,
    Form(wish): Form<Wish>,
) -> Result<Response, PageProblem> {
    match open(&app, &who, payer, &wish).await {
        Ok(url) => Ok(see_other(&url)),
        Err(problem) => {
            // A key whose payment is over, was refused, or is for something else would refuse every further try.
            let key = (problem.kind != Kind::Conflict).then_some(wish.key);
            let method = wish.method.parse().ok();
            let typed = Typed { amount: wish.amount, method, key, problem: Some(problem.clone()) };
            let page = load(&app, &who, &Older::default(), typed).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

async fn open(app: &App, who: &SignedIn, payer: payments::Payer, wish: &Wish) -> Result<String, Problem> {
    who.person.who.account.require_verified()?;
    let currency: Currency = wish.currency.parse()?;
    let amount = Money::parse(wish.amount.trim(), currency).map_err(|problem| problem.at("amount"))?;
    let method = Method::asked(&wish.method)?;
    if wish.key.is_empty() || wish.key.len() > KEY_BYTES_MAX {
        return Err(Problem::invalid("request-unreadable"));
    }
    let texts = who.reader.texts;
    let wish = TopUp {
        account: who.person.account,
        amount,
        method,
        description: texts.tf("wallet-at-provider", [("brand", &app.config.brand)]),
        language: texts.language(),
        return_url: app.config.absolute("/wallet/top-ups/{payment}"),
        payer,
        request_key: format!("form:{}", wish.key),
    };
    let (payment, pay_at) = payments::top_up(&app.db, &app.env, &app.desk.providers, wish).await?;
    Ok(pay_url(app, payment.id, pay_at))
}

/// How a top-up stands.
#[derive(Template)]
#[template(path = "pages/wallet/top_up.html", blocks = ["now"])]
pub(super) struct TopUpPage {
    shell: Shell,
    path: String,
    amount: String,
    icon: &'static str,
    tone: &'static str,
    title: String,
    text: String,
    open: bool,
    pay: Option<String>,
    again: Option<Again>,
    facts: Vec<(String, String)>,
    number: String,
    problem: Option<Problem>,
}

/// The same once more, another way: what was declined is rarely accepted the next minute.
struct Again {
    amount: String,
    currency: String,
    key: String,
    methods: Vec<Choice>,
}

/// The payer comes back here. What the address line says is not read: the provider is asked.
pub(super) async fn show(
    State(app): State<App>,
    who: SignedIn,
    Path(id): Path<String>,
) -> PageResult<TopUpPage> {
    let payment = find(&app, &who, &id).await?;
    if payment.is_open() {
        in_tx!(app.db, |tx| { payments::look_soon(tx, &app.env, &payment).await })?;
    }
    Ok(Page(page(&app, &who.reader, &payment)))
}

/// The live part alone, for a page that waits.
pub(super) async fn now(
    State(app): State<App>,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageProblem> {
    let payment = find(&app, &who, &id).await?;
    Ok(Page(page(&app, &who.reader, &payment).as_now()).into_response())
}

async fn find(app: &App, who: &SignedIn, id: &str) -> Result<Payment, Problem> {
    let id: Id<basis::Payment> = id.parse().map_err(|_| Problem::not_found())?;
    let payment = payments::of_payer(&mut app.db.read().await?, who.person.account, id).await?;
    if payment.purpose == Purpose::Wallet { Ok(payment) } else { Err(Problem::not_found()) }
}

fn page(app: &App, reader: &Reader, payment: &Payment) -> TopUpPage {
    let texts = reader.texts;
    let path = format!("/wallet/top-ups/{}", payment.id);
    let shell =
        Shell::new(app, reader, Tab::Wallet, texts.t("wallet-top-up")).back("/wallet").at(path.clone());
    let (icon, tone, title, text) = words(payment.state);
    let when = texts.day_clock(payment.created_at, &reader.zone);
    let method = method_name(payment.method, texts);
    TopUpPage {
        shell,
        path,
        amount: texts.money(payment.amount),
        icon,
        tone,
        title: texts.t(title),
        text: texts.tf(text, [("method", &method)]),
        open: payment.is_open(),
        pay: payable(app, payment),
        facts: vec![(texts.t("wallet-fact-method"), method), (texts.t("wallet-fact-when"), when)],
        number: payment.id.number(),
        again: again(app, reader, payment),
        problem: None,
    }
}

/// Where it can still be paid.
fn payable(app: &App, payment: &Payment) -> Option<String> {
    let pay_at =
        payment.pay_at.clone().filter(|_| payment.is_open() && payment.expires_at > app.env.now())?;
    Some(pay_url(app, payment.id, pay_at))
}

/// None for a payment that is not over, or that has ended well.
fn again(app: &App, reader: &Reader, payment: &Payment) -> Option<Again> {
    if !matches!(payment.state, PaymentState::Failed | PaymentState::Cancelled) {
        return None;
    }
    let currency = payment.amount.currency;
    let ways = app.desk.providers.ways(currency);
    let other = ways.iter().find(|(method, _)| *method != payment.method).or(ways.first())?;
    Some(Again {
        amount: payment.amount.to_decimal(),
        currency: currency.code().to_owned(),
        key: app.env.new_id::<basis::Payment>().to_string(),
        methods: methods(app, reader, currency, other.0.word()),
    })
}

/// Icon, tone, title and sentence of a state.
const fn words(state: PaymentState) -> (&'static str, &'static str, &'static str, &'static str) {
    match state {
        PaymentState::Created | PaymentState::Pending => {
            ("clock", "warn", texts::key("wallet-state-open"), texts::key("wallet-state-open-text"))
        }
        PaymentState::Captured => {
            ("check", "", texts::key("wallet-state-paid"), texts::key("wallet-state-paid-text"))
        }
        PaymentState::Failed => {
            ("x", "bad", texts::key("wallet-state-failed"), texts::key("wallet-state-failed-text"))
        }
        PaymentState::Cancelled => {
            ("x", "quiet", texts::key("wallet-state-cancelled"), texts::key("wallet-state-cancelled-text"))
        }
        PaymentState::PartlyRefunded | PaymentState::Refunded => {
            ("refund", "quiet", texts::key("wallet-state-refunded"), texts::key("wallet-state-refunded-text"))
        }
        PaymentState::Disputed => {
            ("info", "warn", texts::key("wallet-state-disputed"), texts::key("wallet-state-disputed-text"))
        }
    }
}

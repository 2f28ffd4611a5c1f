//! The wallet: what is in it, how it is filled, and what moved.

mod history;
mod top_up;

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    routing::{get, post},
};
use basis::{Money, Problem};
use ledger::Wallet;
use payments::Method;
use store::Conn;

use self::history::{HistoryRow, Older};
use super::checkout::{Method as Choice, method_name, methods};
use crate::{App, Page, PageResult, Shell, SignedIn, Tab};

/// The wallet's pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/wallet", get(show))
        .route("/wallet/top-ups", post(top_up::send))
        .route("/wallet/top-ups/{payment}", get(top_up::show))
        .route("/wallet/top-ups/{payment}/now", get(top_up::now))
}

/// The wallet.
#[derive(Template)]
#[template(path = "pages/wallet/wallet.html")]
struct WalletPage {
    shell: Shell,
    balance: String,
    held: Option<String>,
    others: Vec<String>,
    returning: Vec<Returning>,
    form: Option<TopUpForm>,
    verified: bool,
    history: Vec<HistoryRow>,
    older: Option<String>,
    problem: Option<Problem>,
}

/// Money on its way back to its source.
struct Returning {
    title: String,
    text: String,
    sentence: String,
    stuck: bool,
}

/// The form that fills the wallet.
struct TopUpForm {
    currency: String,
    label: String,
    amount: String,
    methods: Vec<Choice>,
    key: String,
}

/// What a person has typed into the form.
#[derive(Default)]
struct Typed {
    amount: String,
    method: Option<Method>,
    key: Option<String>,
    problem: Option<Problem>,
}

async fn show(State(app): State<App>, who: SignedIn, Query(older): Query<Older>) -> PageResult<WalletPage> {
    Ok(Page(load(&app, &who, &older, Typed::default()).await?))
}

async fn load(app: &App, who: &SignedIn, older: &Older, typed: Typed) -> Result<WalletPage, Problem> {
    let mut conn = app.db.read().await?;
    let (reader, account) = (&who.reader, who.person.account);
    let verified = who.person.who.account.verified_at.is_some();
    let wallets = ledger::wallets(&mut conn, account).await?;
    let (first, others) = first_wallet(wallets, Money::zero(reader.currency));
    let texts = reader.texts;
    let shell = Shell::new(app, reader, Tab::Wallet, texts.t("wallet-title")).wide().at("/wallet");
    let returning = returning(&mut conn, who).await?;
    let (history, next) = history::load(&mut conn, who, older).await?;
    Ok(WalletPage {
        shell,
        balance: texts.money(first.available()),
        held: first.held.is_positive().then(|| texts.money(first.held)),
        others: others.iter().map(|wallet| texts.money(wallet.available())).collect(),
        returning,
        form: verified.then(|| form(app, who, first.balance, &typed)).flatten(),
        verified,
        history,
        older: next,
        problem: typed.problem,
    })
}

/// The wallet that is shown first: the one in the reader's currency, empty or not.
fn first_wallet(wallets: Vec<Wallet>, zero: Money) -> (Wallet, Vec<Wallet>) {
    let (mut ours, others): (Vec<_>, Vec<_>) =
        wallets.into_iter().partition(|wallet| wallet.balance.currency == zero.currency);
    let others = others.into_iter().filter(|wallet| wallet.balance.is_positive()).collect();
    (ours.pop().unwrap_or(Wallet { balance: zero, held: zero }), others)
}

async fn returning(conn: &mut Conn, who: &SignedIn) -> Result<Vec<Returning>, Problem> {
    let texts = who.reader.texts;
    let under_way = payments::refunds_under_way(conn, who.person.account).await?;
    let said = under_way.into_iter().map(|(refund, payment)| {
        let method = method_name(payment.method, texts);
        let amount = texts.money(refund.amount);
        let stuck = refund.state == payments::RefundState::Failed;
        Returning {
            title: texts.tf("wallet-returning", [("amount", &amount), ("method", &method)]),
            text: texts.tf(
                "wallet-returning-since",
                [("day", &texts.day_clock(refund.created_at, &who.reader.zone))],
            ),
            sentence: if stuck {
                texts.t("wallet-returning-stuck")
            } else {
                texts.tf("wallet-returning-at", [("method", &method)])
            },
            stuck,
        }
    });
    Ok(said.collect())
}

fn form(app: &App, who: &SignedIn, balance: Money, typed: &Typed) -> Option<TopUpForm> {
    let texts = who.reader.texts;
    let chosen = typed.method.map_or("", Method::word);
    let methods = methods(app, &who.reader, balance.currency, chosen);
    if methods.is_empty() {
        return None;
    }
    Some(TopUpForm {
        currency: balance.currency.code().to_owned(),
        label: texts.tf("wallet-amount", [("currency", balance.currency.code())]),
        amount: typed.amount.clone(),
        methods,
        // Pressing the button twice is one payment.
        key: typed.key.clone().unwrap_or_else(|| app.env.new_id::<basis::Payment>().to_string()),
    })
}

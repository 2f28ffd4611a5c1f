//! Receipts and credit notes, as they were given. They print.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use basis::{Id, Money, Order, Problem, Timestamp};
use receipts::{Content, Paper, Part, Series, Way};
use texts::{Texts, TimeZone};

use super::checkout::method_name;
use crate::{App, Page, PageProblem, PageResult, Shell, SignedIn, Tab, see_other};

/// Papers in the list.
const LIST_MAX: u32 = 100;

/// The receipts' pages.
pub fn routes() -> Router<App> {
    Router::new().route("/receipts", get(list)).route("/receipts/{number}", get(show))
}

#[derive(Template)]
#[template(path = "pages/receipts/list.html")]
struct ListPage {
    shell: Shell,
    receipts: Vec<Line>,
}

/// A paper in a list.
struct Line {
    path: String,
    number: String,
    item: String,
    /// What it is, and its date.
    kind: String,
    /// Negative if it went back.
    amount: String,
}

async fn list(State(app): State<App>, who: SignedIn) -> PageResult<ListPage> {
    let papers = receipts::of_account(&mut app.db.read().await?, who.person.account, None, LIST_MAX).await?;
    let receipts = papers.iter().map(|paper| line(paper, who.reader.texts)).collect();
    let shell = Shell::new(&app, &who.reader, Tab::Wallet, who.reader.texts.t("receipts-title"));
    Ok(Page(ListPage { shell: shell.back("/wallet").at("/receipts"), receipts }))
}

fn line(paper: &Paper, texts: Texts) -> Line {
    let gross = paper.content.gross;
    let amount = match paper.series() {
        Series::Receipt => gross,
        Series::CreditNote => Money::new(gross.minor.saturating_neg(), gross.currency),
    };
    Line {
        path: format!("/receipts/{}", paper.number),
        number: paper.number.clone(),
        item: paper.content.item(texts.language()).to_owned(),
        kind: format!("{} · {}", title(paper, texts), date(paper, paper.given_at, texts)),
        amount: texts.money(amount),
    }
}

/// A paper's dates are the same for whoever reads it.
fn date(paper: &Paper, at: Timestamp, texts: Texts) -> String {
    texts.date(at, &texts::time_zone(&paper.content.zone).unwrap_or(TimeZone::UTC))
}

fn title(paper: &Paper, texts: Texts) -> String {
    texts.t(match paper.series() {
        Series::Receipt => texts::key("receipts-one"),
        Series::CreditNote => texts::key("receipts-note"),
    })
}

#[derive(Template)]
#[template(path = "pages/receipts/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    title: String,
    number: String,
    content: Content,
    facts: Vec<(String, String)>,
    sums: Vec<(String, String)>,
    total: String,
    ways: Vec<PaidBy>,
    order: String,
    /// Of the same order.
    others: Vec<Line>,
}

/// A way that money came or went: its name, what the provider calls it, and how much.
struct PaidBy {
    name: String,
    reference: String,
    amount: String,
}

async fn show(
    State(app): State<App>,
    who: SignedIn,
    Path(name): Path<String>,
) -> Result<Response, PageProblem> {
    if let Ok(order) = name.parse::<Id<Order>>() {
        return of_order(&app, &who, order).await;
    }
    let mut conn = app.db.read().await?;
    let paper = receipts::of_number(&mut conn, who.person.account, &name).await?;
    let mut others = receipts::of_order(&mut conn, paper.order).await?;
    others.retain(|other| other.number != paper.number);
    Ok(Page(present(&app, &who, paper, &others)).into_response())
}

/// An order leads to its receipt; to the list as long as that is not given yet.
async fn of_order(app: &App, who: &SignedIn, order: Id<Order>) -> Result<Response, PageProblem> {
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, who.person.account, order).await?;
    // What was not paid has no receipt.
    order.paid_at.ok_or_else(Problem::not_found)?;
    let papers = receipts::of_order(&mut conn, order.id).await?;
    let receipt =
        papers.first().map_or_else(|| "/receipts".to_owned(), |paper| format!("/receipts/{}", paper.number));
    Ok(see_other(&receipt))
}

fn present(app: &App, who: &SignedIn, paper: Paper, others: &[Paper]) -> ReceiptPage {
    let texts = who.reader.texts;
    let title = title(&paper, texts);
    let shell = Shell::new(app, &who.reader, Tab::Wallet, format!("{title} {}", paper.number));
    ReceiptPage {
        shell: shell.back("/receipts").at(format!("/receipts/{}", paper.number)),
        title,
        facts: facts(&paper, texts),
        sums: sums(&paper.content, texts),
        total: texts.money(paper.content.gross),
        ways: paper.content.parts.iter().map(|part| way(&paper, part, texts)).collect(),
        order: format!("/orders/{}", paper.order),
        others: others.iter().map(|other| line(other, texts)).collect(),
        number: paper.number,
        content: paper.content,
    }
}

fn facts(paper: &Paper, texts: Texts) -> Vec<(String, String)> {
    let mut facts = vec![
        (texts.t("receipts-given"), date(paper, paper.given_at, texts)),
        (texts.t("receipts-date"), date(paper, paper.content.paid_at, texts)),
        (texts.t("receipts-payer"), paper.content.buyer.clone()),
        (texts.t("receipts-order"), paper.order.number()),
    ];
    if let Some(receipt) = &paper.corrects {
        facts.insert(1, (texts.t("receipts-corrects"), receipt.clone()));
    }
    facts
}

/// What adds up to the total: what was bought without its tax, and the tax.
fn sums(content: &Content, texts: Texts) -> Vec<(String, String)> {
    let mut sums = vec![(content.item(texts.language()).to_owned(), texts.money(content.net))];
    if let Some(tax) = &content.tax {
        let name = tax.names.get(&texts.language()).map_or("", String::as_str);
        let rate = percent(tax.basis_points);
        sums.push((texts.tf("receipts-tax", [("name", name), ("rate", &rate)]), texts.money(tax.amount)));
    }
    sums
}

/// `600` is `6`, `1498` is `14.98`.
fn percent(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn way(paper: &Paper, part: &Part, texts: Texts) -> PaidBy {
    let (name, reference) = match &part.way {
        Way::Wallet => (texts.t("receipts-wallet"), String::new()),
        Way::Provider { method, reference, .. } => {
            let name = method.parse().map_or_else(|_| method.clone(), |method| method_name(method, texts));
            (name, reference.clone())
        }
    };
    let key = match paper.series() {
        Series::Receipt => texts::key("receipts-paid-by"),
        Series::CreditNote => texts::key("receipts-back-to"),
    };
    PaidBy { name: texts.tf(key, [("way", name.as_str())]), reference, amount: texts.money(part.amount) }
}

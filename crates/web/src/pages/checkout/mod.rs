//! The checkout: exactly what will happen, then the money.

mod form;
mod words;

use askama::Template;
use axum::{
    Form, Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use basis::{Currency, Id, Line, Money, Problem};
use catalog::Place;
use futures_util::future::join_all;
use orders::{Intent, Quote, QuoteInput};
use serde::Deserialize;

pub(crate) use self::form::{PayForm, method_name, pay_with, payer_view};
use self::{form::CheckoutForm, words::Agreed};
use super::{payments::pay_url, renewals::checkout_hint};
use crate::{App, Markup, Page, PageProblem, Payer, Reader, Shell, SignedIn, Tab, see_other};

/// The checkout's page.
pub fn routes() -> Router<App> {
    Router::new().route("/checkout", get(show).post(buy))
}

/// What someone came to buy.
#[derive(Debug, Clone, Deserialize)]
struct Wish {
    #[serde(default)]
    plan: String,
    line: Option<String>,
    /// `now` or `after`: a change of plan; `share`: for everyone in the line's pool.
    change: Option<String>,
    /// The order whose bundle is changed.
    old: Option<String>,
}

impl Wish {
    fn intent(&self) -> Result<Intent, Problem> {
        let old = || self.old.as_deref().unwrap_or_default().parse().map_err(|_| Problem::not_found());
        match self.change.as_deref() {
            None | Some("") => Ok(Intent::Buy),
            Some("share") => Ok(Intent::Share),
            Some("now") => Ok(Intent::ChangeNow { old: old()? }),
            Some("after") => Ok(Intent::ChangeAfter { old: old()? }),
            Some(_) => Err(Problem::not_found()),
        }
    }
}

/// One way to pay.
pub(crate) struct Method {
    pub(crate) word: &'static str,
    pub(crate) name: String,
    pub(crate) checked: bool,
}

/// The ways to pay in a currency; the one used before, or else the first, is chosen.
pub(crate) fn methods(app: &App, reader: &Reader, currency: Currency, chosen: &str) -> Vec<Method> {
    let ways = app.desk.providers.ways(currency);
    let known = ways.iter().any(|(method, _)| method.word() == chosen);
    let methods = ways.into_iter().enumerate().map(|(place, (method, _))| Method {
        word: method.word(),
        name: method_name(method, reader.texts),
        checked: if known { method.word() == chosen } else { place == 0 },
    });
    methods.collect()
}

/// The page: what will happen, and how it is paid.
#[derive(Template)]
#[template(path = "pages/checkout/checkout.html")]
struct CheckoutPage {
    shell: Shell,
    mark: Markup,
    title: String,
    line: String,
    /// Who would use it, where that is a choice.
    choice: Option<Choice>,
    facts: Vec<(String, String)>,
    price: String,
    name: String,
    wallet: Option<WalletPart>,
    methods: Vec<Method>,
    form: CheckoutForm,
    held: String,
    /// What ticking "renew by itself" would agree to.
    renew: Option<RenewHint>,
    problem: Option<Problem>,
}

/// Who would use a plan for a line that shares a pool.
struct Choice {
    /// The plan may be shared; if not, the page says so.
    may: bool,
    everyone: bool,
    /// The same checkout, for the line alone and for everyone.
    ways: [String; 2],
}

/// What ticking "renew by itself" agrees to.
struct RenewHint {
    by_method: String,
    /// If the wallet pays all of this order: no method is kept then.
    by_wallet: Option<String>,
}

/// What the wallet could pay.
struct WalletPart {
    available: String,
    part: String,
    rest: String,
    /// It pays all.
    whole: bool,
}

/// For which line: asked when there are several.
#[derive(Template)]
#[template(path = "pages/checkout/which.html")]
struct WhichPage {
    shell: Shell,
    plan: String,
    lines: Vec<Choosable>,
}

/// A line that a plan could be for.
struct Choosable {
    id: Id<Line>,
    name: String,
    /// It takes no plan for now.
    stopped: bool,
}

async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Query(wish): Query<Wish>,
) -> Result<Response, PageProblem> {
    let SignedIn { reader, person } = reader;
    if wish.plan.is_empty() {
        return Ok(see_other("/plans"));
    }
    let lines = cards::lines_of(&mut app.db.read().await?, person.account).await?;
    let line = match (wish.line.as_deref(), lines.as_slice()) {
        (Some(line), _) if !line.is_empty() => line.parse().map_err(|_| Problem::not_found())?,
        (_, []) => return Ok(see_other("/cards/bind")),
        (_, [only]) => only.id,
        (_, several) => return Ok(which(&app, &reader, &wish, several).await.into_response()),
    };
    let form = CheckoutForm::fresh(form::new_key(&app));
    let page = page(&app, &reader, person.account, &wish, line, form, None).await?;
    Ok(Page(page).into_response())
}

async fn which(app: &App, reader: &Reader, wish: &Wish, lines: &[cards::Line]) -> Page<WhichPage> {
    let title = reader.texts.t("orders-which-line");
    let lines = join_all(lines.iter().map(|line| choosable(app, line))).await;
    let shell = Shell::new(app, reader, Tab::Plans, title).back("/plans");
    Page(WhichPage { shell, plan: wish.plan.clone(), lines })
}

async fn choosable(app: &App, line: &cards::Line) -> Choosable {
    let view = app.charging.view(line.pool).await;
    let stopped = view.is_some_and(|view| view.lines.iter().any(|it| it.line == line.id && it.barred));
    Choosable { id: line.id, name: line.name(), stopped }
}

async fn page(
    app: &App,
    reader: &Reader,
    account: Id<basis::Account>,
    wish: &Wish,
    line: Id<Line>,
    form: CheckoutForm,
    problem: Option<Problem>,
) -> Result<CheckoutPage, Problem> {
    let catalogue = catalog::read(&mut app.db.read().await?).await?;
    let currency = catalogue.currency_for(reader.currency);
    let plan = wish.plan.parse().map_err(|_| Problem::not_found())?;
    let input = QuoteInput { line, plan, currency, intent: wish.intent()? };
    let quote = orders::quote(&app.desk, account, &input).await?;
    let shared = pools::shared(&mut app.db.read().await?, quote.line.pool).await?;
    let choice = shared.map(|_| choice(&quote));
    let choice = choice.filter(|_| wish.intent().is_ok_and(|intent| intent.old().is_none()));
    let renewal = renewals::of_line(&mut app.db.read().await?, account, line).await?;
    let plan = renewal.as_ref().and_then(|renewal| catalogue.plan(&renewal.wish.plan));
    let agreed = renewal.as_ref().zip(plan).map(|(renewal, plan)| Agreed { renewal, plan });
    Ok(CheckoutPage { choice, ..present(app, reader, wish, &quote, agreed.as_ref(), form, problem)? })
}

fn choice(quote: &Quote) -> Choice {
    let way = |change| format!("/checkout?plan={}&line={}{change}", quote.plan.id, quote.line.id);
    let (may, everyone) = (quote.plan.terms.shareable, quote.for_everyone);
    Choice { may, everyone, ways: [way(""), way("&change=share")] }
}

fn present(
    app: &App,
    reader: &Reader,
    wish: &Wish,
    quote: &Quote,
    agreed: Option<&Agreed<'_>>,
    form: CheckoutForm,
    problem: Option<Problem>,
) -> Result<CheckoutPage, Problem> {
    let texts = reader.texts;
    let name = quote.plan.name(texts);
    let title = words::title(quote, wish.intent()?, texts);
    let back = format!("/plans/{}?line={}", quote.plan.id, quote.line.id);
    let shell = Shell::new(app, reader, Tab::Plans, texts.t("orders-checkout")).back(back);
    let mark = match &quote.plan.place {
        Place::Country(country) => shell.flag(country),
        _ => shell.icon("globe"),
    };
    let wallet = wallet_part(quote, texts)?;
    Ok(CheckoutPage {
        mark,
        title,
        line: quote.line.name(),
        choice: None,
        facts: words::facts(quote, words::renewal(quote, agreed, texts), reader),
        price: texts.money(quote.price),
        name,
        renew: renewable(quote, agreed).then(|| renew_hint(quote, wallet.as_ref(), texts)),
        wallet,
        methods: methods(app, reader, quote.price.currency, &form.method),
        form: form.about(quote, wish),
        held: texts.tf("orders-held", [("time", texts.duration(quote.held_for_ms))]),
        problem,
        shell,
    })
}

/// A line's own plan can renew by itself, unless it does already; what everyone shares cannot.
fn renewable(quote: &Quote, agreed: Option<&Agreed<'_>>) -> bool {
    !quote.for_everyone && agreed.is_none_or(|agreed| !agreed.stays(quote))
}

fn renew_hint(quote: &Quote, wallet: Option<&WalletPart>, texts: texts::Texts) -> RenewHint {
    let hint = |key| checkout_hint(key, &quote.plan, quote.price, texts);
    let by_wallet = wallet.filter(|wallet| wallet.whole);
    RenewHint {
        by_method: hint(texts::key("renewals-checkout-hint")),
        by_wallet: by_wallet.map(|_| hint(texts::key("renewals-checkout-hint-wallet"))),
    }
}

/// None if the wallet is empty.
fn wallet_part(quote: &Quote, texts: texts::Texts) -> Result<Option<WalletPart>, Problem> {
    let part = quote.wallet.least(quote.price)?;
    if !part.is_positive() {
        return Ok(None);
    }
    let rest = quote.price.minus(part)?;
    Ok(Some(WalletPart {
        available: texts.money(quote.wallet),
        part: texts.money(Money::new(-part.minor, part.currency)),
        rest: texts.money(rest),
        whole: rest.is_zero(),
    }))
}

async fn buy(
    State(app): State<App>,
    reader: SignedIn,
    Payer(payer): Payer,
    Form(form): Form<CheckoutForm>,
) -> Result<Response, PageProblem> {
    let SignedIn { reader, person } = reader;
    let wish = form.wish();
    let placed = match form.read(&app, wish.intent()?) {
        Ok(input) => {
            let plan = catalog::plan(&mut app.db.read().await?, &input.plan).await?;
            let view = payer_view(&app, &reader, &plan.name(reader.texts));
            let (account, key) = (person.account, &form.key);
            match form.ticked(&input, &plan) {
                Some(ticked) => renewals::place(&app.renewals(), account, &input, &view, key, ticked).await,
                None => orders::place(&app.desk, account, &input, &view, key).await,
            }
        }
        Err(problem) => Err(problem),
    };
    match placed {
        Ok(placed) => Ok(go_and_pay(&app, placed, payer).await),
        Err(problem) => {
            let line = form.line.parse().map_err(|_| Problem::not_found())?;
            // What they saw is not what it is any more: show it anew, under a new key.
            let fresh = CheckoutForm {
                method: form.method,
                renew: form.renew,
                ..CheckoutForm::fresh(form::new_key(&app))
            };
            let shown = Some(problem.clone());
            let page = page(&app, &reader, person.account, &wish, line, fresh, shown).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

/// To the provider's page; to the order's own if there is nothing to pay, or the provider does not answer now.
pub(crate) async fn go_and_pay(app: &App, placed: orders::Placed, payer: payments::Payer) -> Response {
    let own = format!("/orders/{}", placed.order);
    let Some(payment) = placed.payment else { return see_other(&own) };
    match payments::begin(&app.db, &app.env, &app.desk.providers, payment, payer).await {
        Ok(pay_at) => see_other(&pay_url(app, payment, pay_at)),
        Err(problem) => {
            tracing::warn!(%problem, %payment, "the pay page did not open");
            see_other(&own)
        }
    }
}

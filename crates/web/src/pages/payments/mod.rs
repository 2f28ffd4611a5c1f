//! A payment by a code: shown here, scanned by the payer's wallet.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use basis::{Id, Problem};
use payments::{PayAt, Payment};
use store::in_tx;

use super::checkout::method_name;
use super::lines::code::modules;
use crate::{App, Page, PageProblem, Reader, Shell, SignedIn, Tab, see_other};

/// The code's page.
pub fn routes() -> Router<App> {
    Router::new().route("/payments/{payment}", get(show)).route("/payments/{payment}/now", get(now))
}

/// The address where the payer goes: the provider's page, or ours that shows the code.
pub(crate) fn pay_url(app: &App, payment: Id<basis::Payment>, pay_at: PayAt) -> String {
    match pay_at {
        PayAt::Page(url) => url,
        PayAt::Code(_) => app.config.absolute(&format!("/payments/{payment}")),
    }
}

/// What the payer scans, or that it is over.
#[derive(Template)]
#[template(path = "pages/payments/code.html", blocks = ["now"])]
struct CodePage {
    shell: Shell,
    path: String,
    amount: String,
    scan: String,
    until: String,
    code: Option<Code>,
    back: String,
}

/// A QR code as an SVG has it.
struct Code {
    path: String,
    side: usize,
}

/// Whoever has paid, or can no longer pay, goes back to what they wanted to pay for.
async fn show(
    State(app): State<App>,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageProblem> {
    let payment = find(&app, &who, &id).await?;
    if payment.is_open() {
        in_tx!(app.db, |tx| { payments::look_soon(tx, &app.env, &payment).await })?;
    }
    let page = page(&app, &who.reader, payment);
    Ok(if page.code.is_some() { Page(page).into_response() } else { see_other(&page.back) })
}

/// The live part alone, for a page that waits.
async fn now(State(app): State<App>, who: SignedIn, Path(id): Path<String>) -> Result<Response, PageProblem> {
    let payment = find(&app, &who, &id).await?;
    Ok(Page(page(&app, &who.reader, payment).as_now()).into_response())
}

async fn find(app: &App, who: &SignedIn, id: &str) -> Result<Payment, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    payments::of_payer(&mut app.db.read().await?, who.person.account, id).await
}

fn page(app: &App, reader: &Reader, payment: Payment) -> CodePage {
    let texts = reader.texts;
    let method = method_name(payment.method, texts);
    let until = texts.clock(payment.expires_at, &reader.zone);
    let payable = payment.is_open() && payment.expires_at > app.env.now();
    CodePage {
        shell: Shell::new(app, reader, Tab::Wallet, texts.t("payments-code-title")).back(&payment.return_url),
        path: format!("/payments/{}", payment.id),
        amount: texts.money(payment.amount),
        scan: texts.tf("payments-code-scan", [("method", &method)]),
        until: texts.tf("payments-code-until", [("time", &until)]),
        code: payment.pay_at.filter(|_| payable).and_then(code),
        back: payment.return_url,
    }
}

fn code(pay_at: PayAt) -> Option<Code> {
    let PayAt::Code(text) = pay_at else { return None };
    modules(&text).map(|(path, side)| Code { path, side })
}

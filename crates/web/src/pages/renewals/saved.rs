//! Saved methods: what providers keep for automatic renewals, and how they are removed.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use basis::{Id, Problem, SavedMethod as SavedKind};
use renewals::{Renewal, State as Standing};
use serde::Deserialize;
use store::in_tx;

use crate::{App, Page, PageProblem, PageResult, Shell, SignedIn, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/renewals/saved.html")]
pub(super) struct SavedPage {
    shell: Shell,
    methods: Vec<Row>,
}

struct Row {
    id: String,
    label: String,
    text: String,
}

#[derive(Deserialize)]
pub(super) struct RemoveForm {
    id: String,
}

pub(super) async fn show(State(app): State<App>, who: SignedIn) -> PageResult<SavedPage> {
    let texts = who.reader.texts;
    let conn = &mut app.db.read().await?;
    let kept = payments::saved_methods(conn, who.person.account).await?;
    let renewals = renewals::of_account(conn, who.person.account).await?;
    let lines = cards::lines_of(conn, who.person.account).await?;
    let rows = kept.into_iter().map(|method| {
        let since =
            texts.tf("renewals-saved-since", [("day", texts.date(method.created_at, &who.reader.zone))]);
        let pays_for = |renewal: &&Renewal| {
            renewal.state == Standing::On && renewal.wish.rest.saved() == Some(method.id)
        };
        let names =
            renewals.iter().filter(pays_for).filter_map(|r| lines.iter().find(|line| line.id == r.wish.line));
        let used = names.map(|line| texts.tf("renewals-saved-used", [("line", line.name())]));
        let text = std::iter::once(since).chain(used).collect::<Vec<_>>().join(" · ");
        Row { id: method.id.to_string(), label: method.label, text }
    });
    let methods = rows.collect();
    let shell = Shell::new(&app, &who.reader, Tab::Wallet, texts.t("renewals-saved-title")).back("/wallet");
    Ok(Page(SavedPage { shell, methods }))
}

pub(super) async fn remove(
    State(app): State<App>,
    who: SignedIn,
    Form(form): Form<RemoveForm>,
) -> Result<Response, PageProblem> {
    let id: Id<SavedKind> = form.id.parse().map_err(|_| Problem::not_found())?;
    let account = who.person.account;
    let removed = in_tx!(app.db, |tx| { payments::remove_saved(tx, &app.env, account, id).await });
    match removed {
        // A second tap finds it removed already: the same page either way.
        Err(problem) if problem.kind != basis::Kind::NotFound => Err(problem.into()),
        _ => Ok(see_other("/wallet/methods")),
    }
}

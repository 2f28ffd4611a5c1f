//! Ways in, as those see them who may let others in.

use accounts::Email;
use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use basis::Problem;
use pools::{NewInvitation, Role};
use serde::Deserialize;

use super::{describe, invitation_id, pool, pool_id};
use crate::{
    App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, pages::lines::code::modules, see_other,
};

#[derive(Deserialize)]
pub(super) struct InviteForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// To be mailed if an address is given, else a link to hand over.
pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<String>,
    Form(form): Form<InviteForm>,
) -> Result<Response, PageProblem> {
    let id = pool_id(&id)?;
    let invited = async {
        let typed = form.email.trim();
        let email = if typed.is_empty() { None } else { Some(typed.parse::<Email>()?) };
        let role = if form.role.is_empty() { Role::Member } else { Role::asked(&form.role)? };
        let new = NewInvitation { role, email };
        pools::invite(&app.desk.pools, &app.guards, &origin, &reader.person.who.account, id, &new).await
    };
    match invited.await {
        Ok(invitation) => Ok(see_other(&format!("/pools/{id}/invitations/{invitation}"))),
        Err(problem) => {
            let page = pool::refused(&app, &reader, id, problem.clone()).await?;
            Err(PageProblem::form(problem, |_| page.typed(form.email)))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/pools/invitation.html")]
pub(super) struct InvitationPage {
    shell: Shell,
    path: String,
    whom: String,
    until: String,
    link: String,
    /// The link as a QR code: the path of an SVG, and the side of its box.
    code: Option<(String, usize)>,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Path((id, invitation)): Path<(String, String)>,
) -> Result<Page<InvitationPage>, PageProblem> {
    let (id, invitation) = (pool_id(&id)?, invitation_id(&invitation)?);
    let conn = &mut app.db.read().await?;
    let open = pools::invitations_of(conn, app.env.now(), reader.person.account, id).await?;
    let open = open.into_iter().find(|open| open.id == invitation).ok_or_else(Problem::not_found)?;
    let texts = reader.reader.texts;
    let token = pools::link_token(&app.secret, invitation);
    let link = app.config.absolute(&format!("/join?token={}", token.reveal()));
    let path = format!("/pools/{id}/invitations/{invitation}");
    let day = texts.day_clock(open.expires_at, &reader.reader.zone);
    let shell = Shell::new(&app, &reader.reader, Tab::Pools, texts.t("pools-invitation-title"));
    Ok(Page(InvitationPage {
        shell: shell.back(format!("/pools/{id}")).at(path.clone()),
        path,
        whom: match &open.email {
            Some(email) => texts.tf("pools-invitation-mailed", [("email", email)]),
            None => texts.t("pools-invitation-hand"),
        },
        until: texts.tf("pools-invitation-until", [("role", describe::role(texts, open.role)), ("day", day)]),
        code: modules(&link),
        link,
    }))
}

pub(super) async fn withdraw(
    State(app): State<App>,
    reader: SignedIn,
    Path((id, invitation)): Path<(String, String)>,
) -> Result<Response, PageProblem> {
    let (id, invitation) = (pool_id(&id)?, invitation_id(&invitation)?);
    pools::withdraw(&app.desk.pools, reader.person.account, id, invitation).await?;
    Ok(see_other(&format!("/pools/{id}")))
}

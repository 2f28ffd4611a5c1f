//! Language, currency, look and time zone.

use accounts::{CURRENCIES, Preferences};
use axum::{Form, extract::State, response::Response};
use basis::{Language, Problem};
use serde::Deserialize;
use store::in_tx;

use crate::{App, Cookie, PageProblem, SignedIn, Theme, cookies, see_other};

/// One thing that can be chosen.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// Everything that can be chosen.
pub(super) struct Display {
    pub(super) languages: Vec<Choice>,
    pub(super) currencies: Vec<Choice>,
    pub(super) themes: Vec<Choice>,
    pub(super) time_zones: Vec<Choice>,
}

impl Display {
    pub(super) fn of(reader: &SignedIn) -> Self {
        let (account, texts) = (&reader.person.who.account, reader.reader.texts);
        let choice =
            |value: &str, label: String, chosen: bool| Choice { value: value.to_owned(), label, chosen };
        let theme = |theme: Theme, label| choice(theme.word(), label, theme == reader.reader.theme);
        Self {
            languages: Language::ALL
                .map(|l| choice(l.tag(), own_name(l).to_owned(), l == account.language))
                .into(),
            currencies: CURRENCIES.map(|c| choice(c.code(), texts.currency(c), c == account.currency)).into(),
            themes: vec![
                theme(Theme::Device, texts.t("settings-theme-device")),
                theme(Theme::Light, texts.t("settings-theme-light")),
                theme(Theme::Dark, texts.t("settings-theme-dark")),
            ],
            time_zones: accounts::time_zones()
                .into_iter()
                .map(|name| Choice { chosen: name == account.time_zone, label: String::new(), value: name })
                .collect(),
        }
    }
}

/// A language's name in itself, which its readers can find.
const fn own_name(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "简体中文",
        Language::En => "English",
    }
}

#[derive(Deserialize)]
pub(super) struct DisplayForm {
    #[serde(default)]
    language: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    time_zone: String,
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<DisplayForm>,
) -> Result<Response, PageProblem> {
    let preferences = match Preferences::read(&form.language, &form.currency, &form.time_zone) {
        Ok(preferences) => preferences,
        Err(problem) => return Err(again(&app, &reader, problem).await?),
    };
    in_tx!(app.db, |tx| { accounts::set_preferences(tx, reader.person.account, &preferences).await })?;
    let cookies = [
        Cookie::preference(cookies::LANGUAGE, preferences.language.tag()),
        Cookie::preference(cookies::CURRENCY, preferences.currency.code()),
        Cookie::preference(cookies::THEME, Theme::read(&form.theme).word()),
    ];
    let mut response = see_other("/settings?done=saved");
    for cookie in cookies {
        response.headers_mut().append(axum::http::header::SET_COOKIE, cookie.header(&app.config));
    }
    Ok(response)
}

async fn again(app: &App, reader: &SignedIn, problem: Problem) -> Result<PageProblem, PageProblem> {
    let mut page = super::page(app, reader, None).await?;
    Ok(PageProblem::form(problem, |problem| {
        page.problem = Some(problem);
        page
    }))
}

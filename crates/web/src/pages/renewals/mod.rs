//! Auto-renew: what it does, when, for how much and from what, turned on and off in one place.

mod saved;
mod words;

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use basis::{Id, Line, Money, Problem};
use catalog::Plan;
use payments::SavedMethod;
use renewals::{Reason, Renewal, Rest, When, Wish};
use serde::Deserialize;

use crate::pages::settings::notifications::{Offer, offer};
use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, see_other};

pub(crate) use self::words::{checkout_hint, state};

/// The routes of auto-renew.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/lines/{line}/renewal", get(show).post(turn_on))
        .route("/lines/{line}/renewal/off", post(turn_off))
        .route("/wallet/methods", get(saved::show))
        .route("/wallet/methods/remove", post(saved::remove))
}

/// Of one line.
#[derive(Template)]
#[template(path = "pages/renewals/renewal.html")]
struct RenewalPage {
    shell: Shell,
    path: String,
    back: String,
    plan: String,
    line: String,
    tone: &'static str,
    state: String,
    /// Why it needs its person.
    reason: Option<String>,
    /// What was agreed, in pairs of a word and a sentence.
    agreed: Option<Vec<(String, String)>>,
    form: Option<AgreeForm>,
    /// An order of its that waits for its person.
    under_way: Option<String>,
    /// Where the same plan is bought once, while it does not renew by itself any more.
    once: Option<String>,
    /// Why there is nothing to agree to, and where that can be mended.
    none: String,
    buy: String,
    /// To hear of it at once, while there is something to hear.
    offer: Option<Offer>,
    problem: Option<Problem>,
}

/// What can be agreed to.
struct AgreeForm {
    plan: String,
    price: Money,
    label: String,
    days: Vec<Choice>,
    /// None of a plan that counts by the day.
    percents: Option<Vec<Choice>>,
    wallet_first: bool,
    rests: Vec<Choice>,
    facts: Vec<(String, String)>,
    /// How a method gets saved, while none is.
    hint: Option<String>,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Agreed {
    plan: String,
    currency: String,
    /// The price that was shown, in minor units.
    price: i64,
    days: u32,
    percent: Option<u32>,
    wallet: Option<String>,
    /// `nothing`, `link`, or a saved method's id.
    rest: String,
}

impl Agreed {
    fn wish(&self, line: Id<Line>) -> Result<Wish, Problem> {
        let rest = match self.rest.as_str() {
            "nothing" => Rest::Nothing,
            "link" => Rest::Link,
            id => Rest::Saved(Some(id.parse().map_err(|_| Problem::not_found())?)),
        };
        Ok(Wish {
            line,
            plan: self.plan.parse().map_err(|_| Problem::not_found())?,
            price: Money::new(self.price, self.currency.parse()?),
            when: When { days_left: self.days, percent_left: self.percent },
            wallet_first: self.wallet.is_some(),
            rest,
        })
    }
}

fn line_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn show(
    State(app): State<App>,
    who: SignedIn,
    Path(line): Path<String>,
) -> Result<Response, PageProblem> {
    Ok(Page(load(&app, &who, line_id(&line)?, None).await?).into_response())
}

async fn turn_on(
    State(app): State<App>,
    who: SignedIn,
    Path(line): Path<String>,
    Form(form): Form<Agreed>,
) -> Result<Response, PageProblem> {
    let id = line_id(&line)?;
    let agreed = match form.wish(id) {
        Ok(wish) => renewals::turn_on(&app.renewals(), who.person.account, wish).await,
        Err(problem) => Err(problem),
    };
    match agreed {
        Ok(_) => Ok(see_other(&format!("/lines/{id}/renewal"))),
        Err(problem) => {
            let page = load(&app, &who, id, Some(problem.clone())).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

async fn turn_off(
    State(app): State<App>,
    who: SignedIn,
    Path(line): Path<String>,
) -> Result<Response, PageProblem> {
    let line = line_id(&line)?;
    renewals::turn_off(&app.renewals(), who.person.account, line).await?;
    Ok(see_other(&format!("/lines/{line}/renewal")))
}

async fn load(
    app: &App,
    who: &SignedIn,
    id: Id<Line>,
    problem: Option<Problem>,
) -> Result<RenewalPage, Problem> {
    let (reader, account) = (&who.reader, who.person.account);
    let texts = reader.texts;
    let conn = &mut app.db.read().await?;
    let line = cards::line(conn, account, id).await?;
    let renewal = renewals::of_line(conn, account, id).await?;
    let waiting = match &renewal {
        Some(renewal) => renewals::waits_for_payment(conn, renewal).await?,
        None => None,
    };
    let kept = payments::saved_methods(conn, account).await?;
    let catalogue = catalog::read(conn).await?;
    let when = renewal.as_ref().map(|renewal| renewal.wish.when);
    let newest = renewals::renewable(&app.renewals(), account, &line, when).await?;
    let plan = newest.as_ref().and_then(|newest| catalogue.plan(&newest.plan));
    let shares = pools::shared(conn, line.pool).await?.is_some();
    let currency = catalogue.currency_for(reader.currency);
    let price = plan.filter(|plan| plan.on_sale).and_then(|plan| plan.price(currency));
    let on = renewal.as_ref().filter(|renewal| renewal.state != renewals::State::NeedsYou);
    let form = plan.zip(price).filter(|_| on.is_none());
    let (back, name) = (format!("/lines/{id}"), line.name());
    let agreed_plan = renewal.as_ref().and_then(|renewal| catalogue.plan(&renewal.wish.plan));
    let shown = agreed_plan.or(plan);
    let shell = Shell::new(app, reader, Tab::Esim, texts.t("renewals-title")).back(back.clone());
    let (tone, state) = words::state(renewal.as_ref(), texts);
    let path = format!("/lines/{id}/renewal");
    let offer = if renewal.is_some() { offer(app, who, &path).await? } else { None };
    Ok(RenewalPage {
        shell,
        path,
        offer,
        back,
        plan: shown.map_or_else(|| name.clone(), |plan| plan.name(texts)),
        agreed: renewal.as_ref().map(|renewal| {
            let due_by = newest.as_ref().and_then(|newest| newest.due_by);
            words::agreed(renewal, agreed_plan, &name, &kept, due_by, reader)
        }),
        form: form.map(|(plan, price)| agree_form(plan, price, &name, renewal.as_ref(), &kept, reader)),
        reason: renewal.as_ref().and_then(|r| r.reason).map(|r| words::reason(r, texts)),
        none: texts.t(if shares { texts::key("renewals-none-shared") } else { texts::key("renewals-none") }),
        under_way: waiting.map(|order| format!("/orders/{order}")),
        once: form.and(renewal.as_ref()).map(|r| format!("/checkout?plan={}&line={id}", r.wish.plan)),
        buy: "/plans".to_owned(),
        line: name,
        tone,
        state,
        problem,
    })
}

/// The choices, with what was agreed before chosen, or else what is usual for the plan.
fn agree_form(
    plan: &Plan,
    price: Money,
    line: &str,
    before: Option<&Renewal>,
    kept: &[SavedMethod],
    reader: &crate::Reader,
) -> AgreeForm {
    let texts = reader.texts;
    let usual = When::usual(&plan.terms);
    let when = before.map_or(usual, |before| before.wish.when);
    let choice = |key, name, value: u32, chosen: bool| Choice {
        value: value.to_string(),
        label: texts.tf(key, [(name, value)]),
        chosen,
    };
    let days = [1, 2, 3, 7]
        .map(|days| choice(texts::key("renewals-choose-days-option"), "days", days, days == when.days_left));
    let percents = usual.percent_left.map(|usual| {
        let chosen = when.percent_left.unwrap_or(usual);
        let option = |percent| {
            choice(texts::key("renewals-choose-percent-option"), "percent", percent, percent == chosen)
        };
        [5, 10, 20].map(option).into()
    });
    AgreeForm {
        plan: plan.id.to_string(),
        price,
        label: texts.tf("renewals-turn-on", [("price", texts.money(price))]),
        days: days.into(),
        percents,
        wallet_first: before.is_none_or(|before| before.wish.wallet_first),
        rests: rests(before, kept, texts),
        facts: words::promise(plan, price, line, texts),
        hint: kept
            .is_empty()
            .then(|| texts.tf("renewals-no-saved", [("title", texts.t("renewals-checkout"))])),
    }
}

/// What the rest can be paid with: kept methods first, but one that a bank refused for good last.
fn rests(before: Option<&Renewal>, kept: &[SavedMethod], texts: texts::Texts) -> Vec<Choice> {
    let agreed = before.map(|before| before.wish.rest);
    let refused = before.filter(|before| before.reason == Some(Reason::Declined));
    let refused = refused.and_then(|before| before.wish.rest.saved());
    let mut kept: Vec<&SavedMethod> = kept.iter().collect();
    let gone: Vec<&SavedMethod> = kept.extract_if(.., |method| refused == Some(method.id)).collect();
    let saved = |method: &SavedMethod| Choice {
        value: method.id.to_string(),
        label: method.label.clone(),
        chosen: refused != Some(method.id) && agreed.and_then(Rest::saved) == Some(method.id),
    };
    let others = [
        (Rest::Link, texts::key("renewals-rest-link")),
        (Rest::Nothing, texts::key("renewals-rest-nothing")),
    ];
    let others = others.map(|(rest, key)| Choice {
        value: rest.word().to_owned(),
        label: texts.t(key),
        chosen: agreed == Some(rest),
    });
    let mut rests: Vec<Choice> = kept.into_iter().map(saved).chain(others).collect();
    if rests.iter().all(|rest| !rest.chosen)
        && let Some(first) = rests.first_mut()
    {
        first.chosen = true;
    }
    rests.extend(gone.into_iter().map(saved));
    rests
}

//! A phone app's way through the API, and its owner's at a provider's pay page.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{LOCATION, REFERER},
    redirect::Policy,
};
use serde_json::{Value, json};

use crate::providers::Way;

const PASSWORD: &str = "a walk along the sea";
/// An answer that takes longer is given up, as a phone would.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Not now: heyon is not ready, or too many of the account's orders wait for their payment to be noticed.
const AGAIN: [StatusCode; 2] = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
/// While nobody answers: how long until the next try.
const PAUSE: Duration = Duration::from_millis(20);
/// How often something is tried while heyon is dead or not ready.
const TRIES_MAX: u32 = 1500;

/// Phones are led to pages and not shown codes; what they are is told by this word.
const AGENT: &str = "proof (Mobile)";

/// One account's app.
#[derive(Debug, Clone)]
pub struct Phone {
    client: Client,
    web: String,
    address: String,
    token: String,
}

/// A line of an account.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// Its pool's id.
    pub pool: String,
}

impl Phone {
    /// Registers the nth account and signs in.
    ///
    /// # Errors
    /// If the shop refuses.
    pub async fn register(web: &str, nth: usize) -> Result<Self> {
        // Where a payer is sent after having paid is not looked at: the shop may be dead, and must not need it.
        let client =
            Client::builder().timeout(ANSWER_TIME_MAX).user_agent(AGENT).redirect(Policy::none()).build()?;
        let address = format!("198.51.100.{}", nth + 1);
        let phone = Self { client, web: web.to_owned(), address, token: String::new() };
        let email = format!("rider-{nth}@example.com");
        let new = json!({ "email": email, "password": PASSWORD, "language": "en", "currency": "USD" });
        phone.call(Method::POST, "/accounts", Some(&new), None).await?;
        let given = json!({ "email": email, "password": PASSWORD, "name": "proof" });
        let signed_in = phone.call(Method::POST, "/tokens", Some(&given), None).await?;
        Ok(Self { token: text(&signed_in, "/token")?, ..phone })
    }

    /// Binds a card.
    ///
    /// # Errors
    /// If the shop refuses.
    pub async fn bind(&self, serial: &str) -> Result<Line> {
        let line = self.call(Method::POST, "/lines", Some(&json!({ "number": serial })), None).await?;
        Ok(Line { id: text(&line, "/id")?, pool: text(&line, "/pool")? })
    }

    /// Places an order and begins its payment; the order's id, and where to pay. `key` makes a repeat harmless, so this
    /// repeats itself until there is an answer.
    ///
    /// # Errors
    /// If the shop refuses.
    pub async fn order(
        &self,
        line: &Line,
        plan: &str,
        way: &Way,
        key: &str,
    ) -> Result<(String, Option<String>)> {
        let Way { method, currency, .. } = way;
        let quote = format!("/quote?line={}&plan={plan}&currency={currency}", line.id);
        let quote = self.call(Method::GET, &quote, None, None).await?;
        let price = quote.pointer("/price").context("no price")?;
        let wish = json!({ "line": line.id, "plan": plan, "price": price, "method": method });
        let placed = self.call(Method::POST, "/orders", Some(&wish), Some(key)).await?;
        let order = text(&placed, "/order")?;
        if let Ok(url) = text(&placed, "/pay_url") {
            return Ok((order, Some(url)));
        }
        let again = json!({ "method": method });
        let path = format!("/orders/{order}/pay");
        let placed = self.call(Method::POST, &path, Some(&again), Some(&format!("{key}-again"))).await?;
        Ok((order, text(&placed, "/pay_url").ok()))
    }

    /// Calls an unpaid order off; false if that is not possible any more.
    ///
    /// # Errors
    /// If nobody answers.
    pub async fn call_off(&self, order: &str) -> Result<bool> {
        let outcome = self.try_call(Method::POST, &format!("/orders/{order}/cancel"), None, None).await?;
        Ok(outcome.is_ok())
    }

    /// An order with its timeline.
    ///
    /// # Errors
    /// If the shop refuses.
    pub async fn story(&self, order: &str) -> Result<Value> {
        self.call(Method::GET, &format!("/orders/{order}"), None, None).await
    }

    /// Goes to where the shop leads, and does on the pay page what `outcome` says.
    ///
    /// # Errors
    /// If the provider refuses.
    pub async fn pay(&self, pay_url: &str, outcome: &str) -> Result<()> {
        let page = self.pay_page(pay_url.parse()?).await?;
        let answer = self.client.post(page).form(&[("result", outcome)]).send().await?;
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            bail!("the provider refuses: {status}: {}", answer.text().await?);
        }
        Ok(())
    }

    /// The page itself, where providers hear of a payment only by the payer who comes, or have a door before it.
    async fn pay_page(&self, mut url: Url) -> Result<Url> {
        while !url.path().starts_with("/pay/") {
            // WeChat Pay wants to know who led the payer there.
            let answer = self.client.get(url.clone()).header(REFERER, &self.web).send().await?;
            let further = answer.headers().get(LOCATION).context("it leads nowhere")?;
            url = url.join(further.to_str()?)?;
        }
        Ok(url)
    }

    /// As [`Phone::try_call`], where the shop must not say no.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Value> {
        let answer = self.try_call(method.clone(), path, body, key).await?;
        answer.map_err(|refusal| anyhow!("{method} {path}: {refusal}"))
    }

    /// Asks until heyon answers: it may be dead just now. Too busy or not ready is asked again, too. What it refuses is
    /// the inner error.
    async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Result<Value, String>> {
        for _ in 0..TRIES_MAX {
            let url = format!("{}/api/v1{path}", self.web);
            let mut request =
                self.client.request(method.clone(), url).header("x-forwarded-for", &self.address);
            if !self.token.is_empty() {
                request = request.bearer_auth(&self.token);
            }
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Ok(answer) = request.send().await {
                let status = answer.status();
                if status.is_success() {
                    // A body that is cut off by a kill is an answer that never came.
                    match answer.bytes().await {
                        Ok(bytes) if bytes.is_empty() => return Ok(Ok(Value::Null)),
                        Ok(bytes) => return Ok(Ok(serde_json::from_slice(&bytes)?)),
                        Err(_) => {}
                    }
                } else if !AGAIN.contains(&status) {
                    return Ok(Err(format!("{status}: {}", answer.text().await.unwrap_or_default())));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{method} {path}: nobody answers")
    }
}

/// A text inside an answer.
///
/// # Errors
/// If it is not there.
pub fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("no {pointer} in {value}"))
}

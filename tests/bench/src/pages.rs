//! Pages as a signed-in person's browser asks for them.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, header, redirect::Policy};

use crate::{
    load::{self, Times},
    machine,
    report::Figures,
    shop::Shop,
};

/// The first person's way in; `proof::client` makes them.
const SIGN_IN: [(&str, &str); 2] = [("email", "rider-0@example.com"), ("password", "a walk along the sea")];
const PAGES: [(&str, &str); 3] = [("home", "/"), ("plans", "/plans"), ("plans of Japan", "/plans/in/jp")];
const PER_SECOND: u32 = 200;
const STEADY: usize = 2000;
const HURRIED: usize = 4000;
const AT_ONCE: usize = 16;
const P99_MS: f64 = 10.0;

/// Measures each page at a steady pace, then as fast as it goes.
///
/// # Errors
/// If a page does not answer well.
pub(crate) async fn measure(shop: &Shop, figures: &mut Figures) -> Result<()> {
    let cookie = sign_in(shop).await?;
    for (name, path) in PAGES {
        let ask = asking(&format!("{}{path}", shop.web()), &cookie)?;
        load::hurry(AT_ONCE, AT_ONCE * 8, ask.clone()).await?;
        let steady = load::steady(PER_SECOND, STEADY, ask.clone()).await?;
        let before = machine::cpu_ms(shop.pid()?)?;
        let (seconds, hurried) = load::hurry(AT_ONCE, HURRIED, ask).await?;
        let cpu_ms = machine::cpu_ms(shop.pid()?)? - before;
        figures.say(&format!("{name}, {PER_SECOND}/s: p50"), format!("{:.1} ms", steady.at(500)));
        figures.at_most(&format!("{name}, {PER_SECOND}/s: p99"), steady.at(990), "ms", P99_MS);
        figures
            .say(&format!("{name}, as fast as it goes, {AT_ONCE} at once"), said(seconds, &hurried, cpu_ms));
    }
    Ok(())
}

fn said(seconds: f64, times: &Times, cpu_ms: u64) -> String {
    let count = load::amount(times.count());
    let micros = load::float(cpu_ms) * 1000.0 / count;
    format!("{:.0}/s, p99 {:.1} ms, {micros:.0} µs of CPU each", count / seconds, times.at(990))
}

async fn sign_in(shop: &Shop) -> Result<String> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    let answer = client.post(format!("{}/sign-in", shop.web())).form(&SIGN_IN).send().await?;
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let session = cookies.filter_map(|text| text.split(';').next()).find(|pair| pair.starts_with("session="));
    session.map(str::to_owned).with_context(|| format!("not signed in: {}", answer.status()))
}

type Asked = futures_util::future::BoxFuture<'static, Result<()>>;

fn asking(url: &str, cookie: &str) -> Result<impl Fn(usize) -> Asked + Clone + Send + Sync + 'static> {
    let client = Client::builder().redirect(Policy::none()).build()?;
    let (url, cookie) = (url.to_owned(), cookie.to_owned());
    Ok(move |_| -> Asked {
        let request = client
            .get(&url)
            .header(header::COOKIE, &cookie)
            .header(header::ACCEPT_LANGUAGE, "zh-CN,en;q=0.5");
        Box::pin(async move {
            let answer = request.send().await?;
            let (status, body) = (answer.status(), answer.bytes().await?);
            ensure!(status.is_success() && body.len() > 1000, "{status} with {} bytes", body.len());
            Ok(())
        })
    })
}

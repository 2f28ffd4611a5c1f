//! Orders by each provider's own protocol, and how much of heyon's time on the processors is RSA.

use anyhow::{Context, Result};
use paysim::{MERCHANT_KEY, PLATFORM};
use proof::providers::WAYS;
use ring::{
    hmac, rand,
    signature::{self, KeyPair, RsaKeyPair, UnparsedPublicKey},
};
use x509_parser::pem::Pem;

use crate::{
    load::{amount, float},
    machine,
    report::Figures,
    shop::{Cost, Shop},
};

/// About as long as what providers sign.
const MESSAGE: [u8; 700] = [b'a'; 700];
const SIGNATURES: &str = "payments_signatures_total";

/// What an operation of heyon's cryptography costs at this moment on this machine, in microseconds on a processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    made: f64,
    checked: f64,
    hmac: f64,
}

impl Prices {
    /// By the library that heyon has, with keys of 2,048 bits as the providers have them.
    ///
    /// # Errors
    /// If a key cannot be read.
    pub(crate) fn measure(figures: &mut Figures) -> Result<Self> {
        let pem = Pem::iter_from_buffer(MERCHANT_KEY.as_bytes()).next().context("no key")??;
        let pair = RsaKeyPair::from_pkcs8(&pem.contents).ok().context("not a key")?;
        let sign = || {
            let mut signed = vec![0; pair.public().modulus_len()];
            let random = rand::SystemRandom::new();
            pair.sign(&signature::RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signed).map(|()| signed)
        };
        let signed = sign().ok().context("nothing signed")?;
        let public =
            UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        let prices = Self {
            made: micros_each(2_000, || sign().is_ok())?,
            checked: micros_each(40_000, || public.verify(&MESSAGE, &signed).is_ok())?,
            hmac: micros_each(400_000, || {
                let key = hmac::Key::new(hmac::HMAC_SHA256, PLATFORM.key.as_bytes());
                !hmac::sign(&key, &MESSAGE).as_ref().is_empty()
            })?,
        };
        let Self { made, checked, hmac } = prices;
        figures.say(
            "a signature of RSA, 2,048 bits: made, checked; HMAC-SHA256",
            format!("{made:.0}, {checked:.1}; {hmac:.1} µs of CPU"),
        );
        Ok(prices)
    }

    /// The share of heyon's time that was RSA, and a line about it.
    fn share(&self, cost: &Cost, orders: usize) -> (f64, String) {
        let each = |kind| float(cost.counted_as(SIGNATURES, "kind", kind)) / amount(orders);
        let (made, checked, hmac) = (each("rsa_made"), each("rsa_checked"), each("hmac"));
        let all = float(cost.cpu_ms) / amount(orders) * 1000.0;
        let share = (made * self.made + checked * self.checked) / all;
        let keyed = 100.0 * hmac * self.hmac / all;
        let said = format!(
            "{:.2} ms of CPU, {:.0} % of it RSA ({made:.1} made, {checked:.1} checked), {keyed:.1} % HMAC ({hmac:.1})",
            all / 1000.0,
            100.0 * share
        );
        (share, said)
    }
}

/// Says what the orders that were paid at all of them in turn cost.
pub(crate) fn mixed(engine: &str, prices: &Prices, cost: &Cost, count: usize, figures: &mut Figures) {
    let (share, said) = prices.share(cost, count);
    figures.ratio(&format!("{engine}, all providers in turn: RSA ÷ CPU of heyon, paid to active"), share);
    figures.say(&format!("{engine}, all providers in turn, for each order"), said);
}

/// Has so many orders placed and paid at one provider after the other, and says how fast that went beside all of them in
/// turn. Nothing else waits for its payment meanwhile, so nobody else is looked at.
///
/// # Errors
/// If an order is not delivered.
pub(crate) async fn measure(
    engine: &str,
    prices: &Prices,
    shop: &mut Shop,
    (count, payers): (usize, usize),
    mixed: f64,
    figures: &mut Figures,
) -> Result<()> {
    for way in &WAYS {
        let before = shop.cost().await?;
        let bills = shop.place(count, way.provider, std::slice::from_ref(way)).await?;
        let placing = shop.cost().await?.since(&before);
        let before = machine::cpu_ms(shop.paysim_pid()?)?;
        let (rate, cost) = shop.pay_at_once(bills, payers).await?;
        let peer = float(machine::cpu_ms(shop.paysim_pid()?)? - before) / amount(count);
        let (share, said) = prices.share(&cost, count);
        let of = |what: &str| format!("{engine}, {}: {what}", way.provider);
        figures.ratio(&of("orders/s ÷ all in turn"), rate / mixed);
        figures.ratio(&of("RSA ÷ CPU of heyon, paid to active"), share);
        figures.say(&of("paid to durable active"), format!("{rate:.1} orders/s"));
        figures.say(&of("for each order that is paid"), said);
        figures.say(&of("for each order that is placed"), prices.share(&placing, count).1);
        figures.say(&of("paysim's own CPU while it is paid"), format!("{peer:.2} ms for each order"));
    }
    Ok(())
}

/// How long one piece of work keeps a processor busy, in microseconds, by this process's own clock.
fn micros_each(times: u32, work: impl Fn() -> bool) -> Result<f64> {
    let pid = std::process::id();
    let before = machine::cpu_ms(pid)?;
    let done = (0..times).filter(|_| work()).count();
    Ok(float(machine::cpu_ms(pid)? - before) * 1000.0 / amount(done))
}

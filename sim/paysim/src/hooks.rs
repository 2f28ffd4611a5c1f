//! Messages to the merchant: signing, sending, and sending again by each provider's true table.

use std::sync::Arc;
use std::time::Duration;

use basis::{HOUR_MS, MINUTE_MS, SECOND_MS};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::books::Delivery;
use crate::service::Service;
use crate::wire::Method;

/// A merchant that has not answered by then has not answered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How many messages are under way at once.
const SENDING_MAX: usize = 64;
/// With a virtual clock nobody wakes us, so we look this often.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long after each failed try the next one is made, as the providers publish it: Stripe by its three days of
/// exponential steps, PayPal 25 times over three days, Alipay 8 times over 25 hours, WeChat Pay its table of 15.
pub fn retry_table_ms(method: Method) -> Vec<i64> {
    const M: i64 = MINUTE_MS;
    const H: i64 = HOUR_MS;
    match method {
        Method::Card => vec![5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 10 * H, 12 * H, 12 * H, 12 * H, 12 * H],
        Method::PayPal => vec![3 * H; 24],
        Method::Alipay => vec![4 * M, 10 * M, 10 * M, H, 2 * H, 6 * H, 15 * H],
        Method::WeChatPay => {
            const S: i64 = SECOND_MS;
            vec![
                15 * S,
                15 * S,
                30 * S,
                3 * M,
                10 * M,
                20 * M,
                30 * M,
                30 * M,
                30 * M,
                H,
                3 * H,
                3 * H,
                3 * H,
                6 * H,
                6 * H,
            ]
        }
    }
}

/// `t=<unix seconds>,v1=<hex>` with one `v1` for every secret, as while they are rolled.
pub fn sign(secrets: &[String], seconds: i64, body: &str) -> String {
    let mut header = format!("t={seconds}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&mac_hex(secret, &format!("{seconds}.{body}")));
    }
    header
}

fn mac_hex(secret: &str, message: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(message.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|n| char::from_digit(n.into(), 16))
        .collect()
}

/// Sends what is due, for ever.
pub(crate) async fn run(service: Arc<Service>) {
    let slots = Arc::new(Semaphore::new(SENDING_MAX));
    loop {
        for delivery in service.take_due(SENDING_MAX).await {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let service = service.clone();
            tokio::spawn(async move {
                send(&service, delivery).await;
                drop(slot);
            });
        }
        wait(&service).await;
    }
}

async fn wait(service: &Service) {
    let now = service.env().now();
    let until_due = service.next_due().map(|due| due.since(now).max(0));
    let nap = match until_due {
        _ if service.is_virtual() => LOOK_EVERY,
        Some(ms) => Duration::from_millis(u64::try_from(ms).unwrap_or(0)),
        None => Duration::from_hours(1),
    };
    tokio::select! {
        () = service.woken() => {}
        () = tokio::time::sleep(nap) => {}
    }
}

async fn send(service: &Service, mut delivery: Delivery) {
    let Some(url) = service.webhook_url() else {
        service.change(|books, _| books.end_delivery(&delivery.id)).await;
        return;
    };
    let seconds = service.env().now().as_ms() / SECOND_MS;
    let forged = ["a secret of someone else".to_owned()];
    let secrets = if delivery.forged { forged.to_vec() } else { service.secrets() };
    let answer = service
        .client()
        .post(url)
        .header("content-type", "application/json")
        .header("paysim-signature", sign(&secrets, seconds, &delivery.body))
        .body(delivery.body.clone())
        .timeout(ANSWER_TIME_MAX)
        .send()
        .await;
    let taken = answer.is_ok_and(|answer| answer.status().is_success());
    delivery.attempts += 1;
    let again = service.retry_after(&delivery).filter(|_| !taken);
    service
        .change(|books, env| match again {
            Some(ms) => books.set_delivery(Delivery { due_at: env.now().plus_ms(ms), ..delivery }),
            None => books.end_delivery(&delivery.id),
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_signs_while_they_are_rolled() {
        let header = sign(&["a".to_owned(), "b".to_owned()], 5, "{}");
        assert_eq!(header.matches(",v1=").count(), 2);
        assert!(header.starts_with("t=5,v1="));
    }

    #[test]
    fn alipay_gives_up_after_25_hours() {
        let hours = retry_table_ms(Method::Alipay).iter().sum::<i64>() / HOUR_MS;
        assert_eq!(hours, 24);
        assert_eq!(retry_table_ms(Method::WeChatPay).len(), 15);
    }
}

//! Messages to the merchant: made and signed by their face, sent, and sent again by its table.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::books::Delivery;
use crate::faces::face;
use crate::service::Service;

/// A merchant that has not answered by then has not answered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How many messages are under way at once.
const SENDING_MAX: usize = 64;
/// With a virtual clock nobody wakes us, so we look this often.
const LOOK_EVERY: Duration = Duration::from_millis(20);

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

/// Sends what is due now and stops.
pub(crate) async fn send_due(service: &Service) {
    loop {
        let due = service.take_due(SENDING_MAX).await;
        if due.is_empty() {
            return;
        }
        for delivery in due {
            send(service, delivery).await;
        }
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
    let Some(answer) = sent(service, &delivery).await else {
        service.change(|books, _| books.end_delivery(&delivery.id)).await;
        return;
    };
    delivery.attempts += 1;
    let again = if answer.taken || delivery.probe { None } else { service.retry_after(&delivery) };
    service
        .change(|books, env| match again {
            Some(ms) => books.set_delivery(Delivery { due_at: env.now().plus_ms(ms), ..delivery }),
            None => books.end_delivery(&delivery.id),
        })
        .await;
}

struct Answered {
    taken: bool,
}

/// `None` if there is nothing to say, or nobody to say it to.
async fn sent(service: &Service, delivery: &Delivery) -> Option<Answered> {
    let payment = &delivery.event.payment;
    let face = face(&payment.face);
    let url = face.notify_url(&delivery.event).or_else(|| service.webhook_url(face.name()))?;
    let keys = service.keys(face.name());
    let keys = if delivery.forged { keys.forged() } else { keys };
    let now = service.env().now();
    let message = if delivery.probe {
        face.probe(&keys, &delivery.event, now)?
    } else {
        face.message(&keys, &delivery.event, now)?
    };
    let mut request = service.client().post(url).body(message.body).timeout(ANSWER_TIME_MAX);
    for (name, value) in message.headers {
        request = request.header(name, value);
    }
    let taken = match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            answer.bytes().await.is_ok_and(|body| face.takes(status, &body))
        }
        Err(_) => false,
    };
    Some(Answered { taken })
}

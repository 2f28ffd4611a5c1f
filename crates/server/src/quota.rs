//! The internal quota port: how the simulated packet gateway (`sim/netsim`) asks for quota and reports use, one
//! credit-control request per `POST /v1/control`, as JSON. Not for the public: it listens on a loopback address.
//!
//! ```json
//! {"gateway":"netsim","session":"s-1","request":"initial","number":0,"imsi":"460…","country":"JP",
//!  "services":[{"group":1,"used":0,"ask":"quota"}]}
//! ```
//! `request` is `initial`, `update` or `terminate`; `used` counts octets since the last report; `ask` is `nothing`,
//! `quota` or `{"up_to":octets}`. The answer is durable before it is given:
//! ```json
//! {"verdict":"accepted","services":[{"group":1,"granted":{"bytes":10000000,"validity_seconds":600,
//!  "threshold_bytes":2000000,"last":false},"refused":null}]}
//! ```
//! 503 means that nothing is known to have happened: ask again with the same number.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result, ensure};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use basis::Country;
use charging::{Answer, Ask, Charging, CreditControl, Quota, Refusal, RequestKind, Service, Verdict};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A credit-control request.
#[derive(Debug, Deserialize)]
struct Control {
    gateway: String,
    session: String,
    request: Kind,
    number: u32,
    imsi: Option<String>,
    country: Option<Country>,
    #[serde(default)]
    services: Vec<AskedService>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Initial,
    Update,
    Terminate,
}

#[derive(Debug, Deserialize)]
struct AskedService {
    group: Option<u32>,
    #[serde(default)]
    used: u64,
    ask: Asked,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Nothing,
    Quota,
    UpTo(u64),
}

/// What a gateway is told.
#[derive(Debug, Serialize)]
struct Told {
    verdict: &'static str,
    services: Vec<ToldService>,
}

#[derive(Debug, Serialize)]
struct ToldService {
    group: Option<u32>,
    granted: Option<Granted>,
    refused: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Granted {
    bytes: u64,
    validity_seconds: u32,
    threshold_bytes: Option<u32>,
    last: bool,
}

/// Answers gateways until `stop`; returns where.
///
/// # Errors
/// If the address is not a loopback address, or is taken.
pub fn serve(address: &str, charging: Charging, mut stop: watch::Receiver<bool>) -> Result<SocketAddr> {
    let address: SocketAddr = address.parse().with_context(|| format!("quota_listen: {address}"))?;
    ensure!(
        address.ip().is_loopback(),
        "quota_listen: whoever reaches it can use up data; use a loopback address"
    );
    let listener = TcpListener::bind(address).with_context(|| format!("quota_listen: {address}"))?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = Router::new().route("/v1/control", post(control)).with_state(charging);
    let ended = async move { drop(stop.wait_for(|stop| *stop).await) };
    tokio::spawn(axum::serve(listener, router).with_graceful_shutdown(ended).into_future());
    Ok(bound)
}

async fn control(
    State(charging): State<Charging>,
    Json(request): Json<Control>,
) -> Result<Json<Told>, (StatusCode, String)> {
    let request = asked(request).map_err(|what| (StatusCode::UNPROCESSABLE_ENTITY, what.to_owned()))?;
    match charging.control(request).await {
        Ok(answer) => Ok(Json(told(&answer))),
        Err(problem) if problem.kind == basis::Kind::Invalid => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, problem.to_string()))
        }
        Err(problem) => Err((StatusCode::SERVICE_UNAVAILABLE, problem.to_string())),
    }
}

fn asked(request: Control) -> Result<CreditControl, &'static str> {
    let imsi =
        request.imsi.map(|digits| digits.parse()).transpose().map_err(|_| "imsi: not up to 15 digits")?;
    let service = |service: &AskedService| Service {
        group: service.group,
        used: service.used,
        ask: match service.ask {
            Asked::Nothing => Ask::Nothing,
            Asked::Quota => Ask::Quota,
            Asked::UpTo(octets) => Ask::UpTo(octets),
        },
    };
    Ok(CreditControl {
        gateway: request.gateway,
        session: request.session,
        kind: match request.request {
            Kind::Initial => RequestKind::Initial,
            Kind::Update => RequestKind::Update,
            Kind::Terminate => RequestKind::Terminate,
        },
        number: request.number,
        imsi,
        msisdn: None,
        country: request.country,
        services: request.services.iter().map(service).collect(),
    })
}

fn told(answer: &Answer) -> Told {
    let verdict = match answer.verdict {
        Verdict::Accepted => "accepted",
        Verdict::Barred => "barred",
        Verdict::Terminated => "terminated",
        Verdict::Stale => "stale",
        Verdict::UnknownSession => "unknown_session",
        Verdict::UnknownLine => "unknown_line",
    };
    let services = answer.services.iter().map(|service| {
        let (granted, refused) = match service.quota {
            Quota::None => (None, None),
            Quota::Refused(why) => (None, Some(refusal(why))),
            Quota::Granted(grant) => {
                let threshold_bytes = grant.threshold_bytes();
                let charging::Grant { bytes, validity_seconds, last } = grant;
                (Some(Granted { bytes, validity_seconds, threshold_bytes, last }), None)
            }
        };
        ToldService { group: service.group, granted, refused }
    });
    Told { verdict, services: services.collect() }
}

const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NotCovered => "not_covered",
        Refusal::UsedUp => "used_up",
        Refusal::CapReached => "cap_reached",
        Refusal::TooManyGroups => "too_many_groups",
        Refusal::Paused => "paused",
    }
}

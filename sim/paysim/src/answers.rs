//! Answers to what changes the books: once for each idempotency key, and as the fault plan says.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use basis::Env;
use serde_json::Value;

use crate::books::{Books, KeptAnswer};
use crate::faults::AnswerPlan;
use crate::service::Service;
use crate::wire::ApiError;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body())).into_response()
    }
}

/// An answer that is only given once it is on the disk.
pub(crate) fn settled<T>((durable, answer): (bool, Result<T, ApiError>)) -> Result<T, ApiError> {
    if durable { answer } else { Err(ApiError::broken(500)) }
}

/// One request that changes something.
pub(crate) struct Call {
    /// Its idempotency key, unlike any other face's.
    pub(crate) key: Option<String>,
    /// What it asks for: the same key with another wish is refused.
    pub(crate) fingerprint: String,
    /// For how long the key is kept.
    pub(crate) kept_ms: i64,
}

/// What the merchant is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// It was answered before.
    pub(crate) repeated: bool,
    /// Its signature is to be wrong on purpose, where the face signs.
    pub(crate) probe: bool,
}

/// For a face that speaks JSON and marks its repeats.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response();
        if self.repeated {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// What the merchant is answered instead.
pub(crate) enum Failure {
    /// In the face's own words.
    Refused(ApiError),
    /// With this status and no words.
    Silent(StatusCode),
    /// With a broken connection.
    Reset,
}

impl Failure {
    /// The answer; what is refused is said in the face's own words.
    pub(crate) fn respond(self, refuse: impl FnOnce(ApiError) -> Response) -> Response {
        match self {
            Self::Refused(error) => refuse(error),
            Self::Silent(status) => status.into_response(),
            Self::Reset => reset(),
        }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Runs a change of what the fault plan knows as `target` (`""`: what is not opened yet); the answer leaves once the change
/// is on the disk. What is refused leaves nothing behind, so its key stays free.
pub(crate) async fn run(
    service: &Service,
    call: Call,
    target: &str,
    change: impl FnOnce(&mut Books, &Env) -> Result<(u16, Value), ApiError>,
) -> Result<Answer, Failure> {
    let (durable, ran) = service.change(|books, env| run_now(books, env, call, target, change)).await;
    if durable { ran } else { Err(Failure::Silent(StatusCode::INTERNAL_SERVER_ERROR)) }
}

fn run_now(
    books: &mut Books,
    env: &Env,
    call: Call,
    target: &str,
    change: impl FnOnce(&mut Books, &Env) -> Result<(u16, Value), ApiError>,
) -> Result<Answer, Failure> {
    if let Some(key) = &call.key
        && let Some(kept) = books.kept(env.now(), key, &call.fingerprint, call.kept_ms)?
    {
        return Ok(Answer { status: kept.status, body: kept.body, repeated: true, probe: false });
    }
    let plan = books.plan(target).answer;
    if plan == AnswerPlan::FailBefore {
        books.spend_answer_fault(target);
        return Err(Failure::Silent(StatusCode::SERVICE_UNAVAILABLE));
    }
    let (status, body) = change(books, env)?;
    let body = body.to_string();
    if let Some(key) = call.key {
        let fingerprint = call.fingerprint;
        books.keep(KeptAnswer { key, fingerprint, status, body: body.clone(), at: env.now() });
    }
    match plan {
        AnswerPlan::LoseAnswer => {
            books.spend_answer_fault(target);
            Err(Failure::Silent(StatusCode::BAD_GATEWAY))
        }
        AnswerPlan::Reset => {
            books.spend_answer_fault(target);
            Err(Failure::Reset)
        }
        AnswerPlan::Probe => {
            books.spend_answer_fault(target);
            Ok(Answer { status, body, repeated: false, probe: true })
        }
        AnswerPlan::Normal | AnswerPlan::FailBefore => {
            Ok(Answer { status, body, repeated: false, probe: false })
        }
    }
}

/// An answer that breaks off before its first byte: the connection is closed under the merchant.
fn reset() -> Response {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(broken)])).into_response()
}

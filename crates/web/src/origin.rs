//! From where a request comes, as the limits count it and the list of sessions shows it.

use std::convert::Infallible;

use accounts::Origin;
use axum::{
    extract::FromRequestParts,
    http::{header, request},
};

use crate::{App, ClientAddress};

/// The client's address and what its browser or app calls itself.
#[derive(Debug, Clone)]
pub struct RequestOrigin(pub Origin);

impl FromRequestParts<App> for RequestOrigin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, Infallible> {
        let address = ClientAddress::from_request_parts(parts, app).await;
        let ip = address.map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |ClientAddress(ip)| ip);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self(Origin { ip, agent: agent.unwrap_or_default().to_owned() }))
    }
}

//! A gateway that waits to hear of more: the time from a top-up to the larger grant that a Re-Auth-Request brings.

use anyhow::{Context, Result, ensure};
use basis::{Clock as _, SystemClock};
use diameter::{
    Answer, Capabilities, Ids, Message, Origin, application, command,
    gy::{Cca, Ccr, PsInformation, RequestType, ServiceRequest, Subscription, SubscriptionKind, Units, Used},
    result,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{load::Times, meter::imsi, running::Running};

const ORIGIN: Origin<'static> = Origin { host: "pgw.bench.example", realm: "epc.bench.example" };
/// What a session reports after a moment: a pace that deserves a large grant.
const FAST: u64 = 900_000;
const LONGEST_MESSAGE: usize = 65_536;

/// One line after the other, `lines` of them.
///
/// # Errors
/// If a line does not get more.
pub(crate) async fn times(running: &mut Running, lines: u32) -> Result<Times> {
    let mut gateway = Gateway::connect(&running.ready.address).await?;
    let clock = SystemClock::start();
    let mut micros = Vec::new();
    for line in 0..lines {
        let (session, imsi) = (format!("bench;1;{line}"), imsi(line));
        let first = gateway.ask(&session, &imsi, RequestType::Initial, 0).await?;
        let began = clock.monotonic_ns();
        running.top_up(line).await?;
        gateway.heed(&session).await?;
        let more = gateway.ask(&session, &imsi, RequestType::Update, 1).await?;
        micros.push((clock.monotonic_ns() - began) / 1000);
        ensure!(more > first, "{first} octets, then {more}");
    }
    Ok(Times::of(micros))
}

struct Gateway {
    stream: TcpStream,
    input: Vec<u8>,
    ids: u32,
}

impl Gateway {
    async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let capabilities = Capabilities {
            origin: ORIGIN,
            addresses: vec![stream.local_addr()?.ip()],
            product_name: "bench",
            auth_applications: vec![application::CREDIT_CONTROL],
            ..Capabilities::default()
        };
        let mut this = Self { stream, input: Vec::new(), ids: 0 };
        let mut out = Vec::new();
        capabilities.write_request(this.ids(), &mut out)?;
        this.stream.write_all(&out).await?;
        this.receive().await?;
        Ok(this)
    }

    const fn ids(&mut self) -> Ids {
        self.ids += 1;
        Ids { hop_by_hop: self.ids, end_to_end: self.ids, retransmitted: false }
    }

    async fn receive(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(length) = diameter::frame_length(&self.input, LONGEST_MESSAGE)?
                && length <= self.input.len()
            {
                let rest = self.input.split_off(length);
                return Ok(std::mem::replace(&mut self.input, rest));
            }
            ensure!(self.stream.read_buf(&mut self.input).await? > 0, "the connection has ended");
        }
    }

    /// Asks for as much as is right; the octets that are granted.
    async fn ask(&mut self, session: &str, imsi: &str, kind: RequestType, number: u32) -> Result<u64> {
        let used = Used { units: Units::octets(FAST), ..Used::default() };
        let service = ServiceRequest {
            requested: Some(Units::default()),
            used: (number > 0).then_some(used).into_iter().collect(),
            rating_group: Some(1),
            ..ServiceRequest::default()
        };
        let ccr = Ccr {
            subscriptions: vec![Subscription { kind: SubscriptionKind::Imsi, data: imsi }],
            services: vec![service],
            ps: PsInformation { sgsn_mcc_mnc: Some("44010"), ..PsInformation::default() },
            ..Ccr::new(session, ORIGIN, "32251@3gpp.org", kind, number)
        };
        let mut out = Vec::new();
        ccr.write(self.ids(), &mut out)?;
        self.stream.write_all(&out).await?;
        let answer = self.receive().await?;
        let cca = Cca::read(&Message::read(&answer)?)?;
        let service = cca.services.first().context("no service")?;
        service
            .grant
            .granted
            .and_then(|units| units.data())
            .with_context(|| format!("nothing granted: {cca:?}"))
    }

    /// Waits for the Re-Auth-Request of a session, and answers it.
    async fn heed(&mut self, session: &str) -> Result<()> {
        let asked = self.receive().await?;
        let message = Message::read(&asked)?;
        ensure!(message.header().command == command::RE_AUTH, "{message:?}");
        ensure!(diameter::gy::ReAuth::read(&message)?.session_id == session, "another session");
        let mut out = Vec::new();
        Answer::to(&message).write(&mut out, result::LIMITED_SUCCESS, ORIGIN, |_| {})?;
        Ok(self.stream.write_all(&out).await?)
    }
}

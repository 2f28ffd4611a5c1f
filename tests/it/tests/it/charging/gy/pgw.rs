//! A packet gateway as a test drives it: our codec, a socket, and nothing that waits by itself.

use std::{net::SocketAddr, time::Duration};

use diameter::{
    Answer, Capabilities, Ids, Message, Origin, Writer, command,
    gy::{
        Cca, Ccr, FinalUnitAction, PsInformation, RequestType, ServiceRequest, Subscription,
        SubscriptionKind, Units, Used,
    },
    key,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

pub(super) const REALM: &str = "epc.example";
/// Nothing here takes as long, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to heyon, by TCP or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection of a gateway.
pub(super) struct Pgw {
    pub(super) name: &'static str,
    pub(super) stream: Box<dyn Stream>,
    input: Vec<u8>,
    ids: u32,
}

/// What a request says beyond its session and number.
#[derive(Default)]
pub(super) struct Says<'a> {
    pub(super) imsi: Option<&'a str>,
    pub(super) used: Option<u64>,
    /// Requested-Service-Unit; 0 is an empty one.
    pub(super) asks: Option<u64>,
    /// The visited network; by default one in Japan.
    pub(super) network: Option<&'a str>,
    pub(super) again: bool,
    pub(super) state_id: Option<u32>,
}

impl Pgw {
    /// A connection on which nothing was said.
    pub(super) async fn connect(address: SocketAddr, name: &'static str) -> Self {
        let stream = Self::dial(address).await;
        Self::over(Box::new(stream), name)
    }

    pub(super) async fn dial(address: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        // A slow reader is then felt at once.
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(super) fn over(stream: Box<dyn Stream>, name: &'static str) -> Self {
        Self { name, stream, input: Vec::new(), ids: 0 }
    }

    /// A connection on which requests may flow.
    pub(super) async fn open(address: SocketAddr, name: &'static str) -> Self {
        let mut pgw = Self::connect(address, name).await;
        assert_eq!(pgw.hello(&[4], None).await, 2001);
        pgw
    }

    /// Says who it is; the Result-Code of the answer.
    pub(super) async fn hello(&mut self, applications: &[u32], origin_state_id: Option<u32>) -> u32 {
        let mut out = Vec::new();
        let capabilities = Capabilities {
            origin: self.origin(),
            addresses: vec!["127.0.0.1".parse().unwrap()],
            product_name: "a test",
            origin_state_id,
            auth_applications: applications.to_vec(),
            ..Capabilities::default()
        };
        capabilities.write_request(self.ids(), &mut out).unwrap();
        self.send(&out).await;
        result_code(&self.receive().await.unwrap())
    }

    pub(super) fn origin(&self) -> Origin<'static> {
        Origin { host: self.name, realm: REALM }
    }

    pub(super) fn ids(&mut self) -> Ids {
        self.ids += 1;
        Ids { hop_by_hop: self.ids, end_to_end: self.ids, retransmitted: false }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next whole message; `None` when the connection has ended.
    pub(super) async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(length) = diameter::frame_length(&self.input, 1 << 20).unwrap()
                && self.input.len() >= length
            {
                let rest = self.input.split_off(length);
                return Some(std::mem::replace(&mut self.input, rest));
            }
            match timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await.expect("nothing came") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message, if one comes soon.
    pub(super) async fn receive_soon(&mut self) -> Option<Vec<u8>> {
        timeout(Duration::from_millis(300), self.receive()).await.ok().flatten()
    }

    /// A Credit-Control-Request for rating group 1, in Japan.
    pub(super) fn ccr(&mut self, session: &str, kind: RequestType, number: u32, says: &Says<'_>) -> Vec<u8> {
        let used = says.used.map(|octets| Used { units: Units::octets(octets), ..Used::default() });
        let requested = says.asks.map(|octets| match octets {
            0 => Units::default(),
            octets => Units::octets(octets),
        });
        let service = ServiceRequest {
            requested,
            used: used.into_iter().collect(),
            rating_group: Some(1),
            ..ServiceRequest::default()
        };
        let imsi = says.imsi.map(|data| Subscription { kind: SubscriptionKind::Imsi, data });
        let ccr = Ccr {
            destination_realm: Some("heyon.example"),
            origin_state_id: says.state_id,
            subscriptions: imsi.into_iter().collect(),
            services: vec![service],
            ps: PsInformation { sgsn_mcc_mnc: says.network.or(Some("44010")), ..PsInformation::default() },
            ..Ccr::new(session, self.origin(), "32251@3gpp.org", kind, number)
        };
        let mut out = Vec::new();
        ccr.write(Ids { retransmitted: says.again, ..self.ids() }, &mut out).unwrap();
        out
    }

    /// Sends a Credit-Control-Request and waits for its answer: Result-Code, that of the service, octets granted.
    pub(super) async fn ask(
        &mut self,
        session: &str,
        kind: RequestType,
        number: u32,
        says: Says<'_>,
    ) -> Told {
        let request = self.ccr(session, kind, number, &says);
        self.send(&request).await;
        told(&self.receive().await.unwrap())
    }

    /// Answers a request of heyon's.
    pub(super) async fn answer(&mut self, request: &[u8], result_code: u32) {
        let (mut out, request) = (Vec::new(), Message::read(request).unwrap());
        Answer::to(&request).write(&mut out, result_code, self.origin(), |_| {}).unwrap();
        self.send(&out).await;
    }

    /// A request of this command and application, with whatever else.
    pub(super) fn odd(
        &mut self,
        command: u32,
        application: u32,
        rest: impl FnOnce(&mut Writer<'_>),
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let header = self.ids().header(command, application);
        let mut writer = Writer::new(&mut out, &header);
        writer
            .text(key::SESSION_ID, "odd;1;1")
            .text(key::ORIGIN_HOST, self.name)
            .text(key::ORIGIN_REALM, REALM);
        rest(&mut writer);
        writer.finish().unwrap();
        out
    }
}

/// The first service's answer in short: Result-Code, octets granted, Validity-Time, and what comes behind them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) result: Option<u32>,
    pub(super) granted: Option<u64>,
    pub(super) validity: Option<u32>,
    pub(super) behind: Option<String>,
}

impl Heard {
    pub(super) fn of(answer: &[u8]) -> Self {
        let message = Message::read(answer).unwrap();
        let cca = Cca::read(&message).unwrap();
        assert_eq!(cca.result_code, 2001, "{message:?}");
        let service = cca.services.first().unwrap();
        let behind = service.grant.final_unit.as_ref().map(|last| match last.action {
            FinalUnitAction::Terminate => "the end".to_owned(),
            FinalUnitAction::Redirect => last.redirect.unwrap().address.to_owned(),
            FinalUnitAction::RestrictAccess => format!("filter {}", last.filter_ids.join(" ")),
        });
        assert!(behind.is_none() || service.volume_threshold.is_none(), "never both");
        Self {
            result: service.result_code,
            granted: service.grant.granted.and_then(|units| units.total_octets),
            validity: service.grant.validity,
            behind,
        }
    }
}

/// Result-Code, that of the first service, octets granted.
pub(super) type Told = (u32, Option<u32>, Option<u64>);

pub(super) fn told(answer: &[u8]) -> Told {
    let message = Message::read(answer).unwrap();
    assert_eq!(message.header().command, command::CREDIT_CONTROL, "{message:?}");
    let cca = Cca::read(&message).unwrap();
    let service = cca.services.first();
    let granted = service.and_then(|service| service.grant.granted?.total_octets);
    (cca.result_code, service.and_then(|service| service.result_code), granted)
}

pub(super) fn result_code(answer: &[u8]) -> u32 {
    Message::read(answer).unwrap().require(key::RESULT_CODE).unwrap().u32().unwrap()
}

pub(super) fn command_of(message: &[u8]) -> (u32, bool) {
    let message = Message::read(message).unwrap();
    (message.header().command, message.header().is_request())
}

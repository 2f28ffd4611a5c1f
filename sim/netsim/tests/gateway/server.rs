//! A charging server of a few lines: it counts octets out of one purse, remembers its answers, and hears everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use diameter::gy::{
    Abort, Cca, Ccr, FinalUnit, Grant, ReAuth, ReportingReason, RequestType, ServiceAnswer, Units,
};
use diameter::{
    Answer, Capabilities, Flags, Ids, Message, Origin, Outcome, Watchdog, application, command, frame_length,
    result,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, tcp::OwnedReadHalf};
use tokio::sync::mpsc;

/// To a connection's writer; `None` ends it.
type Writer = mpsc::UnboundedSender<Option<Vec<u8>>>;

pub(crate) const ME: Origin<'_> = Origin { host: "ocs.test", realm: "test" };

/// How it grants, and what it does wrong.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// So many octets in all.
    pub(crate) left: u64,
    /// So many at once.
    pub(crate) at_once: u64,
    pub(crate) threshold: Option<u32>,
    pub(crate) validity: Option<u32>,
    pub(crate) holding: Option<u32>,
    /// Comes with the last grant.
    pub(crate) last: Option<FinalUnit<'static>>,
    /// Every so-manieth request is taken, and then the connection ends without the answer.
    pub(crate) hang_up_every: Option<usize>,
    /// So many requests are taken and never answered.
    pub(crate) silent_about: usize,
    /// Every so-manieth request is answered with 3004, and not taken.
    pub(crate) busy_every: Option<usize>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) session: String,
    pub(crate) kind: RequestType,
    pub(crate) number: u32,
    pub(crate) asks: bool,
    pub(crate) units: Option<Units>,
    pub(crate) reason: Option<ReportingReason>,
    pub(crate) cause: Option<u32>,
    pub(crate) names: Vec<String>,
    pub(crate) network: Option<String>,
    pub(crate) state_id: Option<u32>,
    pub(crate) end_to_end: u32,
    pub(crate) again: bool,
    /// The connection, from 1.
    pub(crate) connection: usize,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) rules: Rules,
    pub(crate) heard: Vec<Heard>,
    /// Octets reported in different requests.
    pub(crate) reported: u64,
    pub(crate) connections: usize,
    /// Command and Result-Code of answers to what it asked; DPR and DWR that came, with 0.
    pub(crate) told: Vec<(u32, u32)>,
    answers: HashMap<(String, u32), ServiceAnswer<'static>>,
    writers: HashMap<String, Writer>,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Self { address, state: Arc::new(Mutex::new(State { rules, ..State::default() })) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        server
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, so: impl Fn(&State) -> bool) {
        for _ in 0..2000 {
            if so(&self.state()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it never came: {:#?}", self.state().heard);
    }

    /// Sends RAR or ASR for the session that was heard last.
    pub(crate) fn push(&self, command: u32) {
        let state = self.state();
        let session = state.heard.last().unwrap().session.clone();
        let (id, host) = (session.as_str(), session.split(';').next().unwrap());
        let (realm, mut out) = ("netsim.example", Vec::new());
        let ids = Ids { hop_by_hop: 77, end_to_end: 77, retransmitted: false };
        if command == command::RE_AUTH {
            let push = ReAuth {
                session_id: id,
                origin: ME,
                destination_realm: realm,
                destination_host: host,
                rating_group: None,
                service_identifier: None,
            };
            push.write(ids, &mut out).unwrap();
        } else {
            let push = Abort { session_id: id, origin: ME, destination_realm: realm, destination_host: host };
            push.write(ids, &mut out).unwrap();
        }
        state.writers[&session].send(Some(out)).unwrap();
    }

    /// Asks a connection whether it lives.
    pub(crate) fn ask_alive(&self) {
        let mut out = Vec::new();
        let ids = Ids { hop_by_hop: 78, end_to_end: 78, retransmitted: false };
        Watchdog { origin: ME, origin_state_id: None }.write_request(ids, &mut out).unwrap();
        self.state().writers.values().next().unwrap().send(Some(out)).unwrap();
    }

    async fn serve(self, stream: TcpStream) {
        let connection = {
            let mut state = self.state();
            state.connections += 1;
            state.connections
        };
        let (mut reader, mut writer) = stream.into_split();
        let (sender, mut outgoing) = mpsc::unbounded_channel::<Option<Vec<u8>>>();
        tokio::spawn(async move {
            while let Some(Some(bytes)) = outgoing.recv().await {
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
        let mut buffer = Vec::new();
        while let Some(bytes) = next(&mut reader, &mut buffer).await {
            let message = Message::read(&bytes).unwrap();
            match self.answer(&message, connection, &sender) {
                Some(out) => sender.send(Some(out)).unwrap_or_default(),
                None => break,
            }
        }
        sender.send(None).unwrap_or_default();
    }

    /// What to send; `None` to hang up.
    fn answer(&self, message: &Message<'_>, connection: usize, writer: &Writer) -> Option<Vec<u8>> {
        let (header, answer, mut out) = (*message.header(), Answer::to(message), Vec::new());
        if !header.is_request() {
            let code = Outcome::read(message).unwrap().result_code;
            self.state().told.push((header.command, code));
            return Some(out);
        }
        match header.command {
            command::CAPABILITIES_EXCHANGE => {
                assert!(Capabilities::read(message).unwrap().serves(application::CREDIT_CONTROL));
                let me = Capabilities {
                    origin: ME,
                    addresses: vec!["127.0.0.1".parse().unwrap()],
                    product_name: "test",
                    auth_applications: vec![application::CREDIT_CONTROL],
                    ..Capabilities::default()
                };
                me.write_answer(&answer, result::SUCCESS, &mut out).unwrap();
            }
            command::CREDIT_CONTROL => return self.credit_control(message, connection, writer),
            other => {
                self.state().told.push((other, 0));
                answer.write(&mut out, result::SUCCESS, ME, |_| ()).unwrap();
            }
        }
        Some(out)
    }
}

impl Server {
    fn credit_control(&self, message: &Message<'_>, connection: usize, writer: &Writer) -> Option<Vec<u8>> {
        let (ccr, mut out) = (Ccr::read(message).unwrap(), Vec::new());
        let mut state = self.state();
        let heard = heard(message, &ccr, connection);
        state.writers.insert(heard.session.clone(), writer.clone());
        let (kind, number) = (heard.kind, heard.number);
        let key = (heard.session.clone(), number);
        state.heard.push(heard);
        let nth = state.heard.len();
        let is = |every: Option<usize>| every.is_some_and(|every| nth.is_multiple_of(every));
        if is(state.rules.busy_every) {
            Answer::to(message).write(&mut out, result::TOO_BUSY, ME, |_| ()).unwrap();
            return Some(out);
        }
        let service = match state.answers.get(&key) {
            Some(answer) => answer.clone(),
            None => state.take(&ccr),
        };
        state.answers.insert(key, service.clone());
        if is(state.rules.hang_up_every) {
            return None;
        }
        if nth <= state.rules.silent_about {
            return Some(out);
        }
        let cca = Cca { services: vec![service], ..Cca::new(result::SUCCESS, ME, kind, number) };
        cca.write(&Answer::to(message), &mut out).unwrap();
        Some(out)
    }
}

impl State {
    fn take(&mut self, ccr: &Ccr<'_>) -> ServiceAnswer<'static> {
        let service = &ccr.services[0];
        self.reported += service.data_used().unwrap_or(0);
        let answer = |code| ServiceAnswer {
            rating_group: Some(1),
            result_code: Some(code),
            ..ServiceAnswer::default()
        };
        if service.requested.is_none() {
            return answer(result::SUCCESS);
        }
        let octets = self.rules.left.min(self.rules.at_once);
        if octets == 0 {
            return answer(result::CREDIT_LIMIT_REACHED);
        }
        self.rules.left -= octets;
        let final_unit = self.rules.last.clone().filter(|_| self.rules.left == 0);
        let volume_threshold = self.rules.threshold.filter(|_| final_unit.is_none());
        let granted = Some(Units::octets(octets));
        let grant = Grant { granted, validity: self.rules.validity, final_unit };
        ServiceAnswer { grant, holding_time: self.rules.holding, volume_threshold, ..answer(result::SUCCESS) }
    }
}

fn heard(message: &Message<'_>, ccr: &Ccr<'_>, connection: usize) -> Heard {
    assert!(ccr.is_packet_switched());
    assert_eq!(ccr.destination_realm, Some(ME.realm));
    let service = &ccr.services[0];
    let used = service.used.first();
    Heard {
        session: ccr.session_id.to_owned(),
        kind: ccr.request_type,
        number: ccr.request_number,
        asks: service.requested.is_some(),
        units: used.map(|used| used.units),
        reason: used.and_then(|used| used.reason).or(service.reason),
        cause: ccr.termination_cause,
        names: ccr.subscriptions.iter().map(|name| name.data.to_owned()).collect(),
        network: ccr.ps.visited().map(|network| network.to_string()),
        state_id: ccr.origin_state_id,
        end_to_end: message.header().end_to_end,
        again: message.header().flags.has(Flags::RETRANSMITTED),
        connection,
    }
}

/// The next whole message.
async fn next(reader: &mut OwnedReadHalf, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = frame_length(buffer, 65_536).unwrap().filter(|length| *length <= buffer.len()) {
            return Some(buffer.drain(..length).collect());
        }
        if reader.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

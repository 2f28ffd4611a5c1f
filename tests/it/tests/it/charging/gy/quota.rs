//! What comes when there is no more, over a socket: the page, a slower service, the end; and when there is more again.

use basis::{Beyond, DAY_MS};
use diameter::{Message, gy::RequestType};

use super::{pgw::Heard, *};

const PAGE: &str = "https://heyon.example/plans";

/// A gateway with one session of line 1.
struct Roamer {
    pgw: Pgw,
    session: &'static str,
    number: u32,
    network: Option<&'static str>,
}

impl Roamer {
    async fn at(face: &Face, gateway: &'static str, session: &'static str) -> Self {
        Self { pgw: Pgw::open(face.address, gateway).await, session, number: 0, network: None }
    }

    /// Reports, and asks for as much as is right.
    async fn ask(&mut self, used: u64) -> Heard {
        let kind = if self.number == 0 { RequestType::Initial } else { RequestType::Update };
        let (imsi, used) = (imsi(1), (self.number > 0).then_some(used));
        let says = Says { imsi: Some(&imsi), used, asks: Some(0), network: self.network, ..Says::default() };
        let request = self.pgw.ccr(self.session, kind, self.number, &says);
        self.number += 1;
        self.pgw.send(&request).await;
        Heard::of(&self.pgw.receive().await.unwrap())
    }

    /// Uses everything up to the last grant, which stays unused.
    async fn use_all_but_the_last(&mut self) -> Heard {
        let mut heard = self.ask(0).await;
        while heard.behind.is_none() {
            heard = self.ask(heard.granted.unwrap()).await;
        }
        heard
    }

    /// Heyon asks for a report, and hears that one will come.
    async fn is_asked_to_report(&mut self) {
        let asked = self.pgw.receive().await.unwrap();
        let message = Message::read(&asked).unwrap();
        assert_eq!(diameter::gy::ReAuth::read(&message).unwrap().session_id, self.session);
        self.pgw.answer(&asked, 2002).await;
    }
}

fn heard(granted: Option<u64>, validity: u32, behind: Option<&str>) -> Heard {
    Heard { result: Some(2001), granted, validity: Some(validity), behind: behind.map(str::to_owned) }
}

/// How long before the end of the first 24 hours.
const LATE_MS: i64 = 5 * basis::MINUTE_MS;

const REFUSED: Heard = Heard { result: Some(4012), granted: None, validity: None, behind: None };

async fn sell(charging: &Charging, n: u128, terms: Terms) {
    charging.credit(Credit { terms, ..credit(n, 0) }).await.unwrap();
}

fn unlimited(then: Beyond) -> Terms {
    let fair_use_bytes_per_day = DataVolume::megabytes(3);
    let allowance = Allowance::Unlimited { fair_use_bytes_per_day, then };
    Terms { allowance, days: 2, start: StartRule::AtPurchase, renewal: RenewalRule::Follow, ..terms(0) }
}

/// An engine with line 1 and nothing else.
async fn bare() -> (World, Charging, Face) {
    let world = worlds().await.into_iter().find(World::sqlite).unwrap();
    let charging = world.open().await;
    charging.open_pool(pool(1), identity(1)).await.unwrap();
    let face = Face::open(&charging, &world.env, |_| {}).await;
    (world, charging, face)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_plan_is_led_to_the_page_and_goes_on_when_one_is_bought() {
    let (_world, charging, face) = bare().await;
    let mut roamer = Roamer::at(&face, "pgw.example", "q;1;1").await;
    assert_eq!(roamer.ask(0).await, heard(None, 600, Some(PAGE)));
    let mut other = Roamer::at(&face, "open5gs.example", "q;1;2").await;
    assert_eq!(other.ask(0).await, REFUSED, "it can lead nobody anywhere");
    charging.credit(credit(1, 100)).await.unwrap();
    roamer.is_asked_to_report().await;
    assert_eq!(roamer.ask(0).await, heard(Some(10 * MB), 600, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_heed_us_is_not_asked_and_looks_again_soon() {
    let (_world, charging, face) = bare().await;
    let mut roamer = Roamer::at(&face, "deaf.example", "q;2;1").await;
    assert_eq!(roamer.ask(0).await, heard(None, 60, Some(PAGE)));
    charging.credit(credit(1, 100)).await.unwrap();
    assert_eq!(roamer.pgw.receive_soon().await, None);
    assert_eq!(roamer.ask(0).await.granted, Some(10 * MB), "a minute later");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_fair_use_a_plan_goes_on_slower_until_the_next_24_hours() {
    let (world, charging, face) = bare().await;
    sell(&charging, 1, unlimited(Beyond::Slower)).await;
    world.clock.advance_ms(DAY_MS - LATE_MS);
    let mut roamer = Roamer::at(&face, "able.example", "q;3;1").await;
    let last = roamer.use_all_but_the_last().await;
    assert_eq!(last, heard(last.granted, 60, Some("filter slow-1m")));
    let slow = heard(None, 300, Some("filter slow-1m"));
    assert_eq!(roamer.ask(last.granted.unwrap()).await, slow);
    assert_eq!(roamer.ask(5 * MB).await, slow, "what it uses slowly is counted and not limited");
    assert_eq!(used(&charging).await, 8 * MB);
    let mut other = Roamer::at(&face, "open5gs.example", "q;3;2").await;
    assert_eq!(other.ask(0).await, REFUSED, "it has no filter");

    world.clock.advance_ms(LATE_MS);
    charging.tick().await.unwrap();
    roamer.is_asked_to_report().await;
    let fast = roamer.ask(MB).await;
    assert_eq!((fast.result, fast.behind), (Some(2001), None), "at full speed");
    assert!(fast.granted.unwrap() >= MB);
    world.clock.advance_ms(-DAY_MS);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_fair_use_another_plan_stops_until_the_next_24_hours() {
    let (world, charging, face) = bare().await;
    sell(&charging, 1, unlimited(Beyond::Stops)).await;
    world.clock.advance_ms(DAY_MS - LATE_MS);
    let mut roamer = Roamer::at(&face, "able.example", "q;4;1").await;
    let last = roamer.use_all_but_the_last().await;
    assert_eq!(last.behind.as_deref(), Some(PAGE));
    assert_eq!(roamer.ask(last.granted.unwrap()).await, heard(None, 600, Some(PAGE)));
    world.clock.advance_ms(LATE_MS);
    charging.tick().await.unwrap();
    roamer.is_asked_to_report().await;
    assert_eq!(roamer.ask(0).await.granted, Some(1_500_000), "half of the new day's");
    world.clock.advance_ms(-DAY_MS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_behind_another_and_every_plan_ends() {
    let (world, charging, face) = bare().await;
    let queued =
        |days| Terms { days, renewal: RenewalRule::Follow, start: StartRule::AtPurchase, ..terms(50) };
    sell(&charging, 1, queued(1)).await;
    sell(&charging, 2, queued(2)).await;
    let mut roamer = Roamer::at(&face, "pgw.example", "q;5;1").await;
    assert_eq!(roamer.ask(0).await.granted, Some(10 * MB));
    roamer.ask(4 * MB).await;
    let bundles = async || charging.view(pool(1)).await.unwrap().bundles;
    let spent: Vec<_> = bundles().await.iter().map(|bundle| bundle.used.octets()).collect();
    assert_eq!(spent, [4 * MB, 0], "one after the other");

    world.clock.advance_ms(DAY_MS);
    charging.tick().await.unwrap();
    let second = &bundles().await[1];
    assert_eq!(second.started_at, Some(START.plus_ms(DAY_MS)), "the moment the first had ended");
    assert!(roamer.ask(0).await.granted.is_some());
    world.clock.advance_ms(2 * DAY_MS);
    assert_eq!(roamer.ask(0).await, heard(None, 600, Some(PAGE)), "no days left");
    world.clock.advance_ms(-3 * DAY_MS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_good_where_it_is_good() {
    let (_world, charging, face) = bare().await;
    charging.credit(credit(1, 100)).await.unwrap();
    let mut roamer = Roamer::at(&face, "pgw.example", "q;6;1").await;
    assert_eq!(roamer.ask(0).await.granted, Some(10 * MB));
    roamer.network = Some("45005");
    assert_eq!(roamer.ask(MB).await, heard(None, 600, Some(PAGE)), "not in Korea");
    assert_eq!((used(&charging).await, reserved(&charging).await), (MB, 0));
    let korea = Terms { coverage: ["KR"].iter().map(|code| code.parse().unwrap()).collect(), ..terms(200) };
    sell(&charging, 2, korea).await;
    roamer.is_asked_to_report().await;
    assert_eq!(roamer.ask(0).await.granted, Some(10 * MB));
    roamer.network = None;
    assert!(roamer.ask(2 * MB).await.granted.is_some(), "back in Japan");
    let left: Vec<_> =
        charging.view(pool(1)).await.unwrap().bundles.iter().map(|bundle| bundle.used.octets()).collect();
    assert_eq!(left, [MB, 2 * MB]);
}

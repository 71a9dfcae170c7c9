//! The schedule: orders at a fixed rate for a while, by a crowd of customers, some of whom have bad cards, want what is
//! sold out, or change their minds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{Rng as _, seq::IndexedRandom as _};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::{
    report::{Recorder, Report},
    shopper::{self, Card, Order, Shopper},
};

const VISA: Card = Card {
    token: "tok_visa",
    provider: "stripe",
    good: true,
};
const CARDS: [(u32, Card); 4] = [
    (75, VISA),
    (
        15,
        Card {
            provider: "paypal",
            ..VISA
        },
    ),
    (
        6,
        Card {
            token: "tok_chargeDeclined",
            provider: "stripe",
            good: false,
        },
    ),
    (
        4,
        Card {
            token: "tok_insufficientFunds",
            provider: "stripe",
            good: false,
        },
    ),
];
/// One order in so many is for something that is nearly sold out.
const SCARCE_ONE_IN: u32 = 33;
/// One paid order in so many is cancelled by its customer.
const CANCEL_ONE_IN: u32 = 25;
/// Of two arrivals one looks around before it orders.
const BROWSE_ONE_IN: u32 = 2;
/// Arrivals under way at once before new ones are dropped (and counted as errors): twenty seconds' worth of the usual
/// rate means that the shop is lost, and more would only measure the queue.
const IN_FLIGHT_MAX: usize = 1_000;
/// Registrations at once. Hashing a password is the most expensive thing in the shop, on purpose.
const ARRIVALS_AT_ONCE: usize = 4;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Base URL of the gateway.
    pub gateway: String,
    /// Customers who register before the clock starts.
    pub customers: usize,
    /// Orders a second.
    pub orders_per_second: u32,
    /// For how long.
    pub duration: Duration,
    /// Products with plenty of stock.
    pub plentiful: Vec<Uuid>,
    /// Products that sell out.
    pub scarce: Vec<Uuid>,
}

/// Where a run stands, for a progress line.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// So many customers have registered.
    Arrived(usize),
    /// Time gone, orders settled, errors.
    Ordering {
        /// Since the first order.
        elapsed: Duration,
        /// Orders settled.
        orders: u64,
        /// Requests that went wrong.
        errors: u64,
    },
}

/// Runs the plan.
///
/// # Errors
/// The customers cannot even register.
pub async fn run(plan: &Plan, progress: impl Fn(Progress)) -> anyhow::Result<Report> {
    let http = shopper::client()?;
    let recorder = Arc::new(Recorder::default());
    let crowd = gather(plan, &http, &recorder, &progress).await?;
    recorder.start_clock();
    let started = Instant::now();
    let mut ticks = interval(Duration::from_secs(1) / plan.orders_per_second);
    // A late tick is made up for: the schedule does not bend to the shop.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut visits = JoinSet::new();
    let mut next_line = Duration::ZERO;
    while started.elapsed() < plan.duration {
        let intended = ticks.tick().await.into_std();
        let elapsed = started.elapsed();
        if elapsed >= next_line {
            let (orders, errors) = recorder.so_far();
            progress(Progress::Ordering {
                elapsed,
                orders,
                errors,
            });
            next_line += Duration::from_secs(1);
        }
        let Ok(permit) = in_flight.clone().try_acquire_owned() else {
            recorder.request(
                "POST /orders",
                IN_FLIGHT_WAIT,
                Some("dropped: too many".to_owned()),
            );
            continue;
        };
        let visit = Visit::draw(plan, &crowd, intended);
        let recorder = recorder.clone();
        visits.spawn(async move {
            visit.make(&recorder).await;
            drop(permit);
        });
        while visits.try_join_next().is_some() {}
    }
    while visits.join_next().await.is_some() {}
    Ok(recorder.report())
}

/// What a dropped arrival counts as: longer than any client would have waited.
const IN_FLIGHT_WAIT: Duration = Duration::from_secs(10);

async fn gather(
    plan: &Plan,
    http: &reqwest::Client,
    recorder: &Arc<Recorder>,
    progress: &impl Fn(Progress),
) -> anyhow::Result<Vec<Shopper>> {
    let turns = Arc::new(Semaphore::new(ARRIVALS_AT_ONCE));
    let mut arriving = JoinSet::new();
    for _ in 0..plan.customers {
        let (http, gateway) = (http.clone(), plan.gateway.clone());
        let (recorder, turns) = (recorder.clone(), turns.clone());
        arriving.spawn(async move {
            let _turn = turns.acquire().await?;
            Shopper::arrive(&http, &gateway, recorder).await
        });
    }
    let mut crowd = Vec::with_capacity(plan.customers);
    while let Some(arrived) = arriving.join_next().await {
        crowd.push(arrived??);
        progress(Progress::Arrived(crowd.len()));
    }
    Ok(crowd)
}

/// One arrival: who, what, how paid.
struct Visit {
    shopper: Shopper,
    product: Uuid,
    scarce: bool,
    card: Card,
    browse: Option<u32>,
    change_mind: bool,
    intended: Instant,
}

impl Visit {
    fn draw(plan: &Plan, crowd: &[Shopper], intended: Instant) -> Self {
        let mut rng = rand::rng();
        let scarce = rng.random_ratio(1, SCARCE_ONE_IN) && !plan.scarce.is_empty();
        let shelf = if scarce {
            &plan.scarce
        } else {
            &plan.plentiful
        };
        let card = CARDS.choose_weighted(&mut rng, |(weight, _)| *weight);
        Self {
            shopper: crowd
                .choose(&mut rng)
                .expect("a plan has customers")
                .clone(),
            product: *shelf.choose(&mut rng).expect("a plan has products"),
            scarce,
            card: card.expect("weights are positive").1,
            browse: rng
                .random_ratio(1, BROWSE_ONE_IN)
                .then(|| rng.random_range(1..=40)),
            change_mind: rng.random_ratio(1, CANCEL_ONE_IN),
            intended,
        }
    }

    async fn make(self, recorder: &Recorder) {
        if let Some(page) = self.browse
            && self.shopper.browse(page).await.is_err()
        {
            return;
        }
        // Who browsed first meant to order when done browsing.
        let intended = if self.browse.is_some() {
            Instant::now()
        } else {
            self.intended
        };
        let Ok(order) = self.shopper.order(self.product, self.card, intended).await else {
            return;
        };
        if !self.expects(&order) {
            let what = format!("unexpected outcome {:?}", order.outcome());
            recorder.request("POST /orders", Duration::ZERO, Some(what));
        }
        let order = if order.status == "paid" && self.change_mind {
            self.shopper.cancel(order.id).await
        } else {
            self.shopper.look(order.id).await
        };
        if let Ok(order) = order {
            recorder.order(order.outcome());
        }
    }

    /// Whether the shop did what this card and this shelf allow.
    fn expects(&self, order: &Order) -> bool {
        match (order.status.as_str(), order.reason.as_deref()) {
            ("paid", _) => self.card.good,
            ("cancelled", Some("payment_declined")) => !self.card.good,
            ("cancelled", Some("out_of_stock")) => self.scarce,
            _ => false,
        }
    }
}

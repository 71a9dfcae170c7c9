//! The same seed asks for the same things.

use std::time::Duration;

use loadtest::{dice::Seed, ground::Shelves, profile::Profile, run::Ready};
use tokio::sync::watch;
use uuid::Uuid;

use crate::shop::{Asked, Shop};

const OPEN: &str = "
description: Buyers and browsers at a rate.
model: open
rate: 60
duration: 1s
think_time: 0
scenarios: { buyer: { weight: 2 }, browser: { weight: 1 } }
";

const CLOSED: &str = "
description: The same as users; they are sent home when they have asked enough.
model: closed
users: 4
duration: 60s
think_time: 0.002
scenarios: { buyer: { weight: 1 }, browser: { weight: 1 } }
";

/// Users of the closed model, and the choices of each that are compared; how many more they make is up to the machine.
const USERS: usize = 4;
const FIRST: usize = 6;

/// Runs a profile to its end, or until enough was asked.
async fn asked(profile: &str, seed: u64, enough: impl Fn(&Asked) -> bool) -> Asked {
    let shop = Shop::open().await;
    let mut profile = Profile::parse("seeded", profile).unwrap();
    profile.seed = Some(Seed(seed));
    let shelves = Shelves {
        plentiful: (0..50).map(Uuid::from_u128).collect(),
        scarce: (50..55).map(Uuid::from_u128).collect(),
        administrator: None,
    };
    let ready = Ready::prepare(&shop.gateway, shelves, &profile, None, |_| {});
    let ready = ready.await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let watching = async {
        while !enough(&shop.asked()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send_replace(true);
        std::future::pending().await
    };
    let finished = tokio::select! {
        finished = ready.run(&profile, stopped, |_| {}) => finished.unwrap(),
        () = watching => unreachable!("it waits for ever"),
    };
    assert_eq!(finished.seed, Seed(seed));
    shop.asked()
}

/// Everything, whoever asked and whenever. Visits run side by side, so their order is the machine's.
async fn at_a_rate(seed: u64) -> Vec<String> {
    let all = asked(OPEN, seed, |_| false).await.into_values();
    let mut all: Vec<String> = all.flatten().collect();
    all.sort();
    all
}

/// What each user asked first, in their order. Accounts are named anew in each run, so users are known by what they ask.
async fn as_users(seed: u64) -> Vec<Vec<String>> {
    let enough =
        |asked: &Asked| asked.len() == USERS && asked.values().all(|one| one.len() >= FIRST);
    let users = asked(CLOSED, seed, enough).await.into_values();
    let mut first: Vec<Vec<String>> = users
        .map(|mut asked| {
            asked.truncate(FIRST);
            asked
        })
        .collect();
    first.sort();
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_at_a_rate_want_the_same_when_the_seed_is_the_same() {
    let first = at_a_rate(7).await;
    assert!(
        first.iter().any(|one| one.starts_with("order")),
        "{first:?}"
    );
    assert_eq!(first, at_a_rate(7).await);
    assert_ne!(first, at_a_rate(8).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_want_the_same_in_the_same_order_when_the_seed_is_the_same() {
    let first = as_users(7).await;
    assert_eq!(first, as_users(7).await);
    assert_ne!(first, as_users(8).await);
}

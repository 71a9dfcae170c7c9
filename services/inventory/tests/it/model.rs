//! Random histories on real PostgreSQL, checked after each step against a model written as plainly as possible: maps and
//! integers, nothing of the service's own arithmetic.

mod plain;
mod real;

use std::time::Duration;

use chassis::{db::Db, events::Outbox, metrics::Metrics, testing};
use inventory::{commands::Commands, metrics::StockMetrics};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};

use self::{plain::Model, real::Real};
use crate::support::assert_books_balance;

const PRODUCTS: usize = 3;
const ORDERS: usize = 4;

/// Products and orders are indexes, so that a counter-example reads well.
#[derive(Clone, Debug)]
enum Op {
    Restock(usize, i64),
    Import(usize, i64),
    Reserve(usize, Vec<(usize, i64)>),
    Commit(usize),
    Release(usize),
    /// The order's time is up, and the sweep comes by.
    Expire(usize),
}

/// What the caller is told, without the details.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Done,
    Reserved,
    Before,
    Short(Vec<(usize, i64)>),
    Closed,
    Differs,
    Unknown,
    Status(&'static str),
    /// Never expected.
    Failed(String),
}

fn op() -> impl Strategy<Value = Op> {
    let line = (0..PRODUCTS, 1_i64..6);
    let order = 0..ORDERS;
    prop_oneof![
        2 => (0..PRODUCTS, 1_i64..10).prop_map(|(p, q)| Op::Restock(p, q)),
        1 => (0..PRODUCTS, 0_i64..10).prop_map(|(p, q)| Op::Import(p, q)),
        5 => (order.clone(), prop::collection::vec(line, 1..5)).prop_map(|(o, l)| Op::Reserve(o, l)),
        2 => order.clone().prop_map(Op::Commit),
        2 => order.clone().prop_map(Op::Release),
        1 => order.prop_map(Op::Expire),
    ]
}

async fn check(pool: &Db, commands: &Commands, history: &[Op]) -> Result<(), TestCaseError> {
    let real = Real::new(pool, commands);
    let mut model = Model::default();
    for (step, op) in history.iter().enumerate() {
        let told = (real.apply(op).await, model.apply(op));
        prop_assert_eq!(told.0, told.1, "told at step {}: {:?}", step, op);
        prop_assert_eq!(
            &real.stock().await,
            &model.stock,
            "stock at step {}: {:?}",
            step,
            op
        );
        let statuses = (real.statuses().await, model.statuses());
        prop_assert_eq!(
            statuses.0,
            statuses.1,
            "statuses at step {}: {:?}",
            step,
            op
        );
    }
    Ok(())
}

#[test]
fn random_histories_leave_postgresql_and_the_model_with_the_same_books() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let db = runtime.block_on(testing::database(&inventory::store::MIGRATOR));
    let metrics = StockMetrics::register(&Metrics::new("inventory"));
    let hold = Duration::from_secs(3600);
    let commands = Commands::new(db.pool.clone(), Outbox::default(), metrics, hold);
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = prop::collection::vec(op(), 1..40);
    let outcome = TestRunner::new(config).run(&histories, |history| {
        runtime.block_on(check(&db.pool, &commands, &history))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    runtime.block_on(assert_books_balance(&db.pool));
}

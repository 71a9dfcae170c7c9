//! The invariants, each a pure function of the books.

mod events;
mod history;

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    books::{Books, LedgerSum, Order, Payment, Reservation},
    report::{Check, CounterExample},
};

/// Every check, in the order in which a person would look.
pub fn all(books: &Books) -> Vec<Check> {
    let mut checks = vec![
        sagas_terminal(books),
        payments_match_orders(books),
        ledger_matches_payments(books),
        one_capture_an_order(books),
        ledger_sums_to_zero(books),
        stock_adds_up(books),
        stock_matches_reservations(books),
        sold_matches_orders(books),
        no_orphaned_reservation(books),
        events::read_model_matches_events(books),
        events::outbox_published(books),
        events::events_applied(books),
    ];
    if let Some(history) = &books.history {
        checks.extend(history::all(books, history));
    }
    checks
}

/// Whether an order's money and goods are with the right side for good.
fn is_kept(order: &Order) -> bool {
    matches!(order.status.as_str(), "paid" | "shipped" | "delivered")
}

fn payments(books: &Books) -> HashMap<Uuid, &Payment> {
    books
        .payments
        .iter()
        .map(|payment| (payment.order_id, payment))
        .collect()
}

fn sagas_terminal(books: &Books) -> Check {
    let open = books.orders.iter().filter_map(|order| {
        let expected = match order.status.as_str() {
            "paid" | "shipped" | "delivered" => "completed",
            "cancelled" => "compensated",
            _ => "an end",
        };
        let saga = order.saga.as_deref().unwrap_or("missing");
        (saga != expected)
            .then(|| CounterExample::new(order.id, format!("order {}, saga {saga}", order.status)))
    });
    let detail = format!(
        "{} sagas have ended as their orders say",
        books.orders.len()
    );
    Check::new("sagas_terminal", detail, open.collect()).settling()
}

fn payments_match_orders(books: &Books) -> Check {
    let payments = payments(books);
    let none = Payment::default();
    let mut wrong: Vec<_> = books
        .orders
        .iter()
        .filter_map(|order| {
            let payment = payments.get(&order.id).copied().unwrap_or(&none);
            let net = payment.captured - payment.refunded;
            let due = if is_kept(order) {
                order.total - order.refunded
            } else {
                0
            };
            (net != due).then(|| {
                let status = &order.status;
                CounterExample::new(
                    order.id,
                    format!("{status}: due {due}, payment keeps {net}"),
                )
            })
        })
        .collect();
    let known: HashSet<Uuid> = books.orders.iter().map(|order| order.id).collect();
    wrong.extend(
        books
            .payments
            .iter()
            .filter(|payment| !known.contains(&payment.order_id))
            .filter(|payment| payment.captured != payment.refunded)
            .map(|payment| {
                CounterExample::new(payment.order_id, "money kept for an unknown order")
            }),
    );
    let kept: i64 = books
        .payments
        .iter()
        .map(|payment| payment.captured - payment.refunded)
        .sum();
    let detail =
        format!("captured - refunded = {kept} is what the paid orders cost, order by order");
    Check::new("payments_match_orders", detail, wrong).settling()
}

fn ledger_matches_payments(books: &Books) -> Check {
    let payments = payments(books);
    let ledger: HashMap<&str, &LedgerSum> = books
        .ledger
        .iter()
        .map(|sum| (sum.order_id.as_str(), sum))
        .collect();
    let mut wrong = Vec::new();
    for payment in &books.payments {
        let id = payment.order_id.to_string();
        let there = ledger
            .get(id.as_str())
            .map_or((0, 0), |sum| (sum.captured, sum.refunded));
        let here = (payment.captured, payment.refunded);
        if here != there {
            let what = format!("payment captured, refunded {here:?}; provider {there:?}");
            wrong.push(CounterExample::new(id, what));
        }
    }
    wrong.extend(
        books
            .ledger
            .iter()
            .filter(|sum| {
                !sum.order_id
                    .parse()
                    .is_ok_and(|id: Uuid| payments.contains_key(&id))
            })
            .map(|sum| {
                CounterExample::new(
                    &sum.order_id,
                    "the provider moved money for no payment of ours",
                )
            }),
    );
    let captured: i64 = books.ledger.iter().map(|sum| sum.captured).sum();
    let refunded: i64 = books.ledger.iter().map(|sum| sum.refunded).sum();
    let detail = format!("the provider's ledger (captured {captured}, refunded {refunded}) agrees");
    Check::new("ledger_matches_payments", detail, wrong).settling()
}

fn one_capture_an_order(books: &Books) -> Check {
    let twice = books
        .ledger
        .iter()
        .filter(|sum| !sum.order_id.is_empty() && sum.captures > 1)
        .map(|sum| CounterExample::new(&sum.order_id, format!("captured {} times", sum.captures)));
    let captures: i64 = books.ledger.iter().map(|sum| sum.captures).sum();
    let detail = format!("{captures} captures, at most one an order");
    Check::new("one_capture_an_order", detail, twice.collect())
}

fn ledger_sums_to_zero(books: &Books) -> Check {
    let off = books.ledger_imbalance;
    let wrong = (off != 0).then(|| CounterExample::new("ledger", format!("off by {off}")));
    let detail = "debits and credits of the provider's ledger cancel out";
    Check::new("ledger_sums_to_zero", detail, wrong.into_iter().collect())
}

fn stock_adds_up(books: &Books) -> Check {
    let wrong = books.stock.iter().filter_map(|stock| {
        let sum = stock.available + stock.reserved + stock.sold;
        let negative = [stock.available, stock.reserved, stock.sold]
            .into_iter()
            .any(|n| n < 0);
        (sum != stock.received || negative).then(|| {
            CounterExample::new(
                stock.product_id,
                format!(
                    "received {}, available {}, reserved {}, sold {}",
                    stock.received, stock.available, stock.reserved, stock.sold
                ),
            )
        })
    });
    let detail = format!(
        "received = available + reserved + sold for {} products",
        books.stock.len()
    );
    Check::new("stock_adds_up", detail, wrong.collect())
}

fn stock_matches_reservations(books: &Books) -> Check {
    let wrong = books.stock.iter().filter_map(|stock| {
        let counted = (stock.reserved, stock.sold);
        let summed = (stock.held_items, stock.committed_items);
        (counted != summed).then(|| {
            let what = format!("(reserved, sold) {counted:?}, reservations say {summed:?}");
            CounterExample::new(stock.product_id, what)
        })
    });
    let detail = "reserved and sold are the sums of held and committed reservations";
    Check::new("stock_matches_reservations", detail, wrong.collect())
}

fn sold_matches_orders(books: &Books) -> Check {
    let committed: HashMap<Uuid, i64> = books
        .reservations
        .iter()
        .filter(|reservation| reservation.status == "committed")
        .map(|reservation| (reservation.order_id, reservation.units))
        .collect();
    let kept: HashSet<Uuid> = books
        .orders
        .iter()
        .filter(|order| is_kept(order))
        .map(|order| order.id)
        .collect();
    let unsold = kept.iter().filter_map(|id| {
        let ordered = books.ordered_units.get(id).copied().unwrap_or(0);
        let sold = committed.get(id).copied().unwrap_or(0);
        (ordered != sold)
            .then(|| CounterExample::new(id, format!("paid for {ordered} units, {sold} are sold")))
    });
    let unpaid = committed
        .keys()
        .filter(|id| !kept.contains(id))
        .map(|id| CounterExample::new(id, "stock is sold to an order that is not paid"));
    let units: i64 = committed.values().sum();
    let detail = format!(
        "the {units} units sold are those of the {} paid orders",
        kept.len()
    );
    Check::new(
        "sold_matches_orders",
        detail,
        unsold.chain(unpaid).collect(),
    )
    .settling()
}

fn no_orphaned_reservation(books: &Books) -> Check {
    let pending: HashSet<Uuid> = books
        .orders
        .iter()
        .filter(|order| order.status == "pending")
        .map(|order| order.id)
        .collect();
    let held = |reservation: &&Reservation| reservation.status == "held";
    let orphans = books
        .reservations
        .iter()
        .filter(held)
        .filter(|reservation| !pending.contains(&reservation.order_id))
        .map(|reservation| {
            CounterExample::new(
                reservation.order_id,
                "stock is held, and no order waits for it",
            )
        });
    let detail = "every held reservation belongs to an order under way";
    Check::new("no_orphaned_reservation", detail, orphans.collect()).settling()
}

#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod tests;

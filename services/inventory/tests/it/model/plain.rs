//! The model: maps and integers, nothing of the service's own arithmetic.

use std::collections::BTreeMap;

use super::{Op, Told};

type Wanted = BTreeMap<usize, i64>;

#[derive(Debug, Default)]
pub(super) struct Model {
    /// `[received, available, reserved, sold]`
    pub(super) stock: BTreeMap<usize, [i64; 4]>,
    orders: BTreeMap<usize, (&'static str, Wanted)>,
}

impl Model {
    pub(super) fn apply(&mut self, op: &Op) -> Told {
        match op {
            Op::Restock(product, quantity) => {
                let level = self.stock.entry(*product).or_default();
                level[0] += quantity;
                level[1] += quantity;
                Told::Done
            }
            Op::Import(product, quantity) => {
                self.stock
                    .entry(*product)
                    .or_insert([*quantity, *quantity, 0, 0]);
                Told::Done
            }
            Op::Reserve(order, lines) => self.reserve(*order, lines),
            Op::Commit(order) => match self.orders.get(order).map(|(status, _)| *status) {
                None => Told::Unknown,
                Some("held") => self.settle(*order, "committed", 2, 3),
                Some("committed") => Told::Status("committed"),
                Some(_) => Told::Closed,
            },
            Op::Release(order) => match self.orders.get(order).map(|(status, _)| *status) {
                None => {
                    self.orders.insert(*order, ("released", Wanted::new()));
                    Told::Status("released")
                }
                Some("held") => self.settle(*order, "released", 2, 1),
                Some("committed") => self.settle(*order, "released", 3, 1),
                Some(over) => Told::Status(over),
            },
            Op::Expire(order) => {
                if self
                    .orders
                    .get(order)
                    .is_some_and(|(status, _)| *status == "held")
                {
                    self.settle(*order, "expired", 2, 1);
                }
                Told::Done
            }
        }
    }

    pub(super) fn statuses(&self) -> BTreeMap<usize, String> {
        self.orders
            .iter()
            .map(|(order, (status, _))| (*order, (*status).to_owned()))
            .collect()
    }

    fn reserve(&mut self, order: usize, lines: &[(usize, i64)]) -> Told {
        let mut wanted = Wanted::new();
        for (product, quantity) in lines {
            *wanted.entry(*product).or_default() += quantity;
        }
        match self.orders.get(&order) {
            Some(("held" | "committed", before)) if *before == wanted => return Told::Before,
            Some(("held", _)) => return Told::Differs,
            Some(_) => return Told::Closed,
            None => {}
        }
        let available = |product| self.stock.get(product).map_or(0, |level| level[1]);
        let short: Vec<_> = wanted
            .iter()
            .filter(|(product, quantity)| available(product) < **quantity)
            .map(|(product, _)| (*product, available(product)))
            .collect();
        if !short.is_empty() {
            return Told::Short(short);
        }
        self.orders.insert(order, ("available", wanted));
        self.settle(order, "held", 1, 2);
        Told::Reserved
    }

    /// Moves the units of an order from one column to another.
    fn settle(&mut self, order: usize, to: &'static str, source: usize, target: usize) -> Told {
        let (status, wanted) = self.orders.get_mut(&order).unwrap();
        *status = to;
        for (product, quantity) in wanted {
            let level = self.stock.get_mut(product).unwrap();
            level[source] -= *quantity;
            level[target] += *quantity;
        }
        Told::Status(to)
    }
}

//! What the load is played on: the shop's door, what it sells, who may restock, and the customers who have an account.

use std::sync::{Arc, Mutex};

use rand::{Rng as _, rngs::SmallRng, seq::IndexedRandom as _};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use crate::{account::Account, door::Door};

/// Registrations at once. Hashing a password is the most expensive thing in the shop, on purpose.
const ARRIVALS_AT_ONCE: usize = 4;
/// One order in so many is for something that is nearly sold out.
const SCARCE_ONE_IN: u32 = 33;
/// Orders of others that an attacker may have heard of.
const FOREIGN_MAX: usize = 64;

/// What the shop sells, and who runs it.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    /// Products with plenty of stock.
    pub plentiful: Vec<Uuid>,
    /// Products that sell out.
    pub scarce: Vec<Uuid>,
    /// Address and password of who may restock; none where we do not run the shop.
    pub administrator: Option<(String, String)>,
}

/// Everything that visits share.
#[derive(Debug)]
pub struct Ground {
    shelves: Shelves,
    crowd: Vec<Arc<Account>>,
    /// Logs in when first needed.
    administrator: Option<Arc<Account>>,
    /// Orders that were made lately, with their owners.
    orders: Mutex<Vec<(String, Uuid)>>,
}

/// What somebody wants to buy.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The product.
    pub product: Uuid,
    /// Whether the shop may answer that it is sold out.
    pub may_be_sold_out: bool,
}

impl Ground {
    /// Lets `customers` register and log in. `progress` hears how many have.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub async fn prepare(
        door: &Door,
        shelves: Shelves,
        customers: usize,
        progress: impl Fn(usize),
    ) -> anyhow::Result<Self> {
        let turns = Arc::new(Semaphore::new(ARRIVALS_AT_ONCE));
        let mut arriving = JoinSet::new();
        for _ in 0..customers {
            let (door, turns) = (door.clone(), turns.clone());
            arriving.spawn(async move {
                let _turn = turns.acquire().await.expect("nobody closes it");
                Account::open(&door).await
            });
        }
        let mut crowd = Vec::with_capacity(customers);
        while let Some(arrived) = arriving.join_next().await {
            crowd.push(Arc::new(arrived??));
            progress(crowd.len());
        }
        let administrator = match &shelves.administrator {
            Some((email, password)) => {
                Some(Arc::new(Account::log_in(door, email, password).await?))
            }
            None => None,
        };
        Ok(Self {
            shelves,
            crowd,
            administrator,
            orders: Mutex::default(),
        })
    }

    /// A few products that everybody wants instead of the whole catalogue.
    #[must_use]
    pub fn with_hot_products(mut self, count: Option<usize>) -> Self {
        if let Some(count) = count {
            self.shelves.plentiful.truncate(count);
            // In a flash sale everything may be sold out.
            self.shelves.scarce.clone_from(&self.shelves.plentiful);
        }
        self
    }

    /// The customer with this number, counted round.
    pub fn customer(&self, number: usize) -> Arc<Account> {
        self.crowd[number % self.crowd.len()].clone()
    }

    /// Who restocks.
    pub fn administrator(&self) -> Option<Arc<Account>> {
        self.administrator.clone()
    }

    /// Customers with an account.
    pub fn customers(&self) -> usize {
        self.crowd.len()
    }

    /// What a customer wants: mostly what there is plenty of, sometimes what sells out.
    pub fn wish(&self, rng: &mut SmallRng) -> Wish {
        let scarce = rng.random_ratio(1, SCARCE_ONE_IN) && !self.shelves.scarce.is_empty();
        let shelf = if scarce {
            &self.shelves.scarce
        } else {
            &self.shelves.plentiful
        };
        let product = *shelf.choose(rng).expect("a shop sells something");
        Wish {
            product,
            may_be_sold_out: self.shelves.scarce.contains(&product),
        }
    }

    /// A product that wants restocking.
    pub fn scarce(&self, rng: &mut SmallRng) -> Uuid {
        let shelf = if self.shelves.scarce.is_empty() {
            &self.shelves.plentiful
        } else {
            &self.shelves.scarce
        };
        *shelf.choose(rng).expect("a shop sells something")
    }

    /// Remembers an order, for those who will try to look at it.
    pub fn ordered(&self, owner: &str, order: Uuid) {
        let mut orders = self.orders.lock().expect("no panic while held");
        if orders.len() >= FOREIGN_MAX {
            orders.remove(0);
        }
        orders.push((owner.to_owned(), order));
    }

    /// Somebody else's order.
    pub fn foreign_order(&self, own: &str, rng: &mut SmallRng) -> Option<Uuid> {
        let orders = self.orders.lock().expect("no panic while held");
        let foreign: Vec<Uuid> = orders
            .iter()
            .filter(|(owner, _)| owner != own)
            .map(|(_, order)| *order)
            .collect();
        foreign.choose(rng).copied()
    }
}

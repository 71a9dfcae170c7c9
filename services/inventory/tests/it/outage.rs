//! The database goes away and comes back, seen through a TCP proxy that cuts.

use std::net::SocketAddr;

use chassis::testing::wait_for;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use uuid::Uuid;

use crate::support::{Inventory, LIMIT, NO_KAFKA};

/// Forwards connections while the link is up. Going down cuts those that are open and refuses new ones.
struct Link {
    addr: SocketAddr,
    up: watch::Sender<bool>,
}

impl Link {
    async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, (up, state)) = (listener.local_addr().unwrap(), watch::channel(true));
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut state) = (target.clone(), state.clone());
                tokio::spawn(async move {
                    if !*state.borrow_and_update() {
                        return;
                    }
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.changed() => {}
                    }
                });
            }
        });
        Self { addr, up }
    }
}

#[tokio::test]
async fn while_the_database_is_away_commands_are_503_and_afterwards_they_work() {
    let mut link = None;
    let inventory = Inventory::start_through(NO_KAFKA, &[], async |url| {
        let target = format!("{}:{}", url.get_host(), url.get_port());
        let up = Link::to(target).await;
        let url = url.host("127.0.0.1").port(up.addr.port());
        link = Some(up);
        url
    })
    .await;
    let (link, product, order) = (link.unwrap(), inventory.product(5).await, Uuid::now_v7());
    link.up.send_replace(false);
    let away = inventory.reserve(order, &[(product, 1)]).await;
    assert_eq!(
        (away.status.as_u16(), &away.body["code"]),
        (503, &"database_unavailable".into())
    );
    assert_eq!(away.body["retryable"], true);
    let ready = format!("{}/ready", inventory.running.admin_url());
    assert_eq!(
        inventory.client.get(&ready).send().await.unwrap().status(),
        503
    );
    let live = format!("{}/live", inventory.running.admin_url());
    assert_eq!(
        inventory.client.get(&live).send().await.unwrap().status(),
        200
    );

    link.up.send_replace(true);
    wait_for(LIMIT, async || {
        inventory
            .reserve(order, &[(product, 1)])
            .await
            .status
            .is_success()
    })
    .await;
    assert_eq!(inventory.level(product).await, [5, 4, 1, 0]);
    inventory.finish().await;
}

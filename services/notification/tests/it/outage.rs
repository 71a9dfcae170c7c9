//! What it needs goes away and comes back: mails wait, none is lost or put aside.

use chassis::testing::wait_for;
use parts::for_tests::PrivateRedis;
use reqwest::Method;

use crate::support::{LIMIT, Notification, send};

#[tokio::test]
async fn mails_wait_for_the_mail_server() {
    let mut notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    notification.sink.go_away().await;
    notification.tell(&ada.paid()).await;
    notification.tell(&ada.refunded()).await;
    let postponed = ["notifications_total", "postponed"];
    wait_for(LIMIT, async || notification.metric(&postponed) >= 2.0).await;
    notification.mails(&ada, 1).await;
    notification.sink.come_back().await;
    notification.mails(&ada, 3).await;
    assert_eq!(
        notification.metric(&["consumer_messages_total", "dead_lettered"]),
        0.0
    );
    notification.stop().await;
}

#[tokio::test]
async fn mails_wait_for_redis_and_requests_do_not() {
    let mut redis = PrivateRedis::start().await.unwrap();
    let notification = Notification::start_on(&redis.url()).await;
    let ada = notification.customer("Ada").await;
    notification.outcomes("done", 1).await;
    redis.kill().await.unwrap();
    notification.tell(&ada.paid()).await;
    let list = || notification.as_user(ada.id, Method::GET, "");
    let (status, problem) = send(list()).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (503, &"redis_unavailable".into())
    );
    let ready = format!("{}/ready", notification.running.admin_url());
    assert_eq!(reqwest::get(&ready).await.unwrap().status(), 503);
    notification.mails(&ada, 1).await;
    redis.restart().await.unwrap();
    notification.mails(&ada, 2).await;
    wait_for(LIMIT, async || send(list()).await.1["total"] == 2).await;
    assert_eq!(
        notification.metric(&["consumer_messages_total", "dead_lettered"]),
        0.0
    );
    notification.stop().await;
}

//! What customers read, and that they read it once.

use reqwest::Method;
use serde_json::json;

use crate::support::{Customer, Notification, event, send};

#[tokio::test]
async fn each_piece_of_news_is_a_mail_in_words() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let (paid, cancelled) = (ada.paid(), ada.cancelled("payment_declined"));
    let order = paid.subject;
    let data = json!({ "order_id": order, "user_id": ada.id, "from": "paid", "to": "shipped" });
    let shipped = event("OrderStatusChanged", order, 3, data);
    for (at, news) in [paid, cancelled, shipped, ada.refunded()]
        .iter()
        .enumerate()
    {
        notification.tell(news).await;
        // Of several topics, so one after the other.
        notification.mails(&ada, at + 2).await;
    }
    let mails = notification.mails(&ada, 5).await;
    for (mail, expected) in mails.iter().zip([
        ["Welcome to Faultline", "t0k3n"],
        ["is paid", "Total: 27.49 EUR"],
        ["is cancelled", "your payment was declined"],
        ["is shipped", "is shipped now"],
        ["Your refund", "5.00 EUR"],
    ]) {
        let [subject, text] = expected;
        assert!(mail.summary.subject.contains(subject), "{mail:?}");
        assert!(
            mail.text.contains(text) && mail.text.contains("Hello Ada"),
            "{mail:?}"
        );
        assert!(
            mail.html.as_ref().unwrap().contains("Hello Ada"),
            "{mail:?}"
        );
        assert_eq!(mail.summary.to, format!("Ada <{}>", ada.email));
        assert!(mail.summary.date.is_some());
    }
    let receipt = &mails[1];
    assert!(receipt.summary.subject.contains(&order.to_string()));
    assert!(receipt.text.contains("3 × Bowl: 7.50 EUR"), "{receipt:?}");
    assert!(
        receipt.html.as_ref().unwrap().contains("Cup &amp; saucer"),
        "{receipt:?}"
    );
    notification.stop().await;
}

#[tokio::test]
async fn an_event_that_comes_three_times_is_one_mail() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let paid = ada.paid();
    for _ in 0..3 {
        notification.tell(&paid).await;
    }
    notification.outcomes("duplicate", 2).await;
    let mails = notification.mails(&ada, 2).await;
    let id = notification.sink.message_id(&mails[1]);
    assert_eq!(id, format!("<{}@notification.faultline.test>", paid.id));
    let (_, list) = send(notification.as_user(ada.id, Method::GET, "")).await;
    assert_eq!(list["total"], 2);
    notification.stop().await;
}

#[tokio::test]
async fn a_name_brings_neither_markup_nor_headers_nor_paragraphs() {
    let notification = Notification::start().await;
    let eve = "<script>alert(1)</script>\r\nBcc: all@faultline.test\r\n\r\nPay here";
    let eve = notification.customer(eve).await;
    let mails = notification.mails(&eve, 1).await;
    let html = mails[0].html.as_ref().unwrap();
    assert!(
        html.contains("&lt;script&gt;") && !html.contains("<script>"),
        "{html}"
    );
    let source = notification.sink.source(&mails[0]);
    assert!(
        !source.lines().any(|line| line.starts_with("Bcc:")),
        "{source}"
    );
    assert!(
        !mails[0]
            .text
            .lines()
            .any(|line| line.starts_with("Pay here")),
        "{mails:?}"
    );
    notification.stop().await;
}

#[tokio::test]
async fn what_is_no_news_for_a_customer_is_passed_over() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let order = ada.paid();
    let status =
        json!({ "order_id": order.subject, "user_id": ada.id, "from": "pending", "to": "paid" });
    for event in [
        event(
            "OrderCreated",
            order.subject,
            1,
            json!({ "order_id": order.subject }),
        ),
        event("OrderStatusChanged", order.subject, 2, status),
        event("OrderSneezed", order.subject, 3, json!([1, 2, 3])),
    ] {
        notification.tell(&event).await;
    }
    notification.outcomes("ignored", 3).await;
    notification.tell(&order).await;
    notification.mails(&ada, 2).await;
    notification.stop().await;
}

#[tokio::test]
async fn wishes_are_respected_and_do_not_hide_the_account() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let wishes = json!({ "order_updates": false, "payment_updates": true });
    let put = notification
        .as_user(ada.id, Method::PUT, "/preferences")
        .json(&wishes);
    assert_eq!(send(put).await, (reqwest::StatusCode::OK, wishes));
    notification.tell(&ada.paid()).await;
    notification.tell(&ada.cancelled("out_of_stock")).await;
    notification.outcomes("ignored", 2).await;
    assert_eq!(
        notification.metric(&["notifications_total", "unwanted"]),
        2.0
    );
    notification.tell(&ada.refunded()).await;
    let mails = notification.mails(&ada, 2).await;
    assert!(mails[1].summary.subject.contains("refund"), "{mails:?}");

    let silent = Customer::new("Silent");
    let wishes = json!({ "order_updates": false, "payment_updates": false });
    let put = notification
        .as_user(silent.id, Method::PUT, "/preferences")
        .json(&wishes);
    assert_eq!(send(put).await.0, 200);
    notification.tell(&silent.registered()).await;
    notification.mails(&silent, 1).await;
    notification.stop().await;
}

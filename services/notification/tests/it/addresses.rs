//! Where mails go.

use serde_json::json;

use crate::support::{Customer, Notification, Sent, event};

fn moved(customer: &Customer, email: &str, sequence: i64, token: Option<&str>) -> Sent {
    let mut data = json!({ "user_id": customer.id, "email": email, "name": customer.name });
    if let Some(token) = token {
        data["verification_token"] = token.into();
    }
    event("UserUpdated", customer.id, sequence, data)
}

#[tokio::test]
async fn a_new_address_is_used_from_then_on_and_an_older_event_does_not_undo_it() {
    let notification = Notification::start().await;
    let old = notification.customer("Ada").await;
    let new = Customer {
        email: format!("new-{}", old.email),
        ..old.clone()
    };
    notification
        .tell(&moved(&old, &new.email, 3, Some("c0de")))
        .await;
    let mails = notification.mails(&new, 1).await;
    assert!(mails[0].text.contains("c0de"), "{mails:?}");
    notification.tell(&moved(&old, &old.email, 2, None)).await;
    notification.outcomes("ignored", 1).await;
    notification.tell(&new.paid()).await;
    notification.mails(&new, 2).await;
    notification.mails(&old, 1).await;
    notification.stop().await;
}

#[tokio::test]
async fn a_code_goes_to_the_address_it_proves_even_when_that_is_old() {
    let notification = Notification::start().await;
    let first = Customer::new("Ada");
    let second = Customer {
        email: format!("new-{}", first.email),
        ..first.clone()
    };
    notification
        .tell(&moved(&first, &second.email, 2, None))
        .await;
    notification.tell(&first.registered()).await;
    let mails = notification.mails(&first, 1).await;
    assert!(mails[0].text.contains("t0k3n"), "{mails:?}");
    notification.mails(&second, 0).await;
    notification.stop().await;
}

#[tokio::test]
async fn a_customer_never_heard_of_is_asked_for_at_the_user_service() {
    let notification = Notification::start().await;
    let known = Customer::new("Known");
    let known_to_user = (known.id, known.email.clone());
    notification.users.lock().unwrap().extend([known_to_user]);
    notification.tell(&known.paid()).await;
    let mails = notification.mails(&known, 1).await;
    assert!(mails[0].text.contains("Hello Known to user"), "{mails:?}");

    notification.tell(&Customer::new("Nobody").paid()).await;
    notification.outcomes("ignored", 1).await;
    assert_eq!(notification.metric(&["notifications_total", "nobody"]), 1.0);
    notification.stop().await;
}

#[tokio::test]
async fn a_customer_who_left_is_forgotten_and_stays_so() {
    let notification = Notification::start().await;
    let ada = notification.customer("Ada").await;
    let left = event("UserDeleted", ada.id, 5, json!({ "user_id": ada.id }));
    notification.tell(&left).await;
    notification.tell(&moved(&ada, &ada.email, 4, None)).await;
    notification.outcomes("ignored", 2).await;
    notification.tell(&ada.paid()).await;
    notification.outcomes("ignored", 3).await;
    notification.mails(&ada, 1).await;
    let (_, list) =
        crate::support::send(notification.as_user(ada.id, reqwest::Method::GET, "")).await;
    assert_eq!(list["total"], 0);
    notification.stop().await;
}

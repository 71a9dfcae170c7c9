//! What must never be read in a log line or a span, whatever the level.

use chassis::testing::telemetry::Traced;

use crate::support::Notification;

#[tokio::test]
async fn what_stands_in_a_mail_is_in_no_log_line_and_no_span() {
    let traced = Traced::install("notification", &[("LOG_LEVEL", "trace")]).await;
    let notification = Notification::start().await;
    let ada = notification.customer("Adalind").await;
    notification.tell(&ada.paid()).await;
    let mails = notification.mails(&ada, 2).await;
    let texts = [("Welcome", "t0k3n"), ("is paid", "Total: 27.49 EUR")];
    for (mail, (subject, text)) in mails.iter().zip(texts) {
        assert!(
            mail.summary.subject.contains(subject) && mail.text.contains(text),
            "{mail:?}"
        );
    }
    notification.stop().await;
    let said = traced.end().await;
    said.assert_silent_about(&["t0k3n", "Total: 27.49", "Hello Adalind"], "event settled");
}

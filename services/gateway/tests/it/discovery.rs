//! Addresses that change while the gateway runs.

use std::path::Path;

use chassis::testing::wait_for;
use serde_json::{Value, json};

use crate::{
    log_lines,
    support::{Gateway, LIMIT, send},
    upstream::Upstream,
};

/// Replaces the file as a whole, as whoever writes it should: a reader never sees half of it.
fn write(file: &Path, content: &Value) {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, content.to_string()).unwrap();
    std::fs::rename(draft, file).unwrap();
}

#[tokio::test]
async fn the_file_replaces_addresses_and_a_senseless_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("upstreams.json");
    let settings = [("UPSTREAMS_FILE", file.to_str().unwrap())];
    let gateway = Gateway::start_with(&settings).await;
    let answers =
        async |name: &str| send(gateway.get("/api/v1/products")).await.body["upstream"] == *name;
    assert!(
        answers("product").await,
        "the environment's, as long as there is no file"
    );

    let (one, two) = (Upstream::start("one").await, Upstream::start("two").await);
    write(&file, &json!({ "product": [{ "url": one.url() }] }));
    wait_for(LIMIT, async || answers("one").await).await;

    let senseless = json!({ "product": [{ "url": two.url() }], "order": [{ "url": "nonsense" }] });
    write(&file, &senseless);
    let sensible = json!({ "inventory": [{ "url": two.url(), "weight": 1, "version": "v9" }] });
    wait_for(LIMIT, async || {
        log_lines::text().contains("upstreams not replaced")
    })
    .await;
    assert!(answers("one").await, "all or none of it is taken over");
    write(&file, &sensible);
    wait_for(LIMIT, async || {
        send(gateway.get("/api/v1/inventory/1"))
            .await
            .header("x-version")
            == "v9"
    })
    .await;
    assert!(answers("one").await, "what the file does not name stays");
}

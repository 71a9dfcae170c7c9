//! The schema that is checked in.

use std::path::Path;

use engine::schema::{FILE, schema};
use serde_json::Value;

#[test]
fn the_file_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(FILE);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let checked_in: Value = serde_json::from_str(&text).unwrap_or_default();
    let schema = schema();
    assert!(
        checked_in == schema,
        "{FILE} is not what the code says; it should be:\n{schema:#}"
    );
}

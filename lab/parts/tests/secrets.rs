//! Secrets: one file, its owner's only, the same for everybody who asks.

use std::{fs, os::unix::fs::PermissionsExt as _};

use anyhow::Result;
use parts::Secrets;

#[test]
fn the_key_file_is_its_owner_s_only_and_one_that_is_not_is_refused() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let state = parent.path().join("state");
    Secrets::load_or_create(&state)?;
    let mode =
        |path: &std::path::Path| fs::metadata(path).map(|meta| meta.permissions().mode() & 0o777);
    assert_eq!(mode(&state.join("secrets"))?, 0o700);
    assert_ne!(
        mode(&state)? & 0o011,
        0,
        "PostgreSQL's user cannot pass through the state folder"
    );
    let file = state.join("secrets/root.key");
    assert_eq!(mode(&file)?, 0o600);
    assert_eq!(
        fs::read_dir(state.join("secrets"))?.count(),
        1,
        "a draft stayed behind"
    );

    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    let error = Secrets::load_or_create(&state).unwrap_err().to_string();
    assert!(
        error.contains("can be read by others (mode 644)") && error.contains("chmod 600"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_damaged_key_is_refused_not_replaced() -> Result<()> {
    let state = tempfile::tempdir()?;
    Secrets::load_or_create(state.path())?;
    let file = state.path().join("secrets/root.key");
    fs::write(&file, "short")?;
    assert!(Secrets::load_or_create(state.path()).is_err());
    assert_eq!(fs::read_to_string(&file)?, "short");
    Ok(())
}

#[test]
fn all_who_ask_at_once_get_the_same_secrets() -> Result<()> {
    let state = tempfile::tempdir()?;
    let ask = || {
        Secrets::load_or_create(state.path())
            .unwrap()
            .postgres_role("order")
    };
    let asked: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?}");
    Ok(())
}

#[test]
fn two_labs_and_two_labels_share_no_secret() -> Result<()> {
    let (one, two) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (one, two) = (
        Secrets::load_or_create(one.path())?,
        Secrets::load_or_create(two.path())?,
    );
    assert_ne!(one.postgres_role("order"), two.postgres_role("order"));
    assert_ne!(one.postgres_role("order"), one.postgres_role("user"));
    assert_eq!(format!("{one:?}"), "Secrets(…)");
    Ok(())
}

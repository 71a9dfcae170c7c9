//! Notifications as JSON lines, oldest first, a bounded number of them.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::Utc;

use super::webhook::{Message, Notification};
use crate::{Error, Result};

/// Notifications that are kept: a day of a lab that somebody breaks every few minutes.
const KEPT_MAX: usize = 1_000;

/// The file and what is in it. One process writes it.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    kept: VecDeque<Notification>,
    numbered: u64,
}

impl Store {
    /// An empty one: alerts of an earlier lab would seem to fire for ever, since nobody is left to resolve them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let store = Self {
            path: path.to_owned(),
            kept: VecDeque::new(),
            numbered: 0,
        };
        store.write()?;
        Ok(store)
    }

    /// Keeps the alerts of one message of Alertmanager.
    ///
    /// # Errors
    /// When the body is not such a message, or the file cannot be written.
    pub(super) fn keep(&mut self, body: &[u8]) -> Result<()> {
        let message: Message = serde_json::from_slice(body).map_err(|error| {
            Error::Invalid(format!("not a message of Alertmanager's webhook: {error}"))
        })?;
        let now = Utc::now();
        for alert in message.alerts {
            self.numbered += 1;
            self.kept.push_back(alert.received(self.numbered, now));
        }
        let surplus = self.kept.len().saturating_sub(KEPT_MAX);
        self.kept.drain(..surplus);
        self.write()
    }

    /// Beside its place and renamed into it, so that a reader never sees half of one. Alerts are rare and few are kept:
    /// writing all of them each time is simpler than appending and cutting.
    fn write(&self) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut text = Vec::new();
            for one in &self.kept {
                serde_json::to_writer(&mut text, one)?;
                text.push(b'\n');
            }
            let draft = self.path.with_extension("draft");
            fs::write(&draft, text)?;
            fs::rename(&draft, &self.path)
        };
        write().map_err(Error::io(|| format!("write {}", self.path.display())))
    }
}

/// All notifications that are kept in `path`, oldest first. A file that is not there holds none.
///
/// # Errors
/// When it cannot be read or a line is damaged.
pub fn list(path: &Path) -> Result<Vec<Notification>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(Error::io(|| format!("read {}", path.display())))?,
    };
    let parse = |line: &str| {
        serde_json::from_str(line).map_err(|error| {
            Error::Invalid(format!("{} has a damaged line: {error}", path.display()))
        })
    };
    text.lines().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn message(status: &str, alerts: usize) -> String {
        let alert = serde_json::json!({
            "status": status,
            "labels": { "alertname": "ServiceDown", "service": "order", "severity": "page" },
            "annotations": { "summary": "order does not answer." },
            "startsAt": "2026-11-21T07:00:00.123Z",
            "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-21T07:01:00Z" },
            "generatorURL": "http://127.0.0.1:9090/graph",
            "fingerprint": "c0ffee",
        });
        serde_json::json!({ "version": "4", "alerts": vec![alert; alerts] }).to_string()
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("alerts.jsonl")).unwrap();
        (folder, store)
    }

    #[test]
    fn what_is_kept_can_be_read_back() {
        let (_folder, mut store) = store();
        store.keep(message("firing", 1).as_bytes()).unwrap();
        store.keep(message("resolved", 1).as_bytes()).unwrap();
        let [first, second] = list(&store.path).unwrap().try_into().unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        assert_eq!(
            (first.name.as_str(), first.severity.as_str()),
            ("ServiceDown", "page")
        );
        assert_eq!((first.status, first.ends_at), (Status::Firing, None));
        assert_eq!(second.status, Status::Resolved);
        assert!(second.ends_at > Some(second.starts_at));
    }

    #[test]
    fn the_oldest_make_room() {
        let (_folder, mut store) = store();
        store.keep(message("firing", KEPT_MAX).as_bytes()).unwrap();
        store.keep(message("resolved", 2).as_bytes()).unwrap();
        let kept = list(&store.path).unwrap();
        assert_eq!(kept.len(), KEPT_MAX);
        assert_eq!(kept[0].number, 3);
    }

    #[test]
    fn what_is_no_message_is_refused_and_changes_nothing() {
        let (_folder, mut store) = store();
        store.keep(message("firing", 1).as_bytes()).unwrap();
        for body in ["", "{}", r#"{"alerts": [{"status": "burning"}]}"#] {
            let error = store.keep(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("not a message"), "{error}");
        }
        assert_eq!(list(&store.path).unwrap().len(), 1);
    }

    #[test]
    fn a_new_store_forgets_and_a_missing_one_is_empty() {
        let (folder, mut store) = store();
        store.keep(message("firing", 1).as_bytes()).unwrap();
        let store = Store::create(&store.path).unwrap();
        assert_eq!(list(&store.path).unwrap(), []);
        assert_eq!(list(&folder.path().join("none")).unwrap(), []);
    }
}

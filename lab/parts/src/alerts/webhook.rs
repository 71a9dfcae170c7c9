//! What Alertmanager says, and what is kept of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

type Pairs = BTreeMap<String, String>;

/// One alert of one message: it began or it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Counts up from 1 for each lab that was started.
    pub number: u64,
    /// When it was delivered.
    pub received_at: DateTime<Utc>,
    /// Firing or resolved.
    pub status: Status,
    /// The alert's name.
    pub name: String,
    /// Its `severity`: `page` or `ticket`; empty when the rule sets none.
    pub severity: String,
    /// When its condition was first found true.
    pub starts_at: DateTime<Utc>,
    /// When it was found to be over; none while it fires.
    pub ends_at: Option<DateTime<Utc>>,
    /// All of its labels.
    pub labels: Pairs,
    /// Its summary, description and runbook.
    pub annotations: Pairs,
    /// The same for the same labels: which alert this is.
    pub fingerprint: String,
}

/// What a notification says about its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It began.
    Firing,
    /// It is over.
    Resolved,
}

/// A message of Alertmanager. What is not named here is not used.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    status: Status,
    labels: Pairs,
    #[serde(default)]
    annotations: Pairs,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    fingerprint: String,
}

impl Alert {
    pub(super) fn received(self, number: u64, received_at: DateTime<Utc>) -> Notification {
        let label = |name| self.labels.get(name).cloned().unwrap_or_default();
        Notification {
            number,
            received_at,
            status: self.status,
            name: label("alertname"),
            severity: label("severity"),
            starts_at: self.starts_at,
            // While it fires, Alertmanager writes the year 1.
            ends_at: (self.status == Status::Resolved).then_some(self.ends_at),
            labels: self.labels,
            annotations: self.annotations,
            fingerprint: self.fingerprint,
        }
    }
}

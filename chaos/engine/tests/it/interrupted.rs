//! Runs that end early: what was broken is mended, and no process of theirs is left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Verdict;
use engine::machine::Interruption;
use engine::verdict::{self, Findings};
use tokio::sync::watch;

use crate::support::{Notebook, run_with};

const SLOW: &str = "\
title: t
description: d
method:
  - { type: action, name: break, provider: { type: process, path: faultline, arguments: [kill, order] } }
  - { type: action, name: long, background: true, provider: { type: process, path: sleep, arguments: [600], timeout: 700 } }
  - { type: action, name: longer, provider: { type: process, path: sleep, arguments: [600], timeout: 700 }, pauses: { before: 600 } }
rollbacks:
  - { type: action, name: mend, provider: { type: process, path: faultline, arguments: [kill, order] } }
";

#[tokio::test]
async fn an_interrupted_run_mends_at_once_what_it_has_broken() {
    for (why, expected) in [
        (Interruption::Interrupt, Verdict::Interrupted),
        (Interruption::Terminate, Verdict::Terminated),
        (Interruption::Guard("too much".to_owned()), Verdict::Stopped),
    ] {
        let (stop, stopped) = watch::channel(None);
        let hands = Arc::new(Notebook::default());
        let mut injected = hands.injected.subscribe();
        let since = Instant::now();
        let stopping = async {
            injected.wait_for(|all| !all.is_empty()).await.unwrap();
            stop.send_replace(Some(why));
        };
        let (ran, ()) = tokio::join!(run_with(&hands, SLOW, stopped), stopping);
        let (run, journal) = ran.unwrap();
        assert!(since.elapsed() < Duration::from_secs(30));
        assert_eq!(verdict::of(&run.facts, &Findings::default()).0, expected);
        assert_eq!(
            *hands.injected.borrow(),
            ["order", "order"],
            "broken and mended"
        );
        assert_ne!(journal["status"], "completed");
    }
}

//! End-to-end tests live in `e2e/`; this library is empty because a package needs a target of its own.

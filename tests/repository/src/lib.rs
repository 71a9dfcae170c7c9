//! The checks live in `tests/`; this library is empty because a package needs a target of its own.

//! The observatory as its senders and its readers see it: real servers on free ports.

mod bad_input;
mod exporters;
mod flood;
mod jaeger_v1;
mod jaeger_v3;
mod logs;
mod support;

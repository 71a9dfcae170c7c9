//! The supervisor against real processes: shells, sleeps and small scripts. One binary.

mod crashes;
mod leftovers;
mod limits;
mod outside;
mod support;

//! Pacts: what each consumer relies on, recorded by its own client's tests (`tests/consumers`) and kept in `contracts/pacts`;
//! and their verification against the providers of a running lab, each in the state that the pact asks for.
//!
//! | module | what |
//! |---|---|
//! | [`pact`] | the files, in the one form in which they are checked in |
//! | [`examples`] | ids that stand in the examples of pacts |
//! | [`shop`] | where the running providers are, and with which keys they are asked |
//! | [`states`] | brings a provider into a state, over the APIs that everybody uses |
//! | [`front`] | stands before a provider: states, events, and deliberate breaks |
//! | [`verify`] | asks one provider for everything that one pact says |
//! | [`matrix`] | who can be deployed with whom |
//! | [`mod@reference`] | the same by Pact's own command |
//! | [`proof`] | breaks providers on purpose, to see that it is noticed |
//!
//! Not part of any service: nothing here is built when a service is.

pub mod examples;
pub mod front;
pub mod matrix;
pub mod pact;
pub mod proof;
pub mod reference;
pub mod shop;
pub mod states;
pub mod verify;

//! What the services promise: the OpenAPI document of each, made by the service's own code; the schemas of their events;
//! and what of a promise a change breaks. Not part of any service: nothing here is built when a service is.

pub mod breaking;
pub mod events;
pub mod files;
pub mod openapi;

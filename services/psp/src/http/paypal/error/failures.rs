//! The errors that every operation shares, for the document alone.

use utoipa::IntoResponses;

use super::Envelope;

/// What every operation of this face can answer instead of what was asked for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "described only; errors are made as PaypalError")]
pub(in crate::http::paypal) enum Failures {
    /// The request is not well formed.
    #[response(status = 400)]
    Invalid(Envelope),
    /// No access token, or not a good one.
    #[response(status = 401)]
    Unauthenticated(Envelope),
    /// The id names nothing.
    #[response(status = 404)]
    NotFound(Envelope),
    /// A request with this id is in progress.
    #[response(status = 409)]
    InProgress(Envelope),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(Envelope),
    /// The body is not JSON.
    #[response(status = 415)]
    MediaType(Envelope),
    /// Something went wrong.
    #[response(status = 500)]
    Internal(Envelope),
    /// The database is away.
    #[response(status = 503)]
    Unavailable(Envelope),
    /// It took too long, and may have been carried out.
    #[response(status = 504)]
    TimedOut(Envelope),
}

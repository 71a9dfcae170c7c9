//! How operations on accounts are refused, for the document alone: the refusals themselves are made where they happen.

use utoipa::IntoResponses;

/// Of a caller whose token is no longer good, or who may not.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "described only")]
pub(super) enum OfCaller {
    #[response(status = 401, description = "token_revoked")]
    Revoked,
    #[response(status = 403, description = "role_missing")]
    Role,
}

/// The same, where the account may not be there either.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "described only")]
pub(super) enum OfUser {
    #[response(status = 401, description = "token_revoked")]
    Revoked,
    #[response(status = 403, description = "role_missing")]
    Role,
    #[response(status = 404, description = "user_not_found")]
    Unknown,
}

//! `GET /audit/verify`: whether the audit log is whole. Administrators only.

use axum::extract::State;
use chassis::{Problem, auth::Caller, db::Db, http::ApiJson};

use crate::store::audit::{self, Report};

/// 200 also for a log that is broken: the question was answered.
#[utoipa::path(
    get,
    path = "/api/v1/payments/audit/verify",
    security(("bearer" = [])),
    responses((status = 200, body = Report), (status = 403, description = "role_missing"))
)]
pub(super) async fn verify(
    State(pool): State<Db>,
    caller: Caller,
) -> Result<ApiJson<Report>, Problem> {
    caller.require_role("admin")?;
    Ok(ApiJson(audit::verify(&pool).await?))
}

//! Writing: administrators only.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, ApiPath},
};
use http::{StatusCode, header};

use super::{
    body::ProductBody,
    version::{IfMatch, tagged},
};
use crate::{
    commands::{Change, Commands},
    domain::{Draft, Patch, ProductId, RawDraft},
    error::Error,
};

/// `POST /`: 201 with `Location`; 409 `sku_taken`.
#[utoipa::path(
    post,
    path = "/api/v1/products",
    security(("bearer" = [])),
    request_body = RawDraft,
    responses(
        (
            status = 201,
            body = ProductBody,
            headers(
                ("ETag" = String, description = "The version, as If-Match takes it."),
                ("Location" = String, description = "Where the product is.")
            )
        ),
        (status = 403, description = "role_missing"),
        (status = 409, description = "sku_taken")
    )
)]
pub(super) async fn create(
    State(commands): State<Commands>,
    caller: Caller,
    ApiJson(raw): ApiJson<RawDraft>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let product = commands.create(draft(raw)?).await?;
    let location = format!("/api/v1/products/{}", product.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        tagged(product),
    )
        .into_response())
}

/// `PUT /{id}`: 200; 404 if it is not sold, 412 `version_mismatch`, 409 `sku_taken`.
#[utoipa::path(
    put,
    path = "/api/v1/products/{id}",
    security(("bearer" = [])),
    params(
        ("id" = ProductId, Path),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that the change is meant for; absent or `*` for any.",
            pattern = "^(\\*|\"[0-9]{1,18}\"(, ?\"[0-9]{1,18}\")*)$"
        )
    ),
    request_body = RawDraft,
    responses(
        (
            status = 200,
            body = ProductBody,
            headers(("ETag" = String, description = "The version, as If-Match takes it."))
        ),
        (status = 400, description = "if_match_invalid"),
        (status = 403, description = "role_missing"),
        (status = 404, description = "product_not_found"),
        (status = 409, description = "sku_taken"),
        (status = 412, description = "version_mismatch")
    )
)]
pub(super) async fn replace(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(id): ApiPath<ProductId>,
    IfMatch(expected): IfMatch,
    ApiJson(raw): ApiJson<RawDraft>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let change = Change::Replace(draft(raw)?);
    Ok(tagged(commands.change(id, &expected, change).await?))
}

/// `PATCH /{id}`: as [`replace`], for the members that are given.
#[utoipa::path(
    patch,
    path = "/api/v1/products/{id}",
    security(("bearer" = [])),
    params(
        ("id" = ProductId, Path),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that the change is meant for; absent or `*` for any.",
            pattern = "^(\\*|\"[0-9]{1,18}\"(, ?\"[0-9]{1,18}\")*)$"
        )
    ),
    request_body = Patch,
    responses(
        (
            status = 200,
            body = ProductBody,
            headers(("ETag" = String, description = "The version, as If-Match takes it."))
        ),
        (status = 400, description = "if_match_invalid"),
        (status = 403, description = "role_missing"),
        (status = 404, description = "product_not_found"),
        (status = 409, description = "sku_taken"),
        (status = 412, description = "version_mismatch")
    )
)]
pub(super) async fn patch(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(id): ApiPath<ProductId>,
    IfMatch(expected): IfMatch,
    ApiJson(patch): ApiJson<Patch>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let change = Change::Patch(patch);
    Ok(tagged(commands.change(id, &expected, change).await?))
}

/// `DELETE /{id}`: 204, also when it was archived before; 404 if it never was, 412 `version_mismatch`.
#[utoipa::path(
    delete,
    path = "/api/v1/products/{id}",
    security(("bearer" = [])),
    params(
        ("id" = ProductId, Path),
        (
            "If-Match" = Option<String>,
            Header,
            description = "The version that the change is meant for; absent or `*` for any.",
            pattern = "^(\\*|\"[0-9]{1,18}\"(, ?\"[0-9]{1,18}\")*)$"
        )
    ),
    responses(
        (status = 204),
        (status = 400, description = "if_match_invalid"),
        (status = 403, description = "role_missing"),
        (status = 404, description = "product_not_found"),
        (status = 412, description = "version_mismatch")
    )
)]
pub(super) async fn archive(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(id): ApiPath<ProductId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    caller.require_role("admin")?;
    commands.archive(id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn draft(raw: RawDraft) -> Result<Draft, Error> {
    Draft::new(raw).map_err(Error::Flawed)
}

//! Bodies: read within a bound, and unpacked within the same bound. A gzip bomb is stopped where
//! it passes the bound, not after it has gone off.

use std::io::{self, Read as _};

use axum::body::Body;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::{ARRIVAL_WITHIN, REQUEST_BYTES_MAX, Refusal};

/// The whole body as it was sent.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, REQUEST_BYTES_MAX).collect();
    let whole = tokio::time::timeout(ARRIVAL_WITHIN, whole).await;
    match whole.map_err(|_| Refusal::Slow)? {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::Oversized),
        Err(error) => Err(Refusal::Malformed(format!("the body broke off: {error}"))),
    }
}

/// What was packed.
pub(super) fn gunzip(packed: &[u8]) -> Result<Bytes, Refusal> {
    let mut unpacked = Vec::new();
    let bound = REQUEST_BYTES_MAX as u64 + 1;
    let read: io::Result<usize> = MultiGzDecoder::new(packed)
        .take(bound)
        .read_to_end(&mut unpacked);
    match read {
        Ok(bytes) if bytes > REQUEST_BYTES_MAX => Err(Refusal::Oversized),
        Ok(_) => Ok(unpacked.into()),
        Err(error) => Err(Refusal::Malformed(format!(
            "the body is not gzip although content-encoding says so: {error}"
        ))),
    }
}

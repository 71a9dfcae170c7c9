//! OTLP/gRPC: `TraceService/Export` and `LogsService/Export`, plain or gzip. Any other method, that
//! of metrics too, is answered with UNIMPLEMENTED.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::{Router, routing::post};
use bytes::Buf as _;
use prost::Message as _;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use super::{ARRIVAL_WITHIN, Export, Intake, REQUEST_BYTES_MAX, Refusal};
use crate::metrics::Protocol;
use crate::wire::{LogsData, TracesData};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// The routes, to be served with HTTP/2.
pub fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route(TRACES, post(export::<TracesData>))
        .route(LOGS, post(export::<LogsData>))
        .fallback(async || {
            Status::unimplemented("only traces and logs are stored here; metrics are scraped")
                .into_http::<Body>()
        })
        .with_state(intake)
}

async fn export<E: Export>(State(intake): State<Arc<Intake>>, request: Request) -> Response {
    let answered = answer::<E>(&intake, request).await;
    let (outcome, response) = match answered {
        Ok(response) => (outcome(&response), response),
        Err(refusal) => {
            let status = Status::new(refusal.grpc(), refusal.to_string());
            (refusal.outcome(), status.into_http())
        }
    };
    intake.count(E::SIGNAL, Protocol::Grpc, outcome);
    response
}

async fn answer<E: Export>(intake: &Arc<Intake>, request: Request) -> Result<Response, Refusal> {
    let _turn = intake.turn().await?;
    let mut grpc = Grpc::new(Proto::<E>(PhantomData))
        .accept_compressed(CompressionEncoding::Gzip)
        // Unpacked messages are held to the same bound.
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let exporting = grpc.unary(Exporter(Arc::clone(intake)), request);
    let response = tokio::time::timeout(ARRIVAL_WITHIN, exporting).await;
    Ok(response.map_err(|_| Refusal::Slow)?.map(Body::new))
}

/// A request that cannot be read is answered by `tonic` before it comes to us; what the answer
/// says is all there is to count by.
fn outcome(response: &Response) -> &'static str {
    match Status::from_header_map(response.headers()).map(|status| status.code()) {
        None | Some(Code::Ok) => "ok",
        Some(Code::OutOfRange | Code::ResourceExhausted) => "oversized",
        Some(Code::Unimplemented) => "unsupported",
        Some(_) => "malformed",
    }
}

/// What a request is handed to once it has been read.
struct Exporter(Arc<Intake>);

impl<E: Export> UnaryService<E> for Exporter {
    type Response = E::Answer;
    type Future = Ready<Result<tonic::Response<E::Answer>, Status>>;

    fn call(&mut self, request: tonic::Request<E>) -> Self::Future {
        let answer = request.into_inner().store(&self.0);
        ready(Ok(tonic::Response::new(answer)))
    }
}

/// Reads requests and writes answers; what cannot be read is the sender's fault.
struct Proto<E>(PhantomData<E>);

impl<E: Export> Codec for Proto<E> {
    type Encode = E::Answer;
    type Decode = E;
    type Encoder = Proto<E>;
    type Decoder = Proto<E>;

    fn encoder(&mut self) -> Self::Encoder {
        Self(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self(PhantomData)
    }
}

impl<E: Export> Encoder for Proto<E> {
    type Item = E::Answer;
    type Error = Status;

    fn encode(&mut self, answer: E::Answer, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        answer
            .encode(to)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl<E: Export> Decoder for Proto<E> {
    type Item = E;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<E>, Status> {
        let message = from.copy_to_bytes(from.remaining());
        let read = E::read(&message).map(Some);
        read.map_err(|refusal| Status::new(refusal.grpc(), refusal.to_string()))
    }
}

//! The Runtime API of one environment (Lambda developer guide, "Using the Lambda runtime API").
//!
//! `next` is a long poll that is never answered empty: release builds of the Rust runtime take a 204 for a broken one.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

const PREFIX: &str = "/2018-06-01/runtime/";

/// Work for the function.
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) deadline_ms: i64,
    pub(super) arn: String,
    pub(super) payload: Bytes,
}

/// What the function said.
#[derive(Debug)]
pub(super) enum Report {
    /// It came for its first work.
    Ready,
    /// It could not start.
    InitError(Value),
    /// It answered this request.
    Response(String, Bytes),
    /// It failed this request.
    Error(String, Value),
}

/// One side of the conversation; the other is the process.
pub(super) struct RuntimeApi {
    work: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    reports: mpsc::UnboundedSender<Report>,
    ready: Mutex<bool>,
}

impl RuntimeApi {
    pub(super) fn new() -> (Arc<Self>, mpsc::Sender<Work>, mpsc::UnboundedReceiver<Report>) {
        let (work_in, work) = mpsc::channel(1);
        let (reports, reports_out) = mpsc::unbounded_channel();
        (Arc::new(Self { work: work.into(), reports, ready: Mutex::new(false) }), work_in, reports_out)
    }

    /// Serves until the task is dropped.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener, stopped: oneshot::Receiver<()>) {
        let mut connections = JoinSet::new();
        let accept = async {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let api = Arc::clone(&self);
                connections.spawn(async move {
                    let service = service_fn(move |request| Arc::clone(&api).handle(request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        let error_type = || {
            let name = head.headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
            name.unwrap_or("Unhandled").to_owned()
        };
        let parts: Vec<&str> = path.split('/').collect();
        Ok(match (&head.method, parts.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => self.take(Report::Response((*id).to_owned(), body)),
            (&Method::POST, ["invocation", id, "error"]) => {
                self.take(Report::Error((*id).to_owned(), error(&body, &error_type())))
            }
            (&Method::POST, ["init", "error"]) => self.take(Report::InitError(error(&body, &error_type()))),
            _ => status(StatusCode::NOT_FOUND, "{}"),
        })
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let is_first = !std::mem::replace(&mut *self.ready.lock(), true);
        if is_first {
            let _ = self.reports.send(Report::Ready);
        }
        let Some(work) = self.work.lock().await.recv().await else {
            // The environment is over; the process is about to be ended.
            return std::future::pending().await;
        };
        let mut answer = Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header("lambda-runtime-aws-request-id", &work.request_id)
            .header("lambda-runtime-deadline-ms", work.deadline_ms)
            .header("lambda-runtime-invoked-function-arn", &work.arn)
            .header("lambda-runtime-trace-id", trace_id())
            .body(Full::new(work.payload))
            .unwrap_or_default();
        *answer.status_mut() = StatusCode::OK;
        answer
    }

    fn take(&self, report: Report) -> Response<Full<Bytes>> {
        let _ = self.reports.send(report);
        status(StatusCode::ACCEPTED, "{\"status\":\"OK\"}")
    }
}

fn error(body: &[u8], error_type: &str) -> Value {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut fields)) => {
            fields.entry("errorType").or_insert_with(|| Value::from(error_type));
            Value::Object(fields)
        }
        _ => json!({ "errorType": error_type, "errorMessage": String::from_utf8_lossy(body) }),
    }
}

fn status(status: StatusCode, body: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *answer.status_mut() = status;
    answer
}

/// X-Ray's form: `Root=1-<time>-<96 bits>;Parent=<64 bits>;Sampled=0`.
fn trace_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let now = jiff::Timestamp::now().as_second();
    let (root, parent) = (id.get(..24).unwrap_or_default(), id.get(16..).unwrap_or_default());
    format!("Root=1-{now:08x}-{root};Parent={parent};Sampled=0")
}

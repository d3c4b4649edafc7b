//! The one address everybody talks to: names each call, lets moto answer, and tells the trail.
//!
//! It is an ordinary endpoint and, for absolute-form requests, an HTTP proxy that never leaves the machine: whatever
//! the host, moto answers. That is how S3Control's `123456789012.127.0.0.1` works without a branch in product code.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::RwLock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::bus::Bus;
use crate::control;
use crate::faults::{self, Effect, Faults};
use crate::hub::Hub;
use crate::model::Index;
use crate::moto;
use crate::naming::{self, Named};
use crate::record::Call;
use crate::request::Seen;
use crate::standins;
use crate::trail::identity::Principal;
use crate::trail::{self, Answered};

/// Bodies are held whole, because most protocols hide the operation in them.
const LARGEST_BODY: usize = 64 << 20;

pub(crate) type Answer = Response<BoxBody<Bytes, std::io::Error>>;

/// The gateway's state.
pub(crate) struct Gateway {
    pub(crate) hub: Arc<Hub>,
    pub(crate) faults: Faults,
    pub(crate) bus: OnceLock<Arc<Bus>>,
    index: Index,
    /// Minted events are kept and reach nobody: best-effort delivery at its worst.
    pub(crate) quiet: AtomicBool,
    /// Regions of buckets, which decide where their events go.
    buckets: RwLock<HashMap<String, String>>,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut by an injected fault")]
pub(crate) struct Cut;

/// A call on its way.
struct Under {
    seen: Seen,
    access_key: Option<String>,
    principal: Principal,
    named: Option<Named>,
    parameters: Value,
    region: String,
    account: String,
    record: Call,
}

/// moto's answer, whole.
struct Whole {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Gateway {
    pub(crate) fn new(hub: Arc<Hub>, index: Index) -> Self {
        Self {
            hub,
            index,
            faults: Faults::default(),
            bus: OnceLock::new(),
            quiet: AtomicBool::new(false),
            buckets: RwLock::default(),
        }
    }

    /// Serves until the task is dropped; open connections end with it.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely: connections that end make room.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let gateway = Arc::clone(&self);
            connections.spawn(async move {
                let service = service_fn(move |request| Arc::clone(&gateway).handle(request));
                let served = hyper::server::conn::http1::Builder::new()
                    .keep_alive(true)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
                if let Err(error) = served {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Cut> {
        if request.method() == Method::CONNECT {
            return Ok(text(
                StatusCode::NOT_IMPLEMENTED,
                "the sandbox has no TLS: use http:// endpoints (AWS_ENDPOINT_URL) instead of HTTPS_PROXY\n",
            ));
        }
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
            return Ok(text(StatusCode::PAYLOAD_TOO_LARGE, "the sandbox takes bodies up to 64 MiB\n"));
        };
        let seen = Seen { method: head.method, uri: head.uri, headers: head.headers, body: body.to_bytes() };
        if seen.uri.path().starts_with("/_rectify/") {
            return Ok(control::handle(&self, &seen).await);
        }
        self.call(seen).await
    }

    async fn call(self: Arc<Self>, seen: Seen) -> Result<Answer, Cut> {
        let mut call = self.examine(seen);
        let fault = self.faults.pick(&call.record.service, &call.record.operation, call.record.function.as_deref());
        if let Some(fault) = &fault {
            call.record.fault = Some(format!("{:?} after {} ms", fault.effect, fault.delay_ms.max(fault.at_least_ms)));
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        }
        let at_least = fault.as_ref().map_or(0, |fault| fault.at_least_ms);
        let effect = fault.map(|fault| fault.effect).unwrap_or_default();
        match &effect {
            Effect::Cut => {
                self.close(call, 0, None);
                return Err(Cut);
            }
            Effect::Error { status, code } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let (body, kind) = faults::body(call.named.as_ref(), code, "Injected by the sandbox");
                self.close(call, status.as_u16(), Some(code.clone()));
                let mut answer = text(status, &body);
                answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
                return Ok(answer);
            }
            Effect::Pretend => {
                self.close(call, 200, None);
                return Ok(text(StatusCode::OK, ""));
            }
            _ => {}
        }
        let asked = self.hub.records.now();
        let response = match self.hub.moto.forward(self.outgoing(&call)).await {
            Ok(response) => response,
            Err(reason) => {
                tracing::warn!(reason, "moto did not answer");
                self.close(call, 0, None);
                return Ok(text(StatusCode::BAD_GATEWAY, &format!("moto did not answer: {reason}\n")));
            }
        };
        let (head, body) = response.into_parts();
        let Ok(body) = body.collect().await else {
            self.close(call, 0, None);
            return Err(Cut);
        };
        let mut whole = Whole { status: head.status, headers: head.headers, body: body.to_bytes() };
        if let Some((status, body, kind)) = standins::refusal(call.named.as_ref(), whole.status, &whole.body) {
            whole.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            whole.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            (whole.status, whole.body) = (status, Bytes::from(body));
        }
        let answered = self.hub.records.now();
        call.record.cloud_ns = answered.saturating_sub(asked);
        let taken = Duration::from_nanos(answered.saturating_sub(call.record.start_ns));
        if let Some(rest) = Duration::from_millis(at_least).checked_sub(taken) {
            tokio::time::sleep(rest).await;
        }
        self.settle(call, &whole);
        match effect {
            Effect::CutAfter => Err(Cut),
            Effect::Truncate => Ok(answer(whole, true)),
            _ => Ok(answer(whole, false)),
        }
    }

    /// Who asks for what.
    fn examine(&self, seen: Seen) -> Under {
        let start_ns = self.hub.records.now();
        let scope = seen.scope();
        let access_key = scope.as_ref().map(|scope| scope.access_key.clone());
        let principal = self.hub.identities.of(access_key.as_deref());
        let named = naming::identify(&self.index, &seen, scope.as_ref());
        let signed = scope.as_ref().map(|scope| scope.region.as_str()).filter(|region| !region.is_empty());
        let region = named
            .as_ref()
            .map_or_else(|| signed.unwrap_or(&self.hub.region).to_owned(), |named| self.region(named, signed, &seen));
        let account = seen
            .header(moto::ACCOUNT.as_str())
            .filter(|_| principal.function.is_none())
            .unwrap_or(&principal.account)
            .to_owned();
        let parameters = named.as_ref().map_or(Value::Null, |named| trail::parameters(named, &seen, &region));
        let (service, operation, action, resource) = match &named {
            Some(named) => (
                named.service.name.clone(),
                named.operation.clone(),
                standins::action(named, &parameters),
                standins::resource(named, &parameters, &region, &account),
            ),
            None => Default::default(),
        };
        let caller = principal.function.as_ref();
        let record = Call {
            function: caller.map(|caller| caller.function.clone()),
            request_id: caller.and_then(|caller| self.hub.running(caller.environment)),
            service,
            operation,
            action,
            resource,
            account: account.clone(),
            region: region.clone(),
            status: 0,
            error: None,
            fault: None,
            start_ns,
            end_ns: 0,
            cloud_ns: 0,
        };
        Under { seen, access_key, principal, named, parameters, region, account, record }
    }

    /// The region a call belongs to: the bucket's, us-east-1 for global services, else the signature's.
    fn region(&self, named: &Named, signed: Option<&str>, seen: &Seen) -> String {
        let service = named.service.name.as_str();
        if trail::names::is_global(service) {
            return "us-east-1".to_owned();
        }
        if service == "s3"
            && let Some(bucket) = named.labels.get("Bucket")
        {
            if named.operation == "CreateBucket" {
                let constraint = trail::xml::first_text(&seen.body, "LocationConstraint");
                return constraint.filter(|region| !region.is_empty()).unwrap_or_else(|| "us-east-1".to_owned());
            }
            if let Some(region) = self.buckets.read().get(bucket) {
                return region.clone();
            }
        }
        signed.unwrap_or(&self.hub.region).to_owned()
    }

    /// The request for moto: as it came, with the sandbox's own headers and none of the caller's in their place.
    fn outgoing(&self, call: &Under) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(call.seen.body.clone()));
        *request.method_mut() = call.seen.method.clone();
        *request.uri_mut() = call.seen.uri.clone();
        let mut headers = call.seen.headers.clone();
        for name in [header::TRANSFER_ENCODING, header::CONNECTION, header::EXPECT] {
            headers.remove(name);
        }
        for name in ["proxy-connection", "keep-alive"] {
            headers.remove(name);
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(call.seen.body.len()));
        for name in [moto::ADMINISTRATOR, moto::ACTION, moto::RESOURCE, moto::ACCOUNT] {
            headers.remove(name);
        }
        if let Ok(account) = HeaderValue::from_str(&call.account) {
            headers.insert(moto::ACCOUNT, account);
        }
        if call.principal.function.is_none() {
            headers.insert(moto::ADMINISTRATOR, self.hub.moto.token());
        } else {
            for (name, value) in [(moto::ACTION, &call.record.action), (moto::RESOURCE, &call.record.resource)] {
                if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
                    headers.insert(name, value);
                }
            }
        }
        *request.headers_mut() = headers;
        request
    }

    /// Everything an answered call leads to, before the caller has the answer: so "idle" is never said too early.
    fn settle(&self, call: Under, whole: &Whole) {
        let header = |name: &str| whole.headers.get(name).and_then(|value| value.to_str().ok());
        let failure = trail::failure(whole.status, header("x-amzn-errortype"), &whole.body);
        if let Some(named) = &call.named {
            if failure.is_none() {
                self.learn(named, &call, whole);
            }
            let record = trail::mint(
                &Answered {
                    named,
                    seen: &call.seen,
                    parameters: &call.parameters,
                    principal: &call.principal,
                    access_key: call.access_key.as_deref(),
                    region: &call.region,
                    account: &call.account,
                    status: whole.status,
                    request_id: header("x-amzn-requestid").or_else(|| header("x-amz-request-id")),
                    body: &whole.body,
                    time: jiff::Timestamp::now(),
                },
                failure.as_ref(),
            );
            if let Some(record) = record {
                let reaches_rules = trail::names::reaches_rules(trail::names::event_name(named));
                let event = trail::envelope(&record);
                self.hub.records.events.push(event.clone());
                if reaches_rules && !self.quiet.load(Ordering::Relaxed) {
                    self.publish(&event);
                }
            }
        }
        self.close(call, whole.status.as_u16(), failure.map(|failure| failure.code));
    }

    pub(crate) fn publish(&self, event: &Value) {
        if let Some(bus) = self.bus.get() {
            bus.deliver(event);
        }
    }

    /// What a successful call teaches: keys, buckets' regions, messages, and events somebody put.
    fn learn(&self, named: &Named, call: &Under, whole: &Whole) {
        match (named.service.name.as_str(), named.operation.as_str()) {
            ("sts" | "iam", _) => self.hub.identities.learn(named, &call.principal, &call.parameters, &whole.body),
            ("s3", "CreateBucket") => {
                if let Some(bucket) = named.labels.get("Bucket") {
                    self.buckets.write().insert(bucket.clone(), call.region.clone());
                }
            }
            ("s3", "DeleteBucket") => {
                if let Some(bucket) = named.labels.get("Bucket") {
                    self.buckets.write().remove(bucket);
                }
            }
            ("sns", "Publish" | "PublishBatch") => {
                let at_ns = self.hub.records.now();
                let function = call.record.function.clone();
                for message in crate::bus::messages(&call.seen.form(), function.as_deref(), at_ns) {
                    self.hub.records.messages.push(message);
                }
            }
            ("events", "PutEvents") => {
                for event in crate::bus::put_events(&call.seen.body, &call.account, &call.region) {
                    self.hub.records.events.push(event.clone());
                    self.publish(&event);
                }
            }
            _ => {}
        }
    }

    fn close(&self, mut call: Under, status: u16, error: Option<String>) {
        call.record.status = status;
        call.record.error = error;
        call.record.end_ns = self.hub.records.now();
        self.hub.records.calls.push(call.record);
    }
}

fn answer(whole: Whole, truncate: bool) -> Answer {
    let body = if truncate {
        Truncated { all: whole.body, sent: false }.boxed()
    } else {
        Full::new(whole.body.clone()).map_err(|never: Infallible| match never {}).boxed()
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = whole.status;
    let is_head = whole.headers.get(header::CONTENT_LENGTH).cloned();
    for (name, value) in &whole.headers {
        if name != header::CONNECTION && name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    // An answer to HEAD has the length of the body it does not have.
    if let Some(length) = is_head {
        answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    answer
}

pub(crate) fn text(status: StatusCode, body: &str) -> Answer {
    let mut answer =
        Response::new(Full::new(Bytes::from(body.to_owned())).map_err(|never: Infallible| match never {}).boxed());
    *answer.status_mut() = status;
    answer
}

/// Promises the whole body, sends half of it, and fails.
struct Truncated {
    all: Bytes,
    sent: bool,
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.sent {
            return Poll::Ready(Some(Err(std::io::Error::other(Cut))));
        }
        self.sent = true;
        let half = self.all.slice(..self.all.len() / 2);
        Poll::Ready(Some(Ok(Frame::data(half))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.all.len() as u64)
    }
}

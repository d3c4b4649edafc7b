//! The one address everybody talks to: names each call, lets moto answer, and tells the trail.
//!
//! It is an ordinary endpoint and, for absolute-form requests, an HTTP proxy that never leaves the machine: whatever
//! the host, moto answers. That is how S3Control's `123456789012.127.0.0.1` works without a branch in product code.

mod learn;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::answer::{self, Answer, Cut, Whole, text};
use crate::bus::{Bus, Place, put};
use crate::control;
use crate::error::SandboxError;
use crate::faults::{self, Effect, Faults};
use crate::hub::Hub;
use crate::lambda::api;
use crate::lambda::event_source::EventSources;
use crate::model::Index;
use crate::moto;
use crate::naming::{self, Named};
use crate::record::Call;
use crate::request::Seen;
use crate::scheduler::Scheduler;
use crate::slack::{self, Slack};
use crate::standins;
use crate::sts;
use crate::trail::identity::Principal;
use crate::trail::{self, Answered};

/// Bodies are held whole, because most protocols hide the operation in them.
const LARGEST_BODY: usize = 64 << 20;

/// The gateway's state.
pub(crate) struct Gateway {
    pub(crate) hub: Arc<Hub>,
    pub(crate) faults: Faults,
    pub(crate) bus: OnceLock<Arc<Bus>>,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) sources: OnceLock<EventSources>,
    pub(crate) slack: Slack,
    index: Index,
    /// Minted events are kept and reach nobody: best-effort delivery at its worst.
    pub(crate) quiet: AtomicBool,
    /// Regions of buckets, which decide where their events go.
    buckets: RwLock<HashMap<String, String>>,
    /// Calls under way. They go on when the caller is gone, as in AWS.
    calls: Mutex<JoinSet<()>>,
}

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

impl Under {
    fn place(&self) -> Place {
        Place { account: self.account.clone(), region: self.region.clone() }
    }
}

/// Why the cloud has no answer.
enum Unanswered {
    /// Its answer broke off.
    Broken,
    /// It is not there, for this reason.
    Gone(String),
}

impl Gateway {
    pub(crate) fn new(hub: Arc<Hub>, index: Index) -> Self {
        Self {
            scheduler: Scheduler::new(Arc::clone(&hub)),
            hub,
            index,
            faults: Faults::default(),
            bus: OnceLock::new(),
            sources: OnceLock::new(),
            slack: Slack::default(),
            quiet: AtomicBool::new(false),
            buckets: RwLock::default(),
            calls: Mutex::default(),
        }
    }

    /// A bucket that was made past the gateway, in the hub's region.
    pub(crate) fn know_bucket(&self, name: &str) {
        self.buckets.write().insert(name.to_owned(), self.hub.region.clone());
    }

    /// Gives up what is under way and what waits.
    pub(crate) fn stop(&self) {
        self.scheduler.stop();
        if let Some(sources) = self.sources.get() {
            sources.stop();
        }
        self.calls.lock().abort_all();
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
        if seen.uri.path().starts_with(slack::PATH) {
            return Ok(self.slack.answer(&seen));
        }
        let (told, answer) = oneshot::channel();
        let gateway = Arc::clone(&self);
        {
            let mut calls = self.calls.lock();
            while calls.try_join_next().is_some() {}
            calls.spawn(async move {
                // A caller that is gone is told nothing.
                let _ = told.send(gateway.call(seen).await);
            });
        }
        answer.await.unwrap_or(Err(Cut))
    }

    async fn call(&self, seen: Seen) -> Result<Answer, Cut> {
        let call = self.examine(seen);
        if call.principal.function.is_none() {
            return self.carry_out(call).await;
        }
        // Its function may be gone before it has ended.
        let _work = self.hub.busy.begin();
        let mut answer = self.carry_out(call).await?;
        answer::shift(answer.headers_mut(), self.hub.clock_offset.load(Ordering::Relaxed));
        Ok(answer)
    }

    async fn carry_out(&self, mut call: Under) -> Result<Answer, Cut> {
        let environment = call.principal.function.as_ref().map(|caller| caller.environment);
        if environment.is_some_and(|environment| self.hub.is_killed(environment)) {
            call.record.fault = Some("its process was killed".to_owned());
            self.close(call, 0, None);
            return Err(Cut);
        }
        let fault = self.faults.pick(&call.record.service, &call.record.operation, call.record.function.as_deref());
        if let Some(fault) = &fault {
            call.record.fault = Some(format!("{:?} after {} ms", fault.effect, fault.delay_ms.max(fault.at_least_ms)));
            tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        }
        let at_least = fault.as_ref().map_or(0, |fault| fault.at_least_ms);
        let effect = fault.map(|fault| fault.effect).unwrap_or_default();
        match &effect {
            Effect::Cut | Effect::Kill => {
                if let (Effect::Kill, Some(environment)) = (&effect, environment) {
                    self.hub.kill(environment);
                }
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
        let whole = match self.ask(&call).await {
            Ok(whole) => whole,
            Err(Unanswered::Broken) => {
                self.close(call, 0, None);
                return Err(Cut);
            }
            Err(Unanswered::Gone(reason)) => {
                tracing::warn!(reason, "no answer");
                self.close(call, 0, None);
                return Ok(text(StatusCode::BAD_GATEWAY, &format!("no answer: {reason}\n")));
            }
        };
        let answered = self.hub.records.now();
        call.record.cloud_ns = answered.saturating_sub(asked);
        let taken = Duration::from_nanos(answered.saturating_sub(call.record.start_ns));
        if let Some(rest) = Duration::from_millis(at_least).checked_sub(taken) {
            tokio::time::sleep(rest).await;
        }
        self.settle(call, &whole);
        match (effect, environment) {
            (Effect::KillAfter, Some(environment)) => {
                self.hub.kill(environment);
                Err(Cut)
            }
            (Effect::CutAfter | Effect::KillAfter, _) => Err(Cut),
            (Effect::Truncate, _) => Ok(whole.into_answer(true)),
            _ => Ok(whole.into_answer(false)),
        }
    }

    /// The cloud's answer: of the sandbox's own Lambda service, else moto's.
    async fn ask(&self, call: &Under) -> Result<Whole, Unanswered> {
        let name = call.named.as_ref().map(|named| (named.service.name.as_str(), named.operation.as_str()));
        let gone = |error: SandboxError| Unanswered::Gone(error.to_string());
        if let (Some(("sts", "AssumeRole")), Some(named)) = (name, &call.named) {
            let refusal = sts::refusal(&self.hub, named, &call.principal, &call.seen.form()).await.map_err(gone)?;
            return match refusal {
                Some(refusal) => Ok(refusal),
                None => self.ask_moto(call, self.outgoing(call)).await,
            };
        }
        let is_own = matches!(
            name,
            Some(
                ("lambda", "Invoke" | "GetFunctionConfiguration" | "ListEventSourceMappings") | ("events", "PutEvents")
            )
        );
        let Some(bus) = self.bus.get().filter(|_| is_own) else {
            return self.ask_moto(call, self.outgoing(call)).await;
        };
        if call.principal.function.is_some() {
            let mut question = self.outgoing(call);
            question.headers_mut().insert(moto::ONLY_CHECK, self.hub.moto.token());
            let refusal = self.ask_moto(call, question).await?;
            if refusal.status != StatusCode::NO_CONTENT {
                return Ok(refusal);
            }
        }
        match name {
            Some(("events", _)) => {
                let body = &call.seen.body;
                return put::answer(&self.hub, &bus.policies, &call.principal, body, &call.place()).await.map_err(gone);
            }
            Some((_, "ListEventSourceMappings")) => {
                let query = call.seen.query();
                return Ok(api::mappings(self.sources.get(), query.get("FunctionName").map(String::as_str)));
            }
            Some((_, "GetFunctionConfiguration")) => return Ok(api::configuration(bus, &call.record.resource)),
            _ => {}
        }
        let answer = api::invoke(bus, &call.record.resource, &call.seen).await;
        answer.ok_or_else(|| Unanswered::Gone("the world is ending".to_owned()))
    }

    async fn ask_moto(&self, call: &Under, request: Request<Full<Bytes>>) -> Result<Whole, Unanswered> {
        let response = self.hub.moto.forward(request).await;
        let (head, body) = response.map_err(|reason| Unanswered::Gone(format!("moto: {reason}")))?.into_parts();
        let body = body.collect().await.map_err(|_| Unanswered::Broken)?.to_bytes();
        let mut whole = Whole { status: head.status, headers: head.headers, body };
        if let Some((status, body, kind)) = standins::refusal(call.named.as_ref(), whole.status, &whole.body) {
            whole.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            whole.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            (whole.status, whole.body) = (status, Bytes::from(body));
        }
        Ok(whole)
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
                standins::action(named, &parameters, &region, &account),
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
        for name in [moto::ADMINISTRATOR, moto::ACTION, moto::RESOURCE, moto::ONLY_CHECK, moto::NEW_IDS, moto::ACCOUNT]
        {
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
            let answered = Answered {
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
            };
            for record in trail::records(&answered, failure.as_ref()) {
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

    fn close(&self, mut call: Under, status: u16, error: Option<String>) {
        call.record.status = status;
        call.record.error = error;
        call.record.end_ns = self.hub.records.now();
        self.hub.records.calls.push(call.record);
    }
}

//! One execution environment: a process, its Runtime API and its log.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use super::Settings;
use super::log::Log;
use super::runtime_api::{Report, RuntimeApi, Work};
use crate::hub::Hub;
use crate::record::Outcome;
use crate::template::FunctionSpec;
use crate::trail::identity::Caller;
use crate::trail::xml;

/// How long a process may take to its first request for work (Lambda developer guide: the init phase ends after 10 s).
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// How often a running function's output is looked at, for the person who watches.
const LOOK_AT_LOG: Duration = Duration::from_millis(100);

/// A live process.
pub(super) struct Environment {
    id: u64,
    hub: Arc<Hub>,
    arn: String,
    child: Child,
    init_ns: Option<u64>,
    work: mpsc::Sender<Work>,
    reports: mpsc::UnboundedReceiver<Report>,
    log: Log,
    /// The process group that moto's launcher ends should the sandbox die.
    guarded: Option<u32>,
    // Ends the Runtime API with the environment.
    _stop: oneshot::Sender<()>,
}

/// Why there is no environment.
pub(super) struct NotStarted {
    pub(super) error_type: String,
    pub(super) message: String,
    pub(super) pid: Option<u32>,
}

/// How a request ended.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    pub(super) response: Value,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) peak_rss_kb: Option<u64>,
}

impl Environment {
    /// Obtains credentials of the function's role, starts the process and waits until it asks for work.
    pub(super) async fn start(
        hub: &Arc<Hub>,
        spec: &FunctionSpec,
        binary: &Path,
        settings: &Settings,
    ) -> Result<Self, NotStarted> {
        let failed = |message: String| NotStarted { error_type: "Sandbox.NotStarted".to_owned(), message, pid: None };
        let id = hub.new_environment();
        let credentials = credentials(hub, spec, id).await.map_err(failed)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
        let (api, work, reports) = RuntimeApi::new();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(api.serve(listener, stopped));

        let mut command = Command::new(binary);
        variables(&mut command, spec, settings, &hub.region, binary);
        let (log, stdout, stderr) = Log::open(&spec.logical_id).map_err(|error| failed(error.to_string()))?;
        command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_ACCESS_KEY_ID", &credentials.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret_key)
            .env("AWS_SESSION_TOKEN", &credentials.session_token)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true);
        let spawned = hub.records.now();
        let child = command.spawn().map_err(|error| failed(format!("`{}`: {error}", binary.display())))?;
        let mut environment = Self {
            id,
            hub: Arc::clone(hub),
            arn: spec.arn.clone(),
            child,
            init_ns: None,
            work,
            reports,
            log,
            guarded: None,
            _stop: stop,
        };
        let pid = environment.pid();
        environment.guarded = pid;
        hub.set_process(id, pid);
        if let Some(pid) = pid {
            hub.moto.guard(pid);
        }
        let problem = tokio::select! {
            report = environment.reports.recv() => match report {
                Some(Report::Ready) => {
                    environment.init_ns = Some(hub.records.now().saturating_sub(spawned));
                    environment.log.collect(hub, None, false);
                    settings.ready.tell(pid);
                    return Ok(environment);
                }
                Some(Report::InitError(error)) => error,
                _ => json!({ "errorType": "Runtime.InvalidSequence", "errorMessage": "an answer before any request" }),
            },
            status = environment.child.wait() => exited(None, status),
            () = tokio::time::sleep(INIT_LIMIT) => json!({
                "errorType": "Sandbox.Timedout",
                "errorMessage": format!("no request for work within {} s", INIT_LIMIT.as_secs()),
            }),
        };
        environment.end().await;
        let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Err(NotStarted { error_type: text("errorType"), message: text("errorMessage"), pid })
    }

    pub(super) fn init_ns(&self) -> Option<u64> {
        self.init_ns
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether the process is still there. One may end between two invocations.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None)) && !self.hub.is_killed(self.id)
    }

    /// Hands out one request and waits for its answer, the end of the process or the end of its time.
    pub(super) async fn run(&mut self, request_id: &str, payload: &Bytes, timeout: Duration) -> Ran {
        self.hub.set_running(self.id, Some(request_id));
        let timeout_ms = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
        let work = Work {
            request_id: request_id.to_owned(),
            deadline_ms: jiff::Timestamp::now().as_millisecond().saturating_add(timeout_ms),
            arn: self.arn.clone(),
            payload: payload.clone(),
        };
        let start_ns = self.hub.records.now();
        let (outcome, response) = if self.work.send(work).await.is_err() {
            (Outcome::Crash, exited(Some(request_id), Err(std::io::Error::other("the Runtime API is gone"))))
        } else {
            self.answered(request_id, timeout).await
        };
        let end_ns = self.hub.records.now();
        self.log.collect(&self.hub, Some(request_id), outcome == Outcome::Crash);
        let peak_rss_kb = self.pid().and_then(peak_rss_kb);
        self.hub.set_running(self.id, None);
        Ran { outcome, response, start_ns, end_ns, peak_rss_kb }
    }

    async fn answered(&mut self, request_id: &str, timeout: Duration) -> (Outcome, Value) {
        let time_is_over = tokio::time::sleep(timeout);
        tokio::pin!(time_is_over);
        let mut look = tokio::time::interval(LOOK_AT_LOG);
        loop {
            tokio::select! {
                biased;
                answered = answer(&mut self.reports, request_id) => return answered,
                status = self.child.wait() => {
                    // The answer may have been sent just before the end.
                    return last_word(&mut self.reports, request_id)
                        .unwrap_or_else(|| (Outcome::Crash, exited(Some(request_id), status)));
                }
                () = &mut time_is_over => return (Outcome::Timeout, json!({
                    "errorType": "Sandbox.Timedout",
                    "errorMessage": format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()),
                })),
                _ = look.tick() => self.log.collect(&self.hub, Some(request_id), false),
            }
        }
    }

    /// Ends the process and waits until it is gone.
    pub(super) async fn end(mut self) {
        // From here on the process's id can be another's.
        self.hub.set_process(self.id, None);
        let _ = self.child.kill().await;
        self.log.collect(&self.hub, None, true);
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.hub.set_running(self.id, None);
        self.hub.set_process(self.id, None);
        if let Some(pid) = self.guarded {
            self.hub.moto.release(pid);
        }
    }
}

/// The answer to `request_id`; answers to others (of an invocation that was given up) are not for us.
async fn answer(reports: &mut mpsc::UnboundedReceiver<Report>, request_id: &str) -> (Outcome, Value) {
    loop {
        match reports.recv().await {
            Some(report) => {
                if let Some(answered) = meant(report, request_id) {
                    return answered;
                }
            }
            None => {
                let gone = std::io::Error::other("the Runtime API is gone");
                return (Outcome::Crash, exited(Some(request_id), Err(gone)));
            }
        }
    }
}

fn last_word(reports: &mut mpsc::UnboundedReceiver<Report>, request_id: &str) -> Option<(Outcome, Value)> {
    while let Ok(report) = reports.try_recv() {
        if let Some(answered) = meant(report, request_id) {
            return Some(answered);
        }
    }
    None
}

fn meant(report: Report, request_id: &str) -> Option<(Outcome, Value)> {
    match report {
        Report::Response(id, body) if id == request_id => {
            let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
            Some((Outcome::Success, serde_json::from_slice(&body).unwrap_or_else(|_| text())))
        }
        Report::Error(id, error) if id == request_id => Some((Outcome::Error, error)),
        _ => None,
    }
}

/// What Lambda says of a process that ended by itself, in its words.
fn exited(request_id: Option<&str>, status: std::io::Result<ExitStatus>) -> Value {
    let how = match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
            (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
            (None, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
            (None, None) => format!("Runtime exited with error: {status}"),
        },
        Err(error) => format!("Runtime exited with error: {error}"),
    };
    let message = request_id.map_or_else(|| format!("Error: {how}"), |id| format!("RequestId: {id} Error: {how}"));
    json!({ "errorType": "Runtime.ExitError", "errorMessage": message })
}

/// The signals that processes die of, as Lambda names them.
fn signal_name(signal: i32) -> String {
    match Signal::from_named_raw(signal) {
        Some(Signal::ABORT) => "aborted",
        Some(Signal::BUS) => "bus error",
        Some(Signal::ILL) => "illegal instruction",
        Some(Signal::KILL) => "killed",
        Some(Signal::SEGV) => "segmentation fault",
        Some(Signal::TERM) => "terminated",
        _ => return format!("signal {signal}"),
    }
    .to_owned()
}

struct Credentials {
    access_key: String,
    secret_key: String,
    session_token: String,
}

/// A real `AssumeRole` in moto, as the Lambda service does it. Each environment has a session of its own.
async fn credentials(hub: &Hub, spec: &FunctionSpec, environment: u64) -> Result<Credentials, String> {
    let params = [
        ("Action", "AssumeRole"),
        ("RoleArn", spec.role_arn.as_str()),
        ("RoleSessionName", spec.name.as_str()),
        ("Version", "2011-06-15"),
    ];
    let answer = hub.moto.query(hub.own("sts"), &params).await.map_err(|error| error.to_string())?;
    let field = |name: &str| {
        xml::first_text(&answer.body, name)
            .ok_or_else(|| format!("sts:AssumeRole of `{}` answered {} without {name}", spec.role_arn, answer.status))
    };
    let credentials = Credentials {
        access_key: field("AccessKeyId")?,
        secret_key: field("SecretAccessKey")?,
        session_token: field("SessionToken")?,
    };
    let caller = Caller { function: spec.logical_id.clone(), environment };
    hub.identities.learn_function(caller, &spec.role_arn, &answer.body);
    Ok(credentials)
}

/// The environment variables Lambda sets, the template's, and the three that lead to the sandbox. Nothing is inherited.
fn variables(command: &mut Command, spec: &FunctionSpec, settings: &Settings, region: &str, binary: &Path) {
    let today = jiff::Timestamp::now().strftime("%Y/%m/%d");
    let root = binary.parent().unwrap_or(Path::new("/"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("_HANDLER", &spec.handler)
        .env("LAMBDA_TASK_ROOT", root)
        .env("LAMBDA_RUNTIME_DIR", "/var/runtime")
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_FUNCTION_NAME", &spec.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string())
        .env("AWS_LAMBDA_LOG_GROUP_NAME", &spec.log_group)
        .env("AWS_LAMBDA_LOG_STREAM_NAME", format!("{today}/[$LATEST]{}", uuid::Uuid::new_v4().simple()))
        .envs(spec.log_format.iter().map(|format| ("AWS_LAMBDA_LOG_FORMAT", format)))
        .envs(spec.log_level.iter().map(|level| ("AWS_LAMBDA_LOG_LEVEL", level)))
        .envs(settings.variables.iter().map(|(key, value)| (key, value)))
        .envs(&spec.environment)
        .env("AWS_ENDPOINT_URL", &settings.endpoint)
        .env("HTTP_PROXY", &settings.endpoint);
}

/// The most memory the process ever had resident.
#[cfg(target_os = "linux")]
fn peak_rss_kb(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

#[cfg(not(target_os = "linux"))]
fn peak_rss_kb(_: u32) -> Option<u64> {
    None
}

//! What a 128 MB function in AWS has and a process on this machine has not: TLS with the whole CA bundle, calls that take
//! 20 ms, and a fourteenth of a processor from the first event on.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rectify_sandbox::{Fault, Python};

/// How long every call takes, unless the emulator needs longer.
pub(crate) const CALL_MS: u64 = 20;
/// One virtual processor is 1,769 MB (Lambda developer guide, "Configure Lambda function memory").
pub(crate) const SHARE: f64 = 128.0 / 1769.0;
/// The scheduler's period, in microseconds. A function that has used up its share waits for the next one.
const PERIOD_US: u32 = 20_000;

/// The services that are asked through TLS. S3 Control is not: its host names begin with the account, which no loopback
/// address can have in a certificate.
const SERVICES: [&str; 3] = ["S3", "DYNAMODB", "SNS"];

/// The door in front of the gateway; ends with this value.
pub(crate) struct Door {
    child: Child,
    directory: tempfile::TempDir,
}

impl Door {
    /// Opens a door to a gateway that will be at `gateway`: the functions have to know the door's port, which it returns,
    /// before there is a world.
    pub(crate) async fn open(gateway: u16) -> (Self, u16) {
        let python = Python::ensure(&rectify_sandbox::Progress::default()).await.expect("Python is there");
        let directory = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bench/door.py");
        let mut child = Command::new(python.interpreter())
            .arg("-I")
            .arg(script)
            .args([&gateway.to_string(), &*directory.path().to_string_lossy()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let own = line.trim().parse().expect("the door says its port");
        (Self { child, directory }, own)
    }

    /// Where the function finds the CA bundle.
    pub(crate) fn roots(&self) -> PathBuf {
        self.directory.path().join("roots.pem")
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables that send a function's calls through the door at `port`.
pub(crate) fn variables(port: u16, roots: &Path) -> Vec<(String, String)> {
    let endpoints =
        SERVICES.iter().map(|service| (format!("AWS_ENDPOINT_URL_{service}"), format!("https://127.0.0.1:{port}")));
    endpoints.chain([("SSL_CERT_FILE".to_owned(), roots.to_string_lossy().into_owned())]).collect()
}

/// Makes every call of the functions slow.
pub(crate) fn slow_calls() -> Vec<Fault> {
    vec![Fault { at_least_ms: CALL_MS, ..Fault::default() }]
}

/// A control group in which processes together have a 128 MB function's share of a processor.
pub(crate) struct Share {
    directory: PathBuf,
}

impl Share {
    /// A new group; `None` when this machine or this user cannot make one.
    pub(crate) fn new() -> Option<Self> {
        let quota = (f64::from(PERIOD_US) * SHARE) as u32;
        let name = format!("rectify-bench-{}", std::process::id());
        let first = Self { directory: Path::new("/sys/fs/cgroup/cpu").join(&name) };
        if first.directory.parent().is_some_and(Path::is_dir) {
            fs::create_dir(&first.directory).ok()?;
            first.write("cpu.cfs_period_us", &PERIOD_US.to_string())?;
            first.write("cpu.cfs_quota_us", &quota.to_string())?;
            return Some(first);
        }
        let second = Self { directory: Path::new("/sys/fs/cgroup").join(&name) };
        fs::create_dir(&second.directory).ok()?;
        second.write("cpu.max", &format!("{quota} {PERIOD_US}"))?;
        Some(second)
    }

    fn write(&self, file: &str, text: &str) -> Option<()> {
        fs::write(self.directory.join(file), text).ok()
    }

    /// Puts a process into the group.
    pub(crate) fn hold(&self, pid: u32) {
        self.write("cgroup.procs", &pid.to_string()).expect("a control group takes a process");
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // Fails while a process is in it: the last owner is the world, whose processes end first.
        let _ = fs::remove_dir(&self.directory);
    }
}

//! `rectify sandbox` with a function that ends at once: how it starts, ends and fails. What the real functions do in it is
//! for the end-to-end tests.

use std::{fs, net::TcpListener, path::PathBuf, process::Command};

use crate::harness::{KINDS, rectify};

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");

/// A folder with a binary for every guard, none of which is one.
fn binaries() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("guards");
    fs::create_dir_all(&folder).unwrap();
    let guards = KINDS.iter().map(|kind| kind.0);
    for name in guards.chain(["notifier", "sweeper"]) {
        let function = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !function.exists() {
            let own = folder.join(format!("{name}-{}.new", std::process::id()));
            fs::copy(env!("CARGO_BIN_EXE_rectify"), &own).unwrap();
            fs::rename(own, function).unwrap();
        }
    }
    folder
}

/// With the machine's environment: the Python environment is in its cache.
fn sandbox(more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rectify"));
    command.args(["sandbox", "--template", TEMPLATE, "--bin-dir", binaries().to_str().unwrap()]).args(more);
    command
}

#[test]
fn what_is_missing_is_named_with_the_next_step() {
    for (args, code, said, help) in [
        (&["--template", "nowhere.yaml"][..], 2, "no template at `nowhere.yaml`", "--template"),
        (
            &["--template", TEMPLATE, "--bin-dir", "nowhere"],
            10,
            "the guard `s3-bucket` is not built: no `nowhere/s3-bucket`",
            "`cargo build --release --bin s3-bucket`",
        ),
        (
            &["--template", TEMPLATE, "--bin-dir", binaries().to_str().unwrap(), "--settings", "nowhere"],
            2,
            "no `settings.toml` in `nowhere`",
            "leave --settings out",
        ),
        (&["--port", "99999"], 2, "99999", "--port"),
    ] {
        let run = rectify(&[&["sandbox"], args].concat(), b"");
        assert_eq!((run.code, run.out.as_str()), (Some(code), ""), "{run}");
        assert!(run.err.contains(said) && run.err.contains(help), "{run}");
    }
}

#[test]
fn a_taken_port_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = sandbox(&["--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(10));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains(&format!("cannot listen on 127.0.0.1:{port}")) && err.contains("--port 0"), "{err}");
}

#[cfg(target_os = "linux")]
mod running {
    use std::{
        fs,
        io::{BufRead as _, BufReader, Read as _, Write as _},
        net::TcpStream,
        process::{Child, ChildStdout, Command, Stdio},
        time::{Duration, Instant},
    };

    use super::sandbox;

    /// A sandbox that has said what to try.
    struct Running {
        child: Child,
        /// `None` once nobody reads any more.
        out: Option<BufReader<ChildStdout>>,
        address: String,
    }

    impl Running {
        fn start() -> Self {
            let mut child = sandbox(&["--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            let (mut line, mut address) = (String::new(), String::new());
            while !line.contains("until Ctrl-C") {
                line.clear();
                assert!(out.read_line(&mut line).unwrap() > 0, "the sandbox ended: {:?}", child.wait());
                if let Some(found) = line.trim().strip_prefix("AWS is at http://") {
                    found.clone_into(&mut address);
                }
            }
            Self { child, out: Some(out), address }
        }

        /// A call that makes an event and wakes the guard.
        fn create_bucket(&self) {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            let authorization = "AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0";
            let body = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
            write!(
                stream,
                "PUT /reports HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                self.address,
                body.len()
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        }

        /// Every process that descends from it now.
        fn descendants(&self) -> Vec<u32> {
            let mut found = vec![self.child.id()];
            let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
                .unwrap()
                .filter_map(|entry| {
                    let entry = entry.ok()?;
                    let pid = entry.file_name().to_str()?.parse().ok()?;
                    let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
                    Some((pid, stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()?))
                })
                .collect();
            // Each round finds the next generation.
            for _ in 0..5 {
                let children = parents.iter().filter(|(_, parent)| found.contains(parent)).map(|(pid, _)| *pid);
                let children: Vec<u32> = children.filter(|pid| !found.contains(pid)).collect();
                found.extend(children);
            }
            found
        }

        /// Waits for the end, which must be a good one and leave nothing behind.
        fn ends_well(self, descendants: &[u32]) {
            self.ends(descendants, 0);
        }

        /// Waits for the end with this exit code, which must leave nothing behind.
        fn ends(mut self, descendants: &[u32], code: i32) {
            if let Some(mut out) = self.out.take() {
                out.read_to_string(&mut String::new()).unwrap();
            }
            assert_eq!(self.child.wait().unwrap().code(), Some(code));
            let deadline = Instant::now() + Duration::from_secs(10);
            let alive = |pid: &u32| {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                !stat.is_empty() && !stat.contains(") Z ")
            };
            while descendants.iter().any(alive) {
                assert!(Instant::now() < deadline, "processes stayed");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.child.kill();
        }
    }

    #[test]
    fn ctrl_c_ends_it_and_nothing_stays() {
        for signal in ["-INT", "-TERM", "-HUP"] {
            let mut running = Running::start();
            running.create_bucket();
            let mut log = running.out.as_mut().unwrap().lines();
            let line = log.find_map(|line| line.ok().filter(|line| !line.is_empty())).unwrap();
            assert!(line.contains("you") && line.contains("CreateBucket arn:aws:s3:::reports"), "{line}");

            let descendants = running.descendants();
            assert!(descendants.len() > 1, "moto is a process of its own");
            assert!(Command::new("kill").args([signal, &running.child.id().to_string()]).status().unwrap().success());
            running.ends_well(&descendants);
        }
    }

    /// The functions here end at once, so nothing is put back.
    #[test]
    fn a_story_that_does_not_end_well_says_so_and_leaves_nothing() {
        let output = sandbox(&["--story", "--port", "0"]).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(4), "{out}{err}");
        assert_eq!(out.matches("NOT PUT BACK:").count(), 5, "{out}");
        assert!(out.contains("a moment later        owner FULL_CONTROL, AllUsers READ"), "{out}");
        assert!(!out.contains("Put back and proven"), "{out}");
        assert!(err.contains("error: not everything was put back: `s3-bucket-public-acl`: "), "{err}");
        assert!(err.contains("settings/settings.toml"), "{err}");
    }

    #[test]
    fn a_stopped_story_is_no_success_and_leaves_nothing() {
        let mut child =
            sandbox(&["--story", "--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("$ aws s3api create-bucket") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "the story ended: {:?}", child.wait());
        }
        let running = Running { child, out: Some(out), address: String::new() };
        let descendants = running.descendants();
        assert!(descendants.len() > 1, "moto is a process of its own");
        assert!(Command::new("kill").args(["-INT", &running.child.id().to_string()]).status().unwrap().success());
        running.ends(&descendants, 130);
    }

    #[test]
    fn it_ends_when_nobody_reads_the_log_any_more() {
        let mut running = Running::start();
        let descendants = running.descendants();
        // The next thing that happens cannot be shown.
        running.out = None;
        running.create_bucket();
        running.ends_well(&descendants);
    }
}

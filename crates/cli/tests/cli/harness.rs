//! Running the binary and looking at what it did.

use std::{
    fmt,
    io::Write as _,
    process::{Command, Stdio},
};

/// The name of a kind, which is that of its guard's binary.
pub(crate) struct Named(pub(crate) &'static str);

impl Named {
    const fn of<K: rectify_controls::Kind>() -> Self {
        Self(K::KIND)
    }
}

/// Every kind.
pub(crate) const KINDS: &[Named] = rectify_controls::every_kind!(Named);

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A command line, with nothing of the machine's environment in it.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rectify"));
    command.args(args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `rectify` with `args` and `input` on standard input.
pub(crate) fn rectify(args: &[&str], input: &[u8]) -> Run {
    finish(command(args), input)
}

/// Runs `command` to its end.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // The command may stop reading before the end: that is its right.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// For snapshots.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.code.map_or("none".to_owned(), |code| code.to_string()))?;
        write!(f, "\n--- standard output\n{}", self.out)?;
        write!(f, "--- standard error\n{}", self.err)
    }
}

//! What can go wrong while the small world is built. Once it stands, failures are answers over HTTP, as in AWS.

use std::path::PathBuf;

/// Why a world could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The Python environment that moto runs in could not be made.
    #[error("the Python environment for moto could not be made: {0}")]
    Python(#[from] PythonError),
    /// moto did not come up.
    #[error("moto did not start: {reason}{}", last_words(.output))]
    Moto {
        /// What was waited for.
        reason: String,
        /// The last lines moto wrote.
        output: Vec<String>,
    },
    /// The address for the gateway is taken or forbidden.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; stop what listens there or choose another port")]
    Listen {
        /// The port asked for; 0 means any free one.
        port: u16,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Something the template declares could not be made in moto.
    #[error("`{logical_id}` could not be made: {operation} answered {status}: {answer}")]
    Deploy {
        /// The resource in the template.
        logical_id: String,
        /// Service and operation, for example `dynamodb:CreateTable`.
        operation: String,
        /// HTTP status.
        status: u16,
        /// The body of the answer, shortened.
        answer: String,
    },
    /// A function's binary is not there.
    #[error("no binary for function `{logical_id}` at `{}`; build it first", path.display())]
    Binary {
        /// The function in the template.
        logical_id: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A call to moto for the sandbox's own purposes failed below HTTP.
    #[error("{operation} did not reach moto: {reason}")]
    Call {
        /// Service and operation.
        operation: String,
        /// The cause.
        reason: String,
    },
    /// botocore's service models could not be read.
    #[error("botocore's service models in `{}` could not be read: {reason}", path.display())]
    Models {
        /// The directory or file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
}

/// Why the template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template `{}`: {source}", path.display())]
    Read {
        /// The template.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file is not YAML.
    #[error("`{}` is not YAML: {reason}", path.display())]
    Yaml {
        /// The template.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// A value depends on something the sandbox does not know.
    #[error("`{logical_id}`: {reason}")]
    Resolve {
        /// The resource in the template.
        logical_id: String,
        /// What is missing.
        reason: String,
    },
    /// A rule's event pattern is not one EventBridge would accept.
    #[error("the event pattern of `{rule}` is not valid: {reason}")]
    Pattern {
        /// Logical id, with the event's name for a function's event.
        rule: String,
        /// The pattern crate's words.
        reason: String,
    },
}

/// Why the Python environment could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// No interpreter.
    #[error("`python3` was not found ({reason}); install Python 3.10 or newer")]
    NoPython {
        /// The system's answer.
        reason: String,
    },
    /// The interpreter is too old for moto.
    #[error("`python3` is version {found}; moto needs 3.10 or newer")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// `python3 -m venv` failed, on Debian and Ubuntu usually because `python3-venv` is missing.
    #[error("`python3 -m venv` failed; on Debian and Ubuntu install `python3-venv`{}", last_words(.output))]
    Venv {
        /// Its last lines.
        output: Vec<String>,
    },
    /// `pip install` failed: no network, a proxy in between, or a file that does not have the pinned hash.
    #[error("`pip install` of the pinned requirements failed; is the package index reachable?{}", last_words(.output))]
    Pip {
        /// Its last lines.
        output: Vec<String>,
    },
    /// The cache directory cannot be used.
    #[error("cannot use `{}`: {source}; set RECTIFY_CACHE to a directory you can write to", path.display())]
    Cache {
        /// The directory or file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
}

fn last_words(lines: &[String]) -> String {
    lines.iter().rev().take(12).rev().map(|line| format!("\n    {line}")).collect()
}

//! The Python environment that moto runs in: made once, pinned and hash-checked, kept in a cache directory.
//!
//! The environment is built beside its final place and renamed into it, under a file lock, so that two sandboxes started
//! at once share one and an interrupted build is never used.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::error::PythonError;
use crate::progress::Progress;

/// What is installed, with hashes; see the head of the file for how to renew it.
const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const KEPT_LINES: usize = 40;

/// An environment with moto and botocore in it.
#[derive(Debug, Clone)]
pub struct Python {
    root: PathBuf,
}

impl Python {
    /// Returns the environment, making it first when this is the first time on this machine (about 20 s and a
    /// download of 50 MB).
    ///
    /// # Errors
    /// [`PythonError`]: no Python 3.10, no `venv` module, `pip` failed, or the cache directory cannot be written.
    pub async fn ensure(progress: &Progress) -> Result<Self, PythonError> {
        Self::ensure_in(cache_directory(), Path::new("python3"), progress).await
    }

    async fn ensure_in(cache: PathBuf, python: &Path, progress: &Progress) -> Result<Self, PythonError> {
        let version = version(python).await?;
        let key: String = Sha256::digest(format!("{version}\n{REQUIREMENTS}")).iter().take(8).map(hex_byte).collect();
        let root = cache.join(format!("moto-{key}"));
        if is_complete(&root) {
            return Ok(Self { root });
        }
        std::fs::create_dir_all(&cache).map_err(|source| PythonError::Cache { path: cache.clone(), source })?;
        let _lock = lock(&cache.join(format!("moto-{key}.lock"))).await?;
        if !is_complete(&root) {
            build(&cache, &root, python, progress).await?;
        }
        Ok(Self { root })
    }

    /// The interpreter.
    #[must_use]
    pub fn interpreter(&self) -> PathBuf {
        self.root.join("bin").join("python")
    }

    /// The directory with botocore's service models.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        models(&self.root).unwrap_or_else(|| self.root.clone())
    }
}

/// `$RECTIFY_CACHE`, else `$XDG_CACHE_HOME/rectify`, else `~/.cache/rectify`.
#[must_use]
pub fn cache_directory() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("RECTIFY_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|path| path.join("rectify")))
        .or_else(|| from("HOME").map(|path| path.join(".cache").join("rectify")))
        .unwrap_or_else(|| std::env::temp_dir().join("rectify"))
}

async fn version(python: &Path) -> Result<String, PythonError> {
    let output = Command::new(python)
        .args(["-c", "import sys, platform; print('%d.%d %s' % (*sys.version_info[:2], platform.machine()))"])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| PythonError::NoPython { reason: error.to_string() })?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let minor = text.strip_prefix("3.").and_then(|rest| rest.split(' ').next()).and_then(|minor| minor.parse().ok());
    match minor {
        Some(10u32..) => Ok(text),
        _ if output.status.success() => Err(PythonError::TooOld { found: text }),
        _ => Err(PythonError::NoPython { reason: String::from_utf8_lossy(&output.stderr).trim().to_owned() }),
    }
}

async fn lock(path: &Path) -> Result<std::fs::File, PythonError> {
    let path = path.to_owned();
    let at = path.clone();
    let locked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::create(&path)?;
        file.lock()?;
        Ok(file)
    });
    match locked.await {
        Ok(result) => result,
        Err(error) => Err(std::io::Error::other(error)),
    }
    .map_err(|source| PythonError::Cache { path: at, source })
}

async fn build(cache: &Path, root: &Path, python: &Path, progress: &Progress) -> Result<(), PythonError> {
    progress.step("making a Python environment (once)");
    let draft = tempfile::Builder::new()
        .prefix("moto-draft-")
        .tempdir_in(cache)
        .map_err(|source| PythonError::Cache { path: cache.to_owned(), source })?;
    let mut venv = Command::new(python);
    venv.arg("-m").arg("venv").arg(draft.path());
    run(venv, |_| ()).await.map_err(|output| PythonError::Venv { output })?;

    let requirements = draft.path().join("requirements.txt");
    let cache_error = |path: &Path| {
        let path = path.to_owned();
        move |source| PythonError::Cache { path, source }
    };
    std::fs::write(&requirements, REQUIREMENTS).map_err(cache_error(&requirements))?;
    let total = REQUIREMENTS.lines().filter(|line| line.contains("==")).count();
    let mut done = 0;
    let mut pip = Command::new(draft.path().join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--require-hashes"]);
    pip.args(["--only-binary=:all:", "-r"]).arg(&requirements);
    let collected = |line: &str| {
        if let Some(rest) = line.strip_prefix("Collecting ") {
            done += 1;
            progress.count("installing moto", rest.split("==").next().unwrap_or(rest), done, total);
        } else if line.starts_with("Installing collected packages") {
            progress.step("unpacking moto");
        }
    };
    run(pip, collected).await.map_err(|output| PythonError::Pip { output })?;

    // A draft left by a build of other requirements under the same key cannot be complete: it is in the way, not in use.
    if root.exists() {
        std::fs::remove_dir_all(root).map_err(cache_error(root))?;
    }
    let draft = draft.keep();
    std::fs::rename(&draft, root).map_err(cache_error(root))
}

/// Runs `command`, gives each line of its standard output to `line`, and returns its last lines when it fails.
async fn run(mut command: Command, mut line: impl FnMut(&str)) -> Result<(), Vec<String>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| vec![error.to_string()])?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (mut out_lines, err_lines) = tokio::join!(tail(out, &mut line), tail(err, |_| ()));
    match child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => {
            out_lines.extend(err_lines);
            Err(out_lines.into())
        }
        Err(error) => Err(vec![error.to_string()]),
    }
}

async fn tail(pipe: Option<impl AsyncRead + Unpin>, mut line: impl FnMut(&str)) -> VecDeque<String> {
    let mut kept = VecDeque::new();
    let Some(pipe) = pipe else { return kept };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        line(&text);
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(text);
    }
    kept
}

fn is_complete(root: &Path) -> bool {
    root.join("bin").join("python").exists() && models(root).is_some()
}

fn models(root: &Path) -> Option<PathBuf> {
    std::fs::read_dir(root.join("lib")).ok()?.flatten().find_map(|entry| {
        let data = entry.path().join("site-packages").join("botocore").join("data");
        (data.is_dir() && entry.path().join("site-packages").join("moto").is_dir()).then_some(data)
    })
}

fn hex_byte(byte: &u8) -> String {
    format!("{byte:02x}")
}

#[cfg(test)]
mod tests;

//! What has been built: no jitter entropy, and how big it is.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    repo::Repo,
    run::{command, quiet},
};

/// In the name of every function of AWS-LC's jitter entropy source (`aws_lc_0_47_0_jent_entropy_collector_alloc`, …), and
/// in no other. A static library built with `AWS_LC_SYS_NO_JITTER_ENTROPY=1` does not have the source at all.
const JITTER: &[u8] = b"jent_entropy_collector_alloc";

/// Fails when any AWS-LC that was built below `target/` has the jitter entropy source: it costs up to a second of a small
/// function's cold start, and the switch against it only works at build time.
///
/// # Errors
/// Naming the libraries that have it, or when nothing has been built yet.
pub(crate) fn check_jitter(repo: &Repo) -> Result<()> {
    // `sam build` always builds in `target`, whatever the environment says.
    let mut libraries = aws_lc_libraries(&repo.path("target"))?;
    if repo.target() != repo.path("target") {
        libraries.extend(aws_lc_libraries(&repo.target())?);
    }
    if libraries.is_empty() {
        bail!("no AWS-LC below `target`: build the guards first (`cargo build --release`)");
    }
    let mut bad = Vec::new();
    for library in &libraries {
        let bytes = fs::read(library).with_context(|| format!("could not read `{}`", library.display()))?;
        if contains(&bytes, JITTER) {
            bad.push(library.strip_prefix(repo.root()).unwrap_or(library).display().to_string());
        }
    }
    if !bad.is_empty() {
        bail!(
            "built with jitter entropy, which costs up to a second of every cold start:\n  {}\n\
             `.cargo/config.toml` sets AWS_LC_SYS_NO_JITTER_ENTROPY=1; the build did not see it, or something set it to 0. \
             Build from the root of the repository, after `cargo clean -p aws-lc-sys --release` and the same without `--release`",
            bad.join("\n  ")
        );
    }
    eprintln!("no jitter entropy in {} built AWS-LC libraries", libraries.len());
    Ok(())
}

/// `libaws_lc_*_crypto.a` of every `aws-lc-sys` build directory below `target`.
fn aws_lc_libraries(target: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    // `target/debug/build`, `target/release/build`, and with `--target` one directory more.
    for first in directories(target)? {
        let mut builds = vec![first.join("build")];
        builds.extend(directories(&first)?.into_iter().map(|second| second.join("build")));
        for build in builds {
            for directory in directories(&build)? {
                if directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with("aws-lc-sys-")) {
                    collect(&directory.join("out"), &mut found)?;
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in entries(directory)? {
        let is_library = entry.extension().is_some_and(|extension| extension == "a")
            && entry.file_name().is_some_and(|name| name.to_string_lossy().contains("crypto"));
        if entry.is_dir() {
            collect(&entry, found)?;
        } else if is_library {
            found.push(entry);
        }
    }
    Ok(())
}

fn directories(parent: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(parent)?.into_iter().filter(|path| path.is_dir()).collect())
}

/// What is in `directory`; nothing when it does not exist.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("could not read `{}`", directory.display());
    match fs::read_dir(directory) {
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>().with_context(unreadable)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error).with_context(unreadable),
    }
}

/// Size of `directory`'s zip file, which is what Lambda stores and a cold start loads.
///
/// # Errors
/// When Python cannot read it.
pub(crate) fn zipped_size(directory: &Path) -> Result<u64> {
    const ZIP: &str = "\
import io, pathlib, sys, zipfile
out = io.BytesIO()
root = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as file:
    for path in sorted(root.rglob('*')):
        if path.is_file():
            file.write(path, path.relative_to(root))
print(len(out.getvalue()))";
    let size = quiet(&mut command("python3", &["-c", ZIP, &directory.to_string_lossy()], Path::new(".")));
    size.and_then(|size| size.trim().parse().ok()).with_context(|| format!("could not zip `{}`", directory.display()))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{JITTER, aws_lc_libraries, contains};

    #[test]
    fn libraries_are_found_with_and_without_a_target_triple() {
        let root = std::env::temp_dir().join(format!("rectify-xtask-{}-artefacts", std::process::id()));
        for (directory, file) in [
            ("debug/build/aws-lc-sys-1/out", "libaws_lc_0_47_0_crypto.a"),
            ("x86_64-unknown-linux-gnu/release/build/aws-lc-sys-2/out/build/artifacts", "libaws_lc_0_47_0_crypto.a"),
            ("release/build/aws-lc-sys-3/out", "something.o"),
            ("release/build/ring-1/out", "libring_crypto.a"),
        ] {
            fs::create_dir_all(root.join(directory)).unwrap();
            fs::write(root.join(directory).join(file), "").unwrap();
        }
        let found = aws_lc_libraries(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with(root.join("debug")) && found[1].starts_with(root.join("x86_64-unknown-linux-gnu"))
        );
    }

    #[test]
    fn a_symbol_is_found_in_a_symbol_table() {
        assert!(contains(b"\0aws_lc_0_47_0_jent_entropy_collector_alloc\0", JITTER));
        assert!(!contains(b"\0aws_lc_0_47_0_FIPS_is_entropy_cpu_jitter\0", JITTER));
    }
}

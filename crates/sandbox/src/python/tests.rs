use std::os::unix::fs::PermissionsExt;

use super::*;

/// Plays `python3`: says a version, and for `-m venv DIR` makes an environment whose `pip` does what `pip` says.
fn fake(directory: &Path, version: &str, venv: &str, pip: &str) -> PathBuf {
    let python = directory.join("fake-python3");
    let script = format!(
        r#"#!/bin/sh
case "$1 $2" in
-c*) echo "{version}" ;;
"-m venv")
    {venv}
    mkdir -p "$3/bin"
    echo made >> "{log}"
    cat > "$3/bin/python" <<'EOF'
#!/bin/sh
root=$(dirname "$(dirname "$0")")
{pip}
EOF
    chmod +x "$3/bin/python" ;;
esac
"#,
        log = directory.join("made").display()
    );
    std::fs::write(&python, script).unwrap();
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    python
}

const INSTALLS: &str = r#"echo "Collecting moto==5.2.5"
mkdir -p "$root/lib/python3.12/site-packages/botocore/data" "$root/lib/python3.12/site-packages/moto""#;

#[tokio::test]
async fn it_is_made_once_also_by_two_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let python = fake(directory.path(), "3.12 x86_64", "", INSTALLS);
    let cache = directory.path().join("cache");
    let told = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let telling = std::sync::Arc::clone(&told);
    let progress = Progress::new(move |step| telling.lock().push((step.what.to_owned(), step.detail.to_owned())));
    let ensure = || Python::ensure_in(cache.clone(), &python, &progress);
    let (first, second) = tokio::join!(ensure(), ensure());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.root, second.root);
    assert!(first.models().ends_with("site-packages/botocore/data"));
    assert!(first.interpreter().exists());
    ensure().await.unwrap();
    assert_eq!(std::fs::read_to_string(directory.path().join("made")).unwrap(), "made\n");
    assert!(told.lock().contains(&("installing moto".to_owned(), "moto".to_owned())), "{told:?}");
    let left: Vec<_> = std::fs::read_dir(&cache).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "the environment and its lock: {left:?}");
}

#[tokio::test]
async fn an_interrupted_one_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let python = fake(directory.path(), "3.12 x86_64", "", INSTALLS);
    let cache = directory.path().join("cache");
    let made = Python::ensure_in(cache.clone(), &python, &Progress::default()).await.unwrap();
    std::fs::remove_dir_all(made.root.join("lib")).unwrap();
    let again = Python::ensure_in(cache, &python, &Progress::default()).await.unwrap();
    assert!(is_complete(&again.root));
}

#[tokio::test]
async fn each_failure_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let failure = async |python: &Path| {
        Python::ensure_in(cache.clone(), python, &Progress::default()).await.unwrap_err().to_string()
    };
    let missing = failure(Path::new("/nowhere/python3")).await;
    assert!(missing.contains("install Python 3.10 or newer"), "{missing}");
    let old = failure(&fake(directory.path(), "3.9 x86_64", "", INSTALLS)).await;
    assert!(old.contains("version 3.9") && old.contains("3.10"), "{old}");
    let venv = "echo 'ensurepip is not available' >&2; exit 1";
    let no_venv = failure(&fake(directory.path(), "3.12 x86_64", venv, INSTALLS)).await;
    assert!(no_venv.contains("python3-venv") && no_venv.contains("ensurepip is not available"), "{no_venv}");
    let pip = "echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES' >&2; exit 1";
    let bad_hash = failure(&fake(directory.path(), "3.12 x86_64", "", pip)).await;
    assert!(bad_hash.contains("DO NOT MATCH THE HASHES"), "{bad_hash}");
    assert!(!std::fs::read_dir(&cache).unwrap().flatten().any(|entry| entry.path().join("bin").exists()));
}

#[test]
fn every_requirement_is_pinned_and_hashed() {
    let mut pins = 0;
    for entry in REQUIREMENTS.replace("\\\n", " ").lines().map(str::trim) {
        if entry.is_empty() || entry.starts_with('#') {
            continue;
        }
        pins += 1;
        assert!(entry.contains("==") && entry.contains("--hash=sha256:"), "{entry}");
    }
    assert!(pins > 40, "{pins}");
    assert!(REQUIREMENTS.contains("moto==5.2.5 "));
}

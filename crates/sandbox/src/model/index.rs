//! All services botocore knows, by the names a request can carry. Models are read when first needed.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;

use super::service::{Metadata, Service};
use crate::error::SandboxError;

/// A service and, once it was needed, its model.
struct Entry {
    name: String,
    file: PathBuf,
    metadata: Metadata,
    model: OnceLock<Option<Arc<Service>>>,
}

/// The services by signing name and by target prefix.
pub(crate) struct Index {
    entries: Vec<Entry>,
    by_signing: HashMap<String, Vec<usize>>,
    by_target: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, usize>,
}

impl Index {
    /// Reads the head of every model under botocore's data directory (0.1 s for 440 services).
    pub(crate) fn read(data: &Path) -> Result<Self, SandboxError> {
        let failed = |reason: String| SandboxError::Models { path: data.to_owned(), reason };
        let mut entries = Vec::new();
        for service in std::fs::read_dir(data).map_err(|error| failed(error.to_string()))?.flatten() {
            let Some(file) = newest(&service.path()) else { continue };
            let Some(metadata) = head(&file) else { continue };
            let name = service.file_name().to_string_lossy().into_owned();
            entries.push(Entry { name, file, metadata, model: OnceLock::new() });
        }
        if entries.is_empty() {
            return Err(failed("no service models in it".to_owned()));
        }
        // A service that is called what it is signed as comes first: `rds` before `docdb` and `neptune`.
        entries.sort_by_key(|entry| (entry.name != entry.metadata.signing_name(), entry.name.clone()));
        let mut index = Self {
            by_signing: HashMap::new(),
            by_target: HashMap::new(),
            by_name: entries.iter().enumerate().map(|(at, entry)| (entry.name.clone(), at)).collect(),
            entries,
        };
        for (at, entry) in index.entries.iter().enumerate() {
            index.by_signing.entry(entry.metadata.signing_name().to_owned()).or_default().push(at);
            if let Some(prefix) = &entry.metadata.target_prefix {
                index.by_target.entry(prefix.clone()).or_default().push(at);
                // CloudTrail's has a Java package before it, which botocore sends and the Rust SDK leaves out.
                if let Some((_, short)) = prefix.rsplit_once('.') {
                    index.by_target.entry(short.to_owned()).or_default().push(at);
                }
            }
        }
        Ok(index)
    }

    /// Services whose requests are signed with `name`.
    pub(crate) fn signed_as(&self, name: &str) -> Vec<Candidate<'_>> {
        self.candidates(self.by_signing.get(name))
    }

    /// Services whose `X-Amz-Target` begins with `prefix`.
    pub(crate) fn targeted_as(&self, prefix: &str) -> Vec<Candidate<'_>> {
        self.candidates(self.by_target.get(prefix))
    }

    /// The service botocore calls `name`.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Service>> {
        self.entries.get(*self.by_name.get(name)?)?.load()
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    fn candidates(&self, positions: Option<&Vec<usize>>) -> Vec<Candidate<'_>> {
        positions.into_iter().flatten().filter_map(|at| Some(Candidate(self.entries.get(*at)?))).collect()
    }
}

/// A service that a request may be for.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a>(&'a Entry);

impl Candidate<'_> {
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn load(&self) -> Option<Arc<Service>> {
        self.0.load()
    }
}

impl Entry {
    fn load(&self) -> Option<Arc<Service>> {
        let load = || {
            let mut json = Vec::new();
            open(&self.file)?.read_to_end(&mut json).ok()?;
            Service::parse(&self.name, &json)
                .inspect_err(|error| tracing::warn!(service = self.name, error, "unreadable service model"))
                .ok()
                .map(Arc::new)
        };
        self.model.get_or_init(load).clone()
    }
}

/// The newest version of a service: versions are directories named by date.
fn newest(service: &Path) -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir(service).ok()?.flatten().map(|entry| entry.path()).collect();
    versions.sort();
    versions.into_iter().rev().find_map(|version| {
        ["service-2.json.gz", "service-2.json"].iter().map(|name| version.join(name)).find(|file| file.is_file())
    })
}

fn open(file: &Path) -> Option<Box<dyn Read>> {
    let raw = std::fs::File::open(file).ok()?;
    Some(if file.extension().is_some_and(|extension| extension == "gz") {
        Box::new(GzDecoder::new(raw))
    } else {
        Box::new(raw)
    })
}

/// Reads only as much of a model as its `metadata` object needs, which stands near the beginning.
fn head(file: &Path) -> Option<Metadata> {
    let mut reader = open(file)?;
    let mut text = Vec::new();
    for _ in 0..64 {
        reader.by_ref().take(4096).read_to_end(&mut text).ok()?;
        let found = text.windows(b"\"metadata\"".len()).position(|window| window == b"\"metadata\"");
        let Some(rest) = found.and_then(|at| text.get(at + b"\"metadata\"".len()..)) else { continue };
        let Some(object) = rest.iter().position(|byte| *byte == b'{').and_then(|at| rest.get(at..)) else { continue };
        if let Some(Ok(metadata)) = serde_json::Deserializer::from_slice(object).into_iter::<Metadata>().next() {
            return Some(metadata);
        }
    }
    None
}

//! From what a person names to texts: directories, gzip, zip and tar, one inside the other, never more in memory than a window.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use crate::run::Limits;

/// A file is inflated in one piece, which is several times as fast, when both its sizes are below these.
const WHOLE_STORED: u64 = 24 << 20;
const WHOLE_INFLATED: usize = 40 << 20;

/// More than [`Limits::bomb`] out of one file, and more than so many times its size, is no log: CloudTrail's files shrink to about a tenth.
const BOMB_RATIO: u64 = 200;

/// How deep archives may be in each other: a zip of gzip files is two.
const DEPTH: u8 = 4;

const GZIP: &[u8] = &[0x1f, 0x8b, 8];
const ZIP: &[u8] = b"PK\x03\x04";

/// One thing to read.
#[derive(Debug)]
pub enum Item {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// What somebody has fetched already, and its name.
    Fetched(String, Vec<u8>),
    /// A temporary copy of something larger, and its name.
    Copy(String, File),
    /// Something that could not even be listed or fetched, and why.
    Missing(String, String),
}

/// Everything below `paths`, in order, `-` for standard input. Links are followed, but for those that lead back to where they stand.
///
/// A pipe is read when it is named itself, and not when it lies in a directory: nobody may ever write into it. A directory in which there
/// is nothing is an [`Item::Missing`]: somebody named the wrong one.
pub fn items(paths: &[PathBuf]) -> impl Iterator<Item = Item> + Send {
    paths.iter().flat_map(|path| -> Box<dyn Iterator<Item = Item> + Send> {
        if path == Path::new("-") {
            return Box::new(std::iter::once(Item::Stdin));
        }
        let walk = walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name();
        let mut walk = walk.into_iter().filter_map(|entry| match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) if entry.depth() > 0 && !entry.file_type().is_file() => {
                let why = "it is a pipe, a socket or a device, and no file".to_owned();
                Some(Item::Missing(entry.path().display().to_string(), why))
            }
            Ok(entry) => Some(Item::File(entry.into_path())),
            Err(error) => {
                let path = error.path().map_or_else(String::new, |path| path.display().to_string());
                let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                Some(Item::Missing(path, why))
            }
        });
        let first = walk.next().unwrap_or_else(|| Item::Missing(path.display().to_string(), NOTHING.to_owned()));
        Box::new(std::iter::once(first).chain(walk))
    })
}

/// Why a place that somebody named is as good as missing.
pub const NOTHING: &str = "there is nothing in it";

/// Where texts go.
pub(crate) trait Sink {
    /// A whole text at once.
    fn whole(&mut self, path: &str, text: &[u8]);
    /// A text as it comes. What could not be read ends it and is the error.
    fn stream(&mut self, path: &str, reader: &mut dyn Read);
    /// Something that could not be opened.
    fn unreadable(&mut self, path: &str, why: &str);
    /// Whether somebody wants to stop.
    fn stopped(&self) -> bool;
}

/// What of one item has come out of archives, and how large it is itself.
#[derive(Debug, Default)]
struct Whole {
    out: Cell<u64>,
    /// `u64::MAX` while nobody knows.
    size: Cell<u64>,
    most: u64,
}

impl Whole {
    /// Archives whose files lie over each other are small however much comes out of them. What comes out of an archive in an archive
    /// is counted twice.
    fn is_spent(&self) -> bool {
        self.out.get() > 2 * self.most && self.out.get() / (2 * BOMB_RATIO) > self.size.get()
    }
}

/// Reads items, one after the other. Keeps its buffers.
pub(crate) struct Reader<'p> {
    whole: Rc<Whole>,
    /// Bytes of the input that have been read.
    progress: &'p AtomicU64,
    inflate: libdeflater::Decompressor,
    stored: Vec<u8>,
    inflated: Vec<u8>,
    magic: memmem::Finder<'static>,
}

impl<'p> Reader<'p> {
    pub(crate) fn new(progress: &'p AtomicU64, limits: Limits) -> Self {
        Self {
            whole: Rc::new(Whole { most: limits.bomb, ..Whole::default() }),
            progress,
            inflate: libdeflater::Decompressor::new(),
            stored: Vec::new(),
            inflated: Vec::new(),
            magic: memmem::Finder::new(GZIP),
        }
    }

    /// Reads one item to its end, or as far as it goes.
    pub(crate) fn read(&mut self, item: Item, sink: &mut dyn Sink) {
        self.whole.out.set(0);
        self.whole.size.set(u64::MAX);
        match item {
            Item::File(path) => {
                let name = path.display().to_string();
                match File::open(&path) {
                    Ok(file) => self.file(&name, file, sink),
                    Err(error) => sink.unreadable(&name, &error.to_string()),
                }
            }
            Item::Copy(name, file) => self.file(&name, file, sink),
            Item::Fetched(name, bytes) => {
                self.progress.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                self.whole.size.set(bytes.len() as u64);
                self.stored = bytes;
                self.in_memory(&name, sink);
            }
            Item::Stdin => self.stdin(sink),
            Item::Missing(name, why) => sink.unreadable(&name, &why),
        }
    }

    fn file(&mut self, name: &str, mut file: File, sink: &mut dyn Sink) {
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return sink.unreadable(name, &error.to_string()),
        };
        if metadata.is_dir() {
            return sink.unreadable(name, "it is a directory");
        }
        // A pipe or a device has no length, and cannot be rewound.
        if !metadata.is_file() {
            return self.stream(name, &mut Counted { inner: file, bytes: self.progress }, 0, sink);
        }
        self.whole.size.set(metadata.len());
        if metadata.len() <= WHOLE_STORED {
            self.stored.clear();
            // A file may grow while it is read.
            let read = (&mut file).take(2 * WHOLE_STORED).read_to_end(&mut self.stored);
            if let Err(error) = read {
                // What there is of it, and then why there is no more.
                let stored = std::mem::take(&mut self.stored);
                self.progress.fetch_add(stored.len() as u64, Ordering::Relaxed);
                self.stream(name, &mut (&*stored).chain(Broken(Some(error))), 0, sink);
                self.stored = stored;
                return;
            }
            self.progress.fetch_add(self.stored.len() as u64, Ordering::Relaxed);
            return self.in_memory(name, sink);
        }
        let mut first = [0; 4];
        let begins = file.read_exact(&mut first).and_then(|()| file.seek(SeekFrom::Start(0)));
        if let Err(error) = begins {
            return sink.unreadable(name, &error.to_string());
        }
        if first == ZIP {
            self.progress.fetch_add(metadata.len(), Ordering::Relaxed);
            return self.zip(name, BufReader::new(file), 0, sink);
        }
        self.stream(name, &mut Counted { inner: file, bytes: self.progress }, 0, sink);
    }

    /// What `self.stored` has.
    fn in_memory(&mut self, name: &str, sink: &mut dyn Sink) {
        let stored = std::mem::take(&mut self.stored);
        self.bytes(name, &stored, sink);
        self.stored = stored;
    }

    fn bytes(&mut self, name: &str, stored: &[u8], sink: &mut dyn Sink) {
        if stored.starts_with(ZIP) {
            return self.zip(name, Cursor::new(stored), 0, sink);
        }
        if let Some(size) = stored.starts_with(GZIP).then(|| self.inflate_whole(stored)).flatten() {
            let buffer = std::mem::take(&mut self.inflated);
            let inflated = buffer.get(..size).unwrap_or_default();
            if is_tar(inflated) || inflated.starts_with(GZIP) || inflated.starts_with(ZIP) {
                self.stream(name, &mut &*inflated, 1, sink);
            } else if let Some(why) = unknown(inflated) {
                sink.unreadable(name, why);
            } else {
                sink.whole(name, inflated);
            }
            self.inflated = buffer;
            return;
        }
        if stored.starts_with(GZIP) || is_tar(stored) {
            return self.stream(name, &mut &*stored, 0, sink);
        }
        match unknown(stored) {
            Some(why) => sink.unreadable(name, why),
            None => sink.whole(name, stored),
        }
    }

    /// Inflates a file of one member in one piece into the beginning of `self.inflated`; how much that is. `None`: it has several, is too
    /// large, or is damaged, and then what can be read of it is read bit by bit.
    fn inflate_whole(&mut self, stored: &[u8]) -> Option<usize> {
        let size = usize::try_from(u32::from_le_bytes(*stored.last_chunk()?)).ok()?;
        // Another member, or bytes that look like one, which costs nothing but time.
        if size > WHOLE_INFLATED || stored.get(1..).is_some_and(|rest| self.magic.find(rest).is_some()) {
            return None;
        }
        if self.inflated.len() < size {
            self.inflated.resize(size, 0);
        }
        let written = self.inflate.gzip_decompress(stored, self.inflated.get_mut(..size)?).ok()?;
        (written == size).then_some(size)
    }

    /// A text, or an archive of texts, as it comes.
    fn stream(&mut self, name: &str, reader: &mut dyn Read, depth: u8, sink: &mut dyn Sink) {
        let mut first = vec![0; 512];
        let mut length = 0;
        let error = loop {
            // A decompressor that is asked for nothing may lose its place.
            if length == first.len() {
                break None;
            }
            match reader.read(first.get_mut(length..).unwrap_or_default()) {
                Ok(0) => break None,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        first.truncate(length);
        let begins = first.clone();
        // What came before an error counts.
        let mut all = Cursor::new(first).chain(Broken(error)).chain(reader);
        let is_archive = begins.starts_with(GZIP) || begins.starts_with(ZIP) || is_tar(&begins);
        if depth >= DEPTH && is_archive {
            sink.unreadable(name, "it is an archive, in archives that are in each other: unpack it first");
        } else if begins.starts_with(GZIP) {
            let stored = AtomicU64::new(0);
            let counted = Counted { inner: all, bytes: &stored };
            let inner = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counted));
            let whole = Rc::clone(&self.whole);
            self.stream(name, &mut Bounded { inner, out: 0, stored: &stored, whole }, depth + 1, sink);
        } else if is_tar(&begins) {
            self.tar(name, &mut all, depth, sink);
        } else if begins.starts_with(ZIP) {
            // Its index is at its end.
            match tempfile::tempfile().and_then(|mut copy| io::copy(&mut all, &mut copy).map(|_| copy)) {
                Ok(copy) => {
                    let size = copy.metadata().map_or(u64::MAX, |metadata| metadata.len());
                    self.whole.size.set(self.whole.size.get().min(size));
                    self.zip(name, BufReader::new(copy), depth, sink);
                }
                Err(error) => sink.unreadable(name, &error.to_string()),
            }
        } else if let Some(why) = unknown(&begins) {
            sink.unreadable(name, why);
        } else {
            sink.stream(name, &mut all);
        }
    }

    fn tar(&mut self, name: &str, reader: &mut dyn Read, depth: u8, sink: &mut dyn Sink) {
        let mut archive = tar::Archive::new(reader);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(error) => return sink.unreadable(name, &error.to_string()),
        };
        for entry in entries {
            if sink.stopped() {
                return;
            }
            match entry {
                Ok(mut entry) if entry.header().entry_type().is_file() => {
                    let inside = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                    self.stream(&format!("{name}!{inside}"), &mut entry, depth + 1, sink);
                }
                Ok(_) => {}
                Err(error) => return sink.unreadable(name, &error.to_string()),
            }
        }
    }

    fn zip(&mut self, name: &str, mut reader: impl Read + io::Seek, depth: u8, sink: &mut dyn Sink) {
        let mut archive = match zip::ZipArchive::new(&mut reader) {
            Ok(archive) => archive,
            Err(error) => {
                let why = format!("{error}: files were read until one was not whole");
                self.cut_zip(name, &mut reader, depth, sink);
                return sink.unreadable(name, &why);
            }
        };
        for index in 0..archive.len() {
            if sink.stopped() {
                return;
            }
            if self.whole.is_spent() {
                return sink.unreadable(name, BOMB);
            }
            match archive.by_index(index) {
                Ok(entry) if entry.is_dir() => {}
                Ok(entry) => {
                    let inside = format!("{name}!{}", entry.name());
                    let stored = AtomicU64::new(entry.compressed_size());
                    let whole = Rc::clone(&self.whole);
                    self.stream(
                        &inside,
                        &mut Bounded { inner: entry, out: 0, stored: &stored, whole },
                        depth + 1,
                        sink,
                    );
                }
                Err(error) => sink.unreadable(&format!("{name}!{index}"), &error.to_string()),
            }
        }
    }

    /// The files of an archive whose end, where its index is, is lost.
    fn cut_zip(&mut self, name: &str, mut reader: &mut (impl Read + io::Seek), depth: u8, sink: &mut dyn Sink) {
        if reader.rewind().is_err() {
            return;
        }
        while let Ok(Some(entry)) = zip::read::read_zipfile_from_stream(&mut reader) {
            if sink.stopped() || self.whole.is_spent() {
                return;
            }
            let inside = format!("{name}!{}", entry.name());
            let stored = AtomicU64::new(entry.compressed_size());
            let whole = Rc::clone(&self.whole);
            self.stream(&inside, &mut Bounded { inner: entry, out: 0, stored: &stored, whole }, depth + 1, sink);
        }
    }

    fn stdin(&mut self, sink: &mut dyn Sink) {
        self.stream("standard input", &mut Counted { inner: io::stdin().lock(), bytes: self.progress }, 0, sink);
    }
}

/// Compressed in a way that is not read, or no text at all.
fn unknown(begins: &[u8]) -> Option<&'static str> {
    match begins {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("compressed with zstd: decompress it first"),
        [b'B', b'Z', b'h', ..] => Some("compressed with bzip2: decompress it first"),
        [0xfd, b'7', b'z', ..] => Some("compressed with xz: decompress it first"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Some("a 7-Zip archive: unpack it first"),
        [b'P', b'A', b'R', b'1', ..] => Some("Parquet, not JSON: export the log as JSON"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => {
            Some("UTF-16 text, not UTF-8: convert it first")
        }
        [b'P', b'K', 5, 6, ..] => Some("an empty zip archive"),
        _ => None,
    }
}

fn is_tar(begins: &[u8]) -> bool {
    begins.get(257..262) == Some(b"ustar")
}

/// Counts what passes.
struct Counted<'c, R> {
    inner: R,
    bytes: &'c AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Fails where a reader did.
pub(crate) struct Broken(pub(crate) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What is said of a bomb.
const BOMB: &str = "it inflates to more than 200 times its size: no log does";

/// Ends what grows beyond any log.
struct Bounded<'c, R> {
    inner: R,
    out: u64,
    stored: &'c AtomicU64,
    whole: Rc<Whole>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out += read as u64;
        self.whole.out.set(self.whole.out.get() + read as u64);
        let is_bomb = self.out > self.whole.most && self.out / BOMB_RATIO > self.stored.load(Ordering::Relaxed);
        if is_bomb || self.whole.is_spent() {
            return Err(io::Error::other(BOMB));
        }
        Ok(read)
    }
}

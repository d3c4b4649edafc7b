//! Finds access keys, private keys and well-known tokens in a stream of bytes, and never shows one.
//!
//! [`Reader`] takes an object's bytes in pieces of any size and keeps a fixed amount of them: it opens gzip and zip as they come,
//! reads UTF-16, decodes base64 that holds text, undoes escapes, and says at the end which rules matched and where ([`Report`]). There is no
//! way to ask it what the secret was. The id of an AWS access key is no secret (it stands in every signed request and in
//! CloudTrail), so it is told: whoever reads the report has to know which key to switch off.
//!
//! What is a leak, and what is not:
//! - An AWS access key is a leak only as a pair: a lone id opens nothing. The secret has to stand near its id, the nearer the less
//!   says what the two are, be forty characters that look random, and be none of AWS's documentation. A lone secret is one when
//!   its label says that it is of AWS and no id beside it says otherwise.
//! - A private key is one with its body, through whatever short text stands between its lines. Code that only names the header is
//!   none, nor is a body that is cut short, or has not the form that its header says.
//! - A token has its vendor's prefix, length and alphabet, and looks random. Placeholders are none.
//!
//! The shapes of tokens are those of [gitleaks](https://github.com/gitleaks/gitleaks) (MIT, see `LICENSE-gitleaks`), in so far as
//! a prefix says whose they are; rules that guess from a variable's name are left out, because they are what makes people
//! switch such a tool off.
//!
//! **Architecture invariant:** pure. No clock, no file, no network, no `unsafe`, and no type with a secret in it that can be
//! printed, compared or serialised. Buffers are wiped when they are dropped; the window of the inflater is not ours and is not.
//!
//! ```
//! use rectify_secrets::{Limits, Reader};
//!
//! let mut reader = Reader::new(Limits::default());
//! // A lone id, and the pair from AWS's documentation.
//! reader.feed(b"aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n");
//! reader.feed(b"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n");
//! assert!(reader.finish().found.is_empty());
//! ```

#![forbid(unsafe_code)]

mod archive;
mod aws;
mod base64;
mod chance;
mod detector;
mod escape;
mod pem;
mod report;
mod rules;
mod sealed;
mod shape;
mod stream;
mod text;

pub use archive::Reader;
pub use report::{Class, Found, KeyId, Limits, Report, Unread};
pub use rules::ids;

/// What stands in `bytes`, as one object: [`Reader`] without the pieces.
#[must_use]
pub fn scan(bytes: &[u8]) -> Report {
    let mut reader = Reader::new(Limits::default());
    reader.feed(bytes);
    reader.finish()
}

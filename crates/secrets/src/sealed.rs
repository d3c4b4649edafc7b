//! Memory that may hold a secret.

use zeroize::Zeroize;

/// A buffer of a fixed size that is wiped when it is dropped and cannot be printed. It never grows: growing would leave a
/// copy behind.
pub(crate) struct Sealed {
    bytes: Box<[u8]>,
    len: usize,
}

impl Sealed {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity].into_boxed_slice(), len: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Takes as much of `from` as fits, and says how much that was.
    pub(crate) fn take(&mut self, from: &[u8]) -> usize {
        let fits = from.len().min(self.bytes.len().saturating_sub(self.len));
        let to = self.bytes.get_mut(self.len..self.len.saturating_add(fits));
        if let (Some(to), Some(from)) = (to, from.get(..fits)) {
            to.copy_from_slice(from);
            self.len = self.len.saturating_add(fits);
        }
        fits
    }

    /// Drops the first `count` bytes and wipes where they stood.
    pub(crate) fn forget(&mut self, count: usize) {
        let count = count.min(self.len);
        self.bytes.copy_within(count..self.len, 0);
        let kept = self.len.saturating_sub(count);
        if let Some(rest) = self.bytes.get_mut(kept..self.len) {
            rest.zeroize();
        }
        self.len = kept;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len == self.bytes.len()
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

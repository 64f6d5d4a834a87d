//! Masking of a stream: a value is found even when it is split over chunks.

use super::MASK;
use super::registry::SecretRegistry;
use std::io::{self, Write};

/// Masks a stream chunk by chunk.
///
/// Only bytes that could be the front of a value are held back, at most as many as the longest spelling has.
#[derive(Debug)]
pub struct StreamMask {
    registry: SecretRegistry,
    pending: Vec<u8>,
    /// Bytes at the front of `pending` that were masked already and stay only because a longer value may begin in them.
    done: usize,
    /// Whether the newest that was shown is a mask, so that touching values share one.
    after_mask: bool,
}

impl StreamMask {
    /// A mask with the values of `registry`, those included that are registered later.
    #[must_use]
    pub fn new(registry: SecretRegistry) -> Self {
        Self { registry, pending: Vec::new(), done: 0, after_mask: false }
    }

    /// Takes a chunk and appends to `out` what can be shown.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.pending.extend_from_slice(chunk);
        self.drain(false, out);
    }

    /// Appends what is still held back: the stream has ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.drain(true, out);
    }

    fn drain(&mut self, ended: bool, out: &mut Vec<u8>) {
        let Some(finder) = self.registry.finder() else {
            out.extend(self.pending.drain(..).skip(self.done));
            self.done = 0;
            return;
        };
        // A value that begins before `cut` is complete, or the rest from its begin on would be a front of it.
        let cut = if ended { self.pending.len() } else { finder.held_back_from(&self.pending) };
        let mut shown = self.done;
        for span in finder.spans(&self.pending) {
            if span.start >= cut {
                break;
            }
            if span.start > shown {
                out.extend_from_slice(&self.pending[shown..span.start]);
                self.after_mask = false;
            }
            if span.end > shown && !self.after_mask {
                out.extend_from_slice(MASK.as_bytes());
            }
            if span.end > shown {
                self.after_mask = true;
                shown = span.end;
            }
        }
        if shown < cut {
            out.extend_from_slice(&self.pending[shown..cut]);
            self.after_mask = false;
            shown = cut;
        }
        self.pending.drain(..cut);
        self.done = shown - cut;
    }
}

/// A writer that masks what passes through it.
///
/// `flush` shows all that cannot be part of a value; the rest follows with the next bytes,
/// with [`MaskingWriter::finish`], or when the writer is dropped.
#[derive(Debug)]
pub struct MaskingWriter<W: Write> {
    mask: StreamMask,
    inner: W,
}

impl<W: Write> MaskingWriter<W> {
    /// Masks with the values of `registry` whatever is written to `inner`.
    pub fn new(registry: SecretRegistry, inner: W) -> Self {
        Self { mask: StreamMask::new(registry), inner }
    }

    /// Writes what is held back: no more will come.
    ///
    /// # Errors
    ///
    /// What the inner writer says.
    pub fn finish(&mut self) -> io::Result<()> {
        let mut out = Vec::new();
        self.mask.finish(&mut out);
        self.inner.write_all(&out)?;
        self.inner.flush()
    }
}

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = Vec::new();
        self.mask.push(bytes, &mut out);
        self.inner.write_all(&out)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Drop for MaskingWriter<W> {
    fn drop(&mut self) {
        // Nobody is left to tell of an error; who needs to know calls `finish`.
        drop(self.finish());
    }
}

//! Kinds of chunk (chunks/io.rs of the crate finalfusion 0.18).

pub(super) const SIMPLE_VOCABULARY: u32 = 1;
pub(super) const ARRAY: u32 = 2;
pub(super) const BUCKET_VOCABULARY: u32 = 3;
pub(super) const QUANTIZED_ARRAY: u32 = 4;
pub(super) const METADATA: u32 = 5;
pub(super) const NORMS: u32 = 6;
pub(super) const FASTTEXT_VOCABULARY: u32 = 7;
pub(super) const EXPLICIT_VOCABULARY: u32 = 8;
pub(super) const FLORET_VOCABULARY: u32 = 9;

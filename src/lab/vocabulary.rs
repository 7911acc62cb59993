//! A vocabulary for a text: byte-level BPE (Sennrich et al. 2016; Radford et al. 2019), so that any text
//! can be written with it.

use rayon::prelude::*;
use tokenizers::decoders::DecoderWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::tokenizer::TokenizerImpl;

use crate::model::error::{ModelError, Result};
use crate::model::tokenizer::Tokenizer;

type ByteLevelBpe =
    TokenizerImpl<BPE, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// Each of the 256 bytes is a token.
pub const FEWEST: usize = 256;

/// The `tokenizer.json` of at most `size` tokens for `text`.
///
/// # Errors
/// Whatever the tokenizers library says.
pub fn train(text: &str, size: usize) -> Result<String> {
    let failed = |error: tokenizers::Error| ModelError::Request(format!("no vocabulary is found: {error}"));
    let bytes = ByteLevel::new(false, true, true);
    let mut tokenizer = ByteLevelBpe::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(PreTokenizerWrapper::from(bytes)));
    tokenizer.with_decoder(Some(DecoderWrapper::from(bytes)));
    let mut trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(size)
        .min_frequency(2)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    tokenizer.train(&mut trainer, paragraphs(text)).map_err(failed)?;
    tokenizer.to_string(true).map_err(failed)
}

/// The tokens of a long text, paragraph by paragraph on all threads.
///
/// # Errors
/// What the tokenizer says.
pub fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
    let paragraphs: Vec<&str> = paragraphs(text).collect();
    let encoded: Result<Vec<Vec<u32>>> =
        paragraphs.into_par_iter().map(|paragraph| Ok(tokenizer.encode(paragraph)?.ids)).collect();
    Ok(encoded?.concat())
}

/// A text in pieces that end where a line is empty; together they are the text.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> + Send {
    text.split_inclusive("\n\n")
}

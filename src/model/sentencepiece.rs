//! A SentencePiece model (`tokenizer.model`, `spiece.model`, `source.spm`): pieces, scores and what is done to a
//! text. A protocol buffer; field numbers as in sentencepiece 0.2's `sentencepiece_model.proto`.

use std::path::Path;

use super::error::{ModelError, Result};

/// A kind of piece, by its number in the file (and in `tokenizer.ggml.token_type` of GGUF).
pub mod kind {
    /// A piece like any other.
    pub const USUAL: i64 = 1;
    /// What stands for all that is not known.
    pub const UNKNOWN: i64 = 2;
    /// Matched whole before the text is cut.
    pub const CONTROL: i64 = 3;
    /// The same, of pieces that a user added.
    pub const USER_DEFINED: i64 = 4;
}

/// One piece; its id is its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its text, with U+2581 for a space.
    pub text: String,
    /// The larger, the likelier.
    pub score: f32,
    /// One of [`kind`], or another one that changes nothing.
    pub kind: i64,
}

/// How a text is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutting {
    /// The likeliest pieces together (Kudo 2018).
    Unigram,
    /// The best two neighbours become one, again and again (Sennrich et al. 2016).
    Pairs,
}

/// A whole model.
#[derive(Debug, Clone, PartialEq)]
pub struct SentencePieces {
    /// All pieces.
    pub pieces: Vec<Piece>,
    /// How a text is cut.
    pub cutting: Cutting,
    /// Whether characters that are not known become bytes.
    pub falls_back_to_bytes: bool,
    /// From characters to characters, packed (Darts); empty for none.
    pub characters: Vec<u8>,
    /// Whether a space is put before every text.
    pub adds_prefix: bool,
    /// Whether several spaces become one, and those at the ends none.
    pub removes_spaces: bool,
}

impl SentencePieces {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] for bytes that are no such model, [`ModelError::Unsupported`] for one that
    /// cuts a text into words or characters.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let malformed = |found: &str| ModelError::Malformed {
            path: path.to_owned(),
            what: "the file".into(),
            expected: "a SentencePiece model".into(),
            found: found.to_owned(),
        };
        let cut = || malformed("a field that does not end");
        let mut model = Self {
            pieces: Vec::new(),
            cutting: Cutting::Unigram,
            falls_back_to_bytes: false,
            characters: Vec::new(),
            adds_prefix: true,
            removes_spaces: true,
        };
        let mut kind_of_cutting = 1;
        for field in fields(bytes) {
            match field.ok_or_else(cut)? {
                (1, Field::Bytes(piece)) => {
                    let piece = piece_of(piece).ok_or_else(|| malformed("a piece without a text"))?;
                    model.pieces.push(piece);
                }
                (2, Field::Bytes(training)) => {
                    for field in fields(training) {
                        match field.ok_or_else(cut)? {
                            (3, Field::Integer(kind)) => kind_of_cutting = kind,
                            (35, Field::Integer(flag)) => model.falls_back_to_bytes = flag != 0,
                            _ => {}
                        }
                    }
                }
                (3, Field::Bytes(normalizer)) => {
                    for field in fields(normalizer) {
                        match field.ok_or_else(cut)? {
                            (2, Field::Bytes(map)) => model.characters = map.to_vec(),
                            (3, Field::Integer(flag)) => model.adds_prefix = flag != 0,
                            (4, Field::Integer(flag)) => model.removes_spaces = flag != 0,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        model.cutting = match kind_of_cutting {
            1 => Cutting::Unigram,
            2 => Cutting::Pairs,
            other => {
                return Err(ModelError::Unsupported {
                    path: path.to_owned(),
                    what: format!("a SentencePiece model of kind {other}"),
                    advice: "unigram and BPE ones are read".into(),
                });
            }
        };
        if model.pieces.is_empty() {
            return Err(malformed("no pieces"));
        }
        Ok(model)
    }
}

fn piece_of(bytes: &[u8]) -> Option<Piece> {
    let mut piece = Piece { text: String::new(), score: 0.0, kind: kind::USUAL };
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(text)) => piece.text = String::from_utf8_lossy(text).into_owned(),
            (2, Field::Four(score)) => piece.score = f32::from_le_bytes(score),
            (3, Field::Integer(kind)) => piece.kind = i64::try_from(kind).ok()?,
            _ => {}
        }
    }
    (!piece.text.is_empty()).then_some(piece)
}

/// The value of a field.
enum Field<'a> {
    Integer(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers; `None`, once, where the bytes end too early or mean nothing.
fn fields(bytes: &[u8]) -> impl Iterator<Item = Option<(u64, Field<'_>)>> {
    let mut left = bytes;
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let found = field(&mut left);
        if found.is_none() {
            left = &[];
        }
        Some(found)
    })
}

fn field<'a>(left: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let key = integer(left)?;
    let value = match key & 7 {
        0 => Field::Integer(integer(left)?),
        1 => Field::Bytes(taken(left, 8)?),
        2 => {
            let length = usize::try_from(integer(left)?).ok()?;
            Field::Bytes(taken(left, length)?)
        }
        5 => Field::Four(taken(left, 4)?.try_into().ok()?),
        _ => return None,
    };
    Some((key >> 3, value))
}

fn taken<'a>(left: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = left.split_at_checked(count)?;
    *left = rest;
    Some(taken)
}

/// An integer, seven bits a byte, the lowest first.
fn integer(left: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let byte = *taken(left, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<SentencePieces> {
        SentencePieces::parse(Path::new("tokenizer.model"), bytes)
    }

    /// A piece "ab" with score -1.5, of kind 3; then BPE with bytes; then no prefix.
    const SMALL: &[u8] =
        b"\x0a\x0b\x0a\x02ab\x15\x00\x00\xc0\xbf\x18\x03\x12\x05\x18\x02\x98\x02\x01\x1a\x02\x18\x00";

    #[test]
    fn fields_are_read_by_their_numbers() {
        let model = read(SMALL).unwrap();
        assert_eq!(model.pieces, [Piece { text: "ab".into(), score: -1.5, kind: kind::CONTROL }]);
        assert_eq!((model.cutting, model.falls_back_to_bytes), (Cutting::Pairs, true));
        assert_eq!((model.adds_prefix, model.removes_spaces), (false, true));
    }

    #[test]
    fn a_file_cut_short_is_refused_or_smaller() {
        for length in 0..SMALL.len() {
            if let Ok(model) = read(&SMALL[..length]) {
                assert_eq!(model.pieces.len(), 1, "{length}");
            }
        }
        assert!(read(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").is_err());
        assert!(read(&[SMALL, b"\x12\x02\x18\x04"].concat()).unwrap_err().to_string().contains("kind 4"));
    }
}

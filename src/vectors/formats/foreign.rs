//! Files that are known and hold no vectors that can be read, by their first bytes.

/// What a file is, and what to do instead of opening it.
pub type Refusal = (&'static str, &'static str);

/// The refusal of a file that begins with `bytes`, if it is one of those.
pub fn refusal(bytes: &[u8]) -> Option<Refusal> {
    if is_pickle(bytes) {
        return Some(PICKLE);
    }
    let known: [(&[u8], Refusal); 9] = [
        (b"GGUF", ("a GGUF language model", "word vectors are asked for here, such as a .vec or .bin file")),
        (b"PAR1", ("a parquet table", "write the words one a line and the vectors as .npy beside them")),
        (b"\x89HDF", ("an HDF5 file", "write its vectors as .npy with a word list")),
        (b"SQLite format 3", ("a SQLite database (Magnitude?)", "take the vectors that it was made from")),
        (b"7z\xbc\xaf\x27\x1c", ("a 7-Zip archive", "unpack it first: 7z x")),
        (b"Rar!\x1a\x07", ("a RAR archive", "unpack it first: unrar x")),
        (b"%PDF-", ("a PDF document", "give a file with a word and its numbers on each line")),
        (b"<!DOCTYPE html", ("a web page, perhaps a failed download", "fetch the file again")),
        (
            b"version https://git-lfs",
            ("a Git LFS pointer, not the file itself", "fetch it with: git lfs pull"),
        ),
    ];
    known.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, refusal)| refusal)
}

const PICKLE: Refusal = (
    "a Python pickle (gensim's own format?)",
    "in Python: model.wv.save_word2vec_format(\"vectors.bin\", binary=True)",
);

/// A pickle of protocol 2 to 5 begins with its protocol and an instruction that can come first; one
/// of protocol 0 or 1 with the class or dictionary that it holds (CPython, Lib/pickletools.py).
fn is_pickle(bytes: &[u8]) -> bool {
    let begins = |start: &[u8]| bytes.starts_with(start);
    match bytes {
        [0x80, 2..=5, first, ..] => b"c}](){NXUVK\x8c\x8f\x95".contains(first),
        _ => {
            begins(b"ccopy_reg\n")
                || begins(b"(dp0\n")
                || begins(b"(dp1\n")
                || begins(b"(lp0\n")
                || begins(b"}q\x00(")
                || begins(b"]q\x00(")
                || begins(b"(ip0\n")
                || begins(b"ccopyreg\n")
                || begins(b"cgensim.")
                || begins(b"cnumpy.")
                || begins(b"ccopy_reg\r\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pickles_of_every_protocol_are_named() {
        // `pickle.dumps({"king": [1.0]}, protocol)` and of an object, CPython 3.12.
        for start in [
            &b"(dp0\nVking\np1\n(lp2\n"[..],
            b"}q\x00(X\x04\x00\x00\x00kingq\x01",
            b"\x80\x02}q\x00",
            b"\x80\x03}q\x00",
            b"\x80\x04\x95\x1a",
            b"\x80\x05\x95\x1a",
            b"ccopy_reg\n_reconstructor\np0\n",
        ] {
            assert_eq!(refusal(start), Some(PICKLE), "{start:?}");
        }
        assert_eq!(refusal(b"(dpo 0.1 0.2\n"), None);
        assert_eq!(refusal(b"\x80\x02 0.1 0.2\n"), None);
    }
}

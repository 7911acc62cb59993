//! Models and word vectors that are small enough for a laptop and worth a look.

/// One of them.
#[derive(Debug)]
pub struct Recommended {
    /// What to call it.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What is downloaded, about.
    pub megabytes: u64,
    /// Its licence, as its makers tell.
    pub licence: &'static str,
    /// Where it comes from.
    pub source: Source,
}

/// Where one of them comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// The Hugging Face Hub: ORG/NAME.
    Hub(&'static str),
    /// A file, packed or not.
    File {
        /// Where it is.
        address: &'static str,
        /// The file that is opened, unpacked.
        opens: &'static str,
    },
}

const fn model(
    name: &'static str,
    hub: &'static str,
    megabytes: u64,
    licence: &'static str,
    what: &'static str,
) -> Recommended {
    Recommended { name, what, megabytes, licence, source: Source::Hub(hub) }
}

const fn vectors(
    name: &'static str,
    [address, opens]: [&'static str; 2],
    megabytes: u64,
    licence: &'static str,
    what: &'static str,
) -> Recommended {
    Recommended { name, what, megabytes, licence, source: Source::File { address, opens } }
}

/// All of them.
pub const LIST: &[Recommended] = &[
    vectors(
        "glove-6b-100d",
        ["https://nlp.stanford.edu/data/glove.6B.zip", "glove.6B.100d.txt"],
        862,
        "PDDL-1.0",
        "GloVe, 400,000 words of Wikipedia and news",
    ),
    vectors(
        "glove-twitter-100d",
        ["https://nlp.stanford.edu/data/glove.twitter.27B.zip", "glove.twitter.27B.100d.txt"],
        1520,
        "PDDL-1.0",
        "GloVe, 1.2 million words of tweets",
    ),
    vectors(
        "fasttext-wiki-news",
        [
            "https://dl.fbaipublicfiles.com/fasttext/vectors-english/wiki-news-300d-1M.vec.zip",
            "wiki-news-300d-1M.vec",
        ],
        682,
        "CC-BY-SA-3.0",
        "fastText, a million words",
    ),
    vectors(
        "fasttext-crawl",
        [
            "https://dl.fbaipublicfiles.com/fasttext/vectors-english/crawl-300d-2M.vec.zip",
            "crawl-300d-2M.vec",
        ],
        1524,
        "CC-BY-SA-3.0",
        "fastText, two million words of the web",
    ),
    vectors(
        "fasttext-en-subwords",
        ["https://dl.fbaipublicfiles.com/fasttext/vectors-crawl/cc.en.300.bin.gz", "cc.en.300.bin"],
        4504,
        "CC-BY-SA-3.0",
        "fastText with n-grams: vectors of words that it never saw",
    ),
    model("gpt2", "openai-community/gpt2", 550, "MIT", "the decoder that everybody writes about"),
    model("distilgpt2", "distilbert/distilgpt2", 355, "Apache-2.0", "half a GPT-2, learned from a whole one"),
    model(
        "pythia-70m",
        "EleutherAI/pythia-70m-deduped",
        168,
        "Apache-2.0",
        "a small GPT-NeoX, made to be studied",
    ),
    model(
        "smollm2-135m",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        272,
        "Apache-2.0",
        "a small Llama that answers",
    ),
    model("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B-Instruct", 1000, "Apache-2.0", "a decoder for many languages"),
    model("mamba-130m", "state-spaces/mamba-130m-hf", 520, "Apache-2.0", "states in place of attention"),
    model("bert-base", "google-bert/bert-base-uncased", 442, "Apache-2.0", "the encoder of the textbooks"),
    model("distilbert", "distilbert/distilbert-base-uncased", 269, "Apache-2.0", "half a BERT"),
    model(
        "modernbert-base",
        "answerdotai/ModernBERT-base",
        602,
        "Apache-2.0",
        "an encoder with rotary positions and windows",
    ),
    model(
        "cross-encoder",
        "cross-encoder/ms-marco-MiniLM-L6-v2",
        92,
        "Apache-2.0",
        "says how well a text answers a question (--pair)",
    ),
    model("t5-small", "google-t5/t5-small", 244, "Apache-2.0", "an encoder-decoder: cross attention"),
    model("whisper-tiny", "openai/whisper-tiny.en", 155, "Apache-2.0", "writes what it hears (--audio)"),
    model(
        "wav2vec2-base",
        "facebook/wav2vec2-base-960h",
        378,
        "Apache-2.0",
        "hears letters in samples (--audio)",
    ),
    model(
        "vit-base",
        "google/vit-base-patch16-224",
        347,
        "Apache-2.0",
        "names what is in an image (--image)",
    ),
    model(
        "dinov2-small",
        "facebook/dinov2-small",
        89,
        "Apache-2.0",
        "attention that finds objects by itself (--image)",
    ),
    model(
        "clip-vit-base",
        "openai/clip-vit-base-patch32",
        610,
        "none stated",
        "texts and images in one space",
    ),
];

//! The command line as typed. [`LowArguments`] is only what clap parses; [`super::settings`] turns
//! it, once, into what the commands work with.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::model_arguments::LowModelCommand;
use crate::terminal::ColourChoice;
use crate::theme::ColourDepth;

const AFTER_HELP: &str = "\
Without a command the full-screen interface starts.

Examples:
  lexiscope                                        explore the shipped vectors
  lexiscope --vectors glove.6B.300d.txt            explore your own
  lexiscope analogy man king woman                 man is to king as woman is to ...
  lexiscope neighbors coffee -k 5 --format json    the five nearest words, for a script
  lexiscope attend \"the cat sat\" --layer 0 --head 2   which token looks at which

Exit codes:
  0  answered (a pipe closed by the reader is fine, too)
  1  no answer: an unknown word, nothing passed the filters, or a model that cannot do what is asked
  2  wrong usage: options, an expression that does not parse, vectors of different dimensions
  3  a file cannot be read or written, or is not what it should be
  101  a defect in lexiscope; please report it";

/// A terminal explorer for word vectors and attention.
///
/// Opens GloVe, word2vec, fastText, finalfusion and NumPy files as they are, and answers
/// neighbours and analogies from them; opens transformers in the Hugging Face layout and GGUF files,
/// and shows what their heads look at. Real GloVe vectors and a real MiniLM are inside to start with.
#[derive(Debug, Parser)]
#[command(name = "lexiscope", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct LowArguments {
    /// Word vectors: a file of any known format, or a folder with one
    ///
    /// The format is recognised by content. The default is the shipped GloVe 6B 100d, 30,000 words.
    #[arg(
        long,
        value_name = "FILE|FOLDER",
        env = "LEXISCOPE_VECTORS",
        global = true,
        hide_env_values = true
    )]
    pub vectors: Option<PathBuf>,

    /// Model: a folder in the Hugging Face layout, a .gguf file, or a name in its local cache
    ///
    /// Nothing is downloaded; `lexiscope models` lists what is found. The default is the shipped
    /// MiniLM: 6 layers x 12 heads.
    #[arg(
        long,
        value_name = "FOLDER|FILE|NAME",
        env = "LEXISCOPE_MODEL",
        global = true,
        hide_env_values = true
    )]
    pub model: Option<String>,

    /// Theme of the interface: dark, light, high-contrast, mono, or one of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,

    /// Colours of the interface
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub color: Option<ColorChoice>,

    /// What to answer; without it the interface starts
    #[command(subcommand)]
    pub command: Option<LowCommand>,
}

/// How many colours the interface may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// What the terminal says it can; honours NO_COLOR
    Auto,
    /// 24-bit colour
    Always,
    /// The 256 colours
    #[value(name = "256")]
    Colors256,
    /// The 16 colours of the terminal's own palette
    #[value(name = "16")]
    Colors16,
    /// No colour; shading by characters
    Never,
}

impl From<ColorChoice> for ColourChoice {
    fn from(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Auto => Self::Auto,
            ColorChoice::Always => Self::Depth(ColourDepth::TrueColour),
            ColorChoice::Colors256 => Self::Depth(ColourDepth::C256),
            ColorChoice::Colors16 => Self::Depth(ColourDepth::C16),
            ColorChoice::Never => Self::Depth(ColourDepth::Mono),
        }
    }
}

/// The shape of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OutputFormat {
    /// Aligned columns for people
    #[default]
    Plain,
    /// One JSON object
    Json,
    /// Comma-separated, with a heading
    Csv,
    /// Tab-separated, with a heading
    Tsv,
    /// A drawing; offered by the commands whose answer is a map
    #[value(skip)]
    Svg,
}

/// One subcommand.
#[derive(Debug, Subcommand)]
pub enum LowCommand {
    /// The words nearest to a word
    Neighbors {
        /// The word; without it being in the vectors, its subwords answer where the file has them
        word: String,
        /// Let the asked word be an answer
        #[arg(long)]
        include_query: bool,
        #[command(flatten)]
        filter: LowFilter,
        #[command(flatten)]
        list: LowList,
    },
    /// A is to B as C is to which word?
    ///
    /// `lexiscope analogy man king woman` asks: man is to king as woman is to which word?
    Analogy {
        /// The word that B belongs to
        a: String,
        /// What A has
        b: String,
        /// The word whose counterpart is asked for
        c: String,
        /// How to score a word
        #[arg(long, value_enum, default_value_t = LowMethod::CosAdd)]
        method: LowMethod,
        /// Let A, B and C be answers
        #[arg(long)]
        include_query: bool,
        #[command(flatten)]
        filter: LowFilter,
        #[command(flatten)]
        list: LowList,
    },
    /// The words nearest to an expression or a vector
    ///
    /// An expression adds and subtracts words: "king - man + woman", "2 * (paris - france) + italy".
    /// Quote words that are not plain: "'New York' + food". A vector is a list of numbers, or @FILE
    /// for a file with such a list.
    Query {
        /// Expression, numbers, or @FILE with numbers
        #[arg(allow_hyphen_values = true)]
        query: String,
        /// The rest of it, where it was not quoted
        #[arg(allow_negative_numbers = true)]
        rest: Vec<String>,
        /// Let the asked words be answers
        #[arg(long)]
        include_query: bool,
        #[command(flatten)]
        filter: LowFilter,
        #[command(flatten)]
        list: LowList,
    },
    /// How similar two words are: the cosine of their vectors
    Similarity {
        /// One word
        a: String,
        /// The other
        b: String,
        #[command(flatten)]
        output: LowOutput,
    },
    /// The word that fits least among several
    OddOneOut {
        /// Three words or more
        #[arg(required = true, num_args = 1..)]
        words: Vec<String>,
        #[command(flatten)]
        output: LowOutput,
    },
    /// The character n-grams that a word is made of in fastText vectors
    ///
    /// Shows each n-gram, its bucket, which other n-grams of the word fall into the same bucket, and
    /// how much of the word's vector it carries.
    Subwords {
        /// Any word, known or not
        word: String,
        /// Only the COUNT n-grams that carry most; all of them unless given
        #[arg(short = 'k', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        count: Option<u32>,
        #[command(flatten)]
        output: LowOutput,
    },
    /// Test the vectors on analogy questions or on word pairs that people rated
    ///
    /// Which of the two FILE holds is recognised by its content: questions have four words a line
    /// and sections that begin with a colon; pairs have two words and a number.
    Evaluate {
        /// Questions, such as questions-words.txt, or pairs, such as wordsim353.tsv
        file: PathBuf,
        /// Whose rules to follow: they differ in case folding, unknown words and candidates
        #[arg(long, value_enum, default_value_t = LowProtocol::Glove)]
        protocol: LowProtocol,
        /// Use only the first N words of the vectors
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
        /// How to score a word
        #[arg(long, value_enum, default_value_t = LowObjective::CosAdd)]
        method: LowObjective,
        #[command(flatten)]
        output: LowOutput,
    },
    /// Write vectors in another format
    Convert {
        /// The vectors to read
        input: PathBuf,
        /// The file to write
        output_file: PathBuf,
        /// Format to write; without it the ending of the file's name decides
        #[arg(long, value_enum, value_name = "FORMAT")]
        to: Option<LowTarget>,
        /// Store one byte a number (safetensors only): a quarter of the size, nearly the same answers
        #[arg(long)]
        int8: bool,
        #[command(flatten)]
        output: LowOutput,
    },
    /// What is in a vector file, and what is wrong with it
    Info {
        /// The file; the same as --vectors
        file: Option<PathBuf>,
        #[command(flatten)]
        output: LowOutput,
    },
    #[command(flatten)]
    Model(LowModelCommand),
    /// Print shell completions
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// The shape of an answer.
#[derive(Debug, Args)]
pub struct LowOutput {
    /// Shape of the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: OutputFormat,
}

/// The shape and length of an answer that is a list.
#[derive(Debug, Args)]
pub struct LowList {
    /// How many answers; 10 unless given
    #[arg(short = 'k', long = "count", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    #[command(flatten)]
    pub output: LowOutput,
}

/// Which words may be answers.
#[derive(Debug, Args)]
pub struct LowFilter {
    /// Only words of these frequency ranks: 1..5000, ..5000 or 1000..
    #[arg(long, value_name = "FROM..TO")]
    pub ranks: Option<String>,
    /// Only words that match this regular expression
    #[arg(long, value_name = "REGEX")]
    pub pattern: Option<String>,
    /// Only words of this list, one a line
    #[arg(long, value_name = "FILE")]
    pub only: Option<PathBuf>,
}

/// How an analogy is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowMethod {
    /// Add and subtract (Mikolov et al. 2013)
    #[value(name = "3cosadd", alias = "add", alias = "cosadd")]
    CosAdd,
    /// Multiply and divide (Levy and Goldberg 2014)
    #[value(name = "3cosmul", alias = "mul", alias = "cosmul")]
    CosMul,
    /// Compare only the direction of the step (Levy and Goldberg 2014)
    #[value(name = "pair-direction", alias = "direction", alias = "pairdirection")]
    PairDirection,
}

/// How the questions of an evaluation are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowObjective {
    /// Add and subtract (Mikolov et al. 2013)
    #[value(name = "3cosadd", alias = "add", alias = "cosadd")]
    CosAdd,
    /// Multiply and divide (Levy and Goldberg 2014)
    #[value(name = "3cosmul", alias = "mul", alias = "cosmul")]
    CosMul,
}

/// Whose evaluation rules to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowProtocol {
    /// compute-accuracy of the word2vec tools
    Word2vec,
    /// evaluate_word_analogies of gensim
    Gensim,
    /// evaluate.py of GloVe
    Glove,
    /// The evaluation scripts of gluon-nlp
    Gluon,
    /// Nothing excluded, nothing skipped, no folding of case
    Honest,
}

/// What to convert to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LowTarget {
    /// word2vec binary (.bin)
    Word2vecBinary,
    /// word2vec text, with a header line (.vec)
    Word2vecText,
    /// GloVe text, without a header line (.txt)
    Glove,
    /// Container that opens at once and keeps everything (.safetensors)
    Safetensors,
    /// finalfusion (.fifu)
    Fifu,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_the_command_line_is_sound() {
        use clap::CommandFactory;
        LowArguments::command().debug_assert();
    }

    #[test]
    fn a_query_may_begin_with_a_minus_and_options_stay_options() {
        for arguments in [["-king + queen", "-k", "5"], ["-k", "5", "-king + queen"]] {
            let parsed = LowArguments::try_parse_from(["lexiscope", "query"].into_iter().chain(arguments));
            let Some(LowCommand::Query { query, rest, list, .. }) = parsed.unwrap().command else {
                panic!("no query")
            };
            assert_eq!((query.as_str(), rest.len()), ("-king + queen", 0));
            assert_eq!(list.count, Some(5));
        }
    }

    #[test]
    fn a_query_need_not_be_quoted() {
        let typed = ["lexiscope", "query", "king", "-", "man", "+", "woman", "-k", "5"];
        let Some(LowCommand::Query { query, rest, list, .. }) =
            LowArguments::try_parse_from(typed).unwrap().command
        else {
            panic!("no query")
        };
        assert_eq!((query.as_str(), rest.join(" ")), ("king", "- man + woman".to_owned()));
        assert_eq!(list.count, Some(5));
        assert!(LowArguments::try_parse_from(["lexiscope", "query", "king", "--nonsense"]).is_err());
    }
}

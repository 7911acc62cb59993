//! How a tool asks the analogy questions: what differs between published numbers.

use std::str::FromStr;

use crate::vectors::error::VectorsError;

/// The objective of the analogy questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Objective {
    /// 3CosAdd.
    #[default]
    CosAdd,
    /// 3CosMul.
    CosMul,
}

/// How words of a question are found in the vocabulary, and how answers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseRule {
    /// The question is lower-cased; words are then compared byte by byte.
    LowerQuestion,
    /// ASCII letters of both sides are upper-cased; the first of several variants is used.
    UpperAscii,
    /// Both sides are upper-cased by Unicode's rules; the first of several variants is used.
    Upper,
    /// As written where the vocabulary has it, else lower-cased.
    AsWrittenElseLower,
}

/// What becomes of a question with a word that is not in the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownRule {
    /// It is not asked and not counted.
    Skip,
    /// It counts as answered wrongly.
    Wrong,
}

/// What may not be an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// The rows of the three words asked.
    Rows,
    /// The rows asked, and of the five best others those that are spelled as a word asked but for
    /// case (gensim).
    Spellings,
    /// Nothing: the words asked may win.
    Nothing,
}

/// How the questions are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Only the first so many rows take part, as question words and as answers.
    pub vocabulary: Option<usize>,
    /// How words are found.
    pub case: CaseRule,
    /// What becomes of questions with unknown words.
    pub unknown: UnknownRule,
    /// What may not be an answer.
    pub exclusion: Exclusion,
    /// Whether only answers with a score above zero count (word2vec's 3CosAdd).
    pub positive_only: bool,
    /// The objective.
    pub objective: Objective,
    /// What 3CosMul adds to its denominator.
    pub epsilon: f64,
}

/// A tool whose way of asking is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// word2vec's `compute-accuracy` with its customary threshold of 30,000 words.
    Word2vec,
    /// gensim's `evaluate_word_analogies`: the first 300,000 words.
    Gensim,
    /// GloVe's `evaluate.py`: all words.
    #[default]
    Glove,
    /// gluon-nlp's evaluation script: 300,000 entries, one of them `<unk>`.
    Gluon,
    /// Nothing excluded, nothing left out: unknown words are wrong, the words asked may win.
    Honest,
}

impl Protocol {
    /// All protocols, in the order to show them.
    pub const ALL: [Self; 5] = [Self::Word2vec, Self::Gensim, Self::Glove, Self::Gluon, Self::Honest];

    /// The name to type: `word2vec`, `gensim`, `glove`, `gluon`, `honest`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Word2vec => "word2vec",
            Self::Gensim => "gensim",
            Self::Glove => "glove",
            Self::Gluon => "gluon",
            Self::Honest => "honest",
        }
    }

    /// How the tool asks, with 3CosAdd; change what should differ.
    pub fn options(self) -> Options {
        let base = Options {
            vocabulary: None,
            case: CaseRule::LowerQuestion,
            unknown: UnknownRule::Skip,
            exclusion: Exclusion::Rows,
            positive_only: false,
            objective: Objective::CosAdd,
            epsilon: 1e-6,
        };
        match self {
            Self::Word2vec => {
                Options { vocabulary: Some(30_000), case: CaseRule::UpperAscii, positive_only: true, ..base }
            }
            Self::Gensim => Options {
                vocabulary: Some(300_000),
                case: CaseRule::Upper,
                exclusion: Exclusion::Spellings,
                ..base
            },
            Self::Glove => base,
            Self::Gluon => Options { vocabulary: Some(299_999), epsilon: 1e-10, ..base },
            Self::Honest => Options {
                case: CaseRule::AsWrittenElseLower,
                unknown: UnknownRule::Wrong,
                exclusion: Exclusion::Nothing,
                ..base
            },
        }
    }
}

impl FromStr for Protocol {
    type Err = VectorsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|protocol| protocol.name()).collect();
            VectorsError::Request(format!(
                "there is no protocol \"{text}\"; choose one of {}",
                names.join(", ")
            ))
        })
    }
}

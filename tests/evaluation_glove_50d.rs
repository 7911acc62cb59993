//! The published counts of GloVe 6B 50d, to the question.
//!
//! Runs when `LEXISCOPE_GLOVE_50D` names a file with these vectors in any readable format. The
//! questions are in `tests/fixtures/evaluation`; `LEXISCOPE_EVALUATION` may name another folder,
//! which is also searched for `simlex999.txt` and `wordsim353.tsv`.

use std::path::PathBuf;

use lexiscope::progress::Progress;
use lexiscope::vectors::evaluate::{
    Count, Evaluation, Objective, Options, PairSet, Protocol, QuestionSet, analogies, word_pairs,
};
use lexiscope::vectors::{WordVectors, open};

fn vectors() -> WordVectors {
    let path = std::env::var_os("LEXISCOPE_GLOVE_50D").expect("LEXISCOPE_GLOVE_50D names a file");
    open::open(PathBuf::from(path).as_path(), &Progress::unobserved()).unwrap()
}

fn folder() -> PathBuf {
    std::env::var_os("LEXISCOPE_EVALUATION").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/evaluation")),
        PathBuf::from,
    )
}

fn pair(count: Count) -> (usize, usize) {
    (count.correct, count.total)
}

fn totals(evaluation: &Evaluation) -> [(usize, usize); 3] {
    [pair(evaluation.semantic), pair(evaluation.syntactic), pair(evaluation.total)]
}

#[test]
#[ignore = "needs LEXISCOPE_GLOVE_50D, a file with GloVe 6B 50d"]
fn analogies_match_the_published_counts() {
    let vectors = vectors();
    let questions = QuestionSet::read(&folder().join("questions-words.txt")).unwrap();
    assert_eq!((questions.len(), vectors.len(), vectors.dimensions()), (19_544, 400_000, 50));
    let ask = |options: Options| analogies(&vectors, &questions, &options, &Progress::unobserved()).unwrap();
    let glove = |vocabulary: usize, objective: Objective| {
        ask(Options { vocabulary: Some(vocabulary), objective, ..Protocol::Glove.options() })
    };
    use Objective::{CosAdd, CosMul};
    let table = [
        (30_000, CosAdd, [(3053, 6002), (4340, 8875), (7393, 14877)]),
        (299_999, CosAdd, [(4300, 8811), (4736, 10675), (9036, 19486)]),
        (400_000, CosAdd, [(4298, 8869), (4735, 10675), (9033, 19544)]),
        (30_000, CosMul, [(2614, 6002), (3820, 8875), (6434, 14877)]),
        (299_999, CosMul, [(3360, 8811), (3851, 10675), (7211, 19486)]),
        (400_000, CosMul, [(3353, 8869), (3839, 10675), (7192, 19544)]),
    ];
    for (vocabulary, objective, expected) in table {
        let evaluation = glove(vocabulary, objective);
        assert_eq!(totals(&evaluation), expected, "{vocabulary} {objective:?}");
        let kept = evaluation.total;
        assert_eq!(kept.total + kept.skipped, 19_544);
        if (vocabulary, objective) == (400_000, CosAdd) {
            let sections: Vec<_> = evaluation.sections.iter().map(|section| pair(section.count)).collect();
            #[rustfmt::skip]
            assert_eq!(sections, [
                (401, 506), (3098, 4524), (72, 866), (378, 2467), (349, 506),
                (151, 992), (77, 812), (690, 1332), (321, 1122), (439, 1056),
                (1375, 1599), (585, 1560), (798, 1332), (299, 870),
            ]);
        }
    }
    let honest = ask(Protocol::Honest.options());
    assert_eq!(totals(&honest), [(3252, 8869), (2695, 10675), (5947, 19544)]);
    let word2vec = ask(Protocol::Word2vec.options());
    assert_eq!(totals(&word2vec), [(3053, 6002), (4340, 8875), (7393, 14877)]);
    assert_eq!(pair(ask(Protocol::Gensim.options()).total), (9036, 19486));
    let everything = Options { vocabulary: Some(400_000), ..Protocol::Gensim.options() };
    assert_eq!(pair(ask(everything).total), (9033, 19544));
    assert_eq!(pair(ask(Protocol::Gluon.options()).total), (9036, 19486));
}

#[test]
#[ignore = "needs LEXISCOPE_GLOVE_50D, a file with GloVe 6B 50d"]
fn word_pairs_match_the_published_correlations() {
    let vectors = vectors();
    let sets = [("simlex999.txt", 999, 0.2646, 0.2941), ("wordsim353.tsv", 353, 0.5033, 0.5066)];
    for (name, pairs, spearman, pearson) in sets {
        let path = folder().join(name);
        if !path.exists() {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        }
        let found = word_pairs(&vectors, &PairSet::read(&path).unwrap());
        assert_eq!((found.pairs, found.missing), (pairs, 0), "{name}");
        assert!((found.spearman.unwrap() - spearman).abs() < 1e-4, "{name}: {found:?}");
        assert!((found.pearson.unwrap() - pearson).abs() < 1e-4, "{name}: {found:?}");
    }
}

//! What a classifier says of a text, of its tokens, or of a question.

use ndarray::{ArrayView1, ArrayView2};

use crate::model::network::Says;

/// One class of a classifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Class {
    /// The number of the output.
    pub output: usize,
    /// What the network computed.
    pub logit: f32,
    /// How likely it is; `None` where the numbers stand for themselves.
    pub probability: Option<f64>,
}

/// The classes of one row of logits, the largest first, equal ones in order; as transformers' pipeline
/// reads them.
pub fn classes(logits: ArrayView1<'_, f32>, says: Says) -> Vec<Class> {
    let shares = shares(logits.iter().copied());
    let mut classes: Vec<Class> = logits
        .iter()
        .zip(shares)
        .enumerate()
        .map(|(output, (&logit, share))| {
            let probability = match says {
                Says::OneOf | Says::Span => Some(share),
                Says::EachAlone => Some(1.0 / (1.0 + (-f64::from(logit)).exp())),
                Says::Numbers => None,
            };
            Class { output, logit, probability }
        })
        .collect();
    classes.sort_by(|one, other| other.logit.total_cmp(&one.logit));
    classes
}

/// A piece of the text that answers a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Its first token.
    pub start: usize,
    /// Its last token.
    pub end: usize,
    /// The probability of its beginning times that of its end.
    pub probability: f64,
}

/// Longer answers are not looked for, as in transformers' pipeline.
const LONGEST: usize = 15;

/// The `count` likeliest answers among the tokens that `may_answer`, from where one begins and ends,
/// `[T, 2]`. The first token, which stands for "no answer", has its share of the probabilities.
pub fn answers(logits: ArrayView2<'_, f32>, may_answer: impl Fn(usize) -> bool, count: usize) -> Vec<Answer> {
    let of = |column: usize| -> Vec<f64> {
        let open = |token: usize| token == 0 || may_answer(token);
        let logits = logits.column(column);
        let among =
            logits.indexed_iter().map(|(token, &logit)| if open(token) { logit } else { f32::NEG_INFINITY });
        shares(among).collect()
    };
    let (starts, ends) = (of(0), of(1));
    let mut found = Vec::new();
    for start in (0..starts.len()).filter(|&token| may_answer(token)) {
        for end in (start..ends.len().min(start + LONGEST)).take_while(|&token| may_answer(token)) {
            found.push(Answer { start, end, probability: starts[start] * ends[end] });
        }
    }
    found.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    found.truncate(count);
    found
}

/// The softmax, in f64.
fn shares(logits: impl Iterator<Item = f32> + Clone) -> impl Iterator<Item = f64> {
    let largest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    let exponential = move |logit: f32| f64::from(logit - largest).exp();
    let sum: f64 = logits.clone().map(exponential).sum();
    logits.map(move |logit| exponential(logit) / sum)
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    #[test]
    fn classes_are_read_as_the_head_says() {
        let logits = arr1(&[0.0, 2.0, 2.0]);
        let one_of = classes(logits.view(), Says::OneOf);
        assert_eq!(one_of.iter().map(|class| class.output).collect::<Vec<_>>(), [1, 2, 0]);
        let e2 = 2f64.exp();
        assert!((one_of[0].probability.unwrap() - e2 / (1.0 + 2.0 * e2)).abs() < 1e-12);
        let alone = classes(logits.view(), Says::EachAlone);
        assert!((alone[2].probability.unwrap() - 0.5).abs() < 1e-12);
        assert!((alone[0].probability.unwrap() - e2 / (1.0 + e2)).abs() < 1e-12);
        assert_eq!(classes(logits.view(), Says::Numbers)[0].probability, None);
    }

    #[test]
    fn an_answer_lies_within_the_text_and_ends_after_it_begins() {
        // Token 0 begins and token 1 ends most likely, but only 2 to 4 are of the text.
        let logits = arr2(&[[9.0, 1.0], [1.0, 9.0], [3.0, 0.0], [5.0, 1.0], [0.0, 4.0]]);
        let found = answers(logits.view(), |token| token >= 2, 2);
        assert_eq!(found.iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(), [(3, 4), (2, 4)]);
        // The first token takes its share.
        assert!(found[0].probability < 0.05, "{found:?}");
        assert!(answers(logits.view(), |_| false, 3).is_empty());
    }
}

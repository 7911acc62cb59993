//! The work itself: calls into [`crate::vectors`], [`crate::model`] and [`crate::analysis`].

use std::sync::Arc;

use super::request::{Failure, Outcome, Request};
use super::{attention_work, positions_work};
use crate::progress::Progress;
use crate::vectors::lookup::Lookup;
use crate::vectors::neighbours::Options;
use crate::vectors::{explain, open};

/// How many of the most frequent words are looked through for shared buckets.
const COLLISION_WORDS: usize = 50_000;

/// Carries out a request.
pub(super) fn carry_out(request: Request, progress: &Progress) -> Result<Outcome, Failure> {
    match request {
        Request::Open { path } => {
            let vectors = match path {
                Some(path) => open::open(&path, progress)?,
                None => open::shipped()?,
            };
            Ok(Outcome::Opened(Arc::new(vectors)))
        }
        Request::Lookup { vectors } => Ok(Outcome::Indexed(Arc::new(Lookup::build(&vectors)))),
        Request::Complete { vectors, lookup, typed, limit } => {
            Ok(Outcome::Completed(explain::complete(&vectors, &lookup, &typed, limit)))
        }
        Request::Neighbours { vectors, query, count, filter } => {
            let options = Options { count, exclude_query: true, filter: filter.build()? };
            let answer = explain::neighbourhood(&vectors, &query, &options, progress)?;
            Ok(Outcome::Neighbours(Box::new(answer)))
        }
        Request::Analogy { vectors, question, count } => {
            Ok(Outcome::Analogy(Box::new(explain::solve(&vectors, &question, count, progress)?)))
        }
        Request::Compare { vectors, left, right } => {
            Ok(Outcome::Compared(explain::compare(&vectors, &left, right)?))
        }
        Request::Subwords { vectors, word } => {
            Ok(Outcome::Subwords(explain::take_apart(&vectors, &word, COLLISION_WORDS, progress)?))
        }
        Request::OpenModel { name } => {
            let model = match name {
                Some(name) => crate::model::open::open(&name)?,
                None => crate::model::open::shipped()?,
            };
            Ok(Outcome::ModelOpened(Arc::new(model)))
        }
        Request::Tokenise { model, text } => {
            Ok(Outcome::Tokenised(Arc::new(attention_work::tokens(&model, &text)?)))
        }
        Request::Run { model, text, changes } => attention_work::run(&model, &text, changes, progress),
        Request::Figures { pass } => Ok(Outcome::Figured(Arc::new(attention_work::figures(&pass)))),
        Request::Derive { model, pass, kind, stack } => {
            let maps = crate::analysis::maps::derived(&model.network, &pass.trace, kind, stack, progress)?;
            Ok(Outcome::Derived(maps))
        }
        Request::Cell { model, pass, place, from, to } => {
            let steps = crate::analysis::cell::explain(&model.network, &pass.trace, place, from, to)?;
            Ok(Outcome::Explained(Arc::new(steps)))
        }
        Request::Inspect { model, pass, what } => {
            Ok(Outcome::Inspected(attention_work::inspect(&model, &pass, what, progress)?))
        }
        Request::Positions { model, kind } => {
            Ok(Outcome::Tabulated(Box::new(positions_work::table(model.as_deref(), kind)?)))
        }
        Request::Experiments { model, text } => {
            Ok(Outcome::Experimented(Box::new(positions_work::experiments(&model, text, progress)?)))
        }
        #[cfg(debug_assertions)]
        Request::Panic(_) => panic!("a worker was told to panic"),
    }
}

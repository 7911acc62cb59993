//! A run that is over, shown once more as it went.

use std::time::Duration;

use super::outcome::{Curve, News, Outcome, Point};
use crate::progress::{Cancelled, Progress};

/// How long it takes to show everything.
const LENGTH: Duration = Duration::from_secs(4);

/// No two things are told further apart.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Tells what came out of a run, the points of every curve before the row that they led to, evenly
/// spread over a few seconds.
///
/// # Errors
/// It was stopped.
pub fn replay(outcome: &Outcome, progress: &Progress, tell: &mut dyn FnMut(News)) -> Result<(), Cancelled> {
    let news = in_order(outcome);
    let pause = (LENGTH / u32::try_from(news.len().max(1)).unwrap_or(u32::MAX)).min(LONGEST_PAUSE);
    progress.start(news.len() as u64);
    for one in news {
        progress.pause(pause)?;
        tell(one);
        progress.advance(1);
    }
    Ok(())
}

/// Curves grew one after the other while rows came in between, evenly as far as is known.
fn in_order(outcome: &Outcome) -> Vec<News> {
    let points: Vec<News> = outcome
        .curves
        .iter()
        .flat_map(|curve| {
            let Curve { name, measure, points } = curve;
            let point = |&(at, value)| Point { curve: name.clone(), measure: measure.clone(), at, value };
            points.iter().map(point).map(News::Point).collect::<Vec<_>>()
        })
        .collect();
    let rows = outcome.rows.len();
    let mut news = Vec::with_capacity(points.len() + rows);
    let mut told = 0;
    for (index, row) in outcome.rows.iter().enumerate() {
        let until = points.len() * (index + 1) / rows;
        news.extend_from_slice(&points[told..until]);
        told = until;
        news.push(News::Row(row.clone()));
    }
    news.extend_from_slice(&points[told..]);
    news
}

#[cfg(test)]
mod tests {
    use super::super::outcome::Cell;
    use super::*;

    fn outcome() -> Outcome {
        Outcome {
            rows: vec![vec![Cell::Count(1)], vec![Cell::Count(2)]],
            curves: vec![
                Curve { name: "a".into(), measure: "loss".into(), points: vec![(1, 0.5), (2, 0.7)] },
                Curve { name: "b".into(), measure: "loss".into(), points: vec![(1, 0.1)] },
            ],
            ..Outcome::default()
        }
    }

    #[test]
    fn all_is_told_once_more_and_gives_the_same() {
        let told = in_order(&outcome());
        assert_eq!(told.len(), 5);
        assert_eq!(
            told[0],
            News::Point(Point { curve: "a".into(), measure: "loss".into(), at: 1, value: 0.5 })
        );
        let mut again = Outcome::default();
        told.into_iter().for_each(|news| again.add(news));
        assert_eq!(again, outcome());
    }

    #[test]
    fn it_can_be_stopped() {
        let progress = Progress::unobserved();
        progress.cancel();
        assert_eq!(replay(&outcome(), &progress, &mut |_| panic!("told")), Err(Cancelled));
    }
}

//! How long one frame of the screen *Words* takes to draw, with a full answer on it.
//!
//! `cargo bench --bench frame`. Two answers take turns, so that most cells change every time;
//! the terminal itself is left out.

use criterion::{Criterion, criterion_group, criterion_main};
use lexiscope::app::App;
use lexiscope::jobs::answers::{
    Certificate, MapPoint, Neighbour, NeighbourAnswer, NeighbourMap, Origin, VectorStrip,
};
use lexiscope::{theme, ui};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

/// An answer of fifty words to a query in 300 dimensions.
fn answer(query: &str, turn: usize) -> NeighbourAnswer {
    let neighbours: Vec<Neighbour> = (0..50)
        .map(|row| Neighbour {
            row: row + turn,
            word: format!("{query}{row}"),
            score: 0.9 / (1 + row) as f64,
        })
        .collect();
    let values: Vec<f32> = (0..300).map(|dimension| ((dimension * 7 + turn * 11) as f32).sin()).collect();
    let points = (0..51).map(|index| MapPoint {
        word: format!("{query}{index}"),
        row: Some(index),
        x: ((index * 3 + turn) as f64).sin(),
        y: ((index * 5 + turn) as f64).cos(),
    });
    NeighbourAnswer {
        query: query.to_owned(),
        origin: Origin::Row(turn),
        neighbours,
        strip: VectorStrip { extremes: vec![(3, values[3]), (4, values[4])], norm: 5.5, values },
        map: Some(NeighbourMap { points: points.collect(), explained: 0.31 }),
        certificate: Certificate::default(),
    }
}

fn frame(criterion: &mut Criterion) {
    let theme = theme::load("dark", None).expect("a theme of the program's own");
    let apps = [("king", 0), ("river", 1)].map(|(query, turn)| {
        let mut app = App::default();
        app.words.answer = Some(answer(query, turn));
        app
    });
    for (width, height) in [(80, 24), (200, 60)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        let mut turn = 0;
        criterion.bench_function(&format!("words at {width} x {height}"), |bencher| {
            bencher.iter(|| {
                turn = 1 - turn;
                terminal.draw(|frame| ui::draw(&apps[turn], &theme, frame)).expect("a frame").area
            });
        });
    }
}

criterion_group!(benches, frame);
criterion_main!(benches);

//! How long one frame takes to draw: of the screen *Words* with a full answer on it, and of the
//! screen *Attention* on a text of 512 tokens.
//!
//! `cargo bench --bench frame`. Two states take turns, so that most cells change every time;
//! the terminal itself is left out.

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use lexiscope::analysis::thumbnails::Thumbnails;
use lexiscope::app::{App, Opened, draw};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::open;
use lexiscope::model::tokenizer::Tokens;
use lexiscope::model::trace::Keep;
use lexiscope::progress::Progress;
use lexiscope::screens::attention::Zoom;
use lexiscope::screens::attention::pass::Pass;
use lexiscope::theme;
use lexiscope::vectors::explain::{
    Certificate, MapPoint, Neighbour, NeighbourAnswer, NeighbourMap, Origin, VectorStrip,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

#[path = "../tests/support/screens.rs"]
mod look;

use look::{Look, show};

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

fn words(query: &str, turn: usize) -> App {
    let mut app = look::app();
    app.words_mut().answer = Some(answer(query, turn));
    app
}

/// The shipped model on 512 tokens, with one of two heads selected.
fn attention(zoom: Zoom) -> [App; 2] {
    let model = Arc::new(open::shipped().expect("the shipped model"));
    let ids: Vec<u32> = (0..512).map(|index| 1000 + 37 * index).collect();
    let options = PassOptions { keep: Keep::Weights, ..PassOptions::default() };
    let trace = forward(&model.network, &Input::Tokens(&ids), &options, &Progress::unobserved());
    let trace = trace.expect("a pass");
    let names = ids.iter().map(|id| format!("token{id}")).collect();
    let pass = Arc::new(Pass {
        text: String::from("a long text"),
        image: None,
        tokens: Arc::new(Tokens::unmarked(ids, names)),
        decoder_tokens: None,
        thumbnails: Thumbnails::of(&trace),
        trace: Arc::new(trace),
        keep: Keep::Weights,
        interventions: Default::default(),
        bytes: 0,
        elapsed: Duration::ZERO,
    });
    [3, 4].map(|layer| {
        let mut app = look::app();
        show(&mut app, "attention");
        app.frame.model = Opened::Open(Arc::clone(&model));
        app.attention_mut().tokens = Some(Arc::clone(&pass.tokens));
        app.attention_mut().before = Some(Arc::clone(&pass));
        let chosen = &mut app.attention_mut().chosen;
        (chosen.layer, chosen.head, chosen.zoom) = (layer, layer, zoom);
        app
    })
}

fn frame(criterion: &mut Criterion) {
    let theme = theme::load("dark", None).expect("a theme of the program's own");
    let states = [
        ("words", [words("king", 0), words("river", 1)]),
        ("all heads on 512 tokens", attention(Zoom::Wall)),
        ("one head on 512 tokens", attention(Zoom::Head)),
    ];
    for (name, apps) in states {
        for (width, height) in [(80, 24), (200, 60)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
            let mut turn = 0;
            criterion.bench_function(&format!("{name} at {width} x {height}"), |bencher| {
                bencher.iter(|| {
                    turn = 1 - turn;
                    terminal.draw(|frame| drop(draw::draw(&apps[turn], &theme, frame))).expect("a frame").area
                });
            });
        }
    }
}

criterion_group!(benches, frame);
criterion_main!(benches);

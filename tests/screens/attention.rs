//! The screens Attention and Positions: text at three sizes, styles of one theme, and no panic at
//! any size, with any tokens.

use lexiscope::analysis::HeadPlace;
use lexiscope::analysis::maps::View;
use lexiscope::app::{App, Opened};
use lexiscope::screens::attention::pass::Inspection;
use lexiscope::screens::attention::{CellStep, Focus, MapScale, Panel, Zoom};
use lexiscope::theme::ColourDepth;
use proptest::prelude::*;

use crate::attention_state::{self as state, WORDS};
use crate::look::{Look, show};
use crate::{assert_text, nasty_words, render, styles, text, theme};

fn looking() -> App {
    state::looking(&WORDS, 2, false)
}

#[test]
fn a_head() {
    assert_text("attention_head", &looking());
}

#[test]
fn a_causal_head_leaves_masked_cells_blank() {
    assert_text("attention_causal", &state::looking(&WORDS, 2, true));
}

#[test]
fn the_legend_of_a_narrow_map_stands_alone() {
    let app = state::looking(&WORDS[..3], 8, false);
    let screen = text(&render(&app, &theme("mono"), 100, 30));
    let legend = screen.lines().find(|line| line.contains("square root  0")).expect("a legend");
    assert!(!["prev", "same", "sep", "broa"].iter().any(|label| legend.contains(label)), "{screen}");
    assert!(screen.contains("broa"), "{screen}");
}

#[test]
fn the_wall() {
    let mut app = looking();
    app.attention_mut().chosen.zoom = Zoom::Wall;
    assert_text("attention_wall", &app);
}

#[test]
fn every_step_of_a_cell() {
    let mut app = looking();
    app.attention_mut().chosen.zoom = Zoom::Cell;
    for step in CellStep::ALL {
        app.attention_mut().chosen.step = step;
        let name = format!("attention_cell_{step:?}").to_lowercase();
        insta::assert_snapshot!(name, text(&render(&app, &theme("mono"), 80, 24)));
    }
    assert_text("attention_cell", &app);
}

#[test]
fn before_and_after() {
    assert_text("attention_changed", &state::changed(looking()));
}

#[test]
fn panels() {
    let inspections = [
        ("lens", Panel::Lens, Inspection::Lens { position: 4, rows: state::lens() }),
        ("spectra", Panel::Spectra, Inspection::Spectrum(HeadPlace::new(1, 1), state::spectrum())),
        ("importance", Panel::Importance, Inspection::Importance(state::importance())),
    ];
    for (name, panel, inspection) in inspections {
        let mut app = looking();
        app.attention_mut().chosen.panel = panel;
        app.attention_mut().inspection = Some(inspection);
        insta::assert_snapshot!(format!("attention_{name}"), text(&render(&app, &theme("mono"), 80, 24)));
    }
}

#[test]
fn a_model_that_cannot_be_opened_shows_the_way_out() {
    let mut app = looking();
    app.frame.model = Opened::Failed {
        message: "reading model.safetensors: expected tensor `wte.weight`, found none".into(),
        way_out: "Check the folder, or press D for the shipped model.".into(),
    };
    assert_text("attention_failed", &app);
}

#[test]
fn a_text_too_long_for_memory_says_so() {
    let mut app = looking();
    app.attention_mut().before = None;
    app.attention_mut().problem = Some("this text needs 9.1 GB, the limit is 4 GB".into());
    let screen = text(&render(&app, &theme("mono"), 80, 24));
    assert!(screen.contains("9.1 GB") && screen.contains("shorter"), "{screen}");
}

#[test]
fn an_image_stands_beside_its_map() {
    assert_text("attention_image", &state::looking_at_an_image());
    let theme = theme("dark").with_depth(ColourDepth::C256);
    insta::assert_snapshot!(
        "styles_attention_image",
        styles(&render(&state::looking_at_an_image(), &theme, 80, 24))
    );
}

#[test]
fn a_change_leaves_room_for_before_and_after() {
    let mut app = state::changed(state::looking_at_an_image());
    for (width, height, image) in [(160, 50, true), (80, 24, false)] {
        let screen = text(&render(&app, &theme("mono"), width, height));
        assert!(screen.contains("after - before"), "{screen}");
        assert_eq!(screen.contains("1,2 looks at   "), image, "{screen}");
    }
    app.attention_mut().after = None;
    let screen = text(&render(&app, &theme("mono"), 160, 50));
    assert!(screen.contains("the image") && !screen.contains("after - before"), "{screen}");
}

#[test]
fn an_unfinished_path_is_said_calmly() {
    let mut app = state::looking_at_an_image();
    app.attention_mut().problem = Some("no such file".into());
    let theme = theme("dark");
    let style = |app: &App| {
        let buffer = render(app, &theme, 80, 24);
        let line = buffer.content.chunks(80).find(|line| line[3].symbol() == "n" && line[4].symbol() == "o");
        line.expect("the message is on the screen")[3].fg
    };
    assert_eq!(Some(style(&app)), theme.roles().error.fg);
    app.attention_mut().chosen.focus = Focus::Input;
    assert_eq!(Some(style(&app)), theme.roles().faint.fg);
}

#[test]
fn typing_shows_tokens() {
    let mut app = looking();
    app.attention_mut().chosen.focus = Focus::Input;
    let screen = text(&render(&app, &theme("mono"), 80, 24));
    assert!(screen.contains("[CLS]|the|cat|"), "{screen}");
}

#[test]
fn positions() {
    assert_text("positions", &state::positions());
}

#[test]
fn styles_of_a_theme() {
    let theme = theme("dark").with_depth(ColourDepth::C256);
    insta::assert_snapshot!("styles_attention", styles(&render(&looking(), &theme, 80, 24)));
}

/// 12 layers and 512 tokens in a small window: the token under the cursor is on the screen.
#[test]
fn long_texts_scroll_to_the_cursor() {
    let words: Vec<String> = (0..512).map(|index| format!("w{index}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut app = state::looking(&words, 3, true);
    let chosen = &mut app.attention_mut().chosen;
    (chosen.query, chosen.key) = (400, 390);
    let screen = text(&render(&app, &theme("mono"), 80, 24));
    assert!(screen.contains("> w400"), "{screen}");
    assert!(screen.contains("[]"), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_panics_at_any_size(
        words in prop::collection::vec(nasty_words(), 0..16),
        cursor in (0usize..40, 0usize..40, 0usize..40, 0usize..40),
        (zoom, view, panel, step, scale) in (0usize..3, 0usize..6, 0usize..4, 0usize..6, 0usize..3),
        flags in 0u8..16,
        width in 0u16..=200,
        height in 0u16..=80,
        depth in prop::sample::select(&[ColourDepth::Mono, ColourDepth::C16, ColourDepth::C256, ColourDepth::TrueColour]),
    ) {
        let shown: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut app = match words.len() {
            0 => state::looking_at_an_image(),
            _ => state::looking(&shown, 2, flags & 1 != 0),
        };
        if flags & 2 != 0 {
            app = state::changed(app);
        }
        if flags & 4 != 0 {
            app.attention_mut().chosen.focus = Focus::Input;
        }
        let attention = app.attention_mut();
        let chosen = &mut attention.chosen;
        (chosen.layer, chosen.head, chosen.query, chosen.key) = cursor;
        chosen.zoom = [Zoom::Wall, Zoom::Head, Zoom::Cell][zoom];
        chosen.view = View::ALL[view];
        chosen.panel = Panel::ALL[panel];
        chosen.step = CellStep::ALL[step];
        chosen.scale = MapScale::ALL[scale];
        attention.inspection = Some(match panel {
            1 => Inspection::Lens { position: cursor.2, rows: state::lens() },
            2 => Inspection::Spectrum(HeadPlace::new(cursor.0, cursor.1), state::spectrum()),
            _ => Inspection::Importance(state::importance()),
        });
        if flags & 8 != 0 {
            show(&mut app, "positions");
            *app.positions_mut() = state::positions().positions().clone();
            let chosen = &mut app.positions_mut().chosen;
            (chosen.row, chosen.column) = (cursor.0 * 3, cursor.1 as i64);
            if let (Some(table), Some(word)) = (&mut app.positions_mut().table, words.first()) {
                table.origin.clone_from(word);
                table.values[[0, 0]] = f32::NAN;
            }
        }
        let buffer = render(&app, &theme("dark").with_depth(depth), width, height);
        for cell in &buffer.content {
            prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
        }
    }
}

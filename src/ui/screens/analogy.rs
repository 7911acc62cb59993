//! The screen *Analogy*: a : b :: c : ? or a free expression, two ways of scoring side by side,
//! the parallelogram, and why.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::App;
use crate::app::analogy::{AnalogyFocus, AnalogyState};
use crate::jobs::answers::{AnalogyAnswer, Neighbour};
use crate::theme::Theme;
use crate::ui::chrome;
use crate::ui::text::{columns, fit, put, put_right, visible};
use crate::ui::widgets::bars::{RankedList, RankedWord};
use crate::ui::widgets::plot::{Line, Mark, Plot, Point};

/// From this width on, the parallelogram stands beside both lists.
const WIDTH_FOR_THREE: u16 = 100;
/// From this width on, both lists stand side by side.
const WIDTH_FOR_TWO: u16 = 56;
/// Lines that the plot needs at least.
const PLOT_HEIGHT: u16 = 5;
/// Lines of the reasons at the bottom.
const REASONS: u16 = 4;
/// Answers that are usually asked for.
const MOST_ANSWERS: u16 = 10;
const GAP: u16 = 3;
/// How far the parallelogram may be stretched: lines that are parallel stay so.
const MOST_STRETCH: f64 = 6.0;

/// Draws the screen into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    let cursor = draw_question(app, theme, buffer, line(0));
    draw_second_line(&app.analogy, theme, buffer, line(1));
    let top = if area.height < 14 { 2 } else { 3 };
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if chrome::opening(app, theme, buffer, rest) {
        return cursor;
    }
    match &app.analogy.answer {
        Some(answer) => draw_answer(app, answer, theme, buffer, rest),
        None => draw_welcome(&app.analogy, theme, buffer, rest),
    }
    cursor
}

fn draw_question(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) -> Option<Position> {
    let roles = theme.roles();
    let state = &app.analogy;
    let typing = matches!(state.focus, AnalogyFocus::Field(_) | AnalogyFocus::Expression);
    put(buffer, line, 0, 0, if typing { ">" } else { "/" }, if typing { roles.focus } else { roles.faint });
    if state.searching.is_late(app.now) {
        put(buffer, line, line.width.saturating_sub(1), 0, chrome::spinner(app), roles.focus);
    }
    let room = line.width.saturating_sub(4);
    if state.free {
        let cursor = super::input(&state.expression, theme, buffer, line, (2, 0), room);
        if state.expression.text().is_empty() {
            put(buffer, line, 2, 0, "an expression, such as king - man + woman", roles.faint);
        }
        return cursor.filter(|_| typing);
    }
    draw_fields(state, theme, buffer, line, room)
}

/// `man : king :: woman : ?`, each field as wide as its text, the one with the keys in brackets.
fn draw_fields(
    state: &AnalogyState,
    theme: &Theme,
    buffer: &mut Buffer,
    line: Rect,
    room: u16,
) -> Option<Position> {
    const EXAMPLES: [&str; 3] = ["man", "king", "woman"];
    let roles = theme.roles();
    let most = (room.saturating_sub(16) / 3).max(3);
    let mut cursor = None;
    let mut x = 2;
    for (index, field) in state.fields.iter().enumerate() {
        let focused = state.focus == AnalogyFocus::Field(index);
        let empty = field.text().is_empty();
        let text_width = if empty { columns(EXAMPLES[index]) } else { columns(&visible(field.text())) };
        let width = (text_width as u16 + 1).clamp(3, most);
        x = put(buffer, line, x, 0, if focused { "[" } else { " " }, roles.focus);
        if empty {
            put(
                buffer,
                Rect { width: (x + width).min(line.width), ..line },
                x,
                0,
                EXAMPLES[index],
                roles.faint,
            );
        }
        let place = super::input(field, theme, buffer, line, (x, 0), width);
        if focused {
            cursor = place;
        }
        x = put(buffer, line, x + width, 0, if focused { "]" } else { " " }, roles.focus);
        x = put(buffer, line, x, 0, [" :  ", " :: ", " :  ?"][index], roles.faint);
    }
    cursor
}

/// What is wrong, or the same question as an expression.
fn draw_second_line(state: &AnalogyState, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    if let Some(problem) = &state.problem {
        put(buffer, line, 2, 0, problem, roles.error);
    } else if !state.free && state.fields.iter().all(|field| !field.is_blank()) {
        let x = put(buffer, line, 3, 0, "as an expression", roles.faint) + 2;
        put(buffer, line, x, 0, &state.as_expression(), roles.text);
    }
}

fn draw_welcome(state: &AnalogyState, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    if state.problem.is_some() || state.searching.is_running() {
        return;
    }
    let lines = [
        ("man is to king as woman is to what?", roles.text),
        ("", roles.text),
        ("Type the three words; the answers come while you type.", roles.faint),
        ("The offset king - man is added to woman, and the words", roles.faint),
        ("nearest to that point are the answers.", roles.faint),
    ];
    for (y, (text, style)) in lines.into_iter().enumerate() {
        put(buffer, area, 3, y as u16, text, style);
    }
}

fn draw_answer(app: &App, answer: &AnalogyAnswer, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let state = &app.analogy;
    let stale = state.searching.is_late(app.now) || state.problem.is_some();
    let reasons = if area.height >= 3 * REASONS { REASONS } else { area.height / 4 };
    // A large screen is not filled for its own sake: reasons stay near to what they are about.
    let wanted = MOST_ANSWERS.max(area.width / 7).max(if area.width < WIDTH_FOR_THREE { 24 } else { 0 });
    let above = Rect { height: (area.height - reasons).min(wanted + 2), ..area };
    let bottom = Rect { y: above.bottom(), height: reasons, ..area };
    let has_plot = answer.parallelogram.is_some();
    let two = !answer.multiply.is_empty();
    if area.width >= WIDTH_FOR_THREE && has_plot {
        let width = (area.width - 2 * GAP) * 3 / 10;
        let list = |x: u16| Rect { x: area.x + x, width, height: above.height.saturating_sub(1), ..above };
        draw_lists(state, stale, theme, buffer, [list(0), list(width + GAP)], two);
        let x = 2 * (width + GAP);
        let plot =
            Rect { x: area.x + x, width: area.width - x, height: above.height.saturating_sub(1), ..above };
        draw_parallelogram(answer, stale, theme, buffer, plot);
    } else {
        // The lists keep two thirds when the plot stands below them.
        let with_plot = has_plot && above.height >= 2 * PLOT_HEIGHT + 4;
        let list_height = if with_plot { (above.height * 11 / 20).min(12) } else { above.height };
        let lists = Rect { height: list_height, ..above };
        draw_narrow_lists(state, stale, theme, buffer, lists, two);
        if with_plot {
            let plot = Rect { y: lists.bottom() + 1, height: above.height - list_height - 2, ..above };
            draw_parallelogram(answer, stale, theme, buffer, plot);
        }
    }
    draw_reasons(state, answer, stale, theme, buffer, bottom);
}

fn draw_lists(
    state: &AnalogyState,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    [add, multiply]: [Rect; 2],
    two: bool,
) {
    draw_list(state, false, stale, theme, buffer, add);
    if two {
        draw_list(state, true, stale, theme, buffer, multiply);
    }
}

fn draw_narrow_lists(
    state: &AnalogyState,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    two: bool,
) {
    if area.width >= WIDTH_FOR_TWO && two {
        let width = (area.width - GAP) / 2;
        let list = |x: u16| Rect { x: area.x + x, width, ..area };
        draw_lists(state, stale, theme, buffer, [list(0), list(width + GAP)], two);
    } else {
        // Room for one list: the one with the selection.
        draw_list(state, state.in_multiply && two, stale, theme, buffer, area);
    }
}

fn draw_list(
    state: &AnalogyState,
    multiply: bool,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let found = if multiply { state.multiply() } else { state.add() };
    let items: Vec<RankedWord> =
        found.iter().map(|found| RankedWord { word: &found.word, score: found.score }).collect();
    let here = state.in_multiply == multiply;
    let focus = if multiply { AnalogyFocus::Multiply } else { AnalogyFocus::Add };
    let best = found.first().map_or(1.0, |best| best.score);
    let list = RankedList {
        items: &items,
        selected: Some(state.selected).filter(|selected| here && *selected < items.len()),
        focused: state.focus == focus,
        stale,
        // 3CosMul is a quotient and may exceed one.
        full: best.max(1.0),
        digits: 3,
    };
    let title = if multiply { "3CosMul" } else { "3CosAdd" };
    let style = if stale { roles.stale } else { roles.heading };
    put(buffer, area, 2, 0, title, style);
    if state.with_asked && area.width > 30 {
        put_right(buffer, area, 0, "with the asked words", roles.faint);
    }
    list.draw(theme, buffer, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area });
}

fn draw_parallelogram(answer: &AnalogyAnswer, stale: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let Some(parallelogram) = &answer.parallelogram else { return };
    let style = if stale { theme.roles().stale } else { theme.roles().heading };
    let share = parallelogram.explained * 100.0;
    let titles = [
        format!("the parallelogram (plane of the two offsets, {share:.0} % of the spread)"),
        format!("the parallelogram ({share:.0} % of the spread)"),
        String::from("the parallelogram"),
    ];
    let fitting = titles.iter().find(|title| columns(title) <= usize::from(area.width));
    put(buffer, area, 0, 0, fitting.unwrap_or(&titles[2]), style);
    let points: Vec<Point> = parallelogram
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| Point {
            label: &point.word,
            x: point.x,
            y: point.y,
            mark: if index == 3 { Mark::Query } else { Mark::Word },
        })
        .collect();
    // The two offsets a -> b and c -> answer in full, what joins them dashed.
    let lines = [
        Line { from: 0, to: 2, dashed: true },
        Line { from: 1, to: 3, dashed: true },
        Line { from: 0, to: 1, dashed: false },
        Line { from: 2, to: 3, dashed: false },
    ];
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    Plot { points: &points, lines: &lines, stale, most_stretch: MOST_STRETCH }.draw(theme, buffer, below);
}

/// Why: the asked words, the offset, the terms and the dimensions, one line each.
fn draw_reasons(
    state: &AnalogyState,
    answer: &AnalogyAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let lines =
        [terms_line(state), dimensions_line(state), asked_line(state, answer), offset_line(state, answer)];
    for (y, (title, text)) in lines.into_iter().flatten().take(usize::from(area.height)).enumerate() {
        let y = y as u16;
        let x = put(buffer, area, 2, y, &title, if stale { roles.stale } else { roles.heading }) + 2;
        put(buffer, area, x, y, &text, if stale { roles.stale } else { roles.number });
    }
}

type Reason = Option<(String, String)>;

fn terms_line(state: &AnalogyState) -> Reason {
    let explanation = state.explanation()?;
    let terms: Vec<String> = explanation
        .terms
        .iter()
        .map(|term| {
            let sign = if term.weight < 0.0 { "-" } else { "+" };
            let size = term.weight.abs();
            let weight = if (size - 1.0).abs() < 1e-9 { String::new() } else { format!("{size:.2} x ") };
            format!("{sign} {weight}{} {:.3}", fit(&term.word, 20), term.cosine)
        })
        .collect();
    Some((format!("why {}", fit(&explanation.word, 20)), terms.join("   ")))
}

fn dimensions_line(state: &AnalogyState) -> Reason {
    let explanation = state.explanation()?;
    let shares: Vec<String> = explanation
        .dimensions
        .iter()
        .take(12)
        .map(|(dimension, share)| format!("{dimension} {share:+.3}"))
        .collect();
    (!shares.is_empty()).then(|| (String::from("dimensions"), shares.join("   ")))
}

fn asked_line(state: &AnalogyState, answer: &AnalogyAnswer) -> Reason {
    let best = |list: &[Neighbour]| -> Vec<String> {
        let shown = list.iter().take(3).enumerate();
        shown
            .map(|(rank, found)| format!("{} {} {:.3}", rank + 1, fit(&found.word, 20), found.score))
            .collect()
    };
    let (title, list) = if state.with_asked {
        ("without the asked words", &answer.add)
    } else {
        ("with the asked words", &answer.add_with_asked)
    };
    (!list.is_empty()).then(|| (String::from(title), best(list).join("   ")))
}

fn offset_line(state: &AnalogyState, answer: &AnalogyAnswer) -> Reason {
    let rank = answer.rank_without_offset?;
    let (first, start) = (answer.add.first()?, state.fields[2].text().trim());
    let text = format!("{} is neighbour {rank} of {}", fit(&first.word, 20), fit(start, 20));
    Some((String::from("without the offset"), text))
}

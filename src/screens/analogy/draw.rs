//! The screen *Analogy*: a : b :: c : ? or a free expression, two ways of scoring side by side,
//! the parallelogram, and why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Analogy, Focus};
use super::update::{ADD, EXPRESSION, FIELD, MULTIPLY};
use super::work::SolveAnalogy;
use crate::app::draw::{chrome, opening};
use crate::app::{Frame, Screen};
use crate::jobs::Job;
use crate::theme::Theme;
use crate::vectors::explain::{AnalogyAnswer, Neighbour};
use crate::widgets::bars::{RankedList, RankedWord, first_shown};
use crate::widgets::canvas::Canvas;
use crate::widgets::input::input;
use crate::widgets::plot::{Line, Mark, Plot, Point};
use crate::widgets::text::{columns, decimal, fit, put, put_right, signed_decimal, visible};

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

/// Draws the screen.
pub(super) fn draw(analogy: &Analogy, frame: &Frame, canvas: &mut Canvas<'_>) {
    let area = Rect { x: canvas.area.x + 1, width: canvas.area.width.saturating_sub(2), ..canvas.area };
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    draw_question(analogy, frame, canvas, line(0));
    draw_second_line(analogy, canvas.theme, canvas.buffer, line(1));
    let top = if area.height < 14 { 2 } else { 3 };
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if opening::vectors(frame, canvas.theme, canvas.buffer, rest) {
        return;
    }
    match &analogy.answer {
        Some(answer) => draw_answer(analogy, frame, answer, canvas, rest),
        None => draw_welcome(analogy, frame, canvas.theme, canvas.buffer, rest),
    }
}

fn draw_question(analogy: &Analogy, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let typing = analogy.is_typing();
    let (sign, style) = if typing { (">", roles.focus) } else { ("/", roles.faint) };
    put(canvas.buffer, line, 0, 0, sign, style);
    if frame.is_late(SolveAnalogy::SLOT) {
        put(canvas.buffer, line, line.width.saturating_sub(1), 0, chrome::spinner(frame), roles.focus);
    }
    let room = line.width.saturating_sub(4);
    if !analogy.chosen.free {
        draw_fields(analogy, canvas, line, room);
        return;
    }
    let expression = &analogy.chosen.expression;
    let cursor = input(expression, theme, canvas.buffer, line, (2, 0), room);
    if expression.text().is_empty() {
        put(canvas.buffer, line, 2, 0, "an expression, such as king - man + woman", roles.faint);
    }
    canvas.cursor = cursor.filter(|_| typing);
    canvas.hit(line, EXPRESSION, 0);
}

/// `man : king :: woman : ?`, each field as wide as its text, the one with the keys in brackets.
fn draw_fields(analogy: &Analogy, canvas: &mut Canvas<'_>, line: Rect, room: u16) {
    const EXAMPLES: [&str; 3] = ["man", "king", "woman"];
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let most = (room.saturating_sub(16) / 3).max(3);
    let mut x = 2;
    for (index, field) in analogy.chosen.fields.iter().enumerate() {
        let (left, focused) = (x, analogy.chosen.focus == Focus::Field(index));
        let empty = field.text().is_empty();
        let text_width = if empty { columns(EXAMPLES[index]) } else { columns(&visible(field.text())) };
        let width = (text_width as u16 + 1).clamp(3, most);
        x = put(canvas.buffer, line, x, 0, if focused { "[" } else { " " }, roles.focus);
        if empty {
            let inside = Rect { width: (x + width).min(line.width), ..line };
            put(canvas.buffer, inside, x, 0, EXAMPLES[index], roles.faint);
        }
        let place = input(field, theme, canvas.buffer, line, (x, 0), width);
        if focused {
            canvas.cursor = place;
        }
        x = put(canvas.buffer, line, x + width, 0, if focused { "]" } else { " " }, roles.focus);
        let whole = Rect { x: line.x + left, width: x.saturating_sub(left), ..line };
        canvas.hit(whole, FIELD, index);
        x = put(canvas.buffer, line, x, 0, [" :  ", " :: ", " :  ?"][index], roles.faint);
    }
}

/// What is wrong, or the same question as an expression.
fn draw_second_line(analogy: &Analogy, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let chosen = &analogy.chosen;
    if let Some(problem) = &analogy.problem {
        put(buffer, line, 2, 0, problem, roles.error);
    } else if !chosen.free && chosen.fields.iter().all(|field| !field.is_blank()) {
        let x = put(buffer, line, 3, 0, "as an expression", roles.faint) + 2;
        put(buffer, line, x, 0, &analogy.as_expression(), roles.text);
    }
}

fn draw_welcome(analogy: &Analogy, frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    if analogy.problem.is_some() || frame.is_running(SolveAnalogy::SLOT) {
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

fn draw_answer(
    analogy: &Analogy,
    frame: &Frame,
    answer: &AnalogyAnswer,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let stale = frame.is_late(SolveAnalogy::SLOT) || analogy.problem.is_some();
    let reasons = if area.height >= 3 * REASONS { REASONS } else { area.height / 4 };
    // A large screen is not filled for its own sake: reasons stay near to what they are about.
    let wanted = MOST_ANSWERS.max(area.width / 7).max(if area.width < WIDTH_FOR_THREE { 24 } else { 0 });
    let above = Rect { height: (area.height - reasons).min(wanted + 2), ..area };
    let bottom = Rect { y: above.bottom(), height: reasons, ..area };
    let has_plot = answer.parallelogram.is_some();
    if area.width >= WIDTH_FOR_THREE && has_plot {
        let width = (area.width - 2 * GAP) * 3 / 10;
        let list = |x: u16| Rect { x: area.x + x, width, height: above.height.saturating_sub(1), ..above };
        draw_lists(analogy, stale, canvas, [list(0), list(width + GAP)]);
        let x = 2 * (width + GAP);
        let plot =
            Rect { x: area.x + x, width: area.width - x, height: above.height.saturating_sub(1), ..above };
        draw_parallelogram(answer, stale, canvas.theme, canvas.buffer, plot);
    } else {
        // The lists keep two thirds when the plot stands below them.
        let with_plot = has_plot && above.height >= 2 * PLOT_HEIGHT + 4;
        let list_height = if with_plot { (above.height * 11 / 20).min(12) } else { above.height };
        let lists = Rect { height: list_height, ..above };
        draw_narrow_lists(analogy, stale, canvas, lists);
        if with_plot {
            let plot = Rect { y: lists.bottom() + 1, height: above.height - list_height - 2, ..above };
            draw_parallelogram(answer, stale, canvas.theme, canvas.buffer, plot);
        }
    }
    draw_reasons(analogy, answer, stale, canvas.theme, canvas.buffer, bottom);
}

/// Whether there are answers of 3CosMul.
fn has_two(analogy: &Analogy) -> bool {
    analogy.answer.as_ref().is_some_and(|answer| !answer.multiply.is_empty())
}

fn draw_lists(analogy: &Analogy, stale: bool, canvas: &mut Canvas<'_>, [add, multiply]: [Rect; 2]) {
    draw_list(analogy, false, stale, canvas, add);
    if has_two(analogy) {
        draw_list(analogy, true, stale, canvas, multiply);
    }
}

fn draw_narrow_lists(analogy: &Analogy, stale: bool, canvas: &mut Canvas<'_>, area: Rect) {
    if area.width >= WIDTH_FOR_TWO && has_two(analogy) {
        let width = (area.width - GAP) / 2;
        let list = |x: u16| Rect { x: area.x + x, width, ..area };
        draw_lists(analogy, stale, canvas, [list(0), list(width + GAP)]);
    } else {
        // Room for one list: the one with the selection.
        draw_list(analogy, analogy.chosen.in_multiply && has_two(analogy), stale, canvas, area);
    }
}

fn draw_list(analogy: &Analogy, multiply: bool, stale: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let found = if multiply { analogy.multiply() } else { analogy.add() };
    let items: Vec<RankedWord> =
        found.iter().map(|found| RankedWord { word: &found.word, score: found.score }).collect();
    let here = analogy.chosen.in_multiply == multiply;
    let (kind, focus, title) =
        if multiply { (MULTIPLY, Focus::Multiply, "3CosMul") } else { (ADD, Focus::Add, "3CosAdd") };
    let best = found.first().map_or(1.0, |best| best.score);
    let list = RankedList {
        items: &items,
        selected: Some(analogy.chosen.selected).filter(|selected| here && *selected < items.len()),
        focused: analogy.chosen.focus == focus,
        stale,
        // 3CosMul is a quotient and may exceed one.
        full: best.max(1.0),
        digits: 3,
    };
    put(canvas.buffer, area, 2, 0, title, if stale { roles.stale } else { roles.heading });
    if analogy.chosen.with_asked && area.width > 30 {
        put_right(canvas.buffer, area, 0, "with the asked words", roles.faint);
    }
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    list.draw(theme, canvas.buffer, below);
    let first = first_shown(list.selected, usize::from(below.height));
    let shown = items.len().saturating_sub(first).min(usize::from(below.height));
    canvas.hit_lines(Rect { height: shown as u16, ..below }, kind, first);
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
    analogy: &Analogy,
    answer: &AnalogyAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let lines = [
        terms_line(analogy),
        dimensions_line(analogy),
        asked_line(analogy, answer),
        offset_line(analogy, answer),
    ];
    for (y, (title, text)) in lines.into_iter().flatten().take(usize::from(area.height)).enumerate() {
        let y = y as u16;
        let x = put(buffer, area, 2, y, &title, if stale { roles.stale } else { roles.heading }) + 2;
        put(buffer, area, x, y, &text, if stale { roles.stale } else { roles.number });
    }
}

type Reason = Option<(String, String)>;

fn terms_line(analogy: &Analogy) -> Reason {
    let explanation = analogy.explanation()?;
    let terms: Vec<String> = explanation
        .terms
        .iter()
        .map(|term| {
            let sign = if term.weight < 0.0 { "-" } else { "+" };
            let size = term.weight.abs();
            let weight = if (size - 1.0).abs() < 1e-9 { String::new() } else { format!("{size:.2} x ") };
            format!("{sign} {weight}{} {}", fit(&term.word, 20), decimal(term.cosine, 3))
        })
        .collect();
    Some((format!("why {}", fit(&explanation.word, 20)), terms.join("   ")))
}

fn dimensions_line(analogy: &Analogy) -> Reason {
    let explanation = analogy.explanation()?;
    let shares: Vec<String> = explanation
        .dimensions
        .iter()
        .take(12)
        .map(|(dimension, share)| format!("{dimension} {}", signed_decimal(*share, 3)))
        .collect();
    (!shares.is_empty()).then(|| (String::from("dimensions"), shares.join("   ")))
}

fn asked_line(analogy: &Analogy, answer: &AnalogyAnswer) -> Reason {
    let best = |list: &[Neighbour]| -> Vec<String> {
        let shown = list.iter().take(3).enumerate();
        shown
            .map(|(rank, found)| format!("{} {} {}", rank + 1, fit(&found.word, 20), decimal(found.score, 3)))
            .collect()
    };
    let (title, list) = if analogy.chosen.with_asked {
        ("without the asked words", &answer.add)
    } else {
        ("with the asked words", &answer.add_with_asked)
    };
    (!list.is_empty()).then(|| (String::from(title), best(list).join("   ")))
}

fn offset_line(analogy: &Analogy, answer: &AnalogyAnswer) -> Reason {
    let rank = answer.rank_without_offset?;
    let (first, start) = (answer.add.first()?, analogy.chosen.fields[2].text().trim_ascii());
    let text = format!("{} is neighbour {rank} of {}", fit(&first.word, 20), fit(start, 20));
    Some((String::from("without the offset"), text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::answered;
    use super::*;
    use crate::app::{App, Message, draw};
    use crate::theme::load;
    use crate::widgets::canvas::Target;

    #[test]
    fn a_click_selects_and_a_second_one_goes_on() {
        let mut app = answered(&["queen", "king"], &["queen", "man"]);
        let theme = load("dark", None).unwrap();
        let area = Rect::new(0, 0, 100, 30);
        let hits = draw::render(&app, &theme, &mut Buffer::empty(area), area).hits;
        let place = |kind, row| {
            let target = Target { kind, row, column: 0 };
            let mut places = (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y)));
            places.find(|(x, y)| hits.at(*x, *y) == Some(target)).expect("it is drawn")
        };
        let (field, add, multiply) = (place(FIELD, 1), place(ADD, 1), place(MULTIPLY, 1));
        app.frame.hits = hits.clone();
        let click = |app: &mut App, (x, y)| drop(app.handle(Message::Click(x, y)));
        click(&mut app, field);
        assert_eq!(app.screen::<Analogy>().chosen.focus, Focus::Field(1));
        click(&mut app, multiply);
        assert_eq!(app.screen::<Analogy>().selected_neighbour().unwrap().word, "man");
        click(&mut app, add);
        assert_eq!(app.screen::<Analogy>().selected_neighbour().unwrap().word, "king");
        assert_eq!(app.screens.place(), Analogy::PLACE);
        click(&mut app, add);
        assert_ne!(app.screens.place(), Analogy::PLACE);
    }
}

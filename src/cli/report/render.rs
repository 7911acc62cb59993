//! An answer in one of the formats.

use super::content::Report;
use super::map::Map;
use super::separated::Separator;
use super::{json, plain, separated};

/// The shape of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Plain,
    /// One JSON object.
    Json,
    /// The same on one line.
    Jsonl,
    /// Comma-separated, with a heading.
    Csv,
    /// Tab-separated, with a heading.
    Tsv,
    /// A drawing; offered by the commands whose answer is a map.
    Svg,
}

/// Writes `report` in `format`. `terminal` says that a terminal will interpret the text.
pub fn render(report: &Report, format: Format, terminal: bool) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Plain => Ok(plain::text(report, terminal).into_bytes()),
        Format::Json => Ok(json::text(report)),
        Format::Jsonl => Ok(json::line(report)),
        Format::Csv => separated::bytes(report, Separator::Comma, terminal),
        Format::Tsv => separated::bytes(report, Separator::Tab, terminal),
        Format::Svg => Ok(report.map.as_ref().map(Map::svg).unwrap_or_default().into_bytes()),
    }
}

/// What is to be said of an answer beside it, where something is.
pub fn remark(report: &Report, format: Format) -> Option<String> {
    let count = if format == Format::Csv { separated::formulas(report) } else { 0 };
    let fields = if count == 1 { "one field begins" } else { "fields begin" };
    let number = if count == 1 { String::new() } else { format!("{count} ") };
    (count > 0).then(|| {
        format!("{number}{fields} with =, +, - or @: a spreadsheet would take that for a formula, so import as text")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::content::Table;
    use super::super::value::Value;
    use super::*;

    fn words(words: &[&[u8]]) -> Report {
        let mut table = Table::new("results", &["rank", "word", "score"]);
        for (index, word) in words.iter().enumerate() {
            table.records.push(vec![(index + 1).into(), Value::Word(word.to_vec()), 0.5.into()]);
        }
        Report::default().fact("query", Value::text("x")).list(table)
    }

    fn text(report: &Report, format: Format, terminal: bool) -> String {
        String::from_utf8(render(report, format, terminal).unwrap()).unwrap()
    }

    #[test]
    fn plain_columns_are_aligned_by_display_width() {
        let report = words(&["日本".as_bytes(), b"cat", "e\u{301}te".as_bytes()]);
        assert_eq!(
            text(&report, Format::Plain, true),
            "rank  word   score\n   1  日本  0.5000\n   2  cat   0.5000\n   3  e\u{301}te   0.5000\n"
        );
    }

    #[test]
    fn a_terminal_never_gets_control_characters_of_a_word() {
        let report = words(&[b"a\x1b[2Jb", "x\u{9b}y".as_bytes(), "r\u{202e}l".as_bytes(), b"t\tn\n"]);
        let shown = text(&report, Format::Plain, true);
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
        assert_eq!(shown.lines().count(), 5);
        assert!(shown.contains("a␛[2Jb"), "{shown}");
        // In a pipe a word still has one line.
        assert_eq!(text(&report, Format::Plain, false).lines().count(), 5);
        for format in [Format::Csv, Format::Tsv] {
            let shown = text(&report, format, true);
            assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()), "{shown:?}");
            assert!(!shown.contains('\u{202e}') && shown.lines().count() == 5, "{shown}");
        }
        let shown = text(&report, Format::Json, true);
        assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown:?}");
        let parsed: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(parsed["results"][1]["word"], "x\u{9b}y");
    }

    #[test]
    fn broken_utf8_is_flagged_in_json_and_kept_in_csv() {
        let report = words(&[b"\xff\xfe", b"good"]);
        let parsed: serde_json::Value = serde_json::from_str(&text(&report, Format::Json, false)).unwrap();
        assert_eq!(parsed["results"][0]["word"], "\u{fffd}\u{fffd}");
        assert_eq!(parsed["results"][0]["lossy"], true);
        assert!(parsed["results"][1].get("lossy").is_none());
        let csv = render(&report, Format::Csv, false).unwrap();
        assert_eq!(csv, b"rank,word,score\n1,\xff\xfe,0.500000\n2,good,0.500000\n");
    }

    #[test]
    fn csv_quotes_what_needs_quotes() {
        let report = words(&[b"a,b", b"say \"hi\""]);
        assert_eq!(
            text(&report, Format::Csv, false),
            "rank,word,score\n1,\"a,b\",0.500000\n2,\"say \"\"hi\"\"\",0.500000\n"
        );
    }

    #[test]
    fn tsv_can_be_cut() {
        let report = words(&[b"a\tb", b"say \"hi\"", b"line\nend", b"back\\slash"]);
        assert_eq!(
            text(&report, Format::Tsv, false),
            "rank\tword\tscore\n1\ta\\tb\t0.500000\n2\tsay \"hi\"\t0.500000\n\
             3\tline\\nend\t0.500000\n4\tback\\\\slash\t0.500000\n"
        );
    }

    #[test]
    fn formulas_are_told_of_in_csv() {
        let report = words(&[b"=1+1", b"-", b"@home", b"plain"]);
        assert!(remark(&report, Format::Csv).is_some_and(|text| text.starts_with("2 fields begin")));
        assert!(remark(&words(&[b"-x"]), Format::Csv).is_some_and(|text| text.starts_with("one field")));
        assert_eq!((remark(&report, Format::Tsv), remark(&words(&[b"a"]), Format::Csv)), (None, None));
    }

    #[test]
    fn totals_stand_under_the_list_and_as_members_in_json() {
        let mut table = Table::new("sections", &["name", "correct", "total"]);
        table.records.push(vec![Value::text("family"), 349.into(), 506.into()]);
        table.totals.push(("semantic", vec![349.into(), 506.into()]));
        let report = Report::default().list(table);
        assert_eq!(
            text(&report, Format::Csv, false),
            "name,correct,total\nfamily,349,506\nsemantic,349,506\n"
        );
        let parsed: serde_json::Value = serde_json::from_str(&text(&report, Format::Json, false)).unwrap();
        assert_eq!(parsed["semantic"], json!({"correct": 349, "total": 506}));
        assert_eq!(parsed["sections"][0]["name"], "family");
    }

    #[test]
    fn numbers_that_are_not_finite_stay_out_of_json() {
        let report = Report::default().fact("spearman", f64::NAN);
        assert_eq!(text(&report, Format::Json, false), "{\n  \"spearman\": null\n}\n");
        assert_eq!(text(&report, Format::Plain, false), "spearman  -\n");
    }
}

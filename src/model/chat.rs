//! Chat templates: how a model wants to be told who says what. Jinja, as `apply_chat_template` of transformers
//! 5.24 (utils/chat_template_utils.py) renders it: in `chat_template.jinja`, in `tokenizer_config.json`, or in a
//! GGUF header.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use minijinja_contrib::pycompat::unknown_method_callback;

use super::error::{ModelError, Result};

/// Steps after which a template is given up: one that loops on and on.
const MOST_STEPS: u64 = 10_000_000;

/// A chat template.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// The template.
    pub template: String,
    /// What it may put in by name: `bos_token`, `eos_token` and the like.
    pub tokens: BTreeMap<String, String>,
}

impl Chat {
    /// The template and the tokens with a role in a `tokenizer_config.json`; `own_file` is the text of a
    /// `chat_template.jinja`, which comes first. Of several named ones the default is taken. `None` where
    /// there is none.
    pub fn of(own_file: Option<String>, config: Option<&serde_json::Value>) -> Option<Self> {
        let in_config = || match config?.get("chat_template")? {
            serde_json::Value::String(template) => Some(template.clone()),
            serde_json::Value::Array(named) => {
                let default = named.iter().find(|one| one["name"] == "default").or(named.first())?;
                default["template"].as_str().map(str::to_owned)
            }
            _ => None,
        };
        let template = own_file.or_else(in_config)?;
        let roles = config.and_then(serde_json::Value::as_object).into_iter().flatten();
        let tokens = roles.filter(|(role, _)| role.ends_with("_token")).filter_map(|(role, token)| {
            let text = token.as_str().or_else(|| token.get("content")?.as_str())?;
            Some((role.clone(), text.to_owned()))
        });
        Some(Self { template, tokens: tokens.collect() })
    }

    /// What is given to the model where the user says `text`, up to where it begins to answer; `system` tells
    /// it how to.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the template makes no sense, or refuses this.
    pub fn told(&self, system: Option<&str>, text: &str) -> Result<String> {
        self.render(system, text)
            .map_err(|error| ModelError::Request(format!("the model's chat template: {}", reason(&error))))
    }

    fn render(&self, system: Option<&str>, text: &str) -> std::result::Result<String, Error> {
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.set_fuel(Some(MOST_STEPS));
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> std::result::Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        // The library's own is for HTML.
        environment.add_filter("tojson", |value: &Value| -> std::result::Result<String, Error> {
            serde_json::to_string(value)
                .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
        });
        environment.add_function("strftime_now", |format: String| now(&format));
        environment.add_template("chat", &self.template)?;
        let message = |role: &str, content: &str| context!(role, content);
        let mut messages: Vec<Value> = system.iter().map(|system| message("system", system)).collect();
        messages.push(message("user", text));
        let own = context!(messages, add_generation_prompt => true, tools => (), documents => ());
        environment.get_template("chat")?.render(context! { ..own, ..Value::from_pairs(self.tokens.clone()) })
    }
}

/// What went wrong, with the line.
fn reason(error: &Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    error.line().map_or_else(|| what.clone(), |line| format!("{what} (line {line})"))
}

/// The time in UTC, by the directives of `strftime` that templates use; others stay as they are.
fn now(format: &str) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    at(seconds, format)
}

fn at(seconds: u64, format: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let (month_name, day_name) = (MONTHS[month - 1], DAYS[(days % 7) as usize]);
        match characters.next() {
            Some('Y') => text += &year.to_string(),
            Some('m') => text += &format!("{month:02}"),
            Some('d') => text += &format!("{day:02}"),
            Some('B') => text += month_name,
            Some('b') => text += &month_name[..3],
            Some('A') => text += day_name,
            Some('a') => text += &day_name[..3],
            Some('H') => text += &format!("{:02}", second / 3600),
            Some('M') => text += &format!("{:02}", second / 60 % 60),
            Some('S') => text += &format!("{:02}", second % 60),
            other => text.extend(['%'].into_iter().chain(other)),
        }
    }
    text
}

/// Year, month from 1 and day from 1 of a day counted from 1970-01-01.
fn date(mut days: u64) -> (u64, usize, u64) {
    let mut year = 1970;
    let is_leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |year: u64| 365 + u64::from(is_leap(year));
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let months = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    (year, month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(template: &str, system: Option<&str>) -> Result<String> {
        let tokens = BTreeMap::from([("bos_token".to_owned(), "<s>".to_owned())]);
        Chat { template: template.to_owned(), tokens }.told(system, " Hi ")
    }

    #[test]
    fn a_template_may_use_what_python_has() {
        let template = "{{ bos_token }}{% for m in messages %}\n  {% if m['role'] == 'system' %}\n[{{ m.content.strip() }}]\n  {% else %}\n{{ m['content'] | trim }}{% endif %}{% endfor %}{% if add_generation_prompt and not tools %}>{% endif %}";
        assert_eq!(told(template, None).unwrap(), "<s>Hi>");
        assert_eq!(told(template, Some(" Be kind. ")).unwrap(), "<s>[Be kind.]\nHi>");
    }

    /// `tests/fixtures/chat/record.py` says what transformers makes of these.
    #[test]
    fn templates_are_rendered_as_transformers_does() {
        let cases: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/chat/cases.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let text = |key: &str| case[key].as_str();
            let tokens = [("bos_token", "<s>"), ("eos_token", "</s>")];
            let tokens = tokens.map(|(role, token)| (role.to_owned(), token.to_owned())).into();
            let chat = Chat { template: text("template").unwrap().to_owned(), tokens };
            let found = chat.told(text("system"), text("text").unwrap());
            assert_eq!(found.unwrap(), text("told").unwrap(), "{}", case["name"]);
        }
    }

    #[test]
    fn a_template_that_refuses_or_never_ends_is_told() {
        let refused = told(
            "{% if messages[0].role == 'system' %}{{ raise_exception('No system role') }}{% endif %}ok",
            Some("x"),
        );
        assert!(refused.unwrap_err().to_string().contains("No system role"));
        assert!(told("{% for m in messages %}", None).unwrap_err().to_string().contains("line 1"));
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
        assert!(told(endless, None).is_err());
    }

    #[test]
    fn the_default_of_several_is_taken_and_a_file_of_its_own_comes_first() {
        let config = json!({"chat_template": [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}],
            "eos_token": {"content": "</s>"}});
        let chat = Chat::of(None, Some(&config)).unwrap();
        assert_eq!((chat.template.as_str(), chat.tokens["eos_token"].as_str()), ("b", "</s>"));
        assert_eq!(Chat::of(Some("c".into()), Some(&config)).unwrap().template, "c");
        assert_eq!(Chat::of(None, Some(&json!({}))), None);
    }

    #[test]
    fn days_have_dates() {
        assert_eq!(at(0, "%A %d %B %Y %H:%M:%S %q"), "Thursday 01 January 1970 00:00:00 %q");
        assert_eq!(at(1_709_210_096, "%d %b %Y %a"), "29 Feb 2024 Thu");
        assert_eq!(at(1_735_689_599, "%Y-%m-%d %H:%M:%S"), "2024-12-31 23:59:59");
    }
}

//! The rules for a value, without the rules for the values inside it.

use super::cel;
use super::schema::{Format, Kind, OneOf, Schema};

/// A condition on a value, and its meaning in words.
#[derive(Debug, Eq, PartialEq)]
pub struct Rule {
    /// Expressions that must all be true. Each may rely on the earlier expressions.
    pub conditions: Vec<String>,
    /// "must be a list of 1 to 64 items"
    pub words: String,
}

impl Rule {
    fn new(conditions: Vec<String>, words: impl Into<String>) -> Self {
        Self { conditions, words: words.into() }
    }
}

/// Returns the rules of `schema` for the value of the expression `value`. Each may
/// rely on the earlier rules.
pub fn of(schema: &Schema, value: &str) -> Vec<Rule> {
    if let Some(OneOf::Values(values)) = &schema.one_of {
        let values: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
        let words = format!("must be \"{}\"", values.join("\" or \""));
        return vec![Rule::new(vec![format!("{value} in {}", cel::list(values))], words)];
    }
    match schema.kind {
        Kind::Boolean => {
            vec![Rule::new(vec![format!("type({value}) == bool")], "must be true or false")]
        }
        Kind::Integer => vec![integer(schema, value)],
        Kind::String => string(schema, value),
        Kind::Array => list(schema, value),
        Kind::Object => object(schema, value),
    }
}

fn integer(schema: &Schema, value: &str) -> Rule {
    let bounds = bounds(value, schema.minimum, schema.maximum);
    let conditions = [vec![format!("type({value}) == int")], bounds].concat();
    let range = range(schema.minimum, schema.maximum, "from ");
    Rule::new(conditions, format!("must be a whole number{range}"))
}

fn string(schema: &Schema, value: &str) -> Vec<Rule> {
    // Limits are in bytes, although JSON Schema counts characters.
    let length = bounds(&format!("size(bytes({value}))"), schema.min_length, schema.max_length);
    let mut conditions = [vec![format!("type({value}) == string")], length].concat();
    let content = content(schema, value);
    let Some(words) = schema.error_message.as_deref().filter(|_| !content.is_empty()) else {
        assert!(content.is_empty(), "a pattern needs an errorMessage: {schema:?}");
        return vec![Rule::new(conditions, string_of(schema))];
    };
    if conditions.len() == 1 {
        conditions.extend(content);
        return vec![Rule::new(conditions, words)];
    }
    vec![Rule::new(conditions, string_of(schema)), Rule::new(content, words)]
}

fn string_of(schema: &Schema) -> String {
    match range(schema.min_length, schema.max_length, "of ") {
        range if range.is_empty() => "must be a string".into(),
        range => format!("must be a string{range} bytes"),
    }
}

/// The conditions on the characters of a string.
fn content(schema: &Schema, value: &str) -> Vec<String> {
    let matches = |pattern: &str| format!("{value}.matches({})", cel::pattern(pattern));
    let mut conditions: Vec<String> = schema.pattern.iter().map(|it| matches(it)).collect();
    conditions.extend(schema.not.all().into_iter().map(|it| format!("!{}", matches(it))));
    if schema.format == Some(Format::DateTime) {
        conditions.extend(date_time(value));
    }
    conditions
}

/// The conditions that the pattern of a time cannot express: the day exists, and the
/// time is not before 1970 in UTC.
///
/// `timestamp` fails for a day that does not exist and for a time past 9999 in UTC. A
/// failure refuses the resource without naming the field. So the day is counted from
/// the first of its month, and the time is compared 400 years earlier: the calendar
/// repeats itself after 400 years.
fn date_time(value: &str) -> [String; 2] {
    let first = format!("timestamp({value}.substring(0, 8) + '01T00:00:00Z')");
    let later = format!("duration(string(24 * int({value}.substring(8, 10)) - 24) + 'h')");
    let earlier =
        format!("timestamp(string(int({value}.substring(0, 4)) - 400) + {value}.substring(4))");
    [
        format!("string({first} + {later}).startsWith({value}.substring(0, 10))"),
        format!("{earlier} >= timestamp('1570-01-01T00:00:00Z')"),
    ]
}

fn list(schema: &Schema, value: &str) -> Vec<Rule> {
    let length = bounds(&format!("size({value})"), schema.min_items, schema.max_items);
    let conditions = [vec![format!("type({value}) == list")], length].concat();
    let words = match range(schema.min_items, schema.max_items, "of ") {
        range if range.is_empty() => "must be a list".into(),
        range => format!(
            "must be a list{range} {}",
            plural("item", schema.max_items.or(schema.min_items))
        ),
    };
    let mut rules = vec![Rule::new(conditions, words)];
    if let (Some(condition), Some(then)) = (&schema.condition, &schema.then) {
        let (present, most) = (&condition.contains.value, then.max_items);
        let condition =
            format!("!({} in {value}) || size({value}) <= {most}", cel::string(present));
        let items = plural("item", Some(most));
        let words = format!("must have at most {most} {items}, because it has \"{present}\"");
        rules.push(Rule::new(vec![condition], words));
    }
    rules
}

fn object(schema: &Schema, value: &str) -> Vec<Rule> {
    let size = bounds(&format!("size({value})"), None, schema.max_properties);
    let conditions = [vec![format!("type({value}) == map")], size].concat();
    let words = match schema.max_properties {
        Some(most) => format!("must be a JSON object of at most {most} fields"),
        None => "must be a JSON object".into(),
    };
    let mut rules = vec![Rule::new(conditions, words)];
    let has = |field: &str| format!("has({value}.{field})");
    for field in &schema.required {
        rules.push(Rule::new(vec![has(field)], format!("must have a field {field}")));
    }
    for (field, needed) in &schema.dependent_required {
        for needed in needed {
            let condition = format!("!{} || {}", has(field), has(needed));
            let words = format!("must have a field {needed}, because it has {field}");
            rules.push(Rule::new(vec![condition], words));
        }
    }
    if let Some(OneOf::Fields(fields)) = &schema.one_of {
        let fields: Vec<&str> = fields.iter().map(|it| it.required[0].as_str()).collect();
        let given: Vec<String> = fields.iter().map(|field| has(field)).collect();
        let condition = format!("[{}].exists_one(given, given)", given.join(", "));
        let words = format!("must have exactly one of {}", fields.join(" and "));
        rules.push(Rule::new(vec![condition], words));
    }
    rules
}

/// The conditions that `value` is within bounds.
fn bounds<T: ToString>(value: &str, least: Option<T>, most: Option<T>) -> Vec<String> {
    let least = least.map(|least| format!("{value} >= {}", least.to_string()));
    let most = most.map(|most| format!("{value} <= {}", most.to_string()));
    least.into_iter().chain(most).collect()
}

/// Bounds in words, with `preposition` before two bounds.
fn range<T: ToString>(least: Option<T>, most: Option<T>, preposition: &str) -> String {
    let [least, most] = [least, most].map(|bound| bound.map(|bound| bound.to_string()));
    match (least, most) {
        (Some(least), Some(most)) => format!(" {preposition}{least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    }
}

fn plural(noun: &str, number: Option<u64>) -> String {
    if number == Some(1) { noun.into() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of;

    /// Conditions and words of each rule for the value `v`.
    fn rules(schema: Value) -> Vec<(String, String)> {
        let schema = serde_json::from_value(schema).expect("a schema");
        let rules = of(&schema, "v").into_iter();
        rules.map(|rule| (rule.conditions.join(" && "), rule.words)).collect()
    }

    fn check(schema: Value, expected: &[(&str, &str)]) {
        let rules = rules(schema);
        let rules: Vec<_> = rules.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(rules, expected);
    }

    #[test]
    fn booleans_and_numbers() {
        check(json!({"type": "boolean"}), &[("type(v) == bool", "must be true or false")]);
        check(
            json!({"type": "integer", "format": "uint32", "minimum": 1, "maximum": 9}),
            &[("type(v) == int && v >= 1 && v <= 9", "must be a whole number from 1 to 9")],
        );
    }

    #[test]
    fn strings() {
        check(json!({"type": "string"}), &[("type(v) == string", "must be a string")]);
        check(
            json!({"type": "string", "minLength": 1, "maxLength": 9}),
            &[(
                "type(v) == string && size(bytes(v)) >= 1 && size(bytes(v)) <= 9",
                "must be a string of 1 to 9 bytes",
            )],
        );
        check(
            json!({"oneOf": [{"const": "A", "type": "string"}, {"const": "B"}]}),
            &[("v in ['A', 'B']", "must be \"A\" or \"B\"")],
        );
    }

    #[test]
    fn patterns() {
        let (not, words) = (json!({"anyOf": [{"pattern": "b"}, {"pattern": "c"}]}), "must be a");
        check(
            json!({"type": "string", "pattern": "a", "not": not, "errorMessage": words}),
            &[("type(v) == string && v.matches('a') && !v.matches('b') && !v.matches('c')", words)],
        );
        check(
            json!({"type": "string", "maxLength": 9, "pattern": "a", "errorMessage": words}),
            &[
                ("type(v) == string && size(bytes(v)) <= 9", "must be a string of at most 9 bytes"),
                ("v.matches('a')", words),
            ],
        );
    }

    #[test]
    #[should_panic(expected = "a pattern needs an errorMessage")]
    fn a_pattern_without_words_is_an_error() {
        rules(json!({"type": "string", "pattern": "a"}));
    }

    #[test]
    fn lists() {
        check(
            json!({"type": "array", "minItems": 1}),
            &[("type(v) == list && size(v) >= 1", "must be a list of at least 1 item")],
        );
        check(
            json!({
                "type": "array", "minItems": 1, "maxItems": 9,
                "if": {"contains": {"const": "*"}}, "then": {"maxItems": 1},
            }),
            &[
                (
                    "type(v) == list && size(v) >= 1 && size(v) <= 9",
                    "must be a list of 1 to 9 items",
                ),
                ("!('*' in v) || size(v) <= 1", "must have at most 1 item, because it has \"*\""),
            ],
        );
    }

    #[test]
    fn objects() {
        check(
            json!({
                "type": "object",
                "required": ["a"],
                "dependentRequired": {"b": ["c"]},
                "oneOf": [{"required": ["d"]}, {"required": ["e"]}],
            }),
            &[
                ("type(v) == map", "must be a JSON object"),
                ("has(v.a)", "must have a field a"),
                ("!has(v.b) || has(v.c)", "must have a field c, because it has b"),
                (
                    "[has(v.d), has(v.e)].exists_one(given, given)",
                    "must have exactly one of d and e",
                ),
            ],
        );
        check(
            json!({"type": "object", "maxProperties": 9}),
            &[("type(v) == map && size(v) <= 9", "must be a JSON object of at most 9 fields")],
        );
    }

    #[test]
    fn a_keyword_that_has_no_rule_is_an_error() {
        let schema = json!({"type": "integer", "multipleOf": 5});
        let error = serde_json::from_value::<super::Schema>(schema).expect_err("an error");
        assert!(error.to_string().contains("multipleOf"), "{error}");
    }
}

//! The variables of the policy: one for each field, which has the first problem of
//! the field as its value, or an empty text.
//!
//! A field of an object has its own variable, unless the object is in a list: there
//! is no variable for each item of a list.

use super::cel::{self, Text};
use super::chain::{Chain, enclosed, first_in, first_of, indented};
use super::rules;
use super::schema::{Additional, Kind, Schema};

/// Returns, in YAML, the variables for a configuration of the type `schema`, which is
/// in the variable `config`. The last one, `fieldProblems`, lists all problems.
pub fn of(schema: &Schema) -> String {
    let (config, path) = ("variables.config", "pluginConfig");
    let mut variables = Variables::default();
    variables.add_problem("config", problem(schema, config, path, 0));
    variables.add_fields(schema, "", config, path);
    variables.add_list_of_problems();
    variables.lines.join("\n") + "\n"
}

#[derive(Default)]
struct Variables {
    /// YAML.
    lines: Vec<String>,
    /// The expressions that read the variables for problems.
    problems: Vec<String>,
}

impl Variables {
    /// Adds the variables for the fields of an object. `object` is the start of their
    /// names, `value` the expression for it and `path` its path in messages.
    fn add_fields(&mut self, schema: &Schema, object: &str, value: &str, path: &str) {
        for (field, schema) in &schema.properties {
            let name = match object {
                "" => field.clone(),
                _ => format!("{object}{}{}", field[..1].to_uppercase(), &field[1..]),
            };
            let (value, path) = (format!("{value}.{field}"), format!("{path}.{field}"));
            self.add_comment(&path, &schema.description);
            let mut chain = Chain::new();
            chain.accept(&format!("!has({value})"));
            chain.append(problem(schema, &value, &path, 0));
            self.add_problem(&name, chain);
            if !schema.properties.is_empty() {
                let condition = format!("has({value}) && type({value}) == map");
                self.add(&name, &[format!("{condition} ? {value} : dyn({{}})")]);
                self.add_fields(schema, &name, &format!("variables.{name}"), &path);
            }
        }
    }

    fn add_comment(&mut self, path: &str, description: &str) {
        let words: Vec<&str> = description.split_whitespace().collect();
        let path = path.trim_start_matches("pluginConfig.");
        self.lines.push(String::new());
        self.lines.push(format!("  # {path}: {}", words.join(" ")));
    }

    fn add_problem(&mut self, name: &str, chain: Chain) {
        self.add(&format!("{name}Problem"), &chain.lines());
        self.problems.push(format!("variables.{name}Problem"));
    }

    fn add_list_of_problems(&mut self) {
        let problems = self.problems.iter().map(|problem| format!("  {problem},")).collect();
        let list = [vec!["[".into()], problems, vec!["].filter(problem, problem != '')".into()]];
        self.lines.push(String::new());
        self.add("fieldProblems", &list.concat());
    }

    fn add(&mut self, name: &str, expression: &[String]) {
        self.lines.push(format!("  - name: {name}"));
        self.lines.push("    expression: >-".into());
        self.lines.extend(expression.iter().map(|line| format!("      {line}")));
    }
}

/// Returns an expression for the first problem of `value`, which is inside of `depth`
/// lists. Its path in messages is `path`, from the innermost list on.
fn problem(schema: &Schema, value: &str, path: &str, depth: usize) -> Chain {
    let mut chain = Chain::new();
    for (index, rule) in rules::of(schema, value).iter().enumerate() {
        chain.demand(&rule.conditions, &Text::new(path).and(": ").and(&rule.words));
        // The first rule is about the type, the next ones are about known fields.
        if index == 0 && matches!(schema.additional_properties, Some(Additional::Allowed(false))) {
            demand_known_fields(&mut chain, schema, value, path);
        }
    }
    if let Some(items) = &schema.items {
        chain.end_with(problem_of_items(items, value, path, depth));
    } else if let Some(Additional::Checked(values)) = &schema.additional_properties {
        chain.end_with(problem_of_entries(schema, values, value, path, depth));
    } else if schema.kind == Kind::Object && depth > 0 {
        chain.end_with(problem_of_fields(schema, value, path, depth));
    }
    chain
}

fn demand_known_fields(chain: &mut Chain, schema: &Schema, value: &str, path: &str) {
    let known: Vec<&str> = schema.properties.keys().map(String::as_str).collect();
    let list = cel::list(known.iter().copied());
    let unknown = format!("{value}.filter(key, !(key in {list}))[0]");
    let words = format!(": unknown field, known here: {}", known.join(", "));
    let message = Text::new(path).and(".").and_value_of(&unknown).and(&words);
    chain.demand(&[format!("{value}.all(key, key in {list})")], &message);
}

/// The first problem of the items of a list. The index in the message is that of the
/// first equal item, which has the same problem.
fn problem_of_items(items: &Schema, list: &str, path: &str, depth: usize) -> Vec<String> {
    let item = if depth == 0 { "item".into() } else { format!("item{}", depth + 1) };
    let index = format!("string({list}.indexOf({item}))");
    let path = Text::new(path).and("[").and_value_of(&index).and("]");
    first_in(list, &item, &path, problem(items, &item, "", depth + 1))
}

/// The first problem of the names and values of an object whose names are free.
fn problem_of_entries(
    schema: &Schema,
    values: &Schema,
    object: &str,
    path: &str,
    depth: usize,
) -> Vec<String> {
    let path = Text::new(path).and("[\"").and_value_of("key").and("\"]");
    let mut chain = Chain::new();
    if let Some(names) = &schema.property_names {
        chain.append(problem(names, "key", "", depth + 1));
    }
    chain.append(problem(values, &format!("{object}[key]"), "", depth + 1));
    first_in(object, "key", &path, chain)
}

fn problem_of_fields(schema: &Schema, object: &str, path: &str, depth: usize) -> Vec<String> {
    let mut problems = Vec::new();
    for (field, schema) in &schema.properties {
        let (value, path) = (format!("{object}.{field}"), format!("{path}.{field}"));
        let mut chain = Chain::new();
        chain.accept(&format!("!has({value})"));
        chain.append(problem(schema, &value, &path, depth));
        problems.extend(indented(enclosed("", chain.lines(), ",")));
    }
    first_of([vec!["[".into()], problems, vec!["]".into()]].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::of;

    /// Returns the variables for a configuration with the field `a` of the type `schema`.
    fn variables(schema: &Value) -> String {
        let root = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {"a": schema},
        });
        of(&serde_json::from_value(root).expect("a schema"))
    }

    /// Checks the expression of `aProblem`, and the variables after it.
    fn check(schema: &Value, expected: &str) {
        let variables = variables(schema);
        let (_, rest) =
            variables.split_once("  - name: aProblem\n    expression: >-\n").expect("a");
        let (expression, _) = rest.split_once("\n  - name: fieldProblems").expect("the end");
        assert_eq!(expression, expected.trim_start_matches('\n'));
    }

    #[test]
    fn the_variables_of_a_field() {
        let field = json!({"type": "boolean", "description": "A\nfield.", "default": false});
        let expected = "  \
  - name: configProblem
    expression: >-
      !(type(variables.config) == map) ? 'pluginConfig: must be a JSON object'
      : !(variables.config.all(key, key in ['a']))
        ? 'pluginConfig.' + variables.config.filter(key, !(key in ['a']))[0] + ': unknown field, known here: a'
      : ''

  # a: A field.
  - name: aProblem
    expression: >-
      !has(variables.config.a) ? ''
      : !(type(variables.config.a) == bool) ? 'pluginConfig.a: must be true or false'
      : ''

  - name: fieldProblems
    expression: >-
      [
        variables.configProblem,
        variables.aProblem,
      ].filter(problem, problem != '')
";
        assert_eq!(variables(&field), expected);
    }

    #[test]
    fn a_list() {
        check(
            &json!({"type": "array", "items": {"type": "integer", "maximum": 9}}),
            "
      !has(variables.config.a) ? ''
      : !(type(variables.config.a) == list) ? 'pluginConfig.a: must be a list'
      : (variables.config.a.map(item, [
          !(type(item) == int && item <= 9) ? ': must be a whole number of at most 9'
          : ''
        ].map(problem, problem == '' ? '' : 'pluginConfig.a[' + string(variables.config.a.indexOf(item)) + ']' + problem)[0])
          .filter(problem, problem != '') + [''])[0]
",
        );
    }

    #[test]
    fn a_list_of_objects_with_lists() {
        let flags = json!({"type": "array", "items": {"type": "boolean"}});
        let properties = json!({"b": flags, "c": {"type": "string"}});
        check(
            &json!({"type": "array", "items": {"type": "object", "properties": properties}}),
            "
      !has(variables.config.a) ? ''
      : !(type(variables.config.a) == list) ? 'pluginConfig.a: must be a list'
      : (variables.config.a.map(item, [
          !(type(item) == map) ? ': must be a JSON object'
          : ([
              !has(item.b) ? ''
              : !(type(item.b) == list) ? '.b: must be a list'
              : (item.b.map(item2, [
                  !(type(item2) == bool) ? ': must be true or false'
                  : ''
                ].map(problem, problem == '' ? '' : '.b[' + string(item.b.indexOf(item2)) + ']' + problem)[0])
                  .filter(problem, problem != '') + [''])[0],
              !has(item.c) ? ''
              : !(type(item.c) == string) ? '.c: must be a string'
              : '',
            ].filter(problem, problem != '') + [''])[0]
        ].map(problem, problem == '' ? '' : 'pluginConfig.a[' + string(variables.config.a.indexOf(item)) + ']' + problem)[0])
          .filter(problem, problem != '') + [''])[0]
",
        );
    }

    #[test]
    fn an_object_with_free_names() {
        check(
            &json!({
                "type": "object",
                "propertyNames": {"maxLength": 9},
                "additionalProperties": {"type": "boolean"},
            }),
            "
      !has(variables.config.a) ? ''
      : !(type(variables.config.a) == map) ? 'pluginConfig.a: must be a JSON object'
      : (variables.config.a.map(key, [
          !(type(key) == string && size(bytes(key)) <= 9) ? ': must be a string of at most 9 bytes'
          : !(type(variables.config.a[key]) == bool) ? ': must be true or false'
          : ''
        ].map(problem, problem == '' ? '' : 'pluginConfig.a[\"' + key + '\"]' + problem)[0])
          .filter(problem, problem != '') + [''])[0]
",
        );
    }

    #[test]
    fn the_fields_of_an_object_have_variables_of_their_own() {
        let properties = json!({"b": {"type": "boolean", "description": "A part."}});
        check(
            &json!({"type": "object", "properties": properties}),
            "
      !has(variables.config.a) ? ''
      : !(type(variables.config.a) == map) ? 'pluginConfig.a: must be a JSON object'
      : ''
  - name: a
    expression: >-
      has(variables.config.a) && type(variables.config.a) == map ? variables.config.a : dyn({})

  # a.b: A part.
  - name: aBProblem
    expression: >-
      !has(variables.a.b) ? ''
      : !(type(variables.a.b) == bool) ? 'pluginConfig.a.b: must be true or false'
      : ''
",
        );
    }
}

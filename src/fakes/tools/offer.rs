//! The tools that rows make together, and arguments held against their schema.
//!
//! Owns: name, description and schema of each tool, in the order of the rows.
//! Must not know: how a wire writes a tool, who calls it.

use crate::model::template::Scope;
use crate::model::tool::ToolRow;
use serde_json::{Value, json};

/// A tool as it is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: Option<String>,
    /// The JSON Schema of its arguments; any object if none was written.
    pub schema: Value,
    /// The gate that must have been released first.
    pub appears: Option<String>,
}

/// One tool for each name. The error is a fault of the suite: a template without a value, no JSON Schema.
pub fn tools(rows: &[ToolRow], scope: &dyn Scope) -> Result<Vec<Tool>, String> {
    let mut tools = Vec::<Tool>::new();
    for row in rows {
        let at = tools.iter().position(|tool| tool.name == row.name).unwrap_or_else(|| {
            tools.push(Tool { name: row.name.clone(), description: None, schema: json!({"type": "object"}), appears: None });
            tools.len() - 1
        });
        let tool = &mut tools[at];
        tool.description = tool.description.take().or_else(|| row.description.clone());
        tool.appears = tool.appears.take().or_else(|| row.appears.clone());
        if let Some(schema) = &row.schema {
            let told = |reason: String| format!("the schema of the tool `{}` cannot be used: {reason}", row.name);
            tool.schema = schema.fill(scope).map_err(|unfilled| told(unfilled.reason))?.unwrap_or_else(|| json!({}));
            jsonschema::draft202012::options().build(&tool.schema).map_err(|error| told(error.to_string()))?;
        }
    }
    Ok(tools)
}

/// The first way in which arguments violate the tool's schema.
pub fn violation(tool: &Tool, args: &Value) -> Option<String> {
    let validator = jsonschema::draft202012::options().build(&tool.schema).ok()?;
    let error = validator.iter_errors(args).next()?;
    let place = error.instance_path().to_string();
    Some(if place.is_empty() { error.to_string() } else { format!("{}: {error}", place.trim_start_matches('/').replace('/', ".")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(schema: Value) -> Tool {
        Tool { name: "get".to_owned(), description: None, schema, appears: None }
    }

    #[test]
    fn arguments_are_held_against_the_schema() {
        let tool = tool(json!({"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}));
        assert_eq!(violation(&tool, &json!({"id": 1, "more": true})), None);
        assert_eq!(violation(&tool, &json!({"id": "x"})).as_deref(), Some("id: \"x\" is not of type \"integer\""));
        assert_eq!(violation(&tool, &json!({})).as_deref(), Some("\"id\" is a required property"));
    }
}

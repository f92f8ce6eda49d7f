//! The settings of a protocol: defaults, what the agent sets, what a connection overrides.
//!
//! Owns: which value holds, which values are refused, that secrets are hidden.
//! Must not know: what a setting is used for.

use crate::base::suggest;
use crate::model::protocol::Protocol;
use crate::recorder::Recorder;
use indexmap::IndexMap;
use serde_json::Value;

/// The settings in force: each one's default, replaced by `base` and then by `over`. Null is the default.
pub(super) fn resolve(
    protocol: &Protocol,
    base: &IndexMap<String, Value>,
    over: &IndexMap<String, Value>,
    recorder: &Recorder,
) -> Result<IndexMap<String, Value>, String> {
    let mut settings: IndexMap<String, Value> =
        protocol.settings.iter().map(|setting| (setting.name.clone(), setting.default.clone())).collect();
    for (name, value) in base.iter().chain(over) {
        let Some(setting) = protocol.setting(name) else {
            let known = protocol.settings.iter().map(|setting| setting.name.as_str());
            let hint = suggest::did_you_mean(name, known).unwrap_or_default();
            return Err(format!("protocol `{}` has no setting `{name}` {hint}", protocol.name).trim_end().to_owned());
        };
        let value = if value.is_null() { setting.default.clone() } else { value.clone() };
        settings.insert(name.clone(), value);
    }
    for setting in &protocol.settings {
        let value = &settings[&setting.name];
        if let Some(allowed) = &setting.one_of
            && !allowed.contains(value)
        {
            let allowed: Vec<_> = allowed.iter().map(Value::to_string).collect();
            return Err(format!("setting `{}` is {value}; it must be one of {}", setting.name, allowed.join(", ")));
        }
        if let (true, Some(secret)) = (setting.secret, value.as_str()) {
            recorder.hide(&setting.name, secret);
        }
    }
    Ok(settings)
}

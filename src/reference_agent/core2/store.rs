//! The store: where snapshots of runs are kept.
//!
//! Owns: the two kinds of store on the wire, what is a success.
//! Must not know: what a document holds, when it is sent.

use crate::reference_agent::model::http_client;
use reqwest::{Client, Response};
use serde_json::{Value, json};

pub struct Store {
    kind: Kind,
    client: Client,
    base_url: String,
}

enum Kind {
    /// `POST /projections` takes a document, `GET /projections?runId=` gives it back.
    Plain,
    /// Convex over HTTP: `POST /api/mutation` and `POST /api/query` with the function's path and its arguments.
    Convex,
}

impl Store {
    pub fn plain(base_url: &str) -> Result<Store, String> {
        Store::new(Kind::Plain, "--store", base_url)
    }

    pub fn convex(base_url: &str) -> Result<Store, String> {
        Store::new(Kind::Convex, "--convex", base_url)
    }

    fn new(kind: Kind, name: &str, base_url: &str) -> Result<Store, String> {
        Ok(Store { kind, client: http_client(name, base_url)?, base_url: base_url.trim_end_matches('/').to_owned() })
    }

    pub async fn put(&self, document: &Value) -> Result<(), String> {
        match self.kind {
            Kind::Plain => {
                let sent = self.client.post(format!("{}/projections", self.base_url)).json(document).send().await;
                accepted(sent).map(drop)
            }
            Kind::Convex => self.call("mutation", "messages:persist", document).await.map(drop),
        }
    }

    /// The document of a run, if there is one.
    pub async fn get(&self, run: &str) -> Option<Value> {
        let found = match self.kind {
            Kind::Plain => {
                let sent = self.client.get(format!("{}/projections?runId={run}", self.base_url)).send().await;
                accepted(sent).ok()?.json().await.ok()?
            }
            Kind::Convex => self.call("query", "messages:getByRunId", &json!({"runId": run})).await.ok()?,
        };
        Some(found).filter(Value::is_object)
    }

    /// Makes the thread of a run known, where the store wants that first.
    pub async fn open_thread(&self, thread: &str, model: &str, provider: &str) -> Result<(), String> {
        if let Kind::Convex = self.kind {
            let api = if provider == "anthropic" { "messages" } else { "responses" };
            let thread = json!({"externalId": thread, "model": model, "modelProviderApi": api, "modelProviderId": provider, "tags": []});
            self.call("mutation", "threads:create", &thread).await?;
            let known = self.call("query", "threads:get", &json!({"externalId": thread["externalId"]})).await?;
            if known["externalId"] != thread["externalId"] {
                return Err("the store does not know the thread that it was just told of".to_owned());
            }
        }
        Ok(())
    }

    async fn call(&self, kind: &str, path: &str, argument: &Value) -> Result<Value, String> {
        let body = json!({"path": path, "format": "convex_encoded_json", "args": [argument]});
        let sent = self.client.post(format!("{}/api/{kind}", self.base_url)).header("convex-client", "npm-1.48.0").json(&body).send().await;
        let answer: Value = accepted(sent)?.json().await.map_err(|_| "the store's answer is no JSON".to_owned())?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["value"].clone()),
            _ => Err(format!("the store refused `{path}`: {}", answer["errorMessage"].as_str().unwrap_or("no reason given"))),
        }
    }
}

fn accepted(sent: Result<Response, reqwest::Error>) -> Result<Response, String> {
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(answer),
        Ok(answer) => Err(format!("the store answered with status {}", answer.status().as_u16())),
        Err(_) => Err("the store cannot be reached".to_owned()),
    }
}

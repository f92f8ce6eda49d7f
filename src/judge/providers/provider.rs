//! One call of a judge, tried until it comes back, or until it cannot.
//!
//! Owns: which provider answers, how often and how soon is tried again, the other form of the schema.
//! Must not know: bodies, what a reply means, the time that a statement has.

use super::call::{Again, Call, Raw, Trouble};
use super::http::{Form, ask as ask_http, client};
use super::{exec, fake};
use crate::judge::world::JudgeWorld;
use crate::model::judge::{JudgeModel, Provider};
use std::collections::HashSet;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

const TRIES: u32 = 4;
/// The time before the second try is somewhere below this, then below twice as much, and so on.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// All providers of one run.
pub(in crate::judge) struct Providers {
    client: OnceLock<Result<reqwest::Client, String>>,
    /// Models that know no structured output, as they said themselves.
    by_tool: Mutex<HashSet<String>>,
}

impl Providers {
    pub(in crate::judge) fn new() -> Providers {
        Providers { client: OnceLock::new(), by_tool: Mutex::default() }
    }

    /// Asks until an answer comes, but not beyond `deadline`: a wait that would end later ends it at once.
    pub(in crate::judge) async fn ask(
        &self,
        world: &JudgeWorld,
        model: &JudgeModel,
        call: Call<'_>,
        deadline: Instant,
    ) -> Result<Raw, Trouble> {
        let mut attempt = 0;
        loop {
            let trouble = match self.once(world, model, &Call { attempt, ..call }).await {
                Ok(raw) => return Ok(raw),
                Err(trouble) => trouble,
            };
            let Again::Later(named) = trouble.again else { return Err(trouble) };
            attempt += 1;
            if attempt == TRIES {
                return Err(Trouble { message: format!("{}, {TRIES} times", trouble.message), ..trouble });
            }
            let wait = named.unwrap_or_else(|| jitter(attempt - 1));
            if Instant::now() + wait >= deadline {
                let message =
                    format!("{}; the next try, in {wait:.0?}, would be later than the time that this statement has", trouble.message);
                return Err(Trouble { message, ..trouble });
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, world: &JudgeWorld, model: &JudgeModel, call: &Call<'_>) -> Result<Raw, Trouble> {
        match &model.provider {
            Provider::Fake(fake) => fake::ask(fake, call).await,
            Provider::Exec(words) => exec::ask(words, world, call).await,
            provider => {
                let client = self.client.get_or_init(|| client(&world.environment)).as_ref();
                let client = client.map_err(|why| Trouble::last("judge-unavailable", why.clone()))?;
                let known = self.by_tool.lock().expect("no panic happens under this lock").contains(&model.name);
                if known {
                    return ask_http(client, provider, &world.environment, call, Form::Tool).await;
                }
                let first = ask_http(client, provider, &world.environment, call, Form::Structured).await;
                match first {
                    Err(trouble) if trouble.again == Again::OtherForm => {
                        let second = ask_http(client, provider, &world.environment, call, Form::Tool).await;
                        if second.is_ok() {
                            self.by_tool.lock().expect("no panic happens under this lock").insert(model.name.clone());
                        }
                        // If the tool is refused as well, the form was not what was wrong.
                        second.map_err(|other| if other.again == Again::OtherForm { trouble } else { other })
                    }
                    first => first,
                }
            }
        }
    }
}

/// Full jitter: anything from nothing to the bound, which doubles with each try.
fn jitter(tries: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << tries.min(16)).min(LONGEST_WAIT).mul_f64(fastrand::f64())
}

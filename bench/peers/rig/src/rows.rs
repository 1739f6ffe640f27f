use futures::{stream, Stream, StreamExt};
use rig_agent::agent::{Agent, AgentBuilder, MultiTurnStreamItem};
use rig_agent::tool::{Tool, ToolContext, ToolExecutionError};
use rig_core::streaming::{Item, StreamEvent};
use serde::Deserialize;

use crate::model::{
    document, in_fours, saying, words, ANSWER_TOKENS, BATCH_AT_ONCE, BATCH_ITEMS, STREAM_TOKENS,
};
use crate::{Meter, Row};

pub static ROWS: &[Row] = &[
    Row { name: "invoke", body: |m, n| run(invoke(m, n)), n_fixed: 0 },
    Row { name: "stream3", body: |m, n| run(stream3(m, n)), n_fixed: 0 },
    Row { name: "stream5", body: |m, n| run(stream5(m, n)), n_fixed: 0 },
    Row { name: "batch5000", body: |m, n| run(batch5000(m, n)), n_fixed: 2 },
    Row { name: "structured10k", body: |m, n| run(structured(m, n, 10 << 10)), n_fixed: 0 },
    Row { name: "structured1m", body: |m, n| run(structured(m, n, 1 << 20)), n_fixed: 2 },
    Row { name: "agent_step", body: |m, n| run(run_agent(m, n, 1)), n_fixed: 0 },
    Row { name: "tools10", body: |m, n| run(run_agent(m, n, 10)), n_fixed: 0 },
];

fn run<F: std::future::Future<Output = ()>>(body: F) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(body);
}

// rig has no templates and no parsers: the preamble and the prompt are formatted, and the text of
// the answer is a member of it.
fn translator(tokens: Vec<String>) -> Agent {
    AgentBuilder::new(saying(tokens, 0))
        .preamble(format!("You translate from {} to {}.", "English", "French"))
        .build()
}

fn question() -> String {
    format!("{}", "The quick brown fox jumps over the lazy dogs.")
}

async fn invoke(m: &mut Meter, n: usize) {
    let agent = translator(words(ANSWER_TOKENS));
    let mut bytes = 0;
    m.start();
    for _ in 0..n {
        bytes += agent.prompt(question()).await.expect("an answer").output().len();
    }
    m.stop();
    assert!(bytes > n * ANSWER_TOKENS);
}

fn texts(agent: &Agent) -> impl Stream<Item = String> {
    agent.prompt(question()).stream().filter_map(|item| async move {
        match item {
            Ok(MultiTurnStreamItem::StreamAssistantItem(Item::Event(StreamEvent::Text {
                text,
                ..
            }))) => Some(text),
            Ok(_) => None,
            Err(error) => panic!("{error}"),
        }
    })
}

async fn drain(m: &mut Meter, n: usize, pieces_of: impl AsyncFn() -> usize) {
    m.parts = STREAM_TOKENS;
    let mut pieces = 0;
    m.start();
    for _ in 0..n {
        pieces += pieces_of().await;
    }
    m.stop();
    assert_eq!(pieces, n * STREAM_TOKENS);
}

async fn stream3(m: &mut Meter, n: usize) {
    let agent = translator(words(STREAM_TOKENS));
    drain(m, n, async || texts(&agent).count().await).await;
}

async fn stream5(m: &mut Meter, n: usize) {
    let agent = translator(words(STREAM_TOKENS));
    drain(m, n, async || {
        texts(&agent)
            .map(|text| text.to_uppercase())
            .map(|text| text.replace(' ', "-"))
            .filter(|text| std::future::ready(!text.is_empty()))
            .count()
            .await
    })
    .await;
}

async fn batch5000(m: &mut Meter, n: usize) {
    let agent = translator(words(ANSWER_TOKENS));
    m.parts = BATCH_ITEMS;
    m.start();
    for _ in 0..n {
        let answers: Vec<String> = stream::iter(0..BATCH_ITEMS)
            .map(|_| async {
                let response = agent.prompt(question()).await.expect("an answer");
                response.output().to_string()
            })
            .buffered(BATCH_AT_ONCE)
            .collect()
            .await;
        assert_eq!(answers.len(), BATCH_ITEMS);
    }
    m.stop();
}

// The pieces are joined, and there is one value at the end.
async fn structured(m: &mut Meter, n: usize, bytes: usize) {
    let agent = translator(in_fours(&document(bytes)));
    m.start();
    for _ in 0..n {
        let text: String = texts(&agent).collect().await;
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(value.is_object());
    }
    m.stop();
}

#[derive(Deserialize)]
struct Place {
    city: String,
    days: i64,
}

macro_rules! forecasts {
    ($($type:ident $name:literal),*) => {
        $(
            struct $type;
            impl Tool for $type {
                const NAME: &'static str = $name;
                type Error = ToolExecutionError;
                type Args = Place;
                type Output = String;
                fn description(&self) -> String {
                    "The weather of a city.".to_owned()
                }
                fn parameters(&self) -> serde_json::Value {
                    serde_json::json!({
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                        "required": ["city", "days"],
                    })
                }
                async fn call(
                    &self,
                    _context: &mut ToolContext,
                    asked: Place,
                ) -> Result<String, ToolExecutionError> {
                    Ok(format!("Sunny in {} for {} days.", asked.city, asked.days))
                }
            }
        )*
    };
}
forecasts!(
    Forecast0 "forecast_0", Forecast1 "forecast_1", Forecast2 "forecast_2",
    Forecast3 "forecast_3", Forecast4 "forecast_4", Forecast5 "forecast_5",
    Forecast6 "forecast_6", Forecast7 "forecast_7", Forecast8 "forecast_8",
    Forecast9 "forecast_9"
);

async fn run_agent(m: &mut Meter, n: usize, calls: usize) {
    let builder = AgentBuilder::new(saying(words(ANSWER_TOKENS), calls)).tool(Forecast0);
    let agent = if calls == 1 {
        builder.build()
    } else {
        builder
            .tool(Forecast1)
            .tool(Forecast2)
            .tool(Forecast3)
            .tool(Forecast4)
            .tool(Forecast5)
            .tool(Forecast6)
            .tool(Forecast7)
            .tool(Forecast8)
            .tool(Forecast9)
            .build()
    };
    m.start();
    for _ in 0..n {
        let runner = agent.prompt("What is the weather in Paris?").max_turns(3);
        let response = runner.tool_concurrency(calls).await.expect("an answer");
        assert!(response.messages.len() >= 4);
    }
    m.stop();
}

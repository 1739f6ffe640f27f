//! A model that says the same each time, at once: rig's own test wire, and a transport that answers
//! from a script.

use std::sync::Arc;

use futures::stream;
use rig_core::completion::{AssistantContent, CompletionRequest, CompletionResponse, Usage};
use rig_core::driver::{Exchange, Model, Opened, Opening, Transport};
use rig_core::error::ProviderError;
use rig_core::message::{Message, Origin, ToolCall, ToolFunction, ToolName, UserContent};
use rig_core::operation::Finish;
use rig_core::test_utils::{MockFrame, MockScript, MockStreamEvent, MOCK_API, MOCK_PROVIDER};
use rig_core::wire::Mode;

pub const STREAM_TOKENS: usize = 1000;
pub const ANSWER_TOKENS: usize = 50;
pub const BATCH_ITEMS: usize = 5000;
pub const BATCH_AT_ONCE: usize = 64;

pub fn words(count: usize) -> Vec<String> {
    let some = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs"];
    (0..count).map(|i| format!(" {}", some[i % some.len()])).collect()
}

pub fn document(bytes: usize) -> String {
    let mut text = String::from("{\"items\": [");
    let mut id = 0;
    while text.len() + 2 < bytes {
        if id > 0 {
            text += ", ";
        }
        text += &format!(
            "{{\"id\": {id}, \"name\": \"Product {id}\", \"price\": {}.25, \
             \"tags\": [\"alpha\", \"beta\"], \
             \"text\": \"A quick brown fox said: \\\"jump over lazy dogs\\\".\", \
             \"in_stock\": true}}",
            id % 500
        );
        id += 1;
    }
    text + "]}"
}

pub fn in_fours(text: &str) -> Vec<String> {
    text.as_bytes().chunks(4).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}

struct Script {
    tokens: Vec<String>,
    answer: String,
    calls: usize,
}

#[derive(Clone)]
pub struct Scripted(Arc<Script>);

pub fn saying(tokens: Vec<String>, calls: usize) -> Model<MockScript, Scripted> {
    let answer = tokens.concat();
    Model::new(MockScript::default(), Scripted(Arc::new(Script { tokens, answer, calls })))
}

fn after_tools(request: &CompletionRequest) -> bool {
    match request.chat_history.last() {
        Some(Message::User { content }) => {
            content.iter().any(|part| matches!(part, UserContent::ToolResult(_)))
        }
        _ => false,
    }
}

impl Script {
    fn whole(&self, request: &CompletionRequest) -> Result<CompletionResponse, ProviderError> {
        let choice = if self.calls > 0 && !after_tools(request) {
            let arguments = serde_json::json!({"city": "Paris", "days": 3});
            (0..self.calls)
                .map(|i| {
                    let name = ToolName::new(format!("forecast_{i}")).expect("a name");
                    AssistantContent::ToolCall(ToolCall::from_wire(
                        format!("call_{i}"),
                        ToolFunction::new(name, arguments.clone()),
                    ))
                })
                .collect()
        } else {
            vec![AssistantContent::text(self.answer.clone())]
        };
        let origin = Origin::new(MOCK_API, MOCK_PROVIDER, "");
        Ok(CompletionResponse::new(choice, Usage::default(), origin, serde_json::json!({})))
    }
}

impl Transport<MockScript> for Scripted {
    fn send(&self, request: CompletionRequest, exchange: Exchange) -> Opening<MockFrame> {
        match exchange.mode {
            Mode::Unary => match self.0.whole(&request) {
                Ok(response) => {
                    let document = response.raw.clone();
                    let frames = stream::iter([Ok(MockFrame::Response(Box::new(response)))]);
                    Opening::ready(Opened::new(frames).with_document(document))
                }
                Err(error) => Opening::failed(error),
            },
            Mode::Streaming => {
                let script = Arc::clone(&self.0);
                let count = script.tokens.len();
                let frames = stream::iter((0..=count).map(move |at| {
                    Ok(MockFrame::Event(match script.tokens.get(at) {
                        Some(token) => MockStreamEvent::Text(token.clone()),
                        None => MockStreamEvent::FinalResponse(Finish::default()),
                    }))
                }));
                Opening::ready(Opened::new(frames))
            }
        }
    }
}

// Three tokenizers behind one call.

use std::fs;
use std::path::Path;

use tokenizers::pipeline::{EncodeOptions, PipelineTokenizer};

pub const NAMES: [&str; 3] = ["bpe_openai", "fastokens", "hf_next"];

/// What an engine is made of, read once.
pub struct Source {
    engine: String,
    encoding: String,
    vocabulary: String,
}

pub enum Engine {
    BpeOpenai(&'static bpe_openai::Tokenizer),
    Fastokens(Box<fastokens::Tokenizer>),
    HuggingFace(PipelineTokenizer),
}

fn tiktoken_file(encoding: &str) -> &'static str {
    // tiktoken's names for the files in its cache.
    match encoding {
        "cl100k" => "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        _ => "fb374d419588a4632f3f557e76b4b70aebbca790",
    }
}

impl Source {
    pub fn read(engine: &str, vocab: &Path, encoding: &str) -> Source {
        let vocabulary = match engine {
            "bpe_openai" => String::new(), // part of the program
            "fastokens" => {
                fs::read_to_string(vocab.join(tiktoken_file(encoding))).expect("a rank file")
            }
            _ => tokenizers::canonicalize_file(vocab.join(format!("{encoding}.json")))
                .expect("a tokenizer.json"),
        };
        Source { engine: engine.to_owned(), encoding: encoding.to_owned(), vocabulary }
    }

    pub fn make(&self) -> Engine {
        let newer = self.encoding == "o200k";
        match self.engine.as_str() {
            "bpe_openai" if newer => Engine::BpeOpenai(bpe_openai::o200k_base()),
            "bpe_openai" => Engine::BpeOpenai(bpe_openai::cl100k_base()),
            "fastokens" => {
                let config = if newer {
                    fastokens::TiktokenConfig::o200k_base()
                } else {
                    fastokens::TiktokenConfig::cl100k_base()
                };
                let made = fastokens::Tokenizer::from_tiktoken_str(&self.vocabulary, config);
                Engine::Fastokens(Box::new(made.expect("a tokenizer")))
            }
            _ => Engine::HuggingFace(tokenizers::from_json(&self.vocabulary).expect("a pipeline")),
        }
    }
}

impl Engine {
    pub fn encode(&self, text: &str) -> Vec<u32> {
        match self {
            Engine::BpeOpenai(tokenizer) => tokenizer.encode(text),
            Engine::Fastokens(tokenizer) => tokenizer.encode_ordinary(text).expect("ids"),
            Engine::HuggingFace(tokenizer) => {
                let mut ids = Vec::with_capacity(text.len() / 4);
                let options = EncodeOptions::no_specials();
                tokenizer.encode_into(text, &options, &mut ids).expect("ids");
                ids.into_iter().map(|token| token.into()).collect()
            }
        }
    }
}

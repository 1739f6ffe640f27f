// The rows of bench/chains on LangChain.js and, for agents, LangGraph.js.
//
// usage: node main.mjs [--list] ROW...
//
// For each row that it knows it prints one line of JSON: CPU time of the process for one operation,
// the median of three samples of 30 ms or more, after a warm-up; one sample if that takes seconds.
import {BaseChatModel} from '@langchain/core/language_models/chat_models';
import {AIMessage, AIMessageChunk} from '@langchain/core/messages';
import {JsonOutputParser, StringOutputParser} from '@langchain/core/output_parsers';
import {ChatGenerationChunk} from '@langchain/core/outputs';
import {ChatPromptTemplate} from '@langchain/core/prompts';
import {RunnableLambda} from '@langchain/core/runnables';
import {tool} from '@langchain/core/tools';
import {createReactAgent} from '@langchain/langgraph/prebuilt';
import {z} from 'zod';

const SAMPLE_SECONDS = 0.030;
const SAMPLES = 3;
const STREAM_TOKENS = 1000;
const ANSWER_TOKENS = 50;
const BATCH_ITEMS = 5000;
const BATCH_AT_ONCE = 64;
const TOOLS = 10;
const WORDS = ['the', 'quick', 'brown', 'fox', 'jumps', 'over', 'lazy', 'dogs'];

class Meter {
  seconds = 0;
  parts = 1;
  start() {
    this.started = process.cpuUsage();
  }
  stop() {
    const used = process.cpuUsage(this.started);
    this.seconds = (used.user + used.system) / 1e6;
  }
}

// The texts of every peer.

const words = (count) => Array.from({length: count}, (_, i) => ' ' + WORDS[i % WORDS.length]);

function document(size) {
  let text = '{"items": [';
  for (let id = 0; text.length + 2 < size; ++id) {
    if (id > 0) text += ', ';
    text += `{"id": ${id}, "name": "Product ${id}", "price": ${id % 500}.25, ` +
        '"tags": ["alpha", "beta"], ' +
        '"text": "A quick brown fox said: \\"jump over lazy dogs\\".", "in_stock": true}';
  }
  return text + ']}';
}

function inFours(text) {
  const pieces = [];
  for (let at = 0; at < text.length; at += 4) pieces.push(text.slice(at, at + 4));
  return pieces;
}

const question = () => ({
  input_language: 'English',
  output_language: 'French',
  text: 'The quick brown fox jumps over the lazy dogs.',
});

/** Says the same each time, at once; with calls, it wants them run first. */
class ScriptedModel extends BaseChatModel {
  constructor(tokens, calls = []) {
    super({});
    this.tokens = tokens;
    this.calls = calls;
    this.answer = tokens.join('');
  }
  _llmType() {
    return 'scripted';
  }
  bindTools() {
    return this;
  }
  async _generate(messages) {
    const last = messages[messages.length - 1];
    const calling = this.calls.length > 0 && last.getType() !== 'tool';
    const message = calling ?
        new AIMessage({content: '', tool_calls: this.calls.map((call) => ({...call}))}) :
        new AIMessage(this.answer);
    return {generations: [{message, text: calling ? '' : this.answer}]};
  }
  async *_streamResponseChunks(messages, options, runManager) {
    for (const token of this.tokens) {
      const chunk = new ChatGenerationChunk(
          {message: new AIMessageChunk({content: token}), text: token});
      yield chunk;
      await runManager?.handleLLMNewToken(
          token, undefined, undefined, undefined, undefined, {chunk});
    }
  }
}

const prompt = () => ChatPromptTemplate.fromMessages([
  ['system', 'You translate from {input_language} to {output_language}.'],
  ['human', '{text}'],
]);
const chain3 = (tokens) =>
    prompt().pipe(new ScriptedModel(tokens)).pipe(new StringOutputParser());

// Chains.

async function invoke(meter, n) {
  const chain = chain3(words(ANSWER_TOKENS));
  meter.start();
  for (let i = 0; i < n; ++i) await chain.invoke(question());
  meter.stop();
}

async function drain(meter, n, chain) {
  meter.parts = STREAM_TOKENS;
  let pieces = 0;
  meter.start();
  for (let i = 0; i < n; ++i) {
    for await (const piece of await chain.stream(question())) pieces += piece.length > 0 ? 1 : 0;
  }
  meter.stop();
  if (pieces !== n * STREAM_TOKENS) throw new Error(`${pieces} pieces`);
}

const stream3 = (meter, n) => drain(meter, n, chain3(words(STREAM_TOKENS)));

async function* upper(pieces) {
  for await (const piece of pieces) yield piece.toUpperCase();
}

async function* withDashes(pieces) {
  for await (const piece of pieces) yield piece.replaceAll(' ', '-');
}

/** A step that works on pieces: LangChain.js has no class for one but the base of parsers. */
class Pieces extends RunnableLambda {
  constructor(body) {
    super({func: (input) => input});
    this.body = body;
  }
  async *transform(pieces, options) {
    yield* this._transformStreamWithConfig(pieces, this.body, options);
  }
}

const stream5 = (meter, n) => drain(
    meter, n,
    chain3(words(STREAM_TOKENS)).pipe(new Pieces(upper)).pipe(new Pieces(withDashes)));

async function events3(meter, n) {
  const chain = chain3(words(STREAM_TOKENS));
  meter.parts = STREAM_TOKENS;
  let pieces = 0;
  meter.start();
  for (let i = 0; i < n; ++i) {
    for await (const event of chain.streamEvents(question(), {version: 'v2'})) {
      pieces += event.event.endsWith('_stream') ? 1 : 0;
    }
  }
  meter.stop();
  if (pieces < 3 * n * STREAM_TOKENS) throw new Error(`${pieces} pieces`);
}

async function batch5000(meter, n) {
  const chain = chain3(words(ANSWER_TOKENS));
  meter.parts = BATCH_ITEMS;
  meter.start();
  for (let i = 0; i < n; ++i) {
    const inputs = Array.from({length: BATCH_ITEMS}, question);
    await chain.batch(inputs, {maxConcurrency: BATCH_AT_ONCE});
  }
  meter.stop();
}

const structured = (options) => async (meter, n) => {
  const chain = prompt().pipe(new ScriptedModel(inFours(document(10240))))
                    .pipe(new JsonOutputParser(options));
  meter.start();
  for (let i = 0; i < n; ++i) {
    for await (const value of await chain.stream(question())) void value;
  }
  meter.stop();
};

// Agents.

const runAgent = (count) => async (meter, n) => {
  const schema = z.object({city: z.string(), days: z.number().int()});
  const tools = Array.from({length: count}, (_, i) => tool(
      async ({city, days}) => `Sunny in ${city} for ${days} days.`,
      {name: `forecast_${i}`, description: 'The weather of a city.', schema}));
  const calls = Array.from({length: count}, (_, i) => (
      {id: `call_${i}`, name: `forecast_${i}`, args: {city: 'Paris', days: 3}}));
  const agent = createReactAgent({llm: new ScriptedModel(words(ANSWER_TOKENS), calls), tools});
  meter.start();
  for (let i = 0; i < n; ++i) {
    const result = await agent.invoke(
        {messages: [{role: 'user', content: 'What is the weather in Paris?'}]});
    if (result.messages.length !== count + 3) throw new Error(`${result.messages.length}`);
  }
  meter.stop();
};

const ROWS = {
  invoke, stream3, stream5, events3, batch5000,
  structured10k: structured(),
  structured10k_diff: structured({diff: true}),
  agent_step: runAgent(1),
  tools10: runAgent(TOOLS),
};
const FIXED = {batch5000: 1, structured10k: 1, structured10k_diff: 1};

async function sample(body, n) {
  const meter = new Meter();
  await body(meter, n);
  return meter;
}

async function measure(name, body) {
  let n = FIXED[name] ?? 1;
  if (!FIXED[name]) await sample(body, n);  // what is compiled at first use
  let meter = await sample(body, n);
  while (!FIXED[name] && meter.seconds < SAMPLE_SECONDS) {
    const factor = 1.2 * SAMPLE_SECONDS / Math.max(meter.seconds, 1e-9);
    n = Math.floor(n * Math.min(Math.max(factor, 2), 100));
    meter = await sample(body, n);
  }
  const samples = [meter];
  if (meter.seconds <= 1) {
    samples.pop();
    for (let i = 0; i < SAMPLES; ++i) samples.push(await sample(body, n));
  }
  samples.sort((a, b) => a.seconds - b.seconds);
  const median = samples[Math.floor(samples.length / 2)];
  return {row: name, peer: 'langchain_js', ns: median.seconds * 1e9 / n / median.parts, n};
}

for (const argument of process.argv.slice(2)) {
  if (argument === '--list') console.log(Object.keys(ROWS).join('\n'));
  if (ROWS[argument]) console.log(JSON.stringify(await measure(argument, ROWS[argument])));
}

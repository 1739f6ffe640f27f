// The rows of bench/tokens on tiktoken's build for JavaScript, and with --splitters those about
// cutting texts on LangChain.js, which counts tokens by the same tiktoken.
//
// usage: node main.mjs [--splitters] --data FOLDER [--list] ROW...
//
// For each row that it knows it prints one line of JSON: CPU time of the process for 1,000 bytes of
// text, the median of three samples after a warm-up, or one sample if that takes seconds.
import {readFileSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {RecursiveCharacterTextSplitter} from '@langchain/textsplitters';
import {get_encoding} from 'tiktoken';

const SAMPLES = 3;
const ONE_SAMPLE_SECONDS = 1;
const SAMPLE_SECONDS = 0.1;  // the clock of CPU time goes by ticks of 4 ms
const ENCODINGS = ['cl100k', 'o200k'];
const CHUNK_TOKENS = [64, 512, 4096];

/** FNV-1a of bytes; of ids as numbers of 32 bits, low byte first. */
function hashOf(bytes, hash = 2166136261) {
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

function cpuSeconds() {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
}

/** As often as fills a sample: nothing here remembers what it has done. */
async function sample(body) {
  const started = cpuSeconds();
  let [made, times, seconds] = [null, 0, 0];
  while (seconds < SAMPLE_SECONDS) {
    made = await body();
    seconds = cpuSeconds() - started;
    ++times;
  }
  return {seconds: seconds / times, made};
}

async function measure(body) {
  let median = await sample(body);
  if (median.seconds <= ONE_SAMPLE_SECONDS) {
    const samples = [];
    for (let i = 0; i < SAMPLES; ++i) samples.push(await sample(body));
    samples.sort((a, b) => a.seconds - b.seconds);
    median = samples[Math.floor(SAMPLES / 2)];
  }
  return median;
}

function textOf(folder, name) {
  const bytes = readFileSync(path.join(folder, 'texts', `${name}.txt`));
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  return {kilobytes: bytes.length / 1000, text: decoder.decode(bytes)};
}

async function encode(folder, row) {
  const cut = row.lastIndexOf('_');
  const [what, name] = [row.slice(0, cut), `${row.slice(cut + 1)}_base`];
  if (what === 'load') {
    const started = cpuSeconds();
    get_encoding(name);
    const seconds = cpuSeconds() - started;
    return {ns: seconds * 1e9};
  }
  const encoding = get_encoding(name);
  const {text, kilobytes} = textOf(folder, what);
  const {seconds, made} = await measure(() => encoding.encode_ordinary(text));
  const bytes = new Uint8Array(made.buffer, made.byteOffset, made.byteLength);
  return {ns: seconds * 1e9 / kilobytes, result: `${made.length} tokens, ${hashOf(bytes)}`};
}

/** Prose in chunks of so many tokens, of which an eighth is shared with the chunk before. */
async function split(folder, row) {
  const chunkSize = Number(row.slice(row.lastIndexOf('_') + 1));
  const encoding = get_encoding('cl100k_base');
  const {text, kilobytes} = textOf(folder, 'english');
  const splitter = new RecursiveCharacterTextSplitter({
    chunkSize,
    chunkOverlap: chunkSize / 8,
    lengthFunction: (piece) => encoding.encode_ordinary(piece).length,
  });
  const {seconds, made} = await measure(() => splitter.splitText(text));
  const encoder = new TextEncoder();
  const hash = made.reduce((sum, chunk) => hashOf(encoder.encode(`${chunk}\0`), sum), 2166136261);
  return {ns: seconds * 1e9 / kilobytes, result: `${made.length} chunks, ${hash}`};
}

function rowsOf(folder) {
  const texts = readdirSync(path.join(folder, 'texts')).map((name) => path.parse(name).name);
  return ['load', ...texts].flatMap((name) => ENCODINGS.map((tail) => `${name}_${tail}`));
}

const given = process.argv.slice(2);
const splitters = given[0] === '--splitters';
if (splitters) given.shift();
if (given[0] !== '--data' || given.length < 3) {
  console.error('usage: node main.mjs [--splitters] --data FOLDER [--list] ROW...');
  process.exit(2);
}
const [, folder, ...rows] = given;
for (const row of rows) {
  if (row === '--list') {
    const known = splitters ? CHUNK_TOKENS.map((size) => `split_tokens_${size}`) : rowsOf(folder);
    console.log(known.join('\n'));
  } else {
    const told = await (splitters ? split(folder, row) : encode(folder, row));
    console.log(JSON.stringify({row, peer: splitters ? 'langchain_js' : 'tiktoken_js', ...told}));
  }
}

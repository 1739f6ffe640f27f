// The ids of tiktoken for lines of texts, as `cochain tokens --jsonl` writes them.
//
// usage: node main.mjs ENCODING < rows.jsonl      {"text": "..."} to {"ids":[...]}
import {createInterface} from 'node:readline';
import {get_encoding} from 'tiktoken';

const encoding = get_encoding(process.argv[2]);
const lines = createInterface({input: process.stdin, crlfDelay: Infinity});
let answers = [];

function flush() {
  process.stdout.write(answers.join(''));
  answers = [];
}

// A callback and not `for await`, which costs more than encoding a short line.
lines.on('line', (line) => {
  const ids = Array.from(encoding.encode_ordinary(JSON.parse(line).text));
  answers.push(`{"ids":[${ids.join(',')}]}\n`);
  if (answers.length === 1000) flush();
});
lines.on('close', flush);

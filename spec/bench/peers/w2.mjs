// node w2.mjs PREVIOUS.jsonl CURRENT.jsonl OUT.jsonl
import fs from 'node:fs';
import readline from 'node:readline';

const [PREVIOUS, CURRENT, OUT] = process.argv.slice(2);
const lines = file => readline.createInterface({ input: fs.createReadStream(file, { highWaterMark: 1 << 20 }) });
const before = new Map();
for await (const line of lines(PREVIOUS)) {
  const c = JSON.parse(line);
  before.set(c.gsid, c.health_score);
}
const out = [];
for await (const line of lines(CURRENT)) {
  const c = JSON.parse(line), old = before.get(c.gsid);
  if (old != null && old >= 60 && c.health_score !== null && c.health_score < 60)
    out.push(JSON.stringify({ gsid: c.gsid, name: c.name, old_score: old, new_score: c.health_score }) + '\n');
}
fs.writeFileSync(OUT, out.join(''));

// What an admin would write in a script step: node w1.mjs IN.jsonl OUT.jsonl
import fs from 'node:fs';
import readline from 'node:readline';

const [IN, OUT] = process.argv.slice(2);
const labels = { adoption: 'Adoption & Enablement', growth: 'Growth & Expansion', renewal: 'Renewal Window' };
const tiers = { R: 'Red', Y: 'Yellow', G: 'Green' };
const today = Date.parse('2026-01-15');
const round = (x, n) => Math.round(x * 10 ** n) / 10 ** n;

function review(c) {
  const label = labels[c.lifecycle_stage];
  if (!label || !(c.arr > 10000)) return null;
  const score = c.health_score;
  return {
    account_id: c.sfdc_account_id,
    score: score === null ? null : round(score, 1),
    tier: score === null ? tiers[c.risk] : score < 50 ? 'Red' : score < 75 ? 'Yellow' : 'Green',
    engagement: c.dau === null || !c.wau ? null : round(c.dau / c.wau, 4),
    days_to_renewal: (Date.parse(c.renewal_date) - today) / 86_400_000,
    stage_label: label.toUpperCase(),
    subject: `Health review: ${c.name} (${score === null ? 'no score' : Math.round(score) + '/100'})`,
    csm_domain: c.csm_email.slice(c.csm_email.lastIndexOf('@') + 1).toLowerCase(),
    at_risk: c.risk === 'R' || (score !== null && score < 60),
    primary_tag: c.tags.split(';')[0] || null,
    nps_bucket: c.nps === null ? 'unknown' : c.nps >= 9 ? 'promoter' : c.nps >= 7 ? 'passive' : 'detractor',
    arr: round(c.arr, 2),
  };
}

const out = fs.createWriteStream(OUT, { highWaterMark: 1 << 20 });
let lines = [];
for await (const line of readline.createInterface({ input: fs.createReadStream(IN, { highWaterMark: 1 << 20 }) })) {
  const r = review(JSON.parse(line));
  if (r) lines.push(JSON.stringify(r));
  if (lines.length >= 2000) {
    if (!out.write(lines.join('\n') + '\n')) await new Promise(done => out.once('drain', done));
    lines = [];
  }
}
out.end(lines.length ? lines.join('\n') + '\n' : '');

// Runs a file of SQL in DuckDB: node duckdb.mjs SCRIPT DATABASE THREADS NAME=FILE…
// $(in) becomes a reader of the file named in=…, $$(out) its plain path, $(out:copy) the options of a COPY to it.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.env.MODULES + '/x.js');
const { DuckDBInstance } = require('@duckdb/node-api');
const [script, database, threads, ...pairs] = process.argv.slice(2);
const files = Object.fromEntries(pairs.map(p => p.split(/=(.*)/s)));

const columns = `{gsid: 'VARCHAR', name: 'VARCHAR', sfdc_account_id: 'VARCHAR', health_score: 'DOUBLE', risk: 'VARCHAR', arr: 'DOUBLE',
  renewal_date: 'DATE', csm_email: 'VARCHAR', dau: 'INTEGER', wau: 'INTEGER', nps: 'INTEGER', lifecycle_stage: 'VARCHAR',
  updated_at: 'VARCHAR', tags: 'VARCHAR'}`;
const reader = f => f.endsWith('.csv')
  ? `read_csv('${f}', header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', columns = ${columns})`
  : `read_json('${f}', format = 'newline_delimited', columns = ${columns})`;
const sql = fs.readFileSync(script, 'utf8')
  .replace(/\$\$\((\w+)\)/g, (_, n) => files[n])
  .replace(/\$\((\w+):copy\)/g, (_, n) => files[n].endsWith('.csv') ? '(FORMAT csv, HEADER)' : '(FORMAT json)')
  .replace(/\$\((\w+)\)/g, (_, n) => reader(files[n]));

const connection = await (await DuckDBInstance.create(database, { threads })).connect();
for (const statement of sql.split(/;\s*\n/)) if (statement.trim()) await connection.run(statement);
connection.disconnectSync();
process.exit(0);

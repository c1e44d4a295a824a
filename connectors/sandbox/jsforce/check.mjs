// Runs jsforce, unmodified, against a sandbox that was started with
//   syncline sandbox --companies 2000 --describe UpsertTable__c.describe.json
// and whose SALESFORCE_* lines are in the environment. Any mismatch ends it with status 1.
import assert from 'node:assert/strict';
import jsforce from 'jsforce';

const env = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set: start the sandbox and export the lines that it prints`);
  return process.env[name];
};
const url = env('SALESFORCE_URL');
const version = '60.0';
const unique = `${process.pid}-${Date.now()}`;

const steps = [];
const step = (name, run) => steps.push({ name, run });

let conn;

step('login with client credentials', async () => {
  conn = new jsforce.Connection({ version, loginUrl: url, instanceUrl: url, maxRequest: 20,
    oauth2: { loginUrl: url, clientId: env('SALESFORCE_CLIENT_ID'), clientSecret: env('SALESFORCE_CLIENT_SECRET') } });
  const user = await conn.authorize({ grant_type: 'client_credentials' });
  assert.match(user.id, /^005/);
  const identity = await conn.identity();
  assert.equal(identity.username, env('SALESFORCE_USERNAME'));
});

step('login with user name and password, by OAuth and by SOAP', async () => {
  const oauth = new jsforce.Connection({ version, oauth2: { loginUrl: url, clientId: env('SALESFORCE_CLIENT_ID'), clientSecret: env('SALESFORCE_CLIENT_SECRET') } });
  const a = await oauth.login(env('SALESFORCE_USERNAME'), env('SALESFORCE_PASSWORD'));
  const soap = new jsforce.Connection({ version, loginUrl: url });
  const b = await soap.login(env('SALESFORCE_USERNAME'), env('SALESFORCE_PASSWORD'));
  assert.equal(a.organizationId, b.organizationId);
  assert.ok((await soap.query('SELECT Id FROM User LIMIT 1')).done);
  await assert.rejects(new jsforce.Connection({ version, loginUrl: url }).login(env('SALESFORCE_USERNAME'), 'wrong'), /INVALID_LOGIN/);
});

step('a session that ended is renewed by the refresh function', async () => {
  await fetch(`${url}/_sandbox/faults`, { method: 'POST', body: JSON.stringify({ match: { path: '/query' }, expire_session: true }) });
  const renewing = new jsforce.Connection({ version, instanceUrl: url, accessToken: conn.accessToken,
    refreshFn: async (_c, done) => { await conn.authorize({ grant_type: 'client_credentials' }); done(null, conn.accessToken); } });
  assert.equal((await renewing.query('SELECT Id FROM User LIMIT 1')).records.length, 1);
});

step('describe', async () => {
  const all = await conn.describeGlobal();
  for (const name of ['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Event', 'User', 'FeedItem', 'UpsertTable__c']) {
    assert.ok(all.sobjects.some((o) => o.name === name), `${name} is not listed`);
  }
  const account = await conn.sobject('Account').describe();
  const field = (name) => account.fields.find((f) => f.name === name);
  assert.deepEqual([field('Health_Score__c').precision, field('Health_Score__c').scale], [5, 2]);
  assert.deepEqual(field('Risk_Tier__c').picklistValues.map((v) => v.value), ['Red', 'Yellow', 'Green']);
  assert.equal(field('Gainsight_GSID__c').externalId && field('Gainsight_GSID__c').unique, true);
  assert.equal(field('Locked__c').updateable, false);
  assert.equal(field('Legacy_Score__c').calculated, true);
  assert.equal(Object.keys(field('Risk_Tier__c')).length, Object.keys(field('Name')).length);
  assert.ok(account.childRelationships.some((c) => c.relationshipName === 'Opportunities'));
  assert.equal((await conn.describe$('Account')).name, 'Account');
  await assert.rejects(conn.sobject('Nothing').describe(), { errorCode: 'NOT_FOUND' });
});

step('query with paging', async () => {
  const first = await conn.query('SELECT Id, Name, Account.Name FROM Contact ORDER BY Id');
  assert.ok(first.totalSize > 2000, `only ${first.totalSize} contacts: start the sandbox with --companies 2000`);
  assert.equal(first.records.length, 2000);
  assert.equal(first.done, false);
  const second = await conn.queryMore(first.nextRecordsUrl);
  assert.ok(second.records[0].Id > first.records[1999].Id);
  const ids = new Set();
  await new Promise((done, failed) => {
    conn.query('SELECT Id FROM Contact').on('record', (r) => ids.add(r.Id)).on('end', done).on('error', failed)
      .run({ autoFetch: true, maxFetch: 100000 });
  });
  assert.equal(ids.size, first.totalSize);
  const count = await conn.query('SELECT COUNT() FROM Contact');
  assert.equal(count.totalSize, first.totalSize);
  const found = await conn.sobject('Account').find({ Name: { $like: 'Acme%' } }, 'Id, Name').include('Contacts').select('Id, LastName').end().sort('Name').limit(3).execute();
  assert.ok(found.length === 3 && found.every((a) => a.Name.startsWith('Acme')));
  assert.ok(found.some((a) => a.Contacts && a.Contacts.records.length > 0));
  await assert.rejects(conn.query('SELECT Foo FROM Account'), (e) => e.errorCode === 'INVALID_FIELD' && /ERROR at Row:1:Column:8/.test(e.message));
});

step('create, retrieve, update, delete', async () => {
  const accounts = conn.sobject('Account');
  const made = await accounts.create({ Name: `jsforce ${unique}`, Health_Score__c: 71.337, NumberOfEmployees: 5 });
  assert.equal(made.success, true);
  const got = await accounts.retrieve(made.id);
  assert.deepEqual([got.Name, got.Health_Score__c, got.IsDeleted, got.Risk_Tier__c], [`jsforce ${unique}`, 71.34, false, null]);
  assert.equal((await accounts.update({ Id: made.id, Risk_Tier__c: 'Red', Health_Score__c: null })).success, true);
  const again = await accounts.retrieve(made.id);
  assert.deepEqual([again.Risk_Tier__c, again.Health_Score__c], ['Red', null]);
  await assert.rejects(accounts.update({ Id: made.id, Risk_Tier__c: 'Pink' }), { errorCode: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST' });
  await assert.rejects(accounts.update({ Id: made.id, Locked__c: 'x' }), { errorCode: 'INVALID_FIELD_FOR_INSERT_UPDATE' });
  await assert.rejects(accounts.create({ Site: 'no name' }), { errorCode: 'REQUIRED_FIELD_MISSING' });
  await assert.rejects(accounts.create({ Name: 'x', Nope__c: 1 }), { errorCode: 'INVALID_FIELD' });
  assert.equal((await accounts.destroy(made.id)).success, true);
  await assert.rejects(accounts.retrieve(made.id), { errorCode: 'NOT_FOUND' });
  await assert.rejects(accounts.destroy(made.id), { errorCode: 'ENTITY_IS_DELETED' });
});

step('upsert by external id', async () => {
  const key = `gsid-${unique}`;
  const first = await conn.sobject('Account').upsert({ Gainsight_GSID__c: key, Name: `upsert ${unique}` }, 'Gainsight_GSID__c');
  assert.deepEqual([first.success, first.created], [true, true]);
  const second = await conn.sobject('Account').upsert({ Gainsight_GSID__c: key, Site: 'again' }, 'Gainsight_GSID__c');
  assert.equal(second.success, true);
  assert.ok(!second.created);
  const [row] = (await conn.query(`SELECT Id, Site FROM Account WHERE Gainsight_GSID__c = '${key}'`)).records;
  assert.deepEqual([row.Id, row.Site], [first.id, 'again']);
  const table = conn.sobject('UpsertTable__c');
  await table.create([{ Name: 'a', ExtId__c: unique }, { Name: 'b', ExtId__c: unique }]);
  await assert.rejects(table.upsert({ Name: 'c', ExtId__c: unique }, 'ExtId__c'), (e) => e.name === 'MULTIPLE_CHOICES' || e.errorCode === 'MULTIPLE_CHOICES');
});

step('collections', async () => {
  const contacts = conn.sobject('Contact');
  const people = Array.from({ length: 230 }, (_, i) => ({ LastName: `Person ${i}`, Department: unique }));
  const made = await contacts.create(people, { allowRecursive: true });
  assert.equal(made.filter((r) => r.success).length, 230);
  const changed = await contacts.update(made.slice(0, 3).map((r, i) => ({ Id: r.id, NPS_Score__c: i })));
  assert.ok(changed.every((r) => r.success));
  const mixed = await contacts.update([{ Id: made[0].id, NPS_Score__c: 9 }, { Id: made[1].id, Email: 'badone' }]);
  assert.deepEqual(mixed.map((r) => r.success), [true, false]);
  assert.equal(mixed[1].errors[0].statusCode, 'INVALID_EMAIL_ADDRESS');
  const rolled = await contacts.update([{ Id: made[0].id, NPS_Score__c: 1 }, { Id: made[1].id, Email: 'badone' }], { allOrNone: true });
  assert.deepEqual(rolled.map((r) => r.errors[0].statusCode), ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'INVALID_EMAIL_ADDRESS']);
  const rows = await contacts.retrieve(made.slice(0, 3).map((r) => r.id));
  assert.deepEqual(rows.map((r) => r.NPS_Score__c), [9, 1, 2]);
  const keyed = await conn.sobject('Task').upsert([{ Syncline_Key__c: `${unique}-1`, Subject: 'one' }, { Syncline_Key__c: `${unique}-2`, Subject: 'two' }], 'Syncline_Key__c');
  assert.deepEqual(keyed.map((r) => [r.success, r.created]), [[true, true], [true, true]]);
  const gone = await contacts.destroy(made.map((r) => r.id), { allowRecursive: true });
  assert.equal(gone.filter((r) => r.success).length, 230);
  assert.equal((await conn.query(`SELECT Id FROM Contact WHERE Department = '${unique}'`)).totalSize, 0);
});

step('composite', async () => {
  const base = `/services/data/v${version}`;
  const send = (body) => conn.requestPost(`${base}/composite`, body);
  const good = await send({ allOrNone: true, compositeRequest: [
    { method: 'POST', url: `${base}/sobjects/Account`, referenceId: 'account', body: { Name: `composite ${unique}` } },
    { method: 'POST', url: `${base}/sobjects/Opportunity`, referenceId: 'deal', body: { Name: 'd', AccountId: '@{account.id}', StageName: 'At Risk', CloseDate: '2030-01-31' } },
    { method: 'GET', url: `${base}/sobjects/Opportunity/@{deal.id}?fields=Id,AccountId,Probability`, referenceId: 'read' },
  ] });
  assert.deepEqual(good.compositeResponse.map((r) => r.httpStatusCode), [201, 201, 200]);
  assert.equal(good.compositeResponse[2].body.AccountId, good.compositeResponse[0].body.id);
  const bad = await send({ allOrNone: true, compositeRequest: [
    { method: 'POST', url: `${base}/sobjects/Account`, referenceId: 'account', body: { Name: `undone ${unique}` } },
    { method: 'POST', url: `${base}/sobjects/Contact`, referenceId: 'contact', body: { AccountId: '@{account.id}' } },
  ] });
  assert.deepEqual(bad.compositeResponse.map((r) => r.body[0].errorCode), ['PROCESSING_HALTED', 'REQUIRED_FIELD_MISSING']);
  assert.equal((await conn.query(`SELECT Id FROM Account WHERE Name = 'undone ${unique}'`)).totalSize, 0);
});

step('limits, updated, deleted', async () => {
  assert.ok(conn.limitInfo.apiUsage.used > 0, 'Sforce-Limit-Info was not understood');
  assert.ok((await conn.limits()).DailyApiRequests.Max > 0);
  const made = await conn.sobject('Account').create({ Name: `gone ${unique}` });
  await conn.sobject('Account').destroy(made.id);
  const from = new Date(Date.now() - 3600e3).toISOString(), to = new Date(Date.now() + 120e3).toISOString();
  const deleted = await conn.sobject('Account').deleted(from, to);
  assert.ok(deleted.deletedRecords.some((r) => r.id === made.id));
  assert.ok((await conn.sobject('Account').updated(from, to)).ids.length > 0);
  const post = await conn.chatter.resource('/feed-elements').create({ subjectId: 'me', feedElementType: 'FeedItem', body: { messageSegments: [{ type: 'Text', text: 'hello' }] } });
  assert.match(post.id, /^0D5/);
});

let failures = 0;
for (const { name, run } of steps) {
  try {
    await run();
    console.log(`ok    ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAIL  ${name}\n${error.stack ?? error}`);
  }
}
process.exit(failures ? 1 : 0);

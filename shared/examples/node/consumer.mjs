// Follows identity's events in Node.js with a Redis client and nothing else; with IDENTITY_URL also over HTTP what the
// stream no longer has. Prints a line for each event: put your own work in the place of `handle` and `begin`.
//
//   REDIS_URL=redis://consumer:PASSWORD@127.0.0.1:6390/0 GROUP=passes-node node consumer.mjs

import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { CatchingUp } from "./catching_up.mjs";
import { Feed } from "./feed.mjs";
import { Member } from "./member.mjs";

const { REDIS_URL, GROUP = "passes-node", CLAIM_IDLE_MS = "30000", IDENTITY_URL, IDENTITY_SECRET_FILE } = process.env;

const STOP_MS = 9_000; // Docker's patience ends after ten seconds

// Where it throws it is called again for the same event, so a part of its work must not be done twice.
async function handle({ id, type, subject, sequence, data }) {
  console.log(JSON.stringify({ id, type, subject, sequence: Number(sequence), data }));
}

// Given the pages of a snapshot to put in the place of everything. Events may come that it has in it already:
// those whose `sequence` is not beyond that of their account there.
async function begin(pages) {
  for (const { accounts, bindings } of pages) {
    for (const account of accounts) console.log(JSON.stringify({ account }));
    for (const binding of bindings) console.log(JSON.stringify({ binding }));
  }
}

const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null }); // it connects again by itself
redis.on("error", (error) => console.error(`redis: ${error.code ?? error.name}`));

const member = new Member(redis, { group: GROUP, handle, claimIdleMs: Number(CLAIM_IDLE_MS) });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    member.stop();
    setTimeout(() => process.exit(1), STOP_MS).unref(); // Redis is away: what is held here is taken over later
  });
}

const feed = IDENTITY_URL && new Feed(IDENTITY_URL, readFileSync(IDENTITY_SECRET_FILE, "utf8").trim());
const catchingUp = feed && new CatchingUp(member, feed, begin);

await member.create();
console.error("following");
await member.follow(() => catchingUp?.run());
await redis.quit();

// Consumes identity's events in Node.js with only a Redis client. With IDENTITY_URL, it also reads, over HTTP, events
// that the stream no longer has. Prints a line for each event: replace `handle` and `begin` with your own code.
//
//   REDIS_URL=redis://consumer:PASSWORD@127.0.0.1:6390/0 GROUP=passes-node node consumer.mjs

import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { FeedCatchUp } from "./catch_up.mjs";
import { Feed } from "./feed.mjs";
import { Member } from "./member.mjs";

const { REDIS_URL, GROUP = "passes-node", CLAIM_IDLE_MS = "30000", IDENTITY_URL, IDENTITY_SECRET_FILE } = process.env;

const STOP_MS = 9_000; // Docker kills a container after ten seconds

// After an error it is called again with the same event, so it must be idempotent.
async function handle({ id, type, subject, sequence, data }) {
  console.log(JSON.stringify({ id, type, subject, sequence: Number(sequence), data }));
}

// Replaces all data with the pages of a snapshot. Events that the snapshot already includes may follow: their `sequence`
// is not greater than that of their account in the snapshot.
async function begin(pages) {
  for (const { accounts, bindings } of pages) {
    for (const account of accounts) console.log(JSON.stringify({ account }));
    for (const binding of bindings) console.log(JSON.stringify({ binding }));
  }
}

const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: null }); // reconnects automatically
redis.on("error", (error) => console.error(`redis: ${error.code ?? error.name}`));

const member = new Member(redis, { group: GROUP, handle, claimIdleMs: Number(CLAIM_IDLE_MS) });
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    member.stop();
    // If Redis or `handle` hangs, other members claim the pending entries later.
    setTimeout(() => process.exit(1), STOP_MS).unref();
  });
}

const feed = IDENTITY_URL && new Feed(IDENTITY_URL, readFileSync(IDENTITY_SECRET_FILE, "utf8").trim());
const catchUp = feed && new FeedCatchUp(member, feed, begin);

await member.create();
console.error("following");
await member.follow(() => catchUp?.run());
await redis.quit();

// Follows identity's events in Node.js with nothing but a Redis client: a group, what dead members left taken
// over, repeats dropped, a clean stop. Prints a line for each event; put your own work in the place of `handle`.
//
//   REDIS_URL=redis://consumer:PASSWORD@127.0.0.1:6390/0 GROUP=passes-node node consumer.mjs

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { Redis } from "ioredis";

const STREAM = process.env.STREAM ?? "identity.events";
const GROUP = process.env.GROUP ?? "passes-node";
const NAME = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
const CLAIM_IDLE_MS = Number(process.env.CLAIM_IDLE_MS ?? 30_000); // longer than any event takes
const TRIES = 5;
const BATCH = 50;
const BLOCK_MS = 1_000; // how long a stop may take when nothing comes
const SEEN_SECONDS = 8 * 86_400; // a day longer than the stream is kept
const YEAR_MS = 365 * 86_400_000;

const redis = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
redis.on("error", (error) => console.error(`redis: ${error.code ?? error.name}`)); // it connects again by itself

let stopping = false;
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => (stopping = true));

async function handle(event) {
  const { type, subject, sequence, data } = event;
  console.log(JSON.stringify({ id: event.id, type, subject, sequence, data }));
}

async function createGroup() {
  try {
    await redis.xgroup("CREATE", STREAM, GROUP, "0", "MKSTREAM");
  } catch (error) {
    if (!error.message.startsWith("BUSYGROUP")) throw error;
  }
}

// The fields of an entry come as a flat list: name, value, name, value.
function parsed(fields) {
  const entry = Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, i) => fields.slice(2 * i, 2 * i + 2)));
  const event = JSON.parse(entry.ce);
  if (event.specversion !== "1.0" || event.type !== entry.type || !event.id) throw new Error("no event of ours");
  return event;
}

async function setAside(id, fields, reason) {
  const open = fields.flatMap((name, i) => (i % 2 === 0 && name !== "sealed" ? [name, fields[i + 1]] : []));
  const about = ["reason", reason, "at", new Date().toISOString(), "entry", id];
  await redis.multi().xadd(`seen:${GROUP}:aside`, "MAXLEN", 10_000, "*", ...open, ...about).xack(STREAM, GROUP, id).exec();
  console.error(`entry ${id} is set aside: ${reason}`);
}

// Handles an entry, and acknowledges it together with the mark that tells its repeats.
async function settle([id, fields], times = 1) {
  let event;
  try {
    event = parsed(fields);
  } catch {
    return setAside(id, fields, "cannot be read");
  }
  if (times > TRIES) return setAside(id, fields, `begun ${TRIES} times and never finished`);
  const seen = `seen:${GROUP}:${event.id}`;
  if (!(await redis.exists(seen))) await handle(event);
  await redis.multi().set(seen, "1", "EX", SEEN_SECONDS).xack(STREAM, GROUP, id).exec();
}

// One at a time, so that the delivery count tells which entry its members die of.
let cursor = "0-0";
async function takeOver() {
  do {
    const [next, [stale]] = await redis.xautoclaim(STREAM, GROUP, NAME, CLAIM_IDLE_MS, cursor, "COUNT", 1);
    cursor = next;
    if (stale) {
      const [pending] = await redis.xpending(STREAM, GROUP, stale[0], stale[0], 1);
      await settle(stale, pending?.[3]);
    }
  } while (cursor !== "0-0" && !stopping);
}

let held = [];
async function round() {
  const answer = await redis.xreadgroup("GROUP", GROUP, NAME, "COUNT", BATCH, "BLOCK", BLOCK_MS, "STREAMS", STREAM, ">");
  for (held = answer ? answer[0][1] : []; held.length && !stopping; held.shift()) await settle(held[0]);
}

// Hands back what was read and not handled, for any member to take over at once; then leaves the group.
async function leave() {
  const ids = held.map(([id]) => id);
  if (ids.length) await redis.xclaim(STREAM, GROUP, "handed-back", 0, ...ids, "IDLE", YEAR_MS, "JUSTID");
  const [mine] = await redis.xpending(STREAM, GROUP, "-", "+", 1, NAME);
  if (!mine) await redis.xgroup("DELCONSUMER", STREAM, GROUP, NAME);
  await redis.quit();
}

await createGroup();
console.error("following");
let lookAt = 0;
while (!stopping) {
  try {
    if (Date.now() >= lookAt) {
      await takeOver();
      lookAt = Date.now() + CLAIM_IDLE_MS / 2;
    }
    await round();
  } catch (error) {
    if (!error.message.startsWith("NOGROUP")) throw error; // the entry in hand comes again
    await createGroup(); // Redis lost its data: it is given all of it again, and what was seen is known by its mark
  }
}
await leave();

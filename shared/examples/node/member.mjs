// One member of a consumer group: what a dead peer left taken over, repeats dropped, what fails tried again and then
// set aside, a clean stop.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const BATCH = 50;
const BLOCK_MS = 1_000; // how long a stop may take when nothing comes
const WAITS_MS = [100, 500, 2_500, 10_000]; // between five tries
const TRIES = WAITS_MS.length + 1;
const SEEN_SECONDS = 8 * 86_400; // a day longer than the stream is kept
const YEAR_MS = 365 * 86_400_000;

// A reason names the kind of an error and not its words: they may hold personal data.
const kindOf = (error) => (error instanceof Error ? error.name : typeof error);

class Stopped extends Error {}

// Thrown after the group was made anew: what is held is to be let go.
export class BegunAnew extends Error {}

// Throws the first error among the answers of a transaction; ioredis does not.
export async function together(transaction) {
  return (await transaction.exec()).map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}

// Fields of an entry, and Redis' descriptions, come as a flat list: name, value, name, value.
export function named(list) {
  return Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => list.slice(2 * i, 2 * i + 2)));
}

// Returns nothing for what cannot be read.
function eventOf({ ce, type }) {
  try {
    const event = JSON.parse(ce);
    return event.specversion === "1.0" && event.type === type && event.id ? event : undefined;
  } catch {
    return undefined;
  }
}

export class Member {
  name = `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
  #handle;
  #claimIdleMs; // longer than an event takes
  #stop = new AbortController();
  #held = []; // read or taken over, and not handled yet
  #renewAt = 0;
  #claimAt = 0;
  #cursor = "0-0";

  constructor(redis, { group, stream = "identity.events", handle, claimIdleMs }) {
    this.redis = redis;
    this.group = group;
    this.stream = stream;
    this.#handle = handle;
    this.#claimIdleMs = claimIdleMs;
  }

  key(name) {
    return `seen:${this.group}:${name}`;
  }

  // Ends after the event in hand.
  stop() {
    this.#stop.abort();
  }

  async create() {
    try {
      await this.redis.xgroup("CREATE", this.stream, this.group, "0", "MKSTREAM");
    } catch (error) {
      if (!error.message.startsWith("BUSYGROUP")) throw error;
    }
  }

  // Handles events until stopped. `catchUp` comes first in each round: nothing of the stream overtakes it.
  async follow(catchUp) {
    try {
      while (!this.#stop.signal.aborted) await this.#round(catchUp).catch((error) => this.#recover(error));
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      await this.#leave();
    }
  }

  // Waits, unless it is to stop: then throws.
  async pause(milliseconds = 0) {
    await sleep(milliseconds, null, { signal: this.#stop.signal }).catch(() => {
      throw new Stopped();
    });
  }

  // Handles an event and notes its end in the transaction given: a mark that tells its repeats, or a copy set aside.
  async settle(transaction, id, entry, times = 1) {
    const event = eventOf(entry);
    const seen = event && this.key(event.id);
    const reason = await this.#reasonAgainst(event, seen, times);
    if (reason) {
      console.error(`entry ${id} is set aside: ${reason}`);
      const { sealed, ...open } = entry;
      const copy = { ...open, entry: id, reason, at: new Date().toISOString() };
      transaction.xadd(this.key("aside"), "MAXLEN", 10_000, "*", ...Object.entries(copy).flat());
    } else {
      transaction.set(seen, "1", "EX", SEEN_SECONDS);
    }
    await together(transaction);
  }

  // Tells the peers that what waits here is not a dead member's.
  async renew() {
    if (Date.now() < this.#renewAt || !this.#held.length) return;
    await this.redis.xclaim(this.stream, this.group, this.name, 0, ...this.#held.map(([id]) => id), "JUSTID");
    this.#renewAt = Date.now() + this.#claimIdleMs / 3;
  }

  async #reasonAgainst(event, seen, times) {
    if (!event) return "cannot be read";
    if (await this.redis.exists(seen)) return undefined;
    return times > TRIES ? `begun ${TRIES} times and never finished` : this.#tryOften(event);
  }

  // Nothing else is handled meanwhile, so that events stay in order.
  async #tryOften(event) {
    for (const wait of [...WAITS_MS, 0]) {
      try {
        await this.#handle(event);
        return undefined;
      } catch (error) {
        console.error(`event ${event.id} failed: ${kindOf(error)}`);
        if (!wait) return kindOf(error);
      }
      await this.renew();
      await this.pause(wait);
    }
  }

  async #round(catchUp) {
    if (Date.now() >= this.#claimAt) {
      await this.#takeOver(catchUp);
      this.#claimAt = Date.now() + this.#claimIdleMs / 2;
    }
    const answer = await this.redis.xreadgroup(
      "GROUP", this.group, this.name, "COUNT", BATCH, "BLOCK", BLOCK_MS, "STREAMS", this.stream, ">",
    );
    await this.#settleAll(answer ? answer[0][1] : [], catchUp);
  }

  // One at a time, so that the delivery count tells which entry its members die of.
  async #takeOver(catchUp) {
    do {
      const { stream, group, name } = this;
      const [next, stale] = await this.redis.xautoclaim(stream, group, name, this.#claimIdleMs, this.#cursor, "COUNT", 1);
      this.#cursor = next;
      for (const [id] of stale) {
        const [pending] = await this.redis.xpending(stream, group, id, id, 1);
        await this.#settleAll(stale, catchUp, pending?.[3]);
      }
    } while (this.#cursor !== "0-0" && !this.#stop.signal.aborted);
  }

  async #settleAll(entries, catchUp, times) {
    this.#held = entries;
    this.#renewAt = Date.now() + this.#claimIdleMs / 3;
    await catchUp();
    while (this.#held.length && !this.#stop.signal.aborted) {
      const [id, fields] = this.#held[0];
      await this.settle(this.redis.multi().xack(this.stream, this.group, id), id, named(fields), times);
      this.#held.shift();
      await this.renew();
    }
  }

  // Where Redis lost its data: what it is given anew is read from the start, and repeats are known by their marks.
  async #recover(error) {
    if (!(error instanceof BegunAnew) && !/NOGROUP|no such key/.test(error.message)) throw error;
    this.#held = [];
    await this.create();
  }

  // Hands back what was not handled, for any member to take over at once; then leaves the group.
  async #leave() {
    const { redis, stream, group, name } = this;
    const ids = this.#held.map(([id]) => id);
    if (ids.length) await redis.xclaim(stream, group, "handed-back", 0, ...ids, "IDLE", YEAR_MS, "JUSTID");
    const [mine] = await redis.xpending(stream, group, "-", "+", 1, name);
    if (!mine) await redis.xgroup("DELCONSUMER", stream, group, name);
  }
}

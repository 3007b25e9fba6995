// A member of a consumer group: claims entries of dead members, drops repeated events, retries failures, stores dead
// letters, and stops cleanly.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const BATCH = 50;
const BLOCK_MS = 1_000; // a stop takes at most this long while no events arrive
const WAITS_MS = [100, 500, 2_500, 10_000]; // between five attempts
const TRIES = WAITS_MS.length + 1;
const SEEN_SECONDS = 8 * 86_400; // a day longer than the stream keeps entries by default
const YEAR_MS = 365 * 86_400_000;

// A reason contains the error's class, not its message, which may contain personal data.
const kindOf = (error) => (error instanceof Error ? error.name : typeof error);

class Stopped extends Error {}

// Thrown after the group was created again: pending entries must be dropped.
export class GroupRecreated extends Error {}

// Executes a transaction and throws its first error; ioredis itself does not throw it.
export async function execute(transaction) {
  return (await transaction.exec()).map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}

// Converts Redis' flat list of names and values to an object.
export function toObject(list) {
  return Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => list.slice(2 * i, 2 * i + 2)));
}

// Returns undefined for an invalid entry.
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
  #claimIdleMs; // longer than handling one event
  #stop = new AbortController();
  #pending = []; // read or claimed, but not handled yet
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

  // Ends after the current event, or at once during a pause.
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

  // Handles events until stopped. `catchUp` is called before entries of the stream are handled.
  async follow(catchUp) {
    try {
      while (!this.#stop.signal.aborted) await this.#round(catchUp).catch((error) => this.#recover(error));
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      await this.#leave();
    }
  }

  // Waits; throws Stopped when stopped.
  async pause(milliseconds = 0) {
    await sleep(milliseconds, null, { signal: this.#stop.signal }).catch(() => {
      throw new Stopped();
    });
  }

  // Handles an event unless it is a repeat, adds a dedupe mark or a dead letter to the transaction, and executes it.
  async settle(transaction, id, entry, times = 1) {
    const event = eventOf(entry);
    const seen = event && this.key(event.id);
    const reason = await this.#reasonAgainst(event, seen, times);
    if (reason) {
      console.error(`entry ${id} becomes a dead letter: ${reason}`);
      const { sealed, ...open } = entry;
      const copy = { ...open, entry: id, reason, at: new Date().toISOString() };
      transaction.xadd(this.key("aside"), "MAXLEN", 10_000, "*", ...Object.entries(copy).flat());
    } else {
      transaction.set(seen, "1", "EX", SEEN_SECONDS);
    }
    await execute(transaction);
  }

  // Resets the idle time of pending entries, so that other members do not claim them.
  async renew() {
    if (Date.now() < this.#renewAt || !this.#pending.length) return;
    await this.redis.xclaim(this.stream, this.group, this.name, 0, ...this.#pending.map(([id]) => id), "JUSTID");
    this.#renewAt = Date.now() + this.#claimIdleMs / 3;
  }

  async #reasonAgainst(event, seen, times) {
    if (!event) return "cannot be read";
    if (await this.redis.exists(seen)) return undefined;
    return times > TRIES ? `begun ${TRIES} times and never finished` : this.#tryOften(event);
  }

  // Handles nothing else between attempts, so that events stay in order.
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

  // Claims one entry at a time, so that the delivery count shows which entry kills its members.
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
    this.#pending = entries;
    this.#renewAt = Date.now() + this.#claimIdleMs / 3;
    await catchUp();
    while (this.#pending.length && !this.#stop.signal.aborted) {
      const [id, fields] = this.#pending[0];
      await this.settle(this.redis.multi().xack(this.stream, this.group, id), id, toObject(fields), times);
      this.#pending.shift();
      await this.renew();
    }
  }

  // Continues after the group was lost or created again. A lost group reads the stream from the start; the dedupe marks
  // identify repeated events.
  async #recover(error) {
    if (!(error instanceof GroupRecreated) && !/NOGROUP|no such key/.test(error.message)) throw error;
    this.#pending = [];
    await this.create();
  }

  // Releases unhandled entries, so that any member can claim them at once, then leaves the group.
  async #leave() {
    const { redis, stream, group, name } = this;
    const ids = this.#pending.map(([id]) => id);
    if (ids.length) await redis.xclaim(stream, group, "handed-back", 0, ...ids, "IDLE", YEAR_MS, "JUSTID");
    const [mine] = await redis.xpending(stream, group, "-", "+", 1, name);
    if (!mine) await redis.xgroup("DELCONSUMER", stream, group, name);
  }
}

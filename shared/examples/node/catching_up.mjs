// From the stream to the feed and back, without a gap: what was trimmed before it was handled comes from the feed.

import { FeedUnavailable } from "./feed.mjs";
import { BegunAnew, named, together } from "./member.mjs";

const LEASE_MS = 60_000; // longer than the feed's answer and an event's tries
const PEER_WAIT_MS = 500;
const FEED_WAIT_MS = 2_000;
const PAGE = 1_000;

const positionOf = ([, fields]) => Number(named(fields).position);

export class CatchingUp {
  #reached = 0; // up to here every event was handled, by whichever member; kept here too, for a Redis that is wiped
  #positionKey;
  #leaseKey;
  #whole; // the sign of an empty stream from which nothing is missing

  constructor(member, feed, begin) {
    this.member = member;
    this.redis = member.redis;
    this.feed = feed;
    this.begin = begin;
    this.#positionKey = member.key("position");
    this.#leaseKey = member.key("catching_up");
  }

  // Handles what the stream no longer has. One member does, under a lease; the others wait.
  async run() {
    for (let gap = await this.#look(); gap; gap = await this.#look()) {
      await this.member.renew();
      if (await this.#lease()) await this.#close(gap);
      else await this.member.pause(PEER_WAIT_MS);
    }
  }

  // Moves on as far as the group has come, or tells what must come from the feed first: all after one position, up to
  // the one before another. Positions have no holes.
  async #look() {
    const { stream, group } = this.member;
    const [about, groups, [, oldest], noted] = await together(
      this.redis.multi().xinfo("STREAM", stream).xinfo("GROUPS", stream).xpending(stream, group).get(this.#positionKey),
    );
    this.#reached = Math.max(this.#reached, Number(noted));
    const { "first-entry": first, "last-generated-id": sign } = named(about);
    const before = first ? positionOf(first) : Infinity;
    if (first) this.#whole = undefined;
    if (first ? before > this.#reached + 1 : sign !== this.#whole) return { before, sign };
    const { "last-delivered-id": last } = groups.map(named).find(({ name }) => name === group);
    const [entry] = await this.redis.xrange(stream, oldest ?? last, oldest ?? last);
    if (entry) await this.#reach(positionOf(entry) - (oldest ? 1 : 0));
    return undefined;
  }

  async #close(gap) {
    try {
      const items = await this.feed.read(this.#reached);
      if (items) await this.#handle(items, gap);
      else await this.#beginAnew();
    } catch (error) {
      if (!(error instanceof FeedUnavailable)) throw error;
      console.error(`feed: ${error.message}`);
      await this.member.pause(FEED_WAIT_MS);
    } finally {
      if ((await this.redis.get(this.#leaseKey)) === this.member.name) await this.redis.del(this.#leaseKey);
    }
  }

  async #handle(items, { before, sign }) {
    for (const { position, event } of items.filter((item) => item.position < before)) {
      await this.member.pause();
      await this.member.renew();
      if (!(await this.#lease())) return;
      const entry = { type: event.type, ce: JSON.stringify(event), position };
      await this.member.settle(this.redis.multi().set(this.#positionKey, position), `of position ${position}`, entry);
      this.#reached = position;
    }
    if (items.at(-1)?.position >= before) await this.#reach(before - 1);
    else if (!items.length && before === Infinity) this.#whole = sign;
    else if (!items.length) await this.member.pause(FEED_WAIT_MS); // the relay writes the stream first, then the feed
  }

  // All other members are to be stopped before: they would still handle what they hold.
  async #beginAnew() {
    const pages = [];
    for await (const page of this.feed.snapshot()) pages.push(page);
    await this.begin(pages);
    const { stream, group } = this.member;
    const [{ position }] = pages;
    const last = await this.#lastUpTo(position);
    await together(this.redis.multi().xgroup("DESTROY", stream, group).xgroup("CREATE", stream, group, last));
    await this.#reach(position);
    throw new BegunAnew();
  }

  async #lastUpTo(position) {
    for (let last = "0-0"; ; ) {
      const page = await this.redis.xrange(this.member.stream, `(${last}`, "+", "COUNT", PAGE);
      for (const entry of page) {
        if (positionOf(entry) > position) return last;
        [last] = entry;
      }
      if (page.length < PAGE) return last;
    }
  }

  // Takes the lease, or has it for another while.
  async #lease() {
    const [key, { name }] = [this.#leaseKey, this.member];
    if (await this.redis.set(key, name, "PX", LEASE_MS, "NX")) return true;
    return (await this.redis.get(key)) === name && this.redis.set(key, name, "PX", LEASE_MS, "XX");
  }

  async #reach(position) {
    if (!(position > this.#reached)) return;
    this.#reached = position;
    await this.redis.set(this.#positionKey, position);
  }
}

// Reads the feed for events that were trimmed from the stream before the group handled them.

import { FeedUnavailable } from "./feed.mjs";
import { GroupRecreated, toObject, execute } from "./member.mjs";

const LEASE_MS = 60_000; // longer than a feed request and all attempts of an event
const PEER_WAIT_MS = 500;
const FEED_WAIT_MS = 2_000;
const PAGE = 1_000;

const positionOf = ([, fields]) => Number(toObject(fields).position);

export class FeedCatchUp {
  #position = 0; // up to here the group has handled all events; also kept in memory, in case Redis loses its data
  #positionKey;
  #leaseKey;
  #complete; // the fingerprint of an empty stream without missing events

  constructor(member, feed, begin) {
    this.member = member;
    this.redis = member.redis;
    this.feed = feed;
    this.begin = begin;
    this.#positionKey = member.key("position");
    this.#leaseKey = member.key("catching_up");
  }

  // Handles the missing events. The member with the lease reads the feed while the others wait.
  async run() {
    for (let gap = await this.#findGap(); gap; gap = await this.#findGap()) {
      await this.member.renew();
      if (await this.#lease()) await this.#close(gap);
      else await this.member.pause(PEER_WAIT_MS);
    }
  }

  // Returns the gap between the position and the stream, which the feed must fill: all positions below `before`. If
  // there is none, advances the position to the group's progress.
  async #findGap() {
    const { stream, group } = this.member;
    const [about, groups, [, oldest], stored] = await execute(
      this.redis.multi().xinfo("STREAM", stream).xinfo("GROUPS", stream).xpending(stream, group).get(this.#positionKey),
    );
    this.#position = Math.max(this.#position, Number(stored));
    const { "first-entry": first, "last-generated-id": fingerprint } = toObject(about);
    const before = first ? positionOf(first) : Infinity;
    if (first) this.#complete = undefined;
    if (first ? before > this.#position + 1 : fingerprint !== this.#complete) return { before, fingerprint };
    const { "last-delivered-id": last } = groups.map(toObject).find(({ name }) => name === group);
    const [entry] = await this.redis.xrange(stream, oldest ?? last, oldest ?? last);
    if (entry) await this.#advance(positionOf(entry) - (oldest ? 1 : 0));
    return undefined;
  }

  async #close(gap) {
    try {
      const items = await this.feed.read(this.#position);
      if (items) await this.#handle(items, gap);
      else await this.#startOver();
    } catch (error) {
      if (!(error instanceof FeedUnavailable)) throw error;
      console.error(`feed: ${error.message}`);
      await this.member.pause(FEED_WAIT_MS);
    } finally {
      if ((await this.redis.get(this.#leaseKey)) === this.member.name) await this.redis.del(this.#leaseKey);
    }
  }

  async #handle(items, { before, fingerprint }) {
    for (const { position, event } of items.filter((item) => item.position < before)) {
      await this.member.pause();
      await this.member.renew();
      if (!(await this.#lease())) return;
      const entry = { type: event.type, ce: JSON.stringify(event), position };
      await this.member.settle(this.redis.multi().set(this.#positionKey, position), `of position ${position}`, entry);
      this.#position = position;
    }
    if (items.at(-1)?.position >= before) await this.#advance(before - 1);
    else if (!items.length && before === Infinity) this.#complete = fingerprint;
    else if (!items.length) await this.member.pause(FEED_WAIT_MS); // the relay appends to the stream before it commits
  }

  // Replaces all data with a snapshot. No other member may run meanwhile: it would still handle its pending entries.
  async #startOver() {
    const pages = [];
    for await (const page of this.feed.snapshot()) pages.push(page);
    await this.begin(pages);
    const { stream, group } = this.member;
    const [{ position }] = pages;
    const last = await this.#lastUpTo(position);
    await execute(this.redis.multi().xgroup("DESTROY", stream, group).xgroup("CREATE", stream, group, last));
    await this.#advance(position);
    throw new GroupRecreated();
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

  // Acquires or extends the lease.
  async #lease() {
    const [key, { name }] = [this.#leaseKey, this.member];
    if (await this.redis.set(key, name, "PX", LEASE_MS, "NX")) return true;
    return (await this.redis.get(key)) === name && this.redis.set(key, name, "PX", LEASE_MS, "XX");
  }

  async #advance(position) {
    if (!(position > this.#position)) return;
    this.#position = position;
    await this.redis.set(this.#positionKey, position);
  }
}

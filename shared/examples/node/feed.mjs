// Identity's feed and snapshot over HTTP, for a service with the right `events:read`.

const LIMIT = 200;
const TIMEOUT_MS = 10_000;
const HERE = ["127.0.0.1", "[::1]", "localhost"];

// A retry may help.
export class FeedUnavailable extends Error {}

export class Feed {
  #authorization;

  constructor(url, secret) {
    const { protocol, hostname } = new URL(url);
    if (protocol !== "https:" && !HERE.includes(hostname)) throw new Error("IDENTITY_URL: https beyond this machine");
    this.url = url;
    this.#authorization = `Bearer ${secret}`;
  }

  // Returns the next events after a position as {position, event}, or [] at the end of the feed. Returns undefined if the
  // feed no longer has them: continue with a snapshot.
  async read(after) {
    return (await this.#get("events", { after, limit: LIMIT }))?.items;
  }

  // Yields pages {position, accounts, bindings}; continue after `position`, which is the same in all pages.
  async *snapshot() {
    for (let query = { limit: LIMIT }, page; !page || page.next; query = { limit: LIMIT, after: page.next }) {
      yield (page = await this.#get("snapshot", query));
    }
  }

  async #get(name, query) {
    const answer = await this.#ask(`${this.url}/api/v1/${name}?${new URLSearchParams(query)}`);
    if (answer.ok) return answer.json();
    await answer.body?.cancel();
    if (answer.status === 410) return undefined; // cursor_expired
    const passes = answer.status >= 500 || answer.status === 429;
    throw new (passes ? FeedUnavailable : Error)(`the feed answers ${answer.status}`);
  }

  async #ask(address) {
    try {
      return await fetch(address, {
        headers: { accept: "application/json", authorization: this.#authorization },
        redirect: "error", // do not send the secret to another host
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new FeedUnavailable(error.cause?.code ?? error.message);
    }
  }
}

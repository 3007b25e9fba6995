// Three kinds of client; the variable CLIENT_KIND selects one. `prepare` returns what differs between them.
import { readFile } from "node:fs/promises";
import * as oidc from "openid-client";

const { IDENTITY_URL, CLIENT_ID, CLIENT_SECRET, CLIENT_KEY_FILE } = process.env;
// `make run` has no TLS, which openid-client must be told to accept.
const options = { execute: IDENTITY_URL.startsWith("https:") ? [] : [oidc.allowInsecureRequests] };
const discover = (authentication, metadata = {}) =>
  oidc.discovery(new URL(IDENTITY_URL), CLIENT_ID, metadata, authentication, options);

export const prepare = {
  // A web service with a secret.
  secret: async () => ({ identity: await discover(oidc.ClientSecretBasic(CLIENT_SECRET)) }),
  // A public client, such as an app on a phone. Its tokens are bound to a key that it generates (identity clients oidc --auth none --dpop).
  public: async () => {
    const identity = await discover(oidc.None());
    return { identity, DPoP: oidc.getDPoPHandle(identity, await oidc.randomDPoPKeyPair("ES256")) };
  },
  // A service with a key instead of a secret, and with pushed requests (identity clients oidc --profile fapi2).
  fapi2: async () => {
    const jwk = JSON.parse(await readFile(CLIENT_KEY_FILE, "utf8"));
    const curve = { name: "ECDSA", namedCurve: "P-256" };
    const key = { key: await crypto.subtle.importKey("jwk", jwk, curve, false, ["sign"]), kid: jwk.kid };
    const identity = await discover(oidc.PrivateKeyJwt(key), { id_token_signed_response_alg: "ES256" });
    const DPoP = oidc.getDPoPHandle(identity, await oidc.randomDPoPKeyPair("ES256"));
    return { identity, DPoP, buildUrl: oidc.buildAuthorizationUrlWithPAR };
  },
};

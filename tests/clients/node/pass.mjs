// A service that logs people in with openid-client.
import { createServer } from "node:http";
import * as oidc from "openid-client";
import { prepare } from "./client_kinds.mjs";

const { PASS_URL, CLIENT_KIND } = process.env;
const { identity, DPoP, buildUrl = oidc.buildAuthorizationUrl } = await prepare[CLIENT_KIND]();
const redirect_uri = `${PASS_URL}/callback`;

// <example login>
async function login() {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier(), expectedState = oidc.randomState();
  const code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier);
  const request = { redirect_uri, scope: "openid profile company", state: expectedState, code_challenge, code_challenge_method: "S256" };
  return { to: await buildUrl(identity, request, { DPoP }), checks: { pkceCodeVerifier, expectedState } }; // keep `checks` in the session
}

async function callback(url, checks) {
  const tokens = await oidc.authorizationCodeGrant(identity, url, checks, undefined, { DPoP });
  return { tokens, user: await oidc.fetchUserInfo(identity, tokens.access_token, tokens.claims().sub, { DPoP }) };
}
// </example>

async function refresh(tokens) {
  return oidc.refreshTokenGrant(identity, tokens.refresh_token, undefined, { DPoP });
}

async function answer(request, response) {
  const url = new URL(request.url, PASS_URL);
  if (url.pathname === "/") {
    const { to, checks } = await login();
    const cookie = Buffer.from(JSON.stringify(checks)).toString("base64url");
    return response.writeHead(302, { Location: to.href, "Set-Cookie": `pass=${cookie}; HttpOnly; SameSite=Lax` }).end();
  }
  const cookie = /pass=([^;]+)/.exec(request.headers.cookie)[1];
  const { tokens, user } = await callback(url, JSON.parse(Buffer.from(cookie, "base64url")));
  const refreshed = tokens.refresh_token && (await refresh(tokens));
  const shown = { ...user, token_type: tokens.token_type, refreshed: refreshed?.access_token !== tokens.access_token };
  return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(shown));
}

createServer((request, response) =>
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  }),
).listen(Number(new URL(PASS_URL).port), "localhost", () => console.log("listening"));

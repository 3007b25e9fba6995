// Log in with a wrong and with the right password, read the session and, without a login, the consent texts; print the results.
import createClient from "openapi-fetch";
import type { operations, paths } from "./api.js";

declare const process: { argv: string[] };

const [baseUrl = "", username = "", password = ""] = process.argv.slice(2);
const anonymous = createClient<paths>({ baseUrl });

// @ts-expect-error: the body has no such field, so a client that was generated without types would not compile
const wrong: operations["sessions_log_in"]["requestBody"]["content"]["application/json"] = { user: username };

const refused = await anonymous.POST("/api/v1/sessions", { body: { username, password: wrong ? "wrong" : "" } });
const { data, error } = await anonymous.POST("/api/v1/sessions", { body: { username, password } });
if (error) throw new Error(error.code);

const person = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${data.token}` } });
const session = await person.GET("/api/v1/session");
const texts = await anonymous.GET("/api/v1/consents");

console.log(
  JSON.stringify({
    refused: refused.error?.code,
    username: session.data?.account.username,
    texts: texts.data?.items.length,
  }),
);

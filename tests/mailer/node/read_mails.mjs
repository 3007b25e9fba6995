// Reads mails with mailparser and checks their markup with caniemail's data.
// Standard input: a JSON array of messages in base64. Standard output: a JSON array of what was found, in the same order.
import { caniemail } from "caniemail";
import { simpleParser } from "mailparser";

const CLIENTS = ["apple-mail.*", "gmail.*", "outlook.*", "samsung-email.*", "yahoo.*"];

async function read(message) {
  const mail = await simpleParser(Buffer.from(message, "base64"), { skipTextToHtml: true });
  return {
    from: mail.from.value,
    to: mail.to.value,
    subject: mail.subject,
    messageId: mail.messageId,
    date: mail.date.toISOString(),
    autoSubmitted: mail.headers.get("auto-submitted"),
    text: mail.text,
    html: mail.html,
    markup: check(mail.html),
  };
}

function check(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  const lines = html.split("\n");
  return [issues.errors, issues.warnings].flatMap((found) =>
    [...found].flatMap(([client, list]) => list.map((issue) => describe(client, issue, lines))),
  );
}

function describe(client, { title, support, notes, position }, lines) {
  const element = position && /^<([a-z0-9]+)/.exec(lines[position.start.line - 1].slice(position.start.column - 1));
  return { client, title, support, notes, element: element?.[1] ?? null };
}

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const messages = JSON.parse(Buffer.concat(chunks));
process.stdout.write(JSON.stringify(await Promise.all(messages.map(read))));

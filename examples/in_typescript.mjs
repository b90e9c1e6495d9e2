/*
 * Callpost and the official TypeScript client.
 *
 * Needs Callpost, and `npm install @modelcontextprotocol/client`. Without arguments it runs on the
 * sandbox: nothing real is called. With arguments they are the command that starts the server.
 */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [command, ...args] =
  process.argv.length > 2 ? process.argv.slice(2) : ["callpost", "serve", "--sandbox"];
const CALL = {
  agent_id: "17603149-6bfb-5f9e-8f3c-69b4268ee61e", // the sandbox's; list_agents shows yours
  to_number: "+14155550111",
  provider: "mcube",
  variables: { callee_name: "Asha" },
};

// «auto» speaks 2026-07-28 where the server does, as this one; the default is the handshake.
const client = new Client(
  { name: "example", version: "1.0.0" },
  { versionNegotiation: { mode: "auto" } },
);
await client.connect(new StdioClientTransport({ command, args, env: process.env }));

async function call(name, args) {
  // The client checks every answer, errors too, against the tool's output schema.
  const result = await client.callTool({ name, arguments: args });
  return result.content[0].text;
}

const { tools } = await client.listTools(); // an agent gives them to its model
console.log("tools:", tools.length);
console.log("first:", await call("start_call", CALL));
console.log("again:", await call("start_call", CALL)); // a retry dials nobody twice
console.log("error:", await call("start_call", { agent_id: CALL.agent_id }));
await client.close();

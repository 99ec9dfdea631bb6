// Runs the sync engines' own code: a command per line on stdin, an answer per line on stdout, both JSON.
//
//   {"command": "migrate", "generation", "database", "openapi", "sigma"}   creates the engine's tables
//   {"command": "feed", "generation", "database", "account", "events"}     hands over webhooks, in order
//   {"command": "backfill", "generation", "database", "account", "objects"}
//
// Answers {"answer": ...} or {"error": ...}; feeding answers what each webhook was refused with, or null.
"use strict";

require("./offline");

const readline = require("node:readline");

const GENERATIONS = { classic: require("./classic"), v1: require("./v1") };

// The engines log to the console; stdout is for answers.
console.log = console.info = console.error;

async function each(generation, command, act) {
  const engine = await generation.open(command);
  try {
    return await act(engine);
  } finally {
    await engine.close();
  }
}

const COMMANDS = {
  migrate: (generation, command) => generation.migrate(command),
  feed: (generation, command) =>
    each(generation, command, async (engine) => {
      const refusals = [];
      for (const event of command.events) {
        refusals.push(await engine.receive(event).then(() => null, (error) => error.message));
      }
      return refusals;
    }),
  backfill: (generation, command) =>
    each(generation, command, async (engine) => {
      for (const object of command.objects) await engine.store(object);
    }),
};

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    let reply;
    try {
      const answer = await COMMANDS[command.command](GENERATIONS[command.generation], command);
      reply = { answer: answer ?? null };
    } catch (error) {
      reply = { error: String(error.stack ?? error) + (error.cause ? `\n${error.cause}` : "") };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

main();

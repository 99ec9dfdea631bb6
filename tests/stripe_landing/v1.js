// @stripe/sync-engine: the payload, and columns generated from it.
"use strict";

const Stripe = require("stripe");
const { StripeSync, embeddedMigrations, runMigrationsFromContent } = require("@stripe/sync-engine");

const { SCHEMA, SECRET, signed } = require("./webhooks");

// The embedded PostgreSQL has no btree_gist. What needs it is a constraint on the engine's own record
// of backfills, which nothing here reads.
const NEEDS_BTREE_GIST = [
  /CREATE EXTENSION IF NOT EXISTS btree_gist;/,
  /ALTER TABLE [^;]+ ADD CONSTRAINT one_active_run_per_account_triggered_by\s+EXCLUDE [^;]+;/,
];
const SILENT = { info() {}, warn() {}, error() {} };

function bootstrap() {
  return embeddedMigrations.map(({ name, sql }) => {
    let rest = sql;
    for (const statement of NEEDS_BTREE_GIST) {
      if (!statement.test(rest)) throw new Error(`${name} has no ${statement}`);
      rest = rest.replace(statement, "");
    }
    return { name, sql: rest };
  });
}

async function migrate({ database, openapi, sigma }) {
  await runMigrationsFromContent(
    {
      databaseUrl: database,
      schemaName: SCHEMA,
      openApiSpecPath: openapi,
      enableSigma: Boolean(sigma),
      logger: SILENT,
    },
    bootstrap(),
  );
}

async function open({ database, account }) {
  const sync = await StripeSync.create({
    databaseUrl: database,
    schemaName: SCHEMA,
    // It knows an account by the key that it was opened with.
    stripeSecretKey: `sk_test_${account}`,
    stripeAccountId: account,
    stripeWebhookSecret: SECRET,
    backfillRelatedEntities: false,
    autoExpandLists: false,
    logger: SILENT,
  });
  return {
    receive: (event) => sync.webhook.processWebhook(...signed(Stripe, event)),
    store: (object) => sync.upsertAny([object], account, false),
    close: () => sync.close(),
  };
}

module.exports = { migrate, open };
